//! The numbers of a merged tensor, made when they are written.

use super::plan::{Change, Planned};
use crate::error::Result;
use crate::weights::numbers;
use half::{bf16, f16};
use rayon::prelude::*;
use siyu_checkpoint::{Checkpoint, Dtype, Precision, View};
use std::borrow::Cow;
use std::sync::{Mutex, PoisonError};

/// Bytes of the base that are read at once.
const BLOCK: usize = 1 << 24;

/// What went wrong while tensors were made: their bytes are asked for where no error can be returned.
pub(super) type Failure = Mutex<Option<crate::Error>>;

/// A tensor of the merged model.
pub(super) struct Merged<'a> {
    pub(super) planned: &'a Planned,
    pub(super) base: &'a Checkpoint,
    pub(super) adapter: &'a Checkpoint,
    /// The kind of number that the base holds it in.
    pub(super) stored: Precision,
    /// The kind of number that it is written in.
    pub(super) written: Precision,
    pub(super) shape: Vec<usize>,
    pub(super) failure: &'a Failure,
    /// Told the count of bytes made.
    pub(super) progress: &'a (dyn Fn(u64) + Sync),
}

impl View for Merged<'_> {
    fn dtype(&self) -> Dtype {
        self.written.dtype()
    }

    fn shape(&self) -> &[usize] {
        &self.shape
    }

    fn data(&self) -> Cow<'_, [u8]> {
        let mut failure = self.failure.lock().unwrap_or_else(PoisonError::into_inner);
        let made = if failure.is_some() { None } else { self.made().map_err(|error| *failure = Some(error)).ok() };
        let made = made.unwrap_or_else(|| vec![0; self.data_len()]);
        (self.progress)(made.len() as u64);
        Cow::Owned(made)
    }

    fn data_len(&self) -> usize {
        self.shape.iter().product::<usize>() * size(self.written)
    }
}

impl Merged<'_> {
    fn made(&self) -> Result<Vec<u8>> {
        let mut made = vec![0; self.data_len()];
        if let Change::Replaced(name) = &self.planned.change {
            let whole = numbers(self.adapter, name, &self.planned.shape)?;
            narrow(&whole, self.written, &mut made);
            return self.finite(&whole, 0).map(|()| made);
        }
        let columns = self.shape.last().copied().unwrap_or(1).max(1);
        let rows_at_once = (BLOCK / (columns * size(self.stored))).max(1);
        let mut bytes = vec![0; rows_at_once * columns * size(self.stored)];
        let change = self.change()?;
        for (index, made) in made.chunks_mut(rows_at_once * columns * size(self.written)).enumerate() {
            let count = made.len() / size(self.written);
            let bytes = &mut bytes[..count * size(self.stored)];
            let first = index * rows_at_once;
            self.base.read(&self.planned.from, first * columns * size(self.stored), bytes)?;
            if change.is_none() && self.stored == self.written {
                made.copy_from_slice(bytes);
                continue;
            }
            let mut whole = widened(bytes, self.stored);
            if let Some(change) = &change {
                change.add(&mut whole, first, columns);
            }
            self.finite(&whole, first)?;
            narrow(&whole, self.written, made);
        }
        Ok(made)
    }

    fn change(&self) -> Result<Option<LowRank>> {
        let Change::Added { a, b, magnitude, rank, scale } = &self.planned.change else { return Ok(None) };
        let [out, input] = [self.planned.shape[0], self.planned.shape[1]];
        let magnitudes = magnitude.as_ref().map(|name| numbers(self.adapter, name, &[out])).transpose()?;
        let (a, b) = (numbers(self.adapter, a, &[*rank, input])?, numbers(self.adapter, b, &[out, *rank])?);
        #[expect(clippy::cast_possible_truncation, reason = "a factor near 1")]
        let scale = *scale as f32;
        Ok(Some(LowRank { a, b, magnitudes, scale }))
    }

    /// Refuses a number that the kind it is written in does not hold.
    fn finite(&self, numbers: &[f32], row: usize) -> Result<()> {
        let largest = match self.written {
            Precision::F32 => f32::MAX,
            Precision::Bf16 => bf16::MAX.to_f32(),
            Precision::F16 => f16::MAX.to_f32(),
        };
        if numbers.par_iter().all(|number| number.abs() <= largest) {
            return Ok(());
        }
        let wider = if self.written == Precision::F32 { "" } else { "store it with `--precision f32`, or " };
        Err(crate::Error::adapter(format!(
            "merged, rows of `{}` from {row} on hold a number that {} cannot; {wider}see whether the adapter is broken",
            self.planned.name,
            self.written.name()
        )))
    }
}

