//! Adapters on the disk, in the format of PEFT.
//!
//! `adapter_config.json` holds only what differs from the defaults of every release of PEFT: an older one stops at a
//! key it does not know.

mod json;
mod settings;

pub use settings::{LoraSettings, ModuleShape, Targets, ends_in};

use crate::error::Result;
use crate::json::read_json;
use json::AdapterJson;
use serde_json::Value;
use std::path::Path;

/// The file that says how an adapter was made.
pub const ADAPTER_CONFIG: &str = "adapter_config.json";
/// The file of its tensors.
pub const ADAPTER_WEIGHTS: &str = "adapter_model.safetensors";
/// What PEFT puts before the name of a module: `base_model.model.` `model.layers.0.self_attn.q_proj` `.lora_A.weight`.
pub const ADAPTER_PREFIX: &str = "base_model.model.";

impl LoraSettings {
    /// Reads how an adapter was made. The seed is not on the disk; it becomes 0.
    ///
    /// # Errors
    /// [`Error::Adapter`](crate::Error::Adapter) names a setting that cannot be honoured.
    pub fn from_folder(folder: impl AsRef<Path>) -> Result<Self> {
        let json: AdapterJson = read_json(folder.as_ref().join(ADAPTER_CONFIG))?;
        json.into_settings()
    }
}

/// The content of `adapter_config.json`; `base` is how other tools find the base.
///
/// # Panics
/// Never: it consists of texts, numbers and lists.
pub fn adapter_json(settings: &LoraSettings, base: &str) -> Value {
    serde_json::to_value(AdapterJson::of(settings, base)).expect("texts, numbers and lists only")
}
