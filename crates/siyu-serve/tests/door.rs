//! The gate over a real socket: what is not allowed in touches nothing.

mod support;

use siyu_serve::Clock;
use siyu_serve::contract::Verdict;
use siyu_serve::gate::{TokenSettings, with_new_key};
use support::House;

const MANY: &str = "  requests_per_second: 100000\n  burst: 100000\n";

#[test]
fn a_token_opens_the_door_and_nothing_else_does() {
    let house = House::new(MANY);
    let token = house.token("alice");
    let (status, answer) = house.with_token("GET /v1/models", &token, "");
    assert_eq!(status, 200, "{answer}");
    assert!(answer.contains("alice from 127.0.0.1"), "{answer}");
    assert_eq!(house.reached(), 1);

    let now = Clock::new().now().unix;
    let ours = house.token_settings();
    let other = |audience: &str, issuer: &str| TokenSettings {
        audience: audience.into(),
        issuer: issuer.into(),
        ..ours.clone()
    };
    let (head, rest) = token.split_once('.').unwrap();
    let (body, _) = rest.split_once('.').unwrap();
    let wrong = [
        house.token_for("alice", &ours, now - 1000, 900),
        house.token_for("alice", &ours, now + 900, 900),
        house.token_for("alice", &other("elsewhere", "me"), now, 900),
        house.token_for("alice", &other("siyu", "someone"), now, 900),
        format!("{head}.{body}."),
        format!("eyJhbGciOiJub25lIn0.{body}."),
        "x".repeat(8000),
    ];
    for token in &wrong {
        let (status, answer) = house.with_token("GET /v1/models", token, "");
        assert_eq!(status, 401, "{answer}");
        assert!(answer.to_lowercase().contains("www-authenticate: bearer error=\"invalid_token\""), "{answer}");
        assert!(!answer.contains(token), "the answer quotes the token");
    }
    let (status, answer) = house.ask("GET /v1/models", "", "");
    assert_eq!((status, answer.to_lowercase().contains("www-authenticate: bearer\r\n")), (401, true));
    // In the address a token would end up in logs.
    assert_eq!(house.ask(&format!("GET /v1/models?access_token={token}"), "", "").0, 401);
    assert_eq!(house.ask("GET /v1/models", &format!("Cookie: token={token}\r\n"), "").0, 401);
    assert_eq!(house.reached(), 1, "nothing behind the door was touched");
    let record = house.record();
    assert_eq!(record.matches("\"event\":\"refused\"").count(), wrong.len() + 3, "{record}");
    assert!(!record.contains(body) && !record.contains("eyJ"), "no part of a token is recorded");
}

#[test]
fn tricks_with_paths_and_heads_get_nowhere() {
    let house = House::new(MANY);
    for line in [
        "GET //healthz/../v1/models",
        "GET /healthz/../v1/models",
        "GET /healthz/%2e%2e/v1/models",
        "GET /healthz%00/v1/models",
        "GET /healthz;/v1/models",
        "GET /v1/models/healthz",
        "GET /v1/models#/healthz",
        "GET /v1/models?/healthz",
        "GET http://x/v1/models",
        "POST /healthz",
        "OPTIONS *",
    ] {
        let (status, answer) = house.ask(line, "", "");
        assert!(matches!(status, 400 | 401 | 405), "{line}: {answer}");
    }
    let head = |more: &str| house.ask("GET /v1/models", more, "").0;
    assert_eq!(head("X-Original-URL: /healthz\r\nX-Rewrite-Url: /healthz\r\nX-HTTP-Method-Override: HEAD\r\n"), 401);
    assert!(matches!(head(&format!("X-Long: {}\r\n", "a".repeat(1 << 20))), 431 | 400 | 0));
    assert!(matches!(head(&"X-Many: a\r\n".repeat(2000)), 431 | 400 | 0));
    let token = house.token("alice");
    let two = format!("Authorization: Bearer {token}\r\nAuthorization: Bearer {token}\r\n");
    assert_eq!(head(&two), 401);
    // Two lengths, or a length and pieces: two servers could read two different requests (RFC 9112, section 6.3).
    for smuggled in [
        "POST /v1/models HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nContent-Length: 50\r\n\r\nGET /",
        "POST /v1/models HTTP/1.1\r\nHost: x\r\nContent-Length: x\r\n\r\n",
        "POST /v1/models HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: xchunked\r\n\r\n",
        "GET /v1/models HTTP/1.1\r\nHost: x\r\nX: a\r\n b\r\n\r\n",
        "\u{16}\u{3}\u{1}\u{2}",
    ] {
        let (status, answer) = house.send(smuggled.as_bytes());
        assert!(matches!(status, 400 | 401 | 0), "{smuggled:?}: {answer}");
    }
    assert_eq!(house.reached(), 0);
}

