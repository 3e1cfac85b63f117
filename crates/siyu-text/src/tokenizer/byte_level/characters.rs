//! Tokens of single characters.

use super::{
    alphabet,
    merges::{Merges, NONE},
    utf8,
};
use crate::tokenizer::document::Merge;
use std::collections::HashMap;

/// Characters below this are in the table.
const CODES: usize = 0x1_0000;

/// Set in the table for a character that merging always makes one token before it looks across its borders.
const CLOSED: u32 = 1 << 31;

/// Tokens by code point.
pub(super) struct Characters(Vec<u32>);

impl Characters {
    /// From the merges as the file lists them and as a table, and the bytes of the tokens that they make.
    pub(super) fn new(listed: &[Merge], merges: &Merges, tokens: &[&[u8]]) -> Self {
        let mut table = vec![NONE; CODES];
        for (byte, entry) in (0..0x80).zip(&mut table) {
            *entry = merges.of_byte(byte) | CLOSED;
        }
        let borders = merges.are_ordered().then(|| Borders::new(listed));
        let mut ids = Vec::new();
        for token in tokens.iter().filter(|token| (2..=3).contains(&token.len())) {
            let is_character = str::from_utf8(token).is_ok_and(|text| text.chars().count() == 1);
            ids.clear();
            merges.merge_bytes(token, &mut ids);
            if let ([id], true) = (ids.as_slice(), is_character) {
                let is_closed = borders.as_ref().is_some_and(|borders| borders.close(merges, token));
                table[utf8::decode(token, 0).0 as usize] = id | if is_closed { CLOSED } else { 0 };
            }
        }
        Self(table)
    }

    /// The token that merging makes of the character alone, if it is one.
    #[inline]
    pub(super) fn single(&self, code: u32) -> Option<u32> {
        self.0.get(code as usize).filter(|entry| **entry != NONE).map(|entry| entry & !CLOSED)
    }

    /// The token of a character with which merging may start instead of with its bytes.
    #[inline]
    pub(super) fn closed(&self, code: u32) -> Option<u32> {
        self.0.get(code as usize).filter(|entry| **entry != NONE && *entry & CLOSED != 0).map(|entry| entry & !CLOSED)
    }
}

/// The least ranks of merges across the border between two characters, of which one is incomplete.
///
/// # Why
/// Merging goes by rank. So a character becomes one token before it meets its neighbours if no part at its start or end
/// has a merge across the border that comes before the one inside the character. And where all merges come after those
/// that make their parts, starting with the finished token changes nothing: whatever is done with it comes later.
struct Borders {
    /// By the bytes at a character's end.
    ends: HashMap<Vec<u8>, u32>,
    /// By the bytes at a character's start.
    starts: HashMap<Vec<u8>, u32>,
}

impl Borders {
    fn new(merges: &[Merge]) -> Self {
        let (mut ends, mut starts) = (HashMap::new(), HashMap::new());
        let (mut before, mut after) = (Vec::new(), Vec::new());
        for ((left, right), rank) in merges.iter().filter_map(Merge::parts).zip(0..) {
            before.clear();
            after.clear();
            before.extend(left.chars().filter_map(alphabet::byte));
            after.extend(right.chars().filter_map(alphabet::byte));
            let follows = |byte: &u8| byte & 0xC0 == 0x80;
            if after.first().is_none_or(follows) {
                continue;
            }
            if before.iter().all(follows) {
                ends.entry(before.clone()).or_insert(rank);
            }
            if !after[0].is_ascii() && after.len() < 4 && str::from_utf8(&after).is_err() {
                starts.entry(after.clone()).or_insert(rank);
            }
        }
        Self { ends, starts }
    }

    /// Whether a character of two or three bytes is whole before it meets its neighbours.
    fn close(&self, merges: &Merges, character: &[u8]) -> bool {
        let later =
            |ranks: &HashMap<Vec<u8>, u32>, part: &[u8], rank: u32| ranks.get(part).is_none_or(|across| *across > rank);
        let token = |at: usize| merges.of_byte(character[at]);
        let first = merges.rank(token(0), token(1));
        if let [start, end] = character {
            return later(&self.starts, &[*start], first) && later(&self.ends, &[*end], first);
        }
        let second = merges.rank(token(1), token(2));
        // Each part is there until it becomes part of a larger one.
        if first < second {
            let last = merges.rank(merges.made(first), token(2));
            later(&self.starts, &character[..1], first)
                && later(&self.starts, &character[..2], last)
                && later(&self.ends, &character[2..], last)
        } else {
            let last = merges.rank(token(0), merges.made(second));
            later(&self.ends, &character[2..], second)
                && later(&self.ends, &character[1..], last)
                && later(&self.starts, &character[..1], last)
        }
    }
}
