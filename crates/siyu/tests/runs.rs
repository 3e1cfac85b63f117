//! The command as its users meet it: real files in, datasets and messages out.

#![allow(
    clippy::unwrap_used,
    clippy::format_push_string,
    reason = "a test may fail loudly, and its data need not be fast"
)]

use arrow::array::{AsArray, RecordBatch};
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use std::collections::BTreeMap;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

fn siyu(folder: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_siyu")).current_dir(folder).args(arguments).output().unwrap()
}

fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// A folder with 3,000 JSONL rows, a tenth of them copies, one in a hundred broken, and a pipeline over them.
fn project(rows: usize) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let mut text = String::new();
    for row in 0..rows {
        let number = if row % 10 == 9 { row - 1 } else { row };
        match row % 100 {
            50 => text.push_str("{\"id\": \"broken\", \"text\": \"电话13800138000 \n"),
            _ => text.push_str(&format!(
                "{{\"id\": \"doc-{row}\", \"text\": \"<p>第{number}条　当事人应当遵循公平原则确定各方的权利和义务，电话139{number:08}。</p>{}\"}}\n",
                "合同内容由当事人约定。".repeat(row % 40)
            )),
        }
    }
    fs::write(folder.path().join("docs.jsonl"), text).unwrap();
    let pipeline = "input:\n  - path: docs.jsonl\nsteps:\n  - strip_html: {}\n  - normalize_unicode: {}\n  - normalize_punctuation: {}\n  \
                    - mask_pii: {}\n  - text_length: { min_chars: 40 }\n  - exact_dedup: {}\n  - split: { train: 0.8, validation: 0.1, test: 0.1 }\n\
                    output: { directory: out, shard_megabytes: 1 }\n";
    fs::write(folder.path().join("pipeline.yaml"), pipeline).unwrap();
    folder
}

/// Every file of a dataset with its bytes.
fn files(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut found = BTreeMap::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(
                files(&path).into_iter().map(|(name, bytes)| (Path::new(path.file_name().unwrap()).join(name), bytes)),
            );
        } else {
            found.insert(PathBuf::from(path.file_name().unwrap()), fs::read(&path).unwrap());
        }
    }
    found
}

fn rows(path: &Path) -> Vec<RecordBatch> {
    let reader = ParquetRecordBatchReaderBuilder::try_new(File::open(path).unwrap()).unwrap().build().unwrap();
    reader.map(Result::unwrap).collect()
}

#[test]
fn threads_batches_and_memory_do_not_change_a_byte() {
    let mut seen = Vec::new();
    for arguments in [
        ["--threads", "1", "--batch-rows", "1024"],
        ["--threads", "2", "--batch-rows", "7"],
        ["--threads", "4", "--memory", "32MB"],
    ] {
        let folder = project(3000);
        let mut all = vec!["run", "pipeline.yaml"];
        all.extend(arguments);
        let result = siyu(folder.path(), &all);
        assert!(result.status.success(), "{}", stderr(&result));
        let found = files(&folder.path().join("out"));
        assert!(found.len() >= 8, "{:?}", found.keys());
        seen.push(found);
    }
    for other in &seen[1..] {
        for (name, bytes) in &seen[0] {
            assert!(other.get(name) == Some(bytes), "{} differs", name.display());
        }
    }
}

#[test]
fn every_row_ends_in_one_place_and_no_telephone_number_survives() {
    let folder = project(3000);
    let result = siyu(folder.path(), &["run", "pipeline.yaml"]);
    assert!(result.status.success(), "{}", stderr(&result));
    let output = folder.path().join("out");
    let manifest: serde_json::Value = serde_json::from_slice(&fs::read(output.join("manifest.json")).unwrap()).unwrap();
    let totals = &manifest["rows"];
    assert_eq!((totals["input"].as_u64(), totals["quarantined"].as_u64()), (Some(3000), Some(30)));
    let sum: u64 = ["written", "dropped", "quarantined"].iter().map(|name| totals[name].as_u64().unwrap()).sum();
    assert_eq!(sum, 3000);
    let mut texts = 0;
    for shard in manifest["shards"].as_array().unwrap() {
        for batch in rows(&output.join(shard["path"].as_str().unwrap())) {
            for text in batch.column_by_name("text").unwrap().as_string::<i32>().iter().flatten() {
                assert!(text.contains("<MASK>") && !text.contains("13900"), "{text}");
                texts += 1;
            }
        }
    }
    assert_eq!(Some(texts), totals["written"].as_u64());
    for (name, bytes) in files(&output) {
        let text = String::from_utf8_lossy(&bytes);
        assert!(!text.contains("13800138000") && !text.contains("13900000"), "{}", name.display());
    }
    assert!(!stderr(&result).contains("138") && !String::from_utf8_lossy(&result.stdout).contains("13900"));
}

#[test]
fn what_changed_since_an_unfinished_or_finished_run_is_named() {
    let folder = project(300);
    assert!(siyu(folder.path(), &["run", "pipeline.yaml"]).status.success());
    let again = siyu(folder.path(), &["run", "pipeline.yaml"]);
    assert!(String::from_utf8_lossy(&again.stdout).contains("already holds this dataset"));
    let text = fs::read_to_string(folder.path().join("pipeline.yaml")).unwrap();
    fs::write(folder.path().join("pipeline.yaml"), text.replace("40", "41")).unwrap();
    let changed = siyu(folder.path(), &["run", "pipeline.yaml"]);
    assert_eq!(changed.status.code(), Some(1));
    assert!(stderr(&changed).contains("step 5 `text_length`: `min_chars` was `40`, is `41`"), "{}", stderr(&changed));
    assert!(siyu(folder.path(), &["run", "pipeline.yaml", "--fresh"]).status.success());
}

#[test]
fn a_damaged_shard_is_named() {
    let folder = project(300);
    assert!(siyu(folder.path(), &["run", "pipeline.yaml"]).status.success());
    let shard = fs::read_dir(folder.path().join("out/data")).unwrap().next().unwrap().unwrap().path();
    let mut bytes = fs::read(&shard).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(&shard, bytes).unwrap();
    let result = siyu(folder.path(), &["verify", "out"]);
    assert_eq!(result.status.code(), Some(1));
    assert!(stderr(&result).contains(shard.file_name().unwrap().to_str().unwrap()), "{}", stderr(&result));
}

#[test]
fn a_wrong_key_is_shown_with_its_place_and_the_right_one() {
    let folder = project(1);
    fs::write(
        folder.path().join("wrong.yaml"),
        "input:\n  - path: docs.jsonl\nsteps:\n  - text_length: { min_char: 3 }\noutput: { directory: out }\n",
    )
    .unwrap();
    let result = siyu(folder.path(), &["check", "wrong.yaml"]);
    assert_eq!(result.status.code(), Some(2));
    let message = stderr(&result);
    assert!(message.contains("wrong.yaml:4:") && message.contains("did you mean `min_chars`?"), "{message}");
}

#[test]
fn too_many_bad_rows_stop_the_run_and_leave_no_dataset() {
    let folder = project(10);
    fs::write(folder.path().join("docs.jsonl"), "nonsense\nmore\n{\"text\": \"好\"}\n").unwrap();
    let result = siyu(folder.path(), &["run", "pipeline.yaml"]);
    assert_eq!(result.status.code(), Some(1));
    assert!(stderr(&result).contains("2 of 3 rows could not be read"), "{}", stderr(&result));
    assert!(!folder.path().join("out/manifest.json").exists());
}