#[test]
fn an_invented_origin_neither_opens_networks_nor_fills_other_buckets() {
    let house = House::new("  requests_per_second: 1\n  burst: 3\n  networks: [127.0.0.0/8]\n");
    let token = house.token("alice");
    let ask = |forwarded: &str| {
        house.ask("GET /v1/models", &format!("Authorization: Bearer {token}\r\nX-Forwarded-For: {forwarded}\r\n"), "")
    };
    let statuses: Vec<u16> = (0..5).map(|host| ask(&format!("203.0.113.{host}")).0).collect();
    assert_eq!(statuses[..3], [200, 200, 200]);
    assert!(statuses[3..].contains(&429), "{statuses:?}");
    let (_, answer) = ask("203.0.113.9");
    assert!(answer.to_lowercase().contains("retry-after: 1") || answer.starts_with("HTTP/1.1 200"), "{answer}");

    let proxied = House::new("  networks: [10.0.0.0/8]\n  trusted_proxies: [127.0.0.1]\n");
    let token = proxied.token("alice");
    let ask = |forwarded: &str| {
        proxied.ask("GET /v1/models", &format!("Authorization: Bearer {token}\r\nX-Forwarded-For: {forwarded}\r\n"), "")
    };
    assert!(ask("203.0.113.7, 10.1.2.3").1.contains("alice from 10.1.2.3"));
    assert_eq!(ask("10.1.2.3, 203.0.113.7").0, 403);
    assert_eq!(ask("10.1.2.3, nonsense").0, 400);
}

#[test]
fn a_rotated_key_counts_and_the_old_one_no_longer() {
    let house = House::new(MANY);
    let old = house.token("alice");
    let path = house.folder.path().join("keys.json");
    let both = with_new_key(Some(&std::fs::read_to_string(&path).unwrap()), &path).unwrap();
    let mut set: serde_json::Value = serde_json::from_str(&both).unwrap();
    let opens = |token: &str| house.with_token("GET /v1/models", token, "").0;
    let change = |text: &str| {
        std::fs::write(&path, text).unwrap();
        house.guards.as_ref().unwrap().refresh();
    };
    change(&both);
    assert_eq!(opens(&old), 200, "both count as long as both are there");
    set["keys"].as_array_mut().unwrap().remove(0);
    change(&set.to_string());
    let new = house.token("alice");
    assert_eq!((opens(&new), opens(&old)), (200, 401));
    change("no keys");
    assert_eq!(opens(&new), 200, "a file that cannot be read takes nobody's key away");
    let (_, metrics) = house.with_token("GET /metrics", &new, "");
    assert!(metrics.contains("siyu_reloads_total{result=\"done\"} 2"), "{metrics}");
    assert!(metrics.contains("siyu_reloads_total{result=\"failed\"} 1"), "{metrics}");
}

#[test]
fn a_changed_list_of_words_counts_for_the_next_text() {
    let house = House::new(MANY);
    let guards = house.guards.as_ref().unwrap();
    let filter = guards.hooks().filter;
    let is_refused = |text: &str| matches!(filter.check_prompt(text), Verdict::Refuse(_));
    assert!(is_refused("这是机密") && !is_refused("这是暗号"));
    std::fs::write(house.folder.path().join("words.txt"), "暗号\n").unwrap();
    assert!(is_refused("这是机密"), "nothing is read before it is looked for");
    guards.refresh();
    assert!(!is_refused("这是机密") && is_refused("这是暗号"));
}

