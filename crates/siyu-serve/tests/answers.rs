//! Answers over a real socket.

#![allow(clippy::unwrap_used, clippy::string_slice, reason = "a test that meets what it does not expect has failed")]

mod running;

use running::{MODEL, Response, Running, post, settings, start, streamed};
use serde_json::{Value, json};
use siyu_export::OnnxModel;
use siyu_serve::{Model, contract::Hooks};
use siyu_text::tokenizer::Tokenizer;
use std::{
    io::{Read, Write},
    sync::Arc,
};

const PROMPT: &str = "Once upon a time";

fn completion(service: &Running, body: &Value) -> Value {
    let response = service.post("/v1/completions", body);
    assert_eq!(response.status, 200, "{response:?}");
    response.json()
}

fn text(response: &Value) -> &str {
    response["choices"][0]["text"].as_str().unwrap()
}

#[test]
fn a_greedy_answer_is_the_one_of_the_model_run_alone() {
    let service = start("");
    let json = std::fs::read_to_string(MODEL.1.join("tokenizer.json")).unwrap();
    let tokenizer = Tokenizer::from_json(&json).unwrap();
    let mut ids = Vec::new();
    tokenizer.encode_with_special_into(PROMPT, &mut ids).unwrap();
    let prompt: Vec<i64> = ids.iter().map(|&id| i64::from(id)).collect();
    let made = OnnxModel::open(&MODEL.1, 1).unwrap().continue_greedily(&prompt, 64, &[]).unwrap();
    ids.extend(made.iter().map(|&id| u32::try_from(id).unwrap()));
    let answer = completion(&service, &json!({"prompt": PROMPT, "max_tokens": 64, "temperature": 0}));
    assert_eq!(format!("{PROMPT}{}", text(&answer)), tokenizer.decode(&ids));
    assert_eq!(answer["usage"]["completion_tokens"], 64);
    assert_eq!(answer["usage"]["prompt_tokens"], prompt.len());
    assert_eq!(answer["choices"][0]["finish_reason"], "length");
}

#[test]
fn a_stream_has_the_text_of_the_whole_and_ends_with_reason_usage_and_done() {
    let service = start("");
    let mut body = json!({"prompt": PROMPT, "max_tokens": 40, "seed": 7, "temperature": 1});
    let whole = completion(&service, &body);
    body["stream"] = true.into();
    body["stream_options"] = json!({"include_usage": true});
    let response = service.post("/v1/completions", &body);
    assert!(response.head.contains("text/event-stream"), "{response:?}");
    assert!(response.body.ends_with("data: [DONE]\n\n"));
    let events = response.events();
    assert_eq!(streamed(&events), text(&whole));
    let [.., reason, usage] = events.as_slice() else { panic!("{events:?}") };
    assert_eq!(reason["choices"][0]["finish_reason"], whole["choices"][0]["finish_reason"]);
    assert_eq!(usage["choices"], json!([]));
    let tokens = |of: &Value| (of["usage"]["prompt_tokens"].clone(), of["usage"]["completion_tokens"].clone());
    assert_eq!(tokens(usage), tokens(&whole));
}

#[test]
fn a_chat_is_laid_out_by_the_template_and_opens_with_its_role() {
    let service = start("");
    let chat = json!({"messages": [{"role": "user", "content": PROMPT}], "max_tokens": 12, "temperature": 0});
    let whole = service.post("/v1/chat/completions", &chat).json();
    // The template `plain` ends a question with a line feed.
    let same = completion(&service, &json!({"prompt": format!("{PROMPT}\n"), "max_tokens": 12, "temperature": 0}));
    assert_eq!(whole["choices"][0]["message"]["content"].as_str().unwrap(), text(&same));
    assert_eq!(whole["object"], "chat.completion");
    let mut stream = chat;
    stream["stream"] = true.into();
    let events = service.post("/v1/chat/completions", &stream).events();
    assert_eq!(events[0]["choices"][0]["delta"], json!({"role": "assistant", "content": ""}));
    let pieces: String = events.iter().filter_map(|event| event["choices"][0]["delta"]["content"].as_str()).collect();
    assert_eq!(pieces, text(&same));
}

#[test]
fn an_instruction_is_laid_out_as_in_training() {
    let service = start("");
    let sampling = json!({"max_tokens": 8, "temperature": 0});
    let with = |fields: Value| {
        let mut body = sampling.clone();
        body.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
        body
    };
    let asked = service.post("/generate", &with(json!({"instruction": "Tell", "input": "a story"}))).json();
    let same = completion(&service, &with(json!({"prompt": "Tell\na story\n"})));
    assert_eq!(asked["text"].as_str().unwrap(), text(&same));
    assert_eq!(asked["finish_reason"], "length");
    let streamed = service.post("/generate", &with(json!({"prompt": "Tell\na story\n", "stream": true}))).events();
    let pieces: String = streamed.iter().filter_map(|event| event["text"].as_str()).collect();
    assert_eq!(pieces, text(&same));
}

