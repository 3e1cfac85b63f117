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
mod branch;
mod coded;
mod data;
mod decoder;
mod element;
pub(crate) mod genai;
mod graph;
mod linear;
mod norm;
mod places;
mod proto;
mod rope;

pub use branch::Branches;
pub(crate) use coded::Coding;

use crate::error::{Error, Result};
use crate::quantize::inputs::Observed;
use crate::weights::Weights;
use coded::Watch;
use data::DataFile;
use decoder::Decoder;
use element::Element;
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

/// Which operators a graph is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Variant {
    /// Those of the standard only (opset 21): for every runtime. `total` is `past` plus `sequence`; padding may lie
    /// anywhere.
    Plain,
    /// onnxruntime's own for attention and norms besides (opset 23). `past` and `present` may be one buffer of any
    /// length; padding lies at the end of a row. With `sequence` 1, rows may have texts of different lengths: each row
    /// of the mask holds as many ones as its text has tokens, the new one included. With more, either `past` is empty
    /// in all rows, or `batch` is 1.
    Fused,
}

impl Variant {
    /// All of them.
    pub const ALL: [Self; 2] = [Self::Plain, Self::Fused];

    /// The name on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::Plain => "plain",
            Self::Fused => "fused",
        }
    }
}

/// The numbers of weights, states and cache.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Numbers {
    /// 32 bits.
    F32,
    /// 16 bits.
    F16,
}

impl Numbers {
    /// All of them.
    pub const ALL: [Self; 2] = [Self::F32, Self::F16];

    /// The name on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::F32 => "f32",
            Self::F16 => "f16",
        }
    }

    fn element(self) -> Element {
        match self {
            Self::F32 => Element::F32,
            Self::F16 => Element::F16,
        }
    }
}

/// Which tokens get logits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Logits {
    /// All.
    All,
    /// The last of each row that is no padding: what generation needs, and with a long prompt far less work.
    Last,
}

/// How a graph is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ExportSettings {
    /// Its operators.
    pub variant: Variant,
    /// Its numbers.
    pub numbers: Numbers,
    /// Its output.
    pub logits: Logits,
}

impl Default for ExportSettings {
    fn default() -> Self {
        Self { variant: Variant::Fused, numbers: Numbers::F32, logits: Logits::All }
    }
}

/// Writes [`GRAPH_FILE`] and [`DATA_FILE`] into a folder that has neither, and returns the bytes of both.
///
/// With `branches`, the changes of an adapter are nodes beside the base's, with an effect as in training.
///
/// # Errors
/// [`Error::Checkpoint`] for a missing weight or one of another shape, [`Error::Adapter`] for an adapter that does not
/// fit, [`Error::Write`].
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

/// Writes a graph, in few bits with `coding`; with `observed`, the inputs of all matrices are outputs too.
pub(crate) fn build<'a>(
    plan: &Plan<'a>,
    coding: Option<&mut Coding<'a>>,
    observed: Option<&mut Vec<Observed>>,
    folder: &Path,
) -> Result<u64> {
    let Plan { config, checkpoint, branches, settings } = *plan;
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
    let (graph, data_bytes) = decoder.graph.finish()?;
    let (path, bytes) = (folder.join(GRAPH_FILE), model(graph, settings.variant).encode_to_vec());
    fs::write(&path, &bytes).map_err(Error::write(&path))?;
    Ok(data_bytes + bytes.len() as u64)
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
