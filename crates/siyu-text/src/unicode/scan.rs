//! Finds the blocks of a text that may need work, by its bytes alone.
//!
//! Each test looks at one byte and the two after it, without branches, so that the compiler turns the loop over a
//! block into vector instructions.

#![allow(
    clippy::needless_bitwise_bool,
    clippy::inline_always,
    reason = "the scan is branch-free so that it vectorizes"
)]

use super::Form;

/// Bytes judged at once.
pub(super) const BLOCK: usize = 64;

/// The start of the first block at or after `from` with a character that may need work, or where whole blocks end.
pub(super) fn skip_plain_blocks(bytes: &[u8], from: usize, form: Form) -> usize {
    match form {
        Form::Nfkc => skip(bytes, from, may_need_nfkc),
        Form::Nfc | Form::None => skip(bytes, from, may_need_nfc),
    }
}

/// The start of the first block at or after `from` with a character that may stand for something lost.
pub(super) fn skip_blocks_without_odd(bytes: &[u8], from: usize) -> usize {
    skip(bytes, from, |a, b, c| {
        let basic = (a == 0xEE) | (a == 0xEF) & ((b <= 0xA3) | (b == 0xB7) | (b == 0xBF));
        basic | (a >= 0xF3) | (a >= 0xF0) & (b & 0x0F == 0x0F) & (c == 0xBF)
    })
}

#[inline(always)]
fn skip(bytes: &[u8], mut from: usize, suspect: impl Fn(u8, u8, u8) -> bool) -> usize {
    while let Some(window) = bytes.get(from..from + BLOCK + 2) {
        let (first, second, third) = (&window[..BLOCK], &window[1..=BLOCK], &window[2..]);
        let mut found = 0_u8;
        for at in 0..BLOCK {
            found |= u8::from(suspect(first[at], second[at], third[at]));
        }
        if found != 0 {
            break;
        }
        from += BLOCK;
    }
    from
}

#[inline(always)]
fn within(byte: u8, low: u8, high: u8) -> bool {
    byte.wrapping_sub(low) <= high - low
}

#[inline(always)]
fn is_control(byte: u8) -> bool {
    (byte < 0x20) & (byte != b'\n') & (byte != b'\t') | (byte == 0x7F)
}

/// Whether a character that starts at `a` may not be plain in [`Form::Nfc`]; too often yes, never wrongly no.
#[inline(always)]
fn may_need_nfc(a: u8, b: u8, c: u8) -> bool {
    let latin = (a == 0xC2) & ((b <= 0xA0) | (b == 0xAD)) | within(a, 0xCC, 0xCD) | (a == 0xCE) & (b == 0x87);
    let scripts = within(a, 0xD2, 0xE1) | (a == 0xEA) | (a == 0xED);
    let quotes = (b == 0x80) & within(c, 0x90, 0xA7);
    let symbols = (a == 0xE2) & !(quotes | within(b, 0x85, 0x8B) | within(b, 0x8D, 0xA7));
    let kana = (a == 0xE3) & ((b == 0x80) & (c >= 0xAA) | (b == 0x82) & (c >= 0x99) | (b == 0x85));
    let forms = (a == 0xEF) & !((b <= 0xA3) | within(b, 0xBC, 0xBD));
    let supplementary = (a >= 0xF0) & !((a == 0xF0) & ((b == 0x9F) | within(b, 0xA0, 0xAE)));
    is_control(a) | latin | scripts | symbols | kana | forms | supplementary
}

/// The same for [`Form::Nfkc`].
#[inline(always)]
fn may_need_nfkc(a: u8, b: u8, c: u8) -> bool {
    let latin = (a == 0xC2) | within(a, 0xC4, 0xCF);
    let scripts = within(a, 0xD2, 0xE1) | (a == 0xEA) | (a == 0xED);
    let quotes = (b == 0x80) & (within(c, 0x92, 0x96) | within(c, 0x98, 0xA3));
    let symbols = (a == 0xE2) & !(quotes | within(b, 0x94, 0x9C));
    let kana = (a == 0xE3) & !((b == 0x80) & within(c, 0x81, 0xA9) | (b == 0x81) | (b >= 0x90));
    let supplementary =
        (a >= 0xEF) & !((a == 0xF0) & ((b == 0x9F) & !within(c, 0x84, 0x89) & (c != 0xAF) | within(b, 0xA0, 0xAE)));
    is_control(a) | latin | scripts | symbols | kana | supplementary
}

#[cfg(test)]
mod tests {
    use super::super::plain::is_plain;
    use super::{Form, may_need_nfc, may_need_nfkc};

    #[test]
    fn every_character_that_is_not_plain_is_suspected() {
        for character in '\0'..=char::MAX {
            let mut bytes = [0; 4];
            character.encode_utf8(&mut bytes);
            let [a, b, c, _] = bytes;
            assert!(is_plain(character, Form::Nfc) || may_need_nfc(a, b, c), "{character:?} in NFC");
            assert!(is_plain(character, Form::None) || may_need_nfc(a, b, c), "{character:?} without a form");
            assert!(is_plain(character, Form::Nfkc) || may_need_nfkc(a, b, c), "{character:?} in NFKC");
        }
    }

    #[test]
    fn chinese_prose_is_not_suspected() {
        for character in "一二三，。；：？！（）“”‘’《》【】、…—·ａＺ９㈠あ\u{3000}\n\tAz9".chars()
        {
            let mut bytes = [0; 4];
            character.encode_utf8(&mut bytes);
            let [a, b, c, _] = bytes;
            assert!(!may_need_nfc(a, b, c), "{character:?}");
        }
    }
}
