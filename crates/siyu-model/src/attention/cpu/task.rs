//! One document and one key/value head.

use super::block::{ROWS, add_outer, product, transpose};
use super::inputs::{Inputs, LANES, Target};
use super::softmax::{of_softmax, softmax};

/// Memory that is used again from task to task.
#[derive(Default)]
pub(super) struct Scratch {
    keys: Vec<f32>,
    values: Vec<f32>,
    scores: Vec<f32>,
    of_scores: Vec<f32>,
    of_keys: Vec<f32>,
    of_values: Vec<f32>,
}

/// What a forward pass writes.
pub(super) struct Forward<'a> {
    pub(super) attended: Target<'a>,
    pub(super) sums: Target<'a>,
}

/// What a backward pass reads besides, and writes.
pub(super) struct Backward<'a> {
    pub(super) above: &'a [f32],
    pub(super) attended: &'a [f32],
    pub(super) sums: &'a [f32],
    pub(super) queries: Target<'a>,
    pub(super) keys: Target<'a>,
    pub(super) values: Target<'a>,
}

/// Makes a copy of a function that is compiled for the instructions [`super::is_usable`] asks for.
macro_rules! with_instructions {
    ($name:ident, $inner:ident, $work:ty) => {
        #[expect(unsafe_code, reason = "instructions beyond the least that the target has")]
        pub(super) fn $name(inputs: &Inputs<'_>, scratch: &mut Scratch, work: &$work) {
            #[cfg_attr(target_arch = "x86_64", target_feature(enable = "avx2,fma"))]
            unsafe fn compiled(inputs: &Inputs<'_>, scratch: &mut Scratch, work: &$work) {
                if inputs.shape.head_size % LANES == 0 {
                    $inner::<LANES>(inputs, scratch, work);
                } else {
                    $inner::<8>(inputs, scratch, work);
                }
            }
            // SAFETY: `is_usable` was asked first, and says no where these instructions are missing.
            unsafe { compiled(inputs, scratch, work) }
        }
    };
}

