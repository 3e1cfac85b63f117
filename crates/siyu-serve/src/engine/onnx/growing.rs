//! Texts whose keys and values grow with every token, one after another.

use super::graph::{Graph, failed};
use crate::{
    Result,
    engine::{Forward, Row},
};
use ort::{
    session::SessionInputValue,
    value::{DynTensor, DynValue, Tensor},
};

pub(super) struct Growing {
    graph: Graph,
    /// Keys and values of each slot's text; none of an empty one.
    slots: Vec<Option<Vec<DynValue>>>,
    context: usize,
    logits: Vec<f32>,
}

impl Growing {
    pub(super) fn new(graph: Graph, slots: usize, context: usize) -> Self {
        Self { graph, slots: (0..slots).map(|_| None).collect(), context, logits: Vec::new() }
    }

    /// Reads tokens behind the `start` that a slot holds; appends the logits of the last.
    fn read(&mut self, slot: usize, start: usize, tokens: &[u32]) -> ort::Result<()> {
        let kept = match self.slots[slot].take().filter(|_| start > 0) {
            Some(kept) => kept,
            None => self.empty()?,
        };
        let total = start + tokens.len();
        let ids: Vec<i64> = tokens.iter().map(|&token| i64::from(token)).collect();
        let ids = Tensor::from_array(([1, tokens.len()], ids))?;
        let mask = Tensor::from_array(([1, total], vec![1_i64; total]))?;
        let mut inputs: Vec<(String, SessionInputValue<'_>)> =
            vec![("input_ids".to_owned(), ids.into()), ("attention_mask".to_owned(), mask.into())];
        for (name, kept) in self.graph.past.iter().zip(&kept) {
            inputs.push((name.to_string_lossy().into_owned(), kept.into()));
        }
        let mut outputs = self.graph.session.run(inputs)?;
        let missing = || ort::Error::new("the graph did not give all of its outputs");
        let logits = outputs.remove("logits").ok_or_else(missing)?;
        let grown: Option<Vec<DynValue>> =
            self.graph.present.iter().map(|name| outputs.remove(name.to_string_lossy())).collect();
        drop(outputs);
        self.slots[slot] = Some(grown.ok_or_else(missing)?);
        let (_, all) = logits.try_extract_tensor::<f32>()?;
        self.logits.extend_from_slice(all.get(all.len().saturating_sub(self.graph.vocab)..).unwrap_or_default());
        Ok(())
    }

    fn empty(&self) -> ort::Result<Vec<DynValue>> {
        let shape = [1, self.graph.kv_heads, 0, self.graph.head_size];
        let allocator = self.graph.session.allocator();
        let value = |_| Ok(DynTensor::new(allocator, self.graph.numbers, shape)?.into_dyn());
        (0..self.graph.past.len()).map(value).collect()
    }
}

impl Forward for Growing {
    fn slots(&self) -> usize {
        self.slots.len()
    }

    fn context(&self) -> usize {
        self.context
    }

    fn vocab(&self) -> usize {
        self.graph.vocab
    }

    fn prefill(&mut self, slot: usize, start: usize, tokens: &[u32]) -> Result<&[f32]> {
        self.logits.clear();
        self.read(slot, start, tokens).map_err(failed("read a prompt"))?;
        Ok(&self.logits)
    }

    fn decode(&mut self, rows: &[Row]) -> Result<&[f32]> {
        self.logits.clear();
        for (slot, row) in rows.iter().enumerate() {
            self.read(slot, row.length, &[row.token]).map_err(failed("make the next token"))?;
        }
        Ok(&self.logits)
    }

    fn move_slot(&mut self, from: usize, to: usize, _: usize) -> Result<()> {
        self.slots[to] = self.slots[from].take();
        Ok(())
    }

    fn token_bytes(&self) -> Option<usize> {
        None
    }

    fn take_block(&mut self, _: usize, _: usize, _: usize) -> Result<Vec<u8>> {
        Ok(Vec::new())
    }

    fn put_block(&mut self, _: usize, _: usize, _: usize, _: &[u8]) -> Result<()> {
        Ok(())
    }
}
