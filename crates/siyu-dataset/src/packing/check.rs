//! Whether rows are what packing makes.

use super::{COUNT, IGNORED, SEQ_LENGTHS, TOKENS};
use arrow::array::{AsArray, ListArray, RecordBatch};
use arrow::datatypes::{Int32Type, UInt32Type};

/// What is wrong with a row, counted from 0 in its batch.
type Problem = (usize, &'static str);

/// Checks each row: its lengths add up to its tokens, which are at most `max_tokens`, and nothing of a document is learnt
/// from another. Returns the documents.
pub(crate) fn check(rows: &RecordBatch, max_tokens: u64) -> Result<u64, Problem> {
    let lists = |name: &str| rows.column_by_name(name).and_then(|column| column.as_list_opt::<i32>());
    let lengths = lists(SEQ_LENGTHS).ok_or((0, "has no lengths of documents"))?;
    let [ids, labels] = TOKENS.map(lists);
    let counts = rows.column_by_name(COUNT).and_then(|column| column.as_primitive_opt::<UInt32Type>());
    let mut documents = 0;
    for row in 0..rows.num_rows() {
        let row_lengths = lengths.value(row);
        let row_lengths =
            row_lengths.as_primitive_opt::<Int32Type>().ok_or((row, "has lengths that are no numbers"))?;
        if row_lengths.iter().any(|length| length.is_none_or(|length| length < 0)) {
            return Err((row, "has a document of no length"));
        }
        documents += row_lengths.len() as u64;
        let tokens: u64 = row_lengths.values().iter().map(|&length| u64::from(length.cast_unsigned())).sum();
        if tokens > max_tokens {
            return Err((row, "holds more tokens than rows may"));
        }
        let differs = |lists: Option<&ListArray>| {
            lists.is_some_and(|lists| u64::try_from(lists.value_length(row)).ok() != Some(tokens))
        };
        if differs(ids) || differs(labels) || counts.is_some_and(|counts| u64::from(counts.value(row)) != tokens) {
            return Err((row, "has lengths of documents that do not add up to its tokens"));
        }
        if labels.is_some_and(|labels| crosses(labels, row, row_lengths.values())) {
            return Err((row, "teaches the first token of a document, which could only be learnt from another"));
        }
    }
    Ok(documents)
}

/// Whether the first token of a document has a label.
fn crosses(labels: &ListArray, row: usize, lengths: &[i32]) -> bool {
    let labels = labels.value(row);
    let Some(labels) = labels.as_primitive_opt::<Int32Type>() else { return true };
    let mut start = 0;
    lengths.iter().any(|&length| {
        let first = start;
        start += usize::try_from(length).unwrap_or(0);
        length > 0 && labels.values().get(first).is_some_and(|label| *label != IGNORED)
    })
}
