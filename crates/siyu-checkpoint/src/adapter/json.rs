//! `adapter_config.json`.

use super::settings::{LoraSettings, Targets};
use crate::error::{Error, Result};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Number, Value};
use std::collections::BTreeMap;

/// The names of a layer's matrices, which PEFT writes where `all-linear` was asked for.
const LINEAR: [&str; 7] = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"];

#[expect(clippy::struct_excessive_bools, reason = "the format has them")]
#[derive(Deserialize, Serialize)]
pub(super) struct AdapterJson {
    peft_type: String,
    task_type: Option<String>,
    base_model_name_or_path: Option<String>,
    r: i64,
    lora_alpha: Number,
    lora_dropout: f64,
    target_modules: Targets,
    #[serde(default = "none")]
    bias: String,
    #[serde(default)]
    fan_in_fan_out: bool,
    #[serde(default)]
    inference_mode: bool,
    #[serde(default)]
    init_lora_weights: Value,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    use_rslora: bool,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    use_dora: bool,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    rank_pattern: BTreeMap<String, i64>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    alpha_pattern: BTreeMap<String, f64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    modules_to_save: Option<Vec<String>>,
    /// Settings of PEFT that are not known here; they must be at rest.
    #[serde(flatten, skip_serializing)]
    others: Map<String, Value>,
}

fn none() -> String {
    "none".to_owned()
}

/// Settings that change what an adapter computes.
const REFUSED: [&str; 10] = [
    "layers_to_transform",
    "layers_pattern",
    "exclude_modules",
    "target_parameters",
    "trainable_token_indices",
    "megatron_config",
    "layer_replication",
    "lora_bias",
    "ensure_weight_tying",
    "alora_invocation_tokens",
];

impl AdapterJson {
    pub(super) fn of(settings: &LoraSettings, base: &str) -> Self {
        let targets = match &settings.targets {
            Targets::AllLinear => Targets::Names(LINEAR.map(str::to_owned).to_vec()),
            others => others.clone(),
        };
        let saved = (!settings.modules_to_save.is_empty()).then(|| settings.modules_to_save.clone());
        Self {
            peft_type: "LORA".to_owned(),
            task_type: Some("CAUSAL_LM".to_owned()),
            base_model_name_or_path: Some(base.to_owned()),
            r: settings.rank,
            lora_alpha: number(settings.alpha),
            lora_dropout: settings.dropout,
            target_modules: targets,
            bias: none(),
            fan_in_fan_out: false,
            inference_mode: true,
            init_lora_weights: Value::Bool(true),
            use_rslora: settings.rslora,
            use_dora: settings.dora,
            rank_pattern: settings.rank_pattern.clone(),
            alpha_pattern: settings.alpha_pattern.clone(),
            modules_to_save: saved,
            others: Map::new(),
        }
    }

    pub(super) fn into_settings(self) -> Result<LoraSettings> {
        let refused = |problem| Err(Error::Adapter { problem });
        if self.peft_type != "LORA" {
            return refused(format!("`peft_type` is `{}`; only LORA can be run", self.peft_type));
        }
        if self.bias != "none" || self.fan_in_fan_out {
            return refused("`bias` must be `none` and `fan_in_fan_out` false".to_owned());
        }
        let asleep = |value: &Value| match value {
            Value::Null | Value::Bool(false) => true,
            Value::Array(list) => list.is_empty(),
            Value::Object(map) => map.is_empty(),
            _ => false,
        };
        if let Some(name) = REFUSED.into_iter().find(|name| self.others.get(*name).is_some_and(|value| !asleep(value)))
        {
            return refused(format!("its setting `{name}` cannot be honoured"));
        }
        Ok(LoraSettings {
            rank: self.r,
            alpha: self.lora_alpha.as_f64().unwrap_or(f64::NAN),
            dropout: self.lora_dropout,
            targets: self.target_modules,
            rslora: self.use_rslora,
            dora: self.use_dora,
            rank_pattern: self.rank_pattern,
            alpha_pattern: self.alpha_pattern,
            modules_to_save: self.modules_to_save.unwrap_or_default(),
            seed: 0,
        })
    }
}

/// A whole number without a point, as PEFT writes `lora_alpha`.
fn number(value: f64) -> Number {
    #[expect(clippy::cast_possible_truncation, reason = "only whole numbers of moderate size get here")]
    let whole = value as i64;
    if (whole as f64).to_bits() == value.to_bits() {
        return Number::from(whole);
    }
    Number::from_f64(value).unwrap_or_else(|| Number::from(0))
}
