//! The pass over bytes that skips what is of no interest, block by block.
//!
//! The loop over a block is free of branches, so that the compiler turns it into vector instructions.

#![allow(clippy::inline_always, reason = "the scan vectorizes only where the test of a byte is part of it")]

use crate::work;
use std::marker::PhantomData;

/// What is looked for by a byte and the three after it.
pub(crate) trait Suspect {
    /// Whether it is at any place of a window but its last three bytes.
    fn is_in(&self, window: &[u8]) -> bool;
    fn is_at(&self, four: [u8; 4]) -> bool;
}

impl<F: Fn(u8, u8, u8, u8) -> bool> Suspect for F {
    #[inline(always)]
    fn is_in(&self, window: &[u8]) -> bool {
        let mut found = 0_u8;
        for four in fours(window) {
            found |= u8::from(self.is_at(four));
        }
        found != 0
    }

    #[inline(always)]
    fn is_at(&self, [a, b, c, d]: [u8; 4]) -> bool {
        self(a, b, c, d)
    }
}

/// Two tests for places of ASCII, the first a cheap one that all of them pass, and one for other places. Most blocks of
/// Chinese hold none of the first kind and those of English none of the other: then one test is enough.
pub(crate) struct Either<G, A, W> {
    pub(crate) gate: G,
    pub(crate) ascii: A,
    pub(crate) wide: W,
}

impl<G, A, W> Suspect for Either<G, A, W>
where
    G: Fn(u8, u8) -> bool,
    A: Fn(u8, u8, u8, u8) -> bool,
    W: Fn(u8, u8, u8, u8) -> bool,
{
    #[inline(always)]
    fn is_in(&self, window: &[u8]) -> bool {
        let (mut passed, mut any) = (0_u8, 0_u8);
        for [byte, next, ..] in fours(window) {
            passed |= u8::from((self.gate)(byte, next));
            any |= byte;
        }
        passed != 0 && self.ascii.is_in(window) || any >= 0x80 && self.wide.is_in(window)
    }

    #[inline(always)]
    fn is_at(&self, [a, b, c, d]: [u8; 4]) -> bool {
        (self.ascii)(a, b, c, d) | (self.wide)(a, b, c, d)
    }
}

/// Each byte of a window with the three after it, as far as there are so many.
#[inline(always)]
fn fours(window: &[u8]) -> impl Iterator<Item = [u8; 4]> {
    let count = window.len() - 3;
    let (first, second) = (&window[..count], &window[1..=count]);
    let (third, fourth) = (&window[2..count + 2], &window[3..count + 3]);
    (0..count).map(move |at| [first[at], second[at], third[at], fourth[at]])
}

/// The first place in `from..to` that is suspect.
#[inline(always)]
#[expect(clippy::needless_pass_by_value, reason = "callers write a closure in place")]
pub(crate) fn find<const BLOCK: usize>(bytes: &[u8], from: usize, to: usize, suspect: impl Suspect) -> Option<usize> {
    #[cfg(target_arch = "x86_64")]
    if std::arch::is_x86_feature_detected!("avx2") {
        #[target_feature(enable = "avx2")]
        fn wider<const BLOCK: usize>(bytes: &[u8], from: usize, to: usize, suspect: &impl Suspect) -> Option<usize> {
            walk::<BLOCK>(bytes, from, to, suspect)
        }
        // SAFETY: this processor has the instructions.
        #[expect(unsafe_code, reason = "instructions beyond the least that the target has")]
        return unsafe { wider::<BLOCK>(bytes, from, to, &suspect) };
    }
    walk::<BLOCK>(bytes, from, to, &suspect)
}

