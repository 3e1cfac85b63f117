//! Which token stands where and sees which others: what all layers share.

use super::attribute::int;
use super::element::Element;
use super::graph::{Graph, Value};
use super::rope::{self, Turns};
use super::{Variant, decoder::Decoder};
use crate::error::Result;
use std::collections::BTreeMap;

/// onnxruntime's attention turns heads of a multiple of this size.
const TURNED_MULTIPLE: i64 = 16;

/// What every layer's attention needs besides queries, keys and values.
pub(crate) enum Places {
    Plain {
        turns: Turns,
        /// Per window the mask of what is seen, `[batch, 1, 1, sequence, total]`, and the number for what is not.
        masks: BTreeMap<Option<usize>, Value>,
        lowest: Value,
    },
    Fused {
        /// Place of each row's last token, i32, `[batch]`.
        last: Value,
        /// Tokens of the longest row, i32, a scalar.
        total: Value,
        angles: Angles,
    },
}

/// How onnxruntime's attention comes to turned queries and keys.
pub(crate) enum Angles {
    /// It turns them by these tables.
    Tables([Value; 2]),
    /// onnxruntime's own node for it turns them by these tables: its attention does not turn heads of every size.
    Nodes {
        /// i64, `[batch, sequence]`.
        positions: Value,
        tables: [Value; 2],
    },
    /// They come turned by what is computed for each row.
    Turned(Turns),
}

impl Places {
    pub(crate) fn new(decoder: &mut Decoder<'_, '_>, ids: &Value, mask: &Value) -> Result<Self> {
        decoder.graph.enter("/model/positions");
        match decoder.settings.variant {
            Variant::Plain => plain(decoder, ids, mask),
            Variant::Fused => fused(decoder, ids, mask),
        }
    }
}

/// Count of tokens at hand, i64, `[1]`.
fn sequence(graph: &mut Graph, ids: &Value) -> Value {
    graph.node("Shape", &[ids], vec![int("start", 1), int("end", 2)])
}

/// The part of `mask`-like values that belongs to the tokens at hand: the last columns.
pub(crate) fn at_hand(graph: &mut Graph, ids: &Value, all: &Value) -> Value {
    let count = sequence(graph, ids);
    let start = graph.node("Neg", &[&count], vec![]);
    let (end, axis) = (graph.list(&[i64::MAX]), graph.list(&[1]));
    graph.node("Slice", &[all, &start, &end, &axis], vec![])
}

fn plain(decoder: &mut Decoder<'_, '_>, ids: &Value, mask: &Value) -> Result<Places> {
    let (graph, config) = (&mut decoder.graph, decoder.config);
    let (one, zero, axis) = (graph.whole(1), graph.whole(0), graph.whole(1));
    // A token's position is the count of the mask's ones before it, wherever padding lies.
    let counted = graph.node("CumSum", &[mask, &axis], vec![]);
    let keys = graph.node("Sub", &[&counted, &one], vec![]);
    let queries = at_hand(graph, ids, &keys);
    let queries = graph.node("Max", &[&queries, &zero], vec![]);
    let axes = graph.list(&[1]);
    let totals = graph.node("ReduceSum", &[mask, &axes], vec![int("keepdims", 0)]);
    let turns = rope::turns(graph, &config.rope, [&queries, &totals], 1)?;
    let (along_keys, along_queries) = (graph.list(&[1]), graph.list(&[2]));
    let keys = graph.node("Unsqueeze", &[&keys, &along_keys], vec![]);
    let queries = graph.node("Unsqueeze", &[&queries, &along_queries], vec![]);
    let real = graph.node("Cast", &[mask], vec![int("to", Element::Bool.code().into())]);
    let real = graph.node("Unsqueeze", &[&real, &along_keys], vec![]);
    let past = graph.node("LessOrEqual", &[&keys, &queries], vec![]);
    let seen = graph.node("And", &[&past, &real], vec![]);
    let heads = graph.list(&[1, 2]);
    let mut masks = BTreeMap::new();
    for &window in &config.windows {
        if masks.contains_key(&window) {
            continue;
        }
        let mut within = seen.clone();
        if let Some(window) = window {
            let window = graph.whole(i64::try_from(window).unwrap_or(i64::MAX));
            let first = graph.node("Sub", &[&queries, &window], vec![]);
            let near = graph.node("Greater", &[&keys, &first], vec![]);
            within = graph.node("And", &[&seen, &near], vec![]);
        }
        masks.insert(window, graph.node("Unsqueeze", &[&within, &heads], vec![]));
    }
    // Scores are made probabilities in f32.
    let lowest = graph.scalar(Element::F32, f32::MIN);
    Ok(Places::Plain { turns, masks, lowest })
}

fn fused(decoder: &mut Decoder<'_, '_>, ids: &Value, mask: &Value) -> Result<Places> {
    let (graph, config, element) = (&mut decoder.graph, decoder.config, decoder.element);
    let (one, axes) = (graph.whole(1), graph.list(&[1]));
    let totals = graph.node("ReduceSum", &[mask, &axes], vec![int("keepdims", 0)]);
    let last = graph.node("Sub", &[&totals, &one], vec![]);
    let last = graph.node("Cast", &[&last], vec![int("to", Element::I32.code().into())]);
    let total = graph.node("Shape", &[mask], vec![int("start", 1), int("end", 2)]);
    let total = graph.node("Cast", &[&total], vec![int("to", Element::I32.code().into())]);
    let scalar = graph.list(&[0]);
    let total = graph.node("Squeeze", &[&total, &scalar], vec![]);
    let by_table = !config.rope.scaling.depends_on_length();
    if by_table && config.head_size % TURNED_MULTIPLE == 0 {
        let angles = Angles::Tables(rope::tables(graph, &config.rope, element)?);
        return Ok(Places::Fused { last, total, angles });
    }
    // The tokens at hand follow a row's others; a first prompt may be padded at its end.
    let count = sequence(graph, ids);
    let past = graph.node("Sub", &[&totals, &count], vec![]);
    let zero = graph.whole(0);
    let past = graph.node("Max", &[&past, &zero], vec![]);
    let past = graph.node("Unsqueeze", &[&past, &axes], vec![]);
    let until = graph.node("Squeeze", &[&count, &scalar], vec![]);
    let steps = graph.node("Range", &[&zero, &until, &one], vec![]);
    let positions = graph.node("Add", &[&past, &steps], vec![]);
    let angles = if by_table {
        Angles::Nodes { positions, tables: rope::tables(graph, &config.rope, element)? }
    } else {
        Angles::Turned(rope::turns(graph, &config.rope, [&positions, &totals], 2)?)
    };
    Ok(Places::Fused { last, total, angles })
}
