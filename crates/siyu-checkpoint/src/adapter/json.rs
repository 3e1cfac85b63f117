//! `adapter_config.json`.

use super::settings::{LoraSettings, Targets};
use crate::error::{Error, Result};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Number, Value};

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
    /// In the order of the file: PEFT takes the first that matches.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    rank_pattern: Map<String, Value>,
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    alpha_pattern: Map<String, Value>,
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
const REFUSED: [&str; 15] = [
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
    "arrow_config",
    "use_qalora",
    "use_bdlora",
    "kasa_config",
    "monteclora_config",
];

/// Beginnings that take their change from the base, so that the adapter belongs to what is left of it.
const TAKEN_FROM_BASE: [&str; 5] = ["pissa", "olora", "corda", "loftq", "lora_ga"];

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
            rank_pattern: pairs(&settings.rank_pattern),
            alpha_pattern: pairs(&settings.alpha_pattern),
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
        let begun = self.init_lora_weights.as_str().unwrap_or_default();
        if TAKEN_FROM_BASE.into_iter().any(|start| begun.starts_with(start)) {
            return refused(format!(
                "`init_lora_weights` is `{begun}`: it belongs to what that left of its base; save it in PEFT with \
                 `path_initial_model_for_weight_conversion`, which makes it one for the whole base"
            ));
        }
        Ok(LoraSettings {
            rank: self.r,
            alpha: self.lora_alpha.as_f64().unwrap_or(f64::NAN),
            dropout: self.lora_dropout,
            targets: self.target_modules,
            rslora: self.use_rslora,
            dora: self.use_dora,
            rank_pattern: patterns("rank_pattern", self.rank_pattern, Value::as_i64)?,
            alpha_pattern: patterns("alpha_pattern", self.alpha_pattern, Value::as_f64)?,
            modules_to_save: self.modules_to_save.unwrap_or_default(),
            seed: 0,
        })
    }
}

fn pairs<T: Copy + Into<Value>>(patterns: &[(String, T)]) -> Map<String, Value> {
    patterns.iter().map(|(pattern, value)| (pattern.clone(), (*value).into())).collect()
}

fn patterns<T>(key: &str, json: Map<String, Value>, number: impl Fn(&Value) -> Option<T>) -> Result<Vec<(String, T)>> {
    let each = |(pattern, value): (String, Value)| match number(&value) {
        Some(number) => Ok((pattern, number)),
        None => {
            Err(Error::Adapter { problem: format!("`{key}` has {value} for `{pattern}`, which is no such number") })
        }
    };
    json.into_iter().map(each).collect()
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

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn read(change: &Value) -> Result<LoraSettings> {
        let mut json = json!({ "peft_type": "LORA", "r": 8, "lora_alpha": 16, "lora_dropout": 0.0,
            "target_modules": ["q_proj"] });
        for (key, value) in change.as_object().unwrap() {
            json[key] = value.clone();
        }
        serde_json::from_value::<AdapterJson>(json).unwrap().into_settings()
    }

    /// As `get_pattern_key` of PEFT 0.18 does it.
    #[test]
    fn of_several_patterns_the_first_of_the_file_holds() {
        let name = "model.layers.0.self_attn.q_proj";
        let patterns = json!({ "alpha_pattern": { "q_proj": 64, "layers.0.self_attn.q_proj": 4 },
            "rank_pattern": { "self_attn.q_proj": 2, "q_proj": 32 } });
        let settings = read(&patterns).unwrap();
        let shape = settings.shape(name).unwrap();
        assert_eq!((shape.rank, shape.scale), (2, 32.0));
        let written = serde_json::to_value(AdapterJson::of(&settings, "base")).unwrap();
        assert_eq!(written["rank_pattern"].to_string(), r#"{"self_attn.q_proj":2,"q_proj":32}"#);
        let error = read(&json!({ "rank_pattern": { "q_proj": "many" } })).unwrap_err().to_string();
        assert!(error.contains("`rank_pattern` has \"many\" for `q_proj`"), "{error}");
    }

    #[test]
    fn an_adapter_for_what_its_beginning_left_of_the_base_is_refused() {
        for begun in ["pissa", "pissa_niter_16", "olora", "corda", "loftq"] {
            let error = read(&json!({ "init_lora_weights": begun })).unwrap_err().to_string();
            assert!(error.contains(&format!("`init_lora_weights` is `{begun}`")), "{error}");
        }
        for begun in [json!(true), json!("gaussian"), json!("eva"), json!("orthogonal")] {
            read(&json!({ "init_lora_weights": begun })).unwrap();
        }
    }

    #[test]
    fn a_setting_that_changes_what_is_computed_is_refused_unless_it_rests() {
        let error = read(&json!({ "use_qalora": true })).unwrap_err().to_string();
        assert!(error.contains("`use_qalora`"), "{error}");
        read(&json!({ "use_qalora": false, "arrow_config": null, "layers_to_transform": [] })).unwrap();
    }
}
