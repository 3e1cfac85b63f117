//! What changed since a run began, or since a dataset was written, is named.

#![allow(clippy::unwrap_used, reason = "a test may fail loudly")]

mod support;

use rustix::process::Signal;
use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, SystemTime};
use support::watch::{Watched, Work};
use support::{assert_same, documents, fail, files, folder, stderr, succeed};

const PIPELINE: &str = "# a comment\ninput: [{ path: docs.jsonl }]\n\
    steps:\n  - text_length: { min_chars: 3 }\n  - segment: { user_dictionary: words.txt }\n  - exact_dedup: {}\n\
    seed: 1\noutput: { directory: out }\n";

fn project() -> tempfile::TempDir {
    let lines = documents(3_000, |row| format!("第{row}条合同"), 6_000);
    folder(&[
        ("docs.jsonl", lines.as_bytes()),
        ("p.yaml", PIPELINE.as_bytes()),
        ("words.txt", "合同书 5 n\n".as_bytes()),
    ])
}

/// Starts a run and kills it at this work.
fn unfinished(folder: &Path, work: Work) {
    let mut watched = Watched::start(folder, &["run", "p.yaml"]);
    assert!(watched.until(work, 3));
    watched.signal(Signal::KILL);
    watched.end();
    assert!(folder.join("out/.siyu-scratch/identity.json").exists());
}

/// Tries changes of the pipeline and of what it names; each must be refused by its name, and harm nothing.
fn every_change_is_named(folder: &Path) {
    let edits = [
        (
            "p.yaml",
            PIPELINE.replace("min_chars: 3", "min_chars: 4"),
            "step 1 `text_length`: `min_chars` was `3`, is `4`",
        ),
        ("p.yaml", PIPELINE.replace("  - exact_dedup: {}\n", ""), "step 3 `exact_dedup` is gone"),
        ("p.yaml", PIPELINE.replace("exact_dedup", "shuffle"), "step 3 `shuffle` was `exact_dedup`"),
        ("p.yaml", PIPELINE.replace("seed: 1", "seed: 2"), "`seed` was `1`, is `2`"),
        (
            "p.yaml",
            PIPELINE.replace("directory: out", "directory: out, columns: [id]"),
            "`output.columns` was not given",
        ),
        (
            "p.yaml",
            PIPELINE.replace("path: docs.jsonl", "path: docs.jsonl, encoding: gbk"),
            "input 1: `encoding` was not given, is `gbk`",
        ),
        ("words.txt", "合同书 6 n\n".to_owned(), "`words.txt` changed"),
        ("docs.jsonl", "{\"text\": \"合同合同\"}\n".to_owned(), "the input `docs.jsonl` changed"),
    ];
    let before = files(&folder.join("out"));
    for (name, text, expected) in edits {
        let kept = folder.join("kept");
        fs::rename(folder.join(name), &kept).unwrap();
        fs::write(folder.join(name), text).unwrap();
        let message = fail(folder, &["run", "p.yaml"], 1);
        assert!(message.contains(expected) && message.contains("--fresh"), "{expected}: {message}");
        fs::rename(&kept, folder.join(name)).unwrap();
    }
    assert_same(&before, &files(&folder.join("out")));
}

#[test]
fn a_change_is_named_while_a_run_is_unfinished_and_when_it_is_done() {
    let folder = project();
    let path = folder.path();
    unfinished(path, Work::Ordering);
    every_change_is_named(path);
    // What does not decide the rows may change.
    let text = PIPELINE.replace("# a comment", "# another").replace("seed: 1", "seed: 1\nmax_bad_rows: 7");
    fs::write(path.join("p.yaml"), text).unwrap();
    succeed(path, &["run", "p.yaml"]);
    every_change_is_named(path);
    fs::write(path.join("words.txt"), "合同书 6 n\n").unwrap();
    succeed(path, &["run", "p.yaml", "--fresh"]);
}

