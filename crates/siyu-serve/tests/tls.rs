//! Connections encrypted by rustls, from a client that trusts the certificate in `fixtures/tls`.
//!
//! ```sh
//! openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 36500 -subj /CN=localhost \
//!     -addext subjectAltName=DNS:localhost,IP:127.0.0.1 -addext basicConstraints=critical,CA:FALSE \
//!     -keyout key.pem -out certificate.pem
//! ```

#![allow(clippy::unwrap_used, reason = "a test that meets what it does not expect has failed")]

mod running;

use running::{Response, Running, post, start, streamed};
use rustls::{
    ClientConfig, ClientConnection, RootCertStore, StreamOwned,
    crypto::ring,
    pki_types::{CertificateDer, pem::PemObject},
};
use serde_json::json;
use siyu_serve::{Server, Settings};
use std::{
    io::{self, Read, Write},
    net::TcpStream,
    path::{Path, PathBuf},
    sync::Arc,
};

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/tls").join(name)
}

fn tls(certificate: &Path, key: &Path) -> String {
    format!("tls: {{ certificate: '{}', key: '{}' }}", certificate.display(), key.display())
}

fn encrypted() -> Running {
    start(&tls(&fixture("certificate.pem"), &fixture("key.pem")))
}

/// A connection whose client speaks this version and trusts these certificates.
fn connect(
    service: &Running,
    version: &'static rustls::SupportedProtocolVersion,
    trusted: RootCertStore,
) -> StreamOwned<ClientConnection, TcpStream> {
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()));
    let config = config.with_protocol_versions(&[version]).unwrap();
    let config = config.with_root_certificates(trusted).with_no_client_auth();
    let client = ClientConnection::new(Arc::new(config), "localhost".try_into().unwrap()).unwrap();
    StreamOwned::new(client, service.connect())
}

fn trusted() -> RootCertStore {
    let mut store = RootCertStore::empty();
    store.add(CertificateDer::from_pem_file(fixture("certificate.pem")).unwrap()).unwrap();
    store
}

#[test]
fn an_answer_and_a_stream_come_encrypted() {
    let service = encrypted();
    // One who connects and says nothing keeps nobody waiting.
    let _silent = service.connect();
    for version in [&rustls::version::TLS12, &rustls::version::TLS13] {
        let mut stream = connect(&service, version, trusted());
        let body = json!({"prompt": "Once upon a time", "max_tokens": 20, "stream": true});
        stream.write_all(post("/v1/completions", &body.to_string()).as_bytes()).unwrap();
        let response = Response::read(&mut stream);
        assert_eq!(response.status, 200, "{response:?}");
        assert!(!streamed(&response.events()).is_empty());
        assert!(response.body.ends_with("data: [DONE]\n\n"));
        assert_eq!(stream.conn.protocol_version(), Some(version.version));
    }
}

#[test]
fn nothing_is_answered_that_is_not_encrypted() {
    let service = encrypted();
    let mut plain = service.connect();
    plain.write_all(b"GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n").unwrap();
    let mut answer = Vec::new();
    let _ = plain.read_to_end(&mut answer);
    // At most an alert of TLS, whose type is 21 (RFC 8446, section 5.1).
    assert!(answer.first().is_none_or(|first| *first == 21), "{answer:?}");
    let mut stream = connect(&service, &rustls::version::TLS13, RootCertStore::empty());
    let refused = stream.write_all(b"GET /healthz HTTP/1.1\r\n").unwrap_err();
    assert_eq!(refused.kind(), io::ErrorKind::InvalidData, "who does not know the certificate says nothing");
}

#[test]
fn certificates_and_keys_that_do_not_fit_are_refused_by_name() {
    let folder = tempfile::tempdir().unwrap();
    let empty = folder.path().join("empty.pem");
    std::fs::write(&empty, "").unwrap();
    let problem = |certificate: &Path, key: &Path| {
        let text = format!("model: m\nopen: true\nlisten: 127.0.0.1:0\n{}", tls(certificate, key));
        let settings = Settings::from_text(&text, Path::new("serve.yaml")).unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(Server::bind(&settings)).err().unwrap().to_string()
    };
    let (certificate, key) = (fixture("certificate.pem"), fixture("key.pem"));
    for (certificate, key, named) in
        [(&empty, &key, "empty.pem"), (&certificate, &empty, "empty.pem"), (&key, &key, "key.pem")]
    {
        let problem = problem(certificate, key);
        assert!(problem.contains(named) && problem.contains("cannot be used for TLS"), "{problem}");
    }
}
