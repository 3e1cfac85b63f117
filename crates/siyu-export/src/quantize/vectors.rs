//! Products of matrices with a few vectors, and vectors made orthogonal. Sums have one order, whatever the count of
//! threads.

use crate::onnx::element::transposed;
use rayon::prelude::*;

/// Columns that one thread sums up.
const STRIPE: usize = 256;

/// Sums of vectors of `size` numbers, one for each list of weights.
pub(super) fn combined(weights: &[Vec<f64>], vectors: &[f32], size: usize) -> Vec<f32> {
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
pub(super) fn orthonormalize(vectors: &mut [f32], size: usize) {
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
pub(super) fn on_rows(matrix: &[f32], columns: usize, vectors: &[f32]) -> Vec<f32> {
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
pub(super) fn on_columns(matrix: &[f32], columns: usize, vectors: &[f32]) -> Vec<f32> {
    let (rows, count) = (matrix.len() / columns, vectors.len() / columns);
    let mut by_row = vec![0.0; rows * count];
    by_row.par_chunks_mut(count).zip(matrix.par_chunks(columns)).for_each(|(sums, row)| {
        for (sum, vector) in sums.iter_mut().zip(vectors.chunks(columns)) {
            *sum = dot(row, vector);
        }
    });
    transposed(&by_row, rows, count)
}

/// The sum of the products of two vectors.
pub(super) fn dot(one: &[f32], other: &[f32]) -> f32 {
    let (ones, others) = (one.as_chunks::<8>(), other.as_chunks::<8>());
    let mut sums = [0.0_f32; 8];
    for (one, other) in ones.0.iter().zip(others.0) {
        sums.iter_mut().zip(one.iter().zip(other)).for_each(|(sum, (one, other))| *sum += one * other);
    }
    sums.iter().sum::<f32>() + ones.1.iter().zip(others.1).map(|(one, other)| one * other).sum::<f32>()
}
