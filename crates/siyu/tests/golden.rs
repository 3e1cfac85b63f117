//! Each pipeline of `pipelines/` on `sample-data/`, compared with `tests/golden`. `UPDATE_GOLDEN=1` writes it anew.
//!
//! What must hold whatever the golden files say is asserted beside them.

#![allow(clippy::unwrap_used, reason = "a test may fail loudly")]

use serde_json::{Value, json};
use std::fs;
use std::path::Path;
use std::process::{Command, Output};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).unwrap()
}

fn siyu(arguments: &[&str]) -> Output {
    let output = Command::new(env!("CARGO_BIN_EXE_siyu")).current_dir(root()).args(arguments).output().unwrap();
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    output
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

/// The dataset of a pipeline: its manifest and all rows.
fn dataset(name: &str, folder: &Path) -> (Value, Vec<Value>) {
    let output = folder.join(name);
    let setting = format!("output.directory={}", output.display());
    siyu(&["run", &format!("pipelines/{name}.yaml"), "--set", &setting]);
    siyu(&["verify", output.to_str().unwrap()]);
    let manifest = serde_json::from_slice(&fs::read(output.join("manifest.json")).unwrap()).unwrap();
    let lines = text(&siyu(&["export", output.to_str().unwrap(), "--format", "jsonl"]).stdout);
    (manifest, lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect())
}

/// Texts cut to 120 characters, lists to eight items.
fn cut(value: &Value) -> Value {
    match value {
        Value::String(text) => text.chars().take(120).collect::<String>().into(),
        Value::Array(items) => items.iter().take(8).map(cut).collect(),
        Value::Object(fields) => {
            fields.iter().map(|(name, value)| (name.clone(), cut(value))).collect::<serde_json::Map<_, _>>().into()
        }
        other => other.clone(),
    }
}

/// Plan, counts and first rows of a pipeline, small enough to be read.
fn summary(name: &str, manifest: &Value, rows: &[Value]) -> String {
    let plan = text(&siyu(&["check", &format!("pipelines/{name}.yaml")]).stdout);
    let sides: Vec<Value> = manifest["shards"]
        .as_array()
        .unwrap()
        .iter()
        .map(|shard| json!([shard["path"], shard["rows"], shard["tokens"]]))
        .collect();
    let golden = json!({
        "plan": plan.lines().collect::<Vec<_>>(),
        "steps": manifest["steps"],
        "rows": manifest["rows"],
        "personal_data": manifest["personal_data"],
        "columns": manifest["columns"],
        "shards": sides,
        "first_rows": rows.iter().take(3).map(cut).collect::<Vec<_>>(),
    });
    serde_json::to_string_pretty(&golden).unwrap() + "\n"
}

/// Runs a pipeline, compares it with its golden file and returns the manifest and the rows.
fn compared(name: &str) -> (Value, Vec<Value>) {
    let folder = tempfile::tempdir().unwrap();
    let (manifest, rows) = dataset(name, folder.path());
    let found = summary(name, &manifest, &rows);
    let path = root().join("tests/golden").join(format!("{name}.json"));
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, &found).unwrap();
    }
    let expected = fs::read_to_string(&path).unwrap_or_default();
    assert!(found == expected, "{} differs; UPDATE_GOLDEN=1 rewrites it. Found:\n{found}", path.display());
    let planted: Vec<Value> =
        serde_json::from_slice(&fs::read(root().join("sample-data/planted.json")).unwrap()).unwrap();
    let all = rows.iter().map(Value::to_string).collect::<String>();
    for entry in planted {
        let value = entry["value"].as_str().unwrap();
        assert!(!all.contains(value), "{name}: a planted {} is not masked", entry["kind"]);
    }
    (manifest, rows)
}

fn dropped(manifest: &Value, step: &str) -> u64 {
    let steps = manifest["steps"].as_array().unwrap().iter();
    steps
        .filter(|record| record["step"].as_str().unwrap().ends_with(step))
        .map(|record| record["dropped"].as_u64().unwrap())
        .sum()
}

#[test]
fn every_pipeline_has_a_test_here() {
    let mut names: Vec<String> = fs::read_dir(root().join("pipelines"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "yaml"))
        .map(|path| path.file_stem().unwrap().to_str().unwrap().to_owned())
        .collect();
    names.sort();
    assert_eq!(names, ["instructions-clean", "laws-summary", "laws-words", "legal", "memos-text", "questions-chat"]);
}

#[test]
fn legal() {
    let (manifest, rows) = compared("legal");
    // One row of two cells in questions.csv; a line that breaks off, one without text and one that is no object.
    assert_eq!(manifest["rows"]["quarantined"], 4);
    // The last law is the first again, and cases.jsonl.gz holds one copy.
    assert_eq!(dropped(&manifest, "exact_dedup"), 2);
    assert!(
        rows.iter().all(|row| row["token_count"].as_u64() == Some(row["input_ids"].as_array().unwrap().len() as u64))
    );
}

#[test]
fn laws_summary() {
    let (manifest, rows) = compared("laws-summary");
    assert_eq!((manifest["rows"]["quarantined"].as_u64(), dropped(&manifest, "exact_dedup")), (Some(0), 1));
    assert!(rows.iter().all(|row| row["output"].as_str().unwrap().chars().count() <= 150));
}

#[test]
fn laws_words() {
    let (manifest, rows) = compared("laws-words");
    assert_eq!(dropped(&manifest, "exact_dedup"), 1);
    let words = |row: &Value| -> Vec<String> {
        let words = row["words"].as_array().unwrap().iter();
        words.map(|word| word.as_str().unwrap().to_owned()).collect()
    };
    assert!(
        rows.iter().all(|row| words(row).concat() == row["text"].as_str().unwrap()),
        "joined, the words are the text"
    );
    // jieba's own dictionary lacks this term.
    let has = |term: &str| rows.iter().any(|row| words(row).iter().any(|word| word == term));
    assert!(has("地方性法规") && rows.iter().all(|row| row["keywords"].as_array().unwrap().len() == 5));
}

#[test]
fn memos_text() {
    let (manifest, rows) = compared("memos-text");
    assert_eq!((manifest["rows"]["quarantined"].as_u64(), rows.len()), (Some(0), 12));
    for row in &rows {
        let text = row["text"].as_str().unwrap();
        assert!(text.contains("<cn_mobile>") && text.contains("<cn_id>") && text.contains("<email>"), "{}", row["id"]);
        assert!(!text.contains("tracker") && !text.contains("margin"), "scripts and styles are no text");
    }
}

#[test]
fn questions_chat() {
    let (manifest, rows) = compared("questions-chat");
    assert_eq!((manifest["rows"]["input"].as_u64(), manifest["rows"]["quarantined"].as_u64()), (Some(61), Some(1)));
    assert_eq!(rows.len(), 60, "all questions are different");
}

#[test]
fn instructions_clean() {
    let (manifest, rows) = compared("instructions-clean");
    assert_eq!((manifest["rows"]["input"].as_u64(), rows.len()), (Some(40), 40));
}
