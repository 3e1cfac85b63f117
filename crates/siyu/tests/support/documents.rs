//! Projects of a few documents, and what became of them.

#![allow(clippy::format_push_string, reason = "data of tests need not be made fast")]

use super::{siyu, stderr};
use arrow::array::{AsArray, RecordBatch};
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use std::collections::BTreeMap;
use std::fs::{self, File};
use std::path::{Path, PathBuf};

pub(crate) fn run(folder: &Path, arguments: &[&str]) {
    let mut all = vec!["run", "pipeline.yaml"];
    all.extend(arguments);
    let result = siyu(folder, &all);
    assert!(result.status.success(), "{}", stderr(&result));
}

/// A reproducible stream of Han characters.
pub(crate) struct Letters(pub(crate) u64);

impl Letters {
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        self.0 >> 33
    }

    pub(crate) fn text(&mut self, length: usize) -> String {
        (0..length).map(|_| char::from_u32(0x4e00 + u32::try_from(self.next() % 3000).unwrap()).unwrap()).collect()
    }
}

pub(crate) fn row(id: &str, text: &str, more: &str) -> String {
    format!("{{\"id\": \"{id}\", \"text\": \"{text}\"{more}}}\n")
}

/// Contracts from a few templates, each with clauses of its own, and near-copies of every twentieth.
///
/// Two contracts of a template share from 0.50 to 0.76 of their shingles; a copy and its original at least 0.93.
pub(crate) fn contracts(count: usize) -> String {
    let mut letters = Letters(7);
    let templates: Vec<String> = (0..5).map(|_| letters.text(400)).collect();
    let mut rows = String::new();
    for number in 0..count {
        let own = 60 + usize::try_from(letters.next()).unwrap() % 130;
        let text = format!("{}{}", templates[number % 5], letters.text(own));
        rows.push_str(&row(&format!("c{number}"), &text, ""));
        if number % 20 == 0 {
            let place = 5 + usize::try_from(letters.next()).unwrap() % 390;
            let copy: String =
                text.chars().take(place).chain("改".chars()).chain(text.chars().skip(place + 1)).collect();
            rows.push_str(&row(&format!("copy{number}"), &copy, ""));
        }
    }
    rows
}

/// Documents that resemble nothing: enough of them for several blocks of input and several buckets.
pub(crate) fn filler(count: usize) -> String {
    let mut letters = Letters(23);
    (0..count).map(|number| row(&format!("f{number}"), &letters.text(2000), "")).collect()
}

pub(crate) fn project(rows: &str, steps: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("docs.jsonl"), rows).unwrap();
    write_pipeline(folder.path(), steps);
    folder
}

pub(crate) fn write_pipeline(folder: &Path, steps: &str) {
    let pipeline =
        format!("input:\n  - path: docs.jsonl\nsteps:\n{steps}output: {{ directory: out, shard_megabytes: 1 }}\n");
    fs::write(folder.join("pipeline.yaml"), pipeline).unwrap();
}

pub(crate) const BOTH: &str =
    "  - near_dedup: {}\n  - split: { train: 0.6, validation: 0.2, test: 0.2, leak_similarity: 0.74 }\n";

/// Values of text columns of all Parquet files of a folder.
pub(crate) fn table(folder: &Path, columns: &[&str]) -> Vec<Vec<String>> {
    let mut rows = Vec::new();
    let mut paths: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    for path in paths {
        let reader = ParquetRecordBatchReaderBuilder::try_new(File::open(path).unwrap()).unwrap().build().unwrap();
        for batch in reader.map(Result::unwrap) {
            for index in 0..batch.num_rows() {
                let value =
                    |name: &&str| batch.column_by_name(name).unwrap().as_string::<i32>().value(index).to_owned();
                rows.push(columns.iter().map(value).collect());
            }
        }
    }
    rows
}

/// The ids of a side of a dataset, which is one shard.
pub(crate) fn ids(dataset: &Path, side: &str) -> Vec<String> {
    let path = dataset.join(format!("data/{side}-00000-of-00001.parquet"));
    let reader = ParquetRecordBatchReaderBuilder::try_new(File::open(path).unwrap()).unwrap().build().unwrap();
    let batches = reader.map(Result::unwrap);
    let ids = |batch: RecordBatch| -> Vec<String> {
        let ids = batch.column_by_name("id").unwrap().as_string::<i32>();
        ids.iter().flatten().map(str::to_owned).collect()
    };
    batches.flat_map(ids).collect()
}

pub(crate) fn ledger(folder: &Path) -> BTreeMap<String, String> {
    let reader = ParquetRecordBatchReaderBuilder::try_new(File::open(folder.join("split.parquet")).unwrap());
    let mut sides = BTreeMap::new();
    for batch in reader.unwrap().build().unwrap().map(Result::unwrap) {
        let (contents, names) = (batch.column(0).as_string::<i32>(), batch.column(1).as_string::<i32>());
        sides.extend((0..batch.num_rows()).map(|row| (contents.value(row).to_owned(), names.value(row).to_owned())));
    }
    sides
}

pub(crate) fn manifest(folder: &Path) -> serde_json::Value {
    serde_json::from_slice(&fs::read(folder.join("out/manifest.json")).unwrap()).unwrap()
}
