//! The transformer with its adapters and checkpoints, on tch.
//!
//! A [`Model`] is loaded from a Hugging Face folder or made at random, told what to train ([`Model::adapt`],
//! [`Model::train`]), and then takes [`Batch`]es of packed documents: [`Model::evaluate`] gives their [`Loss`],
//! [`Model::backward`] adds its gradient to a buffer laid out as [`Parameters::flat`], which an optimizer changes in
//! place.
//! [`Model::save_adapter`] writes what PEFT reads; [`Model::generate`] continues a text.
//!
//! This crate knows tokens only: nothing of text, datasets, optimizers or HTTP.

mod adapt;
mod adapter;
mod attention;
mod backward;
mod batch;
mod checkpoint;
mod dropout;
mod error;
mod examine;
mod forward;
mod generate;
mod graph;
mod layer;
mod lora;
mod loss;
mod model;
mod nf4;
mod parameters;
mod projection;
mod rope;
mod save;
mod seed;
mod session;
mod weight;
mod write;

pub use backward::BackwardSettings;
pub use batch::{Batch, Document, IGNORED};
pub use checkpoint::{Checkpoint, kind};
pub use error::{Error, Result};
pub use generate::End;
pub use loss::Loss;
pub use model::{Model, Options};
pub use parameters::{Parameter, Parameters, Role};
pub use session::Session;
pub use siyu_checkpoint::{Architecture, Config, GenerateSettings, LoraSettings, Precision, Targets};
pub use write::write_tensors;
