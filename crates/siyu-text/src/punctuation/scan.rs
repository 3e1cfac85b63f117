//! Tells by bytes alone, most of the time, that a text needs nothing.
//!
//! The loops over a block are free of branches, so that the compiler turns them into vector instructions.

#![allow(
    clippy::needless_bitwise_bool,
    clippy::inline_always,
    reason = "the scan is branch-free so that it vectorizes"
)]

use super::Style;
use crate::scan::{Sign, find, within};

/// Bytes looked at together.
const BLOCK: usize = 64;

/// The first place in `from..to` where a text has what narrowing to a style changes, or a neighbour of it.
pub(super) fn next_wide(bytes: &[u8], from: usize, to: usize, style: Style) -> Option<usize> {
    match style {
        Style::Halfwidth => find::<BLOCK>(bytes, from, to, |a, b, c, _| has_counterpart(a, b, c)),
        Style::Alphanumeric | Style::Fullwidth => {
            find::<BLOCK>(bytes, from, to, |a, b, c, _| is_wide_alphanumeric(a, b, c))
        }
    }
}

/// Places where something may begin that is no prose, or where a mark stands that full width may change; a host that
/// begins with `www` is found by its first full stop. A few other signs are among them, which saves comparisons.
pub(super) struct OpeningOrMark;

impl Sign for OpeningOrMark {
    #[inline(always)]
    fn shows(_: u8, byte: u8, _: u8) -> bool {
        within(byte, b'!', b'"')
            | (byte == b'$')
            | within(byte, b'&', b')')
            | within(byte, b',', b'.')
            | within(byte, b':', b'@')
            | within(byte, b'[', b'`')
            | within(byte, b'{', b'~')
    }
}

/// The bytes that [`is_doubtful`] or [`may_span_lines`] may say yes to, and some others.
pub(super) struct Suspect;

impl Sign for Suspect {
    #[inline(always)]
    fn shows(before: u8, byte: u8, after: u8) -> bool {
        let is_word = within(after | 0x20, b'a', b'z') | within(after, b'0', b'9');
        let dash = (byte == b'-') & ((after == b'-') & (before != b'-') | (before == b'\\'));
        (byte == b'!') & (after != b'[')
            | (byte == b'"')
            | (byte == b'$')
            | within(byte, b'\'', b')')
            | (byte == b',')
            | ((byte == b'[') | (byte == b'.') & (before < 0x80)) & !is_word
            | (byte == b'.') & (before >= 0x80)
            | (byte == b':') & (after != b'/')
            | within(byte, b';', b'<')
            | (byte == b'?')
            | (byte == b'\\')
            | (byte == b'`')
            | within(byte, b'{', b'~')
            | dash
    }
}

/// Whether a span may begin at `at` that goes on beyond its line.
pub(super) fn may_span_lines(bytes: &[u8], at: usize) -> bool {
    let next = bytes.get(at + 1).copied().unwrap_or(b'\n');
    match bytes[at] {
        b'`' => true,
        b'~' => next == b'~',
        // White space may come before what makes it JSON, some of it beyond ASCII.
        b'{' | b'[' => matches!(next, b'"' | b'{' | b'[' | 0xC2 | 0xE1..=0xE3) || next <= b' ',
        b'<' => next.is_ascii_alphabetic() || matches!(next, b'/' | b'!' | b'?'),
        b'$' => next == b'$',
        b'\\' => matches!(next, b'(' | b'[' | b'b'),
        _ => false,
    }
}

/// The first place at or after `from` where Chinese may stand, ideographs or kana; marks of full width look like it.
pub(super) fn next_han(bytes: &[u8], from: usize) -> Option<usize> {
    // E3 to E9 begin kana and the basic block, EF compatibility ideographs, F0 the extensions.
    find::<BLOCK>(bytes, from, bytes.len(), |a, _, _, _| within(a, 0xE3, 0xE9) | (a >= 0xEF))
}

/// The first place in `from..to` where a quotation mark or parenthesis may stand.
pub(super) fn next_pair_mark(bytes: &[u8], from: usize, to: usize) -> Option<usize> {
    find::<BLOCK>(bytes, from, to, |a, b, c, _| {
        (a == b'"') | within(a, b'\'', b')') | (a == 0xEF) & (b == 0xBC) & within(c, 0x88, 0x89)
    })
}

