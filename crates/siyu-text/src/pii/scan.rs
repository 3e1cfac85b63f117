//! The one pass over the bytes that finds where a validator has to look.
//!
//! The loops over a block are free of branches, so that the compiler turns them into vector instructions.

#![allow(
    clippy::needless_bitwise_bool,
    clippy::inline_always,
    reason = "the scan is branch-free so that it vectorizes"
)]

use crate::scan::{Either, find, within};

/// What stands at a stop of the scan.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Trigger {
    Digit,
    At,
    Colon,
    Equals,
    Dash,
    Dot,
}

/// Bytes looked at together.
const BLOCK: usize = 32;

/// The first trigger at or after `from`, with its offset.
pub(super) fn next(bytes: &[u8], mut from: usize) -> Option<(usize, Trigger)> {
    loop {
        let at = find::<BLOCK>(bytes, from, bytes.len(), |a, b, c, _| is_suspect(a, b, c))?;
        if let Some(trigger) = trigger(bytes, at) {
            return Some((at, trigger));
        }
        from = at + 1;
    }
}

/// Whether a trigger may begin: in ASCII, or in its full-width form.
#[inline(always)]
fn is_suspect(a: u8, b: u8, c: u8) -> bool {
    let ascii = within(a, b'-', b'.') | within(a, b'0', b':') | (a == b'=') | (a == b'@');
    ascii | (a == 0xEF) & (b == 0xBC) & within(c, 0x90, 0xA0)
}

/// The first place at or after `from` where one of the words that `account` knows may begin.
pub(super) fn next_anchor(bytes: &[u8], from: usize) -> Option<usize> {
    find::<BLOCK>(
        bytes,
        from,
        bytes.len(),
        Either { gate: begins_anchor, ascii: may_anchor_ascii, wide: may_anchor_wide },
    )
}

/// Whether one of the words that `account` knows may begin with a letter or sign of ASCII, by its first two bytes: few
/// blocks hold such a pair.
#[inline(always)]
fn begins_anchor(a: u8, b: u8) -> bool {
    let [la, lb] = [a | 0x20, b | 0x20];
    let at = ((a == b'(') | (la == b'{') | (a == b'<')) & (lb == b'a');
    let label = ((la == b'w') & ((lb == b'e') | (lb == b'x'))) | ((la == b'v') & ((lb == b'x') | (b == 0xE4)));
    let secret = ((la == b'p') & (b == b'a')) | ((a == b'B') & ((b == b'e') | (b == b'a')));
    at | label | secret | ((a == b' ') & (lb == b'd'))
}

/// Whether one of the words that `account` knows may begin with a letter or sign of ASCII, by its first four bytes.
#[inline(always)]
fn may_anchor_ascii(a: u8, b: u8, c: u8, d: u8) -> bool {
    let [la, lb, lc] = [a | 0x20, b | 0x20, c | 0x20];
    let at = (lb == b'a') & (lc == b't') & ((a == b'(') | (la == b'{') | (a == b'<'));
    let latin = ((la == b'w') & (lb == b'e') & ((lc == b'c') | (lc == b'i')))
        | ((la == b'v') & (lb == b'x'))
        | ((la == b'w') & (lb == b'x') & ((lc == b'i') | (c == b':') | (c >= 0x80)))
        | ((a == b'B') & ((b == b'e') | (b == b'a')) & ((c == b'a') | (c == b's')))
        | ((la == b'p') & (b == b'a') & (c == b's') & (d == b's'))
        | ((a == b' ') & (lb == b'd') & (lc == b'o') & ((d | 0x20) == b't'));
    // v信.
    let slang = (la == b'v') & (b == 0xE4) & (c == 0xBF);
    at | latin | slang
}

/// The same for words that begin with a wider character.
#[inline(always)]
fn may_anchor_wide(a: u8, b: u8, c: u8, d: u8) -> bool {
    // A full-width bracket stands in every statute: only before `at`.
    let wide_at = (((a == 0xEF) & (b == 0xBC) & (c == 0x88)) | ((a == 0xE3) & (b == 0x80) & (c == 0x90))) & (d == b'a');
    // 密码, 口令, 微信 and 微 信, 徽信, 威信, 加v and 加微; 薇信; ➕. The fourth byte spares many stops at 加.
    let wechat =
        ((b == 0x8F) & (c == 0xA3)) | ((b == 0xBE) & ((c == 0xAE) | (c == 0xBD))) | ((b == 0xA8) & (c == 0x81));
    let han = (a == 0xE5)
        & ((wechat & ((d == 0xE4) | (d == b' ')))
            | ((b == 0xAF) & (c == 0x86) & (d == 0xE7))
            | ((b == 0x8A) & (c == 0xA0) & ((d == 0xE5) | ((d | 0x20) == b'v'))));
    let slang = ((a == 0xE2) & (b == 0x9E) & (c == 0x95)) | ((a == 0xE8) & (b == 0x96) & (c == 0x87) & (d == 0xE4));
    // The century of a year in Chinese numerals, 一九, 二〇, 二○ or 二零, from the last byte of its first sign on.
    let century = ((c == 0xB9) & (d == 0x9D))
        | ((c == 0x80) & (d == 0x87))
        | ((c == 0x97) & (d == 0x8B))
        | ((c == 0x9B) & (d == 0xB6));
    let year = ((a == 0x80) | (a == 0x8C)) & century;
    wide_at | han | slang | year
}

fn trigger(bytes: &[u8], at: usize) -> Option<Trigger> {
    match bytes[at] {
        b'0'..=b'9' => Some(Trigger::Digit),
        b'@' => Some(Trigger::At),
        b':' => Some(Trigger::Colon),
        b'=' => Some(Trigger::Equals),
        b'-' => Some(Trigger::Dash),
        b'.' => Some(Trigger::Dot),
        0xEF if bytes.get(at + 1) == Some(&0xBC) => match bytes.get(at + 2)? {
            0x90..=0x99 => Some(Trigger::Digit),
            0x9A => Some(Trigger::Colon),
            0x9D => Some(Trigger::Equals),
            0xA0 => Some(Trigger::At),
            _ => None,
        },
        _ => None,
    }
}
