//! Gopher's repetition rules.
//!
//! An n-gram can only occur twice where the shorter one that begins it does. So the n-grams are counted from the
//! shortest to the longest, and each count looks at no more places than were repeated in the one before: in prose a
//! few in a hundred after the second.

use super::EMPTY;
use super::grams::{self, Groups, Twice};
use super::words::{self, Kind, WHOLE};
use std::borrow::Cow;

/// Bounds of the rules; a bound that is `None`, or a list that is empty, is not applied.
#[derive(Clone, Debug, PartialEq)]
pub struct GopherRepetition {
    /// Greatest share of lines that occurred before.
    pub dup_line_frac: Option<f64>,
    /// Greatest share of paragraphs that occurred before.
    pub dup_para_frac: Option<f64>,
    /// Greatest share of characters in lines that occurred before.
    pub dup_line_char_frac: Option<f64>,
    /// Greatest share of characters in paragraphs that occurred before.
    pub dup_para_char_frac: Option<f64>,
    /// For n-grams of so many words, the greatest share of characters in the most frequent one.
    pub top_n_grams: Vec<(usize, f64)>,
    /// For n-grams of so many words, the greatest share of characters in those that occurred before.
    pub dup_n_grams: Vec<(usize, f64)>,
}

impl Default for GopherRepetition {
    fn default() -> Self {
        Self {
            dup_line_frac: Some(0.3),
            dup_para_frac: Some(0.3),
            dup_line_char_frac: Some(0.2),
            dup_para_char_frac: Some(0.2),
            top_n_grams: vec![(2, 0.2), (3, 0.18), (4, 0.16)],
            dup_n_grams: vec![(5, 0.15), (6, 0.14), (7, 0.13), (8, 0.12), (9, 0.11), (10, 0.10)],
        }
    }
}

impl GopherRepetition {
    /// Why the text is refused, or `None` where it passes. Bounds are inclusive.
    ///
    /// An n-gram that occurs once is no repetition, however short the text. For Han an n-gram of `n` words is `2n`
    /// characters and marks, as jieba cuts 1.9 of them a word on statutes, marks included: there 10 and 20 characters
    /// give the share of duplicates that 5 and 10 words of jieba give.
    ///
    /// # Source
    /// Rae et al. 2021, "Scaling Language Models" (Gopher), appendix A.1.1 and table A1; order and counting as in
    /// datatrove 0.10.
    pub fn judge(&self, text: &str) -> Option<Cow<'static, str>> {
        let text: Cow<'_, str> = if text.contains('\r') { text.replace("\r\n", "\n").into() } else { text.into() };
        if text.trim().is_empty() {
            return Some(EMPTY.into());
        }
        let chars = text.chars().count();
        let exceeds =
            |part: usize, all: usize, most: Option<f64>| most.is_some_and(|most| part as f64 > most * all as f64);
        let paragraphs = Repeated::of(blocks(text.trim(), 2));
        let lines = Repeated::of(blocks(&text, 1));
        let code = if exceeds(paragraphs.count, paragraphs.all, self.dup_para_frac) {
            "duplicate_paragraphs"
        } else if exceeds(paragraphs.chars, chars, self.dup_para_char_frac) {
            "duplicate_paragraph_characters"
        } else if exceeds(lines.count, lines.all, self.dup_line_frac) {
            "duplicate_lines"
        } else if exceeds(lines.chars, chars, self.dup_line_char_frac) {
            "duplicate_line_characters"
        } else {
            return self.judge_n_grams(&text, chars);
        };
        Some(code.into())
    }

    fn judge_n_grams(&self, text: &str, chars: usize) -> Option<Cow<'static, str>> {
        // In ascending order of n, with each rule's place in the order in which rules are reported.
        let tops = self.top_n_grams.iter().map(|&(n, most)| (n, false, most));
        let duplicates = self.dup_n_grams.iter().map(|&(n, most)| (n, true, most));
        let mut rules: Vec<_> = tops.chain(duplicates).enumerate().collect();
        rules.sort_by_key(|&(place, (n, ..))| (n, place));
        let tokens = Tokens::of(text);
        let mut places = Vec::new();
        let mut reached = 0;
        let mut refused: Option<(usize, Cow<'static, str>)> = None;
        for (place, (n, duplicate, most)) in rules {
            if n > reached {
                places = if reached == 0 { tokens.repeated(tokens.all(), n) } else { tokens.repeated(places, n) };
                reached = n;
            }
            let part = if duplicate { tokens.duplicate_chars(&places) } else { tokens.top_chars(&places) };
            if part as f64 > most * chars as f64 && refused.as_ref().is_none_or(|(earlier, _)| place < *earlier) {
                let kind = if duplicate { "duplicate" } else { "top" };
                refused = Some((place, format!("{kind}_{n}_gram").into()));
            }
        }
        refused.map(|(_, code)| code)
    }
}

