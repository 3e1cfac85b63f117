//! Golden files and exported graphs for tests.

#![allow(dead_code, reason = "each test takes what it needs")]

use half::bf16;
use siyu_checkpoint::{Checkpoint, Config, Dtype};
use siyu_export::{Branches, ExportSettings, OnnxModel, write_graph};
use std::fs;
use std::path::{Path, PathBuf};

pub(crate) fn golden(case: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/reference/golden").join(case)
}

/// What another implementation computed.
pub(crate) fn numbers(case: &str) -> Checkpoint {
    Checkpoint::of_file(golden(case).join("golden.safetensors")).unwrap()
}

pub(crate) fn ids(checkpoint: &Checkpoint, name: &str) -> Vec<i64> {
    checkpoint.bytes(name).unwrap().as_chunks().0.iter().map(|&bytes| i64::from_le_bytes(bytes)).collect()
}

pub(crate) fn floats(checkpoint: &Checkpoint, name: &str) -> Vec<f32> {
    let bytes = checkpoint.bytes(name).unwrap();
    if checkpoint.dtype(name) == Some(Dtype::BF16) {
        return bytes.as_chunks().0.iter().map(|&bytes| bf16::from_le_bytes(bytes).to_f32()).collect();
    }
    bytes.as_chunks().0.iter().map(|&bytes| f32::from_le_bytes(bytes)).collect()
}

pub(crate) fn largest_difference(one: &[f32], other: &[f32]) -> f32 {
    assert_eq!(one.len(), other.len());
    one.iter().zip(other).map(|(one, other)| (one - other).abs()).fold(0.0, f32::max)
}

/// A folder with the graph of `weights` as the configuration of `config` says.
pub(crate) fn graph(
    config: &Path,
    weights: &Path,
    branches: Option<&Branches>,
    settings: ExportSettings,
) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let checkpoint = Checkpoint::open(weights).unwrap();
    write_graph(&Config::from_folder(config).unwrap(), &checkpoint, branches, settings, folder.path()).unwrap();
    fs::copy(config.join("config.json"), folder.path().join("config.json")).unwrap();
    folder
}

/// Token ids to text by the vocabulary in `tokenizer.json`; a low line stands for a space.
pub(crate) fn text(folder: &Path, ids: &[i64]) -> String {
    let json = fs::read_to_string(folder.join("tokenizer.json")).unwrap();
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    let vocabulary = json["model"]["vocab"].as_object().unwrap();
    let token = |id: i64| vocabulary.iter().find(|(_, known)| known.as_i64() == Some(id)).unwrap().0.clone();
    ids.iter().map(|&id| token(id)).collect::<String>().replace('\u{2581}', " ")
}

/// What the graph of a model continues token 1 with, up to token 2.
pub(crate) fn told(model: &Path, settings: ExportSettings, count: usize) -> Vec<i64> {
    let folder = graph(model, model, None, settings);
    OnnxModel::open(folder.path(), 1).unwrap().continue_greedily(&[1], count, &[2]).unwrap()
}
