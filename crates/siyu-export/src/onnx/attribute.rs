//! Attributes of nodes, and what a graph says of its inputs and outputs.

use super::element::Element;
use super::proto::{Attribute, AttributeType, Dimension, Size, TensorShape, TensorType, ValueInfo, ValueType};

/// A size that is fixed.
pub(crate) fn fixed(size: i64) -> Size {
    Size::Fixed(size)
}

/// A size that a run decides.
pub(crate) fn named(name: &str) -> Size {
    Size::Named(name.to_owned())
}

/// A whole number.
pub(crate) fn int(name: &str, value: i64) -> Attribute {
    let r#type = Some(AttributeType::Int.into());
    Attribute { name: Some(name.to_owned()), r#type, i: Some(value), ..Attribute::default() }
}

/// A float.
pub(crate) fn float(name: &str, value: f32) -> Attribute {
    let r#type = Some(AttributeType::Float.into());
    Attribute { name: Some(name.to_owned()), r#type, f: Some(value), ..Attribute::default() }
}

/// Whole numbers.
pub(crate) fn ints(name: &str, values: &[i64]) -> Attribute {
    let r#type = Some(AttributeType::Ints.into());
    Attribute { name: Some(name.to_owned()), r#type, ints: values.to_vec(), ..Attribute::default() }
}

/// Name, kind of number and shape of an input or output.
pub(super) fn value_info(name: &str, element: Element, shape: Vec<Size>) -> ValueInfo {
    let dim = shape.into_iter().map(|size| Dimension { value: Some(size) }).collect();
    let tensor_type = TensorType { elem_type: Some(element.code()), shape: Some(TensorShape { dim }) };
    ValueInfo { name: Some(name.to_owned()), r#type: Some(ValueType { tensor_type: Some(tensor_type) }) }
}
