//! Where each place of a rewritten text came from.

use std::borrow::Cow;
use std::ops::Range;

/// A monotone map from byte offsets of a rewritten text to byte offsets of its source.
///
/// Empty for a text that was not changed. Offsets inside a replacement map into what it replaced.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OffsetMap {
    breaks: Vec<Break>,
    /// The map of the rewriting before, whose result is the source of this one.
    earlier: Option<Box<OffsetMap>>,
}

/// An output offset where the distance to the source changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Break {
    output: usize,
    /// Source offset at which the text before this place ends.
    ends: usize,
    /// Source offset at which the text after this place starts.
    starts: usize,
}

impl OffsetMap {
    /// The source offset of text that starts at `output`.
    pub fn source(&self, output: usize) -> usize {
        let after = self.breaks.partition_point(|place| place.output <= output);
        let source = self.along(after, output);
        self.earlier.as_ref().map_or(source, |earlier| earlier.source(source))
    }

    /// The source of a range of the output, without what was deleted at either end.
    pub fn source_range(&self, output: Range<usize>) -> Range<usize> {
        let at = self.breaks.partition_point(|place| place.output < output.end);
        let end = match self.breaks.get(at) {
            Some(place) if place.output == output.end => place.ends,
            _ => self.along(at, output.end),
        };
        let after = self.breaks.partition_point(|place| place.output <= output.start);
        let start = self.along(after, output.start);
        let range = start..end.max(start);
        match &self.earlier {
            Some(earlier) => earlier.source_range(range),
            None => range,
        }
    }

    /// The source offset of `output`, which lies between the break before `next` and `next` itself.
    fn along(&self, next: usize, output: usize) -> usize {
        let (from_output, from_source) =
            next.checked_sub(1).map_or((0, 0), |last| (self.breaks[last].output, self.breaks[last].starts));
        let source = from_source + (output - from_output);
        self.breaks.get(next).map_or(source, |place| source.min(place.ends))
    }

    fn push(&mut self, output: usize, ends: usize, starts: usize) {
        match self.breaks.last_mut() {
            Some(last) if last.output == output => last.starts = starts,
            _ => self.breaks.push(Break { output, ends, starts }),
        }
    }
}

/// Takes note of replacements, or does not.
pub(crate) trait Record: Default {
    /// The source bytes `from` became `with`, which starts at `output`.
    fn replaced(&mut self, output: usize, from: Range<usize>, was: &str, with: &str);

    /// What this rewriting and the one before it did together.
    #[must_use]
    fn after(self, earlier: Self) -> Self;
}

impl Record for () {
    fn replaced(&mut self, _: usize, _: Range<usize>, _: &str, _: &str) {}

    fn after(self, (): Self) -> Self {}
}

impl Record for OffsetMap {
    fn after(mut self, earlier: Self) -> Self {
        if self.breaks.is_empty() {
            return earlier;
        }
        self.earlier = Some(Box::new(earlier));
        self
    }

    fn replaced(&mut self, output: usize, from: Range<usize>, was: &str, with: &str) {
        let pairs = was.chars().zip(with.chars());
        let head: usize = pairs.take_while(|(a, b)| a == b).map(|(a, _)| a.len_utf8()).sum();
        let (was, with) = (was.split_at(head).1, with.split_at(head).1);
        let pairs = was.chars().rev().zip(with.chars().rev());
        let tail: usize = pairs.take_while(|(a, b)| a == b).map(|(a, _)| a.len_utf8()).sum();
        let (output, kept) = (output + head, with.len() - tail);
        if kept == 0 {
            self.push(output, from.start + head, from.end - tail);
        } else {
            self.push(output + kept, from.end - tail, from.end - tail);
        }
    }
}

/// Copies a text with replacements, and only if there are any.
pub(crate) struct Writer<'a, R> {
    source: &'a str,
    copied: usize,
    out: String,
    record: R,
    changed: bool,
}

impl<'a, R: Record> Writer<'a, R> {
    pub(crate) fn new(source: &'a str, record: R) -> Self {
        Self { source, copied: 0, out: String::new(), record, changed: false }
    }

    /// Replaces bytes `from` of the source, which must start at or after the end of the last replacement.
    pub(crate) fn replace(&mut self, from: Range<usize>, with: &str) {
        let was = self.source.get(from.clone()).expect("replacements cover whole characters");
        if was == with {
            return;
        }
        if !self.changed {
            self.changed = true;
            self.out.reserve(self.source.len() + 16);
        }
        self.out.push_str(self.source.get(self.copied..from.start).expect("replacements come in order"));
        self.record.replaced(self.out.len(), from.clone(), was, with);
        self.out.push_str(with);
        self.copied = from.end;
    }

    /// Where in the result the source offset `at` will lie, which is at or after the end of the last replacement.
    pub(crate) fn position(&self, at: usize) -> usize {
        self.out.len() + at - self.copied
    }

    pub(crate) fn is_changed(&self) -> bool {
        self.changed
    }

    pub(crate) fn finish(self) -> (Cow<'a, str>, R) {
        let source = self.source;
        self.changed()
            .map_or_else(|| (Cow::Borrowed(source), R::default()), |(text, record)| (Cow::Owned(text), record))
    }

    /// The result, if it differs.
    pub(crate) fn changed(mut self) -> Option<(String, R)> {
        if !self.changed {
            return None;
        }
        self.out.push_str(self.source.split_at(self.copied).1);
        Some((self.out, self.record))
    }
}

/// Rewrites a text again and again until nothing changes, or for as many rounds as `most`.
pub(crate) fn until_stable<R: Record>(
    text: &str,
    most: usize,
    round: impl Fn(&str) -> Option<(String, R)>,
) -> (Cow<'_, str>, R) {
    let Some((mut changed, mut record)) = round(text) else { return (Cow::Borrowed(text), R::default()) };
    for _ in 1..most {
        let Some((next, further)) = round(&changed) else { break };
        (changed, record) = (next, further.after(record));
    }
    (Cow::Owned(changed), record)
}

#[cfg(test)]
mod tests {
    use super::{OffsetMap, Writer};

    fn edited(source: &str, edits: &[(&str, &str)]) -> (String, OffsetMap) {
        let mut writer = Writer::new(source, OffsetMap::default());
        for (was, with) in edits {
            let start = source.find(was).unwrap();
            writer.replace(start..start + was.len(), with);
        }
        let (text, map) = writer.finish();
        (text.into_owned(), map)
    }

    #[test]
    fn ranges_around_a_deletion_leave_it_out() {
        let (text, map) = edited("甲--乙", &[("--", "")]);
        assert_eq!((text.as_str(), map.source_range(0..3), map.source_range(3..6)), ("甲乙", 0..3, 5..8));
        assert_eq!(map.source_range(0..6), 0..8);
    }

    #[test]
    fn a_replacement_maps_to_all_that_it_replaced() {
        let (text, map) = edited("电１话", &[("１", "1")]);
        assert_eq!((text.as_str(), map.source_range(3..4), map.source_range(4..7)), ("电1话", 3..6, 6..9));
        let (text, map) = edited("a,b", &[(",", "，")]);
        assert_eq!((text.as_str(), map.source_range(1..4), map.source_range(4..5)), ("a，b", 1..2, 2..3));
    }

    #[test]
    fn an_unchanged_text_maps_to_itself() {
        assert_eq!(OffsetMap::default().source_range(2..5), 2..5);
    }
}