#[test]
fn stop_sequences_end_an_answer_and_are_no_part_of_it() {
    let service = start("");
    let body = json!({"prompt": PROMPT, "max_tokens": 60, "temperature": 0});
    let whole = completion(&service, &body);
    let (before, _) = text(&whole).split_once("little girl").unwrap();
    let mut stopping = body;
    stopping["stop"] = json!(["little girl"]);
    let stopped = completion(&service, &stopping);
    assert_eq!((text(&stopped), stopped["choices"][0]["finish_reason"].as_str()), (before, Some("stop")));
    stopping["stream"] = true.into();
    let events = service.post("/v1/completions", &stopping).events();
    assert_eq!(streamed(&events), before);
}

#[test]
fn probabilities_have_the_form_of_each_route() {
    let service = start("");
    let body = json!({"prompt": PROMPT, "max_tokens": 3, "temperature": 0, "logprobs": 2});
    let logprobs = &completion(&service, &body)["choices"][0]["logprobs"];
    assert_eq!(logprobs["tokens"].as_array().unwrap().len(), 3);
    assert_eq!(logprobs["top_logprobs"][0].as_object().unwrap().len(), 2);
    let first = logprobs["token_logprobs"][0].as_f64().unwrap();
    assert!(first <= 0.0 && first > -20.0);
    let messages = json!([{"role": "user", "content": PROMPT}]);
    let body = json!({"messages": messages, "max_tokens": 3, "temperature": 0, "logprobs": true, "top_logprobs": 1});
    let content = &service.post("/v1/chat/completions", &body).json()["choices"][0]["logprobs"]["content"];
    assert_eq!(content.as_array().unwrap().len(), 3);
    assert_eq!(content[0]["top_logprobs"][0]["token"], content[0]["token"]);
    let bytes: Vec<u8> = serde_json::from_value(content[0]["bytes"].clone()).unwrap();
    assert_eq!(String::from_utf8(bytes).unwrap(), content[0]["token"].as_str().unwrap());
}

#[test]
fn the_texts_of_tokens_make_the_text_of_the_answer() {
    let service = start("");
    let body = json!({"prompt": "Once upon a time, there was a", "max_tokens": 20, "temperature": 0, "logprobs": 0});
    let answer = completion(&service, &body);
    let logprobs = &answer["choices"][0]["logprobs"];
    let tokens: Vec<String> = serde_json::from_value(logprobs["tokens"].clone()).unwrap();
    assert_eq!(tokens.concat(), text(&answer));
    let offsets: Vec<usize> = serde_json::from_value(logprobs["text_offset"].clone()).unwrap();
    for (at, token) in offsets.into_iter().zip(&tokens) {
        assert!(text(&answer)[at..].starts_with(token), "{token} at {at}");
    }
}

#[test]
fn a_listed_word_is_not_among_the_alternatives() {
    let body = json!({"messages": [{"role": "user", "content": PROMPT}], "max_tokens": 12, "temperature": 0,
                      "logprobs": true, "top_logprobs": 20});
    let ask = |service: &Running| service.post("/v1/chat/completions", &body).json()["choices"][0].take();
    let alternatives = |choice: &Value| -> Vec<String> {
        let tokens = choice["logprobs"]["content"].as_array().unwrap().iter();
        let all = tokens.flat_map(|token| token["top_logprobs"].as_array().unwrap());
        all.map(|likely| likely["token"].as_str().unwrap().to_owned()).collect()
    };
    let open = ask(&start(""));
    let said = format!("{PROMPT} {}", open["message"]["content"].as_str().unwrap()).to_lowercase();
    let is_word = |text: &str| text.len() > 3 && text[1..].bytes().all(|byte| byte.is_ascii_lowercase());
    let unsaid = |text: &&String| text.starts_with(' ') && is_word(text) && !said.contains(&text[1..]);
    let all = alternatives(&open);
    let word = all.iter().find(unsaid).expect("a word that was not chosen");
    let folder = tempfile::tempdir().unwrap();
    let list = folder.path().join("words.txt");
    std::fs::write(&list, &word[1..]).unwrap();
    let closed = ask(&start(&format!("filter: {{ words: [{{ path: {}, language: en }}] }}", list.display())));
    assert_eq!(closed["message"], open["message"]);
    let kept: Vec<String> = all.iter().filter(|text| text.trim() != word.trim()).cloned().collect();
    assert_eq!(alternatives(&closed), kept);
}

