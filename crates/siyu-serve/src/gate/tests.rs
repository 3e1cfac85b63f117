//! The gate against tokens of another implementation, made by `scripts/tokens.py`, at a simulated time.

use std::net::IpAddr;
use std::path::Path;
use std::sync::LazyLock;
use std::time::Duration;

use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use serde_json::Value;

use super::{Gate, Refusal, Settings};
use crate::clock::Now;

static TOKENS: LazyLock<Value> =
    LazyLock::new(|| serde_json::from_str(include_str!("../../tests/fixtures/tokens.json")).unwrap());

const ALGORITHMS: [&str; 4] = ["RS256", "ES256", "EdDSA", "HS256"];

fn now() -> Now {
    Now { unix: TOKENS["now"].as_u64().unwrap(), steady: Duration::from_secs(100) }
}

fn settings(folder: &Path, algorithm: &str, more: &str) -> Settings {
    let keys = folder.join("keys.json");
    let text = format!(
        "token: {{ algorithm: {algorithm}, keys: '{}', issuer: 'https://issuer.test', audience: siyu }}\n\
         requests_per_second: 1000\nburst: 1000\n{more}",
        keys.display()
    );
    serde_saphyr::from_str(&text).unwrap()
}

fn gate(folder: &Path, algorithm: &str, more: &str) -> Gate {
    std::fs::write(folder.join("keys.json"), TOKENS["sets"][algorithm]["keys"].to_string()).unwrap();
    Gate::new(&settings(folder, algorithm, more)).unwrap()
}

fn bearer(token: &str) -> HeaderMap {
    let mut headers = HeaderMap::new();
    headers.insert(header::AUTHORIZATION, HeaderValue::from_str(&format!("Bearer {token}")).unwrap());
    headers
}

fn ask(gate: &Gate, headers: &HeaderMap) -> Result<Option<String>, Refusal> {
    let peer: IpAddr = "203.0.113.9".parse().unwrap();
    gate.admit(peer, &Method::POST, "/v1/completions", headers, now()).map(|admitted| admitted.subject)
}

fn rule(result: Result<Option<String>, Refusal>) -> Option<&'static str> {
    result.err().map(|refusal| refusal.cause.rule())
}

fn good(algorithm: &str) -> String {
    TOKENS["sets"][algorithm]["cases"][0][1].as_str().unwrap().to_owned()
}

#[test]
fn tokens_are_judged_as_they_should_be() {
    let mut seen = 0;
    for algorithm in ALGORITHMS {
        let folder = tempfile::tempdir().unwrap();
        let gate = gate(folder.path(), algorithm, "");
        for case in TOKENS["sets"][algorithm]["cases"].as_array().unwrap() {
            let (name, token) = (case[0].as_str().unwrap(), case[1].as_str().unwrap());
            // Twice: what is remembered is judged again.
            for _ in 0..2 {
                assert_eq!(rule(ask(&gate, &bearer(token))), case[2].as_str(), "{algorithm}: {name}");
                seen += 1;
            }
        }
    }
    assert!(seen > 200);
}

#[test]
fn a_remembered_token_expires_all_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let gate = gate(folder.path(), "ES256", "");
    let headers = bearer(&good("ES256"));
    assert_eq!(ask(&gate, &headers).unwrap().as_deref(), Some("alice"));
    let later = Now { unix: now().unix + 631, ..now() };
    let peer = "203.0.113.9".parse().unwrap();
    let late = gate.admit(peer, &Method::GET, "/v1/models", &headers, later).unwrap_err();
    assert_eq!(late.cause.rule(), "gate/expired");
}

#[test]
fn keys_rotate_without_a_restart() {
    for algorithm in ALGORITHMS {
        let folder = tempfile::tempdir().unwrap();
        let gate = gate(folder.path(), algorithm, "");
        let set = &TOKENS["sets"][algorithm];
        let (old, new) = (bearer(&good(algorithm)), bearer(set["next_token"].as_str().unwrap()));
        let rules = || (rule(ask(&gate, &old)), rule(ask(&gate, &new)));
        assert_eq!(rules(), (None, Some("gate/bad_token")));
        for (keys, expected) in [("next_keys", (None, None)), ("last_keys", (Some("gate/bad_token"), None))] {
            std::fs::write(folder.path().join("keys.json"), set[keys].to_string()).unwrap();
            assert!(gate.refresh().unwrap());
            assert_eq!(rules(), expected, "{algorithm} {keys}");
        }
        // A file that breaks off leaves the keys that were there.
        std::fs::write(folder.path().join("keys.json"), "{\"keys\": [").unwrap();
        assert!(gate.refresh().is_err());
        assert_eq!(rules(), (Some("gate/bad_token"), None));
    }
}

