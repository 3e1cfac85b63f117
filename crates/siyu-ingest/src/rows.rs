//! The columns every row carries through a run, in front of the pipeline's own.
//!
//! A row that is dropped or quarantined is not forgotten but travels on without its text, so that the writer at the end
//! of a stage can count each row exactly once, whatever was killed and repeated in between.

use arrow::array::{ArrayRef, RecordBatch, UInt16Array, new_null_array};
use arrow::compute::filter_record_batch;
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use arrow::error::ArrowError;
use std::sync::Arc;

/// Unit of work that the row was read in: a block of input, later a bucket of an exchange.
pub(crate) const UNIT: usize = 0;
/// Index of the row's file among the run's sources.
pub(crate) const FILE: usize = 1;
/// Number of the row in its file, from 1.
pub(crate) const SOURCE_ROW: usize = 2;
/// Number of the piece when a step made several rows of one, else 0.
pub(crate) const PART: usize = 3;
/// [`ALIVE`], [`QUARANTINED`], or 1 + the index of the step that dropped the row.
pub(crate) const OUTCOME: usize = 4;
/// Why the row was quarantined or dropped; null for living rows.
pub(crate) const DETAIL: usize = 5;
/// Tallies of what steps did to the row since the last exchange, such as `cn_mobile=2;`; null for none.
pub(crate) const NOTES: usize = 6;
/// The document's id.
pub(crate) const ID: usize = 7;
/// Number of columns above.
pub(crate) const IDENTITY: usize = 8;

/// Outcome of a row that goes on.
pub(crate) const ALIVE: u16 = 0;
/// Outcome of a row that could not be read.
pub(crate) const QUARANTINED: u16 = u16::MAX;

/// The identity columns' fields.
pub(crate) fn identity_fields() -> Vec<Field> {
    vec![
        Field::new("__unit", DataType::UInt64, false),
        Field::new("__file", DataType::UInt32, false),
        Field::new("source_row", DataType::UInt64, false),
        Field::new("__part", DataType::UInt32, false),
        Field::new("__outcome", DataType::UInt16, false),
        Field::new("__detail", DataType::Utf8, true),
        Field::new("__notes", DataType::Utf8, true),
        Field::new("id", DataType::Utf8, true),
    ]
}

/// The schema of rows with these columns of their own.
pub(crate) fn schema(own: &[Field]) -> SchemaRef {
    let mut fields = identity_fields();
    // Rows that ended have none of them.
    fields.extend(own.iter().map(|field| field.clone().with_nullable(true)));
    Arc::new(Schema::new(fields))
}

/// Takes the rows that `keep` refuses out of `columns` and returns them as dead rows of `schema`.
///
/// `columns` are the identity columns followed by any others; `outcome` is what becomes of the refused.
///
/// # Errors
/// Arrow's own, when columns and mask differ in length.
pub(crate) fn bury(
    columns: &[ArrayRef],
    refused: &arrow::array::BooleanArray,
    detail: Option<ArrayRef>,
    outcome: u16,
    schema: &SchemaRef,
) -> Result<RecordBatch, ArrowError> {
    let mut identity: Vec<ArrayRef> = columns[..IDENTITY].to_vec();
    if let Some(detail) = detail {
        identity[DETAIL] = detail;
    }
    let identity = RecordBatch::try_new(Arc::new(Schema::new(identity_fields())), identity)?;
    let dead = filter_record_batch(&identity, refused)?;
    let mut all = dead.columns().to_vec();
    all[OUTCOME] = Arc::new(UInt16Array::from(vec![outcome; dead.num_rows()]));
    all.extend(schema.fields()[IDENTITY..].iter().map(|field| new_null_array(field.data_type(), dead.num_rows())));
    RecordBatch::try_new(Arc::clone(schema), all)
}
