//! The audit of masking: from the notes of a step to rows of scratch files. It holds places and never values.
//!
//! An entry is `@kind,rule,offset,length,column;` among a row's notes. The writer at the end of a stage makes a row of
//! each, in a file beside the rows of the run, so that each is kept exactly once, whatever was killed in between.

use crate::files;
use crate::rows::{FILE, ID, NOTES, PART, SOURCE_ROW};
use arrow::array::UInt32Array;
use arrow::array::{Array, ArrayRef, AsArray, RecordBatch, StringArray, UInt64Array};
use arrow::compute::take_record_batch;
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use arrow::error::ArrowError;
use arrow::ipc::writer::FileWriter;
use siyu_text::pii::Found;
use std::fmt::Write;
use std::path::Path;
use std::sync::Arc;

/// What an entry of the audit begins with; no tally has it.
pub(crate) const MARK: char = '@';
/// Slots of the rows, in the order by which they are sorted: file, row, piece, column, offset, length, kind, rule.
pub(crate) const SORTED: [usize; 8] = [0, 1, 2, 3, 4, 5, 6, 7];
/// Slot of the document's id.
pub(crate) const AUDIT_ID: usize = 8;

/// Columns of the rows.
pub(crate) fn schema() -> SchemaRef {
    let count = |name: &str, kind: DataType| Field::new(name, kind, false);
    let text = |name: &str| Field::new(name, DataType::Utf8, false);
    Arc::new(Schema::new(vec![
        count("__file", DataType::UInt32),
        count("source_row", DataType::UInt64),
        count("__part", DataType::UInt32),
        text("column"),
        count("offset", DataType::UInt64),
        count("length", DataType::UInt64),
        text("kind"),
        text("rule"),
        Field::new("id", DataType::Utf8, true),
    ]))
}

/// Adds a masked place to the notes of its row.
pub(crate) fn note(notes: &mut String, found: &Found, column: &str) {
    let (kind, rule, length) = (found.kind, found.rule, found.end - found.start);
    let column = column.replace('%', "%25").replace(';', "%3B");
    write!(notes, "{MARK}{kind},{rule},{},{length},{column};", found.start).expect("writing to a string does not fail");
}

/// A row for each masked place of a batch, where there are any.
pub(crate) fn places(batch: &RecordBatch) -> Option<RecordBatch> {
    let notes = batch.column(NOTES).as_string::<i32>();
    if notes.null_count() == notes.len() {
        return None;
    }
    let (mut rows, mut columns, mut kinds, mut rules) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    let (mut offsets, mut lengths) = (Vec::new(), Vec::new());
    for (row, notes) in (0u32..).zip(notes) {
        for entry in notes.into_iter().flat_map(|notes| notes.split(';')).filter_map(|entry| entry.strip_prefix(MARK)) {
            let mut parts = entry.splitn(5, ',');
            let mut part = || parts.next().unwrap_or_default();
            kinds.push(part());
            rules.push(part());
            offsets.push(part().parse::<u64>().unwrap_or(0));
            lengths.push(part().parse::<u64>().unwrap_or(0));
            columns.push(part().replace("%3B", ";").replace("%25", "%"));
            rows.push(row);
        }
    }
    if rows.is_empty() {
        return None;
    }
    let identity = batch.project(&[FILE, SOURCE_ROW, PART, ID]).expect("identity comes first");
    let identity = take_record_batch(&identity, &UInt32Array::from(rows)).expect("the rows are of this batch");
    let [file, row, piece, id] = [0, 1, 2, 3].map(|slot| Arc::clone(identity.column(slot)));
    let texts = |texts: Vec<&str>| Arc::new(StringArray::from(texts)) as ArrayRef;
    let all = vec![
        file,
        row,
        piece,
        Arc::new(StringArray::from(columns)),
        Arc::new(UInt64Array::from(offsets)),
        Arc::new(UInt64Array::from(lengths)),
        texts(kinds),
        texts(rules),
        id,
    ];
    Some(RecordBatch::try_new(schema(), all).expect("one entry a place in each column"))
}

/// Writes the rows to a scratch file, where there are any; returns how many there are.
pub(crate) fn write(path: &Path, batches: &[RecordBatch]) -> Result<u64, ArrowError> {
    if batches.is_empty() {
        return Ok(0);
    }
    let file = files::create_private(path)?;
    let mut writer = FileWriter::try_new(std::io::BufWriter::new(file), &schema())?;
    for batch in batches {
        writer.write(batch)?;
    }
    writer.finish()?;
    Ok(batches.iter().map(|batch| batch.num_rows() as u64).sum())
}

#[cfg(test)]
mod tests {
    use super::{note, places};
    use crate::rows::identity_fields;
    use arrow::array::{ArrayRef, AsArray, RecordBatch, StringArray, UInt16Array, UInt32Array, UInt64Array};
    use arrow::datatypes::{Schema, UInt64Type};
    use siyu_text::pii::{Found, Kind};
    use std::sync::Arc;

    #[test]
    fn entries_come_back_beside_tallies() {
        let mut notes = "cn_mobile=1;".to_owned();
        note(&mut notes, &Found { kind: Kind::CnMobile, start: 6, end: 17, rule: "cn_mobile" }, "a;b%3B,=@");
        let columns: Vec<ArrayRef> = vec![
            Arc::new(UInt64Array::from(vec![0, 0])),
            Arc::new(UInt32Array::from(vec![0, 0])),
            Arc::new(UInt64Array::from(vec![1, 2])),
            Arc::new(UInt32Array::from(vec![0, 0])),
            Arc::new(UInt16Array::from(vec![0, 0])),
            Arc::new(StringArray::new_null(2)),
            Arc::new(StringArray::from(vec![None, Some(notes)])),
            Arc::new(StringArray::from(vec!["a", "b"])),
        ];
        let batch = RecordBatch::try_new(Arc::new(Schema::new(identity_fields())), columns).unwrap();
        let rows = places(&batch).unwrap();
        assert_eq!((rows.num_rows(), rows.column(3).as_string::<i32>().value(0)), (1, "a;b%3B,=@"));
        let numbers = [1, 4, 5].map(|slot| rows.column(slot).as_primitive::<UInt64Type>().value(0));
        assert_eq!(numbers, [2, 6, 11]);
        assert_eq!(rows.column(8).as_string::<i32>().value(0), "b");
    }
}
