//! Rows on their way into batches.

use std::borrow::Cow;
use std::fmt::Write;
use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch, StringBuilder, UInt32Builder, UInt64Builder};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};

use super::{BadRow, Parsed, Source, Wanted};

/// Why a record is bad; never any of its text.
pub(super) type Reason = Cow<'static, str>;

/// Most rows of a batch.
const MAX_ROWS: usize = 1024;
/// Bytes of text that end a batch.
const MAX_BYTES: usize = 1 << 20;

/// One file's own names of the wanted columns; first of all that of the id.
#[derive(Clone, Debug)]
pub(super) struct Fields {
    pub(super) names: Vec<String>,
    pub(super) required: Vec<bool>,
}

impl Fields {
    pub(super) fn new(source: &Source, wanted: &Wanted) -> Self {
        let own = wanted.columns.iter().map(|column| source.field(&column.name));
        let required = wanted.columns.iter().map(|column| column.required);
        Self {
            names: std::iter::once(source.field("id")).chain(own).map(str::to_owned).collect(),
            required: std::iter::once(false).chain(required).collect(),
        }
    }

    /// Calls `take` for each column that the field behind `first` fills.
    pub(super) fn each_of(&self, first: usize, mut take: impl FnMut(usize)) {
        let name = &self.names[first];
        self.names.iter().enumerate().skip(first).filter(|(_, other)| *other == name).for_each(|(slot, _)| take(slot));
    }

    /// Why a row with these values is bad, if a required one is missing.
    pub(super) fn missing(&self, values: &[Option<Cow<'_, str>>]) -> Option<Reason> {
        let absent = self.required.iter().zip(values).position(|(required, value)| *required && value.is_none())?;
        Some(format!("column `{}` is missing or null", self.names[absent]).into())
    }
}

/// Collects rows until a batch is full.
pub(super) struct Rows {
    schema: SchemaRef,
    file: UInt32Builder,
    row: UInt64Builder,
    id: StringBuilder,
    columns: Vec<StringBuilder>,
    bad: Vec<BadRow>,
    count: usize,
    bytes: usize,
}

impl Rows {
    pub(super) fn new(wanted: &Wanted) -> Self {
        let mut fields = vec![
            Field::new("file", DataType::UInt32, false),
            Field::new("source_row", DataType::UInt64, false),
            Field::new("id", DataType::Utf8, false),
        ];
        fields.extend(wanted.columns.iter().map(|column| Field::new(&column.name, DataType::Utf8, true)));
        Self {
            schema: Arc::new(Schema::new(fields)),
            file: UInt32Builder::new(),
            row: UInt64Builder::new(),
            id: StringBuilder::new(),
            columns: wanted.columns.iter().map(|_| StringBuilder::new()).collect(),
            bad: Vec::new(),
            count: 0,
            bytes: 0,
        }
    }

    /// Adds a row; `values` are its id, if it has one, and its columns.
    pub(super) fn push(&mut self, file: u32, row: u64, name: &str, values: &[Option<Cow<'_, str>>]) {
        self.file.append_value(file);
        self.row.append_value(row);
        match &values[0] {
            Some(id) if !id.is_empty() => self.id.append_value(id),
            _ => {
                write!(self.id, "{name}:{row}").expect("a string takes any text");
                self.id.append_value("");
            }
        }
        for (column, value) in self.columns.iter_mut().zip(&values[1..]) {
            self.bytes += value.as_ref().map_or(0, |value| value.len());
            column.append_option(value.as_deref());
        }
        self.count += 1;
    }

    pub(super) fn push_bad(&mut self, bad: BadRow) {
        self.bad.push(bad);
    }

    pub(super) fn is_full(&self) -> bool {
        self.count >= MAX_ROWS || self.bytes >= MAX_BYTES || self.bad.len() >= MAX_ROWS
    }

    /// What was collected since the last call, unless that is nothing.
    pub(super) fn take(&mut self) -> Option<Parsed> {
        if self.count == 0 && self.bad.is_empty() {
            return None;
        }
        self.count = 0;
        self.bytes = 0;
        let mut columns: Vec<ArrayRef> =
            vec![Arc::new(self.file.finish()), Arc::new(self.row.finish()), Arc::new(self.id.finish())];
        columns.extend(self.columns.iter_mut().map(|column| Arc::new(column.finish()) as ArrayRef));
        let rows =
            RecordBatch::try_new(Arc::clone(&self.schema), columns).expect("all columns have a value for each row");
        Some(Parsed { rows, bad: std::mem::take(&mut self.bad) })
    }
}
