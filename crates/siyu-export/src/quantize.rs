//! Models in few bits, measured against what they were.
//!
//! Matrices are rounded block by block, or row by row with inputs rounded at run time; embeddings and head by choice.
//! The gate then reads texts with both models. It knows nothing of where the texts come from.

pub(crate) mod blocks;
pub(crate) mod codes;
mod eigen;
mod gate;
mod gptq;
pub(crate) mod inputs;
pub(crate) mod recovery;
mod reference;
pub(crate) mod rows;
mod vectors;

pub use blocks::Blocks;
pub use gate::{MatrixCost, QuantizeBounds, QuantizeReport};

use crate::compare::{TextRow, compare, expect_known};
use crate::error::{Error, Result};
use crate::export::{finish, opened};
use crate::folder::Unfinished;
use crate::onnx::{Coding, ExportSettings, GRAPH_FILE, Plan, UNRECOVERED_FILE, build};
use crate::runtime::OnnxModel;
use reference::Reference;
use siyu_checkpoint::Checkpoint;
use std::path::Path;

/// How weights become few bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scheme {
    /// Weights block by block: `MatMulNBits` in the fused variant, `DequantizeLinear` before `MatMul` in the plain one.
    Blocks(Blocks),
    /// 8-bit weights with a scale a row, and inputs rounded to 8 bits as they come, with a scale a token:
    /// `MatMulInteger`.
    Dynamic,
    /// 8-bit weights with a scale a row, and inputs rounded to 8 bits of the range that they have on the texts of the
    /// calibration: `QuantizeLinear` and `DequantizeLinear` (QDQ).
    Static,
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
    /// Rank of a change beside each matrix that wins back what rounding lost, as far as the inputs measured on texts
    /// tell; `None` is without.
    pub recovery: Option<usize>,
}

impl QuantizeSettings {
    fn check(self) -> Result<()> {
        let problem = match self.scheme {
            Scheme::Blocks(Blocks { bits, .. }) if bits != 4 && bits != 8 => {
                format!("weights of {bits} bits are not possible; 4 and 8 are")
            }
            Scheme::Blocks(Blocks { size, .. }) if !(16..=256).contains(&size) || !size.is_power_of_two() => {
                format!("blocks of {size} numbers are not possible; 16, 32, 64, 128 and 256 are")
            }
            Scheme::Dynamic | Scheme::Static if self.calibrated => {
                "GPTQ works on blocks; choose the scheme of blocks or the nearest codes".to_owned()
            }
            Scheme::Dynamic | Scheme::Static if self.embeddings => {
                "embeddings are quantized in blocks only; choose the scheme of blocks or keep them".to_owned()
            }
            _ if self.recovery == Some(0) => "a recovery has a rank of 1 or more; leave it out for none".to_owned(),
            _ => return Ok(()),
        };
        Err(Error::Setting { problem })
    }

    /// Whether a run takes texts to calibrate with.
    pub fn takes_texts(self) -> bool {
        self.calibrated || self.recovery.is_some() || self.scheme == Scheme::Static
    }

    /// Whether all products of two inputs are measured, not only squares.
    fn takes_products(self) -> bool {
        self.calibrated || self.recovery.is_some()
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

impl Trial<'_> {
    fn check(self, settings: QuantizeSettings) -> Result<()> {
        let problem = if self.gate.is_empty() && !self.force {
            "there are no texts to measure the quantized model on; name a dataset by `--dataset`, or `--force` it \
             unmeasured"
        } else if settings.takes_texts() && self.calibration.iter().all(Vec::is_empty) {
            "calibration takes texts, and there are none; name a dataset by `--dataset`"
        } else {
            return self.bounds.check();
        };
        Err(Error::Setting { problem: problem.to_owned() })
    }
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
    trial.check(settings)?;
    let (config, checkpoint) = opened(model)?;
    export.variant.check(&config)?;
    expect_known(trial.calibration.iter().chain(trial.gate.iter().map(|row| &row.ids)), config.vocab)?;
    let unfinished = Unfinished::begin(out)?;
    let measured = !(trial.gate.is_empty() && trial.calibration.is_empty());
    let reference = measured.then(|| Reference::open(&config, &checkpoint, export, &unfinished, trial.threads));
    let mut reference = reference.transpose()?;
    let inputs = reference.as_mut().map(|reference| reference.inputs(trial.calibration, settings.takes_products()));
    let plan = Plan { config: &config, checkpoint: &checkpoint, branches: None, settings: export };
    let mut coding = Coding { settings, inputs, costs: Vec::new() };
    let bytes = build(&plan, Some(&mut coding), None, unfinished.folder())?;
    let mut costs = coding.costs;
    costs.sort_by(|one, other| other.left().total_cmp(&one.left()));
    let mut judge = |file: &str| {
        let graph = unfinished.folder().join(file);
        let Some(reference) = reference.as_mut().filter(|_| !trial.gate.is_empty() && graph.is_file()) else {
            return Ok(None);
        };
        let mut made = OnnxModel::with_config(&graph, config.clone(), trial.threads)?;
        compare(&mut reference.model, &mut made, trial.gate).map(Some)
    };
    let (found, unrecovered) = (judge(GRAPH_FILE)?, judge(UNRECOVERED_FILE)?);
    drop(reference);
    let problems = found.as_ref().map(|found| trial.bounds.problems(found)).unwrap_or_default();
    let written = problems.is_empty() || trial.force;
    if written {
        unfinished.remove(UNRECOVERED_FILE)?;
        finish(unfinished, model, &config, export)?;
    }
    let (found, parameters) = (found.unwrap_or_default(), parameters(&checkpoint));
    Ok(QuantizeReport { bytes, parameters, found, unrecovered, costs, problems, written })
}

fn parameters(checkpoint: &Checkpoint) -> u64 {
    let shapes = checkpoint.names().filter_map(|name| checkpoint.shape(name));
    shapes.map(|shape| shape.iter().map(|size| size.unsigned_abs()).product::<u64>()).sum()
}
