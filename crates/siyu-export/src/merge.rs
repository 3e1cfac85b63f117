//! Adapters made part of their base.

mod gate;
mod plan;
mod record;
mod tensor;

pub use gate::{MergeBounds, Verdict};
pub use record::{MERGE_RECORD, MergeRecord};

use crate::error::{Error, Result};
use crate::export::floats;
use crate::folder::Unfinished;
use plan::Planned;
use serde_json::Value;
use siyu_checkpoint::{
    ADAPTER_WEIGHTS, Checkpoint, Config, LoraSettings, Origin, Precision, SHARD_BYTES, base_hash, file_hash,
    write_json, write_weights,
};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use tensor::Merged as MergedTensor;

/// How a merged model is written.
#[derive(Clone, Copy, Debug)]
pub struct MergeSettings {
    /// The kind of number of its weights; `None` is the base's, tensor by tensor.
    pub precision: Option<Precision>,
    /// Bytes of one file of weights at most, unless a single tensor is larger.
    pub shard_bytes: usize,
    /// Write over an earlier merged model at the place of the result.
    pub replace: bool,
}

impl Default for MergeSettings {
    fn default() -> Self {
        Self { precision: None, shard_bytes: SHARD_BYTES, replace: false }
    }
}

/// A base and an adapter that go together.
#[derive(Debug)]
pub struct Merge {
    folders: [PathBuf; 2],
    config: Config,
    base: Checkpoint,
    adapter: Checkpoint,
    planned: Vec<Planned>,
    base_hash: String,
    origin: Option<Origin>,
}

impl Merge {
    /// Opens a model folder and an adapter folder in the format of PEFT, and sees whether they go together. Weights are
    /// only hashed.
    ///
    /// # Errors
    /// [`Error::OtherBase`] where the adapter's record names another base; [`Error::Quantized`]; [`Error::Checkpoint`]
    /// names the setting or tensor that does not fit.
    pub fn open(base: &Path, adapter: &Path) -> Result<Self> {
        let config = floats(base)?;
        let settings = LoraSettings::from_folder(adapter)?;
        let (origin, base_hash) = (Origin::open(adapter)?, base_hash(base)?);
        if origin.as_ref().is_some_and(|origin| origin.model_hash != base_hash) {
            return Err(Error::OtherBase { adapter: adapter.to_owned(), base: base.to_owned() });
        }
        let weights = Checkpoint::open(base)?;
        weights.expect_model(&config)?;
        plan::expect_modules(&config, &settings)?;
        let changes = Checkpoint::of_file(adapter.join(ADAPTER_WEIGHTS))?;
        let planned = plan::plan(&config, &settings, &changes)?;
        let folders = [base.to_owned(), adapter.to_owned()];
        Ok(Self { folders, config, base: weights, adapter: changes, planned, base_hash, origin })
    }

    /// What the adapter says that it belongs to; `None` for one that says nothing, so that nobody knows whether this
    /// base is its own.
    pub fn origin(&self) -> Option<&Origin> {
        self.origin.as_ref()
    }

    /// Bytes of the merged weights.
    pub fn bytes(&self, settings: &MergeSettings) -> Result<u64> {
        let mut bytes = 0;
        for planned in &self.planned {
            let numbers: i64 = planned.shape.iter().product();
            let precision = settings.precision.map_or_else(|| self.stored(planned), Ok)?;
            bytes += u64::try_from(numbers).unwrap_or(0) * tensor::size(precision) as u64;
        }
        Ok(bytes)
    }