with_instructions!(forward, forward_with, Forward<'_>);
with_instructions!(backward, backward_with, Backward<'_>);

#[inline(always)]
fn forward_with<const COLUMNS: usize>(inputs: &Inputs<'_>, scratch: &mut Scratch, work: &Forward<'_>) {
    let (size, padded, stride) = (inputs.shape.head_size, inputs.padded(), inputs.kv_stride());
    let (keys, values) = (&inputs.keys[inputs.kv_at(0)..], &inputs.values[inputs.kv_at(0)..]);
    transpose(keys, stride, (inputs.length, size), padded, &mut scratch.keys);
    scratch.scores.resize(ROWS * padded, 0.0);
    for head in inputs.group() {
        for first in (0..inputs.length).step_by(ROWS) {
            let span = inputs.span(first);
            let queries = inputs.rows(inputs.queries, first, head);
            scores(queries, &scratch.keys, &mut scratch.scores, padded, size, span);
            let mut factors = [0.0; ROWS];
            for (row, factor) in factors.iter_mut().enumerate().take(inputs.length - first) {
                let scores = &mut scratch.scores[row * padded..][..padded];
                let (sum, logarithm) = softmax(scores, inputs.seen(first + row), span, inputs.scale());
                *factor = 1.0 / sum;
                work.sums.write(inputs.row_at(first + row, head), &[logarithm]);
            }
            let shares = four(&scratch.scores, padded);
            // Lanes may reach beyond the last key, where there are no values.
            let span = (span.0, span.1.min(inputs.length));
            for column in (0..size).step_by(COLUMNS) {
                let sums = product::<COLUMNS>(shares, values, stride, span, column);
                for row in 0..ROWS.min(inputs.length - first) {
                    let attended = sums[row].map(|sum| sum * factors[row]);
                    work.attended.write(inputs.at(first + row, head) + column, &attended);
                }
            }
        }
    }
}

#[inline(always)]
fn backward_with<const COLUMNS: usize>(inputs: &Inputs<'_>, scratch: &mut Scratch, work: &Backward<'_>) {
    let (size, padded, stride) = (inputs.shape.head_size, inputs.padded(), inputs.kv_stride());
    let (keys, values) = (&inputs.keys[inputs.kv_at(0)..], &inputs.values[inputs.kv_at(0)..]);
    transpose(keys, stride, (inputs.length, size), padded, &mut scratch.keys);
    transpose(values, stride, (inputs.length, size), padded, &mut scratch.values);
    scratch.scores.resize(ROWS * padded, 0.0);
    scratch.of_scores.resize(ROWS * padded, 0.0);
    for buffer in [&mut scratch.of_keys, &mut scratch.of_values] {
        buffer.clear();
        buffer.resize(inputs.length * size, 0.0);
    }
    for head in inputs.group() {
        for first in (0..inputs.length).step_by(ROWS) {
            let span = inputs.span(first);
            let queries = inputs.rows(inputs.queries, first, head);
            let above = inputs.rows(work.above, first, head);
            scores(queries, &scratch.keys, &mut scratch.scores, padded, size, span);
            scores(above, &scratch.values, &mut scratch.of_scores, padded, size, span);
            of_scores(inputs, scratch, work, (first, head));
            let (shares, gradients) = (four(&scratch.scores, padded), four(&scratch.of_scores, padded));
            // Lanes may reach beyond the last key, where there are no values.
            let span = (span.0, span.1.min(inputs.length));
            for column in (0..size).step_by(COLUMNS) {
                let sums = product::<COLUMNS>(gradients, keys, stride, span, column);
                for (row, sums) in sums.iter().enumerate().take(inputs.length - first) {
                    work.queries.write(inputs.at(first + row, head) + column, sums);
                }
                add_outer::<COLUMNS>(shares, above, &mut scratch.of_values, size, span, column);
                add_outer::<COLUMNS>(gradients, queries, &mut scratch.of_keys, size, span, column);
            }
        }
    }
    for token in 0..inputs.length {
        work.keys.write(inputs.kv_at(token), &scratch.of_keys[token * size..][..size]);
        work.values.write(inputs.kv_at(token), &scratch.of_values[token * size..][..size]);
    }
}

/// Turns four rows of scores into shares, and of gradients of shares into gradients of scores.
#[inline(always)]
fn of_scores(inputs: &Inputs<'_>, scratch: &mut Scratch, work: &Backward<'_>, (first, head): (usize, usize)) {
    let (padded, span) = (inputs.padded(), inputs.span(first));
    let (above, attended) = (inputs.rows(work.above, first, head), inputs.rows(work.attended, first, head));
    for row in 0..ROWS {
        let shares = &mut scratch.scores[row * padded..][..padded];
        let gradients = &mut scratch.of_scores[row * padded..][..padded];
        if first + row >= inputs.length {
            shares[span.0..span.1].fill(0.0);
            gradients[span.0..span.1].fill(0.0);
            continue;
        }
        let sum = work.sums[inputs.row_at(first + row, head)];
        let mean = above[row].iter().zip(attended[row]).map(|(above, attended)| above * attended).sum();
        of_softmax((shares, gradients), inputs.seen(first + row), span, (inputs.scale(), sum, mean));
    }
}

/// Products of four rows with all columns in `span` of a transposed matrix.
#[inline(always)]
fn scores(
    rows: [&[f32]; ROWS],
    transposed: &[f32],
    scores: &mut [f32],
    padded: usize,
    size: usize,
    span: (usize, usize),
) {
    for column in (span.0..span.1).step_by(LANES) {
        let sums = product::<LANES>(rows, transposed, padded, (0, size), column);
        for (row, sums) in sums.iter().enumerate() {
            scores[row * padded + column..][..LANES].copy_from_slice(sums);
        }
    }
}

fn four(numbers: &[f32], width: usize) -> [&[f32]; ROWS] {
    std::array::from_fn(|row| &numbers[row * width..][..width])
}
