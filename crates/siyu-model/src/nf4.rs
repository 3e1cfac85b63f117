//! Matrices in 4-bit numbers, as bitsandbytes stores them.
//!
//! Every 64 numbers share the largest of their absolute values; each is the nearest of 16 levels times that. The
//! largest values are themselves stored in 8 bits, less their mean, with one more largest value for every 256.
//!
//! # Source
//! Dettmers et al. 2023, "`QLoRA`: Efficient Finetuning of Quantized LLMs", section 3 and appendix E.

mod stored;

use crate::error::Result;
use siyu_checkpoint::Error as FileError;
use tch::{Device, Kind, Tensor};

/// Numbers that share one largest value.
const BLOCK: i64 = 64;
/// Largest values that share one largest value.
const NESTED_BLOCK: i64 = 256;

/// The levels: quantiles of a normal distribution, zero among them.
const LEVELS: [f32; 16] = [
    -1.0,
    -0.696_192_8,
    -0.525_073_05,
    -0.394_917_5,
    -0.284_441_38,
    -0.184_773_43,
    -0.091_050_036,
    0.0,
    0.079_580_3,
    0.160_930_2,
    0.246_112_3,
    0.337_915_24,
    0.440_709_83,
    0.562_617,
    0.722_956_84,
    1.0,
];

/// A matrix in 4-bit numbers.
#[derive(Debug)]
pub(crate) struct Nf4 {
    /// Two numbers a byte, the first in the higher half; `[rows * columns / 2]`, u8.
    codes: Tensor,
    scales: Scales,
    rows: i64,
    columns: i64,
    /// The two levels of each byte, `[256, 2]`.
    pairs: Tensor,
}

/// The largest absolute value of each block.
#[derive(Debug)]
enum Scales {
    /// f32, `[blocks]`.
    Plain(Tensor),
    /// In 8 bits.
    Nested {
        /// u8, `[blocks]`.
        codes: Tensor,
        /// The number that each code stands for, f32, `[256]`.
        map: Tensor,
        /// Of every 256 scales, f32.
        largest: Tensor,
        /// Added to all, f32, one number.
        offset: Tensor,
    },
}

impl Nf4 {
    /// Rounds a matrix.
    ///
    /// # Errors
    /// [`FileError::Config`] where the count of numbers is odd.
    pub(crate) fn quantize(matrix: &Tensor) -> Result<Self> {
        let (rows, columns) = matrix.size2()?;
        let device = matrix.device();
        if rows * columns % 2 != 0 {
            let problem = format!("a matrix of {rows} times {columns} cannot be stored two numbers a byte");
            return Err(FileError::Config { problem }.into());
        }
        let blocks = blocks(&matrix.f_to_kind(Kind::Float)?, BLOCK)?;
        let largest = blocks.f_abs()?.f_amax(1, true)?;
        let levels = Tensor::f_from_slice(&LEVELS)?.f_to_device(device)?;
        let indices = nearest(&blocks.f_mul(&reciprocals(&largest)?)?, &levels)?;
        let indices = indices.f_view([-1])?.f_narrow(0, 0, rows * columns)?.f_view([-1, 2])?;
        let (high, low) = (indices.f_select(1, 0)?, indices.f_select(1, 1)?);
        let codes = high.f_mul_scalar(16)?.f_add(&low)?.f_to_kind(Kind::Uint8)?;
        Self::new(codes, Scales::nested(&largest.f_view([-1])?)?, rows, columns)
    }

    fn new(codes: Tensor, scales: Scales, rows: i64, columns: i64) -> Result<Self> {
        let pairs: Vec<f32> = (0..256_usize).flat_map(|byte| [LEVELS[byte >> 4], LEVELS[byte & 15]]).collect();
        let pairs = Tensor::f_from_slice(&pairs)?.f_view([256, 2])?.f_to_device(codes.device())?;
        Ok(Self { codes, scales, rows, columns, pairs })
    }

    /// The matrix that is meant, `[rows, columns]`.
    pub(crate) fn dequantize(&self, kind: Kind) -> Result<Tensor> {
        let numbers = self.pairs.f_index_select(0, &self.codes.f_to_kind(Kind::Int)?)?.f_view([-1])?;
        let scaled = blocks(&numbers, BLOCK)?.f_mul(&self.scales.get()?.f_unsqueeze(1)?)?;
        let numbers = scaled.f_view([-1])?.f_narrow(0, 0, self.rows * self.columns)?;
        Ok(numbers.f_view([self.rows, self.columns])?.f_to_kind(kind)?)
    }
}

