//! Which documents share a row, by their lengths alone.

/// Share of a row's room, in thousandths, that may stay empty in a row that counts as full.
const EMPTY_THOUSANDTHS: u64 = 1;

/// The documents of one row.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Row {
    /// Their numbers, ascending.
    pub(super) documents: Vec<usize>,
    /// Tokens of all of them.
    pub(super) tokens: u64,
}

impl Row {
    fn add(&mut self, left: &mut Left, length: u32) {
        self.documents.push(left.take(length));
        self.tokens += u64::from(length);
    }

    /// The first document: rows lie in the order of their first documents.
    pub(super) fn first(&self) -> usize {
        self.documents.first().copied().unwrap_or(0)
    }
}

/// Best fit, row by row: first the longest document that is left, at the end the one or two that leave the least room.
///
/// What stands between is the longest that fits or the most common length, whichever makes fewer rows: the one suits
/// mixes with long documents, the other those of many alike. Every document is in exactly one row; one that is longer
/// than `max_tokens` has a row for itself. No two rows could be one. Time is the number of documents times that of their
/// different lengths.
///
/// # Source
/// Johnson 1973, "Near-optimal bin packing algorithms", for the longest first; Gupta and Ho 1999, "A new heuristic
/// algorithm for the one-dimensional bin-packing problem", for filling one row at a time with the least slack, here
/// searched among pairs: with the many lengths of real texts two are nearly always found that fill a row to its last
/// token, where best-fit decreasing leaves a few in each.
pub(super) fn best_fit(tokens: &[u32], max_tokens: u32) -> Vec<Row> {
    let by_longest = fill(tokens, max_tokens, Filler::Longest);
    let by_common = fill(tokens, max_tokens, Filler::Common);
    if by_common.len() < by_longest.len() { by_common } else { by_longest }
}

/// What stands between the first document of a row and those that end it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Filler {
    Longest,
    Common,
}

fn fill(tokens: &[u32], max_tokens: u32, filler: Filler) -> Vec<Row> {
    let mut left = Left::new(tokens);
    let mut rows = Vec::new();
    while let Some(longest) = left.longest() {
        let mut row = Row::default();
        let mut room = max_tokens.saturating_sub(longest);
        row.add(&mut left, longest);
        while let Some(next) = left.best_for(room, filler) {
            for length in next.into_iter().flatten() {
                row.add(&mut left, length);
                room -= length;
            }
            if room == 0 {
                break;
            }
        }
        row.documents.sort_unstable();
        rows.push(row);
    }
    rows
}

/// The documents that have no row yet, by their lengths.
struct Left {
    /// Lengths in ascending order, each with its documents, the last first.
    lengths: Vec<(u32, Vec<usize>)>,
}

impl Left {
    fn new(tokens: &[u32]) -> Self {
        let mut order: Vec<usize> = (0..tokens.len()).collect();
        order.sort_by_key(|&document| (tokens[document], std::cmp::Reverse(document)));
        let groups = order.chunk_by(|&one, &other| tokens[one] == tokens[other]);
        Self { lengths: groups.map(|group| (tokens[group[0]], group.to_vec())).collect() }
    }

    fn longest(&self) -> Option<u32> {
        self.lengths.last().map(|(length, _)| *length)
    }

    /// Takes the first document of a length.
    fn take(&mut self, length: u32) -> usize {
        let place = self.lengths.binary_search_by_key(&length, |(length, _)| *length).expect("a length that is left");
        let documents = &mut self.lengths[place].1;
        let document = documents.pop().expect("a length is left as long as it has documents");
        if documents.is_empty() {
            self.lengths.remove(place);
        }
        document
    }

    /// What comes next into `room`: one or two that fill it, or two that leave less than the longest where no more would
    /// fit behind that, or else the filler.
    fn best_for(&self, room: u32, filler: Filler) -> Option<[Option<u32>; 2]> {
        let fitting = self.lengths.partition_point(|(length, _)| *length <= room);
        let longest = self.lengths[..fitting].last()?.0;
        if longest == room {
            return Some([Some(room), None]);
        }
        // Two cannot fill what is more than twice as long as the longest.
        let pair = if room / 2 > longest { None } else { self.best_pair(fitting, room) };
        let last = room - longest < self.lengths[0].0;
        match pair {
            Some((one, other)) if one + other == room || (last && one + other > longest) => {
                Some([Some(one), Some(other)])
            }
            _ if filler == Filler::Longest => Some([Some(longest), None]),
            _ => {
                let common = self.lengths[..fitting].iter().max_by_key(|(_, documents)| documents.len());
                Some([common.map(|(length, _)| *length), None])
            }
        }
    }

