//! Where records begin and end. The cutter and the parser ask the same question, so that both see the same records.
//!
//! The answer for a record depends on its bytes and those up to the record behind it alone, never on what else is in
//! the buffer.

use memchr::memchr;

use super::{Limits, delimited, json};

/// How the records of a file are told apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Rule {
    /// A record is a line.
    Lines,
    /// A record is a line, or several where a quoted cell holds line breaks.
    Cells { delimiter: u8 },
    /// A record is a JSON value; separators and brackets between them are skipped.
    Elements,
}

/// A record's place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Span {
    /// End of the record without what ends it.
    pub(super) end: usize,
    /// Start of what follows.
    pub(super) next: usize,
    pub(super) verdict: Verdict,
}

/// What a span holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    Record,
    /// Only white space or separators.
    Blank,
    Damaged(&'static str),
}

/// Reason for a record beyond [`Limits::record`].
pub(super) const TOO_LONG: &str = "the record is longer than 1 GiB";

impl Rule {
    /// The first span of `bytes`; nothing when more bytes are needed to tell, which cannot be when they `ended`.
    pub(super) fn first(self, bytes: &[u8], ended: bool, limits: &Limits) -> Option<Span> {
        if bytes.is_empty() {
            return None;
        }
        let mut span = match self {
            Self::Lines => line(bytes, ended)?,
            Self::Cells { delimiter } => delimited::first(bytes, delimiter, ended, limits)?,
            Self::Elements => json::first(bytes, ended, limits)?,
        };
        if span.verdict == Verdict::Record && span.end > limits.record {
            span.verdict = Verdict::Damaged(TOO_LONG);
        }
        Some(span)
    }

    /// Whether blank spans are counted as rows.
    pub(super) fn counts_blanks(self) -> bool {
        self == Self::Lines
    }
}

/// The first line of `bytes`.
pub(super) fn line(bytes: &[u8], ended: bool) -> Option<Span> {
    let (end, next) = match memchr(b'\n', bytes) {
        Some(at) => (at, at + 1),
        None if ended => (bytes.len(), bytes.len()),
        None => return None,
    };
    let end = end - usize::from(bytes.split_at(end).0.ends_with(b"\r"));
    let blank = bytes.split_at(end).0.iter().all(u8::is_ascii_whitespace);
    Some(Span { end, next, verdict: if blank { Verdict::Blank } else { Verdict::Record } })
}
