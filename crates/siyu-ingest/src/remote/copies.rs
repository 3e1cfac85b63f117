//! What of a run must be copied to a process that does not see its scratch folder, so that it can do a task.
//!
//! Such a process works in a copy of the folder as others do in the folder itself. Who copies, and how, is no matter of
//! this crate.

use super::facts::{RUN, RunFacts};
use super::order::{Order, Work};
use super::pieces::pieces;
use crate::error::Result;
use crate::files;
use crate::input::Source;
use std::ffi::OsStr;
use std::path::{Component, Path, PathBuf};

/// The record that an attempt goes on, which is written again and again.
pub use super::attempt::BEAT;

/// The records that end an attempt: to be copied behind all its other files.
pub const ENDS: [&str; 2] = [super::attempt::DONE, super::attempt::FAILED];

/// The file of a scratch folder that names the inputs of its run.
pub const FACTS: &str = RUN;

/// What the executors of a run never read: its attempts, its end, and what is for its leader's report alone.
const OTHERS: [&str; 5] = ["orders", "parts", "spill", "staging", "install.json"];
const ENDINGS: [&str; 3] = [".partial", ".dead.arrow", ".audit.arrow"];

/// What a task reads, besides the small files of the scratch folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Needs {
    /// Inputs: their paths, and their bytes when the run began.
    pub inputs: Vec<(PathBuf, u64)>,
    /// The folder of the exchange, in the scratch folder.
    pub exchange: Option<String>,
}

impl Needs {
    /// Of a task of the order in a file; the run's facts must be there.
    ///
    /// # Errors
    /// When order or facts cannot be read.
    pub fn of(order: &Path, task: usize) -> Result<Self> {
        let units = |order: &Order| order.tasks.get(task).cloned().unwrap_or_default();
        let opened = Order::open(order)?;
        Ok(match opened.work {
            Work::Read => {
                let sources = RunFacts::read(&super::worker::scratch_of(order)?.join(RUN))?.sources;
                let all = pieces(&sources);
                let pieces = units(&opened).into_iter().filter_map(|piece| all.get(piece as usize).cloned());
                let read = |source: &Source| (source.path.clone(), source.bytes);
                Self { inputs: pieces.flatten().map(|file| read(&sources[file as usize])).collect(), exchange: None }
            }
            Work::Exchange { number }
            | Work::Parts { number }
            | Work::Sketches { number, .. }
            | Work::Sets { number, .. } => Self { inputs: Vec::new(), exchange: Some(exchange_name(number)) },
        })
    }

    /// Whether the task reads a file of the scratch folder, named by its path in it.
    pub fn include(&self, inside: &Path) -> bool {
        is_shared(inside)
            && match top(inside) {
                Some(top) if top.starts_with(EXCHANGE) => self.exchange.as_deref() == Some(top),
                _ => true,
            }
    }
}

/// Whether some task reads a file of the scratch folder, named by its path in it.
pub fn is_shared(inside: &Path) -> bool {
    let name = inside.file_name().and_then(OsStr::to_str).unwrap_or_default();
    top(inside).is_some_and(|top| !OTHERS.contains(&top)) && !ENDINGS.iter().any(|ending| name.ends_with(ending))
}

/// The files that steps of a run name, and where a copy of the scratch folder has them.
///
/// # Errors
/// When the run's facts cannot be read.
pub fn named_files(scratch: &Path) -> Result<Vec<(PathBuf, PathBuf)>> {
    let named = RunFacts::read(&scratch.join(RUN))?.files;
    let copy = |(index, path): (usize, PathBuf)| {
        let inside = Path::new("files").join(index.to_string()).join(path.file_name().unwrap_or_default());
        (path, inside)
    };
    Ok(named.into_iter().map(|(_, path, _)| path).enumerate().map(copy).collect())
}

/// Has the facts in a copy of a scratch folder name copies: of the [named files](named_files), and of inputs in
/// `mirror`, which are below `inputs` here.
///
/// # Errors
/// When they cannot be read or written.
pub fn relocate(scratch: &Path, mirror: Option<&Path>, inputs: &Path) -> Result<()> {
    let path = scratch.join(RUN);
    let mut facts = RunFacts::read(&path)?;
    for source in &mut facts.sources {
        if let Some(inside) = mirror.and_then(|mirror| source.path.strip_prefix(mirror).ok()) {
            source.path = inputs.join(inside);
        }
    }
    for (from, inside) in named_files(scratch)? {
        facts.place(&from, &scratch.join(inside));
    }
    files::write_record(&path, &facts)
}

const EXCHANGE: &str = "exchange-";

/// The name of an exchange's folder.
pub(crate) fn exchange_name(number: usize) -> String {
    format!("{EXCHANGE}{number}")
}

fn top(inside: &Path) -> Option<&str> {
    match inside.components().next()? {
        Component::Normal(name) => name.to_str(),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::{Needs, is_shared};
    use std::path::Path;

    #[test]
    fn a_task_needs_its_own_exchange_and_nothing_that_only_the_leader_reads() {
        let needs = Needs { inputs: Vec::new(), exchange: Some("exchange-2".to_owned()) };
        for (path, shared, needed) in [
            ("run.json", true, true),
            ("exchange-1/run-0000000007.arrow", true, false),
            ("exchange-2/run-0000000007.arrow", true, true),
            ("exchange-2/run-0000000007.json", true, true),
            ("exchange-2/run-0000000007.dead.arrow", false, false),
            ("near-2-1/candidates-wanted.bin", true, true),
            ("near-2-1/candidates-wanted.partial", false, false),
            ("orders/read/order.json", false, false),
            ("parts/part-00000001.json", false, false),
        ] {
            let path = Path::new(path);
            assert_eq!((is_shared(path), needs.include(path)), (shared, needed), "{}", path.display());
        }
    }
}
