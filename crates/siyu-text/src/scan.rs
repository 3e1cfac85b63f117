//! The pass over bytes that skips what is of no interest, block by block.
//!
//! The loop over a block is free of branches, so that the compiler turns it into vector instructions.

#![allow(clippy::inline_always, reason = "the scan vectorizes only where the test of a byte is part of it")]

use crate::work;

/// The first place in `from..to` that `suspect` tells by its byte and the two after it.
#[inline(always)]
pub(crate) fn find<const BLOCK: usize>(
    bytes: &[u8],
    mut from: usize,
    to: usize,
    suspect: impl Fn(u8, u8, u8) -> bool,
) -> Option<usize> {
    let byte = |at| bytes.get(at).copied().unwrap_or(0);
    while from < to {
        work::add(BLOCK);
        let end = to.min(from + BLOCK);
        if let Some(window) = bytes.get(from..from + BLOCK + 2) {
            let (first, second, third) = (&window[..BLOCK], &window[1..=BLOCK], &window[2..]);
            let mut found = 0_u8;
            for at in 0..BLOCK {
                found |= u8::from(suspect(first[at], second[at], third[at]));
            }
            if found == 0 {
                from = end;
                continue;
            }
        }
        if let Some(at) = (from..end).find(|&at| suspect(byte(at), byte(at + 1), byte(at + 2))) {
            return Some(at);
        }
        from = end;
    }
    None
}

/// Whether a byte lies between two others, these included.
#[inline(always)]
pub(crate) fn within(byte: u8, low: u8, high: u8) -> bool {
    byte.wrapping_sub(low) <= high - low
}

/// Bytes of which [`Hits`] holds one bit each.
const WORD: usize = 64;

/// The places that a test tells by a byte, where many are asked for: each block is tested once.
#[derive(Clone, Copy)]
pub(crate) struct Hits<'a, F> {
    bytes: &'a [u8],
    test: F,
    block: usize,
    mask: u64,
}

impl<'a, F: Fn(u8) -> bool> Hits<'a, F> {
    pub(crate) fn new(bytes: &'a [u8], test: F) -> Self {
        let mut hits = Self { bytes, test, block: 0, mask: 0 };
        hits.mask = hits.tested(0);
        hits
    }

    /// The first place at or after `from`, which never falls.
    #[inline]
    pub(crate) fn at_or_after(&mut self, from: usize) -> Option<usize> {
        if from >= self.block + WORD {
            self.block = from;
            self.mask = self.tested(from);
        }
        self.mask &= u64::MAX << from.saturating_sub(self.block);
        while self.mask == 0 {
            self.block += WORD;
            if self.block >= self.bytes.len() {
                return None;
            }
            self.mask = self.tested(self.block);
        }
        Some(self.block + self.mask.trailing_zeros() as usize)
    }

    /// One bit for each byte from `from` on.
    #[inline(always)]
    fn tested(&self, from: usize) -> u64 {
        work::add(WORD);
        let mut flags = [0_u8; WORD];
        if let Some(block) = self.bytes.get(from..from + WORD) {
            let mut found = 0;
            for (flag, &byte) in flags.iter_mut().zip(block) {
                *flag = u8::from((self.test)(byte));
                found |= *flag;
            }
            if found == 0 {
                return 0;
            }
        } else {
            for (flag, &byte) in flags.iter_mut().zip(self.bytes.get(from..).unwrap_or_default()) {
                *flag = u8::from((self.test)(byte));
            }
        }
        // The product gathers the lowest bits of eight bytes in the uppermost byte, the first one lowest.
        let (eights, _) = flags.as_chunks::<8>();
        eights
            .iter()
            .rev()
            .fold(0, |mask, eight| mask << 8 | u64::from_le_bytes(*eight).wrapping_mul(0x0102_0408_1020_4080) >> 56)
    }
}

#[cfg(test)]
mod tests {
    use super::Hits;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn every_hit_is_found_in_order(text in "[ab ]{0,300}", steps in prop::collection::vec(0_usize..90, 0..40)) {
            let is_hit = |at: usize| text.as_bytes()[at] == b'a';
            let mut hits = Hits::new(text.as_bytes(), |byte| byte == b'a');
            let mut from = 0;
            for step in steps {
                let expected = (from..text.len()).find(|&at| is_hit(at));
                prop_assert_eq!(hits.at_or_after(from), expected);
                from += step;
            }
        }
    }
}
