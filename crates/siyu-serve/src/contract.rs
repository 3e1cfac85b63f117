//! What the parts of the service know of each other: types and traits, and no behaviour.
//!
//! The server puts a [`Peer`] into a request's extensions, and the gate a [`Caller`]. The routes ask the [`Filter`] about prompts and answers, the
//! [`Ledger`] about tokens and the [`Sessions`] about what was said before, and tell the [`Observer`] and the [`Audit`]
//! what happened. [`Hooks`] holds one of each; [`Hooks::default`] lets everything through and records nothing.

mod audit;
mod caller;
mod filter;
mod ledger;
mod observer;
mod sessions;

pub use audit::{Audit, Entry};
pub use caller::{Caller, Peer};
pub use filter::{AnswerFilter, Filter, Refusal, Release, Verdict};
pub use ledger::{Ledger, Wait};
pub use observer::{Ending, Observer, RequestId, Usage};
pub use sessions::{Opened, SessionProblem, Sessions};
use std::sync::Arc;

/// What stands around the routes.
#[derive(Clone)]
pub struct Hooks {
    /// Judges prompts and answers.
    pub filter: Arc<dyn Filter>,
    /// Counts what happens.
    pub observer: Arc<dyn Observer>,
    /// Gives out tokens.
    pub ledger: Arc<dyn Ledger>,
    /// Remembers conversations; without it, requests that name one are refused.
    pub sessions: Option<Arc<dyn Sessions>>,
    /// Records requests.
    pub audit: Arc<dyn Audit>,
}

impl Default for Hooks {
    fn default() -> Self {
        Self {
            filter: Arc::new(filter::Open),
            observer: Arc::new(observer::Silent),
            ledger: Arc::new(ledger::Free),
            sessions: None,
            audit: Arc::new(audit::Nothing),
        }
    }
}
