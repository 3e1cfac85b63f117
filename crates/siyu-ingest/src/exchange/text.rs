//! Texts on their way through an exchange, stored as bytes.
//!
//! Arrow's reader validates text with the standard library, which takes longer for Chinese than to decompress it. What is
//! declared as bytes it leaves alone, and one SIMD pass over a whole column does the same check.

use arrow::array::{Array, ArrayRef, AsArray, BinaryArray, RecordBatch, StringArray};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use arrow::error::ArrowError;
use std::sync::Arc;

/// The schema in which rows of `schema` are stored.
pub(super) fn stored(schema: &SchemaRef) -> SchemaRef {
    let field = |field: &Arc<Field>| match field.data_type() {
        DataType::Utf8 => Arc::new(field.as_ref().clone().with_data_type(DataType::Binary)),
        _ => Arc::clone(field),
    };
    Arc::new(Schema::new(schema.fields().iter().map(field).collect::<Vec<_>>()))
}

/// Rows as they are stored; nothing is copied.
pub(super) fn to_stored(columns: Vec<ArrayRef>, stored: &SchemaRef) -> Result<RecordBatch, ArrowError> {
    let bytes = |column: ArrayRef| match column.as_string_opt::<i32>() {
        Some(texts) => Arc::new(BinaryArray::from(texts.clone())),
        None => column,
    };
    RecordBatch::try_new(Arc::clone(stored), columns.into_iter().map(bytes).collect())
}

/// Stored rows as they were.
///
/// # Errors
/// Where a text is no UTF-8: the file was damaged.
pub(super) fn from_stored(rows: &RecordBatch, schema: &SchemaRef) -> Result<RecordBatch, ArrowError> {
    let column = |(column, field): (&ArrayRef, &Arc<Field>)| match (column.as_binary_opt::<i32>(), field.data_type()) {
        (Some(bytes), DataType::Utf8) => text(bytes).map(|texts| Arc::new(texts) as ArrayRef),
        _ => Ok(Arc::clone(column)),
    };
    let columns = rows.columns().iter().zip(schema.fields()).map(column).collect::<Result<_, _>>()?;
    RecordBatch::try_new(Arc::clone(schema), columns)
}

fn text(bytes: &BinaryArray) -> Result<StringArray, ArrowError> {
    let (offsets, values, nulls) = bytes.clone().into_parts();
    let place = |offset: i32| usize::try_from(offset).expect("an offset is not negative");
    let (first, last) = (place(offsets[0]), place(offsets[bytes.len()]));
    let damaged = || ArrowError::InvalidArgumentError("a text is not UTF-8".to_owned());
    let text = simdutf8::basic::from_utf8(&values[first..last]).map_err(|_| damaged())?;
    if !offsets.iter().all(|&offset| text.is_char_boundary(place(offset) - first)) {
        return Err(damaged());
    }
    // SAFETY: the offsets come from a valid array, what lies between them is UTF-8, and each is at a character's border.
    #[expect(unsafe_code, reason = "the safe constructor would validate a second time, slower")]
    Ok(unsafe { StringArray::new_unchecked(offsets, values, nulls) })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn schema() -> SchemaRef {
        Arc::new(Schema::new(vec![Field::new("text", DataType::Utf8, true)]))
    }

    #[test]
    fn texts_return_as_they_were() {
        let texts: ArrayRef = Arc::new(StringArray::from(vec![Some("法律"), None, Some(""), Some("a法")]));
        let sliced = texts.slice(1, 3);
        for column in [texts, sliced] {
            let rows = to_stored(vec![Arc::clone(&column)], &stored(&schema())).unwrap();
            assert_eq!(from_stored(&rows, &schema()).unwrap().column(0), &column);
        }
    }

    #[test]
    fn half_a_character_is_refused() {
        // Together the two are one character; each alone is none.
        for halves in [vec!["法".as_bytes(), &[0xe6]], vec![&"法".as_bytes()[..1], &"法".as_bytes()[1..]]] {
            let bytes: ArrayRef = Arc::new(BinaryArray::from(halves));
            let rows = RecordBatch::try_new(stored(&schema()), vec![bytes]).unwrap();
            assert!(from_stored(&rows, &schema()).is_err());
        }
    }
}
