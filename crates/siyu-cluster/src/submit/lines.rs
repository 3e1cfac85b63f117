//! The submission as a program of its own: requests come as lines of JSON, and so do the answers.
//!
//! `siyu run --cluster` leads the run in its own process and starts this one beside it, so that it need not know
//! Ballista. Where its end of the pipe is closed, be it by a kill, all jobs are cancelled.

use super::Cluster;
use crate::error::{Error, Result};
use siyu_ingest::remote::{Answer, Beat, Problem, Request};
use std::io::{BufRead, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use tokio::sync::mpsc::unbounded_channel;

/// Serves requests from `input` until it is closed.
///
/// # Errors
/// When the answers cannot be written.
pub async fn serve(
    find: impl Future<Output = Result<Cluster>>,
    input: impl BufRead + Send + 'static,
    mut output: impl Write + Send,
) -> std::io::Result<()> {
    let closed = Arc::new(AtomicBool::new(false));
    let (sender, mut requests) = unbounded_channel();
    let at_end = Arc::clone(&closed);
    std::thread::spawn(move || {
        for line in input.lines().map_while(std::io::Result::ok) {
            let Ok(request) = serde_json::from_str::<Request>(&line) else { break };
            if sender.send(request).is_err() {
                break;
            }
        }
        at_end.store(true, Ordering::Relaxed);
    });
    let mut cluster = match find.await {
        Ok(cluster) => cluster,
        Err(error) => return write(&mut output, &Answer::Ended(Some(problem(&error)))),
    };
    write(&mut output, &Answer::Found)?;
    while let Some(request) = requests.recv().await {
        let mut moved = |done: usize, sum: &Beat| {
            // A reader that is gone is seen at the other end of the pipe.
            let _ = write(&mut output, &Answer::Moved { done, rows: sum.rows, bad: sum.bad, bytes: sum.bytes });
        };
        let stop = || closed.load(Ordering::Relaxed);
        let done = cluster.perform(&request.order, request.tasks, &stop, &mut moved).await;
        write(&mut output, &Answer::Ended(done.err().map(|error| problem(&error))))?;
    }
    // What cannot be removed now is removed when the run goes on.
    let _ = cluster.end().await;
    Ok(())
}

fn write(output: &mut impl Write, line: &Answer) -> std::io::Result<()> {
    let mut json = serde_json::to_vec(line)?;
    json.push(b'\n');
    output.write_all(&json)?;
    output.flush()
}

fn problem(error: &Error) -> Problem {
    if let Error::Run(siyu_ingest::Error::OnExecutor { executor, message, refusal }) = error {
        return Problem { message: message.clone(), executor: Some(executor.clone()), refusal: *refusal };
    }
    let message = siyu_ingest::chain(error);
    Problem { message, executor: None, refusal: matches!(error, Error::Address { .. }) }
}
