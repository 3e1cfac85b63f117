//! Counting what happens, for Prometheus.
//!
//! Everything is an atomic number, so that counting never waits. Nothing here has a label that a caller can choose.

mod histogram;
mod text;

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use crate::contract::{Ending, Observer, RequestId, Usage};

use histogram::Histogram;
pub use text::{CONTENT_TYPE, Elsewhere};

/// What happened since the service began.
#[derive(Debug, Default)]
pub struct Metrics {
    first_token: Histogram,
    between_tokens: Histogram,
    queued: Histogram,
    step: Histogram,
    batch: Histogram,
    endings: [AtomicU64; ENDINGS.len()],
    refused: [AtomicU64; STATUSES.len()],
    prompt_tokens: AtomicU64,
    cached_tokens: AtomicU64,
    completion_tokens: AtomicU64,
    turned_away: AtomicU64,
    connections_refused: AtomicU64,
    waiting: AtomicU64,
    slots_used: AtomicU64,
    slots: AtomicU64,
    prefix_used: AtomicU64,
    prefix: AtomicU64,
    filtered: [AtomicU64; FILTERS.len()],
    reloads: [AtomicU64; 2],
}

const ENDINGS: [(Ending, &str); 7] = [
    (Ending::Stop, "stop"),
    (Ending::Length, "length"),
    (Ending::Refused, "refused"),
    (Ending::Timeout, "timeout"),
    (Ending::Cancelled, "cancelled"),
    (Ending::Shutdown, "shutdown"),
    (Ending::Failed, "failed"),
];

/// The statuses that the gate answers with.
const STATUSES: [u16; 5] = [400, 401, 403, 429, 500];

/// What the filter did: the first part of its rules, and masks.
const FILTERS: [&str; 4] = ["words", "personal", "risk", "masked"];

impl Metrics {
    /// The gate let a request not in, or its caller had no tokens left.
    pub fn refused(&self, status: u16) {
        if let Some(place) = STATUSES.iter().position(|known| *known == status) {
            add(&self.refused[place], 1);
        }
    }

    /// The filter refused a text by a rule, or masked something in one.
    pub fn filtered(&self, rule: &str) {
        let family = rule.split('/').next().unwrap_or_default();
        if let Some(place) = FILTERS.iter().position(|known| *known == family) {
            add(&self.filtered[place], 1);
        }
    }

    /// Keys or lists were read again, or could not be.
    pub fn reloaded(&self, well: bool) {
        add(&self.reloads[usize::from(!well)], 1);
    }
}

fn add(counter: &AtomicU64, count: u64) {
    counter.fetch_add(count, Ordering::Relaxed);
}

fn set(gauge: &AtomicU64, value: usize) {
    gauge.store(value as u64, Ordering::Relaxed);
}

impl Observer for Metrics {
    fn queued(&self, _: RequestId, waiting: usize) {
        set(&self.waiting, waiting);
    }

    fn turned_away(&self) {
        add(&self.turned_away, 1);
    }

    fn connection_refused(&self) {
        add(&self.connections_refused, 1);
    }

    fn admitted(&self, _: RequestId, waited: Duration) {
        self.queued.record(waited.as_secs_f64());
    }

    fn first_token(&self, _: RequestId, after: Duration) {
        self.first_token.record(after.as_secs_f64());
    }

    fn token(&self, _: RequestId, after: Duration) {
        self.between_tokens.record(after.as_secs_f64());
    }

    fn ended(&self, _: RequestId, ending: Ending, usage: Usage) {
        if let Some(place) = ENDINGS.iter().position(|known| known.0 == ending) {
            add(&self.endings[place], 1);
        }
        add(&self.prompt_tokens, usage.prompt_tokens);
        add(&self.cached_tokens, usage.cached_tokens);
        add(&self.completion_tokens, usage.completion_tokens);
    }

    fn step(&self, batch: usize, took: Duration) {
        self.batch.record(batch as f64);
        self.step.record(took.as_secs_f64());
    }

    fn load(&self, waiting: usize, slots: (usize, usize), prefix_bytes: (usize, usize)) {
        set(&self.waiting, waiting);
        set(&self.slots_used, slots.0);
        set(&self.slots, slots.1);
        set(&self.prefix_used, prefix_bytes.0);
        set(&self.prefix, prefix_bytes.1);
    }
}
