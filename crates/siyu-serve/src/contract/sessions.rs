//! Conversations that the service remembers.

use super::Caller;
use siyu_text::chat::Message;

/// Remembers conversations under signed ids.
pub trait Sessions: Send + Sync {
    /// The conversation with this id, or a new one without.
    ///
    /// # Errors
    /// [`SessionProblem`] where the id is none of this caller's.
    fn open(&self, caller: &Caller, id: Option<&str>) -> Result<Opened, SessionProblem>;

    /// Adds what was said: the caller's messages and the answer as the caller saw it.
    fn record(&self, caller: &Caller, id: &str, said: &[Message]);
}

/// A conversation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Opened {
    /// Its id, which the caller sends to go on.
    pub id: String,
    /// What was said, and what the service knows of the user, oldest first; stands before the request's own messages.
    pub messages: Vec<Message>,
}

/// Why there is no such conversation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SessionProblem {
    /// The id was not made here, or for someone else; the two cannot be told apart from outside.
    #[error("there is no such session; `new` in the place of its id starts one")]
    Unknown,
    /// It ended.
    #[error("the session has ended; `new` in the place of its id starts one")]
    Expired,
    /// There are too many.
    #[error("there are too many sessions; try again later")]
    Full,
}
