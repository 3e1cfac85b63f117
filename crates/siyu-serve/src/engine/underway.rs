//! A request on its way through the engine: waiting, being read, being answered.

use super::{
    TokenLogprobs,
    answer::Answer,
    forward::Row,
    prefix::Key,
    request::{Event, Request, Ticket},
};
use crate::{
    contract::{Ending, Observer, RequestId, Usage},
    engine::Shared,
};
use std::{
    mem,
    sync::{
        Arc, OnceLock,
        atomic::{AtomicU64, Ordering},
    },
    thread,
    time::Instant,
};
use tokio::sync::mpsc::UnboundedSender;

/// A request that the engine took. It counts as one of those in flight until it is over, and one that is dropped before
/// is lost to a fault of the program: it has failed.
pub(super) struct Job {
    pub(super) id: RequestId,
    pub(super) request: Request,
    pub(super) events: UnboundedSender<Event>,
    pub(super) verdict: Arc<OnceLock<Ending>>,
    pub(super) came: Instant,
    shared: Arc<Shared>,
    observer: Arc<dyn Observer>,
    is_over: bool,
}

/// A prompt that is being read, into the slot behind those of the running requests.
pub(super) struct Reading {
    pub(super) job: Job,
    /// Tokens read.
    pub(super) done: usize,
    /// Those of them that were found.
    pub(super) cached: usize,
    /// The key of what was read, as far as whole blocks go.
    pub(super) key: Key,
}

/// A request whose answer is being made; the one at place `i` has slot `i`.
pub(super) struct Running {
    pub(super) job: Job,
    /// Prompt and answer; the slot holds all but the last token.
    pub(super) text: Vec<i64>,
    pub(super) made: usize,
    pub(super) cached: usize,
    pub(super) answer: Answer,
    pub(super) last: Instant,
}

static NEXT: AtomicU64 = AtomicU64::new(1);

impl Job {
    /// A request that is counted already, and what its caller holds of it.
    pub(super) fn new(request: Request, shared: Arc<Shared>, observer: Arc<dyn Observer>) -> (Self, Ticket) {
        let id = RequestId(NEXT.fetch_add(1, Ordering::Relaxed));
        let (sender, events) = tokio::sync::mpsc::unbounded_channel();
        let verdict = Arc::new(OnceLock::new());
        let ticket = Ticket { id, events, verdict: verdict.clone() };
        let came = Instant::now();
        (Self { id, request, events: sender, verdict, came, shared, observer, is_over: false }, ticket)
    }

    /// Tells everyone that it is over.
    pub(super) fn end(mut self, ending: Ending, usage: Usage) {
        self.tell(ending, usage);
    }

    fn tell(&mut self, ending: Ending, usage: Usage) {
        if mem::replace(&mut self.is_over, true) {
            return;
        }
        // Before the caller knows: who was told that a request ended may count on its place.
        self.shared.in_flight.fetch_sub(1, Ordering::AcqRel);
        self.observer.ended(self.id, ending, usage);
        // The caller may have gone away.
        let _ = self.events.send(Event::Ended { ending, usage });
    }

    /// Why the request must not go on, if it must not.
    pub(super) fn leaves(&self, now: Instant, closing: bool) -> Option<Ending> {
        if let Some(verdict) = self.verdict.get() {
            Some(*verdict)
        } else if self.events.is_closed() {
            Some(Ending::Cancelled)
        } else if closing {
            Some(Ending::Shutdown)
        } else {
            (now >= self.request.deadline).then_some(Ending::Timeout)
        }
    }
}

impl Drop for Job {
    fn drop(&mut self) {
        if thread::panicking() {
            // Before the caller knows: who was told that a request failed may ask whether others can be answered.
            self.shared.dead.store(true, Ordering::Release);
        }
        self.tell(Ending::Failed, Usage::default());
    }
}

impl Reading {
    pub(super) fn text(&self) -> Vec<i64> {
        self.job.request.prompt.iter().map(|&token| i64::from(token)).collect()
    }

    pub(super) fn usage(&self) -> Usage {
        usage(self.job.request.prompt.len(), self.cached, 0)
    }
}

impl Running {
    /// How many tokens its slot holds.
    pub(super) fn length(&self) -> usize {
        self.text.len() - 1
    }

    pub(super) fn row(&self) -> Row {
        let token = self.text.last().and_then(|&token| u32::try_from(token).ok()).unwrap_or(0);
        Row { token, length: self.length() }
    }

    pub(super) fn usage(&self) -> Usage {
        usage(self.job.request.prompt.len(), self.cached, self.made)
    }

    /// Takes the next token; how the answer ended, if it did.
    pub(super) fn take(&mut self, token: u32, logprobs: Option<TokenLogprobs>, context: usize) -> Option<Ending> {
        let settings = &self.job.request.settings;
        self.text.push(i64::from(token));
        self.made += 1;
        if settings.end_tokens.contains(&i64::from(token)) {
            self.send_rest();
            return Some(Ending::Stop);
        }
        let most = settings.max_tokens;
        let (event, met) = self.answer.push(token, logprobs);
        if let Some(event) = event {
            // A caller that went away is seen before the next step.
            let _ = self.job.events.send(event);
        }
        if met {
            return Some(Ending::Stop);
        }
        if self.made >= most || self.text.len() >= context {
            self.send_rest();
            return Some(Ending::Length);
        }
        None
    }

    fn send_rest(&mut self) {
        if let Some(event) = self.answer.finish() {
            let _ = self.job.events.send(event);
        }
    }
}

fn usage(prompt: usize, cached: usize, made: usize) -> Usage {
    Usage { prompt_tokens: prompt as u64, cached_tokens: cached as u64, completion_tokens: made as u64 }
}
