//! The engine for byte-level BPE in the configurations in which it usually comes.
//!
//! It reads only those, and gives the ids of Hugging Face's engine for every text; the tests compare them. A text passes
//! through: added tokens ([`added`]), NFC ([`compose`]), words ([`words`]), pieces that no token spans ([`bonds`]), and
//! merges ([`merge`]), before which short pieces are looked up among those already seen ([`memory`]).

mod added;
mod alphabet;
mod bonds;
mod breaks;
mod characters;
mod classes;
mod compose;
mod memory;
mod merge;
mod merges;
mod shape;
#[cfg(test)]
mod tests;
mod utf8;
mod words;

use self::{
    added::{Added, Finder, Part},
    bonds::Bonds,
    breaks::Breaks,
    characters::Characters,
    classes::Classes,
    memory::{Key, LONGEST, Memory},
    merge::Buffers,
    merges::Merges,
    shape::Shape,
};
use super::{document::Document, vocabulary::Vocabulary};
use std::sync::{Mutex, PoisonError};

/// A loaded vocabulary of byte-level BPE.
pub(super) struct ByteLevel {
    shape: Shape,
    classes: &'static Classes,
    added: Added,
    merges: Merges,
    bonds: Bonds,
    breaks: Breaks,
    characters: Characters,
    scratch: Mutex<Vec<Scratch>>,
}

/// What one thread encodes with.
#[derive(Default)]
struct Scratch {
    memory: Memory,
    buffers: Buffers,
    composed: String,
}

impl ByteLevel {
    /// `None` if the configuration is not one of those that this engine is tested on.
    pub(super) fn load(document: &Document, vocabulary: &Vocabulary) -> Option<Self> {
        let shape = Shape::of(document)?;
        let model = &document.model;
        // Merging is by id: each token must have its own, and one only.
        let mut is_taken = vec![false; model.vocab.len()];
        let takes_own = |(_, id): &(_, u32)| {
            is_taken.get_mut(*id as usize).is_some_and(|is_taken| !std::mem::replace(is_taken, true))
        };
        if vocabulary.model_len() != model.vocab.len() || !model.vocab.iter().all(takes_own) {
            return None;
        }
        let added = Added::new(&document.added_tokens, vocabulary, shape.nfc)?;
        let merges = Merges::new(&model.merges, vocabulary)?;
        let (mut bytes, mut ends) = (Vec::new(), Vec::new());
        for id in merges.all_made() {
            alphabet::append_bytes(vocabulary.spelling(*id)?, &mut bytes);
            ends.push(bytes.len());
        }
        let starts = std::iter::once(0).chain(ends.iter().copied());
        let tokens: Vec<&[u8]> = starts.zip(&ends).map(|(start, end)| &bytes[start..*end]).collect();
        let characters = Characters::new(&model.merges, &merges, &tokens);
        let bonds = Bonds::new(&tokens);
        let breaks = Breaks::new(document.added_tokens.iter().map(|token| token.content.as_str()));
        let scratch = Mutex::default();
        Some(Self { shape, classes: Classes::get(), added, merges, bonds, breaks, characters, scratch })
    }

    /// The first place at or after `from` where the ids of `text` are those of its parts, if one is near.
    pub(super) fn break_after(&self, text: &str, from: usize) -> Option<usize> {
        self.breaks.after(self.classes, text, from)
    }

    /// The last place at or before `from` where the ids of `text` are those of its parts, if one is near.
    pub(super) fn break_before(&self, text: &str, from: usize) -> Option<usize> {
        self.breaks.before(self.classes, text, from)
    }

    /// Appends the ids of `text`.
    pub(super) fn encode(&self, text: &str, special: bool, vocabulary: &Vocabulary, ids: &mut Vec<u32>) {
        let free = self.scratch.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let mut scratch = free.unwrap_or_default();
        split(self.added.raw.as_ref(), text, special, |part| match part {
            Part::Token(id) => ids.push(id),
            Part::Text(text) => self.encode_text(text, special, vocabulary, &mut scratch, ids),
        });
        self.scratch.lock().unwrap_or_else(PoisonError::into_inner).push(scratch);
    }

