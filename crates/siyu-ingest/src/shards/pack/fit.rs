//! Which documents share a row, by their lengths alone.

use std::collections::BTreeSet;

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
    /// The first document: rows lie in the order of their first documents.
    pub(super) fn first(&self) -> usize {
        self.documents.first().copied().unwrap_or(0)
    }
}

/// Best-fit decreasing: the longest document first, each into the row that it leaves the least room in.
///
/// Every document is in exactly one row; one that is longer than `max_tokens` has a row for itself. Time is
/// n log n in the number of documents.
///
/// # Source
/// Johnson 1973, "Near-optimal bin packing algorithms": never more than 11/9 of the fewest rows and 4 more, and with the
/// short documents that real mixes have nearly no empty room.
pub(super) fn best_fit(tokens: &[u32], max_tokens: u32) -> Vec<Row> {
    let mut order: Vec<usize> = (0..tokens.len()).collect();
    order.sort_by_key(|&document| std::cmp::Reverse(tokens[document]));
    let mut rows: Vec<Row> = Vec::new();
    // Free room and number of each row that has any, the fullest first.
    let mut open: BTreeSet<(u32, usize)> = BTreeSet::new();
    for document in order {
        let length = tokens[document];
        let (room, row) = open.range((length, 0)..).next().copied().unwrap_or((max_tokens, rows.len()));
        open.remove(&(room, row));
        if row == rows.len() {
            rows.push(Row::default());
        }
        rows[row].documents.push(document);
        rows[row].tokens += u64::from(length);
        match room.checked_sub(length) {
            None | Some(0) => {}
            Some(left) => drop(open.insert((left, row))),
        }
    }
    for row in &mut rows {
        row.documents.sort_unstable();
    }
    rows
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
    fn the_longest_come_first_and_each_goes_where_it_leaves_least() {
        // 7 and 6 open rows; 4 fits beside 6 only, 3 fills the row of 7, 2 opens a third.
        assert_eq!(rows(&[2, 6, 3, 7, 4], 10), [vec![2, 3], vec![1, 4], vec![0]]);
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
        fn each_document_is_in_one_row_that_has_room_for_it(tokens in proptest::collection::vec(0u32..=50, 0..200), max_tokens in 50u32..90) {
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
