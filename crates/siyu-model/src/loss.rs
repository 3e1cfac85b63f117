//! The head: cross-entropy over the labelled rows, a chunk of them at a time, with its gradient made by hand.
//!
//! Logits of all rows at once would be the largest tensor of a step by far; here only a chunk's are ever there.

use crate::error::Result;
use crate::model::Model;
use tch::{Kind, Tensor};

/// Bytes that the logits of one chunk may take where the caller does not say.
const CHUNK_BYTES: i64 = 256 << 20;

/// What a model says of the labelled tokens of a batch.
#[derive(Debug)]
pub struct Loss {
    /// Sum of the negative logarithms of the labels' probabilities, f64, one number.
    sum: Tensor,
    /// Count of labels that were the likeliest token, one number.
    correct: Tensor,
    label_count: i64,
}

impl Loss {
    /// Of no labels.
    pub(crate) fn none() -> Self {
        Self { sum: Tensor::from(0.0_f64), correct: Tensor::from(0_i64), label_count: 0 }
    }

    /// Sum of the negative natural logarithms of the labels' probabilities. Waits for the device.
    pub fn sum(&self) -> f64 {
        self.sum.double_value(&[])
    }

    /// Count of labels that were the likeliest token. Waits for the device.
    pub fn correct(&self) -> i64 {
        self.correct.int64_value(&[])
    }

    /// Count of labels.
    pub fn label_count(&self) -> i64 {
        self.label_count
    }
}

/// What the hand-made backward pass of the head gives.
pub(crate) struct HeadGradient {
    /// Of the hidden states, `[rows, width]`.
    pub(crate) hidden: Tensor,
    /// Of the head's table, `[vocab, width]`, f32, where it is trained.
    pub(crate) table: Option<Tensor>,
}

impl Model {
    /// The loss of hidden rows, and, where `scale` is given, the gradient of `scale` times the loss.
    ///
    /// # Shapes
    /// `hidden`: `[rows, width]` without a graph; `targets`: `[rows]`.
    pub(crate) fn head(
        &self,
        hidden: &Tensor,
        targets: &Tensor,
        scale: Option<f64>,
        chunk_rows: Option<i64>,
    ) -> Result<(Loss, Option<HeadGradient>)> {
        let weight = self.head_weight();
        let table = weight.get(&self.parameters, self.options.kind)?.f_detach()?;
        let rows = hidden.size()[0];
        let chunk = chunk_rows.unwrap_or(CHUNK_BYTES / (4 * self.config.vocab)).clamp(1, rows.max(1));
        let device = hidden.device();
        let mut sum = Tensor::f_zeros([], (Kind::Double, device))?;
        let mut correct = Tensor::f_zeros([], (Kind::Int64, device))?;
        let gradient = scale.map(|_| hidden.f_empty_like()).transpose()?;
        let mut of_table = match scale {
            Some(_) if weight.trained().is_some() => Some(Tensor::f_zeros(table.size(), (Kind::Float, device))?),
            _ => None,
        };
        let mut start = 0;
        while start < rows {
            let count = chunk.min(rows - start);
            let (hidden, targets) = (hidden.f_narrow(0, start, count)?, targets.f_narrow(0, start, count)?);
            let mut part = Chunk::new(&hidden, &table, &targets)?;
            let _ = sum.f_add_(&part.loss.f_sum(Kind::Double)?)?;
            let _ = correct.f_add_(&part.correct)?;
            if let (Some(scale), Some(gradient)) = (scale, &gradient) {
                part.turn(&targets, scale)?;
                gradient
                    .f_narrow(0, start, count)?
                    .f_copy_(&part.logits.f_to_kind(self.options.kind)?.f_matmul(&table)?)?;
                if let Some(of_table) = &mut of_table {
                    let _ = of_table.f_addmm_(&part.logits.f_tr()?, &hidden.f_to_kind(Kind::Float)?)?;
                }
            }
            start += count;
        }
        let gradient = gradient.map(|hidden| HeadGradient { hidden, table: of_table });
        Ok((Loss { sum, correct, label_count: rows }, gradient))
    }
}

/// A chunk of rows.
struct Chunk {
    /// First the exponentials of logits less their largest, then the gradient of the logits; `[rows, vocab]`, f32.
    logits: Tensor,
    /// Sums of the exponentials, `[rows, 1]`.
    sums: Tensor,
    /// `[rows]`.
    loss: Tensor,
    /// One number.
    correct: Tensor,
}

impl Chunk {
    fn new(hidden: &Tensor, table: &Tensor, targets: &Tensor) -> Result<Self> {
        let mut logits = hidden.f_matmul(&table.f_tr()?)?.f_to_kind(Kind::Float)?;
        let (largest, likeliest) = logits.f_max_dim(1, true)?;
        let correct = likeliest.f_squeeze_dim(1)?.f_eq_tensor(targets)?.f_sum(Kind::Int64)?;
        let _ = logits.f_sub_(&largest)?;
        let wanted = logits.f_gather(1, &targets.f_unsqueeze(1)?, false)?;
        let _ = logits.f_exp_()?;
        let sums = logits.f_sum_dim_intlist(1, true, Kind::Float)?;
        let loss = sums.f_log()?.f_sub(&wanted)?.f_squeeze_dim(1)?;
        Ok(Self { logits, sums, loss, correct })
    }

    /// Makes the gradient of the logits: `scale` times probabilities, less `scale` at the targets.
    fn turn(&mut self, targets: &Tensor, scale: f64) -> Result<()> {
        let _ = self.logits.f_mul_(&self.sums.f_reciprocal()?.f_mul_scalar(scale)?)?;
        let targets = targets.f_unsqueeze(1)?;
        let less = Tensor::f_full(targets.size(), -scale, (Kind::Float, targets.device()))?;
        let _ = self.logits.f_scatter_add_(1, &targets, &less)?;
        Ok(())
    }
}
