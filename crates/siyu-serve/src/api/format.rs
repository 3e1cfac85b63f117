//! Answers in the form of each route.

use super::exchange::Finish;
use crate::{
    contract::Usage,
    engine::{Likely, TokenLogprobs},
    model::Model,
};
use serde_json::{Value, json};
use siyu_text::tokenizer::Tokenizer;
use std::sync::Arc;

/// Which form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// `/v1/chat/completions`.
    Chat,
    /// `/v1/completions`.
    Completion,
    /// `/generate`.
    Generate,
}

impl Form {
    /// The route.
    pub(super) fn route(self) -> &'static str {
        match self {
            Self::Chat => "/v1/chat/completions",
            Self::Completion => "/v1/completions",
            Self::Generate => "/generate",
        }
    }

    /// What ids of answers begin with.
    pub(super) fn id_prefix(self) -> &'static str {
        match self {
            Self::Chat => "chatcmpl",
            Self::Completion => "cmpl",
            Self::Generate => "gen",
        }
    }

    /// The field of a request that the prompt is made of.
    pub(super) fn prompt_field(self) -> &'static str {
        match self {
            Self::Chat => "messages",
            Self::Completion => "prompt",
            Self::Generate => "instruction",
        }
    }
}

/// What one answer's parts have in common.
pub(super) struct Format {
    form: Form,
    id: String,
    created: u64,
    model: Arc<Model>,
    include_usage: bool,
    logprobs: bool,
    /// Characters of the answer's tokens so far, for the offsets of `/v1/completions`.
    offset: usize,
}

impl Format {
    pub(super) fn new(
        form: Form,
        id: String,
        created: u64,
        model: Arc<Model>,
        include_usage: bool,
        logprobs: bool,
    ) -> Self {
        Self { form, id, created, model, include_usage, logprobs, offset: 0 }
    }

    /// What a stream begins with.
    pub(super) fn opening(&self) -> Option<Value> {
        let delta = json!({"role": "assistant", "content": ""});
        (self.form == Form::Chat).then(|| self.chunk(json!([choice("delta", delta, &Value::Null, None)])))
    }

    /// A piece of a stream.
    pub(super) fn text(&mut self, text: &str, logprobs: &[TokenLogprobs]) -> Value {
        let logprobs = self.logprobs(logprobs);
        match self.form {
            Form::Chat => self.chunk(json!([choice("delta", json!({"content": text}), &logprobs, None)])),
            Form::Completion => self.chunk(json!([choice("text", text.into(), &logprobs, None)])),
            Form::Generate => json!({"text": text}),
        }
    }

    /// What a stream ends with.
    pub(super) fn end(&self, finish: Finish, usage: Usage) -> Vec<Value> {
        let reason = Some(finish.as_str());
        let last = match self.form {
            Form::Chat => self.chunk(json!([choice("delta", json!({}), &Value::Null, reason)])),
            Form::Completion => self.chunk(json!([choice("text", "".into(), &Value::Null, reason)])),
            Form::Generate => {
                return vec![json!({"text": "", "finish_reason": reason, "usage": self::usage(usage)})];
            }
        };
        let mut chunks = vec![last];
        if self.include_usage {
            let mut chunk = self.chunk(json!([]));
            chunk["usage"] = self::usage(usage);
            chunks.push(chunk);
        }
        chunks
    }

    /// The whole answer at once.
    pub(super) fn whole(&mut self, text: &str, logprobs: &[TokenLogprobs], finish: Finish, usage: Usage) -> Value {
        let reason = Some(finish.as_str());
        let logprobs = self.logprobs(logprobs);
        let (object, choices) = match self.form {
            Form::Chat => {
                let message = json!({"role": "assistant", "content": text, "refusal": null});
                ("chat.completion", json!([choice("message", message, &logprobs, reason)]))
            }
            Form::Completion => ("text_completion", json!([choice("text", text.into(), &logprobs, reason)])),
            Form::Generate => {
                return json!({
                    "id": self.id, "model": self.model.name, "text": text, "finish_reason": reason,
                    "usage": self::usage(usage),
                });
            }
        };
        json!({
            "id": self.id, "object": object, "created": self.created, "model": self.model.name,
            "system_fingerprint": self.model.fingerprint, "choices": choices, "usage": self::usage(usage),
        })
    }

    fn chunk(&self, choices: Value) -> Value {
        let object = if self.form == Form::Chat { "chat.completion.chunk" } else { "text_completion" };
        let mut chunk = json!({
            "id": self.id, "object": object, "created": self.created, "model": self.model.name,
            "system_fingerprint": self.model.fingerprint,
        });
        chunk["choices"] = choices;
        if self.include_usage {
            chunk["usage"] = Value::Null;
        }
        chunk
    }

    fn logprobs(&mut self, tokens: &[TokenLogprobs]) -> Value {
        if !self.logprobs {
            return Value::Null;
        }
        let tokenizer = &self.model.tokenizer;
        match self.form {
            Form::Chat => json!({"content": tokens.iter().map(|token| chat(tokenizer, token)).collect::<Vec<_>>()}),
            Form::Completion => completion(tokenizer, tokens, &mut self.offset),
            Form::Generate => Value::Null,
        }
    }
}

