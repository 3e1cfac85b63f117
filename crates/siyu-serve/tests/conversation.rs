//! Conversations that the service keeps.

#![allow(clippy::unwrap_used, reason = "a test that meets what it does not expect has failed")]

mod running;

use running::{Response, Running, start};
use serde_json::{Value, json};

fn say(service: &Running, session: &str, text: &str) -> Response {
    let messages = json!([{"role": "user", "content": text}]);
    let body = json!({"messages": messages, "session": session, "max_tokens": 8, "temperature": 0});
    let response = service.post("/v1/chat/completions", &body);
    assert_eq!(response.status, 200, "{response:?}");
    response
}

fn answer(response: &Response) -> Value {
    response.json()["choices"][0]["message"]["content"].clone()
}

#[test]
fn what_was_not_answered_is_no_part_of_a_conversation() {
    let service = start("sessions: {}");
    let first = say(&service, "new", "Once upon a time");
    let id = first.head.lines().find_map(|line| line.strip_prefix("x-session-id: ")).unwrap().to_owned();
    service.service.close();
    let body = json!({"messages": [{"role": "user", "content": "And then?"}], "session": id});
    assert_eq!(service.post("/v1/chat/completions", &body).status, 503);
    let kept = service.get(&format!("/v1/sessions/{id}")).json();
    assert_eq!(kept["messages"].as_array().unwrap().len(), 2, "{kept}");
}

#[test]
fn a_conversation_goes_on_without_what_was_refused() {
    let folder = tempfile::tempdir().unwrap();
    let words = folder.path().join("words.txt");
    std::fs::write(&words, "forbidden\n").unwrap();
    let filter = format!("filter: {{ words: [{{ path: '{}', language: en }}] }}", words.display());
    let service = start(&format!("sessions: {{}}\n{filter}"));
    let first = say(&service, "new", "Once upon a time");
    let id = first.head.lines().find_map(|line| line.strip_prefix("x-session-id: ")).unwrap().to_owned();
    let refused = say(&service, &id, "a forbidden question");
    assert_eq!(refused.json()["choices"][0]["finish_reason"], "content_filter");

    let turns = [("user", json!("Once upon a time")), ("assistant", answer(&first))];
    let mut messages: Vec<Value> =
        turns.iter().map(|(role, content)| json!({"role": role, "content": content})).collect();
    let kept = service.get(&format!("/v1/sessions/{id}")).json();
    assert_eq!(kept["messages"], json!(messages), "the model does not read with the next prompt what was refused");

    messages.push(json!({"role": "user", "content": "And then?"}));
    let whole = json!({"messages": messages, "max_tokens": 8, "temperature": 0});
    let same = service.post("/v1/chat/completions", &whole);
    assert_eq!(answer(&say(&service, &id, "And then?")), answer(&same));
}

#[test]
fn a_conversation_longer_than_the_model_can_read_goes_on_without_its_oldest_turns() {
    let service = start("sessions: {}\nengine: { context: 128, prefill_chunk: 16 }");
    let first = say(&service, "new", "Once upon a time");
    let id = first.head.lines().find_map(|line| line.strip_prefix("x-session-id: ")).unwrap().to_owned();
    let usage: Vec<Value> = (0..20).map(|_| say(&service, &id, "And then?").json()["usage"].clone()).collect();
    let read = |usage: &Value| usage["prompt_tokens"].as_u64().unwrap();
    assert!(usage.iter().all(|usage| read(usage) <= 120), "{usage:?}");
    let is_found = |usage: &&Value| usage["prompt_tokens_details"]["cached_tokens"].as_u64().unwrap() >= 16;
    assert!(usage.iter().filter(is_found).count() > 10, "most prompts begin as the one before: {usage:?}");
    let kept = service.get(&format!("/v1/sessions/{id}")).json();
    assert_eq!(kept["messages"].as_array().unwrap().len(), 42, "the caller can still read all of it");
}

#[test]
fn a_word_over_instruction_and_input_is_found() {
    let folder = tempfile::tempdir().unwrap();
    let words = folder.path().join("words.txt");
    std::fs::write(&words, "敏感词\n").unwrap();
    let service = start(&format!("filter: {{ words: [{{ path: '{}', language: zh }}] }}", words.display()));
    let reason = |instruction: &str, input: &str| {
        let body = json!({"instruction": instruction, "input": input, "max_tokens": 2});
        service.post("/generate", &body).json()["finish_reason"].clone()
    };
    assert_eq!(reason("敏，感", "词"), "content_filter");
    assert_eq!(reason("敏", "感，词"), "content_filter");
    assert_ne!(reason("敏感", "词"), "content_filter", "as a line break within one text");
}
