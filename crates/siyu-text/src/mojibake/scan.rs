//! Tells by bytes alone where a text may be garbled.

#![allow(
    clippy::needless_bitwise_bool,
    clippy::inline_always,
    reason = "the scan is branch-free so that it vectorizes"
)]

use super::gbk;

const BLOCK: usize = 64;

/// The first place at or after `from` that garbled text may have.
pub(super) fn suspect(text: &str, mut from: usize) -> Option<usize> {
    let bytes = text.as_bytes();
    let byte = |at: usize| bytes.get(at).copied().unwrap_or(b'\n');
    while from < bytes.len() {
        let end = bytes.len().min(from + BLOCK);
        let is_found = |at: usize| is_suspect(byte(at), byte(at + 1), byte(at + 2), byte(at + 3));
        let mut found = 0_u8;
        if let Some(window) = bytes.get(from..from + BLOCK + 3) {
            for at in 0..BLOCK {
                found |= u8::from(is_suspect(window[at], window[at + 1], window[at + 2], window[at + 3]));
            }
        } else {
            found = 1;
        }
        let latin = if found == 0 { None } else { (from..end).find(|&at| is_found(at)) };
        if let Some(at) = latin.into_iter().chain(gbk_between(bytes, from, end)).min() {
            return Some(at);
        }
        from = end;
    }
    None
}

/// The first character in a part of a text that UTF-8 read as GBK may begin with.
fn gbk_between(bytes: &[u8], mut from: usize, end: usize) -> Option<usize> {
    while from < end {
        match bytes[from] {
            0xE5..=0xE9 if gbk::may_begin_at(bytes, from) => return Some(from),
            0xE0..=0xEF => from += 3,
            _ => from += 1,
        }
    }
    None
}

/// Two characters of an alphabet or its symbols in a row, the first of which may have been the first byte of UTF-8; a
/// lone control character.
#[inline(always)]
fn is_suspect(a: u8, b: u8, c: u8, d: u8) -> bool {
    let control = (a == 0xC2) & (b < 0xA0);
    let alphabet = within(a, 0xC2, 0xD2) & (c >= 0xC2);
    // Â, Ã and Å before a space, composed or not.
    let spaced = ((a == 0xC3) & within(b, 0x82, 0x85) | (a == 0xCC) & within(b, 0x82, 0x8A)) & (c == b' ');
    // ‚ and „ are U+201A and U+201E, √ U+221A, ┬ and ├ U+252C and U+251C, ≈ U+2248: lead bytes of Mac Roman and code page 437.
    let symbol = (a == 0xE2)
        & ((b == 0x80) & ((c == 0x9A) | (c == 0x9E))
            | (b == 0x88) & (c == 0x9A)
            | (b == 0x89) & (c == 0x88)
            | (b == 0x94))
        & within(d, 0xC2, 0xE3);
    // What normalizing takes away or composes: a control after a letter, a mark on one, letterlike signs.
    let is_taken = (c < 0x20) & !within(c, b'\t', b'\r') | (c == 0x7F);
    let hidden = within(a, 0xC2, 0xD2) & (is_taken | (c >= b' ') & within(d, 0xCC, 0xCD));
    let letterlike = (a == 0xE2) & (b == 0x84) & (c >= 0xA6)
        | (a == 0xEF) & (b == 0xBF) & within(c, 0xA0, 0xA6)
        | (a == 0xF0) & (b == 0x9D);
    control | alphabet | spaced | symbol | hidden | letterlike
}

#[inline(always)]
fn within(byte: u8, low: u8, high: u8) -> bool {
    byte.wrapping_sub(low) <= high - low
}
