//! From tokens to hidden states and logits.

use crate::attention::Plan;
use crate::batch::Batch;
use crate::error::{Error, Result};
use crate::layer::norm;
use crate::model::Model;
use crate::parameters::Parameters;
use crate::rope::Turns;
use tch::{Kind, Tensor};

/// What all layers need to know of a pass.
pub(crate) struct Pass<'a> {
    pub(crate) parameters: &'a Parameters,
    pub(crate) kind: Kind,
    pub(crate) turns: &'a Turns,
    pub(crate) plan: &'a Plan,
    /// Strikes out inputs of changes where it is given.
    pub(crate) dropout_seed: Option<u64>,
}

impl Model {
    /// The hidden states that the head reads, without dropout and without a gradient.
    ///
    /// # Shapes
    /// Returns `[tokens, width]`, tokens as [`Batch::order`] tells.
    ///
    /// # Errors
    /// [`Error::Batch`] for a token outside the vocabulary.
    pub fn hidden(&self, batch: &Batch) -> Result<Tensor> {
        tch::no_grad(|| {
            let turns = self.rope.of_documents(batch.lengths())?;
            let pass = self.pass(&turns, &batch.plan, None);
            let mut state = self.embed(&batch.ids, batch.extremes)?;
            for layer in &self.layers {
                state = layer.forward(&state, None, &pass)?;
            }
            self.normed(&state)
        })
    }

    /// The logits of hidden states, without a gradient.
    ///
    /// # Shapes
    /// `hidden`: `[rows, width]`; returns `[rows, vocab]`, f32.
    ///
    /// # Errors
    /// [`Error::Torch`] where memory does not suffice.
    pub fn logits(&self, hidden: &Tensor) -> Result<Tensor> {
        tch::no_grad(|| {
            let head = self.head_weight().get(&self.parameters, self.options.kind)?;
            Ok(hidden.f_linear(&head, None::<Tensor>)?.f_to_kind(Kind::Float)?)
        })
    }

    pub(crate) fn pass<'a>(&'a self, turns: &'a Turns, plan: &'a Plan, dropout_seed: Option<u64>) -> Pass<'a> {
        Pass { parameters: &self.parameters, kind: self.options.kind, turns, plan, dropout_seed }
    }

    /// The embeddings of tokens, `[tokens, width]`; `extremes` are the least and the largest of them.
    pub(crate) fn embed(&self, ids: &Tensor, extremes: [i64; 2]) -> Result<Tensor> {
        if let Some(wrong) = extremes.into_iter().find(|id| !(0..self.config.vocab).contains(id)) {
            let problem = format!("token {wrong} is outside the model's vocabulary of {}", self.config.vocab);
            return Err(Error::Batch { problem });
        }
        let table = self.embedding.get(&self.parameters, self.options.kind)?;
        Ok(Tensor::f_embedding(&table, ids, -1, false, false)?)
    }

    /// The last norm.
    pub(crate) fn normed(&self, state: &Tensor) -> Result<Tensor> {
        norm(&self.norm.get(&self.parameters, self.options.kind)?, state, self.config.norm_epsilon)
    }
}
