//! From characters to the buckets of their n-grams.

use super::BUCKETS;
use crate::filter::fold::{Class, Folding, is_spaced};

/// Longest n-gram, in characters.
const LONGEST: usize = 4;

/// Reads a text's n-grams of one to four folded characters.
///
/// Width, case and marks do not matter; a space stands between words of spaced writing, and at the beginning.
pub(super) struct Reader {
    folding: Folding,
    letters: Vec<char>,
    /// Up to three characters before.
    before: Vec<char>,
}

impl Reader {
    pub(super) fn new() -> Self {
        Self { folding: Folding::new(false), letters: Vec::new(), before: vec![' '] }
    }

    /// Reads one character and hands on the buckets of the n-grams that end with it; whether it is a letter or digit.
    pub(super) fn read(&mut self, letter: char, mut bucket: impl FnMut(usize)) -> bool {
        self.letters.clear();
        match self.folding.fold(letter, &mut self.letters) {
            Class::Invisible => return false,
            Class::Separator | Class::Clause => {
                if self.before.last().is_some_and(|before| *before != ' ' && is_spaced(*before)) {
                    self.push(' ');
                }
                return false;
            }
            Class::Letters => {}
        }
        for index in 0..self.letters.len() {
            self.push(self.letters[index]);
            let mut hash = 0;
            for (length, &letter) in (1..).zip(self.before.iter().rev().take(LONGEST)) {
                hash = mixed(hash ^ u32::from(letter) ^ (length << 24));
                bucket(hash as usize & (BUCKETS - 1));
            }
        }
        true
    }

    /// Begins another sentence.
    pub(super) fn restart(&mut self) {
        self.before.clear();
        self.before.push(' ');
    }

    fn push(&mut self, letter: char) {
        if self.before.len() == LONGEST {
            self.before.remove(0);
        }
        self.before.push(letter);
    }
}

/// The finalizer of `MurmurHash3` (Appleby, public domain): every bit of the input moves every bit of the result.
const fn mixed(mut hash: u32) -> u32 {
    hash ^= hash >> 16;
    hash = hash.wrapping_mul(0x85EB_CA6B);
    hash ^= hash >> 13;
    hash = hash.wrapping_mul(0xC2B2_AE35);
    hash ^ (hash >> 16)
}
