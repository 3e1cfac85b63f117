//! Jobs as the scheduler knows them: submitted, asked for, cancelled. Their results are never fetched.

use crate::client::{self, Problem};
use crate::codec::Codec;
use crate::error::{Error, Result};
use crate::plan::TaskExec;
use crate::relay::Stages;
use ballista_core::config::BALLISTA_SCHEDULER_MAX_PARTITIONS_PER_TASK;
use ballista_core::extension::SessionConfigExt;
use ballista_core::serde::protobuf::execute_query_params::Query;
use ballista_core::serde::protobuf::scheduler_grpc_client::SchedulerGrpcClient;
use ballista_core::serde::protobuf::{
    CancelJobParams, ExecuteQueryParams, GetJobStatusParams, KeyValuePair, execute_query_result, job_status,
};
use ballista_core::version::insert_version_header;
use datafusion::physical_plan::ExecutionPlan;
use datafusion::prelude::SessionConfig;
use datafusion_proto::physical_plan::AsExecutionPlan;
use datafusion_proto::protobuf::PhysicalPlanNode;
use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;
use tonic::transport::Channel;

/// What became of a job.
pub(super) enum State {
    /// It waits or runs.
    Running,
    /// All its tasks were done, or the scheduler does not know it: it was started anew.
    Over,
    /// It failed.
    Failed(String),
}

/// The scheduler.
pub(super) struct Jobs {
    url: String,
    client: SchedulerGrpcClient<Channel>,
    session: String,
    submitted: u64,
}

impl Jobs {
    /// Connects with `df://HOST:PORT`.
    pub(super) async fn find(url: &str) -> Result<Self> {
        let address = || Error::Address { url: url.to_owned(), form: "df://HOST:50050" };
        let host = url.strip_prefix("df://").filter(|host| host.contains(':')).ok_or_else(address)?;
        let client = client::connect(host).await.map_err(|problem| match problem {
            Problem::Address => address(),
            Problem::Silence(problem) => Error::NoScheduler { url: url.to_owned(), problem },
        })?;
        let session = format!("siyu-{}-{}", std::process::id(), ballista_core::ids::new_instance_id());
        Ok(Self { url: url.to_owned(), client, session, submitted: 0 })
    }

    pub(super) fn url(&self) -> &str {
        &self.url
    }

    /// Submits some tasks of an order as a job; returns its id, or what the connection said.
    pub(super) async fn submit(
        &mut self,
        order: &Path,
        stages: Option<Stages>,
        tasks: &BTreeSet<usize>,
    ) -> Result<Result<String, String>> {
        let tasks = tasks.iter().map(|&task| u32::try_from(task).expect("tasks are few"));
        let plan: Arc<dyn ExecutionPlan> = Arc::new(TaskExec::new(order, stages, tasks)?);
        let mut bytes = Vec::new();
        PhysicalPlanNode::try_from_physical_plan(plan, &Codec::default())?.try_encode(&mut bytes)?;
        self.submitted += 1;
        let query = ExecuteQueryParams {
            query: Some(Query::PhysicalPlan(bytes)),
            settings: settings(),
            session_id: self.session.clone(),
            operation_id: format!("{}-{}", self.session, self.submitted),
        };
        let mut request = tonic::Request::new(query);
        insert_version_header(request.metadata_mut());
        match self.client.execute_query(request).await {
            Ok(answer) => match answer.into_inner().result {
                Some(execute_query_result::Result::Success(success)) => Ok(Ok(success.job_id)),
                Some(execute_query_result::Result::Failure(failure)) => {
                    Err(Error::Refused { problem: format!("{failure:?}") })
                }
                None => Err(Error::Refused { problem: "it says nothing".to_owned() }),
            },
            Err(status) if is_silence(&status) => Ok(Err(status.message().to_owned())),
            Err(status) => Err(Error::Refused { problem: status.message().to_owned() }),
        }
    }

    /// What became of a job, or what the connection said.
    pub(super) async fn state(&mut self, job: &str) -> Result<State, String> {
        let answer = self.client.get_job_status(GetJobStatusParams { job_id: job.to_owned() }).await;
        let status = match answer {
            Ok(answer) => answer.into_inner().status,
            Err(status) if is_silence(&status) => return Err(status.message().to_owned()),
            // It answers, and does not know the job.
            Err(_) => return Ok(State::Over),
        };
        Ok(match status.and_then(|status| status.status) {
            Some(job_status::Status::Queued(_) | job_status::Status::Running(_)) => State::Running,
            Some(job_status::Status::Failed(failed)) => State::Failed(failed.error),
            Some(job_status::Status::Successful(_)) | None => State::Over,
        })
    }

    /// Cancels a job; where that fails, its tasks find nothing to do.
    pub(super) async fn cancel(&mut self, job: &str) {
        let _ = self.client.cancel_job(CancelJobParams { job_id: job.to_owned() }).await;
    }
}

/// Whether nobody answered, rather than with a refusal.
fn is_silence(status: &tonic::Status) -> bool {
    use tonic::Code;
    matches!(status.code(), Code::Unavailable | Code::DeadlineExceeded | Code::Cancelled | Code::Unknown)
}

/// One partition a task, so that a task that is slow or lost holds no other up; no adaptive planning.
fn settings() -> Vec<KeyValuePair> {
    let config = SessionConfig::new_with_ballista()
        .with_ballista_adaptive_query_planner(false)
        .set_str(BALLISTA_SCHEDULER_MAX_PARTITIONS_PER_TASK, "1");
    let entries = config.options().entries();
    entries.into_iter().map(|entry| KeyValuePair { key: entry.key, value: entry.value }).collect()
}
