//! What a client must not do, over a real socket: each refused with its status, and the next one answered.

#![allow(clippy::unwrap_used, reason = "a test that meets what it does not expect has failed")]

mod running;

use running::{Response, Running, post, start};
use serde_json::{Value, json};
use std::{
    io::{Read, Write},
    thread,
    time::Duration,
};

fn alive(service: &Running) {
    let response = service.post("/v1/completions", &json!({"prompt": "a", "max_tokens": 1}));
    assert_eq!(response.status, 200, "{response:?}");
}

fn refused(service: &Running, bytes: &[u8]) -> (u16, String) {
    let response = service.raw(bytes);
    (response.status, response.message())
}

#[test]
fn bodies_that_are_too_long_are_not_read() {
    let service = start("limits: { body_bytes: 1000 }");
    let head =
        "POST /v1/completions HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nConnection: close\r\n";
    // A gigabyte is announced, and not a byte of it has to come.
    let announced = format!("{head}Content-Length: 1000000000\r\n\r\n");
    assert_eq!(refused(&service, announced.as_bytes()), (413, "the body is longer than 1000 bytes".to_owned()));
    // Nothing is announced.
    let chunk = format!("400\r\n{}\r\n", " ".repeat(1024));
    let endless = format!("{head}Transfer-Encoding: chunked\r\n\r\n{chunk}{chunk}0\r\n\r\n");
    assert_eq!(refused(&service, endless.as_bytes()).0, 413);
    alive(&service);
}

#[test]
fn heads_that_are_too_long_are_refused() {
    let service = start("limits: { header_bytes: 8192 }");
    let huge = format!("GET /v1/models HTTP/1.1\r\nHost: localhost\r\nX-Long: {}\r\n\r\n", "a".repeat(20_000));
    assert_eq!(service.raw(huge.as_bytes()).status, 431);
    let many = (0..500).map(|number| format!("X-{number}: a\r\n")).collect::<Vec<_>>().concat();
    assert_eq!(service.raw(format!("GET /v1/models HTTP/1.1\r\n{many}\r\n").as_bytes()).status, 431);
    let path = format!("GET /{} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n", "a".repeat(70_000));
    assert!([414, 431].contains(&service.raw(path.as_bytes()).status));
    alive(&service);
}

#[test]
fn who_sends_slowly_is_given_up() {
    let service = start("limits: { header_seconds: 1, body_seconds: 1 }");
    let mut slow = service.connect();
    slow.write_all(b"POST /v1/completions HTTP/1.1\r\nHost: localhost\r\n").unwrap();
    let mut dripping = slow.try_clone().unwrap();
    // A header line now and then does not keep the connection: at its end, after ten seconds, it would be answered.
    let drip = thread::spawn(move || {
        let given_up = (0..100).any(|_| {
            thread::sleep(Duration::from_millis(100));
            dripping.write_all(b"X-A: b\r\n").is_err()
        });
        if !given_up {
            let _ = dripping.write_all(b"\r\n");
        }
    });
    let status = Response::read(&mut slow).status;
    assert!([0, 408].contains(&status), "{status}");
    drop(slow);
    drip.join().unwrap();
    let body = "POST /v1/completions HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nConnection: close\r\n\
                Content-Length: 100\r\n\r\n{";
    assert_eq!(refused(&service, body.as_bytes()), (408, "the body did not come in time".to_owned()));
    alive(&service);
}

#[test]
fn what_is_no_json_object_is_refused() {
    let service = start("");
    let bytes = |body: &[u8]| {
        let head = post("/v1/completions", "").replace("Content-Length: 0", &format!("Content-Length: {}", body.len()));
        [head.as_bytes(), body].concat()
    };
    assert_eq!(refused(&service, &bytes(b"{\"prompt\": \"\xff\xfe\"}")), (400, "the body is not UTF-8".to_owned()));
    let deep = format!("{{\"prompt\": {}", "[".repeat(200_000));
    assert_eq!(refused(&service, &bytes(deep.as_bytes())).0, 400);
    assert_eq!(refused(&service, &bytes(b"[1]")).0, 400);
    let form = post("/v1/completions", "{}").replace("application/json", "text/plain");
    assert_eq!(refused(&service, form.as_bytes()).0, 415);
    alive(&service);
}

#[test]
fn other_routes_methods_and_paths_are_refused() {
    let service = start("");
    let response = service.get("/v1/model");
    assert_eq!(
        (response.status, response.message()),
        (404, "there is no such route; did you mean `/v1/models`?".to_owned())
    );
    assert_eq!(service.get("/v1/completions").status, 405);
    for path in ["/v1/../healthz", "/%2e%2e/etc/passwd", "//v1/models", "/v1/models/../../x", "/v1/models%00"] {
        assert_eq!(service.get(path).status, 404, "{path}");
    }
    assert_eq!(service.raw(b"\x16\x03\x01\x02\x00\x01\r\n\r\n").status, 400);
}

