//! Tasks brought to a cluster by the program `siyu-cluster`, which runs beside this one and answers in lines.

use crate::commands::sibling::CLUSTER;
use siyu_ingest::remote::{Answer, Beat, Crew, Request};
use siyu_ingest::{Error, Result};
use std::ffi::OsStr;
use std::io::{BufRead, BufReader, Write};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// How often a stop is looked for.
const TICK: Duration = Duration::from_millis(200);

/// The program that brings tasks to a cluster.
pub(super) struct Submission {
    child: Child,
    pipes: Mutex<Pipes>,
    /// Copies of what an S3 store holds.
    mirror: Option<PathBuf>,
}

struct Pipes {
    /// Closed to stop the program.
    requests: Option<ChildStdin>,
    answers: Receiver<Answer>,
}

impl Submission {
    /// Starts the program and waits until it has found the scheduler.
    pub(super) fn start(
        url: &str,
        patience_seconds: u64,
        stages: Option<&str>,
        mirror: Option<PathBuf>,
    ) -> anyhow::Result<Self> {
        let mut command = CLUSTER.command();
        command.args(["submit", url, "--patience-seconds", &patience_seconds.to_string()]);
        if let Some(stages) = stages {
            command.args(["--stages", stages]);
            command.args(mirror.iter().flat_map(|mirror| [OsStr::new("--mirror"), mirror.as_os_str()]));
        }
        // Ctrl-C is this program's to answer: the other stops once its input is closed.
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).process_group(0);
        let mut child = CLUSTER.started("siyu run --cluster", command.spawn())?;
        let (sender, answers) = channel();
        if let Some(output) = child.stdout.take() {
            std::thread::spawn(move || {
                for line in BufReader::new(output).lines().map_while(std::io::Result::ok) {
                    let answer = serde_json::from_str(&line).unwrap_or(Answer::Ended(None));
                    if sender.send(answer).is_err() {
                        break;
                    }
                }
            });
        }
        let requests = child.stdin.take();
        let submission = Self { child, pipes: Mutex::new(Pipes { requests, answers }), mirror };
        let first = submission.pipes.lock().unwrap_or_else(PoisonError::into_inner).answers.recv();
        match first {
            Ok(Answer::Found) => Ok(submission),
            Ok(Answer::Ended(Some(problem))) => Err(Error::from(problem).into()),
            _ => Err(gone().into()),
        }
    }
}

impl Crew for Submission {
    fn mirror(&self) -> Option<&Path> {
        self.mirror.as_deref()
    }

    fn perform(
        &self,
        order: &Path,
        tasks: usize,
        stop: &dyn Fn() -> bool,
        moved: &mut dyn FnMut(usize, &Beat),
    ) -> Result<()> {
        let mut pipes = self.pipes.lock().unwrap_or_else(PoisonError::into_inner);
        let order = std::path::absolute(order).map_err(|_| gone())?;
        let request = serde_json::to_string(&Request { order, tasks }).map_err(|_| gone())?;
        let requests = pipes.requests.as_mut().ok_or(Error::Interrupted)?;
        writeln!(requests, "{request}").and_then(|()| requests.flush()).map_err(|_| gone())?;
        loop {
            match pipes.answers.recv_timeout(TICK) {
                Ok(Answer::Moved { done, rows, bad, bytes }) => {
                    moved(done, &Beat { rows, bad, bytes, ..Beat::default() });
                }
                Ok(Answer::Ended(None)) => return Ok(()),
                Ok(Answer::Ended(Some(_))) if stop() => return Err(Error::Interrupted),
                Ok(Answer::Ended(Some(problem))) => return Err(problem.into()),
                Ok(Answer::Found) | Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return Err(gone()),
            }
            if stop() {
                // It cancels its jobs, says so, and ends.
                pipes.requests = None;
            }
        }
    }
}

impl Drop for Submission {
    fn drop(&mut self) {
        self.pipes.lock().unwrap_or_else(PoisonError::into_inner).requests = None;
        let _ = self.child.wait();
    }
}

fn gone() -> Error {
    Error::Crew("the program `siyu-cluster` ended without an answer; run the same command again to continue".to_owned())
}
