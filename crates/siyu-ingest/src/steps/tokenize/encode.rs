//! Ids and labels of a document.

use super::rows::Row;
use super::{Overflow, Tokenize};
use crate::error::{Error, Result};
use crate::steps::load_tokenizer;
use serde_json::Value;
use siyu_text::chat::{self, ChatError, ChatTemplate, Encoder, Example, Fitted, Message, Role};
use std::path::Path;

/// The ids and labels of a document.
pub(super) struct Encoded {
    pub(super) ids: Vec<i32>,
    pub(super) labels: Vec<i32>,
    /// Whether part of the input was left out.
    pub(super) cut: bool,
}

/// Makes ids and labels of documents.
pub(super) struct Encode(Encoder);

impl Encode {
    /// `file` is the text of the file that the template names, if it names one.
    pub(super) fn new(step: &Tokenize, file: Option<&str>, needs_template: bool) -> Result<Self> {
        let tokenizer = load_tokenizer("tokenize", &step.tokenizer)?;
        let template = template(step, file, needs_template)?;
        let overflow = match step.overflow {
            Overflow::CutInput => chat::Overflow::CutInput,
            Overflow::Drop => chat::Overflow::Drop,
        };
        Encoder::new(tokenizer, template, step.max_tokens, overflow)
            .map(Self)
            .map_err(|error| refused(error.to_string()))
    }

    /// The ids and labels of a document, or why it is dropped.
    pub(super) fn encode(&self, row: &Row) -> Result<Encoded, String> {
        let fitted = match row {
            Row::Example { instruction, input, output } => self.0.instruction(instruction, Some(input), output),
            Row::Chat(messages) if is_blank(messages) => return Err("no output".to_owned()),
            Row::Chat(messages) => self.0.messages(messages),
            Row::Plain(text) => self.0.text(text),
        };
        match fitted.map_err(|error| reason(&error).to_owned())? {
            Fitted::Whole(example) => Ok(encoded(example, false)),
            Fitted::Cut(example) => Ok(encoded(example, true)),
            Fitted::TooLong { tokens } => Err(format!("too long: {tokens} tokens")),
        }
    }
}

/// Whether the last answer of a chat says nothing.
fn is_blank(messages: &[Message]) -> bool {
    let answer = messages.iter().rfind(|message| message.role == Role::Assistant);
    answer.is_some_and(|answer| answer.content.trim().is_empty())
}

fn encoded(example: Example, cut: bool) -> Encoded {
    let ids = example.input_ids.into_iter().map(u32::cast_signed).collect();
    Encoded { ids, labels: example.labels, cut }
}

/// Why a document has no ids, without any of its text.
fn reason(error: &ChatError) -> &'static str {
    match error {
        ChatError::NoAnswer => "no answer",
        ChatError::Template(_) => "the template refuses it",
        ChatError::Border(_) => "the template changes its answer",
        _ => "cannot be encoded",
    }
}

fn refused(problem: String) -> Error {
    Error::setting("tokenize", "template", problem)
}

fn template(step: &Tokenize, file: Option<&str>, needed: bool) -> Result<ChatTemplate> {
    let names = ChatTemplate::NAMES.join(", ");
    match (step.template.as_deref(), file) {
        (Some("from_config"), Some(config)) => from_config(config),
        (Some(_), Some(jinja)) => {
            let (start, end) = special_tokens(&step.tokenizer.with_file_name("tokenizer_config.json"));
            ChatTemplate::from_jinja(jinja, start.as_deref(), end.as_deref())
                .map_err(|error| refused(error.to_string()))
        }
        (Some(name), None) => ChatTemplate::named(name).ok_or_else(|| {
            refused(format!("there is no template `{name}`; use one of {names}, `from_config`, or a `.jinja` file"))
        }),
        (None, _) if needed => Err(refused(format!(
            "examples and chats need a template: one of {names}, `from_config`, or a `.jinja` file"
        ))),
        (None, _) => Ok(ChatTemplate::named("plain").expect("`plain` is built in")),
    }
}

fn from_config(config: &str) -> Result<ChatTemplate> {
    let config: Value = serde_json::from_str(config).map_err(|error| {
        refused(format!("the `tokenizer_config.json` beside the tokenizer is not valid JSON: {error}"))
    })?;
    let text = match config.get("chat_template") {
        Some(Value::String(text)) => Some(text.as_str()),
        // Some models have several, by name.
        Some(Value::Array(named)) => named
            .iter()
            .find(|one| one.get("name").and_then(Value::as_str) == Some("default"))
            .and_then(|one| one.get("template"))
            .and_then(Value::as_str),
        _ => None,
    };
    let text = text.ok_or_else(|| {
        let names = ChatTemplate::NAMES.join(", ");
        refused(format!("the `tokenizer_config.json` beside the tokenizer has no `chat_template`; use one of {names}"))
    })?;
    let (start, end) = (token(&config, "bos_token"), token(&config, "eos_token"));
    ChatTemplate::from_jinja(text, start.as_deref(), end.as_deref()).map_err(|error| refused(error.to_string()))
}

/// The first and the last token of a text, where a configuration beside the tokenizer names them.
fn special_tokens(config: &Path) -> (Option<String>, Option<String>) {
    let config = std::fs::read_to_string(config).ok().and_then(|text| serde_json::from_str::<Value>(&text).ok());
    let Some(config) = config else { return (None, None) };
    (token(&config, "bos_token"), token(&config, "eos_token"))
}

/// A special token, written as a text or as an object with its content.
fn token(config: &Value, name: &str) -> Option<String> {
    let token = config.get(name)?;
    token.as_str().or_else(|| token.get("content")?.as_str()).map(str::to_owned)
}
