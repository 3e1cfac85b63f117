//! Matrices in few bits, whatever the scheme.

use super::blocks::{Coded, Coder};
use super::inputs::Moments;
use super::rows::RowCodes;
use super::{QuantizeSettings, Scheme, gptq};

/// A matrix in few bits.
#[derive(Debug)]
pub(crate) enum Codes {
    /// Block by block.
    Blocks(Coder, Coded),
    /// Row by row.
    Rows(RowCodes),
}

impl Codes {
    /// Rounds `[rows, columns]` numbers; scales have 16 bits where they are `narrow`.
    pub(crate) fn of(
        numbers: &[f32],
        columns: usize,
        settings: QuantizeSettings,
        moments: Option<&Moments>,
        narrow: bool,
    ) -> Self {
        let Scheme::Blocks(blocks) = settings.scheme else { return Self::Rows(RowCodes::round(numbers, columns)) };
        let coder = Coder { blocks, narrow };
        let coded = match moments {
            Some(Moments::Full(products)) if settings.calibrated => gptq::round(coder, numbers, columns, products),
            _ => None,
        };
        Self::Blocks(coder, coded.unwrap_or_else(|| coder.round(numbers, columns)))
    }

    /// What a row lost: its numbers less those that its codes stand for.
    pub(crate) fn lost(&self, numbers: &[f32], columns: usize, row: usize) -> Vec<f32> {
        let numbers = &numbers[row * columns..][..columns];
        match self {
            Self::Blocks(coder, coded) => less(numbers, coder.row(coded, columns, row)),
            Self::Rows(coded) => less(numbers, coded.row(columns, row)),
        }
    }
}

fn less(numbers: &[f32], made: impl Iterator<Item = f32>) -> Vec<f32> {
    numbers.iter().zip(made).map(|(number, made)| number - made).collect()
}
