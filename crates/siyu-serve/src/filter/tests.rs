//! The filter as a whole: what is shown does not depend on pieces, and shows no part of a match.

use std::fmt::Write;
use std::path::PathBuf;
use std::sync::{Arc, LazyLock};

use proptest::prelude::*;
use siyu_text::pii::{Detector, Kind};

use super::compiled::{Compiled, Side};
use super::{Action, Example, ListSettings, Outcome, PersonalAction, RiskSettings, Settings, Stream, Training};

const REFUSED: &str = "敏感词\n机密\n# none\n\nbad word\nkill\nAV女优\n台湾独立\n";
const MASKED: &str = "笨蛋\n大笨蛋鸟\nfool\n";

fn list(language: &str, action: Action) -> ListSettings {
    ListSettings {
        path: PathBuf::from("list"),
        language: language.into(),
        action,
        traditional: true,
        across_clauses: false,
    }
}

fn compiled(words: bool, personal: PersonalAction, kinds: &[Kind], risk: Option<RiskSettings>) -> Arc<Compiled> {
    let mut settings = Settings::default();
    settings.personal_data.answer = personal;
    settings.personal_data.prompt = personal;
    settings.personal_data.kinds = kinds.to_vec();
    settings.personal_data.with = "<{kind}>".into();
    let mut files = Vec::new();
    if words {
        settings.words = vec![list("zh", Action::Refuse), list("soft", Action::Mask)];
        files = [REFUSED, MASKED].map(|text| (PathBuf::from("list"), text.as_bytes().to_vec())).to_vec();
    }
    if risk.is_some() {
        let examples = ["我想死了", "活着没意思", "不想活了", "今天天气好", "请写一首诗", "什么是合同"];
        let examples = examples.iter().enumerate().map(|(at, text)| Example {
            text: (*text).to_owned(),
            label: if at < 3 { "self_harm".into() } else { "ok".into() },
        });
        let examples: Vec<Example> = examples.collect();
        let training = Training { hold_out: 0, ..Training::default() };
        files.push((PathBuf::from("risk"), training.fit(&examples).unwrap().0.to_bytes().unwrap()));
        settings.risk = risk;
    }
    Arc::new(Compiled::new(&settings, &files).unwrap())
}

static WORDS: LazyLock<Arc<Compiled>> = LazyLock::new(|| compiled(true, PersonalAction::Pass, &[], None));
static PERSONAL: LazyLock<Arc<Compiled>> = LazyLock::new(|| compiled(false, PersonalAction::Mask, Kind::DEFAULT, None));
static NAMES: LazyLock<Arc<Compiled>> = LazyLock::new(|| compiled(false, PersonalAction::Mask, Kind::ALL, None));
static ALL: LazyLock<Arc<Compiled>> = LazyLock::new(|| {
    let thresholds = [("self_harm".to_owned(), 0.7)].into();
    let risk = RiskSettings { model: PathBuf::from("risk"), thresholds, whole_sentences: true };
    compiled(true, PersonalAction::Mask, Kind::DEFAULT, Some(risk))
});

fn run<'a>(compiled: &Arc<Compiled>, pieces: impl IntoIterator<Item = &'a str>) -> Outcome {
    let mut stream = Stream::new(Arc::clone(compiled), Side::Answer);
    let mut shown = String::new();
    for piece in pieces {
        let outcome = stream.push(piece);
        shown.push_str(&outcome.text);
        if outcome.refused.is_some() {
            return Outcome { text: shown, ..outcome };
        }
    }
    let outcome = stream.finish();
    shown.push_str(&outcome.text);
    Outcome { text: shown, ..outcome }
}

fn whole(compiled: &Arc<Compiled>, text: &str) -> Outcome {
    run(compiled, [text])
}

fn is_refused(text: &str) -> bool {
    whole(&WORDS, text).refused.is_some()
}

