//! The contract between ingest and train: manifest, shard schema, verification, deterministic reader.
//!
//! This crate knows nothing of pipelines, plans or tensors. Whoever writes a dataset fills in a
//! [`Manifest`]; whoever reads one needs nothing but the directory.

mod error;
mod manifest;
mod verify;

pub use error::{Error, Result};
pub use manifest::{
    ColumnRecord, FORMAT_VERSION, InputRecord, LeakProof, MANIFEST, Manifest, PartRecord, PipelineRecord, RowTotals,
    ShardRecord, SplitRecord, StepRecord, TokenizerRecord,
};
pub use verify::{Verification, verify};
