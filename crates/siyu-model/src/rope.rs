//! Rotary position embeddings: the angles by which positions turn queries and keys.

use crate::error::Result;
use siyu_checkpoint::RopeSettings;
use tch::{Device, Kind, Tensor};

/// Cosines and signed sines, one row per token.
#[derive(Debug)]
pub(crate) struct Turns {
    /// `[tokens, 1, head_size]`.
    cosines: Tensor,
    /// `[tokens, 1, head_size]`; the first half is negated, so that turning needs no second negation.
    sines: Tensor,
}

impl Turns {
    /// Turns every head of every token.
    ///
    /// # Shapes
    /// `heads`: `[tokens, heads, head_size]`, returned alike.
    pub(crate) fn apply(&self, heads: &Tensor) -> Result<Tensor> {
        let half = heads.size()[2] / 2;
        let swapped = heads.f_roll(half, 2)?;
        Ok(heads.f_mul(&self.cosines)?.f_addcmul(&swapped, &self.sines)?)
    }
}

/// The table of a model, computed once for as many positions as were asked for so far.
#[derive(Debug)]
pub(crate) struct Rope {
    settings: RopeSettings,
    device: Device,
    kind: Kind,
}

impl Rope {
    pub(crate) fn new(settings: RopeSettings, device: Device, kind: Kind) -> Self {
        Self { settings, device, kind }
    }

    /// The turns of documents laid one after another, each of which starts at position 0.
    pub(crate) fn of_documents(&self, lengths: &[i64]) -> Result<Turns> {
        let longest = lengths.iter().copied().max().unwrap_or(0);
        let grows = self.settings.scaling.depends_on_length();
        let table = self.table(longest, longest)?;
        let mut rows = Vec::with_capacity(lengths.len());
        for &length in lengths {
            if grows && length < longest {
                rows.push(self.table(length, length)?);
            } else {
                rows.push(table.f_narrow(1, 0, length)?);
            }
        }
        self.turns(&Tensor::f_cat(&rows, 1)?)
    }

    /// The turns of `length` tokens that follow `start` others.
    pub(crate) fn from(&self, start: i64, length: i64) -> Result<Turns> {
        let table = self.table(start + length, start + length)?;
        self.turns(&table.f_narrow(1, start, length)?)
    }

    /// Cosines and sines in f32, `[2, length, head_size]`, for a text of `total` tokens.
    fn table(&self, length: i64, total: i64) -> Result<Tensor> {
        let (frequencies, factor) = self.settings.frequencies(usize::try_from(total).unwrap_or(0));
        let frequencies = Tensor::from_slice(&frequencies);
        let positions = Tensor::f_arange(length, (Kind::Float, Device::Cpu))?;
        let angles = positions.f_outer(&frequencies)?;
        let (cosines, sines) = (angles.f_cos()?.f_mul_scalar(factor)?, angles.f_sin()?.f_mul_scalar(factor)?);
        let cosines = Tensor::f_cat(&[&cosines, &cosines], 1)?;
        let sines = Tensor::f_cat(&[&sines.f_neg()?, &sines], 1)?;
        Ok(Tensor::f_stack(&[cosines, sines], 0)?)
    }

    fn turns(&self, table: &Tensor) -> Result<Turns> {
        let table = table.f_to_device(self.device)?.f_to_kind(self.kind)?.f_unsqueeze(2)?;
        Ok(Turns { cosines: table.f_get(0)?, sines: table.f_get(1)? })
    }
}
