//! The connection with a scheduler, which is asked once before it is believed to be one.

use ballista_core::serde::protobuf::GetJobStatusParams;
use ballista_core::serde::protobuf::scheduler_grpc_client::SchedulerGrpcClient;
use std::error::Error;
use std::time::Duration;
use tonic::transport::{Channel, Endpoint};

/// How long a single call may take.
const CALL: Duration = Duration::from_secs(10);
const MESSAGE_BYTES: usize = 16 << 20;

/// Why there is no connection.
pub(crate) enum Problem {
    /// `HOST:PORT` is no address.
    Address,
    /// What the connection said.
    Silence(String),
}

/// Connects with the scheduler at `HOST:PORT`.
pub(crate) async fn connect(host: &str) -> Result<SchedulerGrpcClient<Channel>, Problem> {
    let endpoint = Endpoint::from_shared(format!("http://{host}")).map_err(|_| Problem::Address)?;
    let endpoint = endpoint.connect_timeout(CALL).timeout(CALL).tcp_nodelay(true);
    let channel = endpoint.connect().await.map_err(|error| Problem::Silence(siyu_ingest::chain(&error)))?;
    let client = SchedulerGrpcClient::new(channel);
    let mut client = client.max_encoding_message_size(MESSAGE_BYTES).max_decoding_message_size(MESSAGE_BYTES);
    match client.get_job_status(GetJobStatusParams { job_id: String::new() }).await {
        // What a scheduler says comes from nowhere else; a refusal of this job is an answer as well.
        Err(status) if status.source().is_some() || status.code() == tonic::Code::Unimplemented => {
            Err(Problem::Silence(format!("what listens there is no scheduler: {}", status.message())))
        }
        Err(status) if status.code() == tonic::Code::DeadlineExceeded || status.code() == tonic::Code::Cancelled => {
            Err(Problem::Silence("what listens there gives no answer".to_owned()))
        }
        _ => Ok(client),
    }
}