#[test]
fn fields_are_refused_by_name_with_what_to_do() {
    let service = start("limits: { output_tokens: 50 }");
    let message = |field: &str, value: Value| {
        let mut body = json!({"prompt": "a", "max_tokens": 1});
        body[field] = value;
        let response = service.post("/v1/completions", &body);
        assert_eq!(response.status, 400, "{response:?}");
        (response.json()["error"]["param"].clone(), response.message())
    };
    assert_eq!(
        message("n", 2.into()),
        ("n".into(), "`n` is not supported; send as many requests as you want answers".to_owned())
    );
    assert_eq!(message("max_tokens", 51.into()).1, "`max_tokens` must be a whole number from 1 to 50");
    assert_eq!(message("temperature", (-1).into()).1, "`temperature` must be a number from 0 to 2");
    assert_eq!(
        message("temprature", 1.into()).1,
        "the request has an unknown field, `temprature`; did you mean `temperature`?"
    );
    assert_eq!(message("seed", 1.5.into()).0, "seed");
    assert_eq!(message("stop", json!([1])).0, "stop");
    assert_eq!(message("logit_bias", json!({"a": 1})).0, "logit_bias");
    assert_eq!(message("prompt", json!(["a", "b"])).1, "one prompt is taken at a time; send a request for each");
    assert_eq!(message("prompt", json!([99_999])).0, "prompt");
    let tools = json!({"messages": [{"role": "user", "content": "a"}], "tools": [{"type": "function"}]});
    assert_eq!(service.post("/v1/chat/completions", &tools).json()["error"]["code"], "unsupported_parameter");
    let picture = json!({"messages": [{"role": "user", "content": [{"type": "image_url", "image_url": {}}]}]});
    assert!(service.post("/v1/chat/completions", &picture).message().contains("only text is read"));
    let called = json!([{"role": "assistant", "content": "a", "tool_calls": [{"id": "1", "type": "function"}]}]);
    assert_eq!(
        service.post("/v1/chat/completions", &json!({"messages": called})).message(),
        "message 0 has `tool_calls`, which is not supported; say it as text"
    );
    let as_it_came = json!([{"role": "user", "content": "a", "name": "b"},
        {"role": "assistant", "content": "c", "refusal": null, "tool_calls": null, "annotations": []},
        {"role": "user", "content": "d"}]);
    let taken = service.post("/v1/chat/completions", &json!({"messages": as_it_came, "max_tokens": 1}));
    assert_eq!(taken.status, 200, "{taken:?}");
    let options = json!({"prompt": "a", "stream": true, "stream_options": {"include_usage": "yes"}});
    assert_eq!(service.post("/v1/completions", &options).message(), "`include_usage` must be true or false");
    let session = json!({"messages": [{"role": "user", "content": "a"}], "session": "new"});
    assert_eq!(service.post("/v1/chat/completions", &session).status, 400);
}

#[test]
fn a_path_that_is_no_text_is_refused_in_json() {
    let service = start("");
    let refused = service.get("/v1/models/%ff");
    assert_eq!((refused.status, refused.message().contains("UTF-8")), (400, true), "{refused:?}");
    assert_eq!(service.get("/v1/models/%e7%bb%9d").json()["error"]["code"], "model_not_found");
}

/// Sends a request from an address of this machine; everything that comes back.
fn from(address: &str, service: &Running, request: &str) -> Response {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let stream = runtime.block_on(async {
        let socket = tokio::net::TcpSocket::new_v4().unwrap();
        socket.bind(address.parse().unwrap()).unwrap();
        socket.connect(service.address).await.unwrap().into_std().unwrap()
    });
    stream.set_nonblocking(false).unwrap();
    let mut stream = stream;
    stream.write_all(request.as_bytes()).unwrap();
    Response::read(&mut stream)
}

#[test]
fn one_address_holds_no_more_than_its_share_of_the_connections() {
    let service = start("limits: { connections: 8, connections_per_address: 3 }");
    let head = "GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n";
    let mut held: Vec<_> = (0..3).map(|_| service.connect()).collect();
    for stream in &mut held {
        stream.write_all(head.as_bytes()).unwrap();
        stream.read_exact(&mut [0; 8]).unwrap();
    }
    assert_eq!(service.raw(head.as_bytes()).status, 0, "one more is closed at once");
    let metrics = "GET /metrics HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    let other = from("127.0.0.2:0", &service, metrics);
    assert!(other.body.contains("siyu_connections_refused_total 1\n"), "{other:?}");
    drop(held.pop());
    assert!((0..1000).any(|_| {
        thread::sleep(Duration::from_millis(5));
        service.get("/healthz").status == 200
    }));
}

