//! Units of a run's work that are done by other processes, on this machine or on others.
//!
//! The process that was started by the user *leads*: it decides what is to be done, and it alone puts records into the
//! scratch folder. What it hands out is an [`Order`]: a file in the scratch folder, which all can read, with a list of
//! tasks. Whoever does a task makes a folder of its own for this attempt, writes there just the files that a local run
//! would write, and at the very end a record that the attempt is complete. The leader takes over exactly one attempt
//! per task, by renaming its files to where a local run would have them, their records last. So
//!
//! - an attempt that was killed, or that goes on though nobody waits for it any more, touches nothing but its own folder,
//! - a task that was done twice counts once,
//! - a run can be led by a process of its own or by one with a crew, and be continued by the other.
//!
//! How tasks reach the processes that do them is no matter of this crate: see [`Crew`].

mod attempt;
pub mod copies;
mod facts;
mod lead;
mod lines;
mod order;
mod pieces;
mod read;
mod watch;
mod worker;

pub use attempt::Beat;
pub use lines::{Answer, Problem, Request};
pub use order::{Order, Work};
pub use watch::{Seen, Watch};
pub use worker::{Here, Worker};

pub(crate) use pieces::forget_pieces;

use crate::error::Result;
use std::path::Path;

/// Brings tasks to processes that do them.
pub trait Crew: Sync {
    /// Has all tasks of the order in this file done; tells `moved` now and then how many are, and what that was in sum.
    ///
    /// Returns once [`Watch`] sees an attempt of every task complete.
    ///
    /// # Errors
    /// When a task cannot be done, when nobody does any; or [`crate::Error::Interrupted`] once `stop` says so.
    fn perform(
        &self,
        order: &Path,
        tasks: usize,
        stop: &dyn Fn() -> bool,
        moved: &mut dyn FnMut(usize, &Beat),
    ) -> Result<()>;

    /// The folder with copies of the inputs that an S3 store holds: `s3://BUCKET/KEY` lies at `BUCKET/KEY` in it.
    fn mirror(&self) -> Option<&Path> {
        None
    }
}
