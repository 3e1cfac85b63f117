//! Texts continued token by token.

mod sample;

use crate::config::one_or_many;
use crate::error::{Error, Result};
use crate::model::Model;
use crate::seed;
use crate::session::Session;
use sample::choose;
use serde_json::{Map, Value};
use std::fs;
use std::ops::ControlFlow;
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

/// Why a text ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// The model ended it.
    EndToken,
    /// It has as many tokens as were asked for.
    MaxTokens,
    /// The caller wanted no more.
    Caller,
}

impl GenerateSettings {
    /// The settings of `generation_config.json`, if the folder has one, and of `config.json` for what it leaves open.
    ///
    /// # Errors
    /// [`Error::Read`] and [`Error::Json`] name the file.
    pub fn from_folder(folder: impl AsRef<Path>) -> Result<Self> {
        let folder = folder.as_ref();
        let (base, own) = (folder.join("config.json"), folder.join("generation_config.json"));
        let mut json = read(&base)?;
        if own.is_file() {
            json.extend(read(&own)?);
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

    fn check(&self) -> Result<()> {
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

fn read(path: &Path) -> Result<Map<String, Value>> {
    let text = fs::read_to_string(path).map_err(|source| Error::Read { path: path.to_owned(), source })?;
    serde_json::from_str(&text).map_err(|source| Error::Json { path: path.to_owned(), source })
}

impl Model {
    /// Continues `prompt`; hands each token to `each` as soon as it is there.
    ///
    /// # Errors
    /// [`Error::Generate`] for settings that make no sense; [`Error::Batch`] for an empty prompt or a token outside the
    /// vocabulary.
    pub fn generate(
        &self,
        prompt: &[i64],
        settings: &GenerateSettings,
        mut each: impl FnMut(i64) -> ControlFlow<()>,
    ) -> Result<End> {
        settings.check()?;
        let mut session = Session::new(self, prompt.len() + settings.max_tokens)?;
        let mut text = prompt.to_vec();
        let mut unread = prompt.len();
        for step in 0..settings.max_tokens {
            let logits = Vec::<f32>::try_from(session.read(&text[text.len() - unread..])?)?;
            let draw = seed::mix(settings.seed, step as u64);
            let token = choose(logits, &text, settings, draw);
            if settings.end_tokens.contains(&token) {
                return Ok(End::EndToken);
            }
            text.push(token);
            unread = 1;
            if each(token).is_break() {
                return Ok(End::Caller);
            }
        }
        Ok(End::MaxTokens)
    }
}
