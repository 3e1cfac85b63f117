//! Rows that hold several documents, so that a trainer pads nothing.
//!
//! A packed row has the tokens of its documents one after another in `input_ids` and `labels`, and their number in
//! `token_count`. [`SEQ_LENGTHS`] says how many of the tokens belong to each document. Every other column is a list
//! with one entry a document. [`packed`] makes such rows and [`unpacked`] takes them apart again.
//!
//! Boundaries are kept as lengths and not as position ids: TRL's collator reads a column of just this name and makes
//! position ids and `cu_seq_lens` of it, and position ids would be as long as the tokens themselves.

mod check;
mod documents;

pub(crate) use check::check;
pub use documents::Documents;

use arrow::array::{Array, ArrayRef, AsArray, Int32Array, ListArray, RecordBatch, UInt32Array};
use arrow::buffer::{OffsetBuffer, ScalarBuffer};
use arrow::datatypes::{DataType, Field, FieldRef, Int32Type, Schema, SchemaRef};
use arrow::error::ArrowError;
use std::sync::Arc;

/// The column that says how many tokens of a packed row belong to each of its documents.
pub const SEQ_LENGTHS: &str = "seq_lengths";

/// The columns with an entry a token.
const TOKENS: [&str; 2] = ["input_ids", "labels"];
/// The column that counts tokens.
const COUNT: &str = "token_count";
/// The columns that a check of packed rows reads.
pub(crate) const CHECKED: [&str; 4] = [TOKENS[0], TOKENS[1], COUNT, SEQ_LENGTHS];
/// The label of a token that the loss leaves out.
const IGNORED: i32 = -100;

/// The columns of packed rows, given those of their documents.
pub fn packed_schema(documents: &Schema) -> SchemaRef {
    let mut fields: Vec<FieldRef> = Vec::new();
    for field in documents.fields() {
        let keeps_its_type = TOKENS.contains(&field.name().as_str()) || field.name() == COUNT;
        fields.push(if keeps_its_type { Arc::clone(field) } else { Arc::new(list_of(field)) });
    }
    let of_tokens = |field: &FieldRef| TOKENS.contains(&field.name().as_str()) || field.name() == COUNT;
    let behind = fields.iter().rposition(of_tokens).map_or(fields.len(), |last| last + 1);
    let lengths = Field::new_list(SEQ_LENGTHS, Field::new("item", DataType::Int32, true), true);
    fields.insert(behind, Arc::new(lengths));
    Arc::new(Schema::new(fields))
}

fn list_of(field: &Field) -> Field {
    Field::new_list(field.name(), Field::new("item", field.data_type().clone(), true), true)
}

/// Documents as packed rows: the first `counts[0]` of them in the first row, and so on.
///
/// The first label of each document becomes −100: a trainer that shifts labels by one would learn it from the last
/// token of another document.
///
/// # Errors
/// Where the documents have no `input_ids`, or are not as many as `counts` says.
pub fn packed(documents: &RecordBatch, counts: &[usize]) -> Result<RecordBatch, ArrowError> {
    let ids = documents.column_by_name(TOKENS[0]).and_then(|column| column.as_list_opt::<i32>());
    let ids = ids.ok_or_else(|| ArrowError::SchemaError("packing needs the column `input_ids`".to_owned()))?;
    if counts.iter().sum::<usize>() != documents.num_rows() {
        return Err(ArrowError::InvalidArgumentError("packing was given other documents than it counts".to_owned()));
    }
    let (rows, lengths) = (OffsetBuffer::from_lengths(counts.iter().copied()), lengths(ids));
    let schema = packed_schema(documents.schema_ref());
    let mut columns: Vec<ArrayRef> = Vec::with_capacity(schema.fields().len());
    for field in schema.fields() {
        columns.push(match (field.name().as_str(), documents.column_by_name(field.name())) {
            (SEQ_LENGTHS, _) => {
                let lengths = lengths.iter().map(|length| i32::try_from(*length).unwrap_or(i32::MAX));
                list(field, rows.clone(), Arc::new(Int32Array::from_iter_values(lengths)))?
            }
            (COUNT, Some(_)) => {
                let sums = rows.windows(2).map(|ends| tokens(&lengths, ends).iter().sum::<usize>());
                Arc::new(sums.map(|sum| u32::try_from(sum).unwrap_or(u32::MAX)).collect::<UInt32Array>())
            }
            (name, Some(column)) if TOKENS.contains(&name) => {
                let column = column.as_list::<i32>();
                let sums = rows.windows(2).map(|ends| tokens(&lengths, ends).iter().sum());
                let (values, _) = flat(column);
                let values = if name == TOKENS[0] { values } else { first_ignored(&values, &lengths) };
                list(field, OffsetBuffer::from_lengths(sums), values)?
            }
            (_, Some(column)) => list(field, rows.clone(), Arc::clone(column))?,
            (name, None) => return Err(ArrowError::SchemaError(format!("packing lost the column `{name}`"))),
        });
    }
    RecordBatch::try_new(schema, columns)
}

