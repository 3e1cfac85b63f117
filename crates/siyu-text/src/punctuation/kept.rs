//! Lines that stay as they are, since they would read as garbled otherwise.

use super::protect::Span;
use crate::mojibake;
use std::borrow::Cow;
use std::ops::Range;

/// The numbers of the lines that were changed and read as garbled as they have become. What they were before does not
/// count: another step may undo a part of it, and then they would be judged otherwise.
pub(super) fn garbled(source: &str, changed: &str) -> Vec<usize> {
    let is_garbled = |line: &str| matches!(mojibake::fix(line), Cow::Owned(_));
    let lines = source.split('\n').zip(changed.split('\n')).enumerate();
    lines.filter(|(_, (was, line))| was != line && is_garbled(line)).map(|(number, _)| number).collect()
}

/// The spans, and the lines of these numbers too.
pub(super) fn cover(text: &str, spans: Vec<Span>, lines: &[usize]) -> Vec<Span> {
    let mut all = spans;
    all.extend(line_ranges(text, lines).map(Span::object));
    all.sort_by_key(|span| span.range.start);
    let mut apart: Vec<Span> = Vec::new();
    for span in all {
        match apart.last_mut().filter(|last| span.range.start < last.range.end) {
            Some(last) => *last = Span::object(last.range.start..last.range.end.max(span.range.end)),
            None => apart.push(span),
        }
    }
    apart
}

/// Where these lines are, without what ends them.
fn line_ranges<'a>(text: &'a str, lines: &'a [usize]) -> impl Iterator<Item = Range<usize>> + 'a {
    let ranges = text.split('\n').scan(0, |start, line| {
        let range = *start..*start + line.len();
        *start = range.end + 1;
        Some(range)
    });
    ranges.enumerate().filter(|(number, _)| lines.binary_search(number).is_ok()).map(|(_, range)| range)
}
