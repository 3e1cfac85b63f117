//! One text that grows: keys and values of what was read are kept.

use crate::attention::{self, Plan};
use crate::batch::extremes;
use crate::error::{Error, Result};
use crate::layer::Layer;
use crate::model::Model;
use tch::Tensor;

/// A text in the making.
#[derive(Debug)]
pub struct Session<'a> {
    model: &'a Model,
    /// Keys and values of each layer, `[1, kv_heads, capacity, head_size]`.
    kept: Vec<[Tensor; 2]>,
    length: i64,
    capacity: i64,
}

impl<'a> Session<'a> {
    /// An empty text with room for `capacity` tokens.
    ///
    /// # Errors
    /// [`Error::Torch`] where memory does not suffice.
    pub fn new(model: &'a Model, capacity: usize) -> Result<Self> {
        let config = &model.config;
        let capacity = i64::try_from(capacity).unwrap_or(i64::MAX);
        let shape = [1, config.kv_heads, capacity, config.head_size];
        let room = || Tensor::f_empty(shape, (model.options.kind, model.options.device));
        let kept: Result<Vec<_>> = model.layers.iter().map(|_| Ok([room()?, room()?])).collect();
        Ok(Self { model, kept: kept?, length: 0, capacity })
    }

    /// Count of tokens read so far.
    pub fn length(&self) -> usize {
        usize::try_from(self.length).unwrap_or(usize::MAX)
    }

    /// Reads tokens and tells what may follow the last of them.
    ///
    /// # Shapes
    /// Returns logits, f32, `[vocab]`.
    ///
    /// # Errors
    /// [`Error::Batch`] for no token, one outside the vocabulary, or more than there is room for.
    pub fn read(&mut self, ids: &[i64]) -> Result<Tensor> {
        let count = i64::try_from(ids.len()).unwrap_or(i64::MAX);
        if ids.is_empty() || self.length + count > self.capacity {
            let problem = format!("{count} tokens after {} do not fit in {}", self.length, self.capacity);
            return Err(Error::Batch { problem });
        }
        tch::no_grad(|| {
            let model = self.model;
            let turns = model.rope.from(self.length, count)?;
            let plan = Plan::new(vec![count], model.options.device)?;
            let pass = model.pass(&turns, &plan, None);
            let ids_there = Tensor::f_from_slice(ids)?.f_to_device(model.options.device)?;
            let mut state = model.embed(&ids_there, extremes(ids))?;
            for (layer, kept) in model.layers.iter().zip(&mut self.kept) {
                let [queries, keys, values] = layer.heads(&state, &pass)?;
                for (kept, fresh) in kept.iter_mut().zip([keys, values]) {
                    kept.f_narrow(2, self.length, count)?.f_copy_(&fresh.f_transpose(0, 1)?.f_unsqueeze(0)?)?;
                }
                let attended = attend(layer, &queries, kept, self.length, count)?;
                state = layer.finish(&state, &attended, None, &pass)?;
            }
            self.length += count;
            let last = state.f_narrow(0, count - 1, 1)?;
            Ok(model.logits(&model.normed(&last)?)?.f_squeeze_dim(0)?)
        })
    }
}

/// Lets `count` queries that follow `past` tokens see all those, as far back as the layer looks.
fn attend(layer: &Layer, queries: &Tensor, kept: &[Tensor; 2], past: i64, count: i64) -> Result<Tensor> {
    let total = past + count;
    let window = layer.window().unwrap_or(total);
    // The first query's view ends this many tokens before the last's.
    let first = (past - window + 1).max(0);
    let seen = |tensor: &Tensor| tensor.f_narrow(2, first, total - first);
    let (keys, values) = (seen(&kept[0])?, seen(&kept[1])?);
    let queries = queries.f_transpose(0, 1)?.f_unsqueeze(0)?;
    let causal = past == 0 && window >= total;
    let mask = if count == 1 || causal {
        None
    } else {
        Some(attention::banded(count, total - first, window, queries.device())?)
    };
    let attended = attention::attend([&queries, &keys, &values], mask.as_ref(), causal && count > 1)?;
    Ok(attended.f_transpose(1, 2)?.f_reshape([count, -1])?)
}
