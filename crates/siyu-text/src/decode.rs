//! Bytes of any encoding to text.
//!
//! Files say what they are in four ways, believed in this order: a byte order mark; a declaration inside the file, as
//! long as the bytes do not contradict it; being valid UTF-8, which other encodings hardly ever are by accident; and
//! the statistics of their bytes. This module reads no files and never fails on a document: bytes that fit no
//! character become U+FFFD and are counted.

mod guess;
mod prescan;

use std::borrow::Cow;

use encoding_rs::{DecoderResult, Encoding, GB18030, UTF_8, UTF_16BE, UTF_16LE};

/// How a text's encoding was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Evidence {
    /// The file starts with a byte order mark.
    ByteOrderMark,
    /// An HTML `meta` or XML declaration says so, and the bytes do not contradict it.
    Declared,
    /// The bytes are valid UTF-8.
    Valid,
    /// The bytes look like it; on short texts this can be wrong.
    Guessed,
    /// The caller named it.
    Named,
}

/// An encoding and the reason to believe in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Detected {
    /// The encoding to decode with.
    pub encoding: &'static Encoding,
    /// How it was found.
    pub evidence: Evidence,
    /// Length of the byte order mark that [`decode`] will remove.
    pub bom_bytes: usize,
}

/// A label that names no encoding.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{label}` is not a WHATWG encoding label; common ones are utf-8, gb18030, gbk, big5, utf-16le, utf-16be, shift_jis, euc-jp, euc-kr, windows-1252"
)]
pub struct UnknownEncoding {
    label: String,
}

/// Finds the encoding of `sample`, the first bytes of a file; `whole` says that they are the entire file.
///
/// With `markup`, an HTML `meta` or XML declaration is looked for. Text of ASCII alone is UTF-8. GB2312 and GBK are
/// answered as GB18030, which contains both.
pub fn detect(sample: &[u8], whole: bool, markup: bool) -> Detected {
    if let Some((encoding, bom_bytes)) = byte_order_mark(sample) {
        return Detected { encoding, evidence: Evidence::ByteOrderMark, bom_bytes };
    }
    let found = |encoding, evidence| Detected { encoding, evidence, bom_bytes: 0 };
    if markup
        && let Some(declared) = prescan::declaration(sample)
        && !guess::contradicts(sample, whole, declared)
    {
        return found(declared, Evidence::Declared);
    }
    if let Some(encoding) = guess::utf16(sample) {
        return found(encoding, Evidence::Guessed);
    }
    match guess::utf8(sample, whole) {
        guess::Utf8::Valid => found(UTF_8, Evidence::Valid),
        guess::Utf8::Damaged => found(UTF_8, Evidence::Guessed),
        guess::Utf8::Not => found(guess::legacy(sample, whole), Evidence::Guessed),
    }
}

/// The encoding of a WHATWG label, with GB2312 and GBK read as GB18030, which contains both.
///
/// # Errors
/// [`UnknownEncoding`] if the label names no encoding, or one that the standard refuses to decode.
pub fn named(label: &str) -> Result<&'static Encoding, UnknownEncoding> {
    Encoding::for_label_no_replacement(label.as_bytes())
        .map(widened)
        .ok_or_else(|| UnknownEncoding { label: label.to_owned() })
}

/// Decodes all of `bytes`, without their byte order mark; also returns how many malformed sequences became U+FFFD.
pub fn decode<'a>(bytes: &'a [u8], encoding: &'static Encoding) -> (Cow<'a, str>, u64) {
    let bytes = match byte_order_mark(bytes) {
        Some((marked, length)) if marked == widened(encoding) => bytes.split_at(length).1,
        _ => bytes,
    };
    if let Some(text) = encoding.decode_without_bom_handling_and_without_replacement(bytes) {
        return (text, 0);
    }
    let mut decoder = encoding.new_decoder_without_bom_handling();
    let mut text = String::with_capacity(bytes.len() + bytes.len() / 2 + 16);
    let mut rest = bytes;
    let mut malformed = 0;
    loop {
        let (result, read) = decoder.decode_to_string_without_replacement(rest, &mut text, true);
        rest = rest.split_at(read).1;
        match result {
            DecoderResult::InputEmpty => return (Cow::Owned(text), malformed),
            DecoderResult::OutputFull => text.reserve(rest.len() + rest.len() / 2 + 16),
            DecoderResult::Malformed(..) => {
                malformed += 1;
                text.push(char::REPLACEMENT_CHARACTER);
            }
        }
    }
}

/// The encoding that a byte order mark announces, and the mark's length.
fn byte_order_mark(bytes: &[u8]) -> Option<(&'static Encoding, usize)> {
    match bytes {
        [0xEF, 0xBB, 0xBF, ..] => Some((UTF_8, 3)),
        [0xFE, 0xFF, ..] => Some((UTF_16BE, 2)),
        [0xFF, 0xFE, ..] => Some((UTF_16LE, 2)),
        [0x84, 0x31, 0x95, 0x33, ..] => Some((GB18030, 4)),
        _ => None,
    }
}

/// GB2312 and GBK are subsets of GB18030, and files labelled with them often hold characters beyond them.
fn widened(encoding: &'static Encoding) -> &'static Encoding {
    if encoding == encoding_rs::GBK { GB18030 } else { encoding }
}

#[cfg(test)]
mod tests;
