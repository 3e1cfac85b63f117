//! What transformers, PEFT and bitsandbytes compute with the same numbers; `tests/reference/make.py` wrote it down.

#![allow(clippy::unwrap_used, reason = "a test that cannot read its own files has failed")]

use siyu_model::{BackwardSettings, Batch, Checkpoint, Document, Model, Options, Precision};
use std::fs;
use std::path::{Path, PathBuf};
use tch::{Device, Kind, Tensor};

fn golden(case: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/reference/golden").join(case)
}

fn numbers(case: &str) -> Checkpoint {
    Checkpoint::of_file(golden(case).join("golden.safetensors")).unwrap()
}

fn tensor(found: &Checkpoint, name: &str) -> Tensor {
    found.tensor(name, Device::Cpu, Kind::Float).unwrap()
}

fn model(case: &str) -> Model {
    Model::load(golden(case), Options::default()).unwrap()
}

/// The three documents all cases share, packed.
fn batch() -> Batch {
    let found = numbers("");
    let ids = |name: &str| Vec::<i64>::try_from(found.tensor(name, Device::Cpu, Kind::Int64).unwrap()).unwrap();
    let documents: Vec<(Vec<i64>, Vec<i64>)> =
        (0..3).map(|index| (ids(&format!("ids.{index}")), ids(&format!("labels.{index}")))).collect();
    let documents: Vec<Document<'_>> = documents.iter().map(|(ids, labels)| Document { ids, labels }).collect();
    Batch::new(&documents, Device::Cpu).unwrap()
}

fn largest_difference(one: &Tensor, other: &Tensor) -> f64 {
    assert_eq!(one.size(), other.size());
    (one - other).abs().max().double_value(&[])
}

fn assert_logits(model: &Model, case: &str) {
    let (batch, golden) = (batch(), numbers(case));
    let logits = model.logits(&model.hidden(&batch).unwrap()).unwrap();
    let mut start = 0;
    for (&index, &length) in batch.order().iter().zip(batch.lengths()) {
        let (ours, theirs) = (logits.narrow(0, start, length), tensor(&golden, &format!("logits.{index}")));
        let difference = largest_difference(&ours, &theirs);
        assert!(difference <= 1e-4, "{case}, document {index}: {difference}");
        assert_eq!(ours.argmax(1, false), theirs.argmax(1, false), "{case}, document {index}");
        start += length;
    }
}

/// Loss and gradients of every trained tensor, with as many layers computed twice as asked.
fn assert_gradients(model: &Model, case: &str, prefix: &str, recomputed_layers: usize) {
    let (batch, golden) = (batch(), numbers(case));
    let labels = batch.label_count() as f64;
    let gradient = model.parameters().zeros();
    // Small chunks, so that several of them meet.
    let settings =
        BackwardSettings { scale: 1.0 / labels, recomputed_layers, chunk_rows: Some(5), ..BackwardSettings::default() };
    let loss = model.backward(&batch, &settings, &gradient).unwrap();
    let expected = golden.tensor("loss", Device::Cpu, Kind::Double).unwrap().double_value(&[0]);
    assert!((loss.sum() / labels - expected).abs() <= 1e-5, "{case}: {} {expected}", loss.sum() / labels);
    let mut compared = 0;
    for parameter in model.parameters().list() {
        let ours = gradient.narrow(0, parameter.offset, parameter.count()).view(&*parameter.shape);
        let mut start = 0;
        for (name, rows) in &parameter.parts {
            let theirs = tensor(&golden, &format!("gradient.{prefix}{name}"));
            let ours = ours.narrow(0, start, *rows);
            let relative = (&ours - &theirs).norm().double_value(&[]) / theirs.norm().double_value(&[]);
            assert!(relative <= 1e-4, "{case}, {name}: {relative}");
            start += rows;
            compared += 1;
        }
    }
    assert_eq!(compared, golden.names().filter(|name| name.starts_with("gradient.")).count());
}

