//! Exported graphs compute what transformers and PEFT do; `tests/reference/make.py` wrote their numbers down.

#![allow(clippy::unwrap_used, reason = "a test that cannot read its own files has failed")]

mod support;

use siyu_checkpoint::{Checkpoint, Config};
use siyu_export::{Branches, ExportSettings, Logits, Numbers, OnnxModel, Variant, write_graph};
use std::path::Path;
use support::{golden, graph, ids, largest_difference, numbers};

/// How far transformers itself, computing in f16 on a CPU, is from its own f32 on these documents (torch 2.11).
const THEIR_F16: f32 = 0.0153;

/// Variant and numbers with the largest difference of logits allowed.
const KINDS: [(Variant, Numbers, f32); 4] = [
    (Variant::Plain, Numbers::F32, 1e-4),
    (Variant::Fused, Numbers::F32, 1e-4),
    (Variant::Plain, Numbers::F16, THEIR_F16),
    (Variant::Fused, Numbers::F16, THEIR_F16),
];

fn assert_near(ours: &[f32], theirs: &[f32], bound: f32, what: &str) {
    let difference = largest_difference(ours, theirs);
    assert!(difference <= bound, "{what}: {difference}");
}

fn settings(variant: Variant, numbers: Numbers) -> ExportSettings {
    ExportSettings { variant, numbers, logits: Logits::All }
}

/// Asserts the logits of the three documents of all cases: read whole, and in two parts with the second in steps of one.
fn assert_logits(case: &str, model: &mut OnnxModel, bound: f32, what: &str) {
    let theirs = numbers(case);
    let (documents, vocab) = (numbers(""), usize::try_from(model.config().vocab).unwrap());
    for index in 0..3 {
        let ids = ids(&documents, &format!("ids.{index}"));
        let expected = support::floats(&theirs, &format!("logits.{index}"));
        let whole = model.logits(&ids).unwrap();
        assert_near(&whole, &expected, bound, &format!("{case}, {what}, document {index}"));
        let mut session = model.start().unwrap();
        let mut parts = session.read(&ids[..3]).unwrap();
        parts.extend(session.read(&ids[3..8]).unwrap());
        for id in &ids[8..] {
            parts.extend(session.read(&[*id]).unwrap());
        }
        assert_near(&parts, &expected, bound, &format!("{case}, {what}, document {index}, in parts"));
        assert_eq!(whole.len(), ids.len() * vocab);
    }
}

#[test]
fn logits_are_those_of_transformers() {
    for case in ["llama", "qwen2", "qwen3", "mistral"] {
        for (variant, numbers, bound) in KINDS {
            let folder = graph(&golden(case), &golden(case), None, settings(variant, numbers));
            let mut model = OnnxModel::open(folder.path(), 1).unwrap();
            assert_logits(case, &mut model, bound, &format!("{variant:?} {numbers:?}"));
        }
    }
}

#[test]
fn stretched_positions_are_those_of_transformers() {
    for case in ["rope-linear", "rope-dynamic", "rope-llama3", "rope-yarn"] {
        for (variant, kind, bound) in KINDS {
            let folder = graph(&golden(case), &golden("llama"), None, settings(variant, kind));
            let mut model = OnnxModel::open(folder.path(), 1).unwrap();
            let theirs = numbers(case);
            let expected = support::floats(&theirs, "logits");
            let logits = model.logits(&ids(&theirs, "ids")).unwrap();
            let last = &logits[logits.len() - expected.len()..];
            assert_near(last, &expected, bound, &format!("{case}, {variant:?} {kind:?}"));
        }
    }
}

#[test]
fn the_last_logits_alone_are_the_last_of_all() {
    for variant in Variant::ALL {
        let [all, last] = [Logits::All, Logits::Last].map(|logits| {
            let settings = ExportSettings { variant, numbers: Numbers::F32, logits };
            let folder = graph(&golden("qwen2"), &golden("qwen2"), None, settings);
            let mut model = OnnxModel::open(folder.path(), 1).unwrap();
            let read = model.start().unwrap().read(&[5, 7, 9, 11]).unwrap();
            (read, model.logits(&[5, 7, 9, 11]).unwrap())
        });
        // Either graph tells of every token when asked.
        assert!(largest_difference(&last.1, &all.1) <= 1e-5);
        let (all, last) = (all.0, last.0);
        assert_eq!(last.len() * 4, all.len());
        assert!(largest_difference(&last, &all[all.len() - last.len()..]) <= 1e-5);
    }
}

#[test]
fn adapters_beside_their_base_compute_as_in_peft() {
    for (case, base) in [
        ("adapter-plain", "llama"),
        ("adapter-patterns", "llama"),
        ("adapter-dora", "llama"),
        ("adapter-saved", "qwen2"),
    ] {
        for variant in Variant::ALL {
            let branches = Branches::open(&golden(case)).unwrap();
            let folder = graph(&golden(base), &golden(base), Some(&branches), settings(variant, Numbers::F32));
            let mut model = OnnxModel::open(folder.path(), 1).unwrap();
            assert_logits(case, &mut model, 1e-4, &format!("{variant:?}"));
        }
    }
}

#[test]
fn an_adapter_of_another_model_is_refused() {
    let branches = Branches::open(&golden("adapter-patterns")).unwrap();
    let (config, checkpoint) =
        (Config::from_folder(golden("qwen3")).unwrap(), Checkpoint::open(golden("qwen3")).unwrap());
    let folder = tempfile::tempdir().unwrap();
    let refused = write_graph(&config, &checkpoint, Some(&branches), ExportSettings::default(), folder.path());
    assert!(refused.is_err());
}

#[test]
fn stories260k_tells_its_story() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../sample-data/models/stories260k");
    for (variant, kind, _) in KINDS {
        let made = graph(&folder, &folder, None, settings(variant, kind));
        let mut model = OnnxModel::open(made.path(), 1).unwrap();
        let tokens = model.continue_greedily(&[1], 64, &[]).unwrap();
        // The story as the model's author prints it, up to the 60th token and what follows in the torch model.
        assert!(support::text(&folder, &tokens).trim().starts_with(
            "Once upon a time, there was a little girl named Lily. She loved to play outside in the park. One day, \
             she saw a big, red ball. She wanted to play with it, but it was too high"
        ));
        assert_eq!(tokens.len(), 64);
    }
}

#[test]
fn heads_that_onnxruntimes_attention_does_not_take_are_refused_and_run_by_standard_operators() {
    let text = std::fs::read(golden("llama").join("config.json")).unwrap();
    let mut json: serde_json::Map<String, serde_json::Value> = serde_json::from_slice(&text).unwrap();
    for (key, size) in [("head_dim", 4), ("num_attention_heads", 8), ("num_key_value_heads", 4)] {
        json.insert(key.to_owned(), size.into());
    }
    let config = Config::from_json(json).unwrap();
    let checkpoint = Checkpoint::open(golden("llama")).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let refused = write_graph(&config, &checkpoint, None, ExportSettings::default(), folder.path()).unwrap_err();
    assert!(refused.is_refusal() && refused.to_string().contains("`--variant plain`"), "{refused}");
    write_graph(&config, &checkpoint, None, settings(Variant::Plain, Numbers::F32), folder.path()).unwrap();
    let graph = folder.path().join(siyu_export::GRAPH_FILE);
    OnnxModel::with_config(&graph, config, 1).unwrap().logits(&[1, 5, 7]).unwrap();
}
