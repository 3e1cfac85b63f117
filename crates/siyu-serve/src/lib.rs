//! Answers generation requests over HTTP behind its own gate.
//!
//! [`contract`] is what the parts know of each other: the engine, the routes, and whatever stands before and behind
//! them. This crate knows nothing of datasets and training.

pub mod api;
pub mod contract;
pub mod engine;
mod error;
mod model;
mod serve;
mod server;
pub mod settings;

pub use error::{Error, Result};
pub use model::Model;
pub use serve::{Notice, Tell, assemble, serve};
pub use server::Server;
pub use settings::Settings;
