//! Why the cluster cannot do what it was asked to.

use std::time::Duration;

/// The crate's result.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why the cluster cannot do what it was asked to.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The address of the scheduler is none.
    #[error("`{url}` is no address of a scheduler; write `{form}`")]
    Address {
        /// What was given.
        url: String,
        /// How an address looks there.
        form: &'static str,
    },
    /// Nobody answers at the scheduler's address.
    #[error("no scheduler answers at `{url}` ({problem}); start `siyu cluster scheduler` there")]
    NoScheduler {
        /// The address.
        url: String,
        /// What the connection said.
        problem: String,
    },
    /// The scheduler does not answer any more.
    #[error(
        "the scheduler at `{url}` has not answered for {} s ({problem}); start it again and run the same command: it \
         goes on from the last finished task", silent.as_secs()
    )]
    SchedulerLost {
        /// The address.
        url: String,
        /// How long it has been silent.
        silent: Duration,
        /// What the connection said.
        problem: String,
    },
    /// The scheduler refuses a job.
    #[error("the scheduler refuses the job: {problem}")]
    Refused {
        /// What it said.
        problem: String,
    },
    /// Jobs fail for reasons that no attempt tells.
    #[error(
        "tasks could not be started: {problem}; does every executor see the shared folder at the same path, as the same \
         user, or have the keys of the store? Run the same command again to continue"
    )]
    JobFailed {
        /// What the scheduler said.
        problem: String,
    },
    /// Nobody does anything.
    #[error(
        "no executor took up any of {tasks} tasks for {} s, though they were given out {rounds} times; are executors \
         started with `siyu cluster executor`, and do they see the shared folder? Run the same command again to continue",
        waited.as_secs()
    )]
    NoExecutor {
        /// Tasks that wait.
        tasks: usize,
        /// How long each round waited.
        waited: Duration,
        /// How often.
        rounds: u32,
    },
    /// A task ends every executor that takes it up.
    #[error(
        "task {task} was lost {times} times, on {}; is the memory of the executors too small for `--memory` and \
         `--tasks`? Run the same command again to continue", executors.join(", ")
    )]
    TaskLost {
        /// Its number.
        task: usize,
        /// How often.
        times: usize,
        /// Where.
        executors: Vec<String>,
    },
    /// A store cannot be read or written.
    #[error("`{url}`: {problem}")]
    Store {
        /// The place in the store.
        url: String,
        /// What is wrong.
        problem: String,
    },
    /// The run was stopped.
    #[error("interrupted")]
    Interrupted,
    /// What the run itself says.
    #[error(transparent)]
    Run(#[from] siyu_ingest::Error),
    /// A node of the cluster cannot be started.
    #[error("cannot start the {node}: {problem}")]
    Start {
        /// `scheduler` or `executor`.
        node: &'static str,
        /// What is wrong.
        problem: String,
    },
    /// A plan cannot be made or sent.
    #[error("cannot make the plan of a job")]
    Plan(#[from] datafusion::error::DataFusionError),
}

impl From<Error> for siyu_ingest::Error {
    fn from(error: Error) -> Self {
        match error {
            Error::Run(error) => error,
            Error::Interrupted => Self::Interrupted,
            other => Self::Crew(siyu_ingest::chain(&other)),
        }
    }
}
