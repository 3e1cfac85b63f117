//! What others read: the dataset opened by pyarrow and by Hugging Face's `datasets`.

#![allow(clippy::unwrap_used, reason = "a test may fail loudly")]

use std::path::{Path, PathBuf};
use std::process::Command;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).unwrap()
}

/// The dataset that a pipeline of the repository makes.
fn dataset(folder: &Path, pipeline: &str, settings: &[&str]) -> PathBuf {
    let output = folder.join(pipeline);
    let run = Command::new(env!("CARGO_BIN_EXE_siyu"))
        .current_dir(root())
        .args([
            "run",
            &format!("pipelines/{pipeline}.yaml"),
            "--set",
            &format!("output.directory={}", output.display()),
        ])
        .args(settings)
        .output()
        .unwrap();
    assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stderr));
    output
}

/// Runs a script of assertions.
fn read(folder: &Path, script: &str, arguments: &[&Path]) {
    let python = std::env::var("SIYU_TEST_PYTHON").expect("SIYU_TEST_PYTHON names a Python with pyarrow and datasets");
    let read = Command::new(python)
        .current_dir(root())
        .env("HF_HOME", folder.join("cache"))
        .env("HF_HUB_OFFLINE", "1")
        .args(["-c", script])
        .args(arguments)
        .output()
        .unwrap();
    assert!(read.status.success(), "{}", String::from_utf8_lossy(&read.stderr));
}

#[test]
#[ignore = "needs Python with pyarrow and datasets: `cargo xtask test` installs them and runs this"]
fn pyarrow_and_datasets_open_the_folder_as_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let output = dataset(folder.path(), "legal", &[]);
    let script = r#"
import json, sys, pathlib, pyarrow.parquet, datasets
folder = pathlib.Path(sys.argv[1])
manifest = json.loads((folder / "manifest.json").read_text())
rows = sum(pyarrow.parquet.read_table(folder / shard["path"]).num_rows for shard in manifest["shards"])
assert rows == manifest["rows"]["written"], rows
loaded = datasets.load_dataset(str(folder))
counts = {}
for shard in manifest["shards"]:
    counts[shard["split"]] = counts.get(shard["split"], 0) + shard["rows"]
assert {name: split.num_rows for name, split in loaded.items()} == counts, (loaded, counts)
row = loaded["train"][0]
assert row["token_count"] == len(row["input_ids"]) == len(row["labels"])
exported = [json.loads(line) for line in pathlib.Path(sys.argv[2]).read_text(encoding="utf-8").splitlines()]
assert len(exported) == rows, len(exported)
lines = datasets.load_dataset("json", data_files=sys.argv[2], split="train")
assert lines.num_rows == rows and set(lines.column_names) == set(exported[0])
import jsonschema, yaml
schema = json.loads(pathlib.Path("pipelines/schema.json").read_text(encoding="utf-8"))
validator = jsonschema.Draft202012Validator(schema)
for path in sorted(pathlib.Path("pipelines").glob("*.yaml")):
    validator.validate(yaml.safe_load(path.read_text(encoding="utf-8")))
wrong = yaml.safe_load(pathlib.Path("tests/invalid/unknown-setting.yaml").read_text(encoding="utf-8"))
assert not validator.is_valid(wrong)
"#;
    let lines = folder.path().join("rows.jsonl");
    let export = Command::new(env!("CARGO_BIN_EXE_siyu"))
        .args(["export", output.to_str().unwrap(), "--format", "jsonl", "--output", lines.to_str().unwrap()])
        .status()
        .unwrap();
    assert!(export.success());
    read(folder.path(), script, &[&output, &lines]);
}

#[test]
#[ignore = "needs Python with pyarrow and datasets: `cargo xtask test` installs them and runs this"]
fn packed_rows_are_lists_of_equal_length_to_datasets() {
    let folder = tempfile::tempdir().unwrap();
    let output = dataset(folder.path(), "laws-summary", &["--set", "steps.8.tokenize.pack=true"]);
    let script = r#"
import json, sys, pathlib, datasets
folder = pathlib.Path(sys.argv[1])
manifest = json.loads((folder / "manifest.json").read_text())
documents = 0
for split in datasets.load_dataset(str(folder)).values():
    for row in split:
        lengths = row["seq_lengths"]
        assert sum(lengths) == len(row["input_ids"]) == len(row["labels"]) == row["token_count"] <= 1024
        assert len(lengths) == len(row["id"]) == len(row["text"]) == len(row["source_row"])
        starts = [sum(lengths[:number]) for number in range(len(lengths))]
        assert all(row["labels"][start] == -100 for start in starts)
        documents += len(lengths)
assert documents == manifest["packing"]["documents"] == manifest["rows"]["written"]
"#;
    read(folder.path(), script, &[&output]);
}
