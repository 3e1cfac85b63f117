//! Answers generation requests over HTTP behind its own gate.
//!
//! [`contract`] is what the parts know of each other: the engine, the routes, and whatever stands before and behind
//! them. This crate knows nothing of datasets and training.

pub mod api;
pub mod audit;
mod clock;
pub mod contract;
pub mod engine;
mod error;
pub mod filter;
pub mod gate;
mod guards;
mod load;
pub mod metrics;
mod model;
mod page;
mod random;
mod serve;
mod server;
pub mod sessions;
pub mod settings;
mod watched;
mod work;

pub use clock::{Clock, Now};
pub use error::{Error, Result};
pub use guards::Guards;
pub use model::Model;
pub use serve::{Notice, Tell, assemble, serve};
pub use server::Server;
pub use settings::Settings;
pub use watched::Unreadable;
