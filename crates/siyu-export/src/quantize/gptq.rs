//! Rounding that lets each number's error be made good by those after it.
//!
//! # Source
//! Frantar et al. 2023, "GPTQ", algorithm 1, with the damping of 1 % given there. The moments are those of the model in
//! floats, so that all layers can be rounded independently.

use super::blocks::{Coded, Coder, Grid};
use rayon::prelude::*;

/// Share of the mean moment that is added to all, so that none is zero.
const DAMPING: f64 = 0.01;
/// Rows that go through the factor together.
const ROWS: usize = 16;

/// Codes of `[rows, columns]` numbers whose inputs have the second moments `moments`, `[columns, columns]`.
///
/// `None` where the moments are not those of numbers: not finite, or not positive.
pub(crate) fn round(coder: Coder, numbers: &[f32], columns: usize, moments: &[f32]) -> Option<Coded> {
    let factor = inverse_factor(moments, columns)?;
    let (blocks, count) = (coder.blocks, coder.blocks.count(columns));
    let mut codes = vec![0; numbers.len()];
    let mut grids = vec![Grid { scale: 0.0, zero: 0 }; numbers.len() / columns * count];
    let groups = codes
        .par_chunks_mut(columns * ROWS)
        .zip(grids.par_chunks_mut(count * ROWS))
        .zip(numbers.par_chunks(columns * ROWS));
    groups.for_each(|((codes, grids), numbers)| {
        let mut left = numbers.to_vec();
        for column in 0..columns {
            let after = &factor[column * columns..][column..columns];
            let rows = left.chunks_exact_mut(columns).zip(codes.chunks_exact_mut(columns));
            for ((left, codes), grids) in rows.zip(grids.chunks_exact_mut(count)) {
                let grid = &mut grids[column / blocks.size];
                if column % blocks.size == 0 {
                    *grid = coder.grid(&left[column..columns.min(column + blocks.size)]);
                }
                let code = coder.code(left[column], *grid);
                codes[column] = code;
                let stands_for = (f32::from(code) - f32::from(grid.zero)) * grid.scale;
                let error = (left[column] - stands_for) / after[0];
                for (number, &weight) in left[column + 1..].iter_mut().zip(&after[1..]) {
                    *number -= error * weight;
                }
            }
        }
    });
    Some(Coded { codes, grids })
}

/// The upper triangle `U` with `Uᵀ U` the inverse of the damped moments, row by row.
///
/// Taken from the Cholesky factor of the moments in reverse order: its inverse, again in reverse order, is `U`.
fn inverse_factor(moments: &[f32], size: usize) -> Option<Vec<f32>> {
    let mean = (0..size).map(|place| f64::from(moments[place * size + place])).sum::<f64>() / size as f64;
    if !mean.is_finite() || mean <= 0.0 {
        return None;
    }
    let reversed = |row: usize, column: usize| f64::from(moments[(size - 1 - row) * size + size - 1 - column]);
    let mut lower = vec![0.0_f64; size * size];
    for row in 0..size {
        for column in 0..=row {
            lower[row * size + column] = reversed(row, column) + if row == column { DAMPING * mean } else { 0.0 };
        }
    }
    for column in 0..size {
        let (above, below) = lower.split_at_mut((column + 1) * size);
        let own = &mut above[column * size..];
        let pivot = own[column] - dot(&own[..column], &own[..column]);
        if !pivot.is_finite() || pivot <= 0.0 {
            return None;
        }
        own[column] = pivot.sqrt();
        let own = &*own;
        below.par_chunks_exact_mut(size).with_min_len(64).for_each(|row| {
            row[column] = (row[column] - dot(&row[..column], &own[..column])) / own[column];
        });
    }
    let mut factor = vec![0.0_f32; size * size];
    let columns: Vec<Vec<f64>> = (0..size).into_par_iter().map(|column| inverse_column(&lower, size, column)).collect();
    factor.par_chunks_exact_mut(size).enumerate().for_each(|(row, factor)| {
        for (column, factor) in factor.iter_mut().enumerate().skip(row) {
            #[expect(clippy::cast_possible_truncation, reason = "rounding goes on in f32")]
            let narrowed = columns[size - 1 - column][column - row] as f32;
            *factor = narrowed;
        }
    });
    Some(factor)
}

