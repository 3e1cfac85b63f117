//! Tells by bytes alone where a text may be garbled.

#![allow(
    clippy::needless_bitwise_bool,
    clippy::inline_always,
    reason = "the scan is branch-free so that it vectorizes"
)]

use super::gbk;
use crate::scan::{Sign, WORD, find, mask_at, within};

const BLOCK: usize = 64;

/// The places that garbled text may have; each byte is looked at once.
pub(super) struct Suspects<'a> {
    bytes: &'a [u8],
    /// The next place by two alphabets, and by GBK; behind the end where there is none.
    latin: usize,
    chinese: usize,
}

impl<'a> Suspects<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        let bytes = text.as_bytes();
        Self { bytes, latin: next_latin(bytes, 0), chinese: next_chinese(bytes, 0) }
    }

    /// The first place at or after `from`, which never falls.
    pub(super) fn next(&mut self, from: usize) -> Option<usize> {
        if self.latin < from {
            self.latin = next_latin(self.bytes, from);
        }
        if self.chinese < from {
            self.chinese = next_chinese(self.bytes, from);
        }
        Some(self.latin.min(self.chinese)).filter(|&at| at < self.bytes.len())
    }
}

fn next_latin(bytes: &[u8], from: usize) -> usize {
    find::<BLOCK>(bytes, from, bytes.len(), is_suspect).unwrap_or(bytes.len())
}

/// The first byte of most Chinese characters.
struct Ideograph;

impl Sign for Ideograph {
    #[inline(always)]
    fn shows(_: u8, byte: u8, _: u8) -> bool {
        within(byte, 0xE5, 0xE9)
    }
}

/// The next character that UTF-8 read as GBK may begin with. All of a block are looked up without a branch between.
fn next_chinese(bytes: &[u8], mut from: usize) -> usize {
    let first = gbk::first();
    while from < bytes.len() {
        let mask = mask_at::<Ideograph>(bytes, from);
        let (mut rest, mut found) = (mask, 0);
        while rest != 0 {
            found |= first.begins_at(bytes, from + rest.trailing_zeros() as usize);
            rest &= rest - 1;
        }
        if found != 0 {
            let at = (from..bytes.len().min(from + WORD)).filter(|at| mask >> (at - from) & 1 == 1);
            let mut at = at;
            return at.find(|&at| first.begins_at(bytes, at) != 0).unwrap_or(bytes.len());
        }
        from += WORD;
    }
    bytes.len()
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
    // What normalizing takes away or composes: a control after a letter, a mark on one, letterlike signs, letters
    // above a line and Greek accents.
    let is_taken = (c < 0x20) & !within(c, b'\t', b'\r') | (c == 0x7F);
    let hidden = within(a, 0xC2, 0xD2) & (is_taken | (c >= b' ') & within(d, 0xCC, 0xCD));
    let letterlike = (a == 0xE2) & (b == 0x84) & (c >= 0xA6)
        | (a == 0xEF) & (b == 0xBF) & within(c, 0xA0, 0xA6)
        | (a == 0xE1) & ((b >= 0xBD) | within(b, 0xB4, 0xB6) | (b == 0xBA) & (c == 0x9A))
        | (a == 0xE2) & (b == 0x82) & (c == 0x94)
        | (a == 0xEA) & ((b == 0x9A) & within(c, 0x9C, 0x9D) | (b == 0x9F) & (c >= 0xB2) | (b == 0xAD) & (c >= 0x9C))
        | (a == 0xF0) & ((b == 0x9D) | (b == 0x90) & (c == 0x9E) | (b == 0x9E) & within(c, 0x80, 0x81));
    control | alphabet | spaced | symbol | hidden | letterlike
}
