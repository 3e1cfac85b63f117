//! Models as ONNX graphs, written node by node from the configuration.
//!
//! One graph reads a prompt and continues it: keys and values of earlier tokens come in as `past_key_values.{i}.key` and
//! `.value`, and go out, grown, as `present.{i}.key` and `.value`. Names and shapes are those that optimum and
//! onnxruntime-genai use:
//!
//! | name | kind | shape |
//! |---|---|---|
//! | `input_ids` | i64 | `[batch, sequence]` |
//! | `attention_mask` | i64, 1 for a token and 0 for padding | `[batch, total]` |
//! | `past_key_values.{i}.key`, `.value` | the precision of the graph | `[batch, kv_heads, past, head_size]` |
//! | `logits` | f32 | `[batch, sequence, vocab]`, or `[batch, 1, vocab]` |
//! | `present.{i}.key`, `.value` | the precision of the graph | `[batch, kv_heads, total, head_size]` |
//!
//! It must not trace or run anything, nor decide what is quantized.

mod attention;
mod attribute;
mod branch;
mod coded;
mod data;
mod decoder;
pub(crate) mod element;
pub(crate) mod genai;
mod graph;
mod linear;
mod norm;
mod places;
mod proto;
mod rope;
mod settings;

pub use branch::Branches;
pub(crate) use coded::Coding;
pub use settings::{ExportSettings, Logits, Numbers, Variant};

use crate::error::{Error, Result};
use crate::quantize::inputs::Observed;
use crate::weights::Weights;
use coded::Watch;
use data::DataFile;
use decoder::Decoder;
use graph::{Graph, MICROSOFT};
use norm::Norm;
use prost::Message;
use proto::{GraphMessage, Model, OperatorSet};
use siyu_checkpoint::{Checkpoint, Config};
use std::fs;
use std::path::Path;

/// The file of the graph.
pub const GRAPH_FILE: &str = "model.onnx";
/// The file of its weights.
pub const DATA_FILE: &str = "model.onnx.data";

/// The graph on the same weights without low-rank changes, while it is needed.
pub(crate) const UNRECOVERED_FILE: &str = "unrecovered.onnx";

/// Writes [`GRAPH_FILE`] and [`DATA_FILE`] into a folder that has neither, and returns the bytes of both.
///
/// With `branches`, the changes of an adapter are nodes beside the base's, with an effect as in training.
///
/// # Errors
/// [`Error::Checkpoint`] for a missing weight or one of another shape, for an adapter that does not fit, and where a
/// file cannot be written; [`Error::Setting`] for heads that the variant does not run, and for a weight that is too
/// large for 16 bits.
///
/// # Source
/// IR version 10 with opset 21, or IR version 11 with opset 23, of <https://onnx.ai>.
pub fn write_graph(
    config: &Config,
    checkpoint: &Checkpoint,
    branches: Option<&Branches>,
    settings: ExportSettings,
    folder: &Path,
) -> Result<u64> {
    build(&Plan { config, checkpoint, branches, settings }, None, None, folder)
}

/// What a graph is made of.
pub(crate) struct Plan<'a> {
    pub(crate) config: &'a Config,
    pub(crate) checkpoint: &'a Checkpoint,
    pub(crate) branches: Option<&'a Branches>,
    pub(crate) settings: ExportSettings,
}

/// Writes a graph, in few bits with `coding`, and beside it, where changes win back losses, [`UNRECOVERED_FILE`]; with
/// `observed`, the inputs of all matrices are outputs too.
pub(crate) fn build<'a>(
    plan: &Plan<'a>,
    coding: Option<&mut Coding<'a>>,
    observed: Option<&mut Vec<Observed>>,
    folder: &Path,
) -> Result<u64> {
    let Plan { config, checkpoint, branches, settings } = *plan;
    settings.variant.check(config)?;
    let element = settings.numbers.element();
    #[expect(clippy::cast_possible_truncation, reason = "an epsilon is a power of ten")]
    let norm = Norm { variant: settings.variant, element, epsilon: config.norm_epsilon as f32 };
    let base = Weights::new(checkpoint);
    let weights = branches.map_or(base, |branches| branches.over(base));
    let graph = Graph::new(DataFile::create(folder, DATA_FILE)?);
    let watch = observed.is_some().then(Watch::default);
    let used = Vec::new();
    let mut decoder = Decoder { config, settings, weights, branches, graph, element, norm, used, coding, watch };
    decoder.write()?;
    if let Some(branches) = branches {
        branches.check_used(&decoder.used, checkpoint)?;
    }
    if let (Some(observed), Some(watch)) = (observed, decoder.watch.take()) {
        observed.extend(watch.values.into_iter().map(|(_, observed)| observed));
    }
    let write = |name: &str, graph: GraphMessage| -> Result<u64> {
        let (path, bytes) = (folder.join(name), model(graph, settings.variant).encode_to_vec());
        fs::write(&path, &bytes).map_err(Error::write(&path))?;
        Ok(bytes.len() as u64)
    };
    if let Some(graph) = decoder.graph.unrecovered() {
        write(UNRECOVERED_FILE, graph)?;
    }
    let (graph, data_bytes) = decoder.graph.finish()?;
    Ok(data_bytes + write(GRAPH_FILE, graph)?)
}

fn model(graph: GraphMessage, variant: Variant) -> Model {
    let (ir_version, opset) = match variant {
        Variant::Plain => (10, 21),
        Variant::Fused => (11, 23),
    };
    let set = |domain: &str, version: i64| OperatorSet { domain: Some(domain.to_owned()), version: Some(version) };
    let mut opset_import = vec![set("", opset)];
    if variant == Variant::Fused {
        opset_import.push(set(MICROSOFT, 1));
    }
    Model {
        ir_version: Some(ir_version),
        opset_import,
        producer_name: Some("siyu".to_owned()),
        producer_version: Some(env!("CARGO_PKG_VERSION").to_owned()),
        graph: Some(graph),
    }
}
