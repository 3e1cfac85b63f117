//! The content of a document where white space does not count: by it copies are found, documents divided, and the sides
//! of a split kept apart.

use std::cell::RefCell;

use arrow::{
    array::{Array, AsArray, RecordBatch},
    compute::cast,
    datatypes::DataType,
    error::ArrowError,
};
use xxhash_rust::xxh3::Xxh3;

thread_local! {
    static FOLDED: RefCell<String> = const { RefCell::new(String::new()) };
}

/// The 128-bit hash of the parts with white space folded; a missing part counts as an empty one.
///
/// Each part is preceded by its length, so that no two lists of parts collide by concatenation.
pub fn folded_hash(parts: &[Option<&str>]) -> u128 {
    let mut hasher = Xxh3::with_seed(0x7369_7975);
    FOLDED.with_borrow_mut(|folded| {
        for part in parts {
            folded.clear();
            for word in part.unwrap_or_default().split_whitespace() {
                if !folded.is_empty() {
                    folded.push(' ');
                }
                folded.push_str(word);
            }
            hasher.update(&(folded.len() as u64).to_le_bytes());
            hasher.update(folded.as_bytes());
        }
    });
    hasher.digest128()
}

/// The [`folded_hash`] of each row's texts in these columns; `None` where all of them are blank.
///
/// # Errors
/// Where a column is missing or no text.
pub(crate) fn folded_hashes(batch: &RecordBatch, names: &[&str]) -> Result<Vec<Option<u128>>, ArrowError> {
    let column = |name: &&str| {
        let column = batch.column_by_name(name);
        cast(column.ok_or_else(|| ArrowError::SchemaError(format!("no column `{name}`")))?, &DataType::Utf8)
    };
    let columns = names.iter().map(column).collect::<Result<Vec<_>, _>>()?;
    let columns: Vec<_> = columns.iter().map(AsArray::as_string::<i32>).collect();
    let mut parts = Vec::with_capacity(columns.len());
    let hash = |row| {
        parts.clear();
        parts.extend(columns.iter().map(|column| column.is_valid(row).then(|| column.value(row))));
        parts.iter().flatten().any(|part| !part.trim().is_empty()).then(|| folded_hash(&parts))
    };
    Ok((0..batch.num_rows()).map(hash).collect())
}

#[cfg(test)]
mod tests {
    use super::folded_hash;

    #[test]
    fn white_space_does_not_count_and_borders_between_parts_do() {
        assert_eq!(folded_hash(&[Some(" a\n\u{3000}b ")]), folded_hash(&[Some("a b")]));
        assert_ne!(folded_hash(&[Some("ab"), Some("c")]), folded_hash(&[Some("a"), Some("bc")]));
        assert_eq!(folded_hash(&[None]), folded_hash(&[Some("")]));
    }
}
