//! Rows that hold several documents: the same bytes on any machine, nothing lost, and every reader's view of them.

#![allow(clippy::unwrap_used, reason = "a test may fail loudly")]

mod support;

use serde_json::Value;
use siyu_dataset::Dataset;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use support::{Random, assert_same, fail, files, manifest, succeed};

const TOKENIZER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../sample-data/models/tiny-zh/tokenizer.json");

/// A pipeline over `in/` whose last steps are these.
fn pipeline(steps: &str, output: &str) -> String {
    format!(
        "input:\n  - path: in/*.jsonl\nsteps:\n  - exact_dedup: {{}}\n{steps}  - tokenize: {{ tokenizer: {TOKENIZER}, \
         template: chatml, max_tokens: 512, pack: true }}\noutput: {{ directory: out, {output} }}\n"
    )
}

const INSTRUCT: &str = "  - split: { train: 0.7, validation: 0.15, test: 0.15 }\n  \
    - instruct: { instruction: 摘要, input: \"{{ text }}\", output: \"{{ text[:20] }}\" }\n";

/// Documents from a clause to more than a row holds, each with words of its own; `padding` makes many blocks and
/// buckets.
fn corpus(padding: usize) -> Vec<(PathBuf, String)> {
    let mut random = Random(0x7ac4);
    let mut all = Vec::new();
    for name in ["a", "b", "c"] {
        let mut lines = String::new();
        for row in 0..300 {
            let clauses = 1 + random.below(if row % 9 == 0 { 90 } else { 12 });
            let clause = |_| format!("第{}条，甲方{}应当付款。", random.below(100_000), random.below(100_000));
            let text: String = (0..clauses).map(clause).collect();
            let line = serde_json::json!({ "id": format!("{name}-{row}"), "text": text, "pad": " ".repeat(padding) });
            lines.push_str(&line.to_string());
            lines.push('\n');
        }
        all.push((PathBuf::from(format!("in/{name}.jsonl")), lines));
    }
    all
}

fn folder(pipeline: &str, padding: usize) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("in")).unwrap();
    for (name, lines) in corpus(padding) {
        fs::write(folder.path().join(name), lines).unwrap();
    }
    fs::write(folder.path().join("p.yaml"), pipeline).unwrap();
    folder
}

fn dataset(pipeline: &str, padding: usize, arguments: &[&str]) -> tempfile::TempDir {
    let folder = folder(pipeline, padding);
    let mut all = vec!["run", "p.yaml"];
    all.extend(arguments);
    succeed(folder.path(), &all);
    folder
}

