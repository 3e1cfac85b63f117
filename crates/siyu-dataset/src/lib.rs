//! The contract between ingest and train: manifest, shard schema, verification, deterministic reader.
//!
//! This crate knows nothing of pipelines, plans or tensors. Whoever writes a dataset fills in a
//! [`Manifest`]; whoever reads one opens the directory as a [`Dataset`].

mod content;
mod dataset;
mod error;
mod leak;
mod manifest;
mod verify;

pub use content::{content_columns, content_hash, row_hashes};
pub use dataset::{Dataset, Fate, Rows};
pub use error::{Error, Place, Result};
pub use leak::LEAK_METHOD;
pub use manifest::{
    ColumnRecord, FORMAT_VERSION, InputRecord, LeakProof, MANIFEST, Manifest, PartRecord, PersonalDataCheck,
    PipelineRecord, RowTotals, ShardRecord, SplitRecord, StepRecord, TokenizerRecord,
};
pub use verify::Verification;
