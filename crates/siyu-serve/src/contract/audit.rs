//! The record of requests.

use super::{Caller, Ending, Usage};
use std::time::Duration;

/// Keeps the record.
pub trait Audit: Send + Sync {
    /// A request to a model is over. Called once for each, refused ones included; must not block.
    fn record(&self, entry: &Entry<'_>);
}

/// What is recorded of a request.
#[derive(Clone, Debug)]
pub struct Entry<'a> {
    /// Who asked.
    pub caller: &'a Caller,
    /// The request's id, as its response has it.
    pub id: &'a str,
    /// The route, such as `/v1/chat/completions`.
    pub route: &'static str,
    /// The model that answered.
    pub model: &'a str,
    /// How it ended.
    pub ending: Ending,
    /// The rule by which it was refused.
    pub rule: Option<&'a str>,
    /// Its tokens.
    pub usage: Usage,
    /// From the request's first byte to the answer's last.
    pub took: Duration,
    /// The prompt's text, for those who record it.
    pub prompt: &'a str,
    /// The answer's text as the caller saw it.
    pub answer: &'a str,
}

/// Keeps nothing.
pub(super) struct Nothing;

impl Audit for Nothing {
    fn record(&self, _: &Entry<'_>) {}
}
