//! The settings of `config.json` under the names they have there.

use super::{Architecture, Precision};
use crate::error::{Error, Result};
use crate::rope::{RopeScaling, RopeSettings};
use serde::Deserialize;
use serde_json::{Map, Value};

/// More positions than any published model was made for: tables and buffers are as long as a file says here.
const MOST_POSITIONS: usize = 1 << 22;
/// Far more than any model has.
const MOST_LAYERS: usize = 1 << 12;
const MOST_OF_HEAD: i64 = 1 << 10;

#[derive(Deserialize)]
pub(super) struct Raw {
    pub(super) hidden_size: i64,
    pub(super) intermediate_size: i64,
    pub(super) num_hidden_layers: usize,
    pub(super) num_attention_heads: i64,
    pub(super) num_key_value_heads: Option<i64>,
    pub(super) vocab_size: i64,
    #[serde(default = "epsilon")]
    pub(super) rms_norm_eps: f64,
    #[serde(default)]
    pub(super) tie_word_embeddings: bool,
    pub(super) attention_bias: Option<bool>,
    pub(super) mlp_bias: Option<bool>,
    pub(super) bos_token_id: Option<i64>,
    pub(super) eos_token_id: Option<Value>,
    pub(super) dtype: Option<String>,
    pub(super) torch_dtype: Option<String>,
    head_dim: Option<i64>,
    max_position_embeddings: Option<usize>,
    hidden_act: Option<String>,
    partial_rotary_factor: Option<f64>,
    rope_theta: Option<f64>,
    rope_scaling: Option<Value>,
    rope_parameters: Option<Value>,
    /// `null` is none.
    #[serde(default = "window")]
    sliding_window: Option<usize>,
    use_sliding_window: Option<bool>,
    max_window_layers: Option<usize>,
    layer_types: Option<Vec<String>>,
}

fn epsilon() -> f64 {
    1e-6
}

/// What transformers takes where a file has no such key, for all architectures with windows.
#[expect(clippy::unnecessary_wraps, reason = "the setting may be none")]
fn window() -> Option<usize> {
    Some(4096)
}

impl Raw {
    /// Refuses what would be computed otherwise than the file asks for.
    pub(super) fn check(&self) -> Result<()> {
        let problem = if let Some(other) = self.hidden_act.as_deref().filter(|&name| name != "silu") {
            format!("`hidden_act` is `{other}`, but only `silu` can be run")
        } else if self.partial_rotary_factor.is_some_and(|factor| (factor - 1.0).abs() > f64::EPSILON) {
            "`partial_rotary_factor` is not 1, but only whole heads can be turned".to_owned()
        } else if let Some((name, size)) = self.sizes().into_iter().find(|(_, size)| *size < 1) {
            format!("`{name}` is {size}, but must be positive")
        } else if !(1..=MOST_LAYERS).contains(&self.num_hidden_layers) {
            format!("`num_hidden_layers` is {}, but must be from 1 to {MOST_LAYERS}", self.num_hidden_layers)
        } else if self.head_size() < 2 || self.head_size() % 2 != 0 {
            format!("heads have {} numbers, but turning them takes an even count", self.head_size())
        } else if self.head_size() > MOST_OF_HEAD {
            format!("heads have {} numbers, but must have at most {MOST_OF_HEAD}", self.head_size())
        } else {
            return Ok(());
        };
        Err(Error::Config { problem })
    }

    fn sizes(&self) -> [(&'static str, i64); 5] {
        [
            ("hidden_size", self.hidden_size),
            ("intermediate_size", self.intermediate_size),
            ("num_attention_heads", self.num_attention_heads),
            ("num_key_value_heads", self.num_key_value_heads.unwrap_or(self.num_attention_heads)),
            ("vocab_size", self.vocab_size),
        ]
    }

    pub(super) fn head_size(&self) -> i64 {
        self.head_dim.unwrap_or(self.hidden_size / self.num_attention_heads)
    }

    pub(super) fn max_positions(&self) -> usize {
        self.max_position_embeddings.unwrap_or(2048)
    }

    pub(super) fn rope(&self) -> Result<RopeSettings> {
        let given = self.rope_parameters.as_ref().or(self.rope_scaling.as_ref());
        let nested = given.and_then(|given| given.get("rope_theta")).and_then(Value::as_f64);
        let settings = RopeSettings {
            theta: nested.or(self.rope_theta).unwrap_or(10_000.0),
            head_size: self.head_size(),
            max_positions: self.max_positions(),
            scaling: given
                .map_or(Ok(RopeScaling::Default), |given| RopeScaling::from_json(given, self.max_positions()))?,
        };
        let problem = if settings.theta <= 0.0 {
            format!("`rope_theta` is {}, but must be positive", settings.theta)
        } else if settings.max_positions < 2 || settings.positions() > MOST_POSITIONS {
            format!(
                "`max_position_embeddings`, as `rope_scaling` stretches it, is {}, but must be from 2 to \
                 {MOST_POSITIONS}; write how many tokens the model was made for",
                settings.positions()
            )
        } else {
            return Ok(settings);
        };
        Err(Error::Config { problem })
    }

    pub(super) fn windows(&self, architecture: Architecture) -> Vec<Option<usize>> {
        let switched_on = match architecture {
            Architecture::Llama => false,
            Architecture::Mistral => true,
            Architecture::Qwen2 | Architecture::Qwen3 => self.use_sliding_window.unwrap_or(false),
        };
        let window = self.sliding_window.filter(|_| switched_on);
        let first = match architecture {
            Architecture::Mistral => 0,
            _ => self.max_window_layers.unwrap_or(28),
        };
        let slides = |layer: usize| match &self.layer_types {
            Some(types) => types.get(layer).is_some_and(|name| name == "sliding_attention"),
            None => layer >= first,
        };
        (0..self.num_hidden_layers).map(|layer| window.filter(|_| slides(layer))).collect()
    }
}

/// Refuses checkpoints in low-bit numbers of another make than bitsandbytes' NF4.
pub(super) fn check_quantization(json: &Map<String, Value>) -> Result<()> {
    let Some(given) = json.get("quantization_config").filter(|given| !given.is_null()) else { return Ok(()) };
    let named = |key: &str| given.get(key).and_then(Value::as_str).unwrap_or_default();
    if named("quant_method") == "bitsandbytes" && named("bnb_4bit_quant_type") == "nf4" {
        return Ok(());
    }
    Err(Error::Config {
        problem: format!(
            "`quantization_config` has method `{}` and type `{}`; only bitsandbytes' nf4 is read",
            named("quant_method"),
            named("bnb_4bit_quant_type")
        ),
    })
}

/// The kind of number that a name in `config.json` stands for; f32 where there is none.
pub(super) fn precision(name: Option<&str>) -> Result<Precision> {
    let Some(name) = name else { return Ok(Precision::F32) };
    Precision::ALL.into_iter().find(|known| known.name() == name).ok_or_else(|| Error::Config {
        problem: format!("`torch_dtype` is `{name}`; known are float32, bfloat16 and float16"),
    })
}
