//! Fits adapters or whole models on the shards of a dataset.
//!
//! This crate reads datasets by their manifest alone: it knows nothing of pipelines, plans or HTTP.

mod error;
pub mod settings;

pub use error::{Error, Result};
pub use settings::Settings;