fn choice(name: &str, content: Value, logprobs: &Value, reason: Option<&str>) -> Value {
    let mut choice = json!({"index": 0, "logprobs": logprobs, "finish_reason": reason});
    choice[name] = content;
    choice
}

fn usage(usage: Usage) -> Value {
    json!({
        "prompt_tokens": usage.prompt_tokens,
        "completion_tokens": usage.completion_tokens,
        "total_tokens": usage.prompt_tokens + usage.completion_tokens,
        "prompt_tokens_details": {"cached_tokens": usage.cached_tokens},
    })
}

/// A token's text within a text: at the beginning of one, some tokenizers leave its space out.
pub(super) fn spelled(tokenizer: &Tokenizer, token: u32) -> String {
    let within = tokenizer.id_of("a").map(|before| tokenizer.decode(&[before, token]));
    let text = within.as_deref().and_then(|text| text.strip_prefix('a')).map(str::to_owned);
    text.unwrap_or_else(|| tokenizer.decode(&[token]))
}

/// The bytes of a token that is part of a character, which no text of its own can show.
fn part_of_character(tokenizer: &Tokenizer, token: u32, text: &str) -> Option<Vec<u8>> {
    if text.contains(char::REPLACEMENT_CHARACTER) { tokenizer.bytes_of(token) } else { None }
}

/// The text of a token in `/v1/completions`, which has no other place for the bytes of a part of a character.
fn named(tokenizer: &Tokenizer, token: u32) -> String {
    let text = spelled(tokenizer, token);
    match part_of_character(tokenizer, token, &text) {
        Some(bytes) => bytes.iter().fold("bytes:".to_owned(), |name, byte| format!("{name}\\x{byte:02x}")),
        None => text,
    }
}

fn chat(tokenizer: &Tokenizer, token: &TokenLogprobs) -> Value {
    let one = |likely: &Likely| {
        let text = spelled(tokenizer, likely.token);
        let bytes = part_of_character(tokenizer, likely.token, &text).unwrap_or_else(|| text.as_bytes().to_vec());
        json!({"token": text, "logprob": likely.logprob, "bytes": bytes})
    };
    let mut shown = one(&token.chosen);
    shown["top_logprobs"] = token.top.iter().map(one).collect();
    shown
}

fn completion(tokenizer: &Tokenizer, tokens: &[TokenLogprobs], offset: &mut usize) -> Value {
    let (mut texts, mut offsets) = (Vec::new(), Vec::new());
    for (index, token) in tokens.iter().enumerate() {
        offsets.push(*offset);
        // The parts of one character stand where it does.
        if tokens.get(index + 1).is_none_or(|next| next.span != token.span || token.span.is_empty()) {
            let text = spelled(tokenizer, token.chosen.token);
            let is_part = part_of_character(tokenizer, token.chosen.token, &text).is_some();
            *offset += if is_part { 1 } else { text.chars().count() };
        }
        texts.push(named(tokenizer, token.chosen.token));
    }
    let top = tokens.iter().map(|token| {
        let pairs = token.top.iter().map(|likely| (named(tokenizer, likely.token), likely.logprob.into()));
        Value::Object(pairs.collect())
    });
    json!({
        "tokens": texts,
        "token_logprobs": tokens.iter().map(|token| token.chosen.logprob).collect::<Vec<_>>(),
        "top_logprobs": top.collect::<Vec<_>>(),
        "text_offset": offsets,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::ops::Range;

    fn tokenizer() -> Tokenizer {
        Tokenizer::from_json(include_str!("../../../../sample-data/models/stories260k/tokenizer.json")).unwrap()
    }

    fn token(tokenizer: &Tokenizer, spelling: &str, span: Range<usize>) -> TokenLogprobs {
        let chosen = Likely { token: tokenizer.id_of(spelling).unwrap(), logprob: -1.0 };
        TokenLogprobs { chosen, top: vec![chosen], span }
    }

    #[test]
    fn parts_of_a_character_are_told_by_their_bytes() {
        let tokenizer = tokenizer();
        // 一 and a.
        let parts = ["<0xE4>", "<0xB8>", "<0x80>"].map(|part| token(&tokenizer, part, 0..3));
        let bytes: Vec<Value> = parts.iter().map(|part| chat(&tokenizer, part)["bytes"].clone()).collect();
        assert_eq!(bytes, [json!([0xE4]), json!([0xB8]), json!([0x80])]);
        let tokens = [parts.as_slice(), &[token(&tokenizer, "a", 3..4)]].concat();
        let mut offset = 0;
        let told = completion(&tokenizer, &tokens, &mut offset);
        assert_eq!(told["tokens"], json!(["bytes:\\xe4", "bytes:\\xb8", "bytes:\\x80", "a"]));
        assert_eq!((&told["text_offset"], offset), (&json!([0, 0, 0, 1]), 2));
        assert_eq!(told["top_logprobs"][1], json!({"bytes:\\xb8": -1.0}));
    }
}
