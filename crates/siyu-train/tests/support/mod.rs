//! What the tests of the trainer share: tiny datasets and models, runs in process and as a program.

#![allow(dead_code, reason = "each test uses a part of it")]
#![allow(clippy::unwrap_used, reason = "a test may fail loudly")]

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    sync::Arc,
};

use arrow::{
    array::{ArrayRef, Int32Array, ListArray, RecordBatch, StringArray},
    datatypes::Int32Type,
};
use parquet::{arrow::ArrowWriter, file::properties::WriterProperties};
use siyu_dataset::{
    ColumnRecord, FORMAT_VERSION, InputRecord, LEAK_METHOD, LeakProof, Manifest, PipelineRecord, RowTotals,
    ShardRecord, SplitRecord, TokenizerRecord,
};
use siyu_train::{
    Event, Result, Run, Settings,
    metrics::{self, Line, StepMetrics},
    record::Outcome,
};

/// Ids and labels of a row.
pub(crate) type Row = (Vec<i32>, Vec<i32>);

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

fn batch(name: &str, rows: &[Row]) -> RecordBatch {
    let list = |values: Vec<&Vec<i32>>| {
        let values = values.into_iter().map(|values| Some(values.iter().map(|&value| Some(value)).collect::<Vec<_>>()));
        Arc::new(ListArray::from_iter_primitive::<Int32Type, _, _>(values)) as ArrayRef
    };
    let ids = (0..rows.len()).map(|row| format!("{name}-{row}"));
    let counts = rows.iter().map(|(ids, _)| i32::try_from(ids.len()).unwrap());
    RecordBatch::try_from_iter([
        ("id", Arc::new(StringArray::from_iter_values(ids)) as ArrayRef),
        ("input_ids", list(rows.iter().map(|(ids, _)| ids).collect())),
        ("labels", list(rows.iter().map(|(_, labels)| labels).collect())),
        ("token_count", Arc::new(Int32Array::from_iter_values(counts))),
    ])
    .unwrap()
}

fn shard(directory: &Path, side: &str, rows: &[Row]) -> ShardRecord {
    let batch = batch(side, rows);
    let properties = WriterProperties::builder().set_max_row_group_row_count(Some(8)).build();
    let mut bytes = Vec::new();
    let mut writer = ArrowWriter::try_new(&mut bytes, batch.schema(), Some(properties)).unwrap();
    writer.write(&batch).unwrap();
    writer.close().unwrap();
    let path = format!("data/{side}-00000-of-00001.parquet");
    fs::create_dir_all(directory.join("data")).unwrap();
    fs::write(directory.join(&path), &bytes).unwrap();
    ShardRecord {
        path,
        split: side.to_owned(),
        rows: rows.len() as u64,
        documents: None,
        tokens: Some(rows.iter().map(|(ids, _)| ids.len() as u64).sum()),
        bytes: bytes.len() as u64,
        blake3: blake3::hash(&bytes).to_hex().to_string(),
    }
}

/// Writes a dataset of these rows, and of those to judge by, if any.
pub(crate) fn write_dataset(root: &Path, train: &[Row], validation: &[Row]) {
    let mut shards = vec![shard(root, "train", train)];
    if !validation.is_empty() {
        shards.push(shard(root, "validation", validation));
    }
    let all = shards.iter().map(|shard| shard.rows).sum();
    let rows = shards.iter().map(|shard| (shard.split.clone(), shard.rows)).collect();
    let leak = LeakProof { method: LEAK_METHOD.into(), checked: all, found: 0, near: None };
    let input = InputRecord {
        source: "rows.jsonl".into(),
        format: "jsonl".into(),
        encoding: None,
        bytes: 1,
        blake3: String::new(),
        rows: all,
        quarantined: 0,
    };
    let hash = blake3::hash(TOKENIZER).to_hex().to_string();
    let manifest = Manifest {
        format_version: FORMAT_VERSION,
        siyu_version: "0.1.0".into(),
        pipeline: PipelineRecord::of("steps: []\n"),
        tokenizer: Some(TokenizerRecord { path: "tokenizer.json".into(), hash, engine: "fast".into() }),
        seed: 0,
        inputs: vec![input],
        steps: Vec::new(),
        rows: RowTotals { input: all, created: 0, written: all, dropped: 0, quarantined: 0 },
        personal_data: BTreeMap::new(),
        packing: None,
        personal_data_check: None,
        audit: None,
        split: Some(SplitRecord {
            by: vec!["text".into()],
            shares: BTreeMap::new(),
            rows,
            leak,
            warnings: Vec::new(),
            moved: 0,
            moved_ids: Vec::new(),
        }),
        columns: ColumnRecord::of(&batch("", &[]).schema()),
        shards,
        dropped: Vec::new(),
        quarantine: Vec::new(),
    };
    manifest.write(root).unwrap();
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
