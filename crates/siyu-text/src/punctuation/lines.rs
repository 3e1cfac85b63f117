//! The lines on which a mark may change.

use super::context::is_han;
use super::scan;
use std::ops::Range;

/// Lines with Chinese and a doubtful mark outside of what is protected, in order.
pub(super) struct Lines<'a> {
    text: &'a str,
    found: Vec<Range<usize>>,
    /// Where the last line ends that was looked at.
    judged: usize,
}

impl<'a> Lines<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Self { text, found: Vec::new(), judged: 0 }
    }

    /// Takes note of a mark, or of any other byte; each is behind the one before.
    #[inline]
    pub(super) fn note(&mut self, at: usize) {
        let bytes = self.text.as_bytes();
        if at < self.judged || !scan::is_doubtful(bytes, at) {
            return;
        }
        let start = memchr::memrchr(b'\n', &bytes[..at]).map_or(0, |before| before + 1);
        let end = memchr::memchr(b'\n', &bytes[at..]).map_or(bytes.len(), |length| at + length + 1);
        if self.text.get(start..end).is_some_and(|line| line.chars().any(is_han)) {
            self.found.push(start..end);
        }
        self.judged = end;
    }

    pub(super) fn found(self) -> Vec<Range<usize>> {
        self.found
    }
}
