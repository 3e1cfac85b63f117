//! Shingles: the short pieces by which documents are compared.

use super::{fold, mix};
use crate::segment::Segmenter;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// What a document is cut into, after the folding that [`fold`] describes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Shingles {
    /// So many characters in a row; fits every language, and Han text above all.
    Char(usize),
    /// So many words in a row, for languages that write spaces; a Han character counts as a word.
    Word(usize),
    /// So many of jieba's words in a row.
    Jieba(usize),
}

impl Shingles {
    /// Units in a shingle.
    pub fn length(self) -> usize {
        match self {
            Self::Char(length) | Self::Word(length) | Self::Jieba(length) => length,
        }
    }
}

/// Cuts documents into shingles and hashes them to 64 bits.
///
/// A document with fewer units than a shingle is its own shingle; one without any has none.
#[derive(Clone)]
pub struct Shingler {
    shingles: Shingles,
    segmenter: Option<Arc<Segmenter>>,
    /// The multiplier to the power of the shingle's length: what a unit weighs when it leaves.
    leaving: u64,
    units: Vec<u64>,
    text: String,
    hashes: Vec<u64>,
}

/// Multiplier of the rolling hash; any odd number with well-spread bits serves.
const BASE: u64 = 0x9e37_79b9_7f4a_7c15;

impl Shingler {
    /// Shingles of this kind; jieba's dictionary is loaded where it is needed.
    ///
    /// # Panics
    /// Never: the dictionary that comes with the program can be read.
    pub fn new(shingles: Shingles) -> Self {
        let segmenter = matches!(shingles, Shingles::Jieba(_))
            .then(|| Arc::new(Segmenter::new(None).expect("without a user dictionary nothing can be wrong with it")));
        let leaving = (0..shingles.length()).fold(1u64, |power, _| power.wrapping_mul(BASE));
        Self { shingles, segmenter, leaving, units: Vec::new(), text: String::new(), hashes: Vec::new() }
    }

    /// The shingles of a document in their order, repeated ones repeated, and the fingerprint of the folded document;
    /// no fingerprint where nothing is left of it.
    pub fn hashes(&mut self, text: &str) -> (&[u64], Option<u128>) {
        self.units.clear();
        match self.shingles {
            Shingles::Char(_) => fold(text, |character| self.units.push(u64::from(character))),
            Shingles::Word(_) => words(text, &mut self.text, &mut self.units),
            Shingles::Jieba(_) => self.jieba(text),
        }
        self.hashes.clear();
        if self.units.is_empty() {
            return (&self.hashes, None);
        }
        self.roll();
        (&self.hashes, Some(fingerprint(&self.units)))
    }

    /// The shingles of a document as a set: ascending, each once.
    pub fn set(&mut self, text: &str) -> &[u64] {
        self.hashes(text);
        self.hashes.sort_unstable();
        self.hashes.dedup();
        &self.hashes
    }

    fn roll(&mut self) {
        let length = self.shingles.length().max(1);
        let first =
            self.units.iter().take(length).fold(0, |hash: u64, unit| hash.wrapping_mul(BASE).wrapping_add(*unit));
        let mut hash = first;
        self.hashes.push(mix(hash));
        for (last, entering) in self.units.iter().zip(self.units.iter().skip(length)) {
            let gone = last.wrapping_mul(self.leaving);
            hash = hash.wrapping_mul(BASE).wrapping_add(*entering).wrapping_sub(gone);
            self.hashes.push(mix(hash));
        }
    }

    fn jieba(&mut self, text: &str) {
        self.text.clear();
        fold(text, |character| self.text.push(character));
        let segmenter = self.segmenter.as_ref().expect("loaded with this kind of shingles");
        for word in segmenter.words(&self.text, true) {
            if word.chars().any(char::is_alphanumeric) {
                self.units.push(word.chars().fold(1, next_letter));
            }
        }
    }
}

