//! Low-rank changes that win back what rounding lost.
//!
//! Rounding turns `W` into `Q`. Beside it the change `B A` is fitted to what is lost, `E = W - Q`, so that the outputs
//! on the texts of the calibration come as near to those of `W` as its rank allows: with the inputs' second moments `M`,
//! the least trace of `(E - B A) M (E - B A)ᵀ`. The best `B` are the first eigenvectors of `E M Eᵀ`, and `A` is `Bᵀ E`:
//! a projection, which makes no output worse than rounding did, whatever the texts.
//!
//! # Source
//! Zhang et al. 2024, "QERA: an Analytical Framework for Quantization Error Reconstruction", theorem 1, and Liu et al.
//! 2024, "`EoRA`: Fine-tuning-free Compensation for Compressed LLM with Eigenspace Low-Rank Approximation". Both take the
//! singular values of `E` times a root of `M`; the eigenvectors of `E M Eᵀ` are the same without root or inverse. They
//! are found by subspace iteration: Halko, Martinsson and Tropp 2011, "Finding structure with randomness", algorithm 4.4.

use super::eigen::eigen;
use crate::onnx::element::transposed;
use rayon::prelude::*;
use siyu_checkpoint::mix;

/// Directions that are followed beyond those that are kept.
const SPARE: usize = 8;
/// Rounds of the iteration: past these the strongest directions hardly turn.
const ROUNDS: usize = 12;
/// Columns that one thread sums up.
const STRIPE: usize = 256;

/// A low-rank change of a matrix.
#[derive(Debug)]
pub(crate) struct Change {
    /// `A`, `[rank, columns]`.
    pub(crate) down: Vec<f32>,
    /// `B`, `[rows, rank]`.
    pub(crate) up: Vec<f32>,
    pub(crate) rank: usize,
}

impl Change {
    /// Takes the change from rows of a matrix.
    pub(crate) fn take_from(&self, matrix: &mut [f32], columns: usize) {
        matrix.par_chunks_mut(columns).zip(self.up.par_chunks(self.rank)).for_each(|(row, weights)| {
            for (weight, direction) in weights.iter().zip(self.down.chunks(columns)) {
                row.iter_mut().zip(direction).for_each(|(number, part)| *number -= weight * part);
            }
        });
    }
}

/// The change of a rank, or of the matrix's own where that is less, that comes nearest to `lost`, `[rows, columns]`, on
/// inputs with the second moments `moments`, `[columns, columns]`.
pub(crate) fn fit(lost: &[f32], columns: usize, moments: &[f32], rank: usize) -> Change {
    let rows = lost.len() / columns;
    let rank = rank.min(rows).min(columns);
    let followed = (rank + SPARE).min(rows).min(columns);
    // Directions of outputs, `[followed, rows]`.
    let mut directions: Vec<f32> =
        (0..followed * rows).map(|place| (mix(0, place as u64) >> 40) as f32 / (1 << 24) as f32 - 0.5).collect();
    let mut round = 0;
    let (down, seen) = loop {
        orthonormalize(&mut directions, rows);
        let down = on_rows(lost, columns, &directions);
        let seen = on_columns(moments, columns, &down);
        if round == ROUNDS {
            break (down, seen);
        }
        directions = on_columns(lost, columns, &seen);
        round += 1;
    };
    let dot = |one: usize, other: usize| -> f64 {
        let pairs = down[one * columns..][..columns].iter().zip(&seen[other * columns..][..columns]);
        pairs.map(|(one, other)| f64::from(*one) * f64::from(*other)).sum()
    };
    let coupling = |one: usize, other: usize| f64::midpoint(dot(one, other), dot(other, one));
    let coupled = (0..followed * followed).map(|place| coupling(place / followed, place % followed)).collect();
    let strongest: Vec<Vec<f64>> = eigen(coupled, followed).into_iter().take(rank).map(|(_, vector)| vector).collect();
    let up = combined(&strongest, &directions, rows);
    Change { down: combined(&strongest, &down, columns), up: transposed(&up, rank, rows), rank }
}

