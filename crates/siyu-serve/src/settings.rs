//! `serve.yaml`: what is served, where, and within which limits. Reading it opens no model and no socket.

mod check;

use crate::{Error, Result, audit, filter, gate, sessions};
use serde::Deserialize;
use siyu_yaml::Subject;
use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
};

/// The service as its file describes it.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// Folder of the ONNX model with its tokenizer, or of a bundle.
    pub model: PathBuf,
    /// The name that clients call the model by; the folder's own when absent.
    #[serde(default)]
    pub name: Option<String>,
    /// A named template, or absent for the model's own.
    #[serde(default)]
    pub template: Option<String>,
    /// Where connections are taken.
    #[serde(default = "listen")]
    pub listen: SocketAddr,
    /// Encryption; connections are plain when absent.
    #[serde(default)]
    pub tls: Option<Tls>,
    /// How the model is run.
    #[serde(default)]
    pub engine: Engine,
    /// What a request may ask for.
    #[serde(default)]
    pub limits: Limits,
    /// Who may come in.
    #[serde(default)]
    pub gate: Option<gate::Settings>,
    /// Lets everyone in who can reach a loopback address. A service without a gate has to say so.
    #[serde(default)]
    pub open: bool,
    /// What neither goes in nor comes out.
    #[serde(default)]
    pub filter: filter::Settings,
    /// Conversations that the service keeps; none when absent.
    #[serde(default)]
    pub sessions: Option<sessions::Settings>,
    /// The record of requests; none when absent.
    #[serde(default)]
    pub audit: Option<audit::Settings>,
}

/// Encryption of connections.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tls {
    /// PEM file of the certificate and those that vouch for it.
    pub certificate: PathBuf,
    /// PEM file of its private key.
    pub key: PathBuf,
}

/// How the model is run.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Engine {
    /// Where it is computed.
    pub device: Device,
    /// Threads of one step; all cores when absent.
    pub threads: Option<usize>,
    /// Requests that are answered at once; each has its keys and values in memory.
    pub slots: usize,
    /// Most tokens of a prompt and its answer; the model's own limit when absent.
    pub context: Option<usize>,
    /// Requests that may wait for a slot.
    pub queue: usize,
    /// Tokens of a prompt that are read between two steps of running answers.
    pub prefill_chunk: usize,
    /// Memory for the beginnings of prompts, in megabytes (10^6 bytes).
    pub prefix_cache_megabytes: usize,
}

/// Where the model is computed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Device {
    /// The processor.
    #[default]
    Cpu,
    /// The first GPU, by onnxruntime's CUDA provider.
    Cuda,
}

/// What a request may ask for.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Limits {
    /// Longest body of a request.
    pub body_bytes: usize,
    /// Longest head of a request.
    pub header_bytes: usize,
    /// Time for a request's head to arrive.
    pub header_seconds: u64,
    /// Time for a request's body to arrive.
    pub body_seconds: u64,
    /// Time that a client may leave a response unread.
    pub write_seconds: u64,
    /// Most connections at once.
    pub connections: usize,
    /// Most connections at once of one address (of IPv6, of its network of 64 bits); trusted proxies have as many as
    /// there are. The default is more than are answered and wait at once, so that who asks too often is told so.
    pub connections_per_address: usize,
    /// Most tokens of a prompt.
    pub prompt_tokens: Option<usize>,
    /// Most tokens of an answer, and how many it has when the request does not say.
    pub output_tokens: usize,
    /// Compute the beginning of a prompt once for all callers, and not once for each. A caller can then tell, by the
    /// time and the cached tokens of an answer, that someone sent the same beginning before.
    pub share_beginnings: bool,
    /// Longest time for an answer, waiting included.
    pub answer_seconds: u64,
    /// Time that running answers have to end when the service goes down.
    pub drain_seconds: u64,
}

impl Default for Engine {
    fn default() -> Self {
        Self {
            device: Device::Cpu,
            threads: None,
            slots: 16,
            context: None,
            queue: 64,
            prefill_chunk: 128,
            prefix_cache_megabytes: 256,
        }
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            body_bytes: 1 << 20,
            header_bytes: 16 << 10,
            header_seconds: 10,
            body_seconds: 30,
            write_seconds: 60,
            connections: 1024,
            connections_per_address: 128,
            prompt_tokens: None,
            output_tokens: 1024,
            share_beginnings: true,
            answer_seconds: 300,
            drain_seconds: 30,
        }
    }
}

fn listen() -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], 8080))
}

const SERVICE_FILE: Subject = Subject { name: "service file", empty: "a service file has at least `model`" };

impl Settings {
    /// Reads a service file and replaces `${NAME}` and `${NAME:-default}` by the environment.
    ///
    /// # Errors
    /// [`Error::Read`] for the file, [`Error::Settings`] for what it says, with its place.
    pub fn from_path(path: &Path) -> Result<Self> {
        let text = std::fs::read_to_string(path).map_err(Error::read(path))?;
        Self::from_text(&text, path)
    }

    /// As [`Self::from_path`] for text that is already read; `path` is for messages.
    pub fn from_text(written: &str, path: &Path) -> Result<Self> {
        siyu_yaml::parse(written, path, SERVICE_FILE, check::problem)
            .map_err(|diagnostic| Error::Settings(Box::new(diagnostic)))
    }
}