#[test]
fn an_open_service_listens_on_loopback_only_whoever_names_the_address() {
    let mut settings = running::settings("");
    settings.listen = "0.0.0.0:0".parse().unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let error = runtime.block_on(siyu_serve::Server::bind(&settings)).err().unwrap();
    assert!(error.is_refusal() && error.to_string().contains("0.0.0.0:0"), "{error}");
}

#[test]
fn an_open_service_answers_only_to_names_of_this_machine() {
    let service = start("");
    let status = |host: &str| {
        let head = format!("GET /v1/models HTTP/1.1\r\n{host}Connection: close\r\n\r\n");
        service.raw(head.as_bytes()).status
    };
    for local in ["localhost", "LOCALHOST:8080", "127.0.0.1:1", "127.1.2.3", "[::1]:8080", "siyu.localhost"] {
        assert_eq!(status(&format!("Host: {local}\r\n")), 200, "{local}");
    }
    // A page of these hosts may have made its name point here.
    for foreign in ["evil.example", "localhost.evil.example:8080", "127.0.0.1.evil.example", "10.0.0.1", "a b", ""] {
        assert_eq!(status(&format!("Host: {foreign}\r\n")), 403, "{foreign}");
        assert_eq!(status(&format!("Host: localhost\r\nHost: {foreign}\r\n")), 403, "{foreign}, the second");
    }
}

#[test]
fn a_prompt_that_does_not_fit_is_refused() {
    let service = start("");
    let response = service.post("/v1/completions", &json!({"prompt": "a b ".repeat(2000)}));
    assert_eq!((response.status, response.json()["error"]["code"].as_str()), (400, Some("context_length_exceeded")));
    assert_eq!(service.post("/v1/completions", &json!({"prompt": ""})).status, 400);
}

#[test]
fn a_full_queue_is_told_with_the_time_to_wait() {
    let service = start("engine: { slots: 1, queue: 1 }");
    let long = post("/v1/completions", &json!({"prompt": "a", "max_tokens": 400, "stream": true}).to_string());
    let mut streams: Vec<_> = (0..2).map(|_| service.connect()).collect();
    for stream in &mut streams {
        stream.write_all(long.as_bytes()).unwrap();
        // The head comes once the request is taken.
        stream.read_exact(&mut [0; 8]).unwrap();
    }
    let response = service.post("/v1/completions", &json!({"prompt": "a"}));
    assert_eq!(response.status, 429, "{response:?}");
    assert!(response.head.contains("retry-after: 1"));
    assert_eq!(response.json()["error"]["type"], "rate_limit_error");
    for stream in &mut streams {
        stream.read_to_end(&mut Vec::new()).unwrap();
    }
    alive(&service);
}

#[test]
fn a_service_that_ends_lets_streams_end_and_takes_no_more() {
    let mut service = start("");
    let mut stream = service.connect();
    let body = json!({"prompt": "a", "max_tokens": 300, "stream": true});
    stream.write_all(post("/v1/completions", &body.to_string()).as_bytes()).unwrap();
    let mut begin = [0; 200];
    stream.read_exact(&mut begin).unwrap();
    service.stop();
    let mut all = begin.to_vec();
    stream.read_to_end(&mut all).unwrap();
    assert!(Response::parse(&all).body.ends_with("data: [DONE]\n\n"));
    service.join();
    assert!(std::net::TcpStream::connect(service.address).is_err());
}

#[test]
fn a_stream_that_takes_too_long_to_end_gets_an_error_event_and_no_cut() {
    let mut service = start("limits: { drain_seconds: 0 }\nengine: { slots: 1 }");
    let body = json!({"prompt": "a", "max_tokens": 500, "stream": true});
    let mut streams: Vec<_> = (0..3).map(|_| service.connect()).collect();
    for stream in &mut streams {
        stream.write_all(post("/v1/completions", &body.to_string()).as_bytes()).unwrap();
        stream.read_exact(&mut [0; 8]).unwrap();
    }
    service.stop();
    for stream in &mut streams {
        let mut all = b"HTTP/1.1".to_vec();
        stream.read_to_end(&mut all).unwrap();
        let response = Response::parse(&all);
        assert!(all.ends_with(b"0\r\n\r\n"), "the response is whole");
        let last = response.events().pop().unwrap();
        // The first may have come to its end meanwhile.
        let whole = response.body.ends_with("[DONE]\n\n");
        assert!(whole || last["error"]["code"] == "shutdown", "{last}");
    }
    service.join();
}