#[inline(always)]
fn walk<const BLOCK: usize>(bytes: &[u8], mut from: usize, to: usize, suspect: &impl Suspect) -> Option<usize> {
    // The last bytes and line feeds behind them; many texts are hardly longer than a block.
    let mut last = [b'\n'; 2 * WORD];
    while from < to {
        work::add(BLOCK);
        let end = to.min(from + BLOCK);
        let window = bytes.get(from..from + BLOCK + 3).unwrap_or_else(|| {
            let rest = bytes.get(from..).unwrap_or_default();
            last[..rest.len()].copy_from_slice(rest);
            &last[..BLOCK + 3]
        });
        if suspect.is_in(window) {
            // Where it is, by vector instructions again: a look at byte after byte costs more than many blocks.
            let mut flags = [0_u8; BLOCK];
            for (flag, four) in flags.iter_mut().zip(fours(window)) {
                *flag = u8::from(suspect.is_at(four));
            }
            let at = from + flags.iter().position(|&flag| flag != 0).unwrap_or(BLOCK);
            if at < end {
                return Some(at);
            }
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
pub(crate) const WORD: usize = 64;
/// Bytes tested together: as many as the widest registers hold that are used.
const LANES: usize = 32;

/// What is looked for by a byte and its neighbours; beyond the ends of a text there are line feeds.
pub(crate) trait Sign {
    fn shows(before: u8, byte: u8, after: u8) -> bool;
}

/// The places of a sign, where many are asked for: each block is tested once.
pub(crate) struct Hits<'a, S> {
    bytes: &'a [u8],
    block: usize,
    mask: u64,
    sign: PhantomData<S>,
}

impl<'a, S: Sign> Hits<'a, S> {
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        let mut hits = Self { bytes, block: 0, mask: 0, sign: PhantomData };
        hits.mask = hits.tested();
        hits
    }

    /// The first place in `from..to`; `from` never falls.
    #[inline]
    pub(crate) fn next(&mut self, from: usize, to: usize) -> Option<usize> {
        if from >= self.block + WORD {
            self.block = from;
            self.mask = self.tested();
        }
        self.mask &= u64::MAX << from.saturating_sub(self.block);
        while self.mask == 0 {
            if self.block + WORD >= to.min(self.bytes.len()) {
                return None;
            }
            self.block += WORD;
            self.mask = self.tested();
        }
        Some(self.block + self.mask.trailing_zeros() as usize).filter(|&at| at < to)
    }

    /// One bit for each byte of the block.
    fn tested(&self) -> u64 {
        mask_at::<S>(self.bytes, self.block)
    }
}

/// One bit for each of the [`WORD`] bytes from `from` on, as far as there are so many.
pub(crate) fn mask_at<S: Sign>(bytes: &[u8], from: usize) -> u64 {
    work::add(WORD);
    let before = from.checked_sub(1);
    if let Some(window) = before.and_then(|before| bytes.get(before..)?.first_chunk()) {
        return tested::<S>(window);
    }
    let mut window = [b'\n'; WORD + 2];
    let known = bytes.get(before.unwrap_or(0)..).unwrap_or_default();
    for (byte, &known) in window.iter_mut().skip(usize::from(before.is_none())).zip(known) {
        *byte = known;
    }
    let beyond = bytes.len().saturating_sub(from);
    let is_there = if beyond < WORD { (1 << beyond) - 1 } else { u64::MAX };
    tested::<S>(&window) & is_there
}

/// One bit for each byte but the first and the last.
fn tested<S: Sign>(window: &[u8; WORD + 2]) -> u64 {
    #[cfg(target_arch = "x86_64")]
    if std::arch::is_x86_feature_detected!("avx2") {
        #[target_feature(enable = "avx2")]
        fn wider<S: Sign>(window: &[u8; WORD + 2]) -> u64 {
            mask::<S>(window)
        }
        // SAFETY: this processor has the instructions.
        #[expect(unsafe_code, reason = "instructions beyond the least that the target has")]
        return unsafe { wider::<S>(window) };
    }
    mask::<S>(window)
}

#[inline(always)]
fn mask<S: Sign>(window: &[u8; WORD + 2]) -> u64 {
    let mut mask = 0;
    for group in 0..WORD / LANES {
        let mut flags = [0_u8; LANES];
        for (lane, flag) in flags.iter_mut().enumerate() {
            let at = LANES * group + lane;
            *flag = u8::from(S::shows(window[at], window[at + 1], window[at + 2]));
        }
        let (eights, _) = flags.as_chunks::<8>();
        for (eight, flags) in eights.iter().enumerate() {
            // The product gathers the lowest bits of eight bytes in the uppermost byte, the first one lowest.
            let bits = u64::from_le_bytes(*flags).wrapping_mul(0x0102_0408_1020_4080) >> 56;
            mask |= bits << (LANES * group + 8 * eight);
        }
    }
    mask
}

#[cfg(test)]
mod tests {
    use super::{Hits, Sign};
    use proptest::prelude::*;

    struct NotBehindB;

    impl Sign for NotBehindB {
        fn shows(before: u8, byte: u8, after: u8) -> bool {
            before != b'b' && byte == b'a' && after != b'c'
        }
    }

    proptest! {
        #[test]
        fn every_hit_is_found_in_order(text in "[abc ]{0,300}", steps in prop::collection::vec((0_usize..90, 0_usize..200), 0..40)) {
            let letters: Vec<char> = text.chars().collect();
            let is_hit = |at: usize| {
                letters[at] == 'a' && (at == 0 || letters[at - 1] != 'b') && letters.get(at + 1) != Some(&'c')
            };
            let mut hits = Hits::<NotBehindB>::new(text.as_bytes());
            let mut from = 0;
            for (step, ahead) in steps {
                let to = from + ahead;
                let expected = (from..text.len().min(to)).find(|&at| is_hit(at));
                prop_assert_eq!(hits.next(from, to), expected);
                from += step;
            }
        }
    }
}