/// Sums of vectors of `size` numbers, one for each list of weights.
fn combined(weights: &[Vec<f64>], vectors: &[f32], size: usize) -> Vec<f32> {
    let mut sums = vec![0.0; weights.len() * size];
    sums.par_chunks_mut(size).zip(weights).for_each(|(sum, weights)| {
        for (&weight, vector) in weights.iter().zip(vectors.chunks(size)) {
            #[expect(clippy::cast_possible_truncation, reason = "a part of a direction")]
            let weight = weight as f32;
            sum.iter_mut().zip(vector).for_each(|(sum, number)| *sum += weight * number);
        }
    });
    sums
}

/// Makes vectors of `size` numbers orthogonal and of length 1; one that depends on those before it becomes 0.
fn orthonormalize(vectors: &mut [f32], size: usize) {
    for index in 0..vectors.len() / size {
        let (before, rest) = vectors.split_at_mut(index * size);
        let vector = &mut rest[..size];
        let length = |vector: &[f32]| vector.iter().map(|&number| f64::from(number).powi(2)).sum::<f64>().sqrt();
        let whole = length(vector);
        // The second time takes what rounding left the first time.
        for _ in 0..2 {
            for other in before.chunks(size) {
                let shared: f64 = vector.iter().zip(other).map(|(a, b)| f64::from(*a) * f64::from(*b)).sum();
                #[expect(clippy::cast_possible_truncation, reason = "vectors are f32")]
                let shared = shared as f32;
                vector.iter_mut().zip(other).for_each(|(number, part)| *number -= shared * part);
            }
        }
        let left = length(vector);
        #[expect(clippy::cast_possible_truncation, reason = "vectors are f32")]
        let factor = if left > 1e-6 * whole { left.recip() as f32 } else { 0.0 };
        for number in vector.iter_mut() {
            *number *= factor;
        }
    }
}

/// `vectors · matrix`: `[count, rows]` and `[rows, columns]` to `[count, columns]`.
fn on_rows(matrix: &[f32], columns: usize, vectors: &[f32]) -> Vec<f32> {
    let rows = matrix.len() / columns;
    let stripes: Vec<Vec<f32>> = (0..columns.div_ceil(STRIPE))
        .into_par_iter()
        .map(|stripe| {
            let (first, end) = (stripe * STRIPE, columns.min((stripe + 1) * STRIPE));
            let mut sums = vec![0.0; vectors.len() / rows * (end - first)];
            for (row, numbers) in matrix.chunks(columns).enumerate() {
                let numbers = &numbers[first..end];
                for (sums, vector) in sums.chunks_mut(end - first).zip(vectors.chunks(rows)) {
                    let weight = vector[row];
                    sums.iter_mut().zip(numbers).for_each(|(sum, number)| *sum += weight * number);
                }
            }
            sums
        })
        .collect();
    let width = |stripe: usize| columns.min((stripe + 1) * STRIPE) - stripe * STRIPE;
    let of_vector = |index: usize| {
        stripes.iter().enumerate().flat_map(move |(at, sums)| sums[index * width(at)..][..width(at)].iter().copied())
    };
    (0..vectors.len() / rows).flat_map(of_vector).collect()
}

/// `vectors · matrixᵀ`: `[count, columns]` and `[rows, columns]` to `[count, rows]`.
fn on_columns(matrix: &[f32], columns: usize, vectors: &[f32]) -> Vec<f32> {
    let (rows, count) = (matrix.len() / columns, vectors.len() / columns);
    let mut by_row = vec![0.0; rows * count];
    by_row.par_chunks_mut(count).zip(matrix.par_chunks(columns)).for_each(|(sums, row)| {
        for (sum, vector) in sums.iter_mut().zip(vectors.chunks(columns)) {
            *sum = dot(row, vector);
        }
    });
    transposed(&by_row, rows, count)
}

fn dot(one: &[f32], other: &[f32]) -> f32 {
    let (ones, others) = (one.as_chunks::<8>(), other.as_chunks::<8>());
    let mut sums = [0.0_f32; 8];
    for (one, other) in ones.0.iter().zip(others.0) {
        sums.iter_mut().zip(one.iter().zip(other)).for_each(|(sum, (one, other))| *sum += one * other);
    }
    sums.iter().sum::<f32>() + ones.1.iter().zip(others.1).map(|(one, other)| one * other).sum::<f32>()
}

