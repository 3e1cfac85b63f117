//! The lines on which a mark may change.

use super::context::is_han;
use super::scan;
use crate::scan::Hits;
use std::ops::Range;

/// Lines with Chinese and a doubtful mark outside of what is protected, in order.
pub(super) struct Lines<'a> {
    text: &'a str,
    suspects: Hits<'a, scan::Suspect>,
    /// Whether lines that cannot change may be passed over.
    passes_over: bool,
    found: Vec<Range<usize>>,
    /// Where lines end that are known to have no Chinese, by their bytes.
    foreign: usize,
    /// Where the last line ends that was noted, or has no Chinese.
    noted: usize,
}

impl<'a> Lines<'a> {
    pub(super) fn new(text: &'a str, passes_over: bool) -> Self {
        Self { text, suspects: Hits::new(text.as_bytes()), passes_over, found: Vec::new(), foreign: 0, noted: 0 }
    }

    /// What is to be walked next from `from` on, a line or a part of it: there a mark may change, or something begin that
    /// goes on beyond the line. What is protected on the lines between does not matter. `from` never falls.
    pub(super) fn walk(&mut self, from: usize) -> Option<Range<usize>> {
        let bytes = self.text.as_bytes();
        if !self.passes_over {
            return Some(from..bytes.len());
        }
        let (mut at, mut target_end) = (from, None);
        loop {
            let hit = self.suspects.next(at, bytes.len())?;
            at = hit + 1;
            let opens = scan::may_span_lines(bytes, hit);
            if !opens && (hit < self.foreign || Some(hit) == target_end || !scan::is_doubtful(bytes, hit)) {
                continue;
            }
            if let Some(end) = scan::link_end(bytes, hit) {
                target_end = Some(end);
                continue;
            }
            let line = self.line(hit);
            let foreign = if opens { from } else { self.foreign_from(line.start) };
            if foreign < line.end {
                return Some(line.start.max(from)..line.end);
            }
            self.foreign = foreign;
        }
    }

    /// Takes note of a mark, or of any other byte; each is behind the one before.
    pub(super) fn note(&mut self, at: usize) {
        if at >= self.noted && scan::is_doubtful(self.text.as_bytes(), at) {
            let line = self.line(at);
            self.noted = line.end;
            // Marks of full width are no Chinese by themselves.
            if self.text.get(line.clone()).is_some_and(|line| line.chars().any(is_han)) {
                self.found.push(line);
            }
        }
    }

    pub(super) fn found(self) -> Vec<Range<usize>> {
        self.found
    }

    /// Where the first line with Chinese starts at or after a start of a line, as far as bytes tell.
    fn foreign_from(&self, start: usize) -> usize {
        let bytes = self.text.as_bytes();
        scan::next_han(bytes, start).map_or(bytes.len(), |han| self.line(han).start)
    }

    fn line(&self, at: usize) -> Range<usize> {
        let bytes = self.text.as_bytes();
        let start = memchr::memrchr(b'\n', &bytes[..at]).map_or(0, |before| before + 1);
        start..memchr::memchr(b'\n', &bytes[at..]).map_or(bytes.len(), |length| at + length + 1)
    }
}
