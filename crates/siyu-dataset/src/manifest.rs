//! The manifest: what a dataset holds and how it came about.
//!
//! Written last and atomically: without it there is no dataset. It holds no time, host name or
//! absolute path, so the same inputs give the same bytes. A reader looks at `format_version` before
//! anything else; fields it does not know are passed over, so a field may be added within a version,
//! and a change of meaning takes the next one.

mod split;
mod sums;

use std::{
    collections::BTreeMap,
    fs,
    io::{self, Write},
    path::Path,
    sync::Arc,
};

use arrow::datatypes::{Field, Schema};
use serde::{Deserialize, Serialize};
pub use split::{LEDGER, LeakProof, NearRule, SplitRecord, tied_columns};

use crate::{Error, Result};

/// The version of the format that this crate reads and writes.
pub const FORMAT_VERSION: u32 = 1;

/// The manifest's file name inside a dataset directory.
pub const MANIFEST: &str = "manifest.json";

/// What a dataset holds and how it came about.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Manifest {
    /// Always [`FORMAT_VERSION`].
    pub format_version: u32,
    /// The version of the program that wrote the dataset.
    pub siyu_version: String,
    /// The pipeline as it was run.
    pub pipeline: PipelineRecord,
    /// The tokenizer, where the pipeline has one.
    pub tokenizer: Option<TokenizerRecord>,
    /// The seed of sampling, splitting and sharding.
    pub seed: u64,
    /// The files that were read, in reading order.
    pub inputs: Vec<InputRecord>,
    /// The steps in their order: a funnel from the rows read to the rows written.
    pub steps: Vec<StepRecord>,
    /// Where every row ended.
    pub rows: RowTotals,
    /// Masked places per kind of personal data.
    pub personal_data: BTreeMap<String, u64>,
    /// That the finished shards were searched for what was masked, where a step asks for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub personal_data_check: Option<PersonalDataCheck>,
    /// How the rows were divided, where the pipeline divides them.
    pub split: Option<SplitRecord>,
    /// How rows hold several documents, where they do. Rows are then counted as documents everywhere but in the shards'
    /// own `rows`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub packing: Option<PackingRecord>,
    /// The columns that every shard has, in their order.
    pub columns: Vec<ColumnRecord>,
    /// The shards, ordered by path.
    pub shards: Vec<ShardRecord>,
    /// The parts that list masked places, ordered by path, where a step asks for them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub audit: Option<Vec<PartRecord>>,
    /// The parts that list dropped rows, ordered by path.
    pub dropped: Vec<PartRecord>,
    /// The parts that list unreadable rows, ordered by path.
    pub quarantine: Vec<PartRecord>,
}

/// The search of the finished shards for personal data.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PersonalDataCheck {
    /// The kinds that were looked for.
    pub kinds: Vec<String>,
    /// The columns that were read.
    pub columns: Vec<String>,
    /// Rows that were read.
    pub rows: u64,
    /// Rows that hold any; a dataset with some is not published.
    pub found: u64,
}

/// The pipeline as it was run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PipelineRecord {
    /// The YAML.
    pub text: String,
    /// Its blake3 hash, in hexadecimal.
    pub hash: String,
    /// The blake3 hashes of the files that its steps name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub files: BTreeMap<String, String>,
    /// What tells the secrets of its steps apart, by the environment variable that held them; never the secrets.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub keys: BTreeMap<String, String>,
}

impl PipelineRecord {
    /// Records a pipeline's text together with its hash.
    pub fn of(text: impl Into<String>) -> Self {
        let text = text.into();
        let hash = blake3::hash(text.as_bytes()).to_hex().to_string();
        Self { text, hash, files: BTreeMap::new(), keys: BTreeMap::new() }
    }
}

/// The tokenizer whose ids the shards hold.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TokenizerRecord {
    /// Where it was read from, as the pipeline names it.
    pub path: String,
    /// The blake3 hash of `tokenizer.json`, in hexadecimal.
    pub hash: String,
    /// The implementation that encoded with it.
    pub engine: String,
}

/// A file that was read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct InputRecord {
    /// Its path, as it stands in the column `source`.
    pub source: String,
    /// Its format, such as `jsonl`.
    pub format: String,
    /// Its character encoding, where it has a single one.
    pub encoding: Option<String>,
    /// Its size.
    pub bytes: u64,
    /// The hash of its bytes, in hexadecimal.
    pub blake3: String,
    /// Rows found in it, the quarantined ones included.
    pub rows: u64,
    /// Rows that could not be read.
    pub quarantined: u64,
}

/// What one step did: `rows_in + created == rows_out + dropped`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct StepRecord {
    /// Its position from 1 and its name, such as `3 strip_html`.
    pub step: String,
    /// Rows that reached it.
    pub rows_in: u64,
    /// Rows that left it.
    pub rows_out: u64,
    /// Rows that ended here.
    pub dropped: u64,
    /// Rows that began here, such as the further windows of a long document.
    pub created: u64,
    /// What the reader of the dataset should know of the step.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
}

/// Where every row ended, a packed document counting as a row: `input + created == written + dropped + quarantined`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RowTotals {
    /// Rows found in the inputs, the quarantined ones included.
    pub input: u64,
    /// Rows that began in a step.
    pub created: u64,
    /// Rows in the shards; where rows are packed, the documents in them.
    pub written: u64,
    /// Rows that a step dropped.
    pub dropped: u64,
    /// Rows that could not be read.
    pub quarantined: u64,
}

