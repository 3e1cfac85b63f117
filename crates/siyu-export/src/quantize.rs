//! Models in few bits, measured against what they were.
//!
//! Matrices are rounded block by block, or row by row with inputs rounded at run time; embeddings and head by choice.
//! The gate then reads texts with both models. It knows nothing of where the texts come from.

pub(crate) mod blocks;
pub(crate) mod gptq;
pub(crate) mod inputs;

pub use blocks::Blocks;

use crate::compare::{Comparison, TextRow, compare};
use crate::error::{Error, Result};
use crate::export::finish;
use crate::folder::Unfinished;
use crate::onnx::{Coding, ExportSettings, GRAPH_FILE, Logits, Numbers, Plan, build};
use crate::runtime::OnnxModel;
use inputs::Inputs;
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

/// How far a quantized model may be from what it was.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bounds {
    /// Largest growth of perplexity, as a share.
    pub perplexity_growth: f64,
    /// Least share of tokens for which both think the same likeliest, in 0..=1.
    pub agreement: f64,
}

impl Bounds {
    /// Those for weights of 4 or of 8 bits where the user says nothing.
    pub fn for_bits(bits: u32) -> Self {
        if bits == 4 {
            Self { perplexity_growth: 0.05, agreement: 0.9 }
        } else {
            Self { perplexity_growth: 0.01, agreement: 0.97 }
        }
    }

    /// What of `found` is out of bounds.
    fn problem(self, domain: &str, found: &Comparison) -> Option<String> {
        let growth = found.perplexity_growth();
        // Not a number is out of bounds.
        let bad = growth.is_nan() || growth > self.perplexity_growth || found.agreement < self.agreement;
        bad.then(|| {
            format!(
                "{domain}: perplexity grows by {:.2} % (at most {:.2} %), agreement is {:.2} % (at least {:.2} %)",
                100.0 * growth,
                100.0 * self.perplexity_growth,
                100.0 * found.agreement,
                100.0 * self.agreement
            )
        })
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
    pub bounds: Bounds,
    /// Write the folder whatever the gate finds, and without texts for it.
    pub force: bool,
    /// Threads of onnxruntime; 0 is all cores.
    pub threads: usize,
}

/// What the rounding of a matrix costs.
#[derive(Clone, Debug, PartialEq)]
pub struct MatrixCost {
    /// The matrix.
    pub name: String,
    /// Share of what comes out of it that changes: of the root of squares, on the texts of the calibration where there
    /// are some, else of the weights themselves.
    pub share: f64,
}

/// What became of a model.
#[derive(Clone, Debug)]
pub struct QuantizeReport {
    /// Bytes of graph and weights.
    pub bytes: u64,
    /// Count of weights; times 2 or 4 the bytes of a model in floats.
    pub parameters: u64,
    /// On all texts of the gate.
    pub all: Comparison,
    /// By domain.
    pub domains: BTreeMap<String, Comparison>,
    /// Costliest first.
    pub costs: Vec<MatrixCost>,
    /// What is out of bounds; empty where nothing is.
    pub problems: Vec<String>,
    /// The folder was written.
    pub written: bool,
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
        let problem =
            "there are no texts to measure the quantized model on; give some, or force it unmeasured".to_owned();
        return Err(Error::Setting { problem });
    }
    if settings.calibrated && trial.calibration.is_empty() {
        return Err(Error::Setting { problem: "calibration takes texts, and there are none".to_owned() });
    }
    let config = Config::from_folder(model)?;
    let checkpoint = Checkpoint::open(model)?;
    let unfinished = Unfinished::begin(out)?;
    let measured = !(trial.gate.is_empty() && trial.calibration.is_empty());
    let mut reference = measured.then(|| Reference::open(&config, &checkpoint, export, &unfinished, trial.threads));
    let mut reference = reference.take().transpose()?;
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

/// The model in f32 with the inputs of all matrices as outputs, in a folder that does not stay.
struct Reference {
    model: OnnxModel,
    observed: Vec<inputs::Observed>,
    _folder: tempfile::TempDir,
}

impl Reference {
    fn open(
        config: &Config,
        checkpoint: &Checkpoint,
        export: ExportSettings,
        unfinished: &Unfinished,
        threads: usize,
    ) -> Result<Self> {
        let folder = tempfile::tempdir_in(unfinished.folder()).map_err(Error::write(unfinished.folder()))?;
        let settings = ExportSettings { numbers: Numbers::F32, logits: Logits::All, ..export };
        let mut observed = Vec::new();
        build(&Plan { config, checkpoint, branches: None, settings }, None, Some(&mut observed), folder.path())?;
        let model = OnnxModel::with_config(&folder.path().join(GRAPH_FILE), config.clone(), threads)?;
        Ok(Self { model, observed, _folder: folder })
    }

    fn inputs<'a>(&'a mut self, texts: &'a [Vec<i64>], full: bool) -> Inputs<'a> {
        let observed = self.observed.clone();
        Inputs { model: &mut self.model, observed, texts, full, measured: BTreeMap::new() }
    }
}
