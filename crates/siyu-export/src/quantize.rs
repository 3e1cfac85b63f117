//! Models in few bits, measured against what they were.
//!
//! Matrices are rounded block by block, or row by row with inputs rounded at run time; embeddings and head by choice.
//! The gate then reads texts with both models. It knows nothing of where the texts come from.

pub(crate) mod blocks;
mod gate;
pub(crate) mod gptq;
pub(crate) mod inputs;
mod reference;

pub use blocks::Blocks;
pub use gate::{MatrixCost, QuantizeBounds, QuantizeReport};

use crate::compare::{Comparison, TextRow, compare};
use crate::error::{Error, Result};
use crate::export::finish;
use crate::folder::Unfinished;
use crate::onnx::{Coding, ExportSettings, GRAPH_FILE, Plan, build};
use crate::runtime::OnnxModel;
use reference::Reference;
use siyu_checkpoint::{Checkpoint, Config};
use std::collections::BTreeMap;
use std::path::Path;

/// How weights become few bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scheme {
    /// Weights block by block: `MatMulNBits` in the fused variant, `DequantizeLinear` before `MatMul` in the plain one.
    Blocks(Blocks),
    /// 8-bit weights with a scale a row, and inputs rounded to 8 bits as they come: `DynamicQuantizeLinear` and
    /// `MatMulInteger`.
    Dynamic,
}

/// What is quantized, and how.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct QuantizeSettings {
    /// How.
    pub scheme: Scheme,
    /// The table of embeddings too.
    pub embeddings: bool,
    /// The head too.
    pub head: bool,
    /// Let the error of a number be made good by others, as the inputs measured on texts allow (GPTQ); otherwise every
    /// number goes to its nearest code.
    pub calibrated: bool,
}

impl QuantizeSettings {
    fn check(self) -> Result<()> {
        let problem = match self.scheme {
            Scheme::Blocks(Blocks { bits, .. }) if bits != 4 && bits != 8 => {
                format!("weights of {bits} bits are not possible; 4 and 8 are")
            }
            Scheme::Blocks(Blocks { size, .. }) if size < 16 || !size.is_power_of_two() => {
                format!("blocks of {size} numbers are not possible; powers of two from 16 on are")
            }
            Scheme::Dynamic if self.calibrated => {
                "calibration works on blocks; choose the scheme of blocks or leave calibration out".to_owned()
            }
            Scheme::Dynamic if self.embeddings => {
                "embeddings are quantized in blocks only; choose the scheme of blocks or keep them".to_owned()
            }
            _ => return Ok(()),
        };
        Err(Error::Setting { problem })
    }
}

/// Texts and bounds for a run.
#[derive(Clone, Copy, Debug)]
pub struct Trial<'a> {
    /// Texts that inputs are measured on; none measures nothing.
    pub calibration: &'a [Vec<i64>],
    /// Texts that the gate compares on.
    pub gate: &'a [TextRow],
    /// How far apart the models may be.
    pub bounds: QuantizeBounds,
    /// Write the folder whatever the gate finds, and without texts for it.
    pub force: bool,
    /// Threads of onnxruntime; 0 is all cores.
    pub threads: usize,
}

/// Writes the folder of a model in few bits, as [`crate::export`] does in floats, if the gate lets it through.
///
/// # Errors
/// [`Error::Setting`] for settings that make no sense together, [`Error::Exists`] where `out` holds something; as
/// [`crate::write_graph`] otherwise. A model out of bounds is no error: the report says so.
pub fn quantize(
    model: &Path,
    out: &Path,
    export: ExportSettings,
    settings: QuantizeSettings,
    trial: Trial<'_>,
) -> Result<QuantizeReport> {
    settings.check()?;
    if trial.gate.is_empty() && !trial.force {
        let problem = "there are no texts to measure the quantized model on; name a dataset by `--dataset`, or \
                       `--force` it unmeasured"
            .to_owned();
        return Err(Error::Setting { problem });
    }
    if settings.calibrated && trial.calibration.is_empty() {
        return Err(Error::Setting { problem: "calibration takes texts, and there are none".to_owned() });
    }
    let config = Config::from_folder(model)?;
    let checkpoint = Checkpoint::open(model)?;
    let unfinished = Unfinished::begin(out)?;
    let measured = !(trial.gate.is_empty() && trial.calibration.is_empty());
    let reference = measured.then(|| Reference::open(&config, &checkpoint, export, &unfinished, trial.threads));
    let mut reference = reference.transpose()?;
    let inputs = reference.as_mut().map(|reference| reference.inputs(trial.calibration, settings.calibrated));
    let plan = Plan { config: &config, checkpoint: &checkpoint, branches: None, settings: export };
    let mut coding = Coding { settings, inputs, costs: Vec::new() };
    let bytes = build(&plan, Some(&mut coding), None, unfinished.folder())?;
    let mut costs = coding.costs;
    costs.sort_by(|one, other| other.share.total_cmp(&one.share));
    let (mut all, mut domains, mut problems) = (Comparison::default(), BTreeMap::new(), Vec::new());
    if let Some(reference) = reference.as_mut().filter(|_| !trial.gate.is_empty()) {
        let graph = unfinished.folder().join(GRAPH_FILE);
        let mut made = OnnxModel::with_config(&graph, config.clone(), trial.threads)?;
        (all, domains) = compare(&mut reference.model, &mut made, trial.gate)?;
        problems.extend(trial.bounds.problem("all texts", &all));
        problems
            .extend(domains.iter().filter_map(|(domain, found)| trial.bounds.problem(&format!("`{domain}`"), found)));
    }
    drop(reference);
    let written = problems.is_empty() || trial.force;
    if written {
        finish(unfinished, model, &config, export)?;
    }
    let parameters = parameters(&checkpoint);
    Ok(QuantizeReport { bytes, parameters, all, domains, costs, problems, written })
}

fn parameters(checkpoint: &Checkpoint) -> u64 {
    let shapes = checkpoint.names().filter_map(|name| checkpoint.shape(name));
    shapes.map(|shape| shape.iter().map(|size| size.unsigned_abs()).product::<u64>()).sum()
}
