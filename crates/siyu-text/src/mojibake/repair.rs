//! A repaired line that remembers what became of what.

use crate::unicode::offsets::{Record, Writer};
use std::ops::Range;

/// A part of a source and what it becomes.
#[derive(Default)]
pub(super) struct Change {
    pub(super) source: Range<usize>,
    pub(super) given: Range<usize>,
}

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

    /// Gives `with` for the next `taken` bytes of the source; its first character stands for all of them.
    pub(super) fn push_whole(&mut self, taken: usize, with: &str) {
        let (head, tail) = with.split_at(with.chars().next().map_or(0, char::len_utf8));
        self.push(taken, head);
        self.push(0, tail);
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

    /// What of the source changes, and into what: from the first step that changes something to the last.
    pub(super) fn change(&self, source: &str) -> Change {
        let mut change: Option<Change> = None;
        let (mut taken_to, mut given_to) = (0, 0);
        for &(taken, given) in &self.steps {
            let (was, with) = (taken_to..taken_to + taken, given_to..given_to + given);
            (taken_to, given_to) = (was.end, with.end);
            if source.get(was.clone()) != self.text.get(with.clone()) {
                let change = change.get_or_insert(Change { source: was.clone(), given: with.clone() });
                (change.source.end, change.given.end) = (was.end, with.end);
            }
        }
        change.unwrap_or_default()
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
