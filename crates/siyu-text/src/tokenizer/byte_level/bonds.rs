//! Which neighbouring characters can share a token.
//!
//! A token that spans the border between two characters contains them both, or the end of the one and the start of the
//! other. Where no token does, the text can be cut before it is encoded: most of Chinese falls apart into pieces of one
//! or two characters.

use super::utf8;

/// An odd number with evenly spread bits.
const SPREAD: u64 = 0x9E37_79B9_7F4A_7C15;

/// Pairs of characters inside tokens. It may say yes of others, as pairs share bits.
pub(super) struct Bonds {
    /// Bits by the hash of two whole characters.
    whole: Vec<u64>,
    shift: u32,
    /// Bits by the last byte of the one and the first of the other, for tokens that hold only part of either.
    part: Vec<u64>,
}

impl Bonds {
    /// From the bytes of all tokens that merges make.
    pub(super) fn new(tokens: &[&[u8]]) -> Self {
        let (mut whole, mut part) = (Vec::new(), vec![0; 1 << 10]);
        for token in tokens {
            for border in (1..token.len()).filter(|at| token[*at] & 0xC0 != 0x80) {
                if let (Some(left), Some(right)) = (last(&token[..border]), first(&token[border..])) {
                    whole.push((left, right));
                } else {
                    let (word, bit) = part_bit(token[border - 1], token[border]);
                    part[word] |= bit;
                }
            }
        }
        whole.sort_unstable();
        whole.dedup();
        let bits = (whole.len() * 16).next_power_of_two().max(64);
        let mut bonds = Self { whole: vec![0; bits / 64], shift: 64 - bits.trailing_zeros(), part };
        for (left, right) in whole {
            let (word, bit) = bonds.whole_bit(left, right);
            bonds.whole[word] |= bit;
        }
        bonds
    }

    /// Whether a token may span the border at `border`, between the characters `left` and `right`.
    #[inline]
    pub(super) fn join(&self, text: &[u8], border: usize, left: u32, right: u32) -> bool {
        let (word, bit) = self.whole_bit(left, right);
        if self.whole[word] & bit != 0 {
            return true;
        }
        let (word, bit) = part_bit(text[border - 1], text[border]);
        self.part[word] & bit != 0
    }

    #[allow(clippy::cast_possible_truncation, reason = "the shift leaves as many bits as the table's size has")]
    #[inline]
    fn whole_bit(&self, left: u32, right: u32) -> (usize, u64) {
        let hash = (u64::from(left) << 21 | u64::from(right)).wrapping_mul(SPREAD) >> self.shift;
        ((hash >> 6) as usize, 1 << (hash & 63))
    }
}

#[inline]
fn part_bit(last: u8, first: u8) -> (usize, u64) {
    (usize::from(last) << 2 | usize::from(first) >> 6, 1 << (first & 63))
}

/// The character with which `bytes` start, if it is whole.
fn first(bytes: &[u8]) -> Option<u32> {
    let length = (1..=bytes.len().min(4)).find(|length| str::from_utf8(&bytes[..*length]).is_ok())?;
    Some(utf8::decode(&bytes[..length], 0).0)
}

/// The character with which `bytes` end, if it is whole.
fn last(bytes: &[u8]) -> Option<u32> {
    let start = bytes.iter().rposition(|byte| byte & 0xC0 != 0x80)?;
    str::from_utf8(&bytes[start..]).ok().map(|_| utf8::decode(bytes, start).0)
}
