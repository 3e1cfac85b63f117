//! The files of a Hugging Face model folder, read and written without torch.
//!
//! [`Config`] understands `config.json`, [`Checkpoint`] maps the safetensors files, [`LoraSettings`] understands PEFT's
//! `adapter_config.json` and [`Origin`] the record that lies beside an adapter, [`GenerateSettings`] reads
//! `generation_config.json` and [`choose`] draws a token by it. [`write_json`] and [`write_weights`] write such folders
//! so that files appear whole or not at all.
//!
//! This crate computes nothing with weights, and knows nothing of text, datasets or HTTP.

mod adapter;
mod checkpoint;
mod config;
mod error;
mod generate;
mod hash;
mod json;
mod origin;
mod rope;
mod sample;
mod write;

pub use adapter::{
    ADAPTER_CONFIG, ADAPTER_PREFIX, ADAPTER_WEIGHTS, LoraSettings, ModuleShape, Targets, adapter_json, ends_in,
};
pub use checkpoint::Checkpoint;
pub use config::{Architecture, Config, Precision};
pub use error::{Error, Result};
pub use generate::GenerateSettings;
pub use hash::{base_hash, config_hash, file_hash};
pub use json::{read_json, write_json};
pub use origin::{ORIGIN, Origin};
pub use rope::{RopeScaling, RopeSettings};
pub use safetensors::tensor::{Dtype, TensorView, View};
pub use sample::{choose, mix};
pub use write::{SHARD_BYTES, write_tensors, write_weights};
