//! Products of four rows with a matrix, in registers.

/// Rows treated together: as many as leave registers for their sums.
pub(super) const ROWS: usize = 4;

/// Sums `left[row][t] * right[t][column..column + COLUMNS]` over `t` in `from..to`, for each of the four rows.
///
/// Row `t` of `right` begins at `t * width`.
#[inline(always)]
pub(super) fn product<const COLUMNS: usize>(
    left: [&[f32]; ROWS],
    right: &[f32],
    width: usize,
    (from, to): (usize, usize),
    column: usize,
) -> [[f32; COLUMNS]; ROWS] {
    let mut sums = [[0.0_f32; COLUMNS]; ROWS];
    let left = left.map(|row| &row[..to]);
    for t in from..to {
        let right = &right[t * width + column..][..COLUMNS];
        for row in 0..ROWS {
            let factor = left[row][t];
            for lane in 0..COLUMNS {
                sums[row][lane] = factor.mul_add(right[lane], sums[row][lane]);
            }
        }
    }
    sums
}

/// Adds `left[row][t] * right[row]` over the four rows to row `t` of `sums`, for each `t` in `from..to`; of `COLUMNS`
/// columns from `column` on.
///
/// Row `t` of `sums` begins at `t * width`.
#[inline(always)]
pub(super) fn add_outer<const COLUMNS: usize>(
    left: [&[f32]; ROWS],
    right: [&[f32]; ROWS],
    sums: &mut [f32],
    width: usize,
    (from, to): (usize, usize),
    column: usize,
) {
    let left = left.map(|row| &row[..to]);
    let right: [[f32; COLUMNS]; ROWS] = right.map(|row| std::array::from_fn(|lane| row[column..][..COLUMNS][lane]));
    for t in from..to {
        let sums = &mut sums[t * width + column..][..COLUMNS];
        for lane in 0..COLUMNS {
            let mut sum = sums[lane];
            for row in 0..ROWS {
                sum = left[row][t].mul_add(right[row][lane], sum);
            }
            sums[lane] = sum;
        }
    }
}

/// Writes `rows` of `width` numbers, which begin `stride` apart, as columns of `padded` numbers; what is left over is
/// zero.
pub(super) fn transpose(
    source: &[f32],
    stride: usize,
    (rows, width): (usize, usize),
    padded: usize,
    target: &mut Vec<f32>,
) {
    target.clear();
    target.resize(width * padded, 0.0);
    for row in 0..rows {
        let numbers = &source[row * stride..][..width];
        for (column, &number) in numbers.iter().enumerate() {
            target[column * padded + row] = number;
        }
    }
}
