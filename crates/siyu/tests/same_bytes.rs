//! The same input and pipeline give the same bytes, whatever else differs.

#![allow(clippy::unwrap_used, reason = "a test may fail loudly")]

mod support;

use std::collections::BTreeMap;
use std::fmt::Write;
use std::fs;
use std::path::PathBuf;
use support::{Random, assert_same, documents, files, succeed};

/// A random pipeline over three entries of input.
fn pipeline(random: &mut Random) -> String {
    let mut text = "input:\n  - path: in/b\n  - path: in/a-*.jsonl\n  - path: in/c.jsonl\nsteps:\n".to_owned();
    let rows = [
        "normalize_unicode: {}",
        "mask_pii: { kinds: [cn_mobile], audit: true }",
        "text_length: { min_chars: 12 }",
        "filter: \"char_count(text) % 7 != 3\"",
        "sample: { ratio: 0.9, seed: 4 }",
    ];
    let tables = ["exact_dedup: {}", "shuffle: { seed: 9 }", "sample: { rows: 700, seed: 2 }"];
    for _ in 0..=random.below(3) {
        writeln!(text, "  - {}", rows[random.below(rows.len())]).unwrap();
        if random.below(3) > 0 {
            writeln!(text, "  - {}", tables[random.below(tables.len())]).unwrap();
        }
    }
    if random.below(2) == 0 {
        text.push_str("  - split: { train: 0.6, validation: 0.2, test: 0.2 }\n");
    }
    write!(
        text,
        "seed: {}\noutput: {{ directory: out, shard_megabytes: {} }}\n",
        random.below(9),
        4 + random.below(12)
    )
    .unwrap();
    text
}

/// Files of rows of which some are copies, some across files, some broken.
fn corpus(random: &mut Random) -> Vec<(PathBuf, String)> {
    let names = ["a-1", "a-2", "b/x", "b/y/z", "c"];
    let mut all = Vec::new();
    for name in names {
        let start = random.below(200);
        let text = |row: usize| {
            format!("第{}条，电话138{:08}，{}", (row + start) / 3, usize::midpoint(row, start), "正文".repeat(row % 9))
        };
        let mut lines = documents(240, text, 20_000);
        lines.push_str("{\"text\": \n");
        all.push((PathBuf::from(format!("in/{name}.jsonl")), lines));
    }
    all
}

fn run(files_in_order: &[(PathBuf, String)], pipeline: &str, arguments: &[&str]) -> BTreeMap<PathBuf, Vec<u8>> {
    let folder = tempfile::tempdir().unwrap();
    for (name, lines) in files_in_order {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, lines).unwrap();
    }
    fs::write(folder.path().join("p.yaml"), pipeline).unwrap();
    let mut all = vec!["run", "p.yaml"];
    all.extend(arguments);
    succeed(folder.path(), &all);
    files(&folder.path().join("out"))
}

#[test]
fn neither_threads_nor_batches_nor_memory_nor_the_order_of_files_change_a_byte() {
    let mut random = Random(0x5151_5151);
    for _ in 0..5 {
        let pipeline = pipeline(&mut random);
        let mut corpus = corpus(&mut random);
        let expected = run(&corpus, &pipeline, &["--threads", "1"]);
        for arguments in [
            &["--threads", "2", "--batch-rows", "5", "--memory", "64MB"][..],
            &["--threads", "4", "--batch-rows", "100", "--memory", "16MB"],
        ] {
            corpus.reverse();
            let turn = random.below(corpus.len());
            corpus.rotate_left(turn);
            let found = run(&corpus, &pipeline, arguments);
            assert_same(&expected, &found);
        }
    }
}
