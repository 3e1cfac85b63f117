//! Overlap: long passages that two texts have in common word for word.

use super::{fold, mix};
use std::collections::HashMap;

/// Passages of some texts, to be looked for in others.
///
/// A passage is so many words in a row, or so many Han characters; case, width, punctuation and white space do not
/// count. Words do not reach across Han text nor Han characters across words.
#[derive(Clone, Debug)]
pub struct Overlap {
    words: usize,
    han: usize,
    /// The text that each passage was first seen in.
    passages: HashMap<u64, u32>,
}

impl Overlap {
    /// Passages of so many words and so many Han characters.
    pub fn new(words: usize, han: usize) -> Self {
        Self { words: words.max(1), han: han.max(1), passages: HashMap::new() }
    }

    /// Adds the passages of a text, which is known by a number; a text shorter than a passage has none.
    pub fn add(&mut self, text: &str, number: u32) {
        let mut found = Vec::new();
        passages(text, self.words, self.han, |hash| found.push(hash));
        for hash in found {
            self.passages.entry(hash).or_insert(number);
        }
    }

    /// The number of the text that shares a passage with this one, the smallest of several.
    pub fn find(&self, text: &str) -> Option<u32> {
        let mut first = None;
        passages(text, self.words, self.han, |hash| {
            if let Some(&number) = self.passages.get(&hash) {
                first = Some(first.map_or(number, |first: u32| first.min(number)));
            }
        });
        first
    }

    /// Whether there is nothing to look for.
    pub fn is_empty(&self) -> bool {
        self.passages.is_empty()
    }
}

/// Units in a row and the hash of the last so many of them.
struct Row {
    length: usize,
    units: Vec<u64>,
    tag: u64,
}

impl Row {
    fn push(&mut self, unit: u64, emit: &mut impl FnMut(u64)) {
        self.units.push(unit);
        if let Some(start) = self.units.len().checked_sub(self.length) {
            emit(self.units[start..].iter().fold(self.tag, |hash, unit| mix(hash.rotate_left(17) ^ unit)));
        }
    }
}

fn passages(text: &str, words: usize, han: usize, mut emit: impl FnMut(u64)) {
    let mut word_row = Row { length: words, units: Vec::new(), tag: 1 };
    let mut han_row = Row { length: han, units: Vec::new(), tag: 2 };
    let mut word: Option<u64> = None;
    fold(text, |character| {
        let is_han = matches!(u32::from(character), 0x3400..=0x9FFF | 0xF900..=0xFAFF | 0x2_0000..=0x3_FFFF);
        if !is_han && character.is_alphanumeric() {
            word = Some(mix(word.unwrap_or(3) ^ u64::from(character)));
            han_row.units.clear();
            return;
        }
        if let Some(word) = word.take() {
            word_row.push(word, &mut emit);
        }
        if is_han {
            word_row.units.clear();
            han_row.push(u64::from(character), &mut emit);
        }
    });
    if let Some(word) = word {
        word_row.push(word, &mut emit);
    }
}

#[cfg(test)]
mod tests {
    use super::Overlap;

    #[test]
    fn twenty_han_characters_are_a_passage_whatever_stands_between_them() {
        let mut overlap = Overlap::new(13, 20);
        overlap.add("问：当事人应当遵循公平原则确定各方的权利和义务吗？", 4);
        assert_eq!(overlap.find("第六条　当事人应当遵循公平原则，\n确定各方的权利和义务。"), Some(4));
        assert_eq!(overlap.find("当事人应当遵循公平原则确定各方的权利"), None);
        assert_eq!(overlap.find("当事人应当遵循公平原则A确定各方的权利和义务"), None);
    }

    #[test]
    fn thirteen_words_are_a_passage_and_twelve_are_none() {
        let mut overlap = Overlap::new(13, 20);
        overlap.add("one two three four five six seven eight nine ten eleven twelve", 1);
        assert!(overlap.is_empty());
        overlap.add("one two three four five six seven eight nine ten eleven twelve thirteen", 1);
        assert_eq!(overlap.find("ONE two, three four five six seven eight nine ten eleven twelve thirteen."), Some(1));
        assert_eq!(overlap.find("two three four five six seven eight nine ten eleven twelve thirteen fourteen"), None);
    }
}
