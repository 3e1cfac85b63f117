//! Tokens that callers may use.

use super::{Caller, Usage};
use std::time::Duration;

/// Gives out tokens by the minute and subject.
pub trait Ledger: Send + Sync {
    /// Sets `tokens` aside for a request: those of its prompt and the most that its answer may have.
    ///
    /// # Errors
    /// [`Wait`] where the caller has used up what it may.
    fn reserve(&self, caller: &Caller, tokens: u64) -> Result<(), Wait>;

    /// The request is over: what was set aside for it is given back but for what it used. Called once for each
    /// successful [`Self::reserve`], however the request ends.
    fn settle(&self, caller: &Caller, reserved: u64, used: Usage);
}

/// The caller has to wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wait {
    /// How long, for `Retry-After`.
    pub retry_after: Duration,
}

/// Asks for nothing.
pub(super) struct Free;

impl Ledger for Free {
    fn reserve(&self, _: &Caller, _: u64) -> Result<(), Wait> {
        Ok(())
    }

    fn settle(&self, _: &Caller, _: u64, _: Usage) {}
}
