//! Gopher's quality rules.

use super::words::{self, Kind, WHOLE};
use super::{EMPTY, lines};

/// Function words that prose can hardly do without: the eight of the Gopher paper, and characters of Chinese, in both
/// forms, that are rarely part of a name.
pub const STOP_WORDS: &[&str] = &[
    "the", "be", "to", "of", "and", "that", "have", "with", //
    "的", "是", "在", "和", "了", "与", "與", "及", "或", "也", "而", "之", "其", "这", "這", "那", "我", "他", "就",
    "不", "有", "为", "為", "以", "应", "應", "被", "把", "着", "著", "于", "於", "所", "者", "对", "對",
];

/// Bounds of the rules; a bound that is `None` is not applied.
#[derive(Clone, Debug, PartialEq)]
pub struct GopherQuality {
    /// Fewest words.
    pub min_doc_words: Option<usize>,
    /// Most words.
    pub max_doc_words: Option<usize>,
    /// Least mean length of a word in letters.
    pub min_avg_word_length: Option<f64>,
    /// Greatest mean length of a word in letters.
    pub max_avg_word_length: Option<f64>,
    /// Most hash signs, and most ellipses, per word.
    pub max_symbol_word_ratio: Option<f64>,
    /// Greatest share of lines that are items of a list.
    pub max_bullet_lines_ratio: Option<f64>,
    /// Greatest share of lines that break off.
    pub max_ellipsis_lines_ratio: Option<f64>,
    /// Least share of words with a letter.
    pub max_non_alpha_words_ratio: Option<f64>,
    /// Fewest different stop words.
    pub min_stop_words: Option<usize>,
    /// The stop words; [`STOP_WORDS`] where none are given.
    pub stop_words: Option<Vec<String>>,
}

impl Default for GopherQuality {
    fn default() -> Self {
        Self {
            min_doc_words: Some(50),
            max_doc_words: Some(100_000),
            min_avg_word_length: Some(3.0),
            max_avg_word_length: Some(10.0),
            max_symbol_word_ratio: Some(0.1),
            max_bullet_lines_ratio: Some(0.9),
            max_ellipsis_lines_ratio: Some(0.3),
            max_non_alpha_words_ratio: Some(0.8),
            min_stop_words: Some(2),
            stop_words: None,
        }
    }
}

/// What the rules look at; words in eighths.
#[derive(Default)]
struct Tally {
    all: u64,
    words: u64,
    lettered: u64,
    letters: u64,
    stop_words: usize,
}

/// [`GopherQuality`] with its stop words laid out for look-up.
#[derive(Debug)]
pub struct Judge {
    rules: GopherQuality,
    stop_words: Vec<String>,
    /// Stop words of one character of a script without spaces, sorted.
    characters: Vec<char>,
}

impl Judge {
    /// Prepares the rules.
    pub fn new(rules: GopherQuality) -> Self {
        let mut given =
            rules.stop_words.clone().unwrap_or_else(|| STOP_WORDS.iter().map(|&word| word.to_owned()).collect());
        given.sort_unstable();
        given.dedup();
        let single = |word: &String| {
            let mut characters = word.chars();
            characters.next().filter(|&character| characters.next().is_none() && words::is_cjk(character))
        };
        let characters = given.iter().filter_map(single).collect();
        given.retain(|word| single(word).is_none());
        Self { rules, stop_words: given, characters }
    }

