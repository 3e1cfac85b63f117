//! The small Chinese base of the sample data against what transformers makes of it.

#![allow(clippy::unwrap_used, reason = "a test may fail loudly")]

use std::{fs, ops::ControlFlow, path::Path};

use serde_json::Value;
use siyu_model::{Batch, Document, GenerateSettings, Model, Options};
use siyu_text::tokenizer::Tokenizer;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).unwrap()
}

/// The base, its tokenizer, and what transformers makes of it (tests/reference/base.py).
fn base() -> (Model, Tokenizer, Value) {
    let folder = root().join("sample-data/models/tiny-zh");
    let tokenizer = Tokenizer::from_json(&fs::read_to_string(folder.join("tokenizer.json")).unwrap()).unwrap();
    let golden = fs::read_to_string(root().join("tests/reference/golden/tiny-zh.json")).unwrap();
    (Model::load(&folder, Options::default()).unwrap(), tokenizer, serde_json::from_str(&golden).unwrap())
}

fn encode(tokenizer: &Tokenizer, text: &str) -> Vec<i64> {
    let mut ids = Vec::new();
    tokenizer.encode_into(text, &mut ids).unwrap();
    ids.into_iter().map(i64::from).collect()
}

#[test]
fn statutes_that_the_base_has_not_read_have_the_perplexity_that_its_readme_states() {
    let (model, tokenizer, golden) = base();
    let laws = fs::read_to_string(root().join("sample-data/laws/laws.jsonl")).unwrap();
    let (mut sum, mut labels) = (0.0, 0);
    for line in laws.lines() {
        let law: Value = serde_json::from_str(line).unwrap();
        let text = law["content"].as_str().unwrap();
        let mut ids = encode(&tokenizer, text.get(text.find("第一条").unwrap()..).unwrap());
        ids.truncate(512);
        let batch = Batch::new(&[Document { ids: &ids, labels: &ids }], model.options().device).unwrap();
        let loss = model.evaluate(&batch, None).unwrap();
        sum += loss.sum();
        labels += loss.label_count();
    }
    assert_eq!(Some(labels), golden["statutes"]["labels"].as_i64());
    let (found, expected) = (sum / labels as f64, golden["statutes"]["loss"].as_f64().unwrap());
    assert!((found - expected).abs() < 1e-4, "{found} is not the {expected} of transformers");
    let readme = fs::read_to_string(root().join("sample-data/models/README.md")).unwrap();
    assert!(readme.contains(&format!("perplexity {:.1} on the statutes of `laws/`", found.exp())), "{}", found.exp());
}

#[test]
fn the_base_goes_on_in_chinese_as_it_does_in_transformers() {
    let (model, tokenizer, golden) = base();
    for case in golden["greedy"].as_array().unwrap() {
        let prompt = encode(&tokenizer, case["prompt"].as_str().unwrap());
        let settings = GenerateSettings {
            max_tokens: 40,
            temperature: 0.0,
            top_k: 0,
            top_p: 1.0,
            repetition_penalty: 1.0,
            end_tokens: vec![2],
            seed: 0,
        };
        let mut ids = Vec::new();
        model
            .generate(&prompt, &settings, |token| {
                ids.push(u32::try_from(token).unwrap());
                ControlFlow::Continue(())
            })
            .unwrap();
        let text = tokenizer.decode(&ids);
        assert_eq!(text, case["text"].as_str().unwrap(), "after {}", case["prompt"]);
        let written: Vec<char> = text.chars().filter(|letter| !letter.is_whitespace()).collect();
        let han = written.iter().filter(|letter| ('\u{4e00}'..='\u{9fff}').contains(*letter)).count();
        assert!(10 * han >= 7 * written.len(), "{text}");
    }
}
