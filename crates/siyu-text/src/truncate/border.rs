//! Where a text may be cut.

use unicode_segmentation::{GraphemeCursor, UnicodeSegmentation};

/// Bytes read past a cut to judge whether a sentence ends at it.
const BEYOND: usize = 256;

fn cursor(text: &str, at: usize) -> GraphemeCursor {
    GraphemeCursor::new(at, text.len(), true)
}

/// The last grapheme border of `text` at or before `at`.
pub(super) fn before(text: &str, at: usize) -> usize {
    let at = text.floor_char_boundary(at);
    let mut cursor = cursor(text, at);
    match cursor.is_boundary(text, 0) {
        Ok(true) => at,
        _ => cursor.prev_boundary(text, 0).ok().flatten().unwrap_or(0),
    }
}

/// The first grapheme border of `text` at or after `at`.
pub(super) fn after(text: &str, at: usize) -> usize {
    let at = text.ceil_char_boundary(at);
    let mut cursor = cursor(text, at);
    match cursor.is_boundary(text, 0) {
        Ok(true) => at,
        _ => cursor.next_boundary(text, 0).ok().flatten().unwrap_or(text.len()),
    }
}

/// Ends of sentences in `text` at or before `to`, ascending: those of the last line that has any.
pub(super) fn sentence_ends(text: &str, to: usize) -> Vec<usize> {
    let seen = text.get(..text.floor_char_boundary(to + BEYOND)).unwrap_or(text);
    let mut stop = to;
    loop {
        // A line feed ends a sentence whatever surrounds it.
        let line = seen.get(..stop).and_then(|head| head.rfind('\n')).map_or(0, |at| at + 1);
        let rest = seen.get(line..).unwrap_or_default();
        let ends = rest.split_sentence_bound_indices().map(|(at, sentence)| line + at + sentence.len());
        let ends: Vec<usize> = std::iter::once(line).chain(ends).filter(|end| (1..=to).contains(end)).collect();
        if !ends.is_empty() || line == 0 {
            return ends;
        }
        stop = line - 1;
    }
}

/// Starts of sentences in `text` at or after `from`, ascending: those of its line, or the next line's.
pub(super) fn sentence_starts(text: &str, from: usize) -> Vec<usize> {
    // What stands before tells whether a sentence starts just there.
    let begin = text.floor_char_boundary(from.saturating_sub(BEYOND));
    let rest = text.get(from..).unwrap_or_default();
    // A line feed ends a sentence whatever surrounds it.
    let end = rest.find('\n').map_or(text.len(), |at| from + at + 1);
    let seen = text.get(begin..end).unwrap_or_default();
    let starts = seen.split_sentence_bound_indices().map(|(at, _)| begin + at).filter(|at| *at >= from);
    let starts: Vec<usize> = starts.collect();
    if starts.is_empty() && end < text.len() { vec![end] } else { starts }
}
