//! How a model's text is continued: `generation_config.json`.

use crate::config::one_or_many;
use crate::error::{Error, Result};
use crate::json::read_json;
use serde_json::{Map, Value};
use std::path::Path;

/// How a text is continued.
#[derive(Clone, Debug, PartialEq)]
pub struct GenerateSettings {
    /// Most tokens made.
    pub max_tokens: usize,
    /// Divisor of the logits; 0 takes the likeliest token always.
    pub temperature: f64,
    /// Only so many of the likeliest tokens are drawn from; 0 is all.
    pub top_k: usize,
    /// Only the likeliest tokens are drawn from that together have this probability, in 0..=1.
    pub top_p: f64,
    /// Divisor of the positive logits of tokens that occurred already, factor of their negative ones; 1 is none.
    pub repetition_penalty: f64,
    /// Tokens that end the text; they are not part of it.
    pub end_tokens: Vec<i64>,
    /// All draws follow from it.
    pub seed: u64,
}

impl GenerateSettings {
    /// The settings of `generation_config.json`, if the folder has one, and of `config.json` for what it leaves open.
    ///
    /// # Errors
    /// [`Error::Read`] and [`Error::Json`] name the file.
    pub fn from_folder(folder: impl AsRef<Path>) -> Result<Self> {
        let folder = folder.as_ref();
        let (base, own) = (folder.join("config.json"), folder.join("generation_config.json"));
        let mut json: Map<String, Value> = read_json(&base)?;
        if own.is_file() {
            json.extend(read_json::<Map<String, Value>>(&own)?);
        }
        let number = |name: &str, default: f64| json.get(name).and_then(Value::as_f64).unwrap_or(default);
        let draws = json.get("do_sample").and_then(Value::as_bool).unwrap_or(false);
        Ok(Self {
            max_tokens: 256,
            temperature: if draws { number("temperature", 1.0) } else { 0.0 },
            top_k: json.get("top_k").and_then(Value::as_u64).map_or(0, |k| usize::try_from(k).unwrap_or(0)),
            top_p: number("top_p", 1.0),
            repetition_penalty: number("repetition_penalty", 1.0),
            end_tokens: json.get("eos_token_id").map(one_or_many).unwrap_or_default(),
            seed: 0,
        })
    }

    /// Refuses numbers that make no sense.
    ///
    /// # Errors
    /// [`Error::Generate`] names the number.
    pub fn check(&self) -> Result<()> {
        let problem = if !self.temperature.is_finite() || self.temperature < 0.0 {
            format!("temperature is {}; it must be 0 or more", self.temperature)
        } else if !(0.0..=1.0).contains(&self.top_p) {
            format!("top_p is {}; it must be in 0..=1", self.top_p)
        } else if !self.repetition_penalty.is_finite() || self.repetition_penalty <= 0.0 {
            format!("repetition_penalty is {}; it must be positive", self.repetition_penalty)
        } else {
            return Ok(());
        };
        Err(Error::Generate { problem })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn the_folder_s_own_settings_go_before_those_of_the_configuration() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("config.json"), r#"{"eos_token_id": 2, "top_p": 0.5}"#).unwrap();
        let own = r#"{"eos_token_id": [3, 4], "do_sample": true, "temperature": 0.7, "top_k": 20}"#;
        fs::write(folder.path().join("generation_config.json"), own).unwrap();
        let found = GenerateSettings::from_folder(folder.path()).unwrap();
        assert_eq!((found.end_tokens, found.temperature, found.top_k, found.top_p), (vec![3, 4], 0.7, 20, 0.5));
    }

    #[test]
    fn without_sampling_the_likeliest_token_is_taken() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("config.json"), r#"{"temperature": 0.7}"#).unwrap();
        assert_eq!(GenerateSettings::from_folder(folder.path()).unwrap().temperature.to_bits(), 0.0_f64.to_bits());
    }
}