#[cfg(test)]
mod tests {
    use super::*;

    const SIZE: usize = 16;

    /// A number of a matrix whose rows, and columns, are orthogonal and of length 1 (Hadamard's).
    fn hadamard(row: usize, column: usize) -> f32 {
        if (row & column).count_ones().is_multiple_of(2) { 0.25 } else { -0.25 }
    }

    /// Powers of two from 1 on.
    fn power(exponent: usize) -> f32 {
        2.0_f32.powi(i32::try_from(exponent).unwrap())
    }

    /// What comes out that is lost: the trace of `E M Eᵀ`, with `M` a diagonal.
    fn strength(lost: &[f32], squares: &[f32]) -> f32 {
        lost.chunks(SIZE).flat_map(|row| row.iter().zip(squares).map(|(number, square)| number * number * square)).sum()
    }

    #[test]
    fn what_is_left_are_the_singular_values_beyond_the_rank() {
        // `E` times the root of `M` has the singular values 1, 1/2, 1/4 and so on, between two Hadamard matrices.
        let root = |column: usize| power(column % 4);
        let value = |row: usize, column: usize| -> f32 {
            (0..SIZE).map(|at| hadamard(row, at) / power(at) * hadamard(at, column)).sum::<f32>() / root(column)
        };
        let lost: Vec<f32> = (0..SIZE * SIZE).map(|place| value(place / SIZE, place % SIZE)).collect();
        let squares: Vec<f32> = (0..SIZE).map(|column| root(column).powi(2)).collect();
        let moment = |row: usize, column: usize| if row == column { squares[row] } else { 0.0 };
        let moments: Vec<f32> = (0..SIZE * SIZE).map(|place| moment(place / SIZE, place % SIZE)).collect();
        for rank in [1, 3, 5] {
            let mut left = lost.clone();
            fit(&lost, SIZE, &moments, rank).take_from(&mut left, SIZE);
            // Eckart and Young: no change of this rank leaves less.
            let least: f32 = (rank..SIZE).map(|at| power(at).powi(-2)).sum();
            let found = strength(&left, &squares);
            assert!((found / least - 1.0).abs() < 1e-3, "rank {rank}: {found} of {least}");
        }
    }

    #[test]
    fn no_output_is_farther_off_than_without_whatever_the_input() {
        let (rows, columns) = (40, 24);
        let drawn = |seed: u64, count: usize| -> Vec<f32> {
            (0..count).map(|place| (mix(seed, place as u64) >> 40) as f32 / (1 << 24) as f32 - 0.5).collect()
        };
        let lost = drawn(1, rows * columns);
        let seen = drawn(2, 10 * columns);
        let moment = |place: usize| -> f32 {
            seen.chunks(columns).map(|input| input[place / columns] * input[place % columns]).sum()
        };
        let moments: Vec<f32> = (0..columns * columns).map(moment).collect();
        let mut left = lost.clone();
        fit(&lost, columns, &moments, 6).take_from(&mut left, columns);
        let off = |matrix: &[f32], input: &[f32]| -> f32 {
            let outputs = matrix.chunks(columns).map(|row| dot(row, input));
            outputs.map(|output| output * output).sum()
        };
        for unseen in drawn(3, 50 * columns).chunks(columns) {
            assert!(off(&left, unseen) <= off(&lost, unseen) * 1.0001);
        }
        let inputs = seen.chunks(columns);
        let [before, after] = [&lost, &left].map(|matrix| inputs.clone().map(|input| off(matrix, input)).sum::<f32>());
        assert!(after < 0.4 * before, "{after} of {before}");
    }

    #[test]
    fn a_rank_beyond_the_matrix_s_own_wins_back_everything() {
        let lost: Vec<f32> = (0..30_u16).map(|place| f32::from(place * place % 7)).collect();
        let moments: Vec<f32> = (0..25).map(|place| if place % 6 == 0 { 1.0 } else { 0.0 }).collect();
        let change = fit(&lost, 5, &moments, 64);
        assert_eq!(change.rank, 5);
        let mut left = lost.clone();
        change.take_from(&mut left, 5);
        assert!(left.iter().all(|number| number.abs() < 1e-4), "{left:?}");
    }
}
