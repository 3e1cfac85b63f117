//! From scores to shares and back.

use super::exponential::exponential;

/// Numbers folded at once.
const LANES: usize = 8;

/// Turns scores into exponentials less their largest, zero for what is not seen; returns their sum and the logarithm of
/// the sum of the exponentials themselves.
#[inline(always)]
pub(super) fn softmax(scores: &mut [f32], seen: (usize, usize), span: (usize, usize), scale: f32) -> (f32, f32) {
    let largest = scale * largest(&scores[seen.0..seen.1]);
    // Whole lanes are faster than exactly those seen; the others are struck out again.
    for score in &mut scores[span.0..span.1] {
        *score = exponential(score.mul_add(scale, -largest));
    }
    scores[span.0..seen.0].fill(0.0);
    scores[seen.1..span.1].fill(0.0);
    let mut sums = [0.0_f32; LANES];
    for chunk in scores[span.0..span.1].chunks_exact(LANES) {
        for lane in 0..LANES {
            sums[lane] += chunk[lane];
        }
    }
    let sum: f32 = sums.into_iter().sum();
    (sum, largest + sum.ln())
}

/// Turns scores into shares, and gradients of shares into gradients of scores. `sum` is the logarithm of the sum of the
/// exponentials, `mean` the mean of the gradients, weighed by the shares.
#[inline(always)]
pub(super) fn of_softmax(
    (shares, gradients): (&mut [f32], &mut [f32]),
    seen: (usize, usize),
    span: (usize, usize),
    (scale, sum, mean): (f32, f32, f32),
) {
    for (share, gradient) in shares[span.0..span.1].iter_mut().zip(&mut gradients[span.0..span.1]) {
        *share = exponential(share.mul_add(scale, -sum));
        *gradient = (*gradient - mean) * *share * scale;
    }
    for buffer in [shares, gradients] {
        buffer[span.0..seen.0].fill(0.0);
        buffer[seen.1..span.1].fill(0.0);
    }
}

#[inline(always)]
fn largest(numbers: &[f32]) -> f32 {
    let mut largest = [f32::NEG_INFINITY; LANES];
    let chunks = numbers.chunks_exact(LANES);
    for (largest, &number) in largest.iter_mut().zip(chunks.remainder()) {
        *largest = number;
    }
    for chunk in chunks {
        for lane in 0..LANES {
            largest[lane] = if chunk[lane] > largest[lane] { chunk[lane] } else { largest[lane] };
        }
    }
    largest.into_iter().fold(f32::NEG_INFINITY, f32::max)
}
