//! Ids and labels of 500 dialogues and 200 instructions against transformers and TRL.
//!
//! `fixtures/chat_labels.json` is what `tests/reference/chat_labels.py` writes.

#![allow(clippy::unwrap_used, reason = "a test may fail loudly")]

use serde::Deserialize;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use siyu_text::chat::{ChatTemplate, Encoder, Example, Fitted, IGNORED, Message, Overflow};
use siyu_text::tokenizer::Tokenizer;
use std::collections::BTreeMap;
use std::sync::Arc;

const TINY: &str = include_str!("../../../sample-data/models/tiny-zh/tokenizer.json");
const STORIES: &str = include_str!("../../../sample-data/models/stories260k/tokenizer.json");
const LLAMA3: [&str; 4] = ["<|begin_of_text|>", "<|start_header_id|>", "<|end_header_id|>", "<|eot_id|>"];

#[derive(Deserialize)]
struct Reference {
    /// Role and content of each message.
    dialogues: Vec<Vec<(String, String)>>,
    /// Per named template a row for each dialogue.
    templates: BTreeMap<String, Vec<Row>>,
    /// The inputs of the first dialogues' questions, empty for none.
    inputs: Vec<String>,
    alpaca: Vec<Row>,
}

/// Number of ids, the beginning of their hash, then where what is learnt begins and ends.
type Row = Vec<Value>;

fn reference() -> Reference {
    serde_json::from_str(include_str!("fixtures/chat_labels.json")).unwrap()
}

/// The tokenizer of the sample data with the control tokens of Llama 3 behind its own.
fn tiny() -> Arc<Tokenizer> {
    let mut json: Value = serde_json::from_str(TINY).unwrap();
    let tokens = json["added_tokens"].as_array_mut().unwrap();
    for (id, content) in (6400..).zip(LLAMA3) {
        let mut token = tokens[0].clone();
        (token["id"], token["content"]) = (json!(id), json!(content));
        tokens.push(token);
    }
    Arc::new(Tokenizer::from_json(&json.to_string()).unwrap())
}

fn encoder(tokenizer: &Arc<Tokenizer>, template: &str) -> Encoder {
    Encoder::new(Arc::clone(tokenizer), ChatTemplate::named(template).unwrap(), 1 << 20, Overflow::Drop).unwrap()
}

fn whole(fitted: Fitted) -> Example {
    let Fitted::Whole(example) = fitted else { panic!("a million tokens are enough") };
    example
}

fn row(example: &Example) -> Row {
    let ids: Vec<String> = example.input_ids.iter().map(ToString::to_string).collect();
    let digest = Sha256::digest(ids.join(","));
    let start = digest.iter().take(6).fold(0_u64, |start, byte| start << 8 | u64::from(*byte));
    let mut row = vec![json!(ids.len()), json!(format!("{start:012x}"))];
    let learnt = |label: Option<&i32>| label.is_some_and(|label| *label != IGNORED);
    for place in 0..=ids.len() {
        let before = place.checked_sub(1).and_then(|before| example.labels.get(before));
        if learnt(before) != learnt(example.labels.get(place)) {
            row.push(json!(place));
        }
    }
    row
}

/// TRL's template for Qwen learns the line break in front of an answer, which a prompt always brings, and the one behind
/// its end token, which no one waits for.
fn without_line_breaks(expected: &[Value]) -> Row {
    let (ids, spans) = expected.split_at(2);
    let spans = spans.iter().enumerate().map(|(place, border)| {
        let border = border.as_u64().unwrap();
        json!(if place % 2 == 0 { border + 1 } else { border - 1 })
    });
    ids.iter().cloned().chain(spans).collect()
}

#[test]
fn ids_and_labels_of_dialogues_are_those_of_transformers_and_trl() {
    let reference = reference();
    let stories = Arc::new(Tokenizer::from_json(STORIES).unwrap());
    let tiny = tiny();
    assert_eq!(reference.dialogues.len(), 500);
    let mut wrong = Vec::new();
    for (name, rows) in &reference.templates {
        let encoder = encoder(if name == "llama2" { &stories } else { &tiny }, name);
        for (number, (turns, expected)) in reference.dialogues.iter().zip(rows).enumerate() {
            let message =
                |(role, content): &(String, String)| Message { role: role.parse().unwrap(), content: content.clone() };
            let example = whole(encoder.messages(&turns.iter().map(message).collect::<Vec<_>>()).unwrap());
            let expected = if name == "qwen2" { without_line_breaks(expected) } else { expected.clone() };
            let found = row(&example);
            if found != expected {
                wrong.push(format!("{name} {number}: {found:?} instead of {expected:?}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{} differ:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn ids_and_labels_of_instructions_are_those_of_trls_prompts_and_completions() {
    let reference = reference();
    let encoder = encoder(&tiny(), "alpaca");
    let mut wrong = Vec::new();
    for (number, (input, expected)) in reference.inputs.iter().zip(&reference.alpaca).enumerate() {
        let mut said =
            reference.dialogues[number].iter().filter(|(role, _)| role != "system").map(|(_, content)| content);
        let (question, answer) = (said.next().unwrap(), said.next().unwrap());
        let found = row(&whole(encoder.instruction(question, Some(input), answer).unwrap()));
        if found != *expected {
            wrong.push(format!("{number}: {found:?} instead of {expected:?}"));
        }
    }
    assert!(wrong.is_empty(), "{} differ:\n{}", wrong.len(), wrong.join("\n"));
}