/// Words of the folded text: runs of letters and digits, and each Han character for itself.
fn words(text: &str, buffer: &mut String, units: &mut Vec<u64>) {
    buffer.clear();
    fold(text, |character| buffer.push(character));
    let mut word = None;
    for character in buffer.chars() {
        let is_han = matches!(u32::from(character), 0x3400..=0x9FFF | 0xF900..=0xFAFF | 0x2_0000..=0x3_FFFF);
        if is_han || !character.is_alphanumeric() {
            units.extend(word.take());
            if is_han {
                units.push(next_letter(1, character));
            }
        } else {
            word = Some(next_letter(word.unwrap_or(1), character));
        }
    }
    units.extend(word);
}

fn next_letter(word: u64, character: char) -> u64 {
    mix(word.wrapping_mul(BASE) ^ u64::from(character))
}

/// Equal for equal sequences; two of a billion different ones meet with a probability near 10⁻²⁰.
fn fingerprint(units: &[u64]) -> u128 {
    let start = (units.len() as u64, !(units.len() as u64));
    let (one, two) = units.iter().fold(start, |(one, two), unit| {
        (one.wrapping_mul(BASE).wrapping_add(*unit), (two ^ unit).wrapping_mul(0xd6e8_feb8_6659_fd93).rotate_left(29))
    });
    u128::from(mix(one)) << 64 | u128::from(mix(two))
}

#[cfg(test)]
mod tests {
    use super::{Shingler, Shingles};
    use crate::near::folded;
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    fn windows(units: &[String], length: usize) -> BTreeSet<Vec<String>> {
        match units.len() {
            0 => BTreeSet::new(),
            count if count < length => BTreeSet::from([units.to_vec()]),
            _ => units.windows(length).map(<[String]>::to_vec).collect(),
        }
    }

    proptest! {
        #[test]
        fn there_are_as_many_hashes_as_different_shingles_and_as_many_in_common(
            one in "[甲乙丙abＡ \n]{0,40}", other in "[甲乙丙abＡ \n]{0,40}", length in 1usize..7,
        ) {
            let letters = |text: &str| folded(text).chars().map(String::from).collect::<Vec<_>>();
            let (slow, slow_other) = (windows(&letters(&one), length), windows(&letters(&other), length));
            let mut shingler = Shingler::new(Shingles::Char(length));
            let fast: BTreeSet<u64> = shingler.set(&one).iter().copied().collect();
            let fast_other: BTreeSet<u64> = shingler.set(&other).iter().copied().collect();
            prop_assert_eq!(fast.len(), slow.len());
            prop_assert_eq!(fast.intersection(&fast_other).count(), slow.intersection(&slow_other).count());
        }
    }

    #[test]
    fn words_are_runs_of_letters_and_single_han_characters() {
        let mut shingler = Shingler::new(Shingles::Word(2));
        // the, cat, 坐, 下 make three pairs.
        assert_eq!(shingler.set("The cat, 坐下!").len(), 3);
        let spaced = shingler.set("the  CAT 坐 下").to_vec();
        assert_eq!(shingler.set("The cat, 坐下!"), spaced);
        assert_eq!(shingler.set("?!"), [0u64; 0]);
    }

    #[test]
    fn jieba_words_make_shingles_across_punctuation() {
        let mut shingler = Shingler::new(Shingles::Jieba(2));
        // 我 来到 北京 清华大学
        assert_eq!(shingler.set("我来到北京，清华大学。").len(), 3);
    }

    #[test]
    fn a_short_document_is_its_own_shingle_and_an_empty_one_has_none() {
        let mut shingler = Shingler::new(Shingles::Char(5));
        assert_eq!(shingler.set("合同").len(), 1);
        let (hashes, print) = shingler.hashes(" \n\u{3000}");
        assert!(hashes.is_empty() && print.is_none());
        assert_eq!(shingler.hashes("Ａ b").1, shingler.hashes("a\n B").1);
    }
}
