//! What a run is doing, for whoever shows it.

use crate::error::{Error, Result};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

/// Counters that a run moves and a terminal reads; also the switch that stops the run.
#[derive(Debug, Default)]
pub struct Progress {
    /// Name of the stage.
    pub stage: Mutex<String>,
    /// Number of the stage, from 1, and of all stages.
    pub stages: (AtomicU64, AtomicU64),
    /// Bytes of input read.
    pub bytes: AtomicU64,
    /// Bytes of input in all.
    pub bytes_total: AtomicU64,
    /// Rows read.
    pub rows: AtomicU64,
    /// Rows that could not be read.
    pub bad: AtomicU64,
    /// Units of the stage that are done.
    pub units: AtomicU64,
    /// Units of the stage; 0 while the input is read.
    pub units_total: AtomicU64,
    /// Whether the units are documents that are compared, and not buckets.
    pub compares: AtomicBool,
    /// Set to stop the run after the unit at hand.
    pub stop: AtomicBool,
    /// Set when a worker failed: the others need not go on.
    pub(crate) failed: AtomicBool,
}

impl Progress {
    /// Whether workers should end after the unit at hand.
    pub(crate) fn is_ending(&self) -> bool {
        self.stop.load(Ordering::Relaxed) || self.failed.load(Ordering::Relaxed)
    }

    /// An error once the run was told to stop.
    pub(crate) fn go_on(&self) -> Result<()> {
        if self.is_ending() { Err(Error::Interrupted) } else { Ok(()) }
    }

    /// A walk over so many documents, which are compared, begins.
    pub(crate) fn compare(&self, documents: u64) {
        self.units.store(0, Ordering::Relaxed);
        self.units_total.store(documents, Ordering::Relaxed);
        self.compares.store(true, Ordering::Relaxed);
    }

    /// So many more of them are done.
    pub(crate) fn compared(&self, documents: u64) -> Result<()> {
        self.units.fetch_add(documents, Ordering::Relaxed);
        self.go_on()
    }

    /// The units are buckets again, none of them done.
    pub(crate) fn buckets(&self, buckets: u32) {
        self.compares.store(false, Ordering::Relaxed);
        self.units.store(0, Ordering::Relaxed);
        self.units_total.store(u64::from(buckets), Ordering::Relaxed);
    }

    /// What is being done, in words.
    pub(crate) fn doing(&self) -> String {
        self.stage.lock().unwrap_or_else(std::sync::PoisonError::into_inner).clone()
    }
}
