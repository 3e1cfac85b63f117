//! Batches that do not fit in memory are halved; a step's arithmetic stays what it is.

use crate::{Error, Result, feed::Rows};

/// Computes with batches, and again with halves of them for as long as memory does not suffice. `halvings` is how often
/// they are halved at once, and counts what was found out here. Gives what was computed, and the batches as they were.
///
/// # Errors
/// [`Error::OutOfMemory`] where single rows do not fit.
pub(super) fn fitting<T>(
    batches: Vec<Rows>,
    halvings: &mut u32,
    mut compute: impl FnMut(&[Rows]) -> Result<T>,
) -> Result<(T, Vec<Rows>)> {
    let mut batches = (0..*halvings).fold(batches, |batches, _| halved(batches));
    loop {
        match compute(&batches) {
            Err(Error::Model(error)) if error.is_out_of_memory() => {
                if batches.iter().all(|batch| batch.0.len() < 2) {
                    return Err(Error::OutOfMemory { tokens: batches.iter().map(Rows::tokens).max().unwrap_or(0) });
                }
                *halvings += 1;
                batches = halved(batches);
            }
            made => return Ok((made?, batches)),
        }
    }
}

fn halved(batches: Vec<Rows>) -> Vec<Rows> {
    let halve = |batch: Rows| match batch.0.len() {
        0 | 1 => vec![batch],
        _ => batch.halves().into(),
    };
    batches.into_iter().flat_map(halve).collect()
}

#[cfg(test)]
mod tests {
    use siyu_dataset::TokenRow;
    use tch::{Device, Kind, Tensor};

    use super::*;

    fn rows(count: u64) -> Rows {
        Rows((0..count).map(|row| TokenRow { row, ids: vec![1; 3], labels: vec![1; 3] }).collect())
    }

    /// What libtorch says where memory does not suffice for more than `most` rows; otherwise the rows.
    fn limited(most: usize) -> impl FnMut(&[Rows]) -> Result<Vec<u64>> {
        move |batches| {
            if batches.iter().any(|batch| batch.0.len() > most) {
                let _ = Tensor::f_zeros([1 << 50], (Kind::Float, Device::Cpu)).map_err(siyu_model::Error::from)?;
            }
            Ok(batches.iter().flat_map(|batch| &batch.0).map(|row| row.row).collect())
        }
    }

    #[test]
    fn batches_are_halved_until_they_fit_and_no_row_is_lost() {
        let mut halvings = 0;
        let (made, batches) = fitting(vec![rows(7), rows(1)], &mut halvings, limited(2)).unwrap();
        assert_eq!(made, [0, 1, 2, 3, 4, 5, 6, 0]);
        let lengths: Vec<usize> = batches.iter().map(|batch| batch.0.len()).collect();
        assert_eq!((halvings, lengths), (2, vec![2, 2, 2, 1, 1]));
        // The next step begins with halves.
        let (_, batches) = fitting(vec![rows(8)], &mut halvings, limited(2)).unwrap();
        assert_eq!((halvings, batches.len()), (2, 4));
    }

    #[test]
    fn a_single_row_that_does_not_fit_ends_the_run() {
        let found = fitting(vec![rows(4)], &mut 0, limited(0));
        assert!(matches!(found, Err(Error::OutOfMemory { tokens: 3 })));
    }
}
