//! The record of a run: what it was made of, and how it ended.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};
use siyu_checkpoint::{ORIGIN, Origin, base_hash, config_hash, file_hash};
use siyu_dataset::{LeakProof, MANIFEST, TokenRows, Unusable};

use crate::{Error, Result, Settings, compute::Machine, files};

/// The record's file name in the folder of a run.
pub const RECORD: &str = "run.json";

/// What a run was made of, and how it ended.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Record {
    /// The version of this program.
    pub siyu_version: String,
    /// Every setting.
    pub settings: Settings,
    /// The blake3 hash of the model's `config.json` and weights.
    pub model_hash: String,
    /// The blake3 hash of its `tokenizer.json`.
    pub tokenizer_hash: String,
    /// The blake3 hash of the dataset's manifest.
    pub manifest_hash: String,
    /// Where and with what numbers it was computed.
    pub device: String,
    /// `f32`, `bf16` or `fp16`.
    pub precision: String,
    /// The rows.
    pub train: RowsRecord,
    /// The rows that it was judged by, where there are any.
    pub validation: Option<RowsRecord>,
    /// The manifest's proof that no content is on two sides of the split, where there is a split.
    pub leak_proof: Option<LeakProof>,
    /// Steps of the run.
    pub steps: u64,
    /// How it ended; absent while it runs.
    pub outcome: Option<Outcome>,
}

/// Rows of one side.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RowsRecord {
    /// Rows used.
    pub rows: u64,
    /// Their tokens.
    pub tokens: u64,
    /// Of which learnt or judged.
    pub labels: u64,
    /// Rows left out because nothing in them is learnt.
    pub without_labels: u64,
    /// Rows left out because they are too long.
    pub too_long: u64,
}

impl RowsRecord {
    /// Counts rows.
    pub fn of(rows: &TokenRows) -> Self {
        let mut record = Self {
            rows: rows.len(),
            tokens: 0,
            labels: 0,
            without_labels: rows.without_labels().count,
            too_long: rows.too_long().count,
        };
        for size in rows.sizes() {
            record.tokens += u64::from(size.tokens);
            record.labels += u64::from(size.labels);
        }
        record
    }
}

/// How a run ended.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Outcome {
    /// Steps done.
    pub steps: u64,
    /// Steps that did not change the parameters, for numbers that were none.
    pub skipped_steps: u64,
    /// Whether it ended because no judgement was better than an earlier one.
    pub stopped_early: bool,
    /// Lowest loss on `validation`, and the step after which it was measured.
    pub best: Option<(f64, u64)>,
}

impl Record {
    /// Reads the record of a run's folder, where it has one.
    ///
    /// # Errors
    /// Where it cannot be read or is not what this program writes.
    pub fn open(folder: &Path) -> Result<Option<Self>> {
        let path = folder.join(RECORD);
        let bytes = match fs::read(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            bytes => bytes.map_err(Error::read(&path))?,
        };
        serde_json::from_slice(&bytes).map(Some).map_err(|error| Error::damaged(path, &error))
    }

    /// Writes the record into a run's folder.
    pub(crate) fn write(&self, folder: &Path) -> Result<()> {
        files::replace(&folder.join(RECORD), &pretty(self))
    }

    /// Writes what an adapter belongs to beside it.
    pub(crate) fn write_origin(&self, folder: &Path) -> Result<()> {
        let origin = Origin {
            model_hash: self.model_hash.clone(),
            tokenizer_hash: self.tokenizer_hash.clone(),
            manifest_hash: self.manifest_hash.clone(),
            siyu_version: self.siyu_version.clone(),
        };
        files::replace(&folder.join(ORIGIN), &pretty(&origin))
    }

    /// In what another run differs so much that this one cannot go on where it ended; `None` where it can.
    pub(crate) fn difference(&self, other: &Self) -> Option<String> {
        let same = |name: &str, equal: bool| (!equal).then(|| name.to_owned());
        same("its version of this program", self.siyu_version == other.siyu_version)
            .or_else(|| same("the model", self.model_hash == other.model_hash))
            .or_else(|| same("the tokenizer", self.tokenizer_hash == other.tokenizer_hash))
            .or_else(|| same("the dataset", self.manifest_hash == other.manifest_hash))
            .or_else(|| same("the device", self.device == other.device))
            .or_else(|| same("the precision", self.precision == other.precision))
            .or_else(|| self.different_setting(other))
    }

    /// The first setting that is not the same; paths of folders may be.
    fn different_setting(&self, other: &Self) -> Option<String> {
        let (one, two) = (self.settings.to_json(), other.settings.to_json());
        let (one, two) = (one.as_object()?, two.as_object()?);
        let free = ["model", "dataset", "output"];
        let keys = one.keys().chain(two.keys()).filter(|key| !free.contains(&key.as_str()));
        keys.clone().find(|key| one.get(*key) != two.get(*key)).map(|key| format!("the setting `{key}`"))
    }
}

/// The hashes that tie a run to its model and its dataset.
pub(crate) struct Hashes {
    pub(crate) model: String,
    pub(crate) tokenizer: String,
    pub(crate) manifest: String,
}

impl Hashes {
    pub(crate) fn of(settings: &Settings) -> Result<Self> {
        let pretrained = settings.init == crate::settings::Init::Pretrained;
        Ok(Self {
            model: if pretrained { base_hash(&settings.model) } else { config_hash(&settings.model) }?,
            tokenizer: file_hash(settings.model.join("tokenizer.json"))?,
            manifest: file_hash(settings.dataset.join(MANIFEST))?,
        })
    }
}

/// The record of a run that begins.
pub(crate) fn begin(
    settings: &Settings,
    hashes: Hashes,
    machine: &Machine,
    train: &TokenRows,
    validation: Option<&TokenRows>,
    steps: u64,
) -> Record {
    Record {
        siyu_version: env!("CARGO_PKG_VERSION").to_owned(),
        settings: settings.clone(),
        model_hash: hashes.model,
        tokenizer_hash: hashes.tokenizer,
        manifest_hash: hashes.manifest,
        device: machine.device_name().to_owned(),
        precision: machine.precision().to_owned(),
        train: RowsRecord::of(train),
        validation: validation.map(RowsRecord::of),
        leak_proof: train.leak_proof().cloned(),
        steps,
        outcome: None,
    }
}

/// What rows of a side are left out, for a person to read.
pub(crate) fn left_out(side: &str, rows: &TokenRows, max_tokens: usize) -> Vec<String> {
    let named = |unusable: &Unusable, why: &str| {
        let ids: Vec<String> = unusable.ids.iter().map(|id| format!("`{id}`")).collect();
        let more = if unusable.count > ids.len() as u64 { ", …" } else { "" };
        let rows = match unusable.count {
            0 => return None,
            1 => "1 row".to_owned(),
            count => format!("{count} rows"),
        };
        Some(format!("{rows} of `{side}` left out: {why} ({}{more})", ids.join(", ")))
    };
    let long = format!("longer than {max_tokens} tokens");
    [named(rows.without_labels(), "without a label, so that nothing is learnt"), named(rows.too_long(), &long)]
        .into_iter()
        .flatten()
        .collect()
}

fn pretty(value: &impl Serialize) -> Vec<u8> {
    let mut json = serde_json::to_vec_pretty(value).expect("records consist of texts, numbers and maps with text keys");
    json.push(b'\n');
    json
}

/// The folder of an epoch's adapter; epochs count from 1.
pub(crate) fn epoch_folder(output: &Path, epoch: u64) -> PathBuf {
    output.join(format!("epoch-{epoch}"))
}
