//! `export-onnx` and `quantize` as their users meet them.

#![allow(clippy::unwrap_used, reason = "a test may fail loudly")]

mod support;

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use support::{fail, succeed};

fn model() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../sample-data/models/stories260k").canonicalize().unwrap()
}

/// Stories such as the model was trained on, tokenized by its tokenizer, with rows for the gate and for calibration.
fn dataset() -> tempfile::TempDir {
    let cast = [("Lily", "ball"), ("Tom", "dog"), ("Sue", "cake"), ("Ben", "car"), ("Mia", "bird"), ("Max", "box")];
    let mut lines = String::new();
    for index in 0..40 {
        let (name, thing) = cast[index % cast.len()];
        let text = format!(
            "Once upon a time, there was a little child named {name}. {name} loved to play outside in the park. One \
             day, {name} saw a big, red {thing} number {index}. It was too high, so {name} asked mom for help."
        );
        writeln!(lines, "{}", serde_json::json!({ "id": format!("s{index}"), "text": text, "child": name })).unwrap();
    }
    let pipeline = format!(
        "input: [{{ path: stories.jsonl, columns: {{ child: child }} }}]\nsteps:\n  - split: {{ train: 0.5, validation: 0.5 }}\n  - tokenize: {{ \
         tokenizer: '{}', max_tokens: 256 }}\noutput: {{ directory: out }}\n",
        model().join("tokenizer.json").display()
    );
    let folder = support::folder(&[("stories.jsonl", lines.as_bytes()), ("p.yaml", pipeline.as_bytes())]);
    succeed(folder.path(), &["run", "p.yaml"]);
    folder
}

fn told(output: &std::process::Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

#[test]
fn an_exported_folder_holds_all_that_goes_with_the_graph() {
    let folder = tempfile::tempdir().unwrap();
    let model = model();
    let export = ["export-onnx", model.to_str().unwrap(), "onnx", "--precision", "f16", "--last-logits"];
    assert!(told(&succeed(folder.path(), &export)).starts_with("onnx: 0."));
    for name in ["model.onnx", "model.onnx.data", "genai_config.json", "config.json", "tokenizer.json"] {
        assert!(folder.path().join("onnx").join(name).is_file(), "{name}");
    }
    let refusal = fail(folder.path(), &export, 2);
    assert_eq!(refusal, "error: `onnx` is there already; remove it or name another place\n");
}

#[test]
fn the_gate_reads_validation_rows_by_domain_and_lets_eight_bits_through() {
    let folder = dataset();
    let model = model();
    let arguments =
        ["quantize", model.to_str().unwrap(), "int8", "--bits", "8", "--dataset", "out", "--domain", "child"];
    let output = told(&succeed(folder.path(), &arguments));
    for expected in ["260032 weights: 1.0 MB in f32", "\nall ", "\nLily ", "costliest matrices", "\nint8: 0."] {
        assert!(output.contains(expected), "{expected}: {output}");
    }
    assert!(folder.path().join("int8/model.onnx").is_file());
}

#[test]
fn the_gate_tells_what_is_won_back_on_training_rows() {
    let folder = dataset();
    let model = model();
    let arguments =
        ["quantize", model.to_str().unwrap(), "int4", "--bits", "4", "--recover=8", "--dataset", "out", "--force"];
    let output = told(&succeed(folder.path(), &arguments));
    assert!(output.contains("\nwith what the low-rank changes win back\n"), "{output}");
    let all = output.lines().filter(|line| line.starts_with("all "));
    let divergences: Vec<f64> = all.map(|line| line.split_whitespace().last().unwrap().parse().unwrap()).collect();
    assert!(divergences.len() == 2 && divergences[1] < divergences[0], "{output}");
}

#[test]
fn inputs_can_be_rounded_within_the_range_of_training_rows() {
    let folder = dataset();
    let model = model();
    let static_inputs = ["quantize", model.to_str().unwrap(), "int8", "--bits", "8", "--scheme", "static"];
    let named = [&static_inputs[..], &["--dataset", "out", "--max-perplexity-growth", "0.05"]].concat();
    assert!(told(&succeed(folder.path(), &[&named[..], &["--min-agreement", "0.9"]].concat())).contains("\nint8: 0."));
    let prompts = [&static_inputs[..], &["--prompts", "stories.jsonl"]].concat();
    let refusal = fail(folder.path(), &prompts, 2);
    assert_eq!(refusal, "error: calibration takes texts, and there are none; name a dataset by `--dataset`\n");
}

#[test]
fn what_the_gate_refuses_is_not_written() {
    let folder = dataset();
    let model = model();
    let arguments = [
        "quantize",
        model.to_str().unwrap(),
        "int4",
        "--bits",
        "4",
        "--method",
        "gptq",
        "--dataset",
        "out",
        "--min-agreement",
        "1",
    ];
    let refusal = fail(folder.path(), &arguments, 1);
    assert!(refusal.starts_with("error: out of bounds, nothing was written: all texts: perplexity"), "{refusal}");
    assert!(!folder.path().join("int4").exists());
    assert!(fs::read_dir(folder.path()).unwrap().all(|entry| !entry.unwrap().path().ends_with("int4.partial")));
}

#[test]
fn a_model_without_texts_to_measure_it_on_is_refused_before_anything_is_read() {
    let folder = tempfile::tempdir().unwrap();
    let refusal = fail(folder.path(), &["quantize", "nowhere", "out", "--bits", "4"], 2);
    assert_eq!(
        refusal,
        "error: there are no texts to measure the quantized model on; name a dataset by `--dataset`, or `--force` it \
         unmeasured\n"
    );
}
