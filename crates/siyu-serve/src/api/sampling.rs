//! How a text is continued, as requests say it.

use super::{ApiError, fields::Fields};
use crate::{engine::Request, model::Model, settings::Limits};
use serde_json::Value;
use siyu_checkpoint::GenerateSettings;
use std::{
    hash::{BuildHasher, RandomState},
    time::{Duration, Instant},
};

/// Most stop sequences, and the longest of them in bytes.
const STOPS: usize = 16;
const STOP_BYTES: usize = 256;

/// Most tokens with a bias of their own.
const BIASES: usize = 1024;

/// What a request says of its answer, apart from the prompt.
pub(super) struct Sampling {
    settings: GenerateSettings,
    presence_penalty: f32,
    frequency_penalty: f32,
    logit_bias: Vec<(u32, f32)>,
    stop: Vec<String>,
    pub(super) logprobs: Option<usize>,
    /// Send the answer as it is made.
    pub(super) stream: bool,
    /// Send a last chunk with what it took.
    pub(super) include_usage: bool,
}

impl Sampling {
    /// Takes the fields that all routes know; `logprobs` are the routes' own.
    pub(super) fn take(fields: &mut Fields, model: &Model, limits: &Limits) -> Result<Self, ApiError> {
        fields.unsupported("n", |value| value.as_u64() == Some(1), "send as many requests as you want answers")?;
        let asked = fields.flag("stream")?.unwrap_or(false);
        let settings = GenerateSettings {
            max_tokens: max_tokens(fields, limits)?,
            temperature: fields.number("temperature", 0.0..=2.0)?.unwrap_or(model.defaults.temperature),
            top_p: fields.number("top_p", 0.0..=1.0)?.unwrap_or(model.defaults.top_p),
            top_k: fields.whole("top_k", 0..=1_000_000)?.unwrap_or(model.defaults.top_k),
            repetition_penalty: fields
                .number("repetition_penalty", 0.01..=10.0)?
                .unwrap_or(model.defaults.repetition_penalty),
            seed: seed(fields)?,
            end_tokens: model.defaults.end_tokens.clone(),
        };
        Ok(Self {
            settings,
            presence_penalty: penalty(fields, "presence_penalty")?,
            frequency_penalty: penalty(fields, "frequency_penalty")?,
            logit_bias: logit_bias(fields)?,
            stop: stop(fields)?,
            logprobs: None,
            stream: asked,
            include_usage: include_usage(fields, asked)?,
        })
    }

    /// Most tokens of the answer.
    pub(super) fn max_tokens(&self) -> usize {
        self.settings.max_tokens
    }

    /// The request for the engine. Only prompts of one scope share what was computed.
    pub(super) fn request(&self, prompt: Vec<u32>, scope: &str, context: usize, limits: &Limits) -> Request {
        let room = context.saturating_sub(prompt.len());
        Request {
            settings: GenerateSettings { max_tokens: self.settings.max_tokens.min(room), ..self.settings.clone() },
            prompt,
            presence_penalty: self.presence_penalty,
            frequency_penalty: self.frequency_penalty,
            logit_bias: self.logit_bias.clone(),
            stop: self.stop.clone(),
            logprobs: self.logprobs,
            deadline: Instant::now() + Duration::from_secs(limits.answer_seconds),
            scope: scope.as_bytes().to_vec(),
        }
    }
}

fn max_tokens(fields: &mut Fields, limits: &Limits) -> Result<usize, ApiError> {
    let bounds = 1..=limits.output_tokens as u64;
    let old = fields.whole("max_tokens", bounds.clone())?;
    let new = fields.whole("max_completion_tokens", bounds)?;
    match (old, new) {
        (Some(old), Some(new)) if old != new => {
            Err(ApiError::field("max_tokens", "`max_tokens` and `max_completion_tokens` differ; leave one of them out"))
        }
        (old, new) => Ok(new.or(old).unwrap_or(limits.output_tokens)),
    }
}

#[expect(clippy::disallowed_methods, reason = "who names no seed wants another answer each time")]
fn seed(fields: &mut Fields) -> Result<u64, ApiError> {
    match fields.take("seed") {
        // The system's own randomness, which this type is made with.
        None => Ok(RandomState::new().hash_one(0)),
        Some(value) => {
            let whole = value.as_u64().or_else(|| value.as_i64().map(i64::cast_unsigned));
            whole.ok_or_else(|| ApiError::field("seed", "`seed` must be a whole number of 64 bits"))
        }
    }
}

fn penalty(fields: &mut Fields, name: &'static str) -> Result<f32, ApiError> {
    #[expect(clippy::cast_possible_truncation, reason = "penalties lie from -2 to 2")]
    Ok(fields.number(name, -2.0..=2.0)?.unwrap_or(0.0) as f32)
}

fn logit_bias(fields: &mut Fields) -> Result<Vec<(u32, f32)>, ApiError> {
    let refused = || {
        let message =
            format!("`logit_bias` must be an object of at most {BIASES} token ids with numbers from -100 to 100");
        ApiError::field("logit_bias", message)
    };
    match fields.take("logit_bias") {
        None => Ok(Vec::new()),
        Some(Value::Object(biases)) if biases.len() <= BIASES => {
            let one = |(token, bias): (&String, &Value)| {
                let bias = bias.as_f64().filter(|bias| (-100.0..=100.0).contains(bias))?;
                #[expect(clippy::cast_possible_truncation, reason = "biases lie from -100 to 100")]
                Some((token.parse().ok()?, bias as f32))
            };
            biases.iter().map(|entry| one(entry).ok_or_else(refused)).collect()
        }
        Some(_) => Err(refused()),
    }
}

fn stop(fields: &mut Fields) -> Result<Vec<String>, ApiError> {
    let refused = || {
        let message = format!("`stop` must be a text, or a list of at most {STOPS}, each of 1 to {STOP_BYTES} bytes");
        ApiError::field("stop", message)
    };
    let sequences = match fields.take("stop") {
        None => return Ok(Vec::new()),
        Some(Value::Array(sequences)) if sequences.len() <= STOPS => sequences,
        Some(Value::String(sequence)) => vec![Value::String(sequence)],
        Some(_) => return Err(refused()),
    };
    let one = |sequence: Value| match sequence {
        Value::String(text) if (1..=STOP_BYTES).contains(&text.len()) => Ok(text),
        _ => Err(refused()),
    };
    sequences.into_iter().map(one).collect()
}

fn include_usage(fields: &mut Fields, stream: bool) -> Result<bool, ApiError> {
    let refused = |message| Err(ApiError::field("stream_options", message));
    match fields.take("stream_options") {
        None => Ok(false),
        Some(_) if !stream => refused("`stream_options` goes with `stream: true`"),
        Some(Value::Object(options)) => {
            // Padding against guesses from lengths is for the open network; the options know no other name.
            let known = options.keys().all(|key| key == "include_usage" || key == "include_obfuscation");
            if !known {
                return refused("`stream_options` knows only `include_usage`");
            }
            match options.get("include_usage") {
                None | Some(Value::Null) => Ok(false),
                Some(Value::Bool(include)) => Ok(*include),
                Some(_) => refused("`include_usage` must be true or false"),
            }
        }
        Some(_) => refused("`stream_options` must be an object"),
    }
}
