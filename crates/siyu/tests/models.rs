//! `merge` and `bundle` as their users meet them, on the model that tells stories.

#![allow(clippy::unwrap_used, reason = "a test may fail loudly")]

mod support;

use siyu_checkpoint::{ADAPTER_PREFIX, Dtype, TensorView, base_hash, file_hash, write_tensors};
use std::fs;
use std::path::{Path, PathBuf};
use support::{fail, siyu, stderr, succeed};

/// Small numbers that follow from a seed, as bytes.
fn drawn(count: usize, size: f32, seed: u32) -> Vec<u8> {
    let mut state = seed;
    let mut number = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (f32::from(u16::try_from(state >> 16).unwrap()) / 65536.0 - 0.5) * size
    };
    (0..count).flat_map(|_| number().to_le_bytes()).collect()
}

fn stories() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../sample-data/models/stories260k")
}

/// A folder with the base, and an adapter for its queries that carries the record of its training.
fn project() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let (base, adapter) = (folder.path().join("base"), folder.path().join("adapter"));
    fs::create_dir(&base).unwrap();
    fs::create_dir(&adapter).unwrap();
    for entry in fs::read_dir(stories()).unwrap() {
        let path = entry.unwrap().path();
        fs::copy(&path, base.join(path.file_name().unwrap())).unwrap();
    }
    let parts = (0..10_u32).map(|seed| {
        let (part, shape) = if seed % 2 == 0 { ("lora_A", [4, 64]) } else { ("lora_B", [64, 4]) };
        let name = format!("{ADAPTER_PREFIX}model.layers.{}.self_attn.q_proj.{part}.weight", seed / 2);
        (name, shape, drawn(256, 0.5, seed))
    });
    let parts: Vec<_> = parts.collect();
    let view = |shape: [usize; 2], bytes| TensorView::new(Dtype::F32, shape.to_vec(), bytes).unwrap();
    let tensors: Vec<_> = parts.iter().map(|(name, shape, bytes)| (name.clone(), view(*shape, bytes))).collect();
    write_tensors(&adapter.join("adapter_model.safetensors"), tensors).unwrap();
    let config = r#"{"peft_type": "LORA", "task_type": "CAUSAL_LM", "r": 4, "lora_alpha": 8, "lora_dropout": 0.0,
        "target_modules": ["q_proj"]}"#;
    fs::write(adapter.join("adapter_config.json"), config).unwrap();
    let origin = format!(
        r#"{{"model_hash": "{}", "tokenizer_hash": "{}", "manifest_hash": "m", "siyu_version": "0.1.0"}}"#,
        base_hash(&base).unwrap(),
        file_hash(base.join("tokenizer.json")).unwrap()
    );
    fs::write(adapter.join("siyu.json"), origin).unwrap();
    fs::write(folder.path().join("prompts.txt"), "Once upon a time, there was a\n\nLily and Ben like to play\n")
        .unwrap();
    folder
}

#[test]
fn a_merged_model_passes_on_prompts_and_on_texts_of_its_own() {
    let folder = project();
    let prompts = succeed(folder.path(), &["merge", "base", "adapter", "one", "--prompts", "prompts.txt"]);
    let told = String::from_utf8(prompts.stdout).unwrap();
    assert!(told.starts_with("gate passed: divergence "), "{told}");
    assert!(told.contains("the same for 100.00 % of "), "{told}");
    let own = succeed(folder.path(), &["merge", "base", "adapter", "two"]);
    let told = String::from_utf8(own.stdout).unwrap();
    assert!(told.starts_with("gate passed, on texts of its own: "), "{told}");
    for name in ["config.json", "tokenizer.json", "tokenizer_config.json", "generation_config.json"] {
        assert!(folder.path().join("one").join(name).is_file(), "{name}");
    }
    let weights = |name: &str| fs::read(folder.path().join(name).join("model.safetensors")).unwrap();
    assert_eq!(weights("one"), weights("two"));
    assert_ne!(weights("one"), weights("base"));
}

