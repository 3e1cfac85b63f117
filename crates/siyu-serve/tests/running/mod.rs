//! A service of the sample model on a port of its own, and a client that speaks HTTP by hand.

#![allow(dead_code, unreachable_pub, reason = "each test uses a part of it")]

use serde_json::Value;
use siyu_export::{ExportSettings, Logits, Numbers, Variant, export};
use siyu_serve::{Guards, Model, Server, Settings, api::Service, assemble, contract::Hooks};
use std::{
    io::{Read, Write},
    net::{SocketAddr, TcpStream},
    path::{Path, PathBuf},
    sync::{Arc, LazyLock},
    thread,
    time::Duration,
};
use tempfile::TempDir;
use tokio::{runtime::Runtime, sync::oneshot, task::JoinHandle};

/// The exported sample model; its folder goes when the process does.
pub static MODEL: LazyLock<(TempDir, PathBuf)> = LazyLock::new(|| {
    let folder = tempfile::tempdir().unwrap();
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../sample-data/models/stories260k");
    let out = folder.path().join("stories");
    let settings = ExportSettings { variant: Variant::Fused, numbers: Numbers::F32, logits: Logits::Last };
    export(&source, &out, settings).unwrap();
    (folder, out)
});

/// A running service.
pub struct Running {
    pub address: SocketAddr,
    pub service: Arc<Service>,
    stop: Option<oneshot::Sender<()>>,
    done: Option<JoinHandle<()>>,
    runtime: Runtime,
}

/// A service file for the sample model with `more` lines.
pub fn settings(more: &str) -> Settings {
    let text = format!("model: {}\ntemplate: plain\nlisten: 127.0.0.1:0\nopen: true\n{more}", MODEL.1.display());
    Settings::from_text(&text, Path::new("serve.yaml")).unwrap()
}

/// Starts a service with `more` lines of its file.
pub fn start(more: &str) -> Running {
    start_with(more, |model, _| model)
}

/// The same with a changed model.
pub fn start_with(more: &str, change: impl FnOnce(Model, &Hooks) -> Model) -> Running {
    let settings = settings(more);
    let guards = Guards::new(&settings).unwrap();
    let hooks = guards.hooks();
    let model = Model::open(&settings, hooks.observer.clone(), Arc::new(|error| panic!("{error}"))).unwrap();
    let model = change(model, &hooks);
    start_without(&settings, &guards, Some(model))
}

/// A service whose model is still being loaded where there is none.
pub fn start_without(settings: &Settings, guards: &Guards, model: Option<Model>) -> Running {
    let service = Arc::new(Service::new(guards.hooks(), settings.limits.clone()));
    if let Some(model) = model {
        service.swap(model);
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let server = runtime.block_on(Server::bind(settings)).unwrap();
    let address = server.address().unwrap();
    let (stop, stopped) = oneshot::channel::<()>();
    let router = assemble(service.clone(), guards);
    let done = runtime.spawn(server.run(router, service.clone(), async move {
        let _ = stopped.await;
    }));
    Running { address, service, stop: Some(stop), done: Some(done), runtime }
}

impl Running {
    /// Tells the service to end, as SIGTERM does.
    pub fn stop(&mut self) {
        drop(self.stop.take());
    }

    /// Waits until it has.
    pub fn join(&mut self) {
        self.runtime.block_on(self.done.take().unwrap()).unwrap();
    }

    /// Waits until the engine has seen that nobody waits for it any more.
    pub fn wait_until_idle(&self) {
        let engine = &self.service.model().unwrap().engine;
        let is_idle = (0..6000).any(|_| {
            let is_idle = engine.in_flight() == 0;
            if !is_idle {
                thread::sleep(Duration::from_millis(10));
            }
            is_idle
        });
        assert!(is_idle, "{} requests are left", engine.in_flight());
    }

    pub fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(self.address).unwrap();
        stream.set_read_timeout(Some(Duration::from_mins(1))).unwrap();
        stream.set_nodelay(true).unwrap();
        stream
    }

    /// Sends bytes as they are; everything that comes back.
    pub fn raw(&self, bytes: &[u8]) -> Response {
        let mut stream = self.connect();
        // The service may answer and hang up before it has read everything.
        let _ = stream.write_all(bytes);
        Response::read(&mut stream)
    }

    pub fn get(&self, path: &str) -> Response {
        self.raw(format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").as_bytes())
    }

    pub fn post(&self, path: &str, body: &Value) -> Response {
        self.raw(post(path, &body.to_string()).as_bytes())
    }
}

/// A request that ends its connection.
pub fn post(path: &str, body: &str) -> String {
    format!(
        "POST {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Type: application/json\r\n\
         Content-Length: {}\r\n\r\n{body}",
        body.len()
    )
}

#[derive(Debug)]
pub struct Response {
    pub status: u16,
    pub head: String,
    pub body: String,
}

impl Response {
    pub fn read(stream: &mut impl Read) -> Self {
        let mut bytes = Vec::new();
        // A reset after the answer is as good as its end.
        let _ = stream.read_to_end(&mut bytes);
        Self::parse(&bytes)
    }

    pub fn parse(bytes: &[u8]) -> Self {
        let text = String::from_utf8(bytes.to_vec()).unwrap();
        let (head, body) = text.split_once("\r\n\r\n").unwrap_or((&text, ""));
        let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or(0);
        let chunked = head.to_ascii_lowercase().contains("transfer-encoding: chunked");
        let body = if chunked { unchunked(body) } else { body.to_owned() };
        Self { status, head: head.to_owned(), body }
    }

    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|_| panic!("{self:?}"))
    }

    pub fn message(&self) -> String {
        self.json()["error"]["message"].as_str().unwrap_or_else(|| panic!("{self:?}")).to_owned()
    }

    /// The events of a stream, without its last word.
    pub fn events(&self) -> Vec<Value> {
        let events = self.body.split("\n\n").filter_map(|event| event.strip_prefix("data: "));
        events.filter(|event| *event != "[DONE]").map(|event| serde_json::from_str(event).unwrap()).collect()
    }
}

/// The text of a stream of `/v1/completions`.
pub fn streamed(events: &[Value]) -> String {
    events.iter().filter_map(|event| event["choices"][0]["text"].as_str()).collect()
}

fn unchunked(mut body: &str) -> String {
    let mut whole = String::new();
    while let Some((size, rest)) = body.split_once("\r\n") {
        let size = usize::from_str_radix(size, 16).unwrap();
        if size == 0 {
            break;
        }
        let (piece, behind) = rest.split_at(size);
        whole.push_str(piece);
        body = behind.strip_prefix("\r\n").unwrap_or_default();
    }
    whole
}