#[test]
fn words_are_found_however_they_are_disguised() {
    for text in [
        "这是敏感词。",
        "敏 感 词",
        "敏*感*词",
        "敏\u{200b}感\u{200d}词",
        "敏🙂感🙂词",
        "敏。感。词",
        "敏，感\n词",
        "机-密",
        "機密",
        "臺灣獨立",
        "台灣独立",
        "ＫＩＬＬ",
        "K.I.L.L",
        "k i l l him",
        "ki\u{301}ll",
        "𝐤𝐢𝐥𝐥",
        "bad word",
        "BAD   WORD",
        "badword",
        "b-a-d-w-o-r-d",
        "ａｖ女优",
        "av 女 優",
    ] {
        assert!(is_refused(text), "{text}");
    }
}

#[test]
fn words_inside_others_and_over_clauses_stay() {
    for text in [
        "skill",
        "kills",
        "killer",
        "sk ill",
        "k ill",
        "他很敏，感觉不错",
        "太敏感，词不达意",
        "开飞机，密切关注",
        "机\n密",
        "bad sword",
        "敏感",
        "机————————————密",
    ] {
        assert!(!is_refused(text), "{text}");
    }
}

#[test]
fn an_answer_ends_before_the_word_and_names_its_line() {
    let outcome = whole(&WORDS, "前文。这里有敏 感 词和后文");
    assert_eq!(outcome, Outcome { text: "前文。这里有".into(), refused: Some("words/zh:1".into()) });
}

#[test]
fn masks_stand_for_words_that_overlap() {
    assert_eq!(whole(&WORDS, "你这个笨 蛋，大笨蛋鸟！a fool.").text, "你这个<word>，<word>！a <word>.");
}

#[test]
fn a_streamed_beginning_of_a_word_is_held_back() {
    let mut stream = Stream::new(Arc::clone(&WORDS), Side::Answer);
    let shown: Vec<String> = ["前文敏", "感", " ", "词"].map(|piece| stream.push(piece).text).into();
    assert_eq!(shown, ["前文", "", "", ""]);
    let mut stream = Stream::new(Arc::clone(&WORDS), Side::Answer);
    let shown: Vec<String> = ["前文敏", "感", "的人"].map(|piece| stream.push(piece).text).into();
    assert_eq!(shown, ["前文", "", "敏感的人"]);
}

#[test]
fn text_without_runs_is_shown_at_once() {
    let mut stream = Stream::new(Arc::clone(&PERSONAL), Side::Answer);
    for piece in ["合同", "自双方", "签字之日", "起生效。"] {
        assert_eq!(stream.push(piece).text, piece);
    }
}

#[test]
fn personal_data_is_masked_as_in_a_whole_text() {
    let cases = include_str!("../../../siyu-text/tests/fixtures/pii_cases.jsonl");
    let detector = Detector::new(Kind::DEFAULT);
    let mut different = Vec::new();
    for line in cases.lines() {
        let case: serde_json::Value = serde_json::from_str(line).unwrap();
        let text = case["text"].as_str().unwrap();
        let expected = masked(&detector, text);
        for size in [1, 3, 1000] {
            let letters: Vec<char> = text.chars().collect();
            let pieces: Vec<String> = letters.chunks(size).map(|piece| piece.iter().collect()).collect();
            let shown = run(&PERSONAL, pieces.iter().map(String::as_str)).text;
            if shown != expected {
                different.push(format!("{size}: {text}\n  {shown}\n  {expected}"));
            }
        }
    }
    assert!(different.is_empty(), "{} differ:\n{}", different.len(), different.join("\n"));
}

/// What the detector finds in the whole text, masked.
fn masked(detector: &Detector, text: &str) -> String {
    let mut out = String::new();
    let mut from = 0;
    for found in detector.find(text) {
        out.push_str(text.get(from..found.start).unwrap());
        let _ = write!(out, "<{}>", found.kind);
        from = found.end;
    }
    out + text.get(from..).unwrap()
}

