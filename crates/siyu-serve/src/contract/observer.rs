//! What happens in the engine and at the socket, for those who count.

use serde::Serialize;
use std::time::Duration;

/// A request's number, unique in one process.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
pub struct RequestId(pub u64);

/// Tokens of a request.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Usage {
    /// Tokens of the prompt.
    pub prompt_tokens: u64,
    /// Those of them that were taken from the prefix cache.
    pub cached_tokens: u64,
    /// Tokens that the model made.
    pub completion_tokens: u64,
}

/// How a request ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Ending {
    /// The model ended it, or a stop sequence was met.
    Stop,
    /// It has as many tokens as were asked for, or as fit.
    Length,
    /// A filter refused the prompt or the answer.
    Refused,
    /// It was not taken: as many wait as may, or its caller has used up what it may.
    TurnedAway,
    /// Its time was up.
    Timeout,
    /// The client went away.
    Cancelled,
    /// The service is going down and would not wait longer.
    Shutdown,
    /// The model could not be run.
    Failed,
}

/// Counts what happens. Most methods are called on the engine's thread between tokens: they must be quick and never block.
pub trait Observer: Send + Sync {
    /// A request waits for a slot; `waiting` with it.
    fn queued(&self, request: RequestId, waiting: usize) {
        let _ = (request, waiting);
    }

    /// A connection was closed at once: its address has as many as it may.
    fn connection_refused(&self) {}

    /// A request was turned away because the queue is full.
    fn turned_away(&self) {}

    /// A request got its slot after it `waited`.
    fn admitted(&self, request: RequestId, waited: Duration) {
        let _ = (request, waited);
    }

    /// The first token is there, so long after the request came.
    fn first_token(&self, request: RequestId, after: Duration) {
        let _ = (request, after);
    }

    /// Another token is there, so long after the one before it.
    fn token(&self, request: RequestId, after: Duration) {
        let _ = (request, after);
    }

    /// A request is over.
    fn ended(&self, request: RequestId, ending: Ending, usage: Usage) {
        let _ = (request, ending, usage);
    }

    /// The model made one step for so many requests at once.
    fn step(&self, batch: usize, took: Duration) {
        let _ = (batch, took);
    }

    /// How full the engine is: requests that wait, slots in use and in all, and bytes of the prefix cache in use and in
    /// all.
    fn load(&self, waiting: usize, slots: (usize, usize), prefix_bytes: (usize, usize)) {
        let _ = (waiting, slots, prefix_bytes);
    }
}

/// Counts nothing.
pub(super) struct Silent;

impl Observer for Silent {}
