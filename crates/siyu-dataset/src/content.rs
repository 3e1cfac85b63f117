//! What counts as the content of a row, and its hash.

use arrow::{
    array::{Array, AsArray, RecordBatch},
    compute::cast,
    datatypes::{DataType, Schema},
    error::ArrowError,
    row::{RowConverter, SortField},
};
use xxhash_rust::xxh3::Xxh3;

/// Keeps our hashes apart from other uses of the same function.
const SEED: u64 = 0x7369_7975;

/// The 128-bit hash of a document's parts.
///
/// Each part is preceded by its length, so `["ab", "c"]` and `["a", "bc"]` differ. Chance makes two of
/// a billion documents equal with a probability near 10⁻²¹; the function resists accidents, not enemies.
///
/// ```
/// use siyu_dataset::content_hash;
/// assert_ne!(content_hash(&["ab", "c"]), content_hash(&["a", "bc"]));
/// ```
pub fn content_hash(parts: &[&str]) -> u128 {
    let mut hasher = Xxh3::with_seed(SEED);
    for part in parts {
        hasher.update(&(part.len() as u64).to_le_bytes());
        hasher.update(part.as_bytes());
    }
    hasher.digest128()
}

/// The columns that make up a row's content: `text`; else `instruction` and `input`; else `messages`;
/// else `input_ids`; none where a schema has nothing of these.
pub fn content_columns(schema: &Schema) -> Vec<usize> {
    let index = |name: &str| schema.index_of(name).ok();
    if let Some(text) = index("text") {
        return vec![text];
    }
    if let Some(instruction) = index("instruction") {
        return [Some(instruction), index("input")].into_iter().flatten().collect();
    }
    index("messages").or_else(|| index("input_ids")).into_iter().collect()
}

/// The hash of each row's content; `None` where the row has none but white space.
///
/// Text columns are hashed by [`content_hash`] with null as the empty string. Lists are hashed in
/// Arrow's row encoding, which is the same for equal values.
///
/// # Errors
/// Where a column has a type that Arrow cannot encode.
pub fn row_hashes(batch: &RecordBatch) -> Result<Vec<Option<u128>>, ArrowError> {
    let indices = content_columns(batch.schema_ref());
    if indices.is_empty() {
        return Ok(vec![None; batch.num_rows()]);
    }
    let columns: Vec<_> = indices.into_iter().map(|index| batch.column(index)).collect();
    if columns.iter().all(|column| is_text(column.data_type())) {
        let texts = columns.iter().map(|column| cast(column, &DataType::Utf8)).collect::<Result<Vec<_>, _>>()?;
        let texts: Vec<_> = texts.iter().map(AsArray::as_string::<i32>).collect();
        let mut parts = Vec::with_capacity(texts.len());
        let hash = |row| {
            parts.clear();
            parts.extend(texts.iter().map(|column| if column.is_null(row) { "" } else { column.value(row) }));
            parts.iter().any(|part| !part.trim().is_empty()).then(|| content_hash(&parts))
        };
        return Ok((0..batch.num_rows()).map(hash).collect());
    }
    let fields = columns.iter().map(|column| SortField::new(column.data_type().clone())).collect();
    let converter = RowConverter::new(fields)?;
    let values: Vec<_> = columns.iter().map(|column| (*column).clone()).collect();
    let rows = converter.convert_columns(&values)?;
    let hash = |row| {
        let empty = values.iter().all(|column| column.is_null(row));
        (!empty).then(|| {
            let mut hasher = Xxh3::with_seed(SEED);
            hasher.update(rows.row(row).as_ref());
            hasher.digest128()
        })
    };
    Ok((0..batch.num_rows()).map(hash).collect())
}

fn is_text(kind: &DataType) -> bool {
    matches!(kind, DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::array::{ArrayRef, Int32Array, ListArray, StringArray};
    use arrow::datatypes::Int32Type;
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn moving_a_border_between_parts_changes_the_hash(text in "[a-c私语\0]{1,12}", cut in 0usize..12, other in 0usize..12) {
            let characters: Vec<char> = text.chars().collect();
            let parts = |at: usize| {
                let (left, right) = characters.split_at(at.min(characters.len()));
                (left.iter().collect::<String>(), right.iter().collect::<String>())
            };
            let (one, two) = (parts(cut), parts(other));
            let same = content_hash(&[&one.0, &one.1]) == content_hash(&[&two.0, &two.1]);
            prop_assert_eq!(same, one == two);
        }

        #[test]
        fn an_empty_part_more_changes_the_hash(parts in proptest::collection::vec("[ab\0]{0,9}", 0..5)) {
            let mut more: Vec<&str> = parts.iter().map(String::as_str).collect();
            let hash = content_hash(&more);
            more.push("");
            prop_assert_ne!(content_hash(&more), hash);
        }
    }

    #[test]
    fn text_outranks_the_answer_and_a_row_without_content_has_no_hash() {
        let column = |values: [Option<&str>; 2]| Arc::new(StringArray::from(values.to_vec())) as ArrayRef;
        let batch = RecordBatch::try_from_iter_with_nullable([
            ("instruction", column([Some("a"), Some("b")]), true),
            ("text", column([Some("甲"), None]), true),
        ]);
        assert_eq!(row_hashes(&batch.unwrap()).unwrap(), [Some(content_hash(&["甲"])), None]);
    }

    #[test]
    fn equal_token_lists_hash_alike_wherever_they_stand() {
        let ids = ListArray::from_iter_primitive::<Int32Type, _, _>([
            Some(vec![Some(1), Some(2)]),
            Some(vec![Some(1)]),
            Some(vec![Some(1), Some(2)]),
        ]);
        let columns: [(&str, ArrayRef); 2] =
            [("token_count", Arc::new(Int32Array::from(vec![2, 1, 2]))), ("input_ids", Arc::new(ids))];
        let hashes = row_hashes(&RecordBatch::try_from_iter(columns).unwrap()).unwrap();
        assert_eq!(hashes[0], hashes[2]);
        assert_ne!(hashes[0], hashes[1]);
    }
}
