//! The loss of a batch and its gradient.
//!
//! The layers' gradient is libtorch's, the head's is made by hand; the two meet at the hidden rows that have labels.
//! Layers may be recomputed: then only their inputs are kept, and each runs again when its turn in the backward pass
//! comes. That changes no bit of the result.

use crate::batch::Batch;
use crate::error::Result;
use crate::forward::Pass;
use crate::layer::Layer;
use crate::loss::Loss;
use crate::model::Model;
use crate::seed;
use std::ops::Range;
use tch::{Kind, Tensor};

/// Places under the seed of a pass.
const DROPOUT: u64 = 0;
const NOISE: u64 = 1;

/// How a gradient is made.
#[derive(Clone, Copy, Debug)]
pub struct BackwardSettings {
    /// What the summed loss is multiplied with before its gradient is taken: one over the step's count of labels, times
    /// the loss scale in fp16.
    pub scale: f64,
    /// Dropout and noise follow from it; `None` does without both.
    pub seed: Option<u64>,
    /// Count of layers, from the first trained one on, that are computed twice to save memory; all of them where
    /// matrices are stored in 4-bit numbers.
    pub recomputed_layers: usize,
    /// Rows whose logits are there at once; `None` takes as many as fit in 256 MiB.
    pub chunk_rows: Option<i64>,
    /// Strength of the noise on embeddings; 0 is none.
    ///
    /// # Source
    /// Jain et al. 2023, "`NEFTune`", algorithm 1.
    pub noise_alpha: f64,
}

impl Default for BackwardSettings {
    fn default() -> Self {
        Self { scale: 1.0, seed: None, recomputed_layers: 0, chunk_rows: None, noise_alpha: 0.0 }
    }
}

impl Model {
    /// The loss of a batch, without dropout and without a gradient.
    ///
    /// # Errors
    /// [`crate::Error::Batch`] for a token outside the vocabulary.
    pub fn evaluate(&self, batch: &Batch, chunk_rows: Option<i64>) -> Result<Loss> {
        if batch.label_count() == 0 {
            return Ok(Loss::none());
        }
        tch::no_grad(|| {
            let turns = self.rope.of_documents(&batch.lengths)?;
            let pass = self.pass(&turns, &batch.runs, None);
            let mut state = self.embed(&batch.ids)?;
            for index in 0..self.layers.len() {
                state = self.layer(index, &state, batch, &pass)?;
            }
            let hidden = self.normed(&state)?;
            Ok(self.head(&hidden, &batch.targets, None, chunk_rows)?.0)
        })
    }

    /// The loss of a batch; adds the gradient of `scale` times its sum to `gradient`, a buffer as
    /// [`crate::Parameters::zeros`] makes it.
    ///
    /// # Errors
    /// [`crate::Error::Batch`] for a token outside the vocabulary; [`crate::Error::is_out_of_memory`] tells whether a
    /// smaller batch may go through. After an error `gradient` may hold a part of this batch.
    pub fn backward(&self, batch: &Batch, settings: &BackwardSettings, gradient: &Tensor) -> Result<Loss> {
        if batch.label_count() == 0 {
            return Ok(Loss::none());
        }
        let turns = tch::no_grad(|| self.rope.of_documents(&batch.lengths))?;
        let pass = self.pass(&turns, &batch.runs, settings.seed.map(|seed| seed::mix(seed, DROPOUT)));
        let trained: Vec<Vec<usize>> = self.layers.iter().map(Layer::trained).collect();
        let embedded = self.embedding.trained();
        // Below the first layer that is trained nothing needs a gradient.
        let first = match embedded {
            Some(_) => 0,
            None => trained.iter().position(|indices| !indices.is_empty()).unwrap_or(self.layers.len()),
        };
        // A graph would hold on to every matrix that was made of 4-bit numbers, and with it lose what they save.
        let recomputed = if self.is_quantized() { self.layers.len() } else { settings.recomputed_layers };
        let kept = self.layers.len().min(first.saturating_add(recomputed));
        let inputs = tch::no_grad(|| self.inputs(batch, settings, &pass, first..kept))?;
        let needed = |layer: usize| embedded.is_some() || layer > first;

        let start = detached(&inputs[kept - first], needed(kept))?;
        let mut state = start.shallow_clone();
        for index in kept..self.layers.len() {
            state = self.layer(index, &state, batch, &pass)?;
        }
        let hidden = self.normed(&state)?;
        drop(state);
        let (loss, head) =
            tch::no_grad(|| self.head(&hidden.f_detach()?, &batch.targets, Some(settings.scale), settings.chunk_rows))?;
        let Some(head) = head else { return Ok(loss) };
        if let (Some(index), Some(table)) = (self.head_weight().trained(), head.table) {
            self.parameters.accumulate(gradient, &[index], &[table])?;
        }
        let mut indices: Vec<usize> = trained[kept..].concat();
        indices.extend(self.norm.trained());
        let mut above = self.propagate(&hidden, &head.hidden, &indices, &start, gradient)?;
        drop((hidden, start));
        for layer in (first..kept).rev() {
            let start = detached(&inputs[layer - first], needed(layer))?;
            let output = self.layer(layer, &start, batch, &pass)?;
            above = self.propagate(&output, &above, &trained[layer], &start, gradient)?;
        }
        if let Some(index) = embedded {
            let table = Tensor::f_embedding_dense_backward(&above, &batch.ids, self.config.vocab, -1, false)?;
            self.parameters.accumulate(gradient, &[index], &[table])?;
        }
        Ok(loss)
    }

