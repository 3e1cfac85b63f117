//! The training files that the repository brings.

#![allow(clippy::unwrap_used, reason = "a test may fail loudly")]

mod support;

use std::path::Path;

use siyu_train::{
    Settings, metrics,
    settings::{Init, Method, Targets, WarmUp},
};
use support::{train, workplace};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).unwrap()
}

fn settings(name: &str) -> Settings {
    Settings::from_path(&root().join("pipelines/train").join(name)).unwrap()
}

#[test]
fn the_file_of_the_recipe_says_what_the_defaults_are() {
    let least = "model: models/base\ndataset: out/laws-summary\noutput: out/laws-adapter\n";
    let defaults = Settings::from_text(least, Path::new("train.yaml")).unwrap();
    assert_eq!(settings("laws-adapter.yaml"), defaults);
}

#[test]
fn the_demo_trains_an_adapter_on_queries_and_values_and_is_judged_before_and_after() {
    let demo = settings("questions-adapter.yaml");
    assert_eq!((demo.method, demo.lora.rank, demo.lora.alpha), (Method::Lora, 16, 32.0));
    assert_eq!(demo.lora.targets, Targets::Names(vec!["q_proj".into(), "v_proj".into()]));
    assert!(demo.evaluation.at_start && demo.model.ends_with("tiny-zh"));
}

#[test]
fn the_base_begins_with_weights_of_chance() {
    let base = settings("tiny-zh.yaml");
    assert_eq!((base.method, base.init, base.warm_up), (Method::Full, Init::Random, WarmUp::Steps(50)));
}

#[test]
fn a_judgement_at_the_start_is_that_of_the_base() {
    let folder = workplace();
    let recipe = "batch: 2\naccumulation: 3\nepochs: 1\nevaluation: { at_start: true }\n";
    train(folder.path(), "out", recipe).0.unwrap();
    let lines = metrics::read(&folder.path().join("out")).unwrap();
    let metrics::Line::Evaluation(first) = &lines[0] else { panic!("{:?}", lines[0]) };
    assert_eq!(first.step, 0);
    // A fresh adapter changes nothing: whatever its seed, the base is what was judged.
    train(folder.path(), "other", &format!("{recipe}seed: 7\n")).0.unwrap();
    let other = metrics::read(&folder.path().join("other")).unwrap();
    let metrics::Line::Evaluation(other) = &other[0] else { panic!("{:?}", other[0]) };
    assert_eq!(first.validation_loss.to_bits(), other.validation_loss.to_bits());
}
