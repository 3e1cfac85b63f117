//! Fits adapters or whole models on the shards of a dataset.
//!
//! [`Settings`] are read from a file, [`Run::prepare`] opens and verifies what they name and forecasts what the run will
//! need, [`Run::train`] does it. This crate reads datasets by their manifest alone: it knows nothing of pipelines,
//! plans or HTTP.

pub mod compute;
pub mod course;
mod error;
pub mod evaluate;
mod feed;
mod files;
pub mod forecast;
mod guard;
pub mod metrics;
mod optimizer;
pub mod record;
mod report;
mod run;
mod scale;
pub mod settings;
mod state;
mod tensorboard;

pub use error::{Error, Result};
pub use run::{Event, Run, Watch};
pub use settings::Settings;