#[test]
fn no_part_of_an_address_is_shown_before_characters_that_are_not_seen() {
    for hidden in ["\0\0\0", "\u{200b}", "\u{feff}\u{2060}"] {
        let text = format!("写信到 zhang@{hidden}example.com。谢谢大家的帮助，我们下次再见");
        let pieces = cut(&text, &[1]);
        assert_eq!(run(&PERSONAL, pieces.iter().map(String::as_str)), whole(&PERSONAL, &text), "{hidden:?}");
        assert!(!whole(&PERSONAL, &text).text.contains("zhang"), "{hidden:?}");
    }
}

#[test]
fn a_private_key_that_breaks_off_is_masked() {
    let text = "钥匙：-----BEGIN PRIVATE KEY-----\nMIIBVQIBADANBgkqhkiG9w0BAQ\nEFAASC";
    assert_eq!(whole(&PERSONAL, text).text, "钥匙：<secret>");
    let spoken = "文件以-----BEGIN PRIVATE KEY-----开头，后面是正文。";
    assert_eq!(whole(&PERSONAL, spoken).text, spoken);
}

#[test]
fn lines_behind_the_head_of_a_private_key_take_linear_time() {
    let work = |text: &str| crate::work::during(|| drop(whole(&PERSONAL, text)));
    let head = "-----BEGIN PRIVATE KEY-----\n";
    // Thousands of lines wait behind the head, and each may be its end or another head.
    for (before, unit) in [
        (head, "x\n"),
        (head, "x y "),
        (head, "1 "),
        (head, "-----\n"),
        (head, "-----END x\n"),
        (head, "PRIVATE\n"),
        ("", head),
        ("", "-----BEGIN\n"),
        ("", "-----BEGIN PRIVATE KEY-----\nx\nx\nx\n，"),
    ] {
        let [half, all] = [16_000, 32_000].map(|bytes| {
            let text = format!("{before}{}", unit.repeat(bytes / unit.len()));
            let work = work(&text);
            assert!(work <= 1_200 * text.len(), "{work} units for {} bytes of {unit:?}", text.len());
            work
        });
        assert!(all < 3 * half + 100_000, "{half} units, and {all} for twice the text of {unit:?}");
    }
}

#[test]
fn a_sentence_over_the_threshold_is_not_shown() {
    let outcome = whole(&ALL, "今天天气好。我不想活了，活着没意思。再见。");
    assert_eq!(outcome, Outcome { text: "今天天气好。".into(), refused: Some("risk/self_harm".into()) });
    assert_eq!(whole(&ALL, "今天天气好。请写一首诗。").refused, None);
}

/// Where the folded characters of a text stand, and what stands before each: an implementation of its own, which looks
/// at every place for every word, with hand-written tables for the letters of the test.
fn naive(text: &str, word: &str) -> Option<(usize, usize)> {
    let folded: Vec<(usize, usize, char, u8)> = {
        let mut gap = 2;
        let mut folded = Vec::new();
        for (at, letter) in text.char_indices() {
            let end = at + letter.len_utf8();
            match letter {
                '\u{200b}' => {}
                '，' | '\n' => gap = gap.max(2),
                ' ' | '*' => gap = gap.max(1),
                'Ｋ' => folded.push((at, end, 'k', std::mem::take(&mut gap))),
                '機' => folded.push((at, end, '机', std::mem::take(&mut gap))),
                other => folded.push((at, end, other.to_ascii_lowercase(), std::mem::take(&mut gap))),
            }
        }
        folded
    };
    let letters: Vec<char> = word.chars().collect();
    let latin = word.is_ascii();
    (0..folded.len().saturating_sub(letters.len() - 1)).find_map(|from| {
        let here = &folded[from..from + letters.len()];
        let same = here.iter().zip(&letters).all(|(one, letter)| one.2 == *letter);
        let gaps: Vec<u8> = here[1..].iter().map(|one| one.3).collect();
        let all = gaps.iter().all(|gap| *gap > 0) && letters.len() > 2;
        let none = gaps.iter().all(|gap| *gap == 0);
        let fits = if latin { none || all } else { all || gaps.iter().all(|gap| *gap < 2) };
        let glued = |one: Option<&(usize, usize, char, u8)>, gap: Option<u8>| {
            one.is_some_and(|one| one.2.is_ascii_alphanumeric()) && gap == Some(0)
        };
        let before = from.checked_sub(1).and_then(|at| folded.get(at));
        let behind = folded.get(from + letters.len());
        let bound = latin && (glued(before, Some(here[0].3)) || glued(behind, behind.map(|one| one.3)));
        (same && fits && !bound).then(|| (here[0].0, here[letters.len() - 1].1))
    })
}

