//! Numbers in few bits, block by block along the rows of a matrix.
//!
//! # Source
//! The rounding and the layout of onnxruntime's `MatMulNBits` and of its quantizer: codes, scales and zero points come
//! out equal.

use half::f16;
use rayon::prelude::*;

/// How a matrix is cut into blocks and rounded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Blocks {
    /// Bits of a code: 4 or 8.
    pub bits: u32,
    /// Numbers along a row that share a scale: a power of two from 16 to 256.
    pub size: usize,
    /// The middle code is zero; otherwise each block has a zero point of its own.
    pub symmetric: bool,
}

impl Blocks {
    /// Count of the blocks of a row.
    pub(crate) fn count(self, columns: usize) -> usize {
        columns.div_ceil(self.size)
    }
}

/// Blocks with the kind of number that their scales are stored in.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Coder {
    pub(crate) blocks: Blocks,
    /// Scales have 16 bits.
    pub(crate) narrow: bool,
}

/// What the codes of a block stand for: `(code - zero) * scale`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Grid {
    pub(crate) scale: f32,
    pub(crate) zero: u8,
}

/// A matrix in codes.
#[derive(Debug)]
pub(crate) struct Coded {
    /// One byte each, `[rows, columns]`.
    pub(crate) codes: Vec<u8>,
    /// `[rows, blocks]`.
    pub(crate) grids: Vec<Grid>,
}

impl Coder {
    fn top(self) -> f32 {
        if self.blocks.bits == 4 { 15.0 } else { 255.0 }
    }

    fn middle(self) -> u8 {
        if self.blocks.bits == 4 { 8 } else { 128 }
    }

    /// A scale as the file will hold it.
    fn stored(self, scale: f32) -> f32 {
        if self.narrow { f16::from_f32(scale).to_f32() } else { scale }
    }

    /// The grid that spans the numbers of a block.
    pub(crate) fn grid(self, numbers: &[f32]) -> Grid {
        if self.blocks.symmetric {
            // The number that is farthest from zero gets the lowest code, whatever its sign.
            let farthest =
                numbers.iter().fold(0.0_f32, |far, &number| if number.abs() > far.abs() { number } else { far });
            return Grid { scale: self.stored(farthest / -f32::from(self.middle())), zero: self.middle() };
        }
        let low = numbers.iter().copied().fold(0.0_f32, f32::min);
        let high = numbers.iter().copied().fold(0.0_f32, f32::max);
        let scale = self.stored((high - low) / self.top());
        let zero = if scale == 0.0 { 0.0 } else { (-low / scale).round().clamp(0.0, self.top()) };
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to a byte")]
        let zero = zero as u8;
        Grid { scale, zero }
    }

    /// The nearest code.
    pub(crate) fn code(self, number: f32, grid: Grid) -> u8 {
        let inverse = if grid.scale == 0.0 { 0.0 } else { grid.scale.recip() };
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to a byte")]
        let code = (number * inverse + f32::from(grid.zero)).round().clamp(0.0, self.top()) as u8;
        code
    }

    /// Rounds every number to its nearest.
    pub(crate) fn round(self, numbers: &[f32], columns: usize) -> Coded {
        let blocks = self.blocks.count(columns);
        let mut codes = vec![0; numbers.len()];
        let mut grids = vec![Grid { scale: 0.0, zero: 0 }; numbers.len() / columns * blocks];
        let rows = codes.par_chunks_mut(columns).zip(grids.par_chunks_mut(blocks)).zip(numbers.par_chunks(columns));
        rows.for_each(|((codes, grids), numbers)| {
            let blocks = codes.chunks_mut(self.blocks.size).zip(grids).zip(numbers.chunks(self.blocks.size));
            for ((codes, grid), numbers) in blocks {
                *grid = self.grid(numbers);
                for (code, &number) in codes.iter_mut().zip(numbers) {
                    *code = self.code(number, *grid);
                }
            }
        });
        Coded { codes, grids }
    }

