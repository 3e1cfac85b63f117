//! What rounding changes.

use crate::quantize::inputs::Moments;
use rayon::prelude::*;

/// The share of what comes out of a matrix that is lost, by the root of squares, where its rows lose `lost`: on the
/// inputs with these moments, else on inputs that are all alike.
pub(super) fn cost(
    numbers: &[f32],
    columns: usize,
    moments: Option<&Moments>,
    lost: impl Fn(usize) -> Vec<f32> + Sync,
) -> f64 {
    let of_row = |(row, numbers): (usize, &[f32])| (strength(&lost(row), moments), strength(numbers, moments));
    // Summed up in one order, whatever the count of threads.
    let rows: Vec<(f64, f64)> = numbers.par_chunks(columns).enumerate().map(of_row).collect();
    let (lost, whole) = rows.into_iter().fold((0.0, 0.0), |sums, row| (sums.0 + row.0, sums.1 + row.1));
    if whole == 0.0 { 0.0 } else { (lost / whole).max(0.0).sqrt() }
}

/// The sum of the squares of what a row makes of its inputs.
fn strength(row: &[f32], moments: Option<&Moments>) -> f64 {
    let dot = |one: &[f32], other: &[f32]| one.iter().zip(other).map(|(one, other)| one * other).sum::<f32>();
    match moments {
        None => row.iter().map(|number| f64::from(*number).powi(2)).sum(),
        Some(Moments::Diagonal(squares)) => {
            row.iter().zip(squares).map(|(number, square)| f64::from(square * number * number)).sum()
        }
        Some(Moments::Full(products)) => {
            let rows = row.iter().zip(products.chunks_exact(row.len()));
            rows.map(|(number, products)| f64::from(number * dot(products, row))).sum()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cost_is_the_share_of_the_output_that_changes() {
        // Of the inputs (1, 2) and (3, 0) the matrix makes 5 and 3; without its second column 1 and 3.
        let moments = Moments::Full(vec![10.0, 2.0, 2.0, 4.0]);
        let found = cost(&[1.0, 2.0], 2, Some(&moments), |_| vec![0.0, 2.0]);
        assert!((found - (16.0_f64 / 34.0).sqrt()).abs() < 1e-6, "{found}");
        let unmeasured = cost(&[1.0, 2.0], 2, None, |_| vec![0.0, 2.0]);
        assert!((unmeasured - (4.0_f64 / 5.0).sqrt()).abs() < 1e-6, "{unmeasured}");
    }
}