#[test]
fn logits_are_those_of_transformers() {
    for case in ["llama", "qwen2", "qwen3", "mistral"] {
        assert_logits(&model(case), case);
    }
}

#[test]
fn stretched_positions_are_those_of_transformers() {
    for case in ["rope-linear", "rope-dynamic", "rope-llama3", "rope-yarn"] {
        let folder = tempfile::tempdir().unwrap();
        fs::copy(golden(case).join("config.json"), folder.path().join("config.json")).unwrap();
        fs::copy(golden("llama").join("model.safetensors"), folder.path().join("model.safetensors")).unwrap();
        let model = Model::load(folder.path(), Options::default()).unwrap();
        let numbers = numbers(case);
        let ids = Vec::<i64>::try_from(numbers.tensor("ids", Device::Cpu, Kind::Int64).unwrap()).unwrap();
        let hidden = model.hidden(&Batch::unlabelled(&[&ids], Device::Cpu).unwrap()).unwrap();
        let logits = model.logits(&hidden.narrow(0, -1, 1)).unwrap();
        let difference = largest_difference(&logits, &tensor(&numbers, "logits"));
        assert!(difference <= 1e-4, "{case}: {difference}");
    }
}

#[test]
fn gradients_of_all_weights_are_those_of_transformers() {
    for recomputed_layers in [0, 1, 2] {
        let mut model = model("qwen2");
        model.train(|_| true).unwrap();
        assert_gradients(&model, "qwen2", "", recomputed_layers);
    }
}

#[test]
fn adapters_compute_and_learn_as_in_peft() {
    for (case, base) in [
        ("adapter-plain", "llama"),
        ("adapter-patterns", "llama"),
        ("adapter-dora", "llama"),
        ("adapter-saved", "qwen2"),
    ] {
        for recomputed_layers in [0, 1, 2] {
            let mut model = model(base);
            model.load_adapter(golden(case)).unwrap();
            assert_logits(&model, case);
            assert_gradients(&model, case, "base_model.model.", recomputed_layers);
        }
    }
}

#[test]
fn a_quantized_checkpoint_computes_as_bitsandbytes_dequantizes_it() {
    let model = model("nf4");
    assert!(model.is_quantized());
    assert_logits(&model, "nf4");
}

#[test]
fn quantizing_gives_the_codes_of_bitsandbytes() {
    let model = Model::load(golden("llama"), Options { nf4: true, ..Options::default() }).unwrap();
    let folder = tempfile::tempdir().unwrap();
    model.save(folder.path(), Precision::Bf16).unwrap();
    let ours = Checkpoint::open(folder.path()).unwrap();
    let theirs = Checkpoint::open(golden("nf4")).unwrap();
    assert_eq!(ours.names().collect::<Vec<_>>(), theirs.names().collect::<Vec<_>>());
    // The state is JSON text, whose spaces may differ; its numbers are compared by the logits of the loaded model.
    for name in theirs.names().filter(|name| !name.contains(".quant_state.")) {
        let kind = theirs.kind(name).unwrap();
        let (ours, theirs) = (ours.tensor(name, Device::Cpu, kind), theirs.tensor(name, Device::Cpu, kind));
        assert_eq!(ours.unwrap(), theirs.unwrap(), "{name}");
    }
    assert_logits(&Model::load(folder.path(), Options::default()).unwrap(), "nf4");
}

#[test]
fn an_adapter_that_was_saved_is_the_one_that_is_loaded() {
    let folder = std::env::var_os("SIYU_ADAPTER_OUT").map(PathBuf::from);
    let made = tempfile::tempdir().unwrap();
    let folder = folder.unwrap_or_else(|| made.path().join("adapter"));
    let mut model_with_adapter = model("llama");
    model_with_adapter.load_adapter(golden("adapter-plain")).unwrap();
    model_with_adapter.save_adapter(&folder, "tiny/llama").unwrap();
    let mut again = model("llama");
    again.load_adapter(&folder).unwrap();
    assert_eq!(again.parameters().flat(), model_with_adapter.parameters().flat());
    assert_logits(&again, "adapter-plain");
}
