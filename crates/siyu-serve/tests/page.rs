//! The chat page in a browser, against a service that answers from a script.

mod support;

use std::convert::Infallible;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use axum::http::StatusCode;
use axum::response::sse::{Event, Sse};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use futures::{Stream, StreamExt, stream};
use serde_json::{Value, json};
use support::House;

/// Messages that the model reads at once.
const MOST: usize = 5;

/// Pieces of an answer as `OpenAI`'s interface streams them, slowly where that is asked for.
async fn answer(Json(request): Json<Value>) -> Response {
    let turns = request["messages"].as_array().cloned().unwrap_or_default();
    if turns.len() > MOST {
        let error = json!({ "error": { "message": "too long", "code": "context_length_exceeded" } });
        return (StatusCode::BAD_REQUEST, Json(error)).into_response();
    }
    let asked = turns.last().and_then(|turn| turn["content"].as_str());
    streamed(asked.is_some_and(|asked| asked.contains('慢'))).into_response()
}

fn streamed(slow: bool) -> Sse<impl Stream<Item = Result<Event, Infallible>>> {
    let pieces: Vec<String> = if slow {
        (0..200).map(|number| if number == 0 { "一".into() } else { "……".into() }).collect()
    } else {
        "这是一个<b>答案</b>：\n第一，可以复制；\n第二，可以停止。".chars().map(String::from).collect()
    };
    let chunk = |delta: Value, reason: Value| {
        json!({ "choices": [{ "index": 0, "delta": delta, "finish_reason": reason }] }).to_string()
    };
    let mut events: Vec<String> =
        pieces.into_iter().map(|piece| chunk(json!({ "content": piece }), Value::Null)).collect();
    events.push(chunk(json!({}), json!("stop")));
    events.push("[DONE]".to_owned());
    Sse::new(stream::iter(events).then(move |event| async move {
        tokio::time::sleep(Duration::from_millis(if slow { 200 } else { 5 })).await;
        Ok(Event::default().data(event))
    }))
}

#[test]
#[ignore = "needs Chromium in /usr/bin and Playwright for the Python in $PYTHON"]
fn the_page_logs_in_streams_stops_copies_and_changes_its_clothes() {
    let models = get(async || Json(json!({ "object": "list", "data": [{ "id": "tiny-zh", "object": "model" }] })));
    let router = Router::new().route("/v1/models", models).route("/v1/chat/completions", post(answer));
    let house = House::with("  requests_per_second: 1000\n  burst: 1000\n", router);
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    let shots = PathBuf::from(std::env::var_os("PAGE_SHOTS").unwrap_or_else(|| env!("CARGO_TARGET_TMPDIR").into()));
    let python = std::env::var("PYTHON").unwrap_or_else(|_| "python3".to_owned());
    let status = Command::new(python)
        .arg(root.join("scripts/page.py"))
        .arg(format!("http://{}", house.address))
        .arg(house.token("alice"))
        .arg(shots)
        .status()
        .unwrap();
    assert!(status.success());
}