/// The documents of packed rows, one a row and in their order: columns and values as [`packed`] was given them, but for
/// the first label of each.
///
/// # Errors
/// Where lists that must be equally long are not: the rows were changed.
pub fn unpacked(rows: &RecordBatch) -> Result<RecordBatch, ArrowError> {
    let lengths = rows.column_by_name(SEQ_LENGTHS).and_then(|column| column.as_list_opt::<i32>());
    let lengths = lengths.map(|lengths| flat(lengths).0);
    let lengths = lengths.as_ref().and_then(|lengths| lengths.as_primitive_opt::<Int32Type>());
    let missing = || ArrowError::SchemaError(format!("packed tokens need the column `{SEQ_LENGTHS}`"));
    let (mut fields, mut columns): (Vec<FieldRef>, Vec<ArrayRef>) = (Vec::new(), Vec::new());
    for (field, column) in rows.schema_ref().fields().iter().zip(rows.columns()) {
        let (field, column): (FieldRef, ArrayRef) = match field.name().as_str() {
            SEQ_LENGTHS => continue,
            COUNT => {
                let counts = lengths.ok_or_else(missing)?.iter().flatten().map(i32::cast_unsigned);
                (Arc::clone(field), Arc::new(UInt32Array::from_iter_values(counts)))
            }
            name if TOKENS.contains(&name) => {
                let lengths = lengths.ok_or_else(missing)?.iter().flatten();
                let lengths = lengths.map(|length| usize::try_from(length).unwrap_or(0));
                let tokens = list(field, OffsetBuffer::from_lengths(lengths), flat(column.as_list::<i32>()).0)?;
                (Arc::clone(field), tokens)
            }
            name => {
                let lists = column.as_list_opt::<i32>();
                let lists =
                    lists.ok_or_else(|| ArrowError::SchemaError(format!("the packed column `{name}` is no list")))?;
                let (values, item) = flat(lists);
                (Arc::new(item.as_ref().clone().with_name(name)), values)
            }
        };
        fields.push(field);
        columns.push(column);
    }
    let count = columns.first().map_or(0, Array::len);
    let options = arrow::array::RecordBatchOptions::new().with_row_count(Some(count));
    RecordBatch::try_new_with_options(Arc::new(Schema::new(fields)), columns, &options)
}

/// Tokens per document.
fn lengths(ids: &ListArray) -> Vec<usize> {
    ids.offsets().lengths().collect()
}

fn tokens<'a>(lengths: &'a [usize], ends: &[i32]) -> &'a [usize] {
    let end = |at: usize| usize::try_from(ends[at]).expect("offsets are not negative");
    &lengths[end(0)..end(1)]
}

/// The entries of all lists one after another, and their field.
fn flat(lists: &ListArray) -> (ArrayRef, FieldRef) {
    let offsets = lists.value_offsets();
    let ends = (offsets.first().copied().unwrap_or(0), offsets.last().copied().unwrap_or(0));
    let (start, end) = (usize::try_from(ends.0).unwrap_or(0), usize::try_from(ends.1).unwrap_or(0));
    let DataType::List(item) = lists.data_type() else { unreachable!("a list array has a list's type") };
    (lists.values().slice(start, end - start), Arc::clone(item))
}

/// Labels of which the first of each document is ignored.
fn first_ignored(labels: &ArrayRef, lengths: &[usize]) -> ArrayRef {
    let mut labels = labels.as_primitive::<Int32Type>().values().to_vec();
    let mut start = 0;
    for length in lengths.iter().filter(|length| **length > 0) {
        labels[start] = IGNORED;
        start += length;
    }
    Arc::new(Int32Array::new(ScalarBuffer::from(labels), None))
}

fn list(field: &Field, offsets: OffsetBuffer<i32>, values: ArrayRef) -> Result<ArrayRef, ArrowError> {
    let DataType::List(item) = field.data_type() else {
        return Err(ArrowError::SchemaError(format!("the column `{}` is no list", field.name())));
    };
    Ok(Arc::new(ListArray::try_new(Arc::clone(item), offsets, values, None)?))
}

#[cfg(test)]
mod tests;
