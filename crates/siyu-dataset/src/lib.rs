//! The contract between ingest and train: manifest, shard schema, verification, deterministic reader.
//!
//! This crate knows nothing of pipelines, plans or tensors. Whoever writes a dataset fills in a
//! [`Manifest`]; whoever reads one opens the directory as a [`Dataset`].

mod content;
mod dataset;
mod error;
mod export;
mod feed;
mod folded;
mod json;
mod leak;
mod ledger;
mod manifest;
mod mates;
mod near;
mod packing;
mod verify;

pub use content::{content_columns, content_hash, row_hashes};
pub use dataset::{Dataset, Fate, Rows};
pub use error::{Error, Place, Result};
pub use export::ExportFormat;
pub use feed::{Order, Purpose, RowSize, TokenRow, TokenRows, Unusable, Wanted};
pub use folded::folded_hash;
pub use json::json_value;
pub use leak::LEAK_METHOD;
pub use manifest::{
    ColumnRecord, FORMAT_VERSION, InputRecord, LEDGER, LeakProof, MANIFEST, Manifest, NearRule, PackingRecord,
    PartRecord, PersonalDataCheck, PipelineRecord, RowTotals, ShardRecord, SplitRecord, StepRecord, TokenizerRecord,
    tied_columns,
};
pub use mates::{Mate, near_copy_detail, parse_near_copy};
pub use packing::{Documents, SEQ_LENGTHS, packed, packed_schema, unpacked};
pub use verify::Verification;
