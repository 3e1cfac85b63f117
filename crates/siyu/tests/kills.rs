//! Runs that are killed at random moments and started again.

#![allow(clippy::unwrap_used, reason = "a test may fail loudly")]

mod support;

use rustix::process::Signal;
use std::collections::BTreeMap;
use std::fs;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use support::watch::{Watched, Work};
use support::{Random, assert_same, documents, files, folder, stderr, succeed};

/// One exchange, which only orders.
const ROWS_ONLY: &str = "input: [{ path: docs.jsonl }]\n\
    steps:\n  - normalize_punctuation: {}\n  - mask_pii: { kinds: [cn_mobile], audit: true }\n  - text_length: { min_chars: 40 }\n\
    output: { directory: out, shard_megabytes: 4 }\n";

/// Four exchanges, rows that are dropped at each, and a step that makes several rows of one.
const TABLES: &str = "input: [{ path: docs.jsonl }]\n\
    steps:\n  - mask_pii: { kinds: [cn_mobile], audit: true }\n  - exact_dedup: {}\n  - shuffle: { seed: 5 }\n  - sample: { rows: 2000 }\n  \
    - truncate: { tokenizer: tokenizer.json, max_tokens: 60, keep: windows }\n  \
    - split: { train: 0.8, validation: 0.1, test: 0.1 }\n\
    output: { directory: out, shard_megabytes: 8 }\n";

fn project(pipeline: &str) -> tempfile::TempDir {
    let text = |row: usize| {
        let number = if row % 10 == 9 { row - 1 } else { row };
        format!("第{number}条，电话139{number:08}。{}", "合同内容由当事人约定。".repeat(number % 47))
    };
    let mut lines = documents(6_000, text, 6_000);
    lines.insert_str(0, "{\"text\": \"broken\n");
    let tokenizer = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../sample-data/models/tiny-zh/tokenizer.json");
    let files = [
        ("docs.jsonl", lines.as_bytes()),
        ("p.yaml", pipeline.as_bytes()),
        ("tokenizer.json", &fs::read(tokenizer).unwrap()[..]),
    ];
    folder(&files)
}

/// Kills runs until `kills` have been hit; each time one gets through, it starts over. Returns how often which work was
/// hit.
fn kill_and_continue(pipeline: &str, kills: usize, random: &mut Random) -> BTreeMap<Work, usize> {
    let folder = project(pipeline);
    let path = folder.path();
    let run = ["run", "p.yaml", "--memory", "32MB", "--threads", "2"];
    succeed(path, &run);
    let expected = files(&path.join("out"));
    let mut hits = BTreeMap::new();
    for _ in 0..kills {
        fs::remove_dir_all(path.join("out")).unwrap();
        let moments =
            [(Work::Reading, 40), (Work::Reading, 40), (Work::Ordering, 12), (Work::Joining, 6), (Work::Installing, 6)];
        for (work, most) in moments {
            let mut watched = Watched::start(path, &run);
            if watched.until(work, 1 + random.below(most)) {
                watched.signal(Signal::KILL);
            }
            let output = watched.end();
            if output.status.signal() == Some(9) {
                *hits.entry(work).or_default() += 1;
            } else {
                assert!(output.status.success(), "{}", stderr(&output));
            }
            if path.join("out/manifest.json").exists() {
                succeed(path, &["verify", "out"]);
            }
        }
        succeed(path, &run);
        let mut found = files(&path.join("out"));
        // A kill between the last rename and the end leaves the scratch folder of a finished run.
        found.retain(|name, _| !name.starts_with(".siyu-scratch") && name != Path::new(".siyu-lock"));
        assert_same(&expected, &found);
        if hits.values().sum::<usize>() >= kills {
            break;
        }
    }
    hits
}

#[test]
fn a_pipeline_of_row_steps_survives_ten_kills() {
    let hits = kill_and_continue(ROWS_ONLY, 10, &mut Random(0x5149_5955));
    assert!(hits.values().sum::<usize>() >= 10, "{hits:?}");
    assert!([Work::Reading, Work::Ordering, Work::Joining].iter().all(|work| hits.contains_key(work)), "{hits:?}");
}

#[test]
fn a_pipeline_with_four_exchanges_survives_ten_kills() {
    let hits = kill_and_continue(TABLES, 10, &mut Random(0x7349_5975));
    assert!(hits.values().sum::<usize>() >= 10, "{hits:?}");
    assert!([Work::Reading, Work::Ordering, Work::Joining].iter().all(|work| hits.contains_key(work)), "{hits:?}");
}
