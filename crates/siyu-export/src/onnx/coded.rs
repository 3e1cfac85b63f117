//! Multiplication with weights in few bits.

mod cost;
mod embedding;
mod nodes;

use super::decoder::Decoder;
use super::element::Element;
use super::graph::Value;
use crate::error::{Error, Result};
use crate::quantize::codes::Codes;
use crate::quantize::inputs::{Inputs, Measured, Moments, Observed};
use crate::quantize::recovery::{self, Change};
use crate::quantize::{MatrixCost, QuantizeSettings, Scheme};
use cost::cost;
use rayon::prelude::*;

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
    /// `input · Wᵀ` with the `[rows, columns]` numbers in few bits, and beside them what wins back their loss.
    pub(crate) fn coded_product(
        &mut self,
        name: &str,
        numbers: &[f32],
        size: [usize; 2],
        input: &Value,
    ) -> Result<Value> {
        let coding = self.coding.as_mut().expect("the caller looked");
        let measured = match &mut coding.inputs {
            Some(inputs) => inputs.of(name)?,
            None => None,
        };
        let range = measured.map(|measured| measured.range);
        let coded = Rounded::of(numbers, size[1], coding.settings, measured, self.element == Element::F16);
        let (share, recovered) = (coded.share, coded.recovered);
        coding.costs.push(MatrixCost { name: name.to_owned(), share, recovered });
        let scheme = coding.settings.scheme;
        let product = match &coded.codes {
            Codes::Blocks(coder, blocks) => self.blocks_product(name, *coder, blocks, size, input)?,
            Codes::Rows(rows) if scheme == Scheme::Dynamic => self.dynamic_product(name, rows, size, input)?,
            Codes::Rows(rows) => {
                let unseen = || Error::Setting {
                    problem: format!(
                        "nothing was measured of what `{name}` is multiplied with; calibrate on more texts"
                    ),
                };
                self.static_product(name, rows, size, input, range.ok_or_else(unseen)?)?
            }
        };
        let Some(Change { down, up, rank }) = &coded.change else { return Ok(product) };
        let names = ["down", "up"].map(|part| format!("{name}_recovery_{part}"));
        let sum = self.low_rank_sum(names.each_ref().map(String::as_str), [down, up], *rank, input, &product)?;
        self.graph.mark_recovery();
        Ok(sum)
    }
}

/// A matrix in few bits with its costs.
struct Rounded {
    codes: Codes,
    change: Option<Change>,
    share: f64,
    recovered: Option<f64>,
}

impl Rounded {
    fn of(
        numbers: &[f32],
        columns: usize,
        settings: QuantizeSettings,
        measured: Option<&Measured>,
        narrow: bool,
    ) -> Self {
        let moments = measured.map(|measured| &measured.moments);
        let codes = Codes::of(numbers, columns, settings, moments, narrow);
        let share = cost(numbers, columns, moments, |row| codes.lost(numbers, columns, row));
        let (Some(rank), Some(Moments::Full(products))) = (settings.recovery, moments) else {
            return Self { codes, change: None, share, recovered: None };
        };
        let rows = (0..numbers.len() / columns).into_par_iter();
        let mut lost: Vec<f32> = rows.flat_map_iter(|row| codes.lost(numbers, columns, row)).collect();
        let change = recovery::fit(&lost, columns, products, rank);
        change.take_from(&mut lost, columns);
        let recovered = cost(numbers, columns, moments, |row| lost[row * columns..][..columns].to_vec());
        Self { codes, change: Some(change), share, recovered: Some(recovered) }
    }
}
