//! Which two tokens become one, and which pair goes first.

use super::alphabet;
use crate::tokenizer::{document::Merge, vocabulary::Vocabulary};

/// No token, no rank.
pub(super) const NONE: u32 = u32::MAX;

/// Ids are below this, so that a table entry and an entry of the memory of words hold them.
const IDS: u32 = 1 << 20;

const RANK_BITS: u32 = 24;
const RANKS: u64 = (1 << RANK_BITS) - 1;
const EMPTY: u64 = u64::MAX;

/// An odd number with evenly spread bits.
const SPREAD: u64 = 0x9E37_79B9_7F4A_7C15;

/// A hash table of ranks by pair: one word each, the pair in the upper bits.
pub(super) struct Merges {
    slots: Vec<u64>,
    shift: u32,
    /// Bits by hash, set for the pairs in the table: most pairs asked for are not, and the bits stay in a nearer cache.
    filter: Vec<u64>,
    filter_shift: u32,
    /// The token of rank 0, if the tokens made have consecutive ids.
    first_made: Option<u32>,
    /// The token that a merge makes, by rank.
    made: Vec<u32>,
    /// The token of each byte.
    bytes: [u32; 256],
    /// Whether every merge comes after those that make its parts.
    is_ordered: bool,
}

impl Merges {
    /// `None` if a byte has no token, a merge is not of tokens, or there are more than the table holds.
    pub(super) fn new(merges: &[Merge], vocabulary: &Vocabulary) -> Option<Self> {
        let id_of = |token: &str| vocabulary.model_id_of(token).filter(|id| *id < IDS - 1);
        let mut bytes = [0; 256];
        for (id, character) in bytes.iter_mut().zip(alphabet::CHARACTERS) {
            *id = id_of(character.encode_utf8(&mut [0; 4]))?;
        }
        let size = (merges.len() * 3 / 2).next_power_of_two().max(16);
        let bits = (merges.len() * 8).next_power_of_two().max(64);
        if merges.len() as u64 >= RANKS {
            return None;
        }
        let made = Vec::with_capacity(merges.len());
        let mut table = Self {
            slots: vec![EMPTY; size],
            shift: 64 - size.trailing_zeros(),
            filter: vec![0; bits / 64],
            filter_shift: 64 - bits.trailing_zeros(),
            first_made: None,
            made,
            bytes,
            is_ordered: true,
        };
        let (mut joined, mut pairs) = (String::new(), Vec::with_capacity(merges.len()));
        for (merge, rank) in merges.iter().zip(0..) {
            let (left, right) = merge.parts()?;
            joined.clear();
            joined.push_str(left);
            joined.push_str(right);
            let (left, right) = (id_of(left)?, id_of(right)?);
            table.insert(left, right, rank);
            // Tokens usually have the order of the merges that make them.
            let next = table.made.last().map_or(NONE, |last| last + 1);
            let is_next = next < IDS - 1 && vocabulary.is_model_token(next, &joined);
            table.made.push(if is_next { next } else { id_of(&joined)? });
            pairs.push((left, right));
        }
        let first = table.made.first().copied();
        table.first_made = first.filter(|first| table.made.iter().zip(*first..).all(|(made, id)| *made == id));
        // The first rank at which all ways to make a token are past.
        let mut past = vec![0; vocabulary.size()];
        for (id, rank) in table.made.iter().zip(1..) {
            past[*id as usize] = rank;
        }
        table.is_ordered = pairs
            .iter()
            .zip(0_u32..)
            .all(|((left, right), rank)| past[*left as usize].max(past[*right as usize]) <= rank);
        Some(table)
    }

    /// A pair that is listed twice has its later rank.
    fn insert(&mut self, left: u32, right: u32, rank: u64) {
        let key = key(left, right);
        let (word, bit) = self.filter_bit(key);
        self.filter[word] |= bit;
        let mut slot = self.first_slot(key);
        while self.slots[slot] != EMPTY && self.slots[slot] >> RANK_BITS != key {
            slot = (slot + 1) & (self.slots.len() - 1);
        }
        self.slots[slot] = key << RANK_BITS | rank;
    }

    #[allow(clippy::cast_possible_truncation, reason = "the shift leaves as many bits as the table's size has")]
    fn first_slot(&self, key: u64) -> usize {
        (key.wrapping_mul(SPREAD) >> self.shift) as usize
    }

    #[allow(clippy::cast_possible_truncation, reason = "the shift leaves as many bits as the filter has")]
    fn filter_bit(&self, key: u64) -> (usize, u64) {
        let bit = key.wrapping_mul(SPREAD) >> self.filter_shift;
        ((bit >> 6) as usize, 1 << (bit & 63))
    }

    /// The rank of the merge of two tokens, or [`NONE`].
    #[inline]
    pub(super) fn rank(&self, left: u32, right: u32) -> u32 {
        let key = key(left, right);
        let (word, bit) = self.filter_bit(key);
        if self.filter[word] & bit == 0 {
            return NONE;
        }
        let mut slot = self.first_slot(key);
        loop {
            let entry = self.slots[slot];
            if entry >> RANK_BITS == key {
                return (entry & RANKS) as u32;
            }
            if entry == EMPTY {
                return NONE;
            }
            slot = (slot + 1) & (self.slots.len() - 1);
        }
    }

    /// The token that the merge of this rank makes.
    pub(super) fn made(&self, rank: u32) -> u32 {
        match self.first_made {
            Some(first) => first + rank,
            None => self.made[rank as usize],
        }
    }

    /// All tokens that merges make.
    pub(super) fn all_made(&self) -> &[u32] {
        &self.made
    }

    /// Whether every merge comes after all those that make its parts.
    pub(super) fn are_ordered(&self) -> bool {
        self.is_ordered
    }

    /// The token of a byte.
    pub(super) fn of_byte(&self, byte: u8) -> u32 {
        self.bytes[usize::from(byte)]
    }
}

fn key(left: u32, right: u32) -> u64 {
    u64::from(left) << 20 | u64::from(right)
}
