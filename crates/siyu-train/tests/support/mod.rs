//! What the tests of the trainer share: tiny datasets and models, runs in process and as a program.

#![allow(dead_code, reason = "each test uses a part of it")]
#![allow(clippy::unwrap_used, reason = "a test may fail loudly")]

#[path = "../../../siyu-dataset/tests/support/mod.rs"]
mod datasets;

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use datasets::Layout;
pub(crate) use datasets::Row;
use siyu_train::{
    Event, Result, Run, Settings,
    metrics::{self, Line, StepMetrics},
    record::Outcome,
};

const TOKENIZER: &[u8] = b"{}";

/// A row of so many tokens below 48, the first third of which is not learnt.
pub(crate) fn row(number: usize, length: usize) -> Row {
    let id = |place: usize| i32::try_from(3 + (number * 7 + place * (number % 5 + 1)) % 45).unwrap();
    let ids: Vec<i32> = (0..length).map(id).collect();
    let labels = ids.iter().enumerate().map(|(place, &id)| if place < length / 3 { -100 } else { id }).collect();
    (ids, labels)
}

/// Rows of unequal lengths.
pub(crate) fn rows(count: usize) -> Vec<Row> {
    (0..count).map(|number| row(number, 4 + number * 5 % 11)).collect()
}

/// Writes a dataset of these rows, and of those to judge by, if any.
pub(crate) fn write_dataset(root: &Path, train: &[Row], validation: &[Row]) {
    write_laid_out(root, train, validation, None);
}

/// As [`write_dataset`], with documents that share rows of so many tokens.
pub(crate) fn write_packed(root: &Path, train: &[Row], validation: &[Row], tokens: usize) {
    write_laid_out(root, train, validation, Some(tokens));
}

fn write_laid_out(root: &Path, train: &[Row], validation: &[Row], pack: Option<usize>) {
    let hash = blake3::hash(TOKENIZER).to_hex();
    let all = [("train-00000-of-00001", train), ("validation-00000-of-00001", validation)];
    let sides = if validation.is_empty() { &all[..1] } else { &all[..] };
    datasets::write_dataset(root, sides, Layout { tokenizer: &hash, group_rows: 8, pack });
}

/// The folder of models that a reference implementation made.
pub(crate) fn golden() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).unwrap().join("tests/reference/golden")
}

/// A folder with a model of two layers, a dataset of 40 rows and 6 to judge by.
pub(crate) fn workplace() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    write_model(folder.path());
    write_dataset(&folder.path().join("data"), &rows(40), &rows(46)[40..]);
    folder
}

pub(crate) fn write_model(folder: &Path) {
    let model = folder.join("model");
    fs::create_dir_all(&model).unwrap();
    for name in ["config.json", "model.safetensors"] {
        fs::copy(golden().join("llama").join(name), model.join(name)).unwrap();
    }
    fs::write(model.join("tokenizer.json"), TOKENIZER).unwrap();
}

/// A training file for a workplace, with these settings beside the least ones.
pub(crate) fn training_file(folder: &Path, output: &str, more: &str) -> String {
    let path = |name: &str| folder.join(name).display().to_string();
    format!("model: {}\ndataset: {}\noutput: {}\ndevice: cpu\n{more}\n", path("model"), path("data"), path(output))
}

pub(crate) fn prepare(folder: &Path, output: &str, more: &str) -> Result<Run> {
    let text = training_file(folder, output, more);
    Run::prepare(Settings::from_text(&text, Path::new("train.yaml"))?, &text, |_| ())
}

/// Trains in process; gives how it ended and what was told.
pub(crate) fn train(folder: &Path, output: &str, more: &str) -> (Result<Outcome>, Vec<String>) {
    // Threads that wait for each other cost more than such small models.
    tch::set_num_threads(1);
    let mut told = Vec::new();
    let mut watch = |event: Event<'_>| {
        if let Event::Note(note) = event {
            told.push(note);
        }
    };
    let outcome = prepare(folder, output, more).and_then(|run| run.train(&|| 0.0, &mut watch));
    (outcome, told)
}

/// The steps of a run's metrics.
pub(crate) fn steps(folder: &Path) -> Vec<StepMetrics> {
    let lines = metrics::read(folder).unwrap();
    lines.into_iter().filter_map(|line| if let Line::Step(step) = line { Some(step) } else { None }).collect()
}

/// What of a run must not depend on when it was killed: adapters and numbers, without times.
pub(crate) fn made(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut found = BTreeMap::new();
    for name in ["", "epoch-1", "epoch-2", "best"] {
        for file in ["adapter_model.safetensors", "adapter_config.json"] {
            let path = Path::new(name).join(file);
            if let Ok(bytes) = fs::read(folder.join(&path)) {
                found.insert(path, bytes);
            }
        }
    }
    let losses: Vec<String> =
        steps(folder).iter().map(|step| format!("{} {:?}", step.step, step.loss.to_bits())).collect();
    found.insert("losses".into(), losses.join("\n").into_bytes());
    found
}
