//! Where numbers stop being numbers.

use crate::batch::Batch;
use crate::error::Result;
use crate::model::Model;
use tch::{Kind, Tensor};

impl Model {
    /// The first part of the model whose output for a batch holds an infinity or no number, or whose own weights do;
    /// `None` where all is finite. Without dropout.
    ///
    /// # Errors
    /// [`crate::Error::Batch`] for a token outside the vocabulary.
    pub fn first_non_finite(&self, batch: &Batch) -> Result<Option<String>> {
        tch::no_grad(|| {
            for (index, parameter) in self.parameters.list().iter().enumerate() {
                if !is_finite(self.parameters.leaf(index))? {
                    return Ok(parameter.parts.first().map(|(name, _)| name.clone()));
                }
            }
            let turns = self.rope.of_documents(batch.lengths())?;
            let pass = self.pass(&turns, &batch.plan, None);
            let mut state = self.embed(&batch.ids, batch.extremes)?;
            if !is_finite(&state)? {
                return Ok(Some("model.embed_tokens".to_owned()));
            }
            for (index, layer) in self.layers.iter().enumerate() {
                state = layer.forward(&state, None, &pass)?;
                if !is_finite(&state)? {
                    return Ok(Some(format!("model.layers.{index}")));
                }
            }
            let hidden = self.normed(&state.f_index_select(0, &batch.rows)?)?;
            if !is_finite(&hidden)? {
                return Ok(Some("model.norm".to_owned()));
            }
            let loss = self.head(&hidden, &batch.targets, None, None)?.0;
            Ok((!loss.sum().is_finite()).then(|| "lm_head".to_owned()))
        })
    }
}

fn is_finite(tensor: &Tensor) -> Result<bool> {
    Ok(tensor.f_isfinite()?.f_all()?.f_to_kind(Kind::Int64)?.int64_value(&[]) == 1)
}