impl Scales {
    /// Rounds the largest values of blocks to 8 bits.
    fn nested(scales: &Tensor) -> Result<Self> {
        let offset = scales.f_mean(Kind::Float)?;
        let map = dynamic_map()?.f_to_device(scales.device())?;
        let count = scales.size()[0];
        let blocks = blocks(&scales.f_sub(&offset)?, NESTED_BLOCK)?;
        let largest = blocks.f_abs()?.f_amax(1, true)?;
        let codes = nearest(&blocks.f_mul(&reciprocals(&largest)?)?, &map)?.f_view([-1])?.f_narrow(0, 0, count)?;
        Ok(Self::Nested { codes: codes.f_to_kind(Kind::Uint8)?, map, largest: largest.f_view([-1])?, offset })
    }

    fn get(&self) -> Result<Tensor> {
        Ok(match self {
            Self::Plain(scales) => scales.shallow_clone(),
            Self::Nested { codes, map, largest, offset } => {
                let count = codes.size()[0];
                let numbers = map.f_index_select(0, &codes.f_to_kind(Kind::Int)?)?;
                let scaled = blocks(&numbers, NESTED_BLOCK)?.f_mul(&largest.f_unsqueeze(1)?)?;
                scaled.f_view([-1])?.f_narrow(0, 0, count)?.f_add(offset)?
            }
        })
    }
}

/// Numbers in rows of `size`, the last filled up with zeros.
fn blocks(numbers: &Tensor, size: i64) -> Result<Tensor> {
    let flat = numbers.f_reshape([-1])?;
    let missing = (size - flat.size()[0] % size) % size;
    let filled = if missing == 0 { flat } else { flat.f_constant_pad_nd([0, missing])? };
    Ok(filled.f_view([-1, size])?)
}

/// Factors of which none is infinite: blocks of zeros stay zeros.
fn reciprocals(largest: &Tensor) -> Result<Tensor> {
    Ok(largest.f_clamp_min(1e-38)?.f_reciprocal()?)
}

/// The indices of the nearest of rising `levels`; the lower one of two equally near.
fn nearest(numbers: &Tensor, levels: &Tensor) -> Result<Tensor> {
    let count = levels.size()[0];
    let (lower, upper) = (levels.f_narrow(0, 0, count - 1)?, levels.f_narrow(0, 1, count - 1)?);
    let between = lower.f_add(&upper)?.f_div_scalar(2.0)?;
    Ok(numbers.f_bucketize(&between, true, false)?)
}

/// 256 signed numbers in -1..=1 whose density falls with their exponent.
///
/// # Source
/// Dettmers 2016, "8-Bit Approximations for Parallelism in Deep Learning", section 2.2, with seven bits of exponent.
fn dynamic_map() -> Result<Tensor> {
    let on = (Kind::Float, Device::Cpu);
    let mut parts = vec![Tensor::from_slice(&[0.0_f32, 1.0])];
    for exponent in 0..7_i32 {
        let count = (1_i64 << exponent) + 1;
        let bounds = Tensor::f_linspace(0.1, 1.0, count, on)?;
        let means = bounds.f_narrow(0, 0, count - 1)?.f_add(&bounds.f_narrow(0, 1, count - 1)?)?.f_div_scalar(2.0)?;
        let scaled = means.f_mul_scalar(10_f64.powi(exponent - 6))?;
        parts.push(scaled.f_neg()?);
        parts.push(scaled);
    }
    Ok(Tensor::f_cat(&parts, 0)?.f_sort(0, false)?.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checkpoint::Checkpoint;

    #[test]
    fn a_matrix_with_more_than_a_block_of_statistics_is_stored_as_bitsandbytes_does() {
        let golden = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/reference/golden/nf4/golden.safetensors");
        let golden = Checkpoint::of_file(golden).unwrap();
        let matrix = golden.tensor("large", Device::Cpu, Kind::Float).unwrap();
        for (name, ours) in Nf4::quantize(&matrix).unwrap().stored("large.weight").unwrap() {
            if !name.contains("quant_state") {
                assert_eq!(ours, golden.tensor(&name, Device::Cpu, ours.kind()).unwrap(), "{name}");
            }
        }
    }
}
