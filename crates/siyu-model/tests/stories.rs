//! A really trained tiny model tells the story it is known for.

#![allow(clippy::unwrap_used, reason = "a test that cannot read its own files has failed")]

use siyu_model::{End, GenerateSettings, Model, Options};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../sample-data/models/stories260k")
}

/// Token ids to text by the vocabulary in `tokenizer.json`; a low line stands for a space.
fn text(ids: &[i64]) -> String {
    let json = std::fs::read_to_string(folder().join("tokenizer.json")).unwrap();
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    let vocabulary = json["model"]["vocab"].as_object().unwrap();
    let token = |id: i64| vocabulary.iter().find(|(_, known)| known.as_i64() == Some(id)).unwrap().0.clone();
    ids.iter().map(|&id| token(id)).collect::<String>().replace('\u{2581}', " ")
}

fn told(settings: &GenerateSettings) -> (Vec<i64>, End) {
    let model = Model::load(folder(), Options::default()).unwrap();
    let mut ids = vec![];
    let end = model.generate(&[1], settings, |token| {
        ids.push(token);
        ControlFlow::Continue(())
    });
    (ids, end.unwrap())
}

#[test]
fn stories260k_tells_its_story() {
    let settings = GenerateSettings { max_tokens: 60, ..GenerateSettings::from_folder(folder()).unwrap() };
    let (ids, end) = told(&settings);
    assert_eq!(end, End::MaxTokens);
    // The story as the model's author prints it.
    assert_eq!(
        text(&ids).trim(),
        "Once upon a time, there was a little girl named Lily. She loved to play outside in the park. One day, she \
         saw a big, red ball. She wanted to play with it, but it was too high"
    );
}

#[test]
fn a_seed_draws_the_same_text_again() {
    let settings = GenerateSettings {
        max_tokens: 20,
        temperature: 1.0,
        top_p: 0.9,
        seed: 3,
        ..GenerateSettings::from_folder(folder()).unwrap()
    };
    let first = told(&settings).0;
    assert_eq!(told(&settings).0, first);
    assert_ne!(told(&GenerateSettings { seed: 4, ..settings }).0, first);
}