/// A column of the shards.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ColumnRecord {
    /// Its name.
    pub name: String,
    /// Its type as Arrow writes it, such as `Utf8` or `List(Int32)`.
    pub kind: String,
}

impl ColumnRecord {
    /// The columns of a schema, in its order.
    pub fn of(schema: &Schema) -> Vec<Self> {
        let record = |field: &Arc<Field>| Self { name: field.name().clone(), kind: field.data_type().to_string() };
        schema.fields().iter().map(record).collect()
    }
}

/// A shard: one Parquet file of living rows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShardRecord {
    /// Its path inside the dataset, such as `data/train-00000-of-00004.parquet`.
    pub path: String,
    /// The side it belongs to; `train` where the pipeline has no split.
    pub split: String,
    /// Its rows.
    pub rows: u64,
    /// The documents in them, where rows hold several.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub documents: Option<u64>,
    /// The sum of `token_count`, where the rows are tokenized.
    pub tokens: Option<u64>,
    /// Its size.
    pub bytes: u64,
    /// The hash of its bytes, in hexadecimal.
    pub blake3: String,
}

impl ShardRecord {
    /// Its documents: its rows, where each is one.
    pub fn document_count(&self) -> u64 {
        self.documents.unwrap_or(self.rows)
    }
}

/// How rows hold several documents.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PackingRecord {
    /// Most tokens of a row.
    pub max_tokens: u64,
    /// Rows in all shards.
    pub rows: u64,
    /// Documents in them.
    pub documents: u64,
    /// Their tokens.
    pub tokens: u64,
}

impl PackingRecord {
    /// The share of the rows' room that holds tokens, 0 to 1.
    pub fn fill(&self) -> f64 {
        let room = self.rows * self.max_tokens;
        if room == 0 { 0.0 } else { self.tokens as f64 / room as f64 }
    }
}

/// A Parquet file that lists dropped or quarantined rows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PartRecord {
    /// Its path inside the dataset, such as `dropped/part-00000.parquet`.
    pub path: String,
    /// Its rows.
    pub rows: u64,
    /// Its size.
    pub bytes: u64,
    /// The hash of its bytes, in hexadecimal.
    pub blake3: String,
}

impl Manifest {
    /// The lists beside the shards: dropped rows, unreadable rows, masked places, the ledger of the split.
    pub fn lists(&self) -> impl Iterator<Item = &PartRecord> {
        let ledger = self.split.iter().filter_map(|split| split.ledger.as_ref());
        self.dropped.iter().chain(&self.quarantine).chain(self.audit.iter().flatten()).chain(ledger)
    }

    /// Whether the shards have a column of this name.
    pub(crate) fn has_column(&self, name: &str) -> bool {
        self.columns.iter().any(|column| column.name == name)
    }

    /// Reads the manifest of a dataset directory.
    ///
    /// # Errors
    /// [`Error::NoManifest`] where there is none, [`Error::FormatVersion`] where another version of
    /// the format wrote it.
    pub fn open(directory: impl AsRef<Path>) -> Result<Self> {
        #[derive(Deserialize)]
        struct Versioned {
            format_version: u64,
        }
        let path = directory.as_ref().join(MANIFEST);
        let bytes = fs::read(&path).map_err(|source| match source.kind() {
            io::ErrorKind::NotFound => Error::NoManifest { path: path.clone() },
            _ => Error::Read { path: path.clone(), source },
        })?;
        let malformed = |source| Error::Malformed { path: path.clone(), source };
        let version: Versioned = serde_json::from_slice(&bytes).map_err(malformed)?;
        if version.format_version != u64::from(FORMAT_VERSION) {
            return Err(Error::FormatVersion {
                path: path.clone(),
                found: version.format_version,
                supported: FORMAT_VERSION,
            });
        }
        serde_json::from_slice(&bytes).map_err(malformed)
    }

    /// Writes the manifest into a dataset directory, whole or not at all.
    ///
    /// Only its owner may read it: the pipeline's text names a company's folders and columns.
    pub fn write(&self, directory: impl AsRef<Path>) -> Result<()> {
        let directory = directory.as_ref();
        let path = directory.join(MANIFEST);
        replace(directory, &path, self.to_json().as_bytes()).map_err(|source| Error::Write { path, source })
    }

    /// The bytes of `manifest.json`: the same manifest gives the same bytes.
    ///
    /// # Panics
    /// Never: every map of a manifest has strings for keys.
    pub fn to_json(&self) -> String {
        let mut json = serde_json::to_string_pretty(self)
            .expect("a manifest consists of strings, numbers and maps with string keys");
        json.push('\n');
        json
    }

    /// Rows in all shards, as the manifest counts them.
    pub fn row_count(&self) -> u64 {
        self.shards.iter().map(|shard| shard.rows).sum()
    }

    /// Documents in all shards: as many as rows, where each is one.
    pub fn document_count(&self) -> u64 {
        self.shards.iter().map(ShardRecord::document_count).sum()
    }
}

/// Writes beside the target and renames; afterwards the bytes and the name are on the disk.
fn replace(directory: &Path, path: &Path, bytes: &[u8]) -> io::Result<()> {
    // `tempfile` creates with mode 0600, which the rename keeps.
    let mut file = tempfile::Builder::new().prefix(".manifest-").tempfile_in(directory)?;
    file.write_all(bytes)?;
    file.as_file().sync_all()?;
    file.persist(path).map_err(|error| error.error)?;
    fs::File::open(directory)?.sync_all()
}

#[cfg(test)]
pub(crate) mod tests;