    /// Why the text is refused, or `None` where it passes. Bounds are inclusive.
    ///
    /// # Source
    /// Rae et al. 2021, "Scaling Language Models" (Gopher), appendix A.1.1; order and counting as in datatrove 0.10.
    pub fn judge(&self, text: &str) -> Option<&'static str> {
        let rules = &self.rules;
        let tally = self.tally(text);
        if tally.all == 0 {
            return Some(EMPTY);
        }
        let count = |words: usize| (words as u64).saturating_mul(u64::from(WHOLE));
        if rules.min_doc_words.is_some_and(|least| tally.words < count(least)) {
            return Some("too_few_words");
        }
        if rules.max_doc_words.is_some_and(|most| tally.words > count(most)) {
            return Some("too_many_words");
        }
        let whole = f64::from(WHOLE);
        let mean = tally.letters as f64 * whole / tally.words as f64;
        // Without a word there is no mean, and no comparison holds.
        if rules.min_avg_word_length.is_some_and(|least| mean < least)
            || rules.max_avg_word_length.is_some_and(|most| mean > most)
        {
            return Some("mean_word_length");
        }
        let per_word = |symbols: usize| symbols as f64 * whole / tally.all as f64;
        let most = rules.max_symbol_word_ratio;
        if most.is_some_and(|most| per_word(text.matches(['#', '＃']).count()) > most) {
            return Some("too_many_hashes");
        }
        if most.is_some_and(|most| per_word(ellipses(text)) > most) {
            return Some("too_many_ellipses");
        }
        self.judge_lines(text).or_else(|| {
            if rules.max_non_alpha_words_ratio.is_some_and(|least| (tally.lettered as f64) < least * tally.all as f64) {
                return Some("non_alphabetic_words");
            }
            rules.min_stop_words.filter(|&least| tally.stop_words < least).map(|_| "too_few_stop_words")
        })
    }

    fn judge_lines(&self, text: &str) -> Option<&'static str> {
        let (mut all, mut bullets, mut cut) = (0u32, 0u32, 0u32);
        for line in lines::lines(text) {
            all += 1;
            bullets += u32::from(lines::is_bullet(line));
            cut += u32::from(lines::breaks_off(line));
        }
        let exceeds = |part: u32, most: Option<f64>| most.is_some_and(|most| f64::from(part) > most * f64::from(all));
        if exceeds(bullets, self.rules.max_bullet_lines_ratio) {
            return Some("bullet_lines");
        }
        exceeds(cut, self.rules.max_ellipsis_lines_ratio).then_some("ellipsis_lines")
    }

    fn tally(&self, text: &str) -> Tally {
        let mut tally = Tally::default();
        let least = self.rules.min_stop_words.unwrap_or(0);
        let mut seen: Vec<&str> = Vec::new();
        words::for_each(text, |word| {
            tally.all += u64::from(word.parts);
            if word.kind == Kind::Quiet || (word.kind == Kind::Mark && word.text.chars().all(is_punctuation)) {
                return;
            }
            tally.words += u64::from(word.parts);
            tally.letters += u64::from(if word.kind == Kind::Mark { word.chars } else { word.letters });
            if !matches!(word.kind, Kind::Digits | Kind::Mark) {
                tally.lettered += u64::from(word.parts);
                if seen.len() < least && self.is_stop_word(word.text, word.kind) && !seen.contains(&word.text) {
                    seen.push(word.text);
                }
            }
        });
        tally.stop_words = seen.len();
        tally
    }

    fn is_stop_word(&self, word: &str, kind: Kind) -> bool {
        match (kind, word.chars().next()) {
            (Kind::Character, Some(character)) => self.characters.contains(&character),
            _ => self.stop_words.binary_search_by(|stop| stop.as_str().cmp(word)).is_ok(),
        }
    }
}

/// Whether a mark is no word even by itself. Others, such as `•`, `©` and `€`, count as words, as in datatrove.
fn is_punctuation(mark: char) -> bool {
    mark.is_ascii_punctuation()
        || mark.is_control()
        || lines::is_terminal(mark)
        || matches!(
            mark,
            '—' | '–'
                | '…'
                | '“'
                | '”'
                | '„'
                | '’'
                | '´'
                | '«'
                | '»'
                | '►'
                | '∶'
                | '《'
                | '》'
                | '〈'
                | '〉'
        )
        || matches!(mark, '、' | '━' | '【' | '「' | '」' | '，' | '；' | '：' | '（' | '）' | '％' | '～')
}

