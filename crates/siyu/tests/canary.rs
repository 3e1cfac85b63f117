//! Numbers that no one has: once masking is the first step, none of them is anywhere but in the input.

#![allow(clippy::unwrap_used, reason = "a test may fail loudly")]

mod support;

use arrow::ipc::reader::FileReader;
use rustix::process::Signal;
use std::fmt::Write;
use std::fs::File;
use std::io::Cursor;
use std::path::Path;
use support::watch::{Watched, Work};
use support::{files, folder, siyu, stderr};

const ROWS: usize = 3_000;

/// A number of its own for each row.
fn number(row: usize) -> String {
    format!("1{}{:08}", [39, 38, 86, 77][row % 4], 10_203_040 + row * 7_919)
}

fn project(mask: &str) -> tempfile::TempDir {
    let mut lines = String::new();
    for row in 0..ROWS {
        let number = number(row);
        let pad = " ".repeat(6_000);
        match row % 100 {
            // Unreadable, in several ways.
            11 => writeln!(lines, "{{\"text\": \"电话{number}"),
            22 => writeln!(lines, "{{\"text\": \"电话{number}\"}} 电话{number}"),
            33 => writeln!(lines, "{{\"note\": \"电话{number}\"}}"),
            44 => writeln!(lines, "电话{number}"),
            // Dropped: too short, a copy, not in the sample.
            55 => writeln!(lines, "{{\"text\": \"{number}\"}}"),
            66 => writeln!(lines, "{{\"text\": \"同样的文字，同样的文字，电话{number}\"}}"),
            _ => writeln!(lines, "{{\"text\": \"第{row}条，请拨打电话{number}，谢谢。\", \"pad\": \"{pad}\"}}"),
        }
        .unwrap();
    }
    let pipeline = format!(
        "input: [{{ path: docs.jsonl }}]\nsteps:\n{mask}  - text_length: {{ min_chars: 10 }}\n  - exact_dedup: {{}}\n  \
         - sample: {{ rows: 2000 }}\n  - split: {{ train: 0.8, validation: 0.1, test: 0.1 }}\noutput: {{ directory: out }}\n"
    );
    folder(&[("docs.jsonl", lines.as_bytes()), ("p.yaml", pipeline.as_bytes())])
}

/// Everything below a folder as it can be read: Arrow and Parquet decoded, the rest as it is.
fn readable(folder: &Path) -> Vec<(String, String)> {
    let mut found = Vec::new();
    for (name, bytes) in files(folder) {
        let shown = name.display().to_string();
        let mut text = String::from_utf8_lossy(&bytes).into_owned();
        if shown.ends_with(".arrow") {
            // A file that was cut off by the kill has no footer: its batches cannot be told apart.
            let batches = FileReader::try_new(Cursor::new(bytes), None).into_iter().flatten();
            batches.for_each(|batch| write!(text, "{:?}", columns(&batch.unwrap())).unwrap());
        } else if shown.ends_with(".parquet") {
            let reader = parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder::try_new(
                File::open(folder.join(&name)).unwrap(),
            );
            for reader in reader.into_iter().map(|reader| reader.with_batch_size(1 << 20).build().unwrap()) {
                reader.for_each(|batch| write!(text, "{:?}", columns(&batch.unwrap())).unwrap());
            }
        }
        found.push((shown, text));
    }
    found
}

/// All texts of a batch: its own debug output leaves out the middle.
fn columns(batch: &arrow::array::RecordBatch) -> Vec<String> {
    use arrow::array::AsArray;
    let texts = batch.columns().iter().filter_map(|column| column.as_string_opt::<i32>());
    texts.flat_map(|column| column.iter().flatten().map(str::to_owned).collect::<Vec<_>>()).collect()
}

/// The first place where a number of the input is found.
fn leak(places: &[(String, String)]) -> Option<String> {
    let numbers: std::collections::BTreeSet<String> = (0..ROWS).map(number).collect();
    for (name, text) in places {
        let digits: Vec<&str> =
            text.split(|letter: char| !letter.is_ascii_digit()).filter(|run| run.len() == 11).collect();
        if let Some(found) = digits.into_iter().find(|digits| numbers.contains(*digits)) {
            return Some(format!("{found} in {name}"));
        }
    }
    None
}

/// What is left of a run killed at this work.
fn killed(folder: &Path, work: Work) -> Vec<(String, String)> {
    let mut watched = Watched::start(folder, &["run", "p.yaml", "--memory", "32MB"]);
    assert!(watched.until(work, 3));
    watched.signal(Signal::KILL);
    let output = watched.end();
    let mut places = readable(&folder.join("out"));
    places.push(("standard error".to_owned(), stderr(&output)));
    places.push(("standard output".to_owned(), String::from_utf8_lossy(&output.stdout).into_owned()));
    places
}

#[test]
fn no_number_is_found_in_scratch_output_or_messages() {
    let folder = project("  - mask_pii: {}\n");
    for work in [Work::Reading, Work::Ordering, Work::Joining] {
        let places = killed(folder.path(), work);
        assert_eq!(leak(&places), None, "{work:?}");
    }
    let output = siyu(folder.path(), &["run", "p.yaml"]);
    assert!(output.status.success(), "{}", stderr(&output));
    let mut places = readable(&folder.path().join("out"));
    places.push(("standard error".to_owned(), stderr(&output)));
    places.push(("standard output".to_owned(), String::from_utf8_lossy(&output.stdout).into_owned()));
    assert!(places.iter().any(|(name, text)| name.contains("data/train") && text.contains("<MASK>")));
    assert_eq!(leak(&places), None);
    let again = siyu(folder.path(), &["run", "p.yaml", "--set", "max_bad_ratio=0.01", "--fresh"]);
    assert_eq!(again.status.code(), Some(1));
    assert_eq!(leak(&[("the message".to_owned(), stderr(&again))]), None);
}

#[test]
fn without_masking_the_same_search_finds_them() {
    let folder = project("");
    let scratch = killed(folder.path(), Work::Ordering);
    assert!(leak(&scratch).is_some_and(|place| place.contains(".siyu-scratch")));
    let output = siyu(folder.path(), &["run", "p.yaml"]);
    assert!(output.status.success(), "{}", stderr(&output));
    assert!(leak(&readable(&folder.path().join("out/data"))).is_some());
}