#[test]
fn keys_that_are_weak_private_or_foreign_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let refused = |algorithm: &str, keys: &str| {
        std::fs::write(folder.path().join("keys.json"), keys).unwrap();
        Gate::new(&settings(folder.path(), algorithm, "")).err().map(|error| error.to_string()).unwrap_or_default()
    };
    assert!(refused("RS256", &TOKENS["short_rsa"].to_string()).contains("too short"));
    assert!(refused("RS256", &TOKENS["private_rsa"].to_string()).contains("private key"));
    assert!(refused("HS256", r#"{"keys":[{"kty":"oct","k":"c2hvcnQ"}]}"#).contains("too short"));
    assert!(refused("RS256", &TOKENS["sets"]["ES256"]["keys"].to_string()).contains("no key for RS256"));
    assert!(refused("RS256", r#"{"keys":[]}"#).contains("no key for RS256"));
    assert!(refused("RS256", "[]").contains("no list `keys`"));
    // No message holds a part of a key.
    let message = refused("HS256", r#"{"keys":[{"kty":"oct","k":"c2VjcmV0LXNlY3JldA"}]}"#);
    assert!(!message.contains("c2VjcmV0"), "{message}");
}

#[test]
fn a_token_comes_once_and_as_bearer_only() {
    let folder = tempfile::tempdir().unwrap();
    let gate = gate(folder.path(), "HS256", "");
    let token = good("HS256");
    let with = |values: &[String]| {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(header::AUTHORIZATION, HeaderValue::from_str(value).unwrap());
        }
        rule(ask(&gate, &headers))
    };
    assert_eq!(with(&[format!("bearer {token}")]), None);
    for values in [
        vec![],
        vec![token.clone()],
        vec![format!("Basic {token}")],
        vec![format!("Bearer {token}"), format!("Bearer {token}")],
        vec!["Bearer".to_owned()],
    ] {
        assert_eq!(with(&values), Some("gate/no_token"), "{values:?}");
    }
    for value in [format!("Bearer  {token}"), format!("Bearer {token} x"), format!("Bearer {}", "a".repeat(100_000))] {
        assert_eq!(with(&[value]), Some("gate/bad_token"));
    }
}

#[test]
fn only_named_subjects_and_networks_come_in() {
    let folder = tempfile::tempdir().unwrap();
    let headers = bearer(&good("EdDSA"));
    let strict = gate(folder.path(), "EdDSA", "subjects: [bob]");
    let refusal = ask(&strict, &headers).unwrap_err();
    assert_eq!((refusal.cause.rule(), refusal.subject.as_deref()), ("gate/subject", Some("alice")));
    let inside =
        gate(folder.path(), "EdDSA", "networks: [10.0.0.0/8, '2001:db8::/32']\ntrusted_proxies: [10.9.0.0/16]");
    let from = |peer: &str, forwarded: Option<&str>| {
        let mut headers = headers.clone();
        if let Some(forwarded) = forwarded {
            headers.insert("x-forwarded-for", HeaderValue::from_str(forwarded).unwrap());
        }
        inside
            .admit(peer.parse().unwrap(), &Method::GET, "/v1/models", &headers, now())
            .map_err(|refusal| refusal.cause.rule())
    };
    assert!(from("10.1.2.3", None).is_ok());
    assert!(from("::ffff:10.1.2.3", None).is_ok());
    assert!(from("2001:db8::1", None).is_ok());
    assert_eq!(from("203.0.113.9", None).unwrap_err(), "gate/network");
    // Written by the stranger, not by a proxy.
    assert_eq!(from("203.0.113.9", Some("10.1.2.3")).unwrap_err(), "gate/network");
    // Written by the stranger, and handed on by the proxy, which added whom it saw.
    assert_eq!(from("10.9.0.1", Some("10.1.2.3, 203.0.113.9")).unwrap_err(), "gate/network");
    assert_eq!(from("10.9.0.1", Some("203.0.113.9, 10.1.2.3")).unwrap().address.to_string(), "10.1.2.3");
}

#[test]
fn only_the_open_routes_are_open_and_only_in_their_own_spelling() {
    let folder = tempfile::tempdir().unwrap();
    let closed = gate(folder.path(), "HS256", "page: false");
    let open = gate(folder.path(), "HS256", "");
    let status = |gate: &Gate, method: Method, path: &str| {
        let result = gate.admit("203.0.113.9".parse().unwrap(), &method, path, &HeaderMap::new(), now());
        result.map_or_else(|refusal| refusal.response().status(), |_| StatusCode::OK)
    };
    assert_eq!(status(&closed, Method::GET, "/healthz"), StatusCode::OK);
    assert_eq!(status(&open, Method::GET, "/"), StatusCode::OK);
    for (method, path) in [
        (Method::GET, "/"),
        (Method::POST, "/healthz"),
        (Method::GET, "/healthz/"),
        (Method::GET, "//healthz"),
        (Method::GET, "/healthz/../v1/models"),
        (Method::GET, "/healthz%2f..%2fv1"),
        (Method::GET, "/%68ealthz"),
        (Method::GET, "/HEALTHZ"),
        (Method::GET, "/readyz"),
        (Method::GET, "/metrics"),
        (Method::OPTIONS, "/v1/chat/completions"),
        (Method::GET, "/nothing"),
    ] {
        assert_eq!(status(&closed, method, path), StatusCode::UNAUTHORIZED, "{path}");
    }
}

#[test]
fn who_stands_outside_cannot_fill_the_record() {
    let folder = tempfile::tempdir().unwrap();
    let more = "networks: [10.0.0.0/8]\ntrusted_proxies: [10.9.0.1]";
    std::fs::write(folder.path().join("keys.json"), TOKENS["sets"]["HS256"]["keys"].to_string()).unwrap();
    let mut settings = settings(folder.path(), "HS256", more);
    settings.burst = 3.try_into().unwrap();
    let gate = Gate::new(&settings).unwrap();
    let mut forged = HeaderMap::new();
    forged.insert("x-forwarded-for", HeaderValue::from_static("nonsense"));
    let rules = |peer: &str, headers: &HeaderMap| -> Vec<&str> {
        let ask = || gate.admit(peer.parse().unwrap(), &Method::GET, "/v1/models", headers, now());
        (0..5).map(|_| ask().unwrap_err().cause.rule()).collect()
    };
    // What is answered with `too_often` is counted and not written down.
    let waits = |rule| [rule, rule, rule, "gate/too_often", "gate/too_often"];
    assert_eq!(rules("203.0.113.9", &HeaderMap::new()), waits("gate/network"));
    assert_eq!(rules("10.9.0.1", &forged), waits("gate/forwarded"));
    assert!(
        gate.admit("10.9.0.1".parse().unwrap(), &Method::GET, "/v1/models", &bearer(&good("HS256")), now()).is_ok()
    );
}

#[test]
fn too_many_requests_are_told_when_to_come_again() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("keys.json"), TOKENS["sets"]["HS256"]["keys"].to_string()).unwrap();
    let mut settings = settings(folder.path(), "HS256", "");
    (settings.requests_per_second, settings.burst) = (10.try_into().unwrap(), 10.try_into().unwrap());
    let gate = Gate::new(&settings).unwrap();
    let headers = bearer(&good("HS256"));
    assert!((0..10).all(|_| ask(&gate, &headers).is_ok()));
    let refusal = ask(&gate, &headers).unwrap_err();
    let response = refusal.response();
    assert_eq!(response.status(), StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(response.headers()[header::RETRY_AFTER], "1");
    // Tokens that are none are counted as well: nobody guesses faster.
    assert_eq!(rule(ask(&gate, &bearer("x"))), Some("gate/too_often"));
}
