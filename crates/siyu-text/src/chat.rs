//! Chat templates and label masks.
//!
//! A dialogue becomes the ids a model is fine-tuned on, and labels that are [`IGNORED`] wherever the model is not to
//! learn: everywhere but in the answers and their end tokens.
//!
//! Only the template makes control tokens. A `<|im_end|>` inside a document is text, so no document can end a turn or
//! pose as the system.

mod encoder;
mod fill;
mod jinja;
mod published;
mod styles;
#[cfg(test)]
mod tests;

pub use self::{encoder::Encoder, fill::Fill};
use crate::tokenizer::TokenizerError;
use jinja::Jinja;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::{borrow::Cow, str::FromStr};
use styles::Style;

/// The label of a token that the loss leaves out, as `PyTorch`'s cross entropy has it.
pub const IGNORED: i32 = -100;

/// Why a template or a dialogue cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ChatError {
    /// The template does not parse or does not render.
    #[error("the template cannot be used: {0}")]
    Template(#[from] minijinja::Error),
    /// The configuration that should hold the template is not JSON.
    #[error("the `tokenizer_config.json` is not valid JSON; use the one that comes with the model")]
    Config(#[source] serde_json::Error),
    /// The tokenizer refused a text.
    #[error(transparent)]
    Tokenizer(#[from] TokenizerError),
    /// The template asks for a token that the tokenizer lacks.
    #[error("the template needs the token {0:?}, which the tokenizer does not have; choose the model's own template")]
    MissingToken(String),
    /// The template leaves the end token to the tokenizer, and it has none of the usual ones.
    #[error("the tokenizer has no end token: none of {} is in it", styles::END_TOKENS.join(", "))]
    NoEndToken,
    /// The template names a field that was not given.
    #[error("the template uses the field {0:?}, which the row does not have")]
    MissingField(String),
    /// A role that is none of system, user and assistant.
    #[error("{0:?} is no role; use system, user or assistant")]
    UnknownRole(String),
    /// The dialogue has nothing to learn.
    #[error("the dialogue has no assistant message")]
    NoAnswer,
    /// The template renders an answer differently depending on what follows it.
    #[error(
        "the template renders the answer in message {0} differently once the dialogue goes on; use a named template"
    )]
    Border(usize),
}

/// Who speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Sets the scene.
    System,
    /// Asks.
    User,
    /// Answers; the model learns this.
    Assistant,
}

impl Role {
    fn as_str(self) -> &'static str {
        match self {
            Self::System => "system",
            Self::User => "user",
            Self::Assistant => "assistant",
        }
    }
}

impl FromStr for Role {
    type Err = ChatError;

    fn from_str(name: &str) -> Result<Self, ChatError> {
        match name {
            "system" => Ok(Self::System),
            "user" | "human" => Ok(Self::User),
            "assistant" | "gpt" => Ok(Self::Assistant),
            other => Err(ChatError::UnknownRole(other.into())),
        }
    }
}

/// One turn of a dialogue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// Who speaks.
    pub role: Role,
    /// What is said.
    pub content: String,
}

/// What a model is trained on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Example {
    /// The tokens.
    pub input_ids: Vec<u32>,
    /// As long as `input_ids`: the id where the model learns, else [`IGNORED`].
    pub labels: Vec<i32>,
}

/// What becomes of an example that exceeds the budget.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Overflow {
    /// The end of the last question is cut off; the answer stays whole.
    #[default]
    CutInput,
    /// The example is left out.
    Drop,
}

/// An example against the budget.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fitted {
    /// It fits.
    Whole(Example),
    /// It fits after its input was cut.
    Cut(Example),
    /// It does not fit.
    TooLong {
        /// Its tokens, uncut.
        tokens: usize,
    },
}

/// How the turns of a dialogue are laid out.
#[derive(Clone, Debug)]
pub struct ChatTemplate(Layout);

#[derive(Clone, Debug)]
enum Layout {
    Style(Style),
    Jinja(Box<Jinja>),
}

impl ChatTemplate {
    /// The names [`ChatTemplate::named`] knows.
    pub const NAMES: [&str; 6] = ["alpaca", "chatml", "qwen2", "llama2", "llama3", "plain"];

    /// A built-in template. Its answers are marked exactly, whatever they contain.
    pub fn named(name: &str) -> Option<Self> {
        Style::named(name).map(|style| Self(Layout::Style(style)))
    }

    /// A template in Jinja, as in the `chat_template` of a `tokenizer_config.json`, with the tokens it calls
    /// `bos_token` and `eos_token`. Answers are found by rendering the dialogue up to and including each of them.
    pub fn from_jinja(template: &str, bos: Option<&str>, eos: Option<&str>) -> Result<Self, ChatError> {
        Ok(Self(Layout::Jinja(Box::new(Jinja::new(template, bos, eos)?))))
    }
}

/// A turn as the layouts see it.
type Turn<'a> = (Role, &'a str);

/// A stretch of the laid-out dialogue.
#[derive(Debug)]
struct Piece<'a> {
    text: Cow<'a, str>,
    /// The text is the spelling of one control token.
    control: bool,
    learn: bool,
}

impl<'a> Piece<'a> {
    fn prompt(text: impl Into<Cow<'a, str>>) -> Self {
        Self { text: text.into(), control: false, learn: false }
    }

    fn answer(text: impl Into<Cow<'a, str>>) -> Self {
        Self { text: text.into(), control: false, learn: true }
    }

    fn control(token: &'a str) -> Self {
        Self { text: token.into(), control: true, learn: false }
    }

    /// The token that ends an answer.
    fn end(token: &'a str) -> Self {
        Self { text: token.into(), control: true, learn: true }
    }
}
