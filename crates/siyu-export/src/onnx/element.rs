//! Kinds of numbers and how they lie in a file.

use half::f16;
use rayon::prelude::*;

/// A kind of number; its value is the one of `TensorProto.DataType`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(i32)]
pub(crate) enum Element {
    F32 = 1,
    U8 = 2,
    I32 = 6,
    I64 = 7,
    Bool = 9,
    F16 = 10,
    F64 = 11,
    U4 = 21,
}

impl Element {
    /// The number that attributes and files name it by.
    pub(crate) fn code(self) -> i32 {
        self as i32
    }

    /// Floats as the bytes of this kind, which must be a kind of float.
    pub(crate) fn bytes(self, numbers: &[f32]) -> Vec<u8> {
        match self {
            Self::F16 => narrowed(numbers, |number| f16::from_f32(number).to_le_bytes()),
            Self::F64 => narrowed(numbers, |number| f64::from(number).to_le_bytes()),
            _ => narrowed(numbers, f32::to_le_bytes),
        }
    }
}

fn narrowed<const N: usize>(numbers: &[f32], each: impl Fn(f32) -> [u8; N] + Sync) -> Vec<u8> {
    let mut bytes = vec![0; numbers.len() * N];
    bytes.par_chunks_mut(N * 4096).zip(numbers.par_chunks(4096)).for_each(|(bytes, numbers)| {
        for (place, &number) in bytes.chunks_exact_mut(N).zip(numbers) {
            place.copy_from_slice(&each(number));
        }
    });
    bytes
}

/// Whether floats of 16 bits are all numbers, and none infinite.
pub(crate) fn all_finite(bytes: &[u8]) -> bool {
    bytes.as_chunks::<2>().0.par_iter().with_min_len(4096).all(|&pair| f16::from_le_bytes(pair).is_finite())
}

/// `[rows, columns]` to `[columns, rows]`.
pub(crate) fn transposed(numbers: &[f32], rows: usize, columns: usize) -> Vec<f32> {
    turned(numbers, rows, columns)
}

/// As [`transposed`].
pub(crate) fn transposed_bytes(bytes: &[u8], rows: usize, columns: usize) -> Vec<u8> {
    turned(bytes, rows, columns)
}

fn turned<T: Copy + Default + Send + Sync>(numbers: &[T], rows: usize, columns: usize) -> Vec<T> {
    const TILE: usize = 32;
    let mut turned = vec![T::default(); numbers.len()];
    if rows == 0 || columns == 0 {
        return turned;
    }
    turned.par_chunks_mut(rows * TILE).enumerate().for_each(|(tile, out)| {
        let first = tile * TILE;
        for start in (0..rows).step_by(TILE) {
            let end = (start + TILE).min(rows);
            for (column, out) in out.chunks_exact_mut(rows).enumerate() {
                for row in start..end {
                    out[row] = numbers[row * columns + first + column];
                }
            }
        }
    });
    turned
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_become_columns() {
        let numbers: Vec<f32> = (0..35 * 70).map(|number: u16| f32::from(number)).collect();
        let turned = transposed(&numbers, 35, 70);
        let by_place = |column: usize| (0..35).map(move |row| (column * 35 + row, row * 70 + column));
        let differs = (0..70).flat_map(by_place).find(|&(to, from)| turned[to].to_bits() != numbers[from].to_bits());
        assert_eq!(differs, None);
    }
}
