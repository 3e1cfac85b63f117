//! Chinese words, as jieba cuts them.
//!
//! ```
//! let segmenter = siyu_text::segment::Segmenter::new(None)?;
//! assert_eq!(segmenter.words("我来到北京清华大学", true), ["我", "来到", "北京", "清华大学"]);
//! # Ok::<(), siyu_text::segment::SegmentError>(())
//! ```

mod alphabet;
mod counts;
mod cutter;
mod hmm;
mod keywords;
mod lexicon;
mod tables;
mod trie;

use self::{counts::Counts, cutter::Cutter, lexicon::Lexicon};
use std::cell::RefCell;
use std::collections::HashSet;
use std::ops::Range;

/// Why a user dictionary cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum SegmentError {
    /// A frequency that no counter holds.
    #[error("line {line} of the user dictionary has a frequency that is too large; use a number below 2^63")]
    Frequency {
        /// Line of the dictionary, from 1.
        line: usize,
    },
}

thread_local! {
    static CUTTER: RefCell<Option<Box<Cutter>>> = const { RefCell::new(None) };
}

/// Cuts text into words; the words joined are the text.
///
/// The words are those of jieba 0.42.1: the likeliest path through a dictionary, and a hidden Markov model for what the
/// dictionary lacks.
pub struct Segmenter {
    lexicon: Lexicon,
    /// Words of the user's dictionary with the frequency 0.
    split: HashSet<String>,
}

impl Segmenter {
    /// Loads jieba's dictionary and adds the words of `user_dictionary`: one a line, with an optional frequency and an
    /// optional part of speech after it, separated by spaces. Without a frequency the word gets one that keeps it
    /// whole; with the frequency 0 it is no word.
    pub fn new(user_dictionary: Option<&str>) -> Result<Self, SegmentError> {
        let table = tables::words();
        let mut counts = Counts::new(&table);
        counts.add(user_dictionary.unwrap_or_default())?;
        let (lexicon, split) = counts.finish();
        Ok(Self { lexicon, split })
    }

    /// The words of `text` in order. With `hmm`, words that the dictionary lacks are guessed.
    pub fn words<'a>(&self, text: &'a str, hmm: bool) -> Vec<&'a str> {
        let mut words = Vec::with_capacity(text.len() / 5);
        self.for_each(text, hmm, |word| words.push(word));
        words
    }

    /// Where the words of `text` lie, in bytes.
    pub fn word_spans(&self, text: &str, hmm: bool) -> Vec<Range<usize>> {
        let mut end = 0;
        let span = |word: &&str| {
            let start = end;
            end += word.len();
            start..end
        };
        self.words(text, hmm).iter().map(span).collect()
    }

    /// Calls `f` with each word in order.
    pub fn for_each<'a>(&self, text: &'a str, hmm: bool, f: impl FnMut(&'a str)) {
        // Taken out while in use, as `f` may cut other texts.
        let mut cutter = CUTTER.take().unwrap_or_default();
        cutter.words(&self.lexicon, &self.split, text, hmm, f);
        CUTTER.replace(Some(cutter));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::sync::LazyLock;

    static SEGMENTER: LazyLock<Segmenter> = LazyLock::new(|| Segmenter::new(None).unwrap());

    // Expected words: the README of Python jieba 0.42.1.
    #[test]
    fn unknown_words_are_found_with_the_hidden_markov_model() {
        assert_eq!(SEGMENTER.words("他来到了网易杭研大厦", true), ["他", "来到", "了", "网易", "杭研", "大厦"]);
    }

    #[test]
    fn a_word_of_the_user_dictionary_stays_whole() {
        let segmenter = Segmenter::new(Some("云计算 5\n创新办 3 i\n凱特琳 nz\n")).unwrap();
        assert!(segmenter.words("李小福是创新办主任也是云计算方面的专家", true).contains(&"云计算"));
        assert!(segmenter.words("李小福是创新办主任也是云计算方面的专家", true).contains(&"创新办"));
    }

    // Written by scripts/jieba_words.py.
    #[test]
    fn words_and_keywords_are_those_of_jieba() {
        for line in include_str!("../tests/fixtures/jieba_words.jsonl").lines() {
            let case: serde_json::Value = serde_json::from_str(line).unwrap();
            let text = case["text"].as_str().unwrap();
            assert_eq!(serde_json::json!(SEGMENTER.words(text, true)), case["hmm"]);
            assert_eq!(serde_json::json!(SEGMENTER.words(text, false)), case["plain"]);
            assert_eq!(serde_json::json!(SEGMENTER.keywords(text, 5)), case["keywords"]);
        }
    }

    #[test]
    fn a_text_without_a_space_takes_linear_time() {
        for unit in ["国", "中华人民共和国", "a", "1", "1.", "a-"] {
            crate::work::assert_linear(unit, 200_000 / unit.chars().count(), 32, |text| {
                assert!(!SEGMENTER.words(text, true).is_empty());
            });
        }
    }

    proptest! {
        #[test]
        fn words_joined_are_the_text(text in r"(\PC|[一-龥]{1,8}|\s|[0-9a-z.]{1,5}){0,40}", hmm: bool) {
            prop_assert_eq!(SEGMENTER.words(&text, hmm).concat(), text.as_str());
            let spans = SEGMENTER.word_spans(&text, hmm);
            prop_assert_eq!(spans.last().map_or(0, |span| span.end), text.len());
        }
    }
}
