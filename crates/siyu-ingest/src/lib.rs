//! Turns a pipeline file into physical plans of DataFusion, runs them, writes a dataset. Holds the operators, one file
//! each.
//!
//! ```text
//! Pipeline::from_path ─▶ Plan::new ─▶ run ─▶ shards, then manifest.json
//! ```
//!
//! A run is a chain of segments. In a segment, row steps are fused into one node; between two segments lies an
//! exchange, through which rows meet by key. Workers write *runs*, one file with a piece per bucket; the next segment
//! takes bucket after bucket, sorts it, and goes on. Every file that is finished has a record, so a killed run goes on
//! where it was; and what a bucket holds depends on the input alone, so the shards are the same bytes whatever the
//! number of threads, the memory or the kills.

mod audit;
mod error;
pub mod examples;
mod exchange;
mod exec;
pub mod explain;
mod files;
mod fused;
pub mod input;
mod near;
pub mod operator;
pub mod pipeline;
pub mod plan;
pub mod preview;
pub mod record;
pub mod remote;
pub mod report;
mod rows;
pub mod run;
mod shards;
mod sql;
pub mod statistics;
pub mod step;
mod steps;
#[cfg(test)]
mod testing;

pub use error::{EntryError, Error, OutputError, Result, chain};
pub use pipeline::Pipeline;
pub use plan::Plan;
pub use shards::properties as shard_properties;
pub use siyu_dataset::folded_hash;
pub use step::Step;
