//! Comma- and tab-separated cells with quotes as in RFC 4180.
//!
//! A record whose quotes do not follow the standard is damaged up to the end of its first line and no further.

use std::borrow::Cow;

use memchr::{memchr, memchr2};

use super::Limits;
use super::borders::{Span, Verdict, line};

/// The first record of `bytes`.
pub(super) fn first(bytes: &[u8], delimiter: u8, ended: bool, limits: &Limits) -> Option<Span> {
    let mut at = 0;
    loop {
        match memchr2(b'"', b'\n', bytes.split_at(at).1) {
            Some(found) if bytes[at + found] == b'"' => {
                let quote = at + found;
                let opens = quote == 0 || bytes[quote - 1] == delimiter;
                at = if opens { closing(bytes, quote + 1, delimiter, ended, limits)? } else { quote + 1 };
                if at == UNCLOSED {
                    return damaged(bytes, ended);
                }
            }
            Some(found) => return Some(record(bytes, at + found, at + found + 1)),
            None if ended => return Some(record(bytes, bytes.len(), bytes.len())),
            None => return None,
        }
    }
}

/// Says that a quoted cell does not end as it must.
const UNCLOSED: usize = usize::MAX;

/// The byte behind the quote that closes a cell, or [`UNCLOSED`]; nothing when more bytes are needed to tell.
fn closing(bytes: &[u8], start: usize, delimiter: u8, ended: bool, limits: &Limits) -> Option<usize> {
    let mut at = start;
    loop {
        let quote = match memchr(b'"', bytes.split_at(at).1) {
            Some(found) if at + found <= limits.quoted => at + found,
            None if !ended && bytes.len() <= limits.quoted => return None,
            _ => return Some(UNCLOSED),
        };
        return match bytes.split_at(quote + 1).1 {
            [b'"', ..] => {
                at = quote + 2;
                continue;
            }
            [] | [b'\r'] if !ended => None,
            [] | [b'\r' | b'\n'] | [b'\r', b'\n', ..] | [b'\n', ..] => Some(quote + 1),
            [next, ..] if *next == delimiter => Some(quote + 1),
            _ => Some(UNCLOSED),
        };
    }
}

fn damaged(bytes: &[u8], ended: bool) -> Option<Span> {
    let span = line(bytes, ended)?;
    Some(Span {
        verdict: Verdict::Damaged("a quote in this line is not closed before a delimiter or line end"),
        ..span
    })
}

fn record(bytes: &[u8], end: usize, next: usize) -> Span {
    let end = end - usize::from(bytes.split_at(end).0.ends_with(b"\r"));
    Span { end, next, verdict: if end == 0 { Verdict::Blank } else { Verdict::Record } }
}

/// Splits a record that [`first`] found sound into its cells.
pub(super) fn cells<'a>(record: &'a str, delimiter: u8, cells: &mut Vec<Cow<'a, str>>) {
    cells.clear();
    let mut rest = record;
    loop {
        let (cell, behind) = if let Some(inner) = rest.strip_prefix('"') {
            quoted(inner)
        } else {
            let (cell, behind) = rest.split_at(memchr(delimiter, rest.as_bytes()).unwrap_or(rest.len()));
            (Cow::Borrowed(cell), behind)
        };
        cells.push(cell);
        match behind.strip_prefix(char::from(delimiter)) {
            Some(next) => rest = next,
            None => return,
        }
    }
}

/// The text of a cell behind its opening quote, and what follows the closing one.
fn quoted(inner: &str) -> (Cow<'_, str>, &str) {
    let mut end = 0;
    let mut doubled = false;
    loop {
        let Some(found) = memchr(b'"', inner.as_bytes().split_at(end).1) else {
            return (Cow::Borrowed(inner), "");
        };
        let quote = end + found;
        if inner.as_bytes().get(quote + 1) == Some(&b'"') {
            doubled = true;
            end = quote + 2;
            continue;
        }
        let (text, behind) = inner.split_at(quote);
        let behind = behind.strip_prefix('"').expect("a quote was found here");
        let text = if doubled { Cow::Owned(text.replace("\"\"", "\"")) } else { Cow::Borrowed(text) };
        return (text, behind);
    }
}

/// Whether a record holds a NUL byte, which no table written on purpose does.
pub(super) fn holds_nul(record: &[u8]) -> bool {
    memchr(0, record).is_some()
}
