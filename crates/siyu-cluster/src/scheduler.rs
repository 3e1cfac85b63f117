//! The scheduler's node.

use crate::Tell;
use crate::codec::Codec;
use crate::error::{Error, Result};
use ballista_core::config::TaskSchedulingPolicy;
use ballista_scheduler::cluster::BallistaCluster;
use ballista_scheduler::config::SchedulerConfig;
use ballista_scheduler::scheduler_process::start_server;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

/// Where the scheduler listens, and when it gives an executor up.
#[derive(clap::Args)]
#[command(after_help = "\
Example:
  siyu cluster scheduler --bind 10.0.0.1

It keeps no files and no secrets: after a crash it is started again, and runs are continued by running them again. It
asks nobody who he is, so the address must be one that only the cluster's hosts can reach.")]
pub struct Scheduler {
    /// The address to listen at.
    #[arg(long, default_value = "127.0.0.1")]
    bind: IpAddr,
    /// The port to listen at.
    #[arg(long, default_value_t = 50050)]
    port: u16,
    /// Seconds of silence after which an executor counts as lost.
    #[arg(long, default_value_t = 30, value_parser = clap::value_parser!(u64).range(6..))]
    executor_timeout_seconds: u64,
}

impl Scheduler {
    /// Serves until the process is ended; `tell` hears where.
    ///
    /// # Errors
    /// When the address cannot be listened at.
    pub async fn serve(self, tell: Tell) -> Result<()> {
        let failed = |problem: String| Error::Start { node: "scheduler", problem };
        let config = Arc::new(SchedulerConfig {
            external_host: self.bind.to_string(),
            bind_host: self.bind.to_string(),
            bind_port: self.port,
            scheduling_policy: TaskSchedulingPolicy::PullStaged,
            executor_timeout_seconds: self.executor_timeout_seconds,
            expire_dead_executor_interval_seconds: 3,
            no_executors_grace_period_seconds: self.executor_timeout_seconds,
            finished_job_data_clean_up_interval_seconds: 60,
            finished_job_state_clean_up_interval_seconds: 300,
            override_physical_codec: Some(Arc::new(Codec::default())),
            ..SchedulerConfig::default()
        });
        let cluster = BallistaCluster::new_from_config(&config).await.map_err(|error| failed(error.to_string()))?;
        let address = SocketAddr::new(self.bind, self.port);
        // Tried before anything is said: Ballista only serves where it can.
        drop(std::net::TcpListener::bind(address).map_err(|error| failed(format!("`{address}`: {error}")))?);
        tell(&format!("scheduler: executors ask at `{address}`, runs name it by `--cluster df://{address}`"));
        start_server(cluster, address, config).await.map_err(|error| failed(format!("`{address}`: {error}")))
    }
}
