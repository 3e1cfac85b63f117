//! Garbling that comes to light when a text is normalized: `Ã` and `¤` with an invisible character between them.
//!
//! Whoever repairs first and normalizes then would have to repair again. So a line is also judged as each normal form
//! would have it, and what is garbled there is repaired here.

use super::line;
use super::repair::Repair;
use crate::unicode::offsets::Record;
use crate::unicode::{Form, normalize_recorded};
use std::borrow::Cow;
use std::ops::Range;

/// Repairs a line in which nothing is seen to be garbled. A question mark that a form makes stands for no lost byte.
pub(super) fn fix(line: &str) -> Option<Repair> {
    [Form::None, Form::Nfc, Form::Nfkc].into_iter().find_map(|form| {
        match normalize_recorded(line, form, Pieces::default()) {
            (Cow::Owned(seen), pieces) => fix_seen(line, &seen, &pieces),
            (Cow::Borrowed(_), _) => None,
        }
    })
}

fn fix_seen(line: &str, seen: &str, pieces: &Pieces) -> Option<Repair> {
    let lost = |text: &str| text.matches('\u{FFFD}').count();
    let mut start = 0;
    // Some controls end a line.
    for part in seen.split('\n') {
        let range = start..start + part.len();
        start = range.end + 1;
        let Some(fixed) = line::fix(part) else { continue };
        if lost(fixed.text()) <= lost(part) || !pieces.make_questions(line, seen, &range) {
            return Some(carried(line, seen, pieces, range.start, &fixed));
        }
    }
    None
}

/// What was repaired from `start` on in a line as it is seen, in the line itself. All from the first change to the last
/// is one step.
fn carried(line: &str, seen: &str, pieces: &Pieces, start: usize, fixed: &Repair) -> Repair {
    let change = fixed.change(seen.split_at(start).1);
    let (first, last) = (start + change.source.start, start + change.source.end);
    let (from, to) = (pieces.around(first), pieces.around(last));
    let mut given = String::new();
    given.push_str(seen.get(from.output.start..first).unwrap_or_default());
    given.push_str(fixed.text().get(change.given).unwrap_or_default());
    given.push_str(seen.get(last..to.output.end).unwrap_or_default());
    let (source, mut repair) = (from.source.start..to.source.end, Repair::default());
    repair.push(source.start, line.get(..source.start).unwrap_or_default());
    repair.push_whole(source.len(), &given);
    repair.push(line.len() - source.end, line.get(source.end..).unwrap_or_default());
    repair
}

/// What was rewritten, in order.
#[derive(Default)]
struct Pieces(Vec<Piece>);

/// A range of the source and what it has become.
struct Piece {
    source: Range<usize>,
    output: Range<usize>,
}

impl Pieces {
    /// Whether a part of what is seen has question marks that the source has not.
    fn make_questions(&self, line: &str, seen: &str, part: &Range<usize>) -> bool {
        let count = |text: Option<&str>| text.unwrap_or_default().matches('?').count();
        self.0.iter().any(|piece| {
            let seen = seen.get(piece.output.start.max(part.start)..piece.output.end.min(part.end));
            count(seen) > count(line.get(piece.source.clone()))
        })
    }

    /// The piece around a place of the output, or the place alone.
    fn around(&self, output: usize) -> Piece {
        let next = self.0.partition_point(|piece| piece.output.end <= output);
        if let Some(piece) = self.0.get(next).filter(|piece| piece.output.start < output) {
            return Piece { source: piece.source.clone(), output: piece.output.clone() };
        }
        let last = next.checked_sub(1).map(|last| &self.0[last]);
        let source = last.map_or(output, |last| last.source.end + (output - last.output.end));
        Piece { source: source..source, output: output..output }
    }
}

impl Record for Pieces {
    fn replaced(&mut self, output: usize, from: Range<usize>, _: &str, with: &str) {
        self.0.push(Piece { source: from, output: output..output + with.len() });
    }

    fn after(self, _: Self) -> Self {
        self
    }
}
