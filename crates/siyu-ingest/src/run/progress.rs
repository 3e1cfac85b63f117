//! What a run is doing, for whoever shows it.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64};

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
    /// Set to stop the run after the unit at hand.
    pub stop: AtomicBool,
}
