//! A service with a gate on a real socket, and a route behind it that counts who gets there.

#![allow(dead_code, unreachable_pub, clippy::unwrap_used, reason = "each test uses a part of it, and fails by it")]

use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use axum::extract::{ConnectInfo, Request};
use axum::middleware::{Next, from_fn};
use axum::routing::{any, get};
use axum::{Extension, Router};
use siyu_serve::contract::{Caller, Peer};
use siyu_serve::gate::{Grant, TokenSettings, issue, with_new_key};
use siyu_serve::{Clock, Guards, Settings, audit};

/// A service with a gate, and a route behind it that counts who gets there.
pub struct House {
    pub folder: tempfile::TempDir,
    pub address: SocketAddr,
    pub settings: Settings,
    pub reached: Arc<AtomicUsize>,
    pub guards: Option<Guards>,
    pub runtime: Option<tokio::runtime::Runtime>,
}

impl House {
    /// A service with a counting route at `/v1/models`.
    pub fn new(gate: &str) -> Self {
        let reached = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&reached);
        let route = async move |Extension(caller): Extension<Caller>, request: Request| {
            count.fetch_add(1, Ordering::Relaxed);
            assert!(request.headers().get("authorization").is_none(), "no route sees the token");
            format!("{} from {}", caller.subject.unwrap_or_default(), caller.address)
        };
        let open = Arc::clone(&reached);
        let healthy = async move || {
            open.fetch_add(1000, Ordering::Relaxed);
            "ok"
        };
        let router = Router::new().route("/v1/models", any(route)).route("/healthz", get(healthy));
        Self { reached, ..Self::with(gate, router) }
    }

    /// A service with these routes.
    pub fn with(gate: &str, router: Router) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name).display().to_string();
        std::fs::write(at("keys.json"), with_new_key(None, Path::new("keys.json")).unwrap()).unwrap();
        std::fs::write(at("words.txt"), "机密\n").unwrap();
        let text = format!(
            "model: m\ngate:\n  token: {{ algorithm: HS256, keys: {}, issuer: me, audience: siyu }}\n{gate}\
             filter: {{ words: [{{ path: {}, language: zh }}] }}\nsessions: {{ memory: {{ folder: {} }} }}\n\
             audit: {{ path: {} }}\n",
            at("keys.json"),
            at("words.txt"),
            at("memory"),
            at("audit.jsonl")
        );
        let settings = Settings::from_text(&text, Path::new("serve.yaml")).unwrap();
        let guards = Guards::new(&settings).unwrap();
        let reached = Arc::default();
        let router = guards.wrap(router).layer(from_fn(
            async |ConnectInfo(peer): ConnectInfo<SocketAddr>, mut request: Request, next: Next| {
                request.extensions_mut().insert(Peer(peer));
                next.run(request).await
            },
        ));
        let runtime = tokio::runtime::Runtime::new().unwrap();
        let listener = runtime.block_on(tokio::net::TcpListener::bind("127.0.0.1:0")).unwrap();
        let address = listener.local_addr().unwrap();
        runtime.spawn(async move {
            axum::serve(listener, router.into_make_service_with_connect_info::<SocketAddr>()).await.unwrap();
        });
        Self { folder, address, settings, reached, guards: Some(guards), runtime: Some(runtime) }
    }

    pub fn token_settings(&self) -> TokenSettings {
        self.settings.gate.as_ref().unwrap().token.clone()
    }

    pub fn token_for(&self, subject: &str, settings: &TokenSettings, from: u64, seconds: u64) -> String {
        let keys = std::fs::read_to_string(self.folder.path().join("keys.json")).unwrap();
        issue(&keys, settings, &Grant { subject: subject.to_owned(), from, seconds }).unwrap()
    }

    pub fn token(&self, subject: &str) -> String {
        self.token_for(subject, &self.token_settings(), Clock::new().now().unix, 600)
    }

    /// Sends bytes as they are and nothing more, and returns the status and all that came back.
    pub fn send(&self, bytes: &[u8]) -> (u16, String) {
        self.exchange(bytes, true)
    }

    fn exchange(&self, bytes: &[u8], ends: bool) -> (u16, String) {
        let mut stream = TcpStream::connect(self.address).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        // A server that refuses may stop reading before all is sent.
        let _ = stream.write_all(bytes);
        // Who stops writing has gone away, as far as a request that is being answered is concerned.
        if ends {
            let _ = stream.shutdown(Shutdown::Write);
        }
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer);
        let answer = String::from_utf8_lossy(&answer).into_owned();
        let status = answer.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or(0);
        (status, answer)
    }

    pub fn ask(&self, line: &str, head: &str, body: &str) -> (u16, String) {
        let length = body.len();
        let text = format!(
            "{line} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Type: application/json\r\n\
             Content-Length: {length}\r\n{head}\r\n{body}"
        );
        self.exchange(text.as_bytes(), false)
    }

    pub fn with_token(&self, line: &str, token: &str, body: &str) -> (u16, String) {
        self.ask(line, &format!("Authorization: Bearer {token}\r\n"), body)
    }

    pub fn reached(&self) -> usize {
        self.reached.load(Ordering::Relaxed)
    }

    /// Stops the service and returns its record.
    pub fn record(mut self) -> String {
        drop(self.runtime.take());
        drop(self.guards.take());
        let path = self.folder.path().join("audit.jsonl");
        audit::check(&path, None).unwrap();
        std::fs::read_to_string(path).unwrap()
    }
}
