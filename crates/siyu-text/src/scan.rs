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
