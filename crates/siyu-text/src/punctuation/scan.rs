//! Tells by bytes alone, most of the time, that a text needs nothing.
//!
//! The loops over a block are free of branches, so that the compiler turns them into vector instructions.

#![allow(
    clippy::needless_bitwise_bool,
    clippy::inline_always,
    reason = "the scan is branch-free so that it vectorizes"
)]

use super::Style;

const BLOCK: usize = 64;

/// Whether a style may change a text; sometimes wrongly yes, never wrongly no.
pub(super) fn may_change(bytes: &[u8], style: Style) -> bool {
    match style {
        Style::Alphanumeric => any(bytes, is_wide_alphanumeric, |_| true),
        Style::Halfwidth => any(bytes, has_counterpart, |_| true),
        Style::Fullwidth => {
            any(bytes, |a, b, c| is_wide_alphanumeric(a, b, c) | is_mark(a, b, c), |at| is_doubtful(bytes, at))
        }
    }
}

/// Whether `suspect` finds a place, by a byte and the two after it, that `confirm` does not clear.
#[inline(always)]
fn any(bytes: &[u8], suspect: impl Fn(u8, u8, u8) -> bool, confirm: impl Fn(usize) -> bool) -> bool {
    let mut from = 0;
    while let Some(window) = bytes.get(from..from + BLOCK + 2) {
        let (first, second, third) = (&window[..BLOCK], &window[1..=BLOCK], &window[2..]);
        let mut found = 0_u8;
        for at in 0..BLOCK {
            found |= u8::from(suspect(first[at], second[at], third[at]));
        }
        if found != 0 && (0..BLOCK).any(|at| suspect(first[at], second[at], third[at]) && confirm(from + at)) {
            return true;
        }
        from += BLOCK;
    }
    let byte = |at| bytes.get(at).copied().unwrap_or(0);
    (from..bytes.len()).any(|at| suspect(byte(at), byte(at + 1), byte(at + 2)) && confirm(at))
}

#[inline(always)]
fn within(byte: u8, low: u8, high: u8) -> bool {
    byte.wrapping_sub(low) <= high - low
}

/// U+3000, and full-width digits and letters.
#[inline(always)]
fn is_wide_alphanumeric(a: u8, b: u8, c: u8) -> bool {
    let space = (a == 0xE3) & (b == 0x80) & (c == 0x80);
    let upper = (b == 0xBC) & (within(c, 0x90, 0x99) | within(c, 0xA1, 0xBA));
    let lower = (b == 0xBD) & within(c, 0x81, 0x9A);
    space | (a == 0xEF) & (upper | lower)
}

/// Characters that become ASCII in half width, and a few of their neighbours.
#[inline(always)]
fn has_counterpart(a: u8, b: u8, c: u8) -> bool {
    let general = (a == 0xE2) & (b == 0x80) & within(c, 0x94, 0xA6);
    let kana = (a == 0xE3) & (b == 0x80) & within(c, 0x80, 0x9F);
    general | kana | (a == 0xEF) & within(b, 0xBC, 0xBD)
}

/// ASCII marks that full width may change.
#[inline(always)]
fn is_mark(a: u8, _: u8, _: u8) -> bool {
    within(a, b'!', b'"')
        | within(a, b'\'', b')')
        | within(a, b',', b'.')
        | within(a, b':', b';')
        | (a == b'?')
        | (a == b'~')
}

/// Bytes looked at on either side of a mark.
const NEAR: usize = 200;

/// Whether a suspected place may change: a full-width character, or a mark with Chinese in reach.
fn is_doubtful(bytes: &[u8], at: usize) -> bool {
    let mark = bytes[at];
    if !mark.is_ascii() {
        return true;
    }
    let (before, after) = (&bytes[..at], &bytes[at + 1..]);
    let (last, next) = (before.last().copied().unwrap_or(b'\n'), after.first().copied().unwrap_or(b'\n'));
    // Between ASCII letters and digits nothing ever changes but parentheses and quotes.
    if !matches!(mark, b'(' | b')' | b'"' | b'\'') && last.is_ascii_alphanumeric() && next.is_ascii_alphanumeric() {
        return false;
    }
    if matches!(mark, b'-' | b'~') && last != mark && next != mark && (last.is_ascii() || next.is_ascii()) {
        return false;
    }
    let line_end = |byte: &u8| *byte == b'\n';
    let wide = |byte: &u8| *byte >= 0xE2;
    let left = before.iter().rev().take_while(|byte| !line_end(byte)).take(NEAR).any(wide);
    left || after.iter().take_while(|byte| !line_end(byte)).take(NEAR).any(wide)
}

#[cfg(test)]
mod tests {
    use super::{Style, may_change};

    #[test]
    fn clean_text_is_told_by_its_bytes() {
        let chinese = "第一条 为了规范“口岸”开放，价格 1,000 元（含税）；见《条例》……——\n".repeat(9);
        assert!(!may_change(chinese.as_bytes(), Style::Alphanumeric));
        let english = "It's 12:30, e.g. \"hello, world.\" (See v1.2.3.)\n".repeat(9);
        for style in [Style::Alphanumeric, Style::Halfwidth, Style::Fullwidth] {
            assert!(!may_change(english.as_bytes(), style));
        }
    }

    #[test]
    fn every_character_that_changes_is_suspected() {
        for code in 0x2000..0x1_0000 {
            let Some(letter) = char::from_u32(code) else { continue };
            for style in [Style::Alphanumeric, Style::Halfwidth] {
                let text = letter.to_string();
                assert!(may_change(text.as_bytes(), style) || super::super::normalize(&text, style) == text);
            }
        }
    }
}
