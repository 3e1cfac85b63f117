//! Quality filters against datatrove on English pages made for it.
//!
//! `fixtures/quality_verdicts.json` is what `tests/reference/quality_verdicts.py` writes.

#![allow(clippy::unwrap_used, reason = "a test may fail loudly")]

use serde::Deserialize;
use siyu_text::quality::c4::C4;
use siyu_text::quality::fineweb::FineWeb;
use siyu_text::quality::gopher_quality::{GopherQuality, Judge};
use siyu_text::quality::gopher_repetition::GopherRepetition;

/// What datatrove says of a page: its verdicts in our words, and what it counts.
#[derive(Deserialize)]
struct Page {
    text: String,
    gopher_quality: Option<String>,
    gopher_repetition: Option<String>,
    c4_quality: Option<String>,
    fineweb_quality: Option<String>,
    /// Sentences and lines that C4 keeps; none where it keeps nothing of a page.
    sentences: Option<usize>,
    lines: Option<usize>,
    /// Words that are no marks.
    words: usize,
    letters: usize,
    /// Words and marks.
    all: usize,
    /// Words with a letter.
    alphabetic: usize,
}

fn pages() -> Vec<Page> {
    serde_json::from_str(include_str!("fixtures/quality_verdicts.json")).unwrap()
}

/// Demands that `differs` finds nothing to say of any page.
fn all_equal(differs: impl Fn(&Page) -> Option<String>) {
    let pages = pages();
    assert!(pages.len() > 200);
    let wrong: Vec<String> =
        pages.iter().filter_map(|page| differs(page).map(|found| format!("{found}: {:?}", page.text))).collect();
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), pages.len(), wrong.join("\n"));
}

/// What spaCy does not cut and we do: a note glued to a full stop, and a face. Words of such a page are counted otherwise.
fn is_glued(page: &Page) -> bool {
    page.text.contains(".[") || page.text.contains(":)")
}

fn unequal(found: Option<&str>, expected: Option<&String>) -> Option<String> {
    (found != expected.map(String::as_str)).then(|| format!("{found:?} instead of {expected:?}"))
}

#[test]
fn gopher_quality_says_what_datatrove_says() {
    let judge = Judge::new(GopherQuality::default());
    all_equal(|page| unequal(judge.judge(&page.text), page.gopher_quality.as_ref()).filter(|_| !is_glued(page)));
}

#[test]
fn gopher_repetition_says_what_datatrove_says() {
    let rules = GopherRepetition::default();
    all_equal(|page| unequal(rules.judge(&page.text).as_deref(), page.gopher_repetition.as_ref()));
}

#[test]
fn c4_says_what_datatrove_says() {
    all_equal(|page| unequal(C4::default().clean(&page.text).err(), page.c4_quality.as_ref()));
}

#[test]
fn fineweb_says_what_datatrove_says() {
    all_equal(|page| unequal(FineWeb::default().judge(&page.text), page.fineweb_quality.as_ref()));
}

#[test]
fn c4_keeps_as_many_lines_and_counts_as_many_sentences() {
    all_equal(|page| {
        let least = |sentences| C4 { min_num_sentences: Some(sentences), ..C4::default() };
        let sentences = page.sentences?;
        let kept = least(sentences).clean(&page.text);
        let lines = kept.as_ref().map_or(0, |kept| kept.lines().count());
        let too_few = least(sentences + 1).clean(&page.text).err() == Some("too_few_sentences");
        let enough = sentences == 0 || kept.is_ok();
        (lines != page.lines? || !enough || !too_few)
            .then(|| format!("{lines} lines of {:?}, not {sentences} sentences", page.lines))
    });
}

#[test]
fn gopher_counts_as_many_words_and_letters() {
    // The bound that is met to the word, and the next one, which is not.
    let off = || GopherQuality {
        min_doc_words: None,
        max_doc_words: None,
        min_avg_word_length: None,
        max_avg_word_length: None,
        max_symbol_word_ratio: None,
        max_bullet_lines_ratio: None,
        max_ellipsis_lines_ratio: None,
        max_non_alpha_words_ratio: None,
        min_stop_words: None,
        stop_words: None,
    };
    let passes = |rules: GopherQuality, page: &Page| Judge::new(rules).judge(&page.text).is_none();
    all_equal(|page| {
        if page.words == 0 || is_glued(page) {
            return None;
        }
        let words = |least| passes(GopherQuality { min_doc_words: Some(least), ..off() }, page);
        let mean = page.letters as f64 / page.words as f64;
        let length = |least| passes(GopherQuality { min_avg_word_length: Some(least), ..off() }, page);
        let share = page.alphabetic as f64 / page.all as f64;
        let alphabetic = |least| passes(GopherQuality { max_non_alpha_words_ratio: Some(least), ..off() }, page);
        let equal = [
            ("words", words(page.words) && !words(page.words + 1)),
            ("letters", length(mean - 1e-9) && !length(mean + 1e-9)),
            ("words with a letter", alphabetic(share - 1e-9) && !alphabetic(share + 1e-9)),
        ];
        let wrong: Vec<&str> = equal.iter().filter(|(_, equal)| !equal).map(|(what, _)| *what).collect();
        (!wrong.is_empty()).then(|| wrong.join(", "))
    });
}
