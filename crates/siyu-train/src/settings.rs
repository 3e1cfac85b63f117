//! `train.yaml`: what is trained on what, and how. Reading it opens neither the model nor the dataset.

mod check;
mod overrides;
mod schedule;

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};
use siyu_yaml::Subject;

use crate::{Error, Result};
pub use schedule::{Schedule, WarmUp};
pub use siyu_checkpoint::Targets;

/// A run as its file describes it. The defaults are a plain recipe for adapters.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// Folder of the base model: `config.json`, weights and `tokenizer.json`.
    pub model: PathBuf,
    /// Folder of the dataset, with its `manifest.json`.
    pub dataset: PathBuf,
    /// Folder of the run.
    pub output: PathBuf,
    /// What of the model is trained.
    #[serde(default)]
    pub method: Method,
    /// Where the weights begin.
    #[serde(default)]
    pub init: Init,
    /// The adapter, for `method: lora` and `method: qlora`.
    #[serde(default)]
    pub lora: Lora,
    /// What is trained, for `method: freeze`.
    #[serde(default)]
    pub freeze: Freeze,
    /// Folder of an adapter that is trained on, in place of one that begins at nothing; it brings its own `lora`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub adapter: Option<PathBuf>,
    /// Rows that are computed at once.
    #[serde(default = "batch")]
    pub batch: usize,
    /// Batches whose gradients make one step.
    #[serde(default = "accumulation")]
    pub accumulation: usize,
    /// Most tokens that are computed at once; the rows of a step are then packed by length in place of `batch` at a
    /// time. A step has `batch * accumulation` rows either way.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub batch_tokens: Option<usize>,
    /// Passes over the training rows.
    #[serde(default = "epochs")]
    pub epochs: u64,
    /// Most steps; the run ends there even within an epoch.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_steps: Option<u64>,
    /// Highest rate of learning.
    #[serde(default = "learning_rate")]
    pub learning_rate: f64,
    /// How the rate falls.
    #[serde(default)]
    pub schedule: Schedule,
    /// How it rises at first: steps, or a share of all steps where it lies below 1.
    #[serde(default)]
    pub warm_up: WarmUp,
    /// Share of each weight that a step takes away, times the rate.
    #[serde(default)]
    pub weight_decay: f64,
    /// Largest norm of a step's gradient; longer ones are shortened to it. 0 leaves them as they are.
    #[serde(default = "clip")]
    pub clip: f64,
    /// The numbers that are computed with.
    #[serde(default)]
    pub precision: Precision,
    /// Where it is computed.
    #[serde(default)]
    pub device: DeviceChoice,
    /// Longest row, in tokens; longer ones are left out and counted. The model's own limit when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_tokens: Option<usize>,
    /// Judging on the rows of `validation`.
    #[serde(default)]
    pub evaluation: Evaluation,
    /// Steps between two states from which a killed run continues; each epoch ends with one.
    #[serde(default = "state_every_steps")]
    pub state_every_steps: u64,
    /// What happens when the loss is no number.
    #[serde(default)]
    pub non_finite: NonFinite,
    /// Compute layers again in the backward pass in place of keeping what they made.
    #[serde(default)]
    pub recompute_layers: usize,
    /// Strength of noise on the embeddings of training rows (`NEFTune`); 0 is none.
    #[serde(default)]
    pub neftune_alpha: f64,
    /// Seed of the order of rows, of the adapter's start and of dropout.
    #[serde(default = "seed")]
    pub seed: u64,
}

/// What of the model is trained.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Method {
    /// Low-rank adapters beside frozen weights.
    #[default]
    Lora,
    /// The same beside weights in 4-bit numbers.
    Qlora,
    /// All weights.
    Full,
    /// The weights of the last layers.
    Freeze,
}

impl Method {
    /// Whether only what lies beside the weights is trained and written.
    pub fn is_adapter(self) -> bool {
        matches!(self, Self::Lora | Self::Qlora)
    }
}

/// Where the weights begin.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Init {
    /// The model's own files.
    #[default]
    Pretrained,
    /// Chance, drawn by the seed; `model` needs only `config.json` and `tokenizer.json`.
    Random,
}

/// The adapter.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Lora {
    /// Rank of each change.
    pub rank: i64,
    /// Strength: a change counts `alpha / rank`.
    pub alpha: f64,
    /// Share of inputs that is struck out while training.
    pub dropout: f64,
    /// The matrices that are changed: names, `all-linear`, or a regular expression over whole names.
    pub targets: Targets,
    /// Let a change count `alpha / sqrt(rank)`.
    pub rslora: bool,
    /// Train the lengths of the changed rows apart from their directions.
    pub dora: bool,
    /// How much faster the second factor learns than the first (`LoRA+`).
    pub b_rate_factor: f64,
    /// Modules that are trained whole and saved with the adapter.
    pub modules_to_save: Vec<String>,
    /// Other ranks for modules whose name ends in a match of the key, a regular expression.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub rank_pattern: BTreeMap<String, i64>,
    /// Other strengths for modules whose name ends in a match of the key, a regular expression.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub alpha_pattern: BTreeMap<String, f64>,
}

