//! One text, and what a graph is given to read it.

use super::OnnxModel;
use crate::error::{Error, Result};
use ort::session::SessionInputValue;
use ort::value::{DynValue, Tensor};

/// One text that grows.
#[derive(Debug)]
pub struct OnnxSession<'a> {
    pub(super) model: &'a mut OnnxModel,
    /// Keys and values of the layers, one after another.
    pub(super) kept: Vec<DynValue>,
    pub(super) length: usize,
}

impl OnnxSession<'_> {
    /// Reads tokens, at least one, and tells what may follow each.
    ///
    /// # Shapes
    /// Returns `[ids.len(), vocab]`, row by row, or `[1, vocab]` where the graph gives only the last.
    ///
    /// # Errors
    /// [`Error::Runtime`], as for a token outside the vocabulary.
    pub fn read(&mut self, ids: &[i64]) -> Result<Vec<f32>> {
        let total = self.length + ids.len();
        let given = inputs(ids, self.length, &self.kept)?;
        let mut outputs = self.model.session.run_with_options(given, &self.model.grown)?;
        let missing = |name: &str| Error::Runtime(format!("the graph gave no `{name}`"));
        let logits = outputs.remove("logits").ok_or_else(|| missing("logits"))?;
        let mut grown = Vec::with_capacity(self.kept.len());
        for index in 0..self.kept.len() {
            let name = format!("present.{}.{}", index / 2, part(index));
            grown.push(outputs.remove(&name).ok_or_else(|| missing(&name))?);
        }
        drop(outputs);
        self.kept = grown;
        self.length = total;
        Ok(logits.try_extract_tensor::<f32>()?.1.to_vec())
    }
}

/// What a graph is given to read `ids` after `past` tokens that are `kept`.
pub(super) fn inputs<'a>(
    ids: &[i64],
    past: usize,
    kept: &'a [DynValue],
) -> Result<Vec<(String, SessionInputValue<'a>)>> {
    let total = past + ids.len();
    let ids = Tensor::from_array(([1, ids.len()], ids.to_vec()))?;
    let mask = Tensor::from_array(([1, total], vec![1_i64; total]))?;
    let mut inputs = vec![("input_ids".to_owned(), ids.into()), ("attention_mask".to_owned(), mask.into())];
    for (index, kept) in kept.iter().enumerate() {
        inputs.push((format!("past_key_values.{}.{}", index / 2, part(index)), kept.into()));
    }
    Ok(inputs)
}

/// Keys and values of the layers come one after another.
pub(super) fn part(index: usize) -> &'static str {
    if index.is_multiple_of(2) { "key" } else { "value" }
}
