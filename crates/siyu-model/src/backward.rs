//! The loss of a batch and its gradient.
//!
//! The layers' gradient is libtorch's, the head's is made by hand; the two meet at the hidden rows that have labels.
//! Layers may be recomputed: then only their inputs are kept, and each runs again when its turn in the backward pass
//! comes. That changes no bit of the result.

use crate::batch::Batch;
use crate::error::Result;
use crate::forward::Pass;
use crate::graph::{Graph, detached, propagate};
use crate::loss::Loss;
use crate::model::Model;
use crate::seed;
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
            let turns = self.rope.of_documents(batch.lengths())?;
            let pass = self.pass(&turns, &batch.plan, None);
            let mut state = self.embed(&batch.ids, batch.extremes)?;
            for index in 0..self.layers.len() {
                state = self.layers[index].forward(&state, self.rows(index, batch), &pass)?;
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
        let turns = tch::no_grad(|| self.rope.of_documents(batch.lengths()))?;
        let pass = self.pass(&turns, &batch.plan, settings.seed.map(|seed| seed::mix(seed, DROPOUT)));
        let embedded = self.embedding.trained();
        let needed = self.needed();
        let first = needed.iter().position(|&needed| needed).unwrap_or(self.layers.len());
        // A graph would hold on to every matrix that was made of 4-bit numbers, and with it lose what they save.
        let recomputed = if self.is_quantized() { self.layers.len() } else { settings.recomputed_layers };
        let mut climbed = Vec::with_capacity(self.layers.len());
        let mut state = tch::no_grad(|| self.start(batch, settings))?;
        for index in 0..self.layers.len() {
            if index < first || index < first.saturating_add(recomputed) {
                let input = state;
                state = tch::no_grad(|| self.layers[index].forward(&input, self.rows(index, batch), &pass))?;
                climbed.push(Climbed::Input(if index < first { Tensor::new() } else { input }));
            } else {
                let graph = self.graph(index, &state, batch, &needed, &pass)?;
                state = graph.output()?;
                climbed.push(Climbed::Graph(graph));
            }
        }
        let (loss, mut above) = self.top(&state, batch, settings, gradient)?;
        drop(state);
        for (index, climbed) in climbed.into_iter().enumerate().skip(first).rev() {
            let graph = match climbed {
                Climbed::Graph(graph) => graph,
                Climbed::Input(input) => self.graph(index, &input, batch, &needed, &pass)?,
            };
            above = graph.backward(&self.layers[index], &above, &self.parameters, gradient)?;
        }
        if let Some(index) = embedded {
            let table = Tensor::f_embedding_dense_backward(&above, &batch.ids, self.config.vocab, -1, false)?;
            self.parameters.accumulate(gradient, &[index], &[table])?;
        }
        Ok(loss)
    }

    /// Whether the gradient of each layer's output matters: below the first part that is trained none does.
    fn needed(&self) -> Vec<bool> {
        let mut needed = self.embedding.trained().is_some();
        let layers = self.layers.iter().map(|layer| {
            needed |= layer.trained().iter().any(|indices| !indices.is_empty());
            needed
        });
        layers.collect()
    }

    /// The rows that a layer is finished for: the last one only for those whose next token is learned.
    fn rows<'a>(&self, index: usize, batch: &'a Batch) -> Option<&'a Tensor> {
        (index + 1 == self.layers.len()).then_some(&batch.rows)
    }

    /// The graph of a layer.
    fn graph(&self, index: usize, input: &Tensor, batch: &Batch, needed: &[bool], pass: &Pass<'_>) -> Result<Graph> {
        let below = if index == 0 { self.embedding.trained().is_some() } else { needed[index - 1] };
        Graph::new(&self.layers[index], input, self.rows(index, batch), below, pass)
    }

    /// The last norm and the head: the loss, and the gradient of the last layer's output.
    fn top(
        &self,
        state: &Tensor,
        batch: &Batch,
        settings: &BackwardSettings,
        gradient: &Tensor,
    ) -> Result<(Loss, Tensor)> {
        let start = detached(state, true)?;
        let hidden = self.normed(&start)?;
        let (loss, head) =
            tch::no_grad(|| self.head(&hidden.f_detach()?, &batch.targets, Some(settings.scale), settings.chunk_rows))?;
        let Some(head) = head else { return Ok((loss, Tensor::new())) };
        if let (Some(index), Some(table)) = (self.head_weight().trained(), head.table) {
            self.parameters.accumulate(gradient, &[index], &[table])?;
        }
        let indices: Vec<usize> = self.norm.trained().into_iter().collect();
        let below = propagate(&[(&hidden, &head.hidden)], &indices, &[Some(&start)], &self.parameters, gradient)?;
        Ok((loss, below.into_iter().next().unwrap_or_default()))
    }

    /// The input of the first layer.
    fn start(&self, batch: &Batch, settings: &BackwardSettings) -> Result<Tensor> {
        let state = self.embed(&batch.ids, batch.extremes)?;
        let Some(seed) = settings.seed.filter(|_| settings.noise_alpha > 0.0) else { return Ok(state) };
        Ok(state.f_add(&self.noise(batch, settings.noise_alpha, seed::mix(seed, NOISE))?)?)
    }

    /// Uniform noise of `alpha / sqrt(length * width)`, by the length of each document.
    fn noise(&self, batch: &Batch, alpha: f64, seed: u64) -> Result<Tensor> {
        let shape = [batch.token_count(), self.config.width];
        let drawn = seed::seeded(seed, || Tensor::f_rand(shape, (Kind::Float, self.options.device)))?;
        let bounds = batch.lengths().iter().flat_map(|&length| {
            let bound = alpha / (length as f64 * self.config.width as f64).sqrt();
            std::iter::repeat_n(bound, usize::try_from(length).expect("lengths are counts"))
        });
        let bounds = Tensor::f_from_slice(&bounds.collect::<Vec<f64>>())?.f_to_device(self.options.device)?;
        let bounds = bounds.f_to_kind(Kind::Float)?.f_unsqueeze(1)?;
        Ok(drawn.f_mul_scalar(2.0)?.f_sub_scalar(1.0)?.f_mul(&bounds)?.f_to_kind(self.options.kind)?)
    }
}

/// What is left of a layer on the way up.
enum Climbed {
    /// Its graph.
    Graph(Graph),
    /// Its input, from which it is computed again; undefined where nothing of it is trained or below it.
    Input(Tensor),
}
