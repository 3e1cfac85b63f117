//! Multiplication with weights in few bits.

mod cost;
mod embedding;
mod nodes;

use super::decoder::Decoder;
use super::element::Element;
use super::graph::Value;
use crate::error::Result;
use crate::quantize::blocks::Coder;
use crate::quantize::inputs::{Inputs, Moments, Observed};
use crate::quantize::{MatrixCost, QuantizeSettings, Scheme, gptq};
use cost::cost;

/// The zero of 8-bit codes of dynamic quantization. Unsigned codes do not saturate on processors that multiply 8-bit
/// numbers in pairs.
const MIDDLE: u8 = 128;

/// What is done to weights, and what was found on the way.
pub(crate) struct Coding<'a> {
    pub(crate) settings: QuantizeSettings,
    pub(crate) inputs: Option<Inputs<'a>>,
    pub(crate) costs: Vec<MatrixCost>,
}

/// Inputs of matrices, to be made outputs.
#[derive(Default)]
pub(crate) struct Watch {
    pub(crate) values: Vec<(Value, Observed)>,
}

impl Watch {
    /// Remembers that a matrix is multiplied with `input`.
    pub(crate) fn note(&mut self, input: &Value, matrix: &str, width: usize) {
        if let Some((_, observed)) = self.values.iter_mut().find(|(value, _)| value == input) {
            observed.matrices.push(matrix.to_owned());
            return;
        }
        let output = format!("observed.{}", self.values.len());
        self.values.push((input.clone(), Observed { output, matrices: vec![matrix.to_owned()], width }));
    }
}

impl Decoder<'_, '_> {
    /// `input · Wᵀ` with the `[rows, columns]` numbers in few bits.
    pub(crate) fn coded_product(
        &mut self,
        name: &str,
        numbers: &[f32],
        [rows, columns]: [usize; 2],
        input: &Value,
    ) -> Result<Value> {
        let coding = self.coding.as_mut().expect("the caller looked");
        let moments = match &mut coding.inputs {
            Some(inputs) => inputs.of(name)?,
            None => None,
        };
        match coding.settings.scheme {
            Scheme::Blocks(blocks) => {
                let coder = Coder { blocks, narrow: self.element == Element::F16 };
                let coded = match moments {
                    Some(Moments::Full(products)) => {
                        gptq::round(coder, numbers, columns, products).unwrap_or_else(|| coder.round(numbers, columns))
                    }
                    _ => coder.round(numbers, columns),
                };
                let share = cost(numbers, columns, moments, |row| coder.row(&coded, columns, row));
                coding.costs.push(MatrixCost { name: name.to_owned(), share });
                self.blocks_product(name, coder, &coded, [rows, columns], input)
            }
            Scheme::Dynamic => {
                let scales: Vec<f32> = numbers.chunks(columns).map(symmetric_scale).collect();
                let code = |number: f32, scale: f32| {
                    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to a byte")]
                    let code = ((number / scale).round() + f32::from(MIDDLE)).clamp(1.0, 255.0) as u8;
                    code
                };
                let coded = numbers.chunks(columns).zip(&scales);
                let codes: Vec<u8> =
                    coded.flat_map(|(row, &scale)| row.iter().map(move |&number| code(number, scale))).collect();
                let share = cost(numbers, columns, moments, |row| {
                    let codes = &codes[row * columns..][..columns];
                    let scale = scales[row];
                    codes.iter().map(move |&code| (f32::from(code) - f32::from(MIDDLE)) * scale)
                });
                coding.costs.push(MatrixCost { name: name.to_owned(), share });
                self.dynamic_product(name, &codes, &scales, [rows, columns], input)
            }
        }
    }
}

/// The scale of a row whose farthest number gets the code that is 127 from the middle.
fn symmetric_scale(row: &[f32]) -> f32 {
    let farthest = row.iter().fold(0.0_f32, |far, number| far.max(number.abs()));
    if farthest == 0.0 { 1.0 } else { farthest / 127.0 }
}