#[test]
fn another_version_is_named() {
    let folder = project();
    let path = folder.path();
    unfinished(path, Work::Reading);
    let record = path.join("out/.siyu-scratch/identity.json");
    let own = format!("\"version\":\"{}\"", env!("CARGO_PKG_VERSION"));
    let text = fs::read_to_string(&record).unwrap();
    assert!(text.contains(&own));
    fs::write(&record, text.replace(&own, "\"version\":\"0.0.7\"")).unwrap();
    let message = fail(path, &["run", "p.yaml"], 1);
    assert!(message.contains("siyu 0.0.7 began it"), "{message}");
    succeed(path, &["run", "p.yaml", "--fresh"]);
}

#[test]
fn an_input_with_a_new_time_is_compared_by_what_it_holds() {
    let folder = project();
    let path = folder.path();
    let docs = path.join("docs.jsonl");
    let lines = fs::read(&docs).unwrap();
    succeed(path, &["run", "p.yaml"]);
    let expected = files(&path.join("out"));
    let touch = |nanos: u64| {
        let time = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000_000) + Duration::from_nanos(nanos);
        fs::OpenOptions::new().append(true).open(&docs).unwrap().set_modified(time).unwrap();
    };
    touch(1);
    let again = succeed(path, &["run", "p.yaml"]);
    assert!(String::from_utf8_lossy(&again.stdout).contains("already holds this dataset"));
    let mut other = lines.clone();
    let place = other.iter().position(|byte| *byte == b'3').unwrap();
    other[place] = b'4';
    for (round, work) in [(2, Work::Ordering), (4, Work::Reading)] {
        fs::remove_dir_all(path.join("out")).unwrap();
        fs::write(&docs, &lines).unwrap();
        if work == Work::Reading {
            // Interrupted, so that a part of the input is done.
            let mut watched = Watched::start(path, &["run", "p.yaml"]);
            assert!(watched.until(work, 12));
            watched.signal(Signal::INT);
            assert_eq!(watched.end().status.code(), Some(130));
        } else {
            unfinished(path, work);
        }
        fs::write(&docs, &other).unwrap();
        touch(round);
        let message = fail(path, &["run", "p.yaml"], 1);
        assert!(message.contains("docs.jsonl`, or a file read just after it, has other bytes"), "{message}");
        fs::write(&docs, &lines).unwrap();
        touch(round + 1);
        succeed(path, &["run", "p.yaml"]);
        assert_same(&expected, &files(&path.join("out")));
    }
    // The same size and an old time do not make it the same.
    fs::write(&docs, &other).unwrap();
    touch(1);
    assert!(fail(path, &["run", "p.yaml"], 1).contains("the input `docs.jsonl` changed"));
}

#[test]
fn another_secret_is_noticed_and_no_secret_is_kept() {
    let lines = documents(50, |row| format!("电话139{row:08}，第{row}条"), 0);
    let pipeline = "input: [{ path: docs.jsonl }]\nsteps: [{ mask_pii: { key_from: SIYU_TEST_SECRET } }]\noutput: { directory: out }\n";
    let folder = folder(&[("docs.jsonl", lines.as_bytes()), ("p.yaml", pipeline.as_bytes())]);
    let run = |secret: &str| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_siyu"));
        command.current_dir(folder.path()).args(["run", "p.yaml"]).env("SIYU_TEST_SECRET", secret).output().unwrap()
    };
    let first = run("a-very-secret-value");
    assert!(first.status.success(), "{}", stderr(&first));
    assert!(String::from_utf8_lossy(&run("a-very-secret-value").stdout).contains("already holds"));
    let other = run("another-secret-value");
    assert_eq!(other.status.code(), Some(1));
    let message = stderr(&other);
    assert!(message.contains("the value of the environment variable `SIYU_TEST_SECRET` changed"), "{message}");
    assert!(!message.contains("secret-value"));
    for (name, bytes) in files(&folder.path().join("out")) {
        assert!(!String::from_utf8_lossy(&bytes).contains("secret-value"), "{}", name.display());
    }
}
