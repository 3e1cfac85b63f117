//! Runs that are told to stop, and two runs in one folder.

#![allow(clippy::unwrap_used, reason = "a test may fail loudly")]

mod support;

use rustix::process::Signal;
use std::fs;
use std::io::{BufRead, BufReader};
use std::path::Path;
use support::watch::{Watched, Work, full_pipe};
use support::{assert_same, documents, fail, files, folder, stderr, succeed};

fn project() -> tempfile::TempDir {
    let text = |row: usize| format!("第{row}条{}", "合同内容由当事人约定。".repeat(row % 40));
    let lines = documents(5_000, text, 6_000);
    let pipeline = "input: [{ path: docs.jsonl }]\nsteps: [{ exact_dedup: {} }]\noutput: { directory: out }\n";
    folder(&[("docs.jsonl", lines.as_bytes()), ("p.yaml", pipeline.as_bytes())])
}

/// Runs with work under `out/.siyu-scratch`.
fn runs(folder: &Path) -> usize {
    let records = files(&folder.join("out/.siyu-scratch/exchange-1"));
    records.keys().filter(|name| name.extension().is_some_and(|extension| extension == "json")).count()
}

#[test]
fn a_run_that_is_interrupted_keeps_its_work_and_goes_on() {
    let folder = project();
    let path = folder.path();
    succeed(path, &["run", "p.yaml"]);
    let expected = files(&path.join("out"));
    for signal in [Signal::INT, Signal::TERM] {
        fs::remove_dir_all(path.join("out")).unwrap();
        let mut watched = Watched::start(path, &["run", "p.yaml"]);
        assert!(watched.until(Work::Reading, 12));
        watched.signal(signal);
        let output = watched.end();
        assert_eq!(output.status.code(), Some(130), "{}", stderr(&output));
        assert!(stderr(&output).contains("run the same command again"), "{}", stderr(&output));
        assert!(!path.join("out/manifest.json").exists());
        assert!(runs(path) > 0, "what was read is kept");
        succeed(path, &["run", "p.yaml"]);
        assert_same(&expected, &files(&path.join("out")));
    }
}

#[test]
fn the_second_interruption_ends_a_run_that_cannot_stop() {
    let folder = project();
    // A run that waits for a reader of its summary: the pipe is full.
    let (reader, writer) = full_pipe();
    let (mut watched, stderr) = Watched::start_with(folder.path(), &["run", "p.yaml"], writer.into(), true);
    let mut lines = BufReader::new(stderr.unwrap()).lines();
    assert!(watched.until(Work::Installing, 1));
    watched.signal(Signal::INT);
    assert!(lines.any(|line| line.unwrap().contains("once more ends at once")));
    watched.signal(Signal::INT);
    assert!(lines.any(|line| line.unwrap().contains("ended at once")));
    assert_eq!(watched.end().status.code(), Some(130));
    drop(reader);
}

#[test]
fn a_second_run_into_the_same_folder_is_refused_and_harms_nothing() {
    let folder = project();
    let path = folder.path();
    let mut first = Watched::start(path, &["run", "p.yaml"]);
    assert!(first.until(Work::Reading, 12));
    first.signal(Signal::STOP);
    let message = fail(path, &["run", "p.yaml"], 1);
    assert!(message.contains("another run is writing to `out`"), "{message}");
    let message = fail(path, &["run", "p.yaml", "--fresh"], 1);
    assert!(message.contains("another run is writing to `out`"), "{message}");
    first.signal(Signal::CONT);
    let output = first.end();
    assert!(output.status.success(), "{}", stderr(&output));
    succeed(path, &["verify", "out"]);
}
