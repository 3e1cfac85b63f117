//! An executor's node.

use crate::Tell;
use crate::codec::Codec;
use crate::error::{Error, Result};
use crate::host::Host;
use crate::link::Link;
use crate::work_folder::WorkFolder;
use ballista_core::config::TaskSchedulingPolicy;
use ballista_executor::executor_process::{ExecutorProcessConfig, start_executor_process};
use siyu_ingest::run::{RunOptions, half_the_machine};
use std::path::PathBuf;
use std::sync::Arc;
use tokio::signal::unix::{Signal, SignalKind, signal};

/// Whom an executor asks for tasks, how many it does at once, and with how much memory.
#[derive(clap::Args)]
#[command(after_help = "\
Example:
  siyu cluster executor --scheduler 10.0.0.1:50050 --tasks 16 --memory 64GB --work-dir /var/lib/siyu

The folders of inputs, of the output and of files that steps name must be seen here at the same paths as where
`siyu run --cluster` is started, and by the same user. With `--stages s3://...` there, nothing need be seen but the store.
It may be killed at any moment. Nobody need reach it: it asks the scheduler, and listens on this host alone.")]
pub struct Executor {
    /// The scheduler's host and port.
    #[arg(long, value_name = "HOST:PORT")]
    scheduler: String,
    /// What messages call it; the host's name and the process by default.
    #[arg(long)]
    name: Option<String>,
    /// Tasks at once, one thread each; all cores by default.
    #[arg(long)]
    tasks: Option<usize>,
    /// Memory to keep within, such as `4GB`; half the machine by default.
    #[arg(long, value_parser = siyu_ingest::run::bytes)]
    memory: Option<u64>,
    /// A folder of this host alone, for what does not fit into the memory.
    #[arg(long, default_value = "/tmp/siyu-executor")]
    work_dir: PathBuf,
}

impl Executor {
    /// Does tasks until the process is told to end; `tell` hears of its start and of its scheduler.
    ///
    /// # Errors
    /// When the scheduler does not answer, or the port or folder cannot be used.
    pub async fn serve(self, tell: Tell) -> Result<()> {
        let failed = |problem: String| Error::Start { node: "executor", problem };
        let address = || Error::Address { url: self.scheduler.clone(), form: "HOST:50050" };
        let (scheduler_host, port) = self.scheduler.rsplit_once(':').ok_or_else(address)?;
        let scheduler_port: u16 = port.parse().map_err(|_| address())?;
        let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        let tasks = self.tasks.unwrap_or(cores).max(1);
        let memory = self.memory.unwrap_or_else(half_the_machine);
        let link = Link { scheduler: self.scheduler.clone(), tell };
        let mut signals = Signals::new().map_err(|error| failed(error.to_string()))?;
        tokio::select! {
            found = link.find() => found?,
            () = signals.any() => return Ok(()),
        }
        let root = &self.work_dir;
        let work = WorkFolder::new(root).map_err(|error| failed(format!("`{}`: {error}", root.display())))?;
        let host_name = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
        let id = format!("{}/{}", host_name.trim(), std::process::id());
        let name = self.name.unwrap_or_else(|| id.clone());
        tell(&format!("executor `{name}`: {tasks} tasks at once from `{}`", self.scheduler));
        let options = RunOptions { threads: tasks, memory, fresh: false, batch_rows: 1024 };
        let host = Arc::new(Host::new(name, options, (work.spill(), work.twins())));
        tokio::spawn(link.watch());
        // Ballista waits for all tasks before an executor ends: they are stopped, and done anew elsewhere.
        let stopped = Arc::clone(&host);
        tokio::spawn(async move {
            signals.any().await;
            stopped.stop();
        });
        let config = ExecutorProcessConfig {
            // A new process is another executor: what its forerunner did is nothing that it could give account of.
            executor_id: id,
            // Results are task numbers, which nobody fetches: the port is this host's own, and any will do.
            bind_host: "127.0.0.1".to_owned(),
            port: 0,
            scheduler_host: scheduler_host.to_owned(),
            scheduler_port,
            scheduler_connect_timeout_seconds: 30,
            vcores: tasks,
            task_scheduling_policy: TaskSchedulingPolicy::PullStaged,
            work_dir: Some(work.path.display().to_string()),
            // Task numbers are all that Ballista handles.
            memory_pool_size: Some(tasks as u64 * (16 << 20)),
            override_physical_codec: Some(Arc::new(Codec::of_executor(host))),
            ..ExecutorProcessConfig::default()
        };
        start_executor_process(Arc::new(config)).await.map_err(|error| failed(error.to_string()))
    }
}

/// What ends a node.
struct Signals {
    interrupt: Signal,
    terminate: Signal,
}

impl Signals {
    fn new() -> std::io::Result<Self> {
        Ok(Self { interrupt: signal(SignalKind::interrupt())?, terminate: signal(SignalKind::terminate())? })
    }

    async fn any(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }
}