#[test]
fn probabilities_tell_nothing_of_what_the_filter_keeps() {
    let folder = tempfile::tempdir().unwrap();
    let tokens = |word: &str, action: &str, stream: bool| {
        let words = folder.path().join("words.txt");
        std::fs::write(&words, word).unwrap();
        let list = format!("{{ path: '{}', language: en, action: {action} }}", words.display());
        let personal = "personal_data: { prompt: pass, answer: pass }";
        let service = start(&format!("filter: {{ words: [{list}], {personal} }}"));
        let body = json!({"prompt": "Once upon a time, there was a", "max_tokens": 12, "temperature": 0, "logprobs": 0,
                          "stream": stream});
        let response = service.post("/v1/completions", &body);
        let all = if stream { response.events() } else { vec![response.json()] };
        let tokens = all.iter().filter_map(|event| event["choices"][0]["logprobs"]["tokens"].as_array());
        let tokens: String = tokens.flatten().map(|token| token.as_str().unwrap()).collect();
        (streamed(&all), tokens)
    };
    for stream in [false, true] {
        // The model writes ` little girl named Lily. She loved to play`.
        assert_eq!(tokens("girl", "mask", stream).1, " little named Lily. She loved to play");
        assert_eq!(
            tokens("named Lily", "refuse", stream),
            (" little girl 抱歉无法回答".to_owned(), " little girl".to_owned())
        );
    }
}

#[test]
fn models_are_listed_and_another_is_not_found() {
    let service = start("");
    assert_eq!(service.get("/v1/models").json()["data"][0]["id"], "stories");
    assert_eq!(service.get("/v1/models/stories").json()["object"], "model");
    assert_eq!(service.get("/v1/models/other").status, 404);
    let other = service.post("/v1/completions", &json!({"model": "other", "prompt": "a"}));
    assert_eq!((other.status, other.json()["error"]["code"].as_str()), (404, Some("model_not_found")));
    assert_eq!(service.get("/healthz").status, 200);
    assert_eq!(service.get("/readyz").status, 200);
}

#[test]
fn another_model_answers_new_requests_while_running_ones_end_with_the_old() {
    let service = start("");
    let body = json!({"prompt": PROMPT, "max_tokens": 200, "temperature": 0, "stream": true});
    let alone = streamed(&service.post("/v1/completions", &body).events());
    let mut stream = service.connect();
    stream.write_all(post("/v1/completions", &body.to_string()).as_bytes()).unwrap();
    let mut bytes = vec![0; 8];
    // The head comes once the request is taken.
    stream.read_exact(&mut bytes).unwrap();
    let second = Model::open(&settings("name: second"), Hooks::default().observer, Arc::new(|error| panic!("{error}")));
    service.service.swap(second.unwrap());
    let whole = completion(&service, &json!({"prompt": PROMPT, "max_tokens": 200, "temperature": 0}));
    assert_eq!((whole["model"].as_str(), text(&whole)), (Some("second"), alone.as_str()));
    stream.read_to_end(&mut bytes).unwrap();
    let old = Response::parse(&bytes);
    assert_eq!(old.events()[0]["model"], "stories");
    assert_eq!(streamed(&old.events()), alone);
}

#[test]
fn a_gpu_that_the_runtime_does_not_know_is_refused_with_what_to_do() {
    let settings = settings("engine: { device: cuda }");
    // With an onnxruntime for GPUs and a GPU there is nothing to refuse.
    if let Err(error) = Model::open(&settings, Hooks::default().observer, Arc::new(|_| ())) {
        let error = error.to_string();
        let helps = error.contains("ORT_DYLIB_PATH") && error.contains("leave `device` out");
        assert!(helps || error.contains("on the first GPU"), "{error}");
    }
}

#[test]
fn a_beginning_that_was_read_before_is_taken_from_the_cache() {
    let service = start("engine: { prefill_chunk: 16 }");
    let beginning = "Tim had a red ball. He liked to play with it all day. ".repeat(4);
    let cached = |end: &str| {
        let body = json!({"prompt": format!("{beginning}{end}"), "max_tokens": 4});
        completion(&service, &body)["usage"]["prompt_tokens_details"]["cached_tokens"].as_u64().unwrap()
    };
    assert_eq!(cached("One day"), 0);
    let again = cached("Then");
    assert!(again >= 64 && again.is_multiple_of(16), "{again}");
}
