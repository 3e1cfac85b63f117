//! What the tests of the command share: running it, watching it at work, and reading what it left.

#![allow(dead_code, reason = "each test uses a part of it")]
#![allow(clippy::unwrap_used, reason = "a test may fail loudly")]

pub(crate) mod documents;
pub(crate) mod watch;

use arrow::array::{Array, AsArray, RecordBatch};
use arrow::datatypes::UInt64Type;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use std::collections::BTreeMap;
use std::fmt::Write;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// Runs the command in a folder.
pub(crate) fn siyu(folder: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_siyu")).current_dir(folder).args(arguments).output().unwrap()
}

/// Runs the command through a shell, after `before`.
pub(crate) fn shell(folder: &Path, script: &str) -> Output {
    let script = script.replace("siyu", &format!("'{}'", env!("CARGO_BIN_EXE_siyu")));
    Command::new("bash").current_dir(folder).args(["-c", &script]).output().unwrap()
}

pub(crate) fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// Runs the command and demands that it succeeds.
pub(crate) fn succeed(folder: &Path, arguments: &[&str]) -> Output {
    let output = siyu(folder, arguments);
    assert!(output.status.success(), "{arguments:?}: {}", stderr(&output));
    output
}

/// Runs the command, demands this exit code, and returns what it said.
pub(crate) fn fail(folder: &Path, arguments: &[&str], code: i32) -> String {
    let output = siyu(folder, arguments);
    assert_eq!(output.status.code(), Some(code), "{arguments:?}: {}", stderr(&output));
    stderr(&output)
}

/// A folder with these files.
pub(crate) fn folder(files: &[(&str, &[u8])]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, bytes) in files {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }
    folder
}

/// Rows of JSON with a text of its own each; `padding` is a field that no pipeline reads, so that many blocks and
/// buckets cost little work.
pub(crate) fn documents(rows: usize, text: impl Fn(usize) -> String, padding: usize) -> String {
    let mut lines = String::new();
    for row in 0..rows {
        let text = text(row);
        let pad = " ".repeat(padding);
        writeln!(lines, "{{\"id\": \"doc-{row}\", \"text\": \"{text}\", \"pad\": \"{pad}\"}}").unwrap();
    }
    lines
}

/// Every file below a folder with its bytes.
pub(crate) fn files(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut found = BTreeMap::new();
    let Ok(entries) = fs::read_dir(folder) else { return found };
    for entry in entries {
        let path = entry.unwrap().path();
        let name = PathBuf::from(path.file_name().unwrap());
        if fs::symlink_metadata(&path).unwrap().is_dir() {
            found.extend(files(&path).into_iter().map(|(inner, bytes)| (name.join(inner), bytes)));
        } else {
            found.insert(name, fs::read(&path).unwrap_or_default());
        }
    }
    found
}

/// Demands that two datasets are equal, byte for byte and file for file.
pub(crate) fn assert_same(one: &BTreeMap<PathBuf, Vec<u8>>, other: &BTreeMap<PathBuf, Vec<u8>>) {
    assert_eq!(one.keys().collect::<Vec<_>>(), other.keys().collect::<Vec<_>>());
    for (name, bytes) in one {
        assert!(other[name] == *bytes, "{} differs", name.display());
    }
}

/// The batches of a Parquet file.
pub(crate) fn batches(path: &Path) -> Vec<RecordBatch> {
    let reader = ParquetRecordBatchReaderBuilder::try_new(File::open(path).unwrap()).unwrap().build().unwrap();
    reader.map(Result::unwrap).collect()
}

/// A column of all Parquet files of a folder as texts, in the order of files and rows.
pub(crate) fn column(folder: &Path, name: &str) -> Vec<String> {
    let mut paths: Vec<PathBuf> =
        fs::read_dir(folder).map(|entries| entries.map(|entry| entry.unwrap().path()).collect()).unwrap_or_default();
    paths.sort();
    let mut values = Vec::new();
    for batch in paths.iter().flat_map(|path| batches(path)) {
        let column = batch.column_by_name(name).unwrap();
        for row in 0..batch.num_rows() {
            values.push(match column.as_string_opt::<i32>() {
                Some(texts) if texts.is_null(row) => "(null)".to_owned(),
                Some(texts) => texts.value(row).to_owned(),
                None => column.as_primitive::<UInt64Type>().value(row).to_string(),
            });
        }
    }
    values
}

pub(crate) fn manifest(folder: &Path) -> serde_json::Value {
    serde_json::from_slice(&fs::read(folder.join("manifest.json")).unwrap()).unwrap()
}

/// Numbers that look random and are the same in every run of a test.
pub(crate) struct Random(pub(crate) u64);

impl Random {
    /// A number below `bound`.
    pub(crate) fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 11).unwrap() % bound
    }
}