/// The blocks of a text between runs of at least so many line ends.
fn blocks(text: &str, least: usize) -> impl Iterator<Item = &str> {
    let mut rest = Some(text);
    std::iter::from_fn(move || {
        let text = rest?;
        let mut from = 0;
        while let Some(found) = memchr::memchr(b'\n', &text.as_bytes()[from..]) {
            let start = from + found;
            let run = text.as_bytes()[start..].iter().take_while(|&&byte| byte == b'\n').count();
            if run >= least {
                rest = text.get(start + run..);
                return text.get(..start);
            }
            from = start + run;
        }
        rest = None;
        Some(text)
    })
}

/// What of a list of blocks occurred before.
#[derive(Default)]
pub(super) struct Repeated {
    pub(super) all: usize,
    pub(super) count: usize,
    pub(super) chars: usize,
}

impl Repeated {
    pub(super) fn of<'a>(blocks: impl Iterator<Item = &'a str>) -> Self {
        let (mut found, mut groups) = (Self::default(), Groups::with_capacity(64));
        for block in blocks {
            found.all += 1;
            let group = groups.add(grams::hash(block));
            if groups.count(group) > 1 {
                found.count += 1;
                found.chars += block.chars().count();
            }
        }
        found
    }
}

#[derive(Clone, Copy)]
struct Token {
    hash: u64,
    chars: u32,
    /// Eighths of a word.
    parts: u32,
    /// Whether a space stands between it and another of its kind.
    spaced: bool,
}

/// An n-gram and where it stands.
#[derive(Clone, Copy)]
struct Place {
    start: u32,
    /// The token after its last.
    end: u32,
    /// Eighths of words in it.
    parts: u32,
    hash: u64,
    group: u32,
}

struct Tokens(Vec<Token>);

impl Tokens {
    fn of(text: &str) -> Self {
        let mut tokens = Vec::with_capacity(text.len() / 4);
        words::for_each(text, |word| {
            let hash = match (word.kind, word.text.chars().next()) {
                (Kind::Character, Some(character)) => grams::append(0, u64::from(character)),
                _ => grams::hash(word.text),
            };
            let spaced = !matches!(word.kind, Kind::Character | Kind::Quiet);
            // Two characters of Chinese, or marks between them, are a word.
            let parts = match word.kind {
                Kind::Quiet => WHOLE / 2,
                Kind::Character => word.parts.min(WHOLE / 2),
                _ => word.parts,
            };
            tokens.push(Token { hash, chars: word.chars, parts, spaced });
        });
        Self(tokens)
    }

    /// A place of no length before each token.
    fn all(&self) -> Vec<Place> {
        let place = |start| Place { start, end: start, parts: 0, hash: 0, group: 0 };
        (0..u32::try_from(self.0.len()).unwrap_or(u32::MAX)).map(place).collect()
    }

    /// The places prolonged to n-grams of `n` words, of which those that occur more than once are left.
    fn repeated(&self, mut places: Vec<Place>, n: usize) -> Vec<Place> {
        let wanted = u32::try_from(n).unwrap_or(u32::MAX).saturating_mul(WHOLE);
        let mut twice = Twice::with_capacity(places.len());
        places.retain_mut(|place| {
            while place.parts < wanted {
                let Some(token) = self.0.get(place.end as usize) else { return false };
                place.hash = grams::append(place.hash, token.hash);
                place.parts += token.parts;
                place.end += 1;
            }
            twice.add(place.hash);
            true
        });
        places.retain(|place| twice.may_have(place.hash));
        let mut groups = Groups::with_capacity(places.len());
        for place in &mut places {
            place.group = groups.add(place.hash);
        }
        places.retain(|place| groups.count(place.group) > 1);
        places
    }

    fn tokens(&self, place: &Place) -> &[Token] {
        &self.0[place.start as usize..place.end as usize]
    }

    /// Characters in all occurrences of the most frequent n-gram, the first of these, with a space between words.
    fn top_chars(&self, places: &[Place]) -> usize {
        let groups = places.iter().map(|place| place.group as usize + 1).max().unwrap_or(0);
        let mut counts = vec![0usize; groups];
        for place in places {
            counts[place.group as usize] += 1;
        }
        let Some(most) = counts.iter().copied().max() else { return 0 };
        let first = places.iter().find(|place| counts[place.group as usize] == most);
        first.map_or(0, |place| {
            let tokens = self.tokens(place);
            let spaces = tokens.windows(2).filter(|pair| pair[0].spaced && pair[1].spaced).count();
            most * (tokens.iter().map(|token| token.chars as usize).sum::<usize>() + spaces)
        })
    }

