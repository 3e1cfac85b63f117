//! The cluster's command: schedulers, executors, and the submission that `siyu run --cluster` starts.

#![allow(clippy::print_stderr, reason = "a binary prints its errors")]

use clap::{Parser, Subcommand};
use rustix::fs::Mode;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit, umask};
use siyu_cluster::executor::Executor;
use siyu_cluster::s3::{fetch, publish};
use siyu_cluster::scheduler::Scheduler;
use siyu_cluster::submit::{Cluster, serve};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Nodes of a cluster that runs pipelines.
#[derive(Parser)]
#[command(name = "siyu cluster", version)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Starts the node that executors ask for tasks.
    Scheduler(Scheduler),
    /// Starts a node that does tasks.
    Executor(Executor),
    /// Serves `siyu run --cluster`.
    #[command(hide = true)]
    Submit(Submit),
    /// Copies inputs from an S3 store, for `siyu run`.
    #[command(hide = true)]
    Fetch {
        /// `s3://BUCKET/PATTERN`
        url: String,
        /// The folder of the copies.
        mirror: PathBuf,
    },
    /// Copies a dataset to an S3 store, for `siyu run`.
    #[command(hide = true)]
    Publish {
        /// Folder of the dataset.
        dataset: PathBuf,
        /// `s3://BUCKET/FOLDER`
        url: String,
    },
}

#[derive(clap::Args)]
struct Submit {
    /// `df://HOST:PORT` of the scheduler.
    url: String,
    /// Seconds without a sign of life after which an attempt at a task counts as lost.
    #[arg(long)]
    patience_seconds: u64,
    /// `s3://BUCKET/FOLDER` that stages go through.
    #[arg(long)]
    stages: Option<String>,
    /// The folder with copies of inputs in a store.
    #[arg(long)]
    mirror: Option<PathBuf>,
}

/// A node tells its log what happens to it.
fn say(line: &str) {
    eprintln!("{line}");
}

fn main() -> ExitCode {
    // A panic's own text may quote a document: only its place is shown.
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map_or_else(String::new, |at| format!(" at {}:{}", at.file(), at.line()));
        eprintln!("internal error{place}");
    }));
    let arguments = Arguments::parse();
    // What is written holds a company's documents: it is for its owner alone.
    umask(Mode::from_raw_mode(0o077));
    let limit = getrlimit(Resource::Nofile);
    let _ = setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, maximum: limit.maximum });
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("error: cannot start threads: {error}");
            return ExitCode::FAILURE;
        }
    };
    let ended = runtime.block_on(async {
        match arguments.command {
            Command::Scheduler(scheduler) => scheduler.serve(say).await,
            Command::Executor(executor) => executor.serve(say).await,
            Command::Fetch { url, mirror } => fetch(&url, &mirror).await.map(|_| ()),
            Command::Publish { dataset, url } => publish(&dataset, &url).await.map(|_| ()),
            Command::Submit(submit) => {
                let find = async {
                    let cluster = Cluster::find(&submit.url, Duration::from_secs(submit.patience_seconds)).await?;
                    Ok(match submit.stages {
                        Some(url) => cluster.through(url, submit.mirror),
                        None => cluster,
                    })
                };
                // The other end is gone: nobody is left to be told.
                let _ = serve(find, std::io::BufReader::new(std::io::stdin()), std::io::stdout()).await;
                Ok(())
            }
        }
    });
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            let wrong = matches!(error, siyu_cluster::Error::Address { .. });
            if wrong { ExitCode::from(2) } else { ExitCode::FAILURE }
        }
    }
}
