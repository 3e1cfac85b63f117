//! A repaired line that remembers what became of what.

use crate::unicode::offsets::{Record, Writer};

/// A line in the making, step by step along its source.
#[derive(Default)]
pub(super) struct Repair {
    text: String,
    /// How many bytes of the source each step took, and how many it gave.
    steps: Vec<(usize, usize)>,
}

impl Repair {
    /// Gives `with` for the next `taken` bytes of the source.
    pub(super) fn push(&mut self, taken: usize, with: &str) {
        self.text.push_str(with);
        self.steps.push((taken, with.len()));
    }

    /// Gives `with` for the next characters of the source.
    pub(super) fn give(&mut self, for_characters: &[char], with: &str) {
        self.push(for_characters.iter().map(|letter| letter.len_utf8()).sum(), with);
    }

    /// Gives one character for the next characters of the source.
    pub(super) fn give_one(&mut self, for_characters: &[char], with: char) {
        self.give(for_characters, with.encode_utf8(&mut [0; 4]));
    }

    /// Goes on as `other` does.
    pub(super) fn append(&mut self, other: &Self) {
        self.text.push_str(&other.text);
        self.steps.extend_from_slice(&other.steps);
    }

    pub(super) fn text(&self) -> &str {
        &self.text
    }

    /// Writes the line in the place of its source, which starts at `at`.
    pub(super) fn write<R: Record>(&self, mut at: usize, writer: &mut Writer<'_, R>) {
        let mut rest = self.text.as_str();
        for &(taken, given) in &self.steps {
            let (with, others) = rest.split_at(given);
            writer.replace(at..at + taken, with);
            (at, rest) = (at + taken, others);
        }
    }
}