#[test]
fn a_model_that_rounding_changed_is_written_by_force_only() {
    let folder = project();
    let arguments = ["merge", "base", "adapter", "out", "--prompts", "prompts.txt", "--precision", "bf16"];
    let told = fail(folder.path(), &arguments, 1);
    assert!(told.starts_with("error: the merged model is not base and adapter: divergence "), "{told}");
    assert!(told.contains("nothing was written; store it with `--precision f32`"), "{told}");
    assert!(!folder.path().join("out").exists());
    let forced = [&arguments[..], &["--force"]].concat();
    let told = String::from_utf8(succeed(folder.path(), &forced).stdout).unwrap();
    assert!(told.starts_with("gate did not pass: "), "{told}");
    let left: Vec<_> = fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert!(left.iter().all(|name| !name.to_string_lossy().starts_with(".siyu")), "{left:?}");
}

#[test]
fn what_does_not_go_together_is_refused_before_anything_is_written() {
    let folder = project();
    let merge = ["merge", "base", "adapter", "out", "--no-gate"];
    let config = folder.path().join("base/config.json");
    let text = fs::read_to_string(&config).unwrap();
    fs::write(&config, format!("{text}\n")).unwrap();
    let told = fail(folder.path(), &merge, 2);
    assert_eq!(
        told,
        "error: the adapter in `adapter` was trained on another model than the one in `base`; name that one\n"
    );
    fs::remove_file(folder.path().join("adapter/siyu.json")).unwrap();
    let output = siyu(folder.path(), &merge);
    assert!(output.status.success(), "{}", stderr(&output));
    assert!(stderr(&output).contains("note: the adapter has no record of its base"), "{}", stderr(&output));
    let told = fail(folder.path(), &merge, 2);
    assert_eq!(told.lines().last(), Some("error: `out` is there already; remove it or name another place"), "{told}");
    assert!(siyu(folder.path(), &[&merge[..], &["--force"]].concat()).status.success());
}

#[test]
fn a_bundle_is_made_checked_named_and_compared() {
    let folder = project();
    let create = ["bundle", "create", "one", "--model", "base", "--adapter", "adapter", "--tag", "v1"];
    let told = String::from_utf8(succeed(folder.path(), &create).stdout).unwrap();
    let parts: Vec<&str> = told.lines().map(|line| line.split_whitespace().next().unwrap()).collect();
    assert_eq!(parts, ["base", "adapter", "tokenizer", "settings", "tags", "hash"], "{told}");
    succeed(folder.path(), &["bundle", "verify", "one"]);
    let tagged = String::from_utf8(succeed(folder.path(), &["bundle", "tag", "one", "best"]).stdout).unwrap();
    assert!(tagged.contains("tags       best, v1\n"), "{tagged}");
    let config = folder.path().join("adapter/adapter_config.json");
    fs::write(&config, fs::read_to_string(&config).unwrap().replace("\"lora_alpha\": 8", "\"lora_alpha\": 16"))
        .unwrap();
    succeed(folder.path(), &["bundle", "create", "two", "--model", "base", "--adapter", "adapter"]);
    let told = String::from_utf8(succeed(folder.path(), &["bundle", "diff", "one", "two"]).stdout).unwrap();
    let lines: Vec<&str> = told.lines().collect();
    assert!(lines[0].starts_with("adapter: `adapter/adapter_config.json` differs, "), "{told}");
    assert_eq!(lines[1..], ["  lora_alpha: 8 → 16"]);
    fs::write(folder.path().join("one/model/tokenizer.json"), "{}").unwrap();
    let told = fail(folder.path(), &["bundle", "verify", "one"], 1);
    assert!(told.contains("`model/tokenizer.json` is not the file that was put in"), "{told}");
    let told = fail(folder.path(), &["bundle", "create", "three", "--model", "adapter"], 2);
    assert!(told.contains("`adapter` has no `config.json`: it is an adapter, which `--adapter` names"), "{told}");
}