    /// Writes the merged model beside `out`; [`Merged::finish`] gives it that name. Tensor by tensor: memory holds one
    /// at a time. `progress` is told bytes made.
    ///
    /// # Errors
    /// [`Error::Exists`], [`Error::Foreign`]; [`Error::Checkpoint`] where a sum is too large for the kind of number it is
    /// stored in, or the disk is full.
    pub fn write(&self, out: &Path, settings: &MergeSettings, progress: &(dyn Fn(u64) + Sync)) -> Result<Merged<'_>> {
        let [base, adapter] = &self.folders;
        let unfinished = if settings.replace {
            Unfinished::begin_over(out, MERGE_RECORD, &[base, adapter])?
        } else {
            Unfinished::begin(out)?
        };
        let failure = Mutex::new(None);
        let mut tensors = Vec::with_capacity(self.planned.len());
        for planned in &self.planned {
            let stored = self.stored(planned)?;
            let written = settings.precision.unwrap_or(stored);
            let shape = planned.shape.iter().map(|&size| usize::try_from(size).unwrap_or(0)).collect();
            let (base, adapter, failure) = (&self.base, &self.adapter, &failure);
            let made = MergedTensor { planned, base, adapter, stored, written, shape, failure, progress };
            tensors.push((planned.name.clone(), made));
        }
        write_weights(unfinished.folder(), tensors, settings.shard_bytes)?;
        if let Some(error) = failure.into_inner().unwrap_or_else(PoisonError::into_inner) {
            return Err(error);
        }
        unfinished.copy_companions(&self.folders[0])?;
        self.write_config(unfinished.folder(), settings)?;
        Ok(Merged { merge: self, unfinished, verdict: None })
    }

    /// The kind of number that the base holds a tensor in.
    fn stored(&self, planned: &Planned) -> Result<Precision> {
        let dtype = self.base.dtype(&planned.from).ok_or_else(|| self.base.missing(&planned.from))?;
        Precision::of_dtype(dtype).ok_or_else(|| Error::Dtype { name: planned.from.clone(), found: dtype.to_string() })
    }

    /// The configuration, with what the merge changed in it.
    fn write_config(&self, folder: &Path, settings: &MergeSettings) -> Result<()> {
        let mut json = self.config.json.clone();
        if let Some(precision) = settings.precision {
            let key = if json.contains_key("dtype") { "dtype" } else { "torch_dtype" };
            json.insert(key.to_owned(), precision.name().into());
        }
        if self.config.tied_head && self.planned.iter().any(|planned| planned.name == "lm_head.weight") {
            json.insert("tie_word_embeddings".to_owned(), Value::Bool(false));
        }
        Ok(write_json(&folder.join("config.json"), &json)?)
    }
}

/// Refuses an adapter that changes what a model of this configuration does not have. Reads no numbers.
///
/// # Errors
/// [`Error::Checkpoint`] names the setting or tensor that does not fit.
pub(crate) fn expect_fit(model: &Path, adapter: &Path) -> Result<()> {
    let (config, settings) = (Config::from_folder(model)?, LoraSettings::from_folder(adapter)?);
    plan::expect_modules(&config, &settings)?;
    plan::plan(&config, &settings, &Checkpoint::of_file(adapter.join(ADAPTER_WEIGHTS))?).map(drop)
}

/// A merged model that has no name yet; gone unless it is finished.
#[derive(Debug)]
pub struct Merged<'a> {
    merge: &'a Merge,
    unfinished: Unfinished,
    verdict: Option<Verdict>,
}

impl Merged<'_> {
    /// Where the model lies until it is finished.
    pub fn folder(&self) -> &Path {
        self.unfinished.folder()
    }

    /// Gives the folder its name, with a record of what it was made of.
    ///
    /// # Errors
    /// [`Error::Checkpoint`] where a file cannot be written.
    pub fn finish(self) -> Result<()> {
        let Merge { folders, base_hash, origin, .. } = self.merge;
        let record = MergeRecord {
            siyu_version: env!("CARGO_PKG_VERSION").to_owned(),
            base_hash: base_hash.clone(),
            adapter_hash: file_hash(folders[1].join(ADAPTER_WEIGHTS))?,
            tokenizer_hash: origin.as_ref().map(|origin| origin.tokenizer_hash.clone()),
            manifest_hash: origin.as_ref().map(|origin| origin.manifest_hash.clone()),
            verdict: self.verdict,
        };
        write_json(&self.unfinished.folder().join(MERGE_RECORD), &record)?;
        self.unfinished.finish()
    }
}
