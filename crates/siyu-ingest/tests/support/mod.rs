//! What the tests of work done by others share: a pipeline with every kind of work, and the files of its dataset.

#![allow(dead_code, reason = "each test uses a part of it")]
#![allow(clippy::unwrap_used, reason = "a test may fail loudly")]

use siyu_ingest::Pipeline;
use siyu_ingest::run::RunOptions;
use std::collections::BTreeMap;
use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};

/// Row steps, exchanges, near-duplicates, a split by clusters, and a step that makes several rows of one.
pub(crate) const STEPS: &str = "  - strip_html: {}
  - mask_pii: { kinds: [cn_mobile], audit: true }
  - text_length: { min_chars: 12 }
  - exact_dedup: {}
  - near_dedup: { similarity: 0.8 }
  - shuffle: { seed: 9 }
  - truncate: { tokenizer: TOKENIZER, max_tokens: 120, keep: windows }
  - split: { train: 0.6, validation: 0.2, test: 0.2 }
";

/// A folder with documents in several files, and a pipeline over them.
pub(crate) fn project() -> (tempfile::TempDir, Pipeline) {
    let folder = tempfile::tempdir().unwrap();
    for file in 0..7 {
        let mut lines = String::new();
        for row in 0..400 {
            let number = (row * 7 + file) % 900;
            let clauses = |clause| format!("第{}款约定{}元；", clause, (number + clause) * 37);
            let clauses = (0..8).map(clauses).collect::<Vec<_>>().concat();
            let extra = if row % 5 == 0 { "补充。" } else { "" };
            let pad = " ".repeat(4000);
            writeln!(lines, "{{\"text\": \"<p>电话139{number:08}，{clauses}{extra}</p>\", \"pad\": \"{pad}\"}}")
                .unwrap();
        }
        lines.push_str("{\"text\": \n");
        fs::create_dir_all(folder.path().join("in")).unwrap();
        fs::write(folder.path().join(format!("in/{file}.jsonl")), lines).unwrap();
    }
    let pipeline = pipeline(&folder, STEPS, &tokenizer());
    (folder, pipeline)
}

pub(crate) fn tokenizer() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../sample-data/models/tiny-zh/tokenizer.json")
}

pub(crate) fn pipeline(folder: &tempfile::TempDir, steps: &str, tokenizer: &Path) -> Pipeline {
    let text = format!(
        "input: [{{ path: \"{root}/in\" }}]\nsteps:\n{steps}output: {{ directory: \"{root}/out\", shard_megabytes: 4 }}\n",
        root = folder.path().display(),
        steps = steps.replace("TOKENIZER", &tokenizer.display().to_string()),
    );
    Pipeline::from_text(&text, Path::new("p.yaml"), &[]).unwrap()
}

pub(crate) fn options() -> RunOptions {
    RunOptions { threads: 2, memory: 64 << 20, fresh: false, batch_rows: 1024 }
}

/// All files of a dataset with their bytes.
pub(crate) fn dataset(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut found = BTreeMap::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = PathBuf::from(path.file_name().unwrap());
        if path.is_dir() {
            found.extend(dataset(&path).into_iter().map(|(inner, bytes)| (name.join(inner), bytes)));
        } else {
            found.insert(name, fs::read(&path).unwrap());
        }
    }
    found
}

pub(crate) fn assert_same(one: &BTreeMap<PathBuf, Vec<u8>>, other: &BTreeMap<PathBuf, Vec<u8>>) {
    assert_eq!(one.keys().collect::<Vec<_>>(), other.keys().collect::<Vec<_>>());
    for (name, bytes) in one {
        assert!(other[name] == *bytes, "{} differs", name.display());
    }
}
