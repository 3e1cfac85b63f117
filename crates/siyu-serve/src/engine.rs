//! Answers for many at once, token by token.
//!
//! One thread runs the model. Between two steps it takes in new requests, reads a piece of one prompt, and lets those go
//! that ended or whose caller went away: requests join and leave at every token. A request's tokens depend on nothing
//! but the request: not on who else is answered, nor on what was computed before. Prompts are read one after another:
//! a few dozen tokens keep the processor as busy as those of several prompts together.

mod answer;
mod detokenize;
mod draw;
mod forward;
pub mod onnx;
mod prefix;
mod request;
mod stop;
#[cfg(test)]
mod tests;
mod underway;
mod worker;

pub use answer::Vocabulary;
pub use forward::{Forward, Row};
pub use request::{Event, Likely, Rejected, Request, Ticket, TokenLogprobs};

use crate::contract::Observer;
use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
        mpsc::{Sender, channel},
    },
    thread::{self, JoinHandle},
};
use underway::Job;
use worker::Worker;

/// How many requests, and what is kept of their prompts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Capacity {
    /// Requests that may wait for a slot.
    pub queue: usize,
    /// Tokens of a prompt that are read between two steps, and the length of the pieces in which beginnings are kept.
    pub prefill_chunk: usize,
    /// Bytes for beginnings of prompts; 0 keeps none.
    pub prefix_bytes: usize,
}

/// Told of what goes wrong in the engine.
pub type Report = Arc<dyn Fn(&crate::Error) + Send + Sync>;

/// A running model. Dropping it waits until its last request has ended and its thread has.
pub struct Engine {
    jobs: Option<Sender<Job>>,
    thread: Option<JoinHandle<()>>,
    shared: Arc<Shared>,
    most: usize,
    context: usize,
    observer: Arc<dyn Observer>,
}

/// What the engine's thread and its callers both know.
#[derive(Default)]
pub(crate) struct Shared {
    /// Requests that were taken and have not ended.
    in_flight: AtomicUsize,
    /// No request is taken any more, and those there are end.
    closing: AtomicBool,
    /// The thread ended by a fault: nobody answers any more.
    dead: AtomicBool,
}

impl Engine {
    /// Starts the thread.
    ///
    /// # Panics
    /// If the system has no thread to give.
    pub fn start(
        forward: Box<dyn Forward>,
        vocabulary: Vocabulary,
        capacity: Capacity,
        observer: Arc<dyn Observer>,
        report: Report,
    ) -> Self {
        let (jobs, inbox) = channel();
        let shared = Arc::new(Shared::default());
        let (most, context) = (forward.slots() + capacity.queue, forward.context());
        let worker = Worker::new(forward, vocabulary, capacity, (observer.clone(), report), inbox, shared.clone());
        let thread = thread::Builder::new().name("siyu-engine".to_owned()).spawn(move || worker.run());
        let thread = thread.expect("the system has a thread to give");
        Self { jobs: Some(jobs), thread: Some(thread), shared, most, context, observer }
    }

    /// Most tokens of a prompt and its answer.
    pub fn context(&self) -> usize {
        self.context
    }

    /// Takes a request, or turns it away at once.
    ///
    /// # Errors
    /// [`Rejected`] says why.
    pub fn submit(&self, request: Request) -> Result<Ticket, Rejected> {
        if self.is_dead() {
            return Err(Rejected::Dead);
        }
        if self.shared.closing.load(Ordering::Acquire) {
            return Err(Rejected::Closing);
        }
        let taken = self
            .shared
            .in_flight
            .fetch_update(Ordering::AcqRel, Ordering::Acquire, |count| (count < self.most).then_some(count + 1));
        if taken.is_err() {
            self.observer.turned_away();
            return Err(Rejected::QueueFull);
        }
        let (job, ticket) = Job::new(request, self.shared.clone(), self.observer.clone());
        // One that nobody takes is over, as it is dropped.
        let sent = self.jobs.as_ref().is_some_and(|jobs| jobs.send(job).is_ok());
        if sent { Ok(ticket) } else { Err(Rejected::Dead) }
    }

    /// Requests that were taken and have not ended.
    pub fn in_flight(&self) -> usize {
        self.shared.in_flight.load(Ordering::Acquire)
    }

    /// Whether its thread ended by a fault. It takes no request any more; only another engine can.
    pub fn is_dead(&self) -> bool {
        self.shared.dead.load(Ordering::Acquire)
    }

    /// Takes no more requests, and ends those there are before their next token.
    pub fn close(&self) {
        self.shared.closing.store(true, Ordering::Release);
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        drop(self.jobs.take());
        if let Some(thread) = self.thread.take() {
            // A process that ends while its model runs, or is taken down, crashes in the runtime's own clean-up.
            let _ = thread.join();
        }
    }
}
