//! Numbers in 8 bits, a scale for each row of a matrix.

use rayon::prelude::*;

/// The code of zero. Unsigned codes do not saturate on processors that multiply 8-bit numbers in pairs.
pub(crate) const MIDDLE: u8 = 128;

/// A matrix in codes that stand for `(code - MIDDLE) * scale`.
#[derive(Debug)]
pub(crate) struct RowCodes {
    /// One byte each, `[rows, columns]`.
    pub(crate) codes: Vec<u8>,
    /// `[rows]`.
    pub(crate) scales: Vec<f32>,
}

impl RowCodes {
    /// Rounds every number to its nearest; the one of a row that is farthest from zero gets a code 127 from the middle.
    pub(crate) fn round(numbers: &[f32], columns: usize) -> Self {
        let scale = |row: &[f32]| {
            let farthest = row.iter().fold(0.0_f32, |far, number| far.max(number.abs()));
            if farthest == 0.0 { 1.0 } else { farthest / 127.0 }
        };
        let scales: Vec<f32> = numbers.par_chunks(columns).map(scale).collect();
        let mut codes = vec![0; numbers.len()];
        let rows = codes.par_chunks_mut(columns).zip(numbers.par_chunks(columns)).zip(&scales);
        rows.for_each(|((codes, numbers), scale)| {
            for (code, number) in codes.iter_mut().zip(numbers) {
                #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to a byte")]
                let nearest = ((number / scale).round() + f32::from(MIDDLE)).clamp(1.0, 255.0) as u8;
                *code = nearest;
            }
        });
        Self { codes, scales }
    }

    /// The numbers that the codes of one row stand for.
    pub(crate) fn row(&self, columns: usize, row: usize) -> impl Iterator<Item = f32> {
        let scale = self.scales[row];
        self.codes[row * columns..][..columns].iter().map(move |&code| (f32::from(code) - f32::from(MIDDLE)) * scale)
    }
}