/// A column of the inverse of a lower triangle, from its diagonal on.
fn inverse_column(lower: &[f64], size: usize, column: usize) -> Vec<f64> {
    let mut found = Vec::with_capacity(size - column);
    for row in column..size {
        let entries = &lower[row * size..][column..=row];
        let (before, diagonal) = (&entries[..row - column], entries[row - column]);
        let wanted = if row == column { 1.0 } else { 0.0 };
        found.push((wanted - dot(before, &found)) / diagonal);
    }
    found
}

fn dot(one: &[f64], other: &[f64]) -> f64 {
    let (mut sums, ones, others) = ([0.0; 4], one.chunks_exact(4), other.chunks_exact(4));
    let rest: f64 = ones.remainder().iter().zip(others.remainder()).map(|(one, other)| one * other).sum();
    for (one, other) in ones.zip(others) {
        for (sum, (one, other)) in sums.iter_mut().zip(one.iter().zip(other)) {
            *sum += one * other;
        }
    }
    sums.iter().sum::<f64>() + rest
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::quantize::blocks::Blocks;

    /// Numbers between -0.5 and 0.5 that look drawn.
    fn drawn(count: usize) -> Vec<f32> {
        let mut state = 7_u32;
        let next = |_| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 8) as f32 / (1 << 24) as f32 - 0.5
        };
        (0..count).map(next).collect()
    }

    #[test]
    fn the_factor_is_that_of_the_inverse_of_the_damped_moments() {
        let size = 9;
        let inputs = drawn(size * 40);
        let moment = |row, column| -> f32 { inputs.chunks(size).map(|input| input[row] * input[column]).sum() };
        let moments: Vec<f32> = (0..size * size).map(|place| moment(place / size, place % size)).collect();
        let factor = inverse_factor(&moments, size).unwrap();
        let mean = (0..size).map(|place| moments[place * (size + 1)]).sum::<f32>() / 9.0;
        for row in 0..size {
            for column in 0..size {
                // (UᵀU) · (moments + damping) is the identity.
                let inverse = |middle: usize| -> f32 {
                    (0..size).map(|up| factor[up * size + row] * factor[up * size + middle]).sum()
                };
                let damped =
                    |middle: usize| moments[middle * size + column] + if middle == column { 0.01 * mean } else { 0.0 };
                let found: f32 = (0..size).map(|middle| inverse(middle) * damped(middle)).sum();
                let wanted = if row == column { 1.0 } else { 0.0 };
                assert!((found - wanted).abs() < 1e-3, "{row} {column}: {found}");
            }
        }
    }

    #[test]
    fn what_comes_out_of_the_matrix_is_nearer_than_with_the_nearest_codes() {
        let (columns, rows) = (64, 20);
        let mut inputs = drawn(columns * 200);
        // Inputs that go together are where one error can make good another.
        for input in inputs.chunks_mut(columns) {
            for place in 1..columns {
                input[place] = 0.3 * input[place] + 0.9 * input[place - 1];
            }
        }
        let mut moments = vec![0.0; columns * columns];
        for input in inputs.chunks(columns) {
            for place in 0..columns * columns {
                moments[place] += input[place / columns] * input[place % columns];
            }
        }
        let numbers = drawn(columns * rows);
        let coder = Coder { blocks: Blocks { bits: 4, size: 32, symmetric: false }, narrow: false };
        let error = |coded: &Coded| -> f32 {
            let off = |row: usize, input: &[f32]| -> f32 {
                let made = coder.row(coded, columns, row).zip(&numbers[row * columns..]);
                made.zip(input).map(|((made, number), input)| (made - number) * input).sum()
            };
            inputs.chunks(columns).flat_map(|input| (0..rows).map(move |row| off(row, input).powi(2))).sum()
        };
        let nearest = error(&coder.round(&numbers, columns));
        let found = error(&round(coder, &numbers, columns, &moments).unwrap());
        assert!(found < 0.5 * nearest, "{found} {nearest}");
    }
}
