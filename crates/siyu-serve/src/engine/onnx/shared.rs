//! Many texts in buffers that are made once.
#![allow(unsafe_code, reason = "the runtime reads and writes buffers by address")]

use super::{
    bound::{bind_input, bind_output, host_view},
    graph::{Graph, c_name, failed},
    memory::Memory,
};
use crate::{
    Result,
    engine::{Forward, Row},
};
use ort::{session::IoBinding, value::TensorElementType};
use std::{collections::HashMap, ffi::CString};

pub(super) struct Shared {
    // Before the memory: bindings refer to it.
    bindings: HashMap<Span, IoBinding>,
    graph: Graph,
    memory: Memory,
    slots: usize,
    ids: Vec<i64>,
    mask: Vec<i64>,
    logits: Vec<f32>,
    names: Names,
}

/// Neighbouring slots.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
struct Span {
    first: usize,
    count: usize,
}

struct Names {
    ids: CString,
    mask: CString,
    logits: CString,
}

impl Shared {
    pub(super) fn new(graph: Graph, slots: usize, context: usize, chunk: usize) -> Result<Self> {
        let memory = Memory::new(&graph, slots, context)?;
        let per_row = if graph.last_only { 1 } else { chunk.min(context) };
        Ok(Self {
            bindings: HashMap::new(),
            logits: vec![0.0; graph.vocab * slots.max(per_row)],
            names: Names { ids: c_name("input_ids"), mask: c_name("attention_mask"), logits: c_name("logits") },
            ids: Vec::new(),
            mask: Vec::new(),
            graph,
            memory,
            slots,
        })
    }

    /// Runs the graph over `ids` and `mask` for the texts of a span; where its logits are.
    fn run(&mut self, span: Span, total: usize) -> ort::Result<usize> {
        let length = self.ids.len() / span.count;
        let per_row = if self.graph.last_only { 1 } else { length };
        let wanted = span.count * per_row * self.graph.vocab;
        self.logits.resize(self.logits.len().max(wanted), 0.0);
        let binding = self.bindings.get_mut(&span).ok_or_else(|| ort::Error::new("the slots are not bound"))?;
        let logits = &mut self.logits[..wanted];
        // SAFETY: ids, mask and logits stay where they are until the run is over, and are bound anew before the next.
        unsafe {
            let ids = host_view(&mut self.ids, &[span.count, length], TensorElementType::Int64)?;
            let mask = host_view(&mut self.mask, &[span.count, total], TensorElementType::Int64)?;
            let logits = host_view(logits, &[span.count, per_row, self.graph.vocab], TensorElementType::Float32)?;
            bind_input(binding, &self.names.ids, &ids)?;
            bind_input(binding, &self.names.mask, &mask)?;
            bind_output(binding, &self.names.logits, &logits)?;
        }
        self.graph.session.run_binding(binding)?;
        Ok(wanted)
    }

    /// Binds the keys and values of a span of slots, as past and as present alike.
    fn bind(&mut self, span: Span) -> Result<()> {
        if self.bindings.contains_key(&span) {
            return Ok(());
        }
        let mut binding = self.graph.session.create_binding().map_err(failed("bind the model's memory"))?;
        for (index, (past, present)) in self.graph.past.iter().zip(&self.graph.present).enumerate() {
            let value = self.memory.slots(index, span.first, span.count)?;
            // SAFETY: the memory outlives the bindings, which are dropped before it.
            unsafe { bind_input(&mut binding, past, &value).and_then(|()| bind_output(&mut binding, present, &value)) }
                .map_err(failed("bind the model's memory"))?;
        }
        self.bindings.insert(span, binding);
        Ok(())
    }
}

impl Forward for Shared {
    fn slots(&self) -> usize {
        self.slots
    }

    fn context(&self) -> usize {
        self.memory.context()
    }

    fn vocab(&self) -> usize {
        self.graph.vocab
    }

    fn prefill(&mut self, slot: usize, start: usize, tokens: &[u32]) -> Result<&[f32]> {
        let span = Span { first: slot, count: 1 };
        self.bind(span)?;
        self.ids.clear();
        self.ids.extend(tokens.iter().map(|&token| i64::from(token)));
        self.mask.clear();
        self.mask.resize(start + tokens.len(), 1);
        let end = self.run(span, start + tokens.len()).map_err(failed("read a prompt"))?;
        Ok(&self.logits[end - self.graph.vocab..end])
    }

    fn decode(&mut self, rows: &[Row]) -> Result<&[f32]> {
        let span = Span { first: 0, count: rows.len() };
        self.bind(span)?;
        self.ids.clear();
        self.ids.extend(rows.iter().map(|row| i64::from(row.token)));
        let total = rows.iter().map(|row| row.length + 1).max().unwrap_or(1);
        self.mask.clear();
        for row in rows {
            let end = self.mask.len() + total;
            self.mask.resize(end - total + row.length + 1, 1);
            self.mask.resize(end, 0);
        }
        let end = self.run(span, total).map_err(failed("make the next tokens"))?;
        Ok(&self.logits[..end])
    }

    fn move_slot(&mut self, from: usize, to: usize, length: usize) -> Result<()> {
        self.memory.copy(from, to, length)
    }

    fn token_bytes(&self) -> Option<usize> {
        self.memory.is_host().then(|| self.memory.token_bytes())
    }

    fn take_block(&mut self, slot: usize, start: usize, count: usize) -> Result<Vec<u8>> {
        Ok(self.memory.take(slot, start, count))
    }

    fn put_block(&mut self, slot: usize, start: usize, count: usize, block: &[u8]) -> Result<()> {
        self.memory.put(slot, start, count, block);
        Ok(())
    }
}
