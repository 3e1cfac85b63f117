//! Rows on their way into batches.

use super::{BadRow, Parsed, Part, Source, Wanted, WantedColumn};
use arrow::array::{ArrayRef, RecordBatch, StringBuilder, UInt32Builder, UInt64Builder};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use std::sync::Arc;

const BATCH_ROWS: usize = 1024;
const BATCH_BYTES: usize = 1 << 20;

/// Collects rows column by column.
pub(super) struct Table {
    pub(super) wanted: Vec<WantedColumn>,
    schema: SchemaRef,
    files: UInt32Builder,
    numbers: UInt64Builder,
    ids: StringBuilder,
    columns: Vec<StringBuilder>,
    rows: usize,
    bytes: usize,
    bad: Vec<BadRow>,
    done: Vec<Parsed>,
}

impl Table {
    pub(super) fn new(wanted: &Wanted) -> Self {
        let mut fields = vec![
            Field::new("file", DataType::UInt32, false),
            Field::new("source_row", DataType::UInt64, false),
            Field::new("id", DataType::Utf8, true),
        ];
        fields.extend(wanted.columns.iter().map(|column| Field::new(&column.name, DataType::Utf8, true)));
        Self {
            wanted: wanted.columns.clone(),
            schema: Arc::new(Schema::new(fields)),
            files: UInt32Builder::new(),
            numbers: UInt64Builder::new(),
            ids: StringBuilder::new(),
            columns: wanted.columns.iter().map(|_| StringBuilder::new()).collect(),
            rows: 0,
            bytes: 0,
            bad: Vec::new(),
            done: Vec::new(),
        }
    }

    /// Takes a row; one without a required column is quarantined.
    pub(super) fn row(
        &mut self,
        part: &Part,
        source: &Source,
        row: u64,
        range: (usize, usize),
        id: Option<&str>,
        values: &[Option<&str>],
    ) {
        let missing = self.wanted.iter().zip(values).find(|(column, value)| column.required && value.is_none());
        if let Some((column, _)) = missing {
            let reason = format!("column `{}` is missing or null", source.field(&column.name));
            return self.bad(part, row, range, reason);
        }
        self.files.append_value(part.file);
        self.numbers.append_value(row);
        match id {
            Some(id) => self.ids.append_value(id),
            None if matches!(part.shape, super::Shape::Document) => self.ids.append_value(&source.name),
            None => self.ids.append_value(format!("{}:{row}", source.name)),
        }
        for (column, value) in self.columns.iter_mut().zip(values) {
            column.append_option(*value);
            self.bytes += value.map_or(0, str::len);
        }
        self.rows += 1;
        if self.rows >= BATCH_ROWS || self.bytes >= BATCH_BYTES {
            self.flush();
        }
    }

    /// Quarantines a row; the range counts from the start of the part.
    pub(super) fn bad(&mut self, part: &Part, row: u64, range: (usize, usize), reason: String) {
        let (start, end) = (part.offset + range.0 as u64, part.offset + range.1 as u64);
        self.bad.push(BadRow { file: part.file, row, start, end, reason });
    }

    fn flush(&mut self) {
        let mut columns: Vec<ArrayRef> =
            vec![Arc::new(self.files.finish()), Arc::new(self.numbers.finish()), Arc::new(self.ids.finish())];
        columns.extend(self.columns.iter_mut().map(|column| Arc::new(column.finish()) as ArrayRef));
        let rows = RecordBatch::try_new(Arc::clone(&self.schema), columns).expect("every row appends to every column");
        self.done.push(Parsed { rows, bad: std::mem::take(&mut self.bad) });
        (self.rows, self.bytes) = (0, 0);
    }

    pub(super) fn finish(mut self) -> Vec<Parsed> {
        if self.rows > 0 || !self.bad.is_empty() {
            self.flush();
        }
        self.done
    }
}
