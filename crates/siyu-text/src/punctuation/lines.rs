//! The lines on which a mark may change.

use super::context::is_han;
use super::{protect, scan};
use crate::scan::Hits;
use std::ops::Range;

/// Lines with Chinese and a doubtful mark outside of what is protected, in order.
pub(super) struct Lines<'a> {
    text: &'a str,
    /// Whether lines that cannot change may be passed over.
    passes_over: bool,
    found: Vec<Range<usize>>,
    /// Where the last line ends that is known to be calm or not.
    judged: usize,
    /// Where the last line ends that was noted, or has no Chinese.
    noted: usize,
}

impl<'a> Lines<'a> {
    pub(super) fn new(text: &'a str, passes_over: bool) -> Self {
        Self { text, passes_over, found: Vec::new(), judged: 0, noted: 0 }
    }

    /// The end of the line of the hit at `at`, if nothing begins there or behind it that goes on beyond the line, and no
    /// mark there may change: what is protected on such a line does not matter. Each line is asked for once.
    #[inline]
    pub(super) fn calm_to<F: Fn(u8) -> bool + Copy>(&mut self, at: usize, hits: &mut Hits<'_, F>) -> Option<usize> {
        if !self.passes_over || at < self.judged {
            return None;
        }
        let bytes = self.text.as_bytes();
        let line = self.line(at);
        self.judged = line.end;
        let mut ahead = *hits;
        let mut next = Some(at);
        let mut may_have_han = None;
        while let Some(hit) = next.filter(|hit| *hit < line.end) {
            if protect::may_span_lines(bytes, hit)
                || scan::is_doubtful(bytes, hit) && *may_have_han.get_or_insert_with(|| self.may_have_han(&line))
            {
                return None;
            }
            next = ahead.at_or_after(hit + 1);
        }
        *hits = ahead;
        Some(line.end)
    }

    /// Takes note of a mark, or of any other byte; each is behind the one before.
    pub(super) fn note(&mut self, at: usize) {
        if at >= self.noted && scan::is_doubtful(self.text.as_bytes(), at) {
            let line = self.line(at);
            self.noted = line.end;
            // Marks of full width are no Chinese by themselves.
            if self.may_have_han(&line) && self.text.get(line.clone()).is_some_and(|line| line.chars().any(is_han)) {
                self.found.push(line);
            }
        }
    }

    pub(super) fn found(self) -> Vec<Range<usize>> {
        self.found
    }

    fn line(&self, at: usize) -> Range<usize> {
        let bytes = self.text.as_bytes();
        let start = memchr::memrchr(b'\n', &bytes[..at]).map_or(0, |before| before + 1);
        start..memchr::memchr(b'\n', &bytes[at..]).map_or(bytes.len(), |length| at + length + 1)
    }

    fn may_have_han(&self, line: &Range<usize>) -> bool {
        scan::may_have_han(self.text.as_bytes().get(line.clone()).unwrap_or_default())
    }
}