    fn encode_text(
        &self,
        text: &str,
        special: bool,
        vocabulary: &Vocabulary,
        scratch: &mut Scratch,
        ids: &mut Vec<u32>,
    ) {
        let mut composed = std::mem::take(&mut scratch.composed);
        let is_composed = self.shape.nfc && compose::compose(self.classes, text, &mut composed);
        let text = if is_composed { &composed } else { text };
        split(self.added.normalized.as_ref(), text, special, |part| match part {
            Part::Token(id) => ids.push(id),
            Part::Text(text) => {
                let (bytes, mut start) = (text.as_bytes(), 0);
                while start < bytes.len() {
                    let end = self.shape.words.end(self.classes, bytes, start);
                    self.encode_word(text, start, end, vocabulary, scratch, ids);
                    start = end;
                }
            }
        });
        scratch.composed = composed;
    }

    fn encode_word(
        &self,
        text: &str,
        start: usize,
        end: usize,
        vocabulary: &Vocabulary,
        scratch: &mut Scratch,
        ids: &mut Vec<u32>,
    ) {
        if !self.shape.whole_words {
            return self.encode_pieces(text.as_bytes(), start, end, scratch, ids);
        }
        let key = (end - start <= LONGEST).then(|| Key::new(text.as_bytes(), start, end).as_word());
        if key.is_some_and(|key| scratch.memory.recall(key, ids)) {
            return;
        }
        let from = ids.len();
        let spelling: String =
            text.as_bytes()[start..end].iter().map(|byte| alphabet::CHARACTERS[usize::from(*byte)]).collect();
        match vocabulary.model_id_of(&spelling) {
            Some(id) => ids.push(id),
            None => self.encode_pieces(text.as_bytes(), start, end, scratch, ids),
        }
        if let Some(key) = key {
            scratch.memory.store(key, &ids[from..]);
        }
    }

    /// Encodes a word, cut where no token spans two characters.
    fn encode_pieces(&self, text: &[u8], start: usize, end: usize, scratch: &mut Scratch, ids: &mut Vec<u32>) {
        let (mut left, length) = utf8::decode(text, start);
        // A short English word, which would not fall apart.
        if end - start <= LONGEST && text[end - 1].is_ascii() && text[start].is_ascii() {
            return self.encode_piece(text, start, end, scratch, ids);
        }
        let (mut from, mut at) = (start, start + length);
        let mut is_single = true;
        while at < end {
            let (right, length) = utf8::decode(text, at);
            if self.bonds.join(text, at, left, right) {
                is_single = false;
            } else {
                self.encode_cut(text, from, at, left, is_single, scratch, ids);
                (from, is_single) = (at, true);
            }
            left = right;
            at += length;
        }
        self.encode_cut(text, from, end, left, is_single, scratch, ids);
    }

    #[allow(clippy::too_many_arguments, reason = "the innermost loop, in two functions")]
    #[inline]
    fn encode_cut(
        &self,
        text: &[u8],
        start: usize,
        end: usize,
        character: u32,
        is_single: bool,
        scratch: &mut Scratch,
        ids: &mut Vec<u32>,
    ) {
        if is_single && let Some(id) = self.characters.single(character) {
            ids.push(id);
        } else {
            self.encode_piece(text, start, end, scratch, ids);
        }
    }

    fn encode_piece(&self, text: &[u8], start: usize, end: usize, scratch: &mut Scratch, ids: &mut Vec<u32>) {
        if end - start > LONGEST {
            return self.merges.merge(&text[start..end], &self.characters, &mut scratch.buffers, ids);
        }
        let key = Key::new(text, start, end);
        if !scratch.memory.recall(key, ids) {
            let from = ids.len();
            self.merges.merge(&text[start..end], &self.characters, &mut scratch.buffers, ids);
            scratch.memory.store(key, &ids[from..]);
        }
    }

    /// The text of `ids`; bytes that are not UTF-8 become U+FFFD, ids without a token vanish.
    pub(super) fn bytes_of(spelling: &str) -> Vec<u8> {
        let mut bytes = Vec::new();
        alphabet::append_bytes(spelling, &mut bytes);
        bytes
    }

    pub(super) fn decode(ids: &[u32], vocabulary: &Vocabulary) -> String {
        let mut bytes = Vec::with_capacity(ids.len() * 4);
        for spelling in ids.iter().filter_map(|id| vocabulary.spelling(*id)) {
            alphabet::append_bytes(spelling, &mut bytes);
        }
        String::from_utf8(bytes).unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned())
    }
}

fn split<'a>(finder: Option<&Finder>, text: &'a str, special: bool, mut take: impl FnMut(Part<'a>)) {
    match finder {
        Some(finder) => finder.split(text, special, take),
        None => take(Part::Text(text)),
    }
}
