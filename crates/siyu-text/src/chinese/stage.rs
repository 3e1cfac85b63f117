//! One pass of replacements over a text.

use super::dictionary::Dictionary;
use crate::unicode::offsets::{Record, Writer};

/// Dictionaries of which, at each place, the first that knows a word there counts.
pub(super) struct Stage {
    dictionaries: Vec<Dictionary>,
    /// One bit for each character of the basic plane that a key starts with; the last stands for all beyond it.
    starts: Box<[u64; 1024]>,
    /// Whether a key starts with a character of ASCII.
    knows_ascii: bool,
}

impl Stage {
    /// Each dictionary is a union of tables.
    pub(super) fn new(dictionaries: &[&[&'static str]]) -> Self {
        let dictionaries: Vec<Dictionary> = dictionaries.iter().map(|&tables| Dictionary::new(tables)).collect();
        let mut starts = Box::new([0; 1024]);
        for first in dictionaries.iter().flat_map(Dictionary::keys).filter_map(|key| key.chars().next()) {
            let code = (first as usize).min(0xFFFF);
            starts[code / 64] |= 1 << (code % 64);
        }
        let knows_ascii = starts[0] | starts[1] != 0;
        Self { dictionaries, starts, knows_ascii }
    }

    /// Where the pieces of a text end: its longest words, and what lies between them.
    pub(super) fn cut(&self, text: &str) -> Vec<usize> {
        let (mut ends, mut end, mut at) = (Vec::new(), 0, 0);
        while let Some((start, width)) = self.next_start(text.as_bytes(), at) {
            at = start + width;
            let Some((word, _)) = self.longest(text.split_at(start).1) else { continue };
            if end < start {
                ends.push(start);
            }
            (end, at) = (start + word.len(), start + word.len());
            ends.push(end);
        }
        if end < text.len() {
            ends.push(text.len());
        }
        ends
    }

    /// Replaces what the dictionaries know in each of the pieces that end at `ends`; they then end where they do in the
    /// result.
    pub(super) fn replace<R: Record>(&self, text: &str, ends: &mut [usize], writer: &mut Writer<'_, R>) {
        let mut at = 0;
        for end in ends {
            let piece = text.split_at(*end).0;
            while let Some((start, width)) = self.next_start(piece.as_bytes(), at) {
                at = start + width;
                if let Some((key, value)) = self.longest(piece.split_at(start).1) {
                    at = start + key.len();
                    writer.replace(start..at, value);
                }
            }
            at = *end;
            *end = writer.position(at);
        }
    }

    fn longest(&self, text: &str) -> Option<(&'static str, &'static str)> {
        self.dictionaries.iter().find_map(|dictionary| dictionary.longest(text))
    }

    /// The next character at or after `at` that a key starts with, and its width in bytes.
    fn next_start(&self, bytes: &[u8], mut at: usize) -> Option<(usize, usize)> {
        loop {
            let lead = *bytes.get(at)?;
            let tail = |place: usize| usize::from(bytes.get(at + place).copied().unwrap_or(0) & 0x3F);
            let (code, width) = match lead {
                0..0x80 if !self.knows_ascii => {
                    at += 1;
                    continue;
                }
                0..0x80 => (usize::from(lead), 1),
                0x80..0xE0 => (usize::from(lead & 0x1F) << 6 | tail(1), 2),
                0xE0..0xF0 => (usize::from(lead & 0x0F) << 12 | tail(1) << 6 | tail(2), 3),
                0xF0.. => (0xFFFF, 4),
            };
            if self.starts[code / 64] >> (code % 64) & 1 == 1 {
                return Some((at, width));
            }
            at += width;
        }
    }
}
