//! Files that are one document.

use super::table::Table;
use super::{Part, Source};

/// Takes the whole part, already UTF-8, as the text of one row.
pub(super) fn document(part: &Part, source: &Source, table: &mut Table) {
    let range = (0, part.bytes.len());
    let Ok(text) = simdutf8::basic::from_utf8(&part.bytes) else {
        return table.bad(part, 1, range, "the text could not be decoded".to_owned());
    };
    let values: Vec<Option<&str>> = table.wanted.iter().map(|column| (column.name == "text").then_some(text)).collect();
    table.row(part, source, 1, range, None, &values);
}
