//! Tells by bytes alone, most of the time, that a text needs nothing.
//!
//! The loops over a block are free of branches, so that the compiler turns them into vector instructions.

#![allow(
    clippy::needless_bitwise_bool,
    clippy::inline_always,
    reason = "the scan is branch-free so that it vectorizes"
)]

use super::Style;
use crate::scan::{Hits, find, within};

/// Bytes looked at together.
const BLOCK: usize = 64;

/// The first place in `from..to` where a text has what narrowing to a style changes, or a neighbour of it.
pub(super) fn next_wide(bytes: &[u8], from: usize, to: usize, style: Style) -> Option<usize> {
    match style {
        Style::Halfwidth => find::<BLOCK>(bytes, from, to, has_counterpart),
        Style::Alphanumeric | Style::Fullwidth => find::<BLOCK>(bytes, from, to, is_wide_alphanumeric),
    }
}

/// Places where something may begin that is no prose, or where a mark stands that full width may change; a host that
/// begins with `www` is found by its first full stop. A few other signs are among them, which saves comparisons.
pub(super) fn openings_and_marks(bytes: &[u8]) -> Hits<'_, impl Fn(u8) -> bool + Copy> {
    Hits::new(bytes, |a| {
        within(a, b'!', b'"')
            | (a == b'$')
            | within(a, b'&', b')')
            | within(a, b',', b'.')
            | within(a, b':', b'@')
            | within(a, b'[', b'`')
            | within(a, b'{', b'~')
    })
}

/// Whether a text may have Chinese, ideographs and kana; marks of full width look like it.
pub(super) fn may_have_han(bytes: &[u8]) -> bool {
    // E3 to E9 begin kana and the basic block, EF compatibility ideographs, F0 the extensions.
    let is_lead = |byte: u8| within(byte, 0xE3, 0xE9) | (byte >= 0xEF);
    bytes.chunks(BLOCK).any(|block| block.iter().fold(false, |found, &byte| found | is_lead(byte)))
}

/// The first place in `from..to` where a quotation mark or parenthesis may stand.
pub(super) fn next_pair_mark(bytes: &[u8], from: usize, to: usize) -> Option<usize> {
    find::<BLOCK>(bytes, from, to, |a, b, c| {
        (a == b'"') | within(a, b'\'', b')') | (a == 0xEF) & (b == 0xBC) & within(c, 0x88, 0x89)
    })
}

/// The first place in `from..to` where a mark stands that full width may change by itself.
pub(super) fn next_mark(bytes: &[u8], from: usize, to: usize) -> Option<usize> {
    find::<BLOCK>(bytes, from, to, |a, _, _| {
        within(a, b',', b'.') | within(a, b':', b';') | (a == b'!') | (a == b'?') | (a == b'~')
    })
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
const MARKS: [bool; 256] = {
    let mut marks = [false; 256];
    let (all, mut at) = (b"!\"'(),-.:;?~", 0);
    while at < all.len() {
        marks[all[at] as usize] = true;
        at += 1;
    }
    marks
};

/// Whether a mark among Chinese may change, by what stands right beside it; never wrongly no. Other bytes are no marks.
#[inline]
pub(super) fn is_doubtful(bytes: &[u8], at: usize) -> bool {
    let mark = bytes[at];
    if !MARKS[usize::from(mark)] {
        return false;
    }
    let byte = |at: Option<usize>| at.and_then(|at| bytes.get(at)).copied().unwrap_or(b'\n');
    let (last, next) = (byte(at.checked_sub(1)), byte(Some(at + 1)));
    match mark {
        b'(' | b')' | b'"' => return true,
        // An apostrophe.
        b'\'' => return !(last.is_ascii_alphanumeric() && next.is_ascii_alphanumeric()),
        b'-' | b'~' if last != mark && next != mark => return !last.is_ascii() && !next.is_ascii(),
        b':' if last == b':' || matches!(next, b':' | b'/' | b'\\' | b'=') => return false,
        b'.' if next != b'.' && last.is_ascii_whitespace() => return false,
        _ => {}
    }
    // A mark between what is no Chinese stays. What may end a tag, a link or an escape is looked past.
    let is_escaped = byte(at.checked_sub(2)) == b'\\';
    let other_left = last.is_ascii_alphanumeric() || matches!(last, b'/' | b'%' | b'+' | b'=' | b'#') && !is_escaped;
    let beyond = if next == b' ' { byte(Some(at + 2)) } else { next };
    !(other_left && beyond.is_ascii_alphanumeric())
}

#[cfg(test)]
mod tests {
    use super::{Style, may_have_han, next_wide};

    fn may_change(bytes: &[u8], style: Style) -> bool {
        next_wide(bytes, 0, bytes.len(), style).is_some() || style == Style::Fullwidth && may_have_han(bytes)
    }

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