/// The rows as `siyu export` writes them.
fn exported(folder: &Path, format: &str) -> Vec<Value> {
    let output = succeed(folder, &["export", "out", "--format", format]);
    String::from_utf8(output.stdout).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn integers(value: &Value) -> Vec<i64> {
    value.as_array().unwrap().iter().map(|number| number.as_i64().unwrap()).collect()
}

#[test]
fn threads_batches_and_memory_change_no_byte_of_packed_rows() {
    let pipeline = pipeline(INSTRUCT, "shard_megabytes: 4");
    let bytes = |arguments: &[&str]| files(&dataset(&pipeline, 20_000, arguments).path().join("out"));
    let expected: BTreeMap<_, _> = bytes(&["--threads", "1"]);
    assert!(expected.keys().filter(|name| name.starts_with("data")).count() > 3, "{:?}", expected.keys());
    assert_same(&expected, &bytes(&["--threads", "2", "--batch-rows", "7", "--memory", "64MB"]));
    assert_same(&expected, &bytes(&["--threads", "4", "--batch-rows", "100", "--memory", "16MB"]));
}

#[test]
fn every_document_is_in_one_row_and_the_manifest_proves_it() {
    let folder = dataset(&pipeline(INSTRUCT, "shard_megabytes: 64"), 0, &[]);
    let manifest = manifest(&folder.path().join("out"));
    let packing = &manifest["packing"];
    assert_eq!(packing["documents"], manifest["rows"]["written"]);
    let rows = exported(folder.path(), "jsonl");
    assert_eq!(packing["rows"], rows.len());
    let mut ids = BTreeSet::new();
    let (mut room, mut tokens) = (0, 0);
    for row in &rows {
        let lengths = integers(&row["seq_lengths"]);
        let (input_ids, labels) = (integers(&row["input_ids"]), integers(&row["labels"]));
        let sum = lengths.iter().sum::<i64>();
        assert_eq!((input_ids.len(), labels.len()), (usize::try_from(sum).unwrap(), input_ids.len()));
        assert_eq!(row["token_count"], sum);
        assert!(sum <= 512);
        for column in ["id", "text", "instruction", "input", "output", "source", "source_row"] {
            assert_eq!(row[column].as_array().unwrap().len(), lengths.len(), "{column}");
        }
        for id in row["id"].as_array().unwrap() {
            assert!(ids.insert(id.as_str().unwrap().to_owned()), "{id} is in two rows");
        }
        (room, tokens) = (room + 512, tokens + sum);
    }
    assert_eq!(packing["tokens"], tokens);
    // 900 documents in three sides: each side may end with a row that is not full.
    assert!(tokens + 3 * 512 > room * 995 / 1000, "{tokens} of {room}");
    let listed: u64 = manifest["dropped"].as_array().unwrap().iter().map(|part| part["rows"].as_u64().unwrap()).sum();
    assert_eq!(ids.len() as u64 + listed, 900);
    let verified = String::from_utf8(succeed(folder.path(), &["verify", "out"]).stdout).unwrap();
    assert!(verified.contains(&format!("{} rows of {} documents: all match", rows.len(), ids.len())), "{verified}");
}

#[test]
fn a_packed_document_has_the_tokens_it_has_alone() {
    let packed = dataset(&pipeline("", "shard_megabytes: 64"), 0, &[]);
    let alone = folder(&pipeline("", "shard_megabytes: 64").replace(", pack: true", ""), 0);
    succeed(alone.path(), &["run", "p.yaml"]);
    let tokens = |folder: &Path| {
        let dataset = Dataset::open(folder.join("out")).unwrap();
        let mut tokens = BTreeMap::new();
        for shard in &dataset.manifest().shards {
            for documents in dataset.documents(&shard.path, &[]).unwrap() {
                let batch = documents.unwrap().batch;
                for row in 0..batch.num_rows() {
                    let cell = |name| siyu_dataset::json_value(batch.column_by_name(name).unwrap(), row);
                    let mut labels = integers(&cell("labels"));
                    // The one that packing takes away: nothing of the document comes before it.
                    labels[0] = -100;
                    let id = cell("id").as_str().unwrap().to_owned();
                    tokens.insert(id, (integers(&cell("input_ids")), labels, cell("token_count"), cell("text")));
                }
            }
        }
        tokens
    };
    assert_eq!(tokens(packed.path()), tokens(alone.path()));
}

#[test]
fn a_packed_document_is_explained_and_exported_by_itself() {
    let folder = dataset(&pipeline(INSTRUCT, "shard_megabytes: 64"), 0, &[]);
    let explained = String::from_utf8(succeed(folder.path(), &["explain", "out", "b-7"]).stdout).unwrap();
    let place = explained.lines().find(|line| line.contains("shard")).unwrap();
    let numbers: Vec<usize> = place.split([' ', ',']).filter_map(|word| word.parse().ok()).collect();
    let shard = place.split_whitespace().nth(1).unwrap().trim_end_matches(',');
    let batches = support::batches(&folder.path().join("out").join(shard));
    let rows: Vec<Value> = batches
        .iter()
        .flat_map(|batch| (0..batch.num_rows()).map(|row| siyu_dataset::json_value(&batch["id"], row)))
        .collect();
    assert_eq!(rows[numbers[0]][numbers[1]], "b-7", "{explained}");
    let lines = exported(folder.path(), "alpaca");
    assert_eq!(manifest(&folder.path().join("out"))["packing"]["documents"], lines.len());
    assert!(lines.iter().all(|line| line["instruction"] == "摘要" && line["output"].is_string()));
}

#[test]
fn what_packed_rows_cannot_hold_is_refused_before_anything_is_read() {
    let refused = |pipeline: String, problem: &str| {
        let folder = folder(&pipeline, 0);
        let message = fail(folder.path(), &["check", "p.yaml"], 2);
        assert!(message.contains(problem), "{message}");
    };
    refused(pipeline("", "columns: [id, labels]"), "packed rows need `input_ids` among `output.columns`");
    refused(pipeline("  - derive: { seq_lengths: \"1\" }\n", "shard_megabytes: 1"), "there is one already");
    let later = pipeline("", "shard_megabytes: 1").replace("output:", "  - derive: { labels: \"1\" }\noutput:");
    refused(later, "`labels` is what rows are packed by");
}