#[test]
fn the_page_and_the_metrics_are_where_they_should_be() {
    let house = House::new(MANY);
    let (status, page) = house.ask("GET /", "", "");
    assert_eq!(status, 200);
    let policy = page.lines().find(|line| line.to_lowercase().starts_with("content-security-policy:")).unwrap();
    assert!(policy.contains("default-src 'none'") && !policy.contains("unsafe"), "{policy}");
    assert_eq!(house.ask("GET /metrics", "", "").0, 401);
    let (status, metrics) = house.with_token("GET /metrics", &house.token("prometheus"), "");
    assert_eq!(status, 200);
    assert!(metrics.contains("siyu_refused_total{status=\"401\"} 1"), "{metrics}");
    let closed = House::new("  page: false\n");
    assert_eq!(closed.ask("GET /", "", "").0, 401);
    assert_eq!(closed.with_token("GET /", &closed.token("alice"), "").0, 404);
}

#[test]
fn notes_have_the_limits_and_the_errors_of_other_bodies() {
    let house = House::new(MANY);
    let alice = house.token("alice");
    let error = |line: &str, body: &str| {
        let (status, answer) = house.with_token(line, &alice, body);
        let (_, body) = answer.split_once("\r\n\r\n").unwrap();
        let error: serde_json::Value = serde_json::from_str(body).unwrap_or_else(|_| panic!("{answer}"));
        (status, error["error"]["message"].as_str().unwrap().to_owned())
    };
    assert_eq!(error("POST /v1/memory", "{\"txt\": \"secret\"}").0, 400);
    assert_eq!(error("POST /v1/memory", "{\"text\": \"secret").1, "the body ends within its JSON");
    let long = format!("{{\"text\": \"{}\"}}", "a".repeat(1 << 20));
    assert_eq!(error("POST /v1/memory", &long), (413, "the body is longer than 1048576 bytes".to_owned()));
    assert_eq!(error("PUT /v1/memory", "").0, 405);
    assert_eq!(error("DELETE /v1/memory/%ff", "").0, 400);
    assert_eq!(error("GET /v1/sessions/%ff", "").0, 400);
    assert_eq!(error("DELETE /v1/sessions/%ff", "").0, 400);
    let (_, answer) = house.with_token("PUT /v1/memory", &alice, "");
    assert!(answer.to_lowercase().contains("allow: get,head,post,delete"), "{answer}");
}

#[test]
fn users_read_and_delete_what_is_kept_of_them_and_of_nobody_else() {
    let house = House::new(MANY);
    let (alice, bob) = (house.token("alice"), house.token("bob"));
    let (status, answer) = house.with_token("POST /v1/memory", &alice, "{\"text\": \"电话13800138000，住在杭州\"}");
    assert_eq!(status, 201, "{answer}");
    // What goes before every prompt is filtered like one.
    assert!(answer.contains("电话<MASK>，住在杭州"), "{answer}");
    assert_eq!(house.with_token("POST /v1/memory", &alice, "{\"text\": \"这是机 密\"}").0, 400);
    assert!(house.with_token("GET /v1/memory", &alice, "").1.contains("住在杭州"));
    assert!(!house.with_token("GET /v1/memory", &bob, "").1.contains("住在杭州"));
    assert_eq!(house.with_token("DELETE /v1/memory/0", &bob, "").0, 404);
    assert_eq!(house.with_token("DELETE /v1/memory/0", &alice, "").0, 204);
    assert!(!house.with_token("GET /v1/memory", &alice, "").1.contains("住在杭州"));
    assert_eq!(house.with_token("DELETE /v1/memory/abc", &alice, "").0, 404);
    assert_eq!(house.with_token("GET /v1/sessions/abc", &alice, "").0, 404);
}
