//! The heads of requests: none panics, and none without a signed token comes in.
#![no_main]

use axum::http::{HeaderMap, HeaderValue, Method, header};
use libfuzzer_sys::fuzz_target;
use siyu_serve::Now;
use siyu_serve::gate::{Gate, with_new_key};
use std::net::{IpAddr, Ipv4Addr};
use std::sync::LazyLock;
use std::time::Duration;

static GATE: LazyLock<Gate> = LazyLock::new(|| {
    let folder = tempfile::tempdir().expect("there is a folder for temporary files");
    let path = folder.path().join("keys.json");
    let keys = with_new_key(None, &path).expect("the system has random bytes");
    std::fs::write(&path, keys).expect("a temporary file can be written");
    let settings = format!(
        "token: {{ algorithm: HS256, keys: '{}', issuer: me, audience: siyu }}\n\
         requests_per_second: 1000000\nburst: 1000000\ntrusted_proxies: [127.0.0.1]\npage: false",
        path.display()
    );
    Gate::new(&serde_saphyr::from_str(&settings).expect("the settings are written above")).expect("the key is good")
});

fuzz_target!(|input: (&str, Vec<u8>, Vec<u8>)| {
    let (path, authorization, forwarded) = input;
    let mut headers = HeaderMap::new();
    let origin = header::HeaderName::from_static("x-forwarded-for");
    for (name, bytes) in [(header::AUTHORIZATION, authorization), (origin, forwarded)] {
        for line in bytes.split(|byte| *byte == b'\n') {
            if let Ok(value) = HeaderValue::from_bytes(line) {
                headers.append(name.clone(), value);
            }
        }
    }
    let now = Now { unix: 1_800_000_000, steady: Duration::from_secs(1) };
    let admitted = GATE.admit(IpAddr::V4(Ipv4Addr::LOCALHOST), &Method::GET, path, &headers, now);
    assert!(admitted.is_err() || path == "/healthz");
});