/// A low-rank change in f32.
struct LowRank {
    /// `[rank, in]`.
    a: Vec<f32>,
    /// `[out, rank]`.
    b: Vec<f32>,
    /// `[out]`.
    magnitudes: Option<Vec<f32>>,
    scale: f32,
}

impl LowRank {
    /// Adds the change to rows of a matrix, the first of which is row `first`.
    ///
    /// # Source
    /// Hu et al. 2021, "`LoRA`", section 4.1; Liu et al. 2024, "`DoRA`", equation 5.
    fn add(&self, rows: &mut [f32], first: usize, columns: usize) {
        let rank = self.a.len() / columns;
        rows.par_chunks_mut(columns).enumerate().for_each_init(
            || vec![0.0; columns],
            |sums, (row, weights)| {
                let row = first + row;
                sums.fill(0.0);
                for (&b, a) in self.b[row * rank..][..rank].iter().zip(self.a.chunks_exact(columns)) {
                    sums.iter_mut().zip(a).for_each(|(sum, &a)| *sum = fused(b, a, *sum));
                }
                weights.iter_mut().zip(sums.iter()).for_each(|(weight, sum)| *weight += sum * self.scale);
                if let Some(magnitudes) = &self.magnitudes {
                    let squares = weights.iter().map(|&weight| f64::from(weight) * f64::from(weight));
                    #[expect(clippy::cast_possible_truncation, reason = "the length of a row of 32-bit floats")]
                    let length = squares.sum::<f64>().sqrt() as f32;
                    let factor = magnitudes[row] / length;
                    for weight in weights.iter_mut() {
                        *weight *= factor;
                    }
                }
            },
        );
    }
}

/// `b * a + sum`, rounded once, as processors with such an instruction do it and with them PEFT: where base and change
/// nearly cancel out, any other rounding shows.
#[expect(clippy::cast_possible_truncation, reason = "a sum of 32-bit floats")]
fn fused(b: f32, a: f32, sum: f32) -> f32 {
    // The product is exact in 53 bits. `f32::mul_add` is a call where the program is built for any processor.
    (f64::from(b) * f64::from(a) + f64::from(sum)) as f32
}

/// Bytes of a number.
pub(super) fn size(precision: Precision) -> usize {
    if precision == Precision::F32 { 4 } else { 2 }
}

fn widened(bytes: &[u8], stored: Precision) -> Vec<f32> {
    let pairs = || bytes.as_chunks::<2>().0.par_iter();
    match stored {
        Precision::F32 => bytes.as_chunks::<4>().0.par_iter().map(|&four| f32::from_le_bytes(four)).collect(),
        Precision::Bf16 => pairs().map(|&pair| bf16::from_le_bytes(pair).to_f32()).collect(),
        Precision::F16 => pairs().map(|&pair| f16::from_le_bytes(pair).to_f32()).collect(),
    }
}

/// Rounds to the nearest, of two equally near to the even one.
fn narrow(numbers: &[f32], written: Precision, into: &mut [u8]) {
    let pairs = into.par_chunks_exact_mut(size(written)).zip(numbers);
    match written {
        Precision::F32 => pairs.for_each(|(bytes, number)| bytes.copy_from_slice(&number.to_le_bytes())),
        Precision::Bf16 => {
            pairs.for_each(|(bytes, &number)| bytes.copy_from_slice(&bf16::from_f32(number).to_le_bytes()));
        }
        Precision::F16 => {
            pairs.for_each(|(bytes, &number)| bytes.copy_from_slice(&f16::from_f32(number).to_le_bytes()));
        }
    }
}