    /// The two documents among the first lengths that together come nearest to `room`; of several such pairs the most
    /// even one, for short documents are needed to the end.
    fn best_pair(&self, fitting: usize, room: u32) -> Option<(u32, u32)> {
        let (mut short, mut long) = (0, fitting.checked_sub(1)?);
        let mut best: Option<(u32, u32)> = None;
        while short <= long {
            let (one, other) = (self.lengths[long].0, self.lengths[short].0);
            if one > room - other {
                let Some(shorter) = long.checked_sub(1) else { break };
                long = shorter;
                continue;
            }
            let two = short != long || self.lengths[short].1.len() > 1;
            if two && best.is_none_or(|best| one + other >= best.0 + best.1) {
                best = Some((one, other));
            }
            short += 1;
        }
        best
    }
}

/// Divides the rows of a window into those that are written and the documents that wait for more to share a row with.
///
/// Full rows are written; of the others the fullest too, until at most half of the tokens wait: where nothing fits
/// together, waiting helps no one.
pub(super) fn divide(mut rows: Vec<Row>, max_tokens: u32) -> (Vec<Row>, Vec<usize>) {
    rows.sort_by(|one, other| other.tokens.cmp(&one.tokens).then(one.first().cmp(&other.first())));
    let all: u64 = rows.iter().map(|row| row.tokens).sum();
    let full = |row: &Row| {
        (u64::from(max_tokens).saturating_sub(row.tokens)) * 1000 <= u64::from(max_tokens) * EMPTY_THOUSANDTHS
    };
    let mut waiting = all;
    let mut written = 0;
    for row in &rows {
        if !full(row) && waiting * 2 <= all {
            break;
        }
        waiting -= row.tokens;
        written += 1;
    }
    let mut documents: Vec<usize> = rows.drain(written..).flat_map(|row| row.documents).collect();
    documents.sort_unstable();
    rows.sort_unstable_by_key(Row::first);
    (rows, documents)
}

#[cfg(test)]
mod tests {
    use super::{best_fit, divide};
    use proptest::prelude::*;

    fn rows(tokens: &[u32], max_tokens: u32) -> Vec<Vec<usize>> {
        best_fit(tokens, max_tokens).into_iter().map(|row| row.documents).collect()
    }

    #[test]
    fn the_longest_come_first_and_rows_are_filled_to_the_last_token() {
        // 3 fills up 7, 4 fills up 6, 2 is left.
        assert_eq!(rows(&[2, 6, 3, 7, 4], 10), [vec![2, 3], vec![1, 4], vec![0]]);
        // Behind 5, the longest would leave a token; 3 and 2 leave none.
        assert_eq!(rows(&[5, 4, 3, 2], 10), [vec![0, 2, 3], vec![1]]);
        assert_eq!(rows(&[9, 5, 5, 5], 15), [vec![0, 1], vec![2, 3]]);
        assert_eq!(rows(&[5, 5, 5], 15), [[0, 1, 2]]);
    }

    #[test]
    fn what_is_too_long_stands_alone_and_loses_nothing() {
        assert_eq!(rows(&[3, 12, 10], 10), [vec![1], vec![2], vec![0]]);
    }

    #[test]
    fn full_rows_are_written_and_the_rest_waits() {
        let (written, waiting) = divide(best_fit(&[10, 4, 10, 10], 10), 10);
        assert_eq!(written.iter().map(|row| row.documents.clone()).collect::<Vec<_>>(), [[0], [2], [3]]);
        assert_eq!(waiting, [1]);
    }

    #[test]
    fn where_nothing_fits_together_half_is_written() {
        let (written, waiting) = divide(best_fit(&[6; 8], 10), 10);
        assert_eq!((written.len(), waiting.len()), (4, 4));
    }

    proptest! {
        #[test]
        fn each_document_is_in_one_row_that_has_room_for_it(tokens in proptest::collection::vec(1u32..=50, 0..200), max_tokens in 50u32..90) {
            let all = best_fit(&tokens, max_tokens);
            let sum = |documents: &[usize]| documents.iter().map(|&document| u64::from(tokens[document])).sum::<u64>();
            for row in &all {
                prop_assert!(row.tokens <= u64::from(max_tokens));
                prop_assert_eq!(sum(&row.documents), row.tokens);
                prop_assert!(row.documents.is_sorted());
            }
            // No two rows could have been one.
            let mut least: Vec<u64> = all.iter().map(|row| row.tokens).collect();
            least.sort_unstable();
            prop_assert!(least.get(..2).is_none_or(|two| two[0] + two[1] > u64::from(max_tokens)));
            let (written, waiting) = divide(all, max_tokens);
            let mut found: Vec<usize> = written.iter().flat_map(|row| row.documents.clone()).chain(waiting.clone()).collect();
            found.sort_unstable();
            prop_assert_eq!(found, (0..tokens.len()).collect::<Vec<_>>());
            prop_assert!(2 * sum(&waiting) <= sum(&(0..tokens.len()).collect::<Vec<_>>()));
        }
    }
}
