//! Chinese words, as jieba cuts them.
//!
//! ```
//! let segmenter = siyu_text::segment::Segmenter::new(None)?;
//! assert_eq!(segmenter.words("我来到北京清华大学", true), ["我", "来到", "北京", "清华大学"]);
//! # Ok::<(), siyu_text::segment::SegmentError>(())
//! ```

use jieba_rs::Jieba;
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

/// Cuts text into words; the words joined are the text.
pub struct Segmenter {
    jieba: Jieba,
}

impl Segmenter {
    /// Loads jieba's dictionary and adds the words of `user_dictionary`: one a line, with an optional frequency and an
    /// optional part of speech after it, separated by spaces. Without a frequency the word gets one that keeps it whole.
    pub fn new(user_dictionary: Option<&str>) -> Result<Self, SegmentError> {
        let mut jieba = Jieba::new();
        for (line, entry) in (1..).zip(user_dictionary.unwrap_or_default().trim_start_matches('\u{feff}').lines()) {
            let mut fields: Vec<&str> = entry.split_whitespace().collect();
            let is_tag = |field: &&str| field.bytes().all(|byte| byte.is_ascii_lowercase());
            let tag = if fields.len() > 1 { fields.pop_if(|field| is_tag(&&**field)) } else { None };
            let is_number = |field: &str| field.bytes().all(|byte| byte.is_ascii_digit());
            let number = if fields.len() > 1 { fields.pop_if(|field| is_number(field)) } else { None };
            let frequency = number.map(str::parse).transpose().map_err(|_| SegmentError::Frequency { line })?;
            if !fields.is_empty() {
                jieba.add_word(&fields.join(" "), frequency, tag);
            }
        }
        Ok(Self { jieba })
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
    pub fn for_each<'a>(&self, text: &'a str, hmm: bool, mut f: impl FnMut(&'a str)) {
        for token in self.jieba.cut(text, hmm) {
            f(token.word);
        }
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

    proptest! {
        #[test]
        fn words_joined_are_the_text(text in r"(\PC|[一-龥]{1,8}|\s|[0-9a-z.]{1,5}){0,40}", hmm: bool) {
            prop_assert_eq!(SEGMENTER.words(&text, hmm).concat(), text.as_str());
            let spans = SEGMENTER.word_spans(&text, hmm);
            prop_assert_eq!(spans.last().map_or(0, |span| span.end), text.len());
        }
    }
}