/// The first place in `from..to` where a mark stands that full width may change by itself.
pub(super) fn next_mark(bytes: &[u8], from: usize, to: usize) -> Option<usize> {
    find::<BLOCK>(bytes, from, to, |a, _, _, _| {
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
const MARKS: [bool; 256] = table(b"!\"'(),-.:;?~");
/// Marks of an address in a link's target.
const ADDRESS_MARKS: [bool; 256] = table(b"-._~:/?#@!&*+,;=%");

const fn table(bytes: &[u8]) -> [bool; 256] {
    let (mut table, mut at) = ([false; 256], 0);
    while at < bytes.len() {
        table[bytes[at] as usize] = true;
        at += 1;
    }
    table
}

/// Whether a mark among Chinese may change, by what stands right beside it; never wrongly no, but that of a run of
/// dashes or dots only one place is told. Other bytes are no marks.
#[inline]
pub(super) fn is_doubtful(bytes: &[u8], at: usize) -> bool {
    let mark = bytes[at];
    if !MARKS[usize::from(mark)] {
        return false;
    }
    let byte = |at: Option<usize>| at.and_then(|at| bytes.get(at)).copied().unwrap_or(b'\n');
    let (last, next) = (byte(at.checked_sub(1)), byte(Some(at + 1)));
    let is_behind_escape = byte(at.checked_sub(2)) == b'\\';
    match mark {
        b'(' | b')' | b'"' => return true,
        // An apostrophe.
        b'\'' => return !(last.is_ascii_alphanumeric() && next.is_ascii_alphanumeric()),
        b'~' => return !last.is_ascii() && !next.is_ascii(),
        // A run begins anew behind an escaped mark.
        b'-' if last == b'\\' => return true,
        b'-' if last == b'-' => return is_behind_escape,
        b'-' => return next == b'-' && !bytes[at..].starts_with(b"----"),
        b'.' if next == b'.' => return last == b'\\' || byte(Some(at + 2)) == b'.',
        b'.' if last == b'.' => return is_behind_escape,
        b'.' if next.is_ascii_lowercase() || next.is_ascii_digit() || matches!(next, b'/' | b'\\') => return false,
        b'.' if last.is_ascii_whitespace() || matches!(last, b'/' | b'\\') => return false,
        b'.' if last.is_ascii() && next.is_ascii_uppercase() => return false,
        b':' if last == b':' || matches!(next, b':' | b'/' | b'\\' | b'=') => return false,
        b'!' if matches!(next, b'[' | b'=') => return false,
        _ => {}
    }
    let beyond = if next == b' ' { byte(Some(at + 2)) } else { next };
    // A number before Chinese counts an item. These bytes begin ideographs only.
    if mark == b'.' && last.is_ascii_digit() && matches!(beyond, 0xE4..=0xE9) {
        return false;
    }
    // A mark between what is no Chinese stays. What may end a tag, a link or an escape is looked past.
    let is_sign = matches!(last, b'/' | b'%' | b'+' | b'=' | b'#') && !is_behind_escape;
    !((last.is_ascii_alphanumeric() || is_sign) && beyond.is_ascii_alphanumeric())
}

/// Where the parenthesis closes that opens a link's target at `at`, if all in it is an address in ASCII: then neither
/// changes, be the target protected or not.
pub(super) fn link_end(bytes: &[u8], at: usize) -> Option<usize> {
    if bytes[at] != b'(' || bytes.get(at.checked_sub(1)?) != Some(&b']') {
        return None;
    }
    let is_address = |byte: u8| byte.is_ascii_alphanumeric() || ADDRESS_MARKS[usize::from(byte)];
    let length = bytes[at + 1..].iter().position(|&byte| !is_address(byte))?;
    (bytes[at + 1 + length] == b')').then_some(at + 1 + length)
}

#[cfg(test)]
mod tests {
    use super::{Style, next_han, next_wide};

    fn may_change(bytes: &[u8], style: Style) -> bool {
        next_wide(bytes, 0, bytes.len(), style).is_some() || style == Style::Fullwidth && next_han(bytes, 0).is_some()
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
