//! Runs the stages of a pipeline on a Ballista cluster: the physical plan of a task with its codec, scheduler, executor,
//! and the submission with its watchdog.
//!
//! # What Ballista is used for, and what it is not
//! Ballista keeps the list of executors, hands tasks to those that ask for one (pull scheduling), and takes the plan of
//! a task there. Nothing else is asked of it, for what it does when an executor is lost is not to be relied upon: with
//! adaptive planning a job may wait for ever, and a static plan with an exchange may give rows twice, without an error.
//!
//! A job here is the smallest plan there is: one stage without an exchange, a list of task numbers below one node,
//! [`plan::TaskExec`]. The node does a task of an [order](siyu_ingest::remote): it reads its input from the shared folder
//! and writes the files of its attempt there, and the process that leads the run takes over exactly one attempt per
//! task. The exchange between two stages is files in the shared folder as well, just those of a local run. So
//!
//! - no row comes through Ballista: what it loses or repeats can change no count,
//! - a task is done once an attempt says so in the shared folder, whatever became of its job,
//! - an attempt that shows no life for a while is lost, and its task is given out again under another job; the one that
//!   was lost may go on and harms nobody,
//! - what is found out about progress and errors comes through the same folder, with the executor's name.
//!
//! Hosts that share no folder have the same files brought to them through an S3 store: see [`relay`].
//!
//! What must not be done here: moving rows, or deciding what a record says. That is the same code as in a local run.

mod client;
pub mod codec;
mod error;
pub mod executor;
pub mod host;
mod link;
pub mod plan;
pub mod relay;
pub mod s3;
pub mod scheduler;
pub mod submit;
mod work_folder;

#[doc = include_str!("../ten-terabytes.md")]
pub mod ten_terabytes {}

pub use error::{Error, Result};

/// Hears what happens to a node, a line each.
pub type Tell = fn(&str);