    /// What a layer makes of its input; the last one only for the rows whose next token is learned.
    fn layer(&self, index: usize, input: &Tensor, batch: &Batch, pass: &Pass<'_>) -> Result<Tensor> {
        if index + 1 < self.layers.len() {
            return self.layers[index].forward(input, pass);
        }
        self.layers[index].forward_rows(input, &batch.rows, pass)
    }

    /// The inputs of the layers in `kept` and of the one after them.
    fn inputs(
        &self,
        batch: &Batch,
        settings: &BackwardSettings,
        pass: &Pass<'_>,
        kept: Range<usize>,
    ) -> Result<Vec<Tensor>> {
        let mut state = self.embed(&batch.ids)?;
        if let Some(seed) = settings.seed.filter(|_| settings.noise_alpha > 0.0) {
            state = state.f_add(&self.noise(batch, settings.noise_alpha, seed::mix(seed, NOISE))?)?;
        }
        let mut inputs = Vec::with_capacity(kept.len() + 1);
        for index in 0..kept.end {
            let output = self.layer(index, &state, batch, pass)?;
            let input = std::mem::replace(&mut state, output);
            if kept.contains(&index) {
                inputs.push(input);
            }
        }
        inputs.push(state);
        Ok(inputs)
    }

    /// Uniform noise of `alpha / sqrt(length * width)`, by the length of each document.
    fn noise(&self, batch: &Batch, alpha: f64, seed: u64) -> Result<Tensor> {
        let shape = [batch.token_count(), self.config.width];
        let drawn = seed::seeded(seed, || Tensor::f_rand(shape, (Kind::Float, self.options.device)))?;
        let bounds = batch.lengths.iter().flat_map(|&length| {
            let bound = alpha / (length as f64 * self.config.width as f64).sqrt();
            std::iter::repeat_n(bound, usize::try_from(length).expect("lengths are counts"))
        });
        let bounds = Tensor::f_from_slice(&bounds.collect::<Vec<f64>>())?.f_to_device(self.options.device)?;
        let bounds = bounds.f_to_kind(Kind::Float)?.f_unsqueeze(1)?;
        Ok(drawn.f_mul_scalar(2.0)?.f_sub_scalar(1.0)?.f_mul(&bounds)?.f_to_kind(self.options.kind)?)
    }

    /// Runs a graph backward from `output`, whose gradient is `above`; gives that of `start`.
    fn propagate(
        &self,
        output: &Tensor,
        above: &Tensor,
        indices: &[usize],
        start: &Tensor,
        gradient: &Tensor,
    ) -> Result<Tensor> {
        let mut wanted: Vec<&Tensor> = indices.iter().map(|&index| self.parameters.leaf(index)).collect();
        if start.requires_grad() {
            wanted.push(start);
        }
        if wanted.is_empty() {
            return Ok(Tensor::new());
        }
        // The gradient of this sum with respect to `output` is `above`.
        let root = output.f_mul(above)?.f_sum(output.kind())?;
        let mut found = Tensor::f_run_backward(&[root], &wanted, false, false)?;
        let below = if start.requires_grad() { found.pop() } else { None };
        tch::no_grad(|| self.parameters.accumulate(gradient, indices, &found))?;
        Ok(below.unwrap_or_default())
    }
}

/// A tensor without its history, from which a graph may begin.
fn detached(tensor: &Tensor, needs_gradient: bool) -> Result<Tensor> {
    Ok(tensor.f_detach()?.f_set_requires_grad(needs_gradient)?)
}