    /// The codes as `MatMulNBits` reads them, `[rows, blocks, size * bits / 8]`: of two in a byte the first is the low
    /// half, and what fills up a row's last block is 0.
    pub(crate) fn packed(self, coded: &Coded, columns: usize) -> Vec<u8> {
        let row_bytes = self.blocks.count(columns) * self.blocks.size * self.blocks.bits as usize / 8;
        let mut bytes = vec![0; coded.codes.len() / columns * row_bytes];
        bytes.par_chunks_mut(row_bytes).zip(coded.codes.par_chunks(columns)).for_each(|(bytes, codes)| {
            if self.blocks.bits == 8 {
                bytes[..codes.len()].copy_from_slice(codes);
                return;
            }
            for (byte, pair) in bytes.iter_mut().zip(codes.chunks(2)) {
                *byte = pair[0] | pair.get(1).map_or(0, |high| high << 4);
            }
        });
        bytes
    }

    /// The zero points as `MatMulNBits` reads them, `[rows, ceil(blocks * bits / 8)]`; half a byte too much is the middle.
    pub(crate) fn packed_zeros(self, coded: &Coded, columns: usize) -> Vec<u8> {
        let rows = coded.grids.chunks(self.blocks.count(columns));
        if self.blocks.bits == 8 {
            return coded.grids.iter().map(|grid| grid.zero).collect();
        }
        rows.flat_map(|row| {
            row.chunks(2).map(|pair| pair[0].zero | pair.get(1).map_or(self.middle(), |high| high.zero) << 4)
        })
        .collect()
    }

    /// The numbers that the codes of one row stand for.
    pub(crate) fn row(self, coded: &Coded, columns: usize, row: usize) -> impl Iterator<Item = f32> {
        let grids = &coded.grids[row * self.blocks.count(columns)..];
        let codes = &coded.codes[row * columns..][..columns];
        codes.iter().enumerate().map(move |(column, &code)| {
            let grid = grids[column / self.blocks.size];
            (f32::from(code) - f32::from(grid.zero)) * grid.scale
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use siyu_checkpoint::Checkpoint;
    use std::path::Path;

    /// Rows and columns of the matrix in the golden file.
    const SHAPE: (usize, usize) = (24, 160);

    fn golden() -> Checkpoint {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/reference/golden/quantize");
        Checkpoint::of_file(folder.join("golden.safetensors")).unwrap()
    }

    #[test]
    fn codes_scales_and_zeros_are_those_of_onnxruntimes_quantizer() {
        let golden = golden();
        let numbers = crate::weights::numbers(&golden, "weight", &[24, 160]).unwrap();
        for bits in [4, 8] {
            for size in [32, 128] {
                for symmetric in [true, false] {
                    let coder = Coder { blocks: Blocks { bits, size, symmetric }, narrow: false };
                    let coded = coder.round(&numbers, SHAPE.1);
                    let named =
                        |part: &str| format!("{bits}.{size}.{}symmetric.{part}", if symmetric { "" } else { "a" });
                    let scales: Vec<u8> = coded.grids.iter().flat_map(|grid| grid.scale.to_le_bytes()).collect();
                    assert_eq!(scales, golden.bytes(&named("scales")).unwrap(), "{}", named("scales"));
                    if !symmetric {
                        let zeros = coder.packed_zeros(&coded, SHAPE.1);
                        assert_eq!(zeros, golden.bytes(&named("zeros")).unwrap(), "{}", named("zeros"));
                    }
                    let codes = coder.packed(&coded, SHAPE.1);
                    assert_eq!(codes, golden.bytes(&named("codes")).unwrap(), "{}", named("codes"));
                }
            }
        }
    }

    #[test]
    fn a_row_stands_for_numbers_within_a_step_of_what_it_was() {
        let golden = golden();
        let numbers = crate::weights::numbers(&golden, "weight", &[24, 160]).unwrap();
        for narrow in [false, true] {
            let coder = Coder { blocks: Blocks { bits: 4, size: 32, symmetric: false }, narrow };
            let coded = coder.round(&numbers, SHAPE.1);
            for row in 0..SHAPE.0 {
                for (column, made) in coder.row(&coded, SHAPE.1, row).enumerate() {
                    let step = coded.grids[row * 5 + column / 32].scale;
                    let error = (made - numbers[row * SHAPE.1 + column]).abs();
                    // The end of the grid is rounded with its zero point.
                    assert!(error <= step * 1.01, "{row} {column}: {error} of {step}");
                }
            }
        }
    }
}
