//! What is asked of the engine, and what comes back.

use crate::contract::{Ending, RequestId, Usage};
use siyu_checkpoint::GenerateSettings;
use std::{
    ops::Range,
    sync::{Arc, OnceLock},
    time::Instant,
};
use tokio::sync::mpsc::UnboundedReceiver;

/// A text to continue.
#[derive(Clone, Debug)]
pub struct Request {
    /// Tokens of the prompt; at least one.
    pub prompt: Vec<u32>,
    /// How tokens are drawn, how many at most, and which end the answer.
    pub settings: GenerateSettings,
    /// Taken off the logits of tokens that are in the answer already, in `-2..=2`.
    pub presence_penalty: f32,
    /// The same for each time that a token is in the answer.
    pub frequency_penalty: f32,
    /// Added to the logits of single tokens.
    pub logit_bias: Vec<(u32, f32)>,
    /// Texts that end the answer; they are not part of it.
    pub stop: Vec<String>,
    /// Report the probability of each token, and so many of the likeliest in its place.
    pub logprobs: Option<usize>,
    /// When the answer ends at the latest.
    pub deadline: Instant,
    /// Prompts share what was computed for their beginnings within one scope only.
    pub scope: Vec<u8>,
}

/// A token with its probability.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Likely {
    /// The token.
    pub token: u32,
    /// Natural logarithm of its probability under the model itself, before temperature and penalties.
    pub logprob: f32,
}

/// A token of an answer with those that could have stood in its place.
#[derive(Clone, Debug, PartialEq)]
pub struct TokenLogprobs {
    /// The token.
    pub chosen: Likely,
    /// The likeliest tokens, likeliest first; as many as were asked for.
    pub top: Vec<Likely>,
    /// Where in the answer its characters stand, in bytes; tokens of one character all have that character.
    pub span: Range<usize>,
}

/// What becomes of a request, in order.
#[derive(Clone, Debug, PartialEq)]
pub enum Event {
    /// The next piece of the answer, of whole characters, and its tokens' probabilities where they were asked for.
    Text {
        /// The piece; may be empty where only probabilities are new.
        text: String,
        /// The tokens whose text ends with it.
        logprobs: Vec<TokenLogprobs>,
        /// Tokens that the model made so far.
        made: usize,
    },
    /// It is over. Nothing comes after it.
    Ended {
        /// How.
        ending: Ending,
        /// What it took.
        usage: Usage,
    },
}

/// A request that the engine took. Dropping it frees the request's slot before the next token.
#[derive(Debug)]
pub struct Ticket {
    /// Its number.
    pub id: RequestId,
    pub(super) events: UnboundedReceiver<Event>,
    pub(super) verdict: Arc<OnceLock<Ending>>,
}

impl Ticket {
    /// The next event; `None` behind the last.
    pub async fn next(&mut self) -> Option<Event> {
        self.events.recv().await
    }

    /// Ends the request for a reason of the caller's; without it, a dropped ticket counts as [`Ending::Cancelled`].
    pub fn end(self, ending: Ending) {
        // The first reason stays.
        let _ = self.verdict.set(ending);
    }
}

/// Why a request is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rejected {
    /// As many requests wait as may.
    QueueFull,
    /// The engine is going down.
    Closing,
    /// The engine's thread ended by a fault.
    Dead,
}
