//! A dictionary made ready: which words begin at a character, and how likely each is.

use super::alphabet::Alphabet;
use super::trie::{Spellings, Trie};

/// Words with the logarithms of their shares of all words.
pub(super) struct Lexicon {
    pub(super) alphabet: Alphabet,
    pub(super) trie: Trie,
    /// The score of a character that is no word: that of a word seen once.
    pub(super) unknown: f64,
}

impl Lexicon {
    /// `words` are ascending and distinct, each with its count; `total` is the sum that their shares refer to.
    pub(super) fn new(words: &[(&str, u64)], total: u64) -> Self {
        let alphabet = Alphabet::new(words.iter().map(|word| word.0));
        let log_total = (total as f64).ln();
        let mut spellings = Spellings::default();
        for &(word, count) in words.iter().filter(|word| word.1 > 0) {
            spellings.push(word.chars().map(|character| alphabet.code(character)), (count as f64).ln() - log_total);
        }
        let trie = Trie::new(&spellings, &alphabet);
        Self { alphabet, trie, unknown: 0.0 - log_total }
    }
}