/// `...`, `…` and `。。。`; `……`, as Chinese writes it, is one.
fn ellipses(text: &str) -> usize {
    let (mut count, mut points, mut dots) = (0, ('\0', 0u32), 0u32);
    for character in text.chars() {
        if character == '…' {
            dots += 1;
            count += usize::from(dots % 2 == 1);
        } else {
            dots = 0;
        }
        if matches!(character, '.' | '。') {
            let run = if points.0 == character { points.1 + 1 } else { 1 };
            count += usize::from(run % 3 == 0);
            points = (character, run);
        } else {
            points = ('\0', 0);
        }
    }
    count
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn judge(rules: GopherQuality, text: &str) -> Option<&'static str> {
        Judge::new(rules).judge(text)
    }

    const ENGLISH: &str = "I wish it need not have happened in my time, said the man to his friend. So do I, and so do \
        all who live to see such times, but that is not for them to decide. All we have to decide is what to do.";
    const CHINESE: &str = "当事人应当按照约定全面履行自己的义务，遵循诚信原则，根据合同的性质、目的和交易习惯履行通知、\
        协助、保密等义务。当事人在履行合同过程中，应当避免浪费资源、污染环境和破坏生态，并且把结果告诉对方。";

    // Verdicts: the cases of datatrove 0.10, tests/pipeline/filters/test_filters.py, put in our words.
    #[test]
    fn each_rule_refuses_by_its_code() {
        let rules = || GopherQuality { min_doc_words: Some(10), max_doc_words: Some(1000), ..GopherQuality::default() };
        let long = "the ./!*?<><> apple <?////> orange  ++ interconnection !<>??? have".repeat(20);
        let list = format!("{}\n", "• one of the things that I have\n".repeat(12));
        let cut = "it is one of the things that I have...\n".repeat(3);
        for (text, code) in [
            ("I am too small...", "too_few_words"),
            (&"word ".repeat(1001), "too_many_words"),
            (&"I am ".repeat(20), "mean_word_length"),
            (&"interconnection ".repeat(20), "mean_word_length"),
            (&"# comment ".repeat(20), "too_many_hashes"),
            (&"... comment ".repeat(20), "too_many_ellipses"),
            (&list, "bullet_lines"),
            (&cut, "ellipsis_lines"),
            (&long, "non_alphabetic_words"),
            (&"apple orange banana ".repeat(5), "too_few_stop_words"),
            (" \n\u{3000}", EMPTY),
        ] {
            assert_eq!(judge(rules(), text), Some(code), "{text}");
        }
        assert_eq!(judge(rules(), ENGLISH), None);
    }

    #[test]
    fn chinese_prose_passes_and_each_rule_still_bites() {
        assert_eq!(judge(GopherQuality::default(), CHINESE), None);
        let goods = "苹果手机批发华南数码城笔记本电脑配件鼠标键盘耳机音箱显示器摄像头路由器".repeat(4);
        let lines = |before: &str, after: &str| format!("{before}{CHINESE}{after}\n").repeat(4);
        for (text, code) in [
            ("合同自成立时生效。", "too_few_words"),
            (&goods, "too_few_stop_words"),
            (&lines("※ ", ""), "bullet_lines"),
            (&lines("①", ""), "bullet_lines"),
            (&lines("", "……"), "ellipsis_lines"),
            (&lines("", "。。。"), "ellipsis_lines"),
            (&"好的……".repeat(50), "too_many_ellipses"),
            (&"1234 5678 9012 的是在 ".repeat(50), "non_alphabetic_words"),
        ] {
            assert_eq!(judge(GopherQuality::default(), text), Some(code), "{text}");
        }
    }

    #[test]
    fn bounds_are_inclusive_and_can_be_switched_off() {
        let rules = |words| GopherQuality { min_doc_words: words, ..GopherQuality::default() };
        let text = "the fox and ".repeat(16) + "the fox";
        assert_eq!(judge(rules(Some(50)), &text), None);
        assert_eq!(judge(rules(Some(51)), &text), Some("too_few_words"));
        assert_eq!(judge(rules(None), "that is the fox"), None);
        assert_eq!(judge(GopherQuality { min_stop_words: None, ..rules(None) }, "苹果"), None);
    }

    #[test]
    fn own_stop_words_replace_the_default() {
        let rules = GopherQuality {
            min_doc_words: None,
            stop_words: Some(vec!["der".to_owned(), "und".to_owned()]),
            ..GopherQuality::default()
        };
        assert_eq!(judge(rules.clone(), "der Hund und der Fuchs"), None);
        assert_eq!(judge(rules, "the dog and the fox"), Some("too_few_stop_words"));
    }

    #[test]
    fn a_chinese_ellipsis_counts_once() {
        assert_eq!(ellipses("走了……然后......又。。。好…… ….…"), 7);
    }

    proptest! {
        #[test]
        fn no_text_panics(text in any::<String>()) {
            let blank = text.trim().is_empty();
            prop_assert_eq!(judge(GopherQuality::default(), &text) == Some(EMPTY), blank);
        }
    }
}
