//! The numbers of a model folder, in f32.

use crate::error::{Error, Result};
use half::{bf16, f16};
use rayon::prelude::*;
use siyu_checkpoint::{Checkpoint, Dtype};

/// The weights of a model, some of them replaced by others.
#[derive(Clone, Copy)]
pub(crate) struct Weights<'a> {
    base: &'a Checkpoint,
    /// Whose tensors come first, and what is put before their names there.
    over: Option<(&'a Checkpoint, &'a str)>,
}

impl<'a> Weights<'a> {
    pub(crate) fn new(base: &'a Checkpoint) -> Self {
        Self { base, over: None }
    }

    /// The same, but what `checkpoint` holds under `prefix` and a name is taken from there.
    pub(crate) fn with(self, checkpoint: &'a Checkpoint, prefix: &'a str) -> Self {
        Self { over: Some((checkpoint, prefix)), ..self }
    }

    /// All numbers of a tensor, row by row.
    ///
    /// # Errors
    /// Where it is missing, or of another shape, or stored in another kind of number than a float.
    pub(crate) fn numbers(&self, name: &str, shape: &[i64]) -> Result<Vec<f32>> {
        match self.over {
            Some((checkpoint, prefix)) if self.replaces(name) => numbers(checkpoint, &format!("{prefix}{name}"), shape),
            _ => numbers(self.base, name, shape),
        }
    }

    /// Whether a tensor is taken from elsewhere than the model folder.
    pub(crate) fn replaces(&self, name: &str) -> bool {
        self.over.is_some_and(|(checkpoint, prefix)| checkpoint.contains(&format!("{prefix}{name}")))
    }

    /// The model folder's own, nothing replaced.
    pub(crate) fn base(self) -> Self {
        Self { over: None, ..self }
    }
}

/// All numbers of a tensor of one shape.
///
/// # Errors
/// As [`Weights::numbers`].
pub(crate) fn numbers(checkpoint: &Checkpoint, name: &str, shape: &[i64]) -> Result<Vec<f32>> {
    checkpoint.expect_shape(name, shape)?;
    let bytes = checkpoint.bytes(name)?;
    Ok(match checkpoint.dtype(name) {
        Some(Dtype::F32) => widened(bytes, f32::from_le_bytes),
        Some(Dtype::F16) => widened(bytes, |pair| f16::from_le_bytes(pair).to_f32()),
        Some(Dtype::BF16) => widened(bytes, |pair| bf16::from_le_bytes(pair).to_f32()),
        other => {
            let found = other.map_or_else(|| "nothing known".to_owned(), |dtype| dtype.to_string());
            return Err(Error::Dtype { name: name.to_owned(), found });
        }
    })
}

fn widened<const N: usize>(bytes: &[u8], each: impl Fn([u8; N]) -> f32 + Sync) -> Vec<f32> {
    let mut numbers = vec![0.0; bytes.len() / N];
    numbers.par_chunks_mut(4096).zip(bytes.par_chunks(4096 * N)).for_each(|(numbers, bytes)| {
        let (whole, _) = bytes.as_chunks::<N>();
        for (number, &bytes) in numbers.iter_mut().zip(whole) {
            *number = each(bytes);
        }
    });
    numbers
}
