//! Where a text can be cut so that the ids of the parts are those of the whole.
//!
//! No pattern known here takes a letter and a mark behind it into one word, and none looks back. So a text falls apart
//! between the two, if normalizing joins them neither and no added token spans them.

use super::classes::{Classes, LETTER};

/// Marks that NFC changes with nothing before them.
const MARKS: &str = "\n ,.;:!?()\"，。、；：！？（）《》“”「」\u{3000}—…";

/// Bytes looked through for a place.
const REACH: usize = 2048;

/// The marks before which a text may be cut.
pub(super) struct Breaks {
    marks: Vec<char>,
}

impl Breaks {
    /// Without the marks that stand inside added tokens.
    pub(super) fn new<'a>(added: impl Iterator<Item = &'a str>) -> Self {
        let mut marks: Vec<char> = MARKS.chars().collect();
        for token in added {
            marks.retain(|mark| !token.contains(*mark));
        }
        Self { marks }
    }

    /// The first such place in `text` at or after `from`, if it is near.
    pub(super) fn after(&self, classes: &Classes, text: &str, from: usize) -> Option<usize> {
        let from = text.ceil_char_boundary(from);
        let (head, tail) = text.split_at(from);
        let mut is_letter = head.chars().next_back().is_some_and(|last| is_letter(classes, last));
        for (at, character) in tail.char_indices().take_while(|(at, _)| *at < REACH) {
            if is_letter && self.marks.contains(&character) {
                return Some(from + at);
            }
            is_letter = self::is_letter(classes, character);
        }
        None
    }

    /// The last such place in `text` at or before `from`, if it is near.
    pub(super) fn before(&self, classes: &Classes, text: &str, from: usize) -> Option<usize> {
        let from = text.floor_char_boundary(from);
        let (head, tail) = text.split_at(from);
        let mut is_mark = tail.chars().next().is_some_and(|next| self.marks.contains(&next));
        let mut end = from;
        for (at, character) in head.char_indices().rev().take_while(|(at, _)| from - at < REACH) {
            if is_mark && is_letter(classes, character) {
                return Some(end);
            }
            is_mark = self.marks.contains(&character);
            end = at;
        }
        None
    }
}

/// Letters that NFC leaves as they are, whatever mark follows: Latin, Cyrillic, kana, Chinese, Korean.
fn is_letter(classes: &Classes, character: char) -> bool {
    matches!(character, 'a'..='z' | 'A'..='Z' | 'а'..='я' | 'А'..='Я' | 'ぁ'..='ゖ' | 'ァ'..='ヺ' | '一'..='\u{9FFF}' | '가'..='힣')
        && classes.of(character.into()) & LETTER != 0
}