    /// Characters in n-grams that occurred before, of those that do not overlap with one counted before them.
    fn duplicate_chars(&self, places: &[Place]) -> usize {
        let mut seen = Groups::with_capacity(places.len());
        let (mut chars, mut free) = (0, 0);
        for place in places {
            if place.start < free {
                continue;
            }
            let group = seen.add(place.hash);
            if seen.count(group) > 1 {
                chars += self.tokens(place).iter().map(|token| token.chars as usize).sum::<usize>();
                free = place.end;
            }
        }
        chars
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn judge(text: &str) -> Option<String> {
        GopherRepetition::default().judge(text).map(Cow::into_owned)
    }

    // Verdicts: the cases of datatrove 0.10, tests/pipeline/filters/test_filters.py, put in our words.
    #[test]
    fn each_rule_refuses_by_its_code() {
        let (line, end) = ("I was your friend.", "x".repeat(40));
        let three = |gap: &str| format!("I was here.{gap}You were a sailor.{gap}{line}{gap}{end}.{gap}{end}.{gap}");
        let six = "I was a lone sailor once ".repeat(4)
            + "and we went out into the bay to see what the others had brought back from the deep, for it was said that \
               they had come upon an island where nobody had ever set foot and where fresh water ran down from every hill.";
        for (text, code) in [
            (&format!("{line}\n").repeat(4), "duplicate_lines"),
            (&format!("{line}\n\n").repeat(4), "duplicate_paragraphs"),
            (&format!("{line}\r\n\r\n").repeat(4), "duplicate_paragraphs"),
            (&three("\n\n"), "duplicate_paragraph_characters"),
            (&three("\n"), "duplicate_line_characters"),
            (&"I am Anna, I am Anna, I am Anna".to_owned(), "top_2_gram"),
            (&"I am Klaus, you are Otto. I am Klaus. I am Klaus you are Otto".to_owned(), "top_3_gram"),
            (&six, "duplicate_6_gram"),
            (&" \n".to_owned(), EMPTY),
        ] {
            assert_eq!(judge(text).as_deref(), Some(code), "{text}");
        }
    }

    #[test]
    fn han_n_grams_are_as_long_as_words() {
        let prose = "甲方应当在收到货物之日起三十日内支付价款，逾期不付的，每日按未付部分的万分之五支付违约金。";
        assert_eq!(judge(prose), None);
        assert_eq!(judge(&"苹果手机".repeat(20)).as_deref(), Some("top_2_gram"));
        let notice = "本网站所载全部文章未经书面授权一律不得转载";
        // Two 10-grams of characters in a sentence of 21 that is said twice in 108: 0.19 is more than 0.15.
        let mixed = format!("{notice}，{prose}{notice}；乙方收到后另行确认，费用由其自行承担。");
        assert_eq!(judge(&mixed).as_deref(), Some("duplicate_5_gram"));
        let lines = format!("{prose}\n{notice}。\n{prose}\n");
        assert_eq!(judge(&lines).as_deref(), Some("duplicate_line_characters"));
    }

    #[test]
    fn what_occurs_once_is_no_repetition() {
        assert_eq!(judge("Hello, world"), None);
        assert_eq!(judge("你好"), None);
    }

    #[test]
    fn each_rule_can_be_switched_off() {
        let off = GopherRepetition {
            dup_line_frac: None,
            dup_para_frac: None,
            dup_line_char_frac: None,
            dup_para_char_frac: None,
            top_n_grams: Vec::new(),
            dup_n_grams: Vec::new(),
        };
        assert_eq!(off.judge(&"same\n\n".repeat(9)), None);
    }

    /// What the definition says, counted without any haste.
    fn plainly(text: &str, n: usize) -> (usize, usize) {
        let tokens = Tokens::of(text).0;
        let span = |start: usize| {
            let (mut parts, mut end) = (0, start);
            while parts < n * 8 && end < tokens.len() {
                parts += tokens[end].parts as usize;
                end += 1;
            }
            (parts >= n * 8).then_some((end, tokens[start..end].iter().map(|token| token.hash).collect::<Vec<_>>()))
        };
        let grams: Vec<_> = (0..tokens.len()).map_while(span).collect();
        let count = |gram: &Vec<u64>| grams.iter().filter(|(_, other)| other == gram).count();
        let most = grams.iter().map(|(_, gram)| count(gram)).max().unwrap_or(0);
        let first = grams.iter().enumerate().find(|(_, (_, gram))| count(gram) == most && most > 1);
        let top = first.map_or(0, |(start, (end, _))| {
            let gram = &tokens[start..*end];
            let spaces = gram.windows(2).filter(|pair| pair[0].spaced && pair[1].spaced).count();
            most * (gram.iter().map(|token| token.chars as usize).sum::<usize>() + spaces)
        });
        let (mut seen, mut start, mut duplicate) = (std::collections::HashSet::new(), 0, 0);
        while let Some((end, gram)) = grams.get(start) {
            if seen.insert(gram) {
                start += 1;
            } else {
                duplicate += tokens[start..*end].iter().map(|token| token.chars as usize).sum::<usize>();
                start = *end;
            }
        }
        (top, duplicate)
    }

    proptest! {
        #[test]
        fn the_quick_count_is_the_plain_one(text in r"([abc] |[甲乙]|，){0,60}") {
            let tokens = Tokens::of(&text);
            let mut places = tokens.all();
            for n in 1..6 {
                places = tokens.repeated(places, n);
                prop_assert_eq!((tokens.top_chars(&places), tokens.duplicate_chars(&places)), plainly(&text, n));
            }
        }

        #[test]
        fn no_text_panics(text in any::<String>()) {
            prop_assert_eq!(judge(&text).as_deref() == Some(EMPTY), text.trim().is_empty());
        }
    }
}