/// Texts of pieces that nearly match, and how they are cut.
fn cut(text: &str, sizes: &[usize]) -> Vec<String> {
    let letters: Vec<char> = text.chars().collect();
    let mut pieces = Vec::new();
    let (mut from, mut sizes) = (0, sizes.iter().cycle());
    while from < letters.len() {
        let to = letters.len().min(from + sizes.next().unwrap_or(&1));
        pieces.push(letters[from..to].iter().collect());
        from = to;
    }
    pieces
}

const WORD_PARTS: &str = "(敏|感|词|机|密|機|k|Ｋ|i|l|a| |\\*|，|\n|\u{200b}|笨|蛋|大|鸟|人){0,24}";
const PERSONAL_PARTS: &str = "(电话|13800138000|138|0013|8000|1380|\\+86| |-|，|。|a|@|qq|\\.com|邮箱：|京|A12345|密码|：|=|x9\
                              |110105194912310021|年|1990|月|1|日|出生|微信号|zhang_san|6222021234567890128|\n|的|元|#|\\(at\\)|GB29|NWBK \
                              |192\\.168\\.1\\.1|password|换|QQ|010-62345678|转|人){0,16}";

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn pieces_make_no_difference_to_words(text in WORD_PARTS, sizes in prop::collection::vec(1_usize..5, 1..6)) {
        let pieces = cut(&text, &sizes);
        prop_assert_eq!(run(&WORDS, pieces.iter().map(String::as_str)), whole(&WORDS, &text));
    }

    #[test]
    fn words_are_those_of_another_implementation(text in WORD_PARTS) {
        let outcome = whole(&WORDS, &text);
        let matches: Vec<_> = ["敏感词", "机密", "kill"].iter().filter_map(|word| naive(&text, word)).collect();
        prop_assert_eq!(outcome.refused.is_some(), !matches.is_empty(), "{:?}", text);
        if let Some(first) = matches.iter().min_by_key(|found| found.1) {
            // Nothing of the word that ends the text is shown; masks only make the text before it longer.
            let before = text.get(..first.0).unwrap();
            prop_assert!(before.starts_with(outcome.text.split('<').next().unwrap()), "{:?}", text);
        }
    }

    #[test]
    fn pieces_make_no_difference_to_personal_data(text in PERSONAL_PARTS, sizes in prop::collection::vec(1_usize..9, 1..6)) {
        for compiled in [&PERSONAL, &NAMES, &ALL] {
            let pieces = cut(&text, &sizes);
            prop_assert_eq!(run(compiled, pieces.iter().map(String::as_str)), whole(compiled, &text));
        }
    }

    #[test]
    fn personal_data_is_that_of_the_whole_text(text in PERSONAL_PARTS) {
        prop_assert_eq!(whole(&PERSONAL, &text).text, masked(&Detector::new(Kind::DEFAULT), &text), "{:?}", text);
    }

    #[test]
    fn any_text_passes_and_a_second_time_unchanged(text in r"(\PC|[一-龥]|[a-z0-9@ ]|\n){0,60}", sizes in prop::collection::vec(1_usize..9, 1..6)) {
        let pieces = cut(&text, &sizes);
        let outcome = run(&ALL, pieces.iter().map(String::as_str));
        prop_assert_eq!(&outcome, &whole(&ALL, &text));
    }
}
