//! Exported models, run by onnxruntime.
//!
//! For checks and comparisons: one text at a time, on the CPU, with a cache that grows. It must not schedule requests.

mod library;
mod session;

pub use library::load_runtime;
pub use session::OnnxSession;

use crate::error::{Error, Result};
use crate::onnx::GRAPH_FILE;
use ort::session::{HasSelectedOutputs, OutputSelector, RunOptions, Session};
use ort::value::{DynTensor, DynValue, TensorElementType};
use session::{inputs, part};
use siyu_checkpoint::Config;
use std::fmt;
use std::path::Path;

/// An exported model, opened.
pub struct OnnxModel {
    config: Config,
    session: Session,
    cache: TensorElementType,
    /// The graph gives the logits of the last token only.
    last_only: bool,
    /// Logits and the grown cache.
    grown: RunOptions<HasSelectedOutputs>,
    /// Logits only.
    told: RunOptions<HasSelectedOutputs>,
}

impl fmt::Debug for OnnxModel {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("OnnxModel")
            .field("config", &self.config)
            .field("session", &self.session)
            .finish_non_exhaustive()
    }
}

impl OnnxModel {
    /// Opens a folder that holds `model.onnx` and `config.json`; runs take `threads` threads, 0 for all cores.
    ///
    /// # Errors
    /// [`Error::Library`], [`Error::Checkpoint`] for the configuration, [`Error::Runtime`] for the graph.
    pub fn open(folder: &Path, threads: usize) -> Result<Self> {
        Self::with_config(&folder.join(GRAPH_FILE), Config::from_folder(folder)?, threads)
    }

    /// Opens a graph of a model with this configuration.
    ///
    /// # Errors
    /// As [`Self::open`].
    pub fn with_config(graph: &Path, config: Config, threads: usize) -> Result<Self> {
        let builder = Session::builder(load_runtime()?)?;
        let mut builder = builder.with_intra_threads(threads)?;
        let session = builder.commit_from_file(graph)?;
        let of_cache = session.inputs().iter().find(|input| input.name().starts_with("past_key_values."));
        let cache = of_cache.and_then(|input| input.dtype().tensor_type());
        let cache = cache.ok_or_else(|| Error::Runtime(format!("`{}` has no `past_key_values`", graph.display())))?;
        let logits = session.outputs().iter().find(|output| output.name() == "logits");
        let last_only =
            logits.and_then(|logits| logits.dtype().tensor_shape()).is_some_and(|shape| shape.get(1) == Some(&1));
        let mut every = OutputSelector::no_default().with("logits");
        for index in 0..2 * config.layers {
            every = every.with(format!("present.{}.{}", index / 2, part(index)));
        }
        let grown = RunOptions::new()?.with_outputs(every);
        let told = RunOptions::new()?.with_outputs(OutputSelector::no_default().with("logits"));
        Ok(Self { config, session, cache, last_only, grown, told })
    }

    /// What the model is.
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// An empty text.
    ///
    /// # Errors
    /// [`Error::Runtime`] where memory does not suffice.
    pub fn start(&mut self) -> Result<OnnxSession<'_>> {
        Ok(OnnxSession { kept: self.empty()?, length: 0, model: self })
    }

    /// A cache of no tokens.
    fn empty(&self) -> Result<Vec<DynValue>> {
        let size = |size: i64| usize::try_from(size).unwrap_or(0);
        let shape = [1, size(self.config.kv_heads), 0, size(self.config.head_size)];
        let (allocator, kind) = (self.session.allocator(), self.cache);
        (0..2 * self.config.layers).map(|_| Ok(DynTensor::new(allocator, kind, shape)?.into_dyn())).collect()
    }

    /// The logits of every token of a text; token by token where the graph gives those of the last only.
    ///
    /// # Shapes
    /// Returns `[ids.len(), vocab]`, row by row.
    ///
    /// # Errors
    /// [`Error::Runtime`], as for a token outside the vocabulary.
    pub fn logits(&mut self, ids: &[i64]) -> Result<Vec<f32>> {
        if self.last_only {
            let mut session = self.start()?;
            let each: Result<Vec<Vec<f32>>> = ids.iter().map(|&id| session.read(&[id])).collect();
            return Ok(each?.concat());
        }
        let empty = self.empty()?;
        let outputs = self.session.run_with_options(inputs(ids, 0, &empty)?, &self.told)?;
        Ok(outputs["logits"].try_extract_tensor::<f32>()?.1.to_vec())
    }

    /// What a graph gives under other names than the usual, f32, for a whole text.
    ///
    /// # Shapes
    /// Each is handed to `take` row by row, with its place in `names`.
    pub(crate) fn observe(&mut self, ids: &[i64], names: &[String], mut take: impl FnMut(usize, &[f32])) -> Result<()> {
        let empty = self.empty()?;
        let chosen = names.iter().fold(OutputSelector::no_default(), |chosen, name| chosen.with(name.clone()));
        let options = RunOptions::new()?.with_outputs(chosen);
        let outputs = self.session.run_with_options(inputs(ids, 0, &empty)?, &options)?;
        for (place, name) in names.iter().enumerate() {
            take(place, outputs[name.as_str()].try_extract_tensor::<f32>()?.1);
        }
        Ok(())
    }

    /// The likeliest continuation of `prompt`, at most `count` tokens, none of which ends the text.
    ///
    /// # Errors
    /// As [`Self::logits`].
    pub fn continue_greedily(&mut self, prompt: &[i64], count: usize, end_tokens: &[i64]) -> Result<Vec<i64>> {
        let vocab = usize::try_from(self.config.vocab).unwrap_or(1);
        let mut session = self.start()?;
        let mut made = Vec::new();
        let mut logits = session.read(prompt)?;
        while made.len() < count {
            let token = likeliest(&logits[logits.len() - vocab..]);
            if end_tokens.contains(&token) {
                break;
            }
            made.push(token);
            if made.len() < count {
                logits = session.read(&[token])?;
            }
        }
        Ok(made)
    }
}

/// The place of the largest logit, the first of equals.
pub(crate) fn likeliest(logits: &[f32]) -> i64 {
    let mut best = 0;
    for (place, logit) in logits.iter().enumerate() {
        if *logit > logits[best] {
            best = place;
        }
    }
    i64::try_from(best).unwrap_or(i64::MAX)
}