/// What is trained of a model that is frozen otherwise.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Freeze {
    /// The last so many layers.
    pub trained_layers: usize,
    /// Modules beside them, by the end of their names, such as `lm_head`.
    pub extra_modules: Vec<String>,
}

impl Default for Freeze {
    fn default() -> Self {
        Self { trained_layers: 2, extra_modules: Vec::new() }
    }
}

impl Default for Lora {
    fn default() -> Self {
        Self {
            rank: 16,
            alpha: 32.0,
            dropout: 0.05,
            targets: Targets::Names(vec!["q_proj".to_owned(), "v_proj".to_owned()]),
            rslora: false,
            dora: false,
            b_rate_factor: 1.0,
            modules_to_save: Vec::new(),
            rank_pattern: BTreeMap::new(),
            alpha_pattern: BTreeMap::new(),
        }
    }
}

/// The numbers that are computed with; sums, gradients and trained weights are 32-bit in any case.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Precision {
    /// 16-bit floats on a GPU, 32-bit on a processor.
    #[default]
    Auto,
    /// 32 bits.
    F32,
    /// 16 bits with the range of 32.
    Bf16,
    /// 16 bits with little range; the loss is scaled.
    Fp16,
}

/// Where it is computed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DeviceChoice {
    /// The first GPU, or else the processor.
    #[default]
    Auto,
    /// The processor.
    Cpu,
    /// The first GPU.
    Cuda,
}

/// Judging on the rows of `validation`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Evaluation {
    /// Whether the model is judged before the first step too.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub at_start: bool,
    /// Steps between two judgements beside those after each epoch.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub every_steps: Option<u64>,
    /// Judgements in a row without a lower loss after which the run stops.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub patience: Option<u64>,
    /// Most rows that are judged.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_rows: Option<u64>,
}

/// What happens when the loss is no number.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NonFinite {
    /// The run stops, and what it takes to see it again is kept.
    #[default]
    Stop,
    /// The step is left out, and what it takes to see it again is kept.
    Skip,
}

fn batch() -> usize {
    4
}
fn accumulation() -> usize {
    8
}
fn epochs() -> u64 {
    3
}
fn learning_rate() -> f64 {
    2e-4
}
fn clip() -> f64 {
    1.0
}
fn state_every_steps() -> u64 {
    50
}
fn seed() -> u64 {
    42
}

const TRAIN_FILE: Subject =
    Subject { name: "training file", empty: "a training file has at least `model`, `dataset` and `output`" };

impl Settings {
    /// Reads a training file and replaces `${NAME}` and `${NAME:-default}` by the environment.
    ///
    /// # Errors
    /// [`Error::Read`] for the file, [`Error::Settings`] for what it says, with its place.
    pub fn from_path(path: &Path) -> Result<Self> {
        let text = std::fs::read_to_string(path).map_err(Error::read(path))?;
        Self::from_text(&text, path)
    }

    /// As [`Self::from_path`] for text that is already read; `path` is for messages.
    pub fn from_text(written: &str, path: &Path) -> Result<Self> {
        siyu_yaml::parse(written, path, TRAIN_FILE, check::problem)
            .map_err(|diagnostic| Error::Settings(Box::new(diagnostic)))
    }

    /// Replaces keys, each given as `key.path=value`.
    ///
    /// # Errors
    /// [`Error::Refused`] says which cannot be applied, and why.
    pub fn set(self, overrides: &[String]) -> Result<Self> {
        overrides.iter().try_fold(self, |settings, setting| overrides::set(&settings, setting))
    }

    /// The file's text for the record of a run: every setting with its value.
    ///
    /// # Panics
    /// Never: settings consist of texts, numbers and lists.
    pub fn to_json(&self) -> serde_json::Value {
        serde_json::to_value(self).expect("settings consist of texts, numbers and lists")
    }

    /// Layers of so many that are computed again in the backward pass: all of them beside 4-bit numbers.
    pub fn recomputed_layers(&self, layers: usize) -> usize {
        if self.method == Method::Qlora { layers } else { self.recompute_layers.min(layers) }
    }

    /// Rows that make one step.
    pub fn step_rows(&self) -> u64 {
        (self.batch * self.accumulation) as u64
    }
}

#[cfg(test)]
mod tests;
