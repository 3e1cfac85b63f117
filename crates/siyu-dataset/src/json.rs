//! Cells as JSON.

use arrow::array::{Array, ArrayRef, AsArray};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Float64Type, Int64Type, UInt64Type};
use arrow::util::display::array_value_to_string;
use serde_json::{Map, Value};

/// A cell of any column as JSON: texts, numbers and booleans as such, lists as arrays, structs as objects.
///
/// What JSON has no word for, such as a date, becomes its text; a number that is not finite becomes null.
pub fn json_value(column: &ArrayRef, row: usize) -> Value {
    use DataType as T;
    if column.is_null(row) {
        return Value::Null;
    }
    let as_type =
        |kind: &T| cast(&column.slice(row, 1), kind).expect("numbers and texts of any width are cast losslessly");
    match column.data_type() {
        T::Utf8 => column.as_string::<i32>().value(row).into(),
        T::LargeUtf8 | T::Utf8View => as_type(&T::Utf8).as_string::<i32>().value(0).into(),
        T::Boolean => column.as_boolean().value(row).into(),
        T::Int8 | T::Int16 | T::Int32 | T::Int64 => as_type(&T::Int64).as_primitive::<Int64Type>().value(0).into(),
        T::UInt8 | T::UInt16 | T::UInt32 | T::UInt64 => {
            as_type(&T::UInt64).as_primitive::<UInt64Type>().value(0).into()
        }
        T::Float16 | T::Float32 | T::Float64 => as_type(&T::Float64).as_primitive::<Float64Type>().value(0).into(),
        T::List(_) => {
            let items = column.as_list::<i32>().value(row);
            (0..items.len()).map(|item| json_value(&items, item)).collect()
        }
        T::LargeList(_) => {
            let items = column.as_list::<i64>().value(row);
            (0..items.len()).map(|item| json_value(&items, item)).collect()
        }
        T::Struct(fields) => {
            let cells = fields.iter().zip(column.as_struct().columns());
            cells.map(|(field, cell)| (field.name().clone(), json_value(cell, row))).collect::<Map<_, _>>().into()
        }
        _ => array_value_to_string(column, row).unwrap_or_default().into(),
    }
}

#[cfg(test)]
mod tests {
    use super::json_value;
    use arrow::array::{ArrayRef, Float64Array, Int32Array, ListArray, StringArray, UInt8Array};
    use arrow::datatypes::Int32Type;
    use serde_json::{Value, json};
    use std::sync::Arc;

    #[test]
    fn cells_keep_their_kind() {
        let list = ListArray::from_iter_primitive::<Int32Type, _, _>([Some(vec![Some(1), None])]);
        let columns: Vec<(ArrayRef, Value)> = vec![
            (Arc::new(StringArray::from(vec!["私"])), json!("私")),
            (Arc::new(Int32Array::from(vec![-1])), json!(-1)),
            (Arc::new(UInt8Array::from(vec![Some(7)])), json!(7)),
            (Arc::new(Float64Array::from(vec![f64::NAN])), Value::Null),
            (Arc::new(StringArray::from(vec![None::<&str>])), Value::Null),
            (Arc::new(list), json!([1, null])),
        ];
        for (column, value) in columns {
            assert_eq!(json_value(&column, 0), value);
        }
    }
}
