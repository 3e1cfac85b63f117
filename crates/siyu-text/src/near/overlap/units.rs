//! What passages are made of.

use crate::near::{fold, mix};

/// What comes next in a text.
pub(super) enum Event {
    /// A word or a Han character.
    Unit {
        /// Its hash.
        hash: u64,
        /// Whether it is a Han character.
        is_han: bool,
    },
    /// The text's beginning or end, a line's end, or punctuation that does not join two words into one.
    Border,
}

/// What stands between two units.
#[derive(Default)]
struct Gap {
    punctuation: bool,
    space: bool,
    line: bool,
}

struct Units<F> {
    emit: F,
    gap: Gap,
    /// Whether the last unit was a word; nothing at the text's beginning.
    last_is_word: Option<bool>,
    word: Option<u64>,
}

/// Hands over the units of a text and the borders between them.
pub(super) fn units(text: &str, emit: impl FnMut(Event)) {
    let mut units = Units { emit, gap: Gap::default(), last_is_word: None, word: None };
    for line in text.lines() {
        fold(line, |character| units.push(character));
        units.end_word();
        units.gap.line = true;
    }
    (units.emit)(Event::Border);
}

impl<F: FnMut(Event)> Units<F> {
    fn push(&mut self, character: char) {
        let is_han = matches!(u32::from(character), 0x3400..=0x9FFF | 0xF900..=0xFAFF | 0x2_0000..=0x3_FFFF);
        if is_han {
            self.end_word();
            self.begin(false);
            (self.emit)(Event::Unit { hash: u64::from(character), is_han });
        } else if character.is_alphanumeric() {
            if self.word.is_none() {
                self.begin(true);
            }
            self.word = Some(mix(self.word.unwrap_or(3) ^ u64::from(character)));
        } else {
            self.end_word();
            self.gap.space |= character == ' ';
            self.gap.punctuation |= character != ' ';
        }
    }

    /// A unit begins: the gap before it may be a border.
    fn begin(&mut self, is_word: bool) {
        let gap = std::mem::take(&mut self.gap);
        // As in `don't`, `well-known` and `3.14`.
        let joined = is_word && self.last_is_word == Some(true) && !gap.space;
        if self.last_is_word.is_none() || gap.line || gap.punctuation && !joined {
            (self.emit)(Event::Border);
        }
        self.last_is_word = Some(is_word);
    }

    fn end_word(&mut self) {
        if let Some(hash) = self.word.take() {
            (self.emit)(Event::Unit { hash, is_han: false });
        }
    }
}
