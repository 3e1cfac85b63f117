//! Where a dataset goes, and what else lies there.

#![allow(clippy::unwrap_used, reason = "a test may fail loudly")]

mod support;

use rustix::process::Signal;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use support::watch::{Watched, Work};
use support::{assert_same, column, documents, fail, files, folder, manifest, siyu, stderr, succeed};

fn project(pipeline: &str) -> tempfile::TempDir {
    let lines = documents(20, |row| format!("第{row}条"), 0);
    folder(&[("docs.jsonl", lines.as_bytes()), ("p.yaml", pipeline.as_bytes())])
}

fn simple() -> tempfile::TempDir {
    project("input: [{ path: docs.jsonl }]\noutput: { directory: out }\n")
}

#[test]
fn what_is_not_ours_is_never_replaced() {
    for name in ["data/notes.txt", "data/train-00000-of-00001.parquet", "README.md", "quarantine/x/y"] {
        let folder = simple();
        let path = folder.path().join("out").join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, "mine").unwrap();
        let before = files(folder.path());
        for fresh in [&["run", "p.yaml"][..], &["run", "p.yaml", "--fresh"]] {
            let message = fail(folder.path(), fresh, 1);
            assert!(message.contains("is in the way") && message.contains("output.directory"), "{message}");
        }
        assert_same(&before, &files(folder.path()));
    }
    // A manifest of something else is no leave to remove anything.
    let folder = simple();
    fs::create_dir(folder.path().join("out")).unwrap();
    fs::write(folder.path().join("out/manifest.json"), "{\"name\": \"app\"}").unwrap();
    assert!(fail(folder.path(), &["run", "p.yaml", "--fresh"], 1).contains("is in the way"));
    assert_eq!(files(&folder.path().join("out")).len(), 1);
}

#[test]
fn a_file_added_to_a_dataset_is_not_lost_and_other_files_stay() {
    let folder = simple();
    succeed(folder.path(), &["run", "p.yaml"]);
    fs::write(folder.path().join("out/notes.txt"), "mine").unwrap();
    succeed(folder.path(), &["run", "p.yaml", "--fresh"]);
    assert_eq!(fs::read(folder.path().join("out/notes.txt")).unwrap(), b"mine");
    fs::write(folder.path().join("out/data/more.parquet"), "mine").unwrap();
    let message = fail(folder.path(), &["run", "p.yaml", "--fresh"], 1);
    assert!(message.contains("out/data/more.parquet"), "{message}");
    assert!(folder.path().join("out/manifest.json").exists() && folder.path().join("out/data/more.parquet").exists());
}

#[test]
fn an_output_that_is_a_file_or_cannot_be_written_is_named() {
    let folder = simple();
    fs::write(folder.path().join("out"), "mine").unwrap();
    assert!(fail(folder.path(), &["run", "p.yaml"], 1).contains("`out` is not a folder"));
    assert_eq!(fs::read(folder.path().join("out")).unwrap(), b"mine");
    // Nobody may make a folder there, not even root.
    let message = fail(folder.path(), &["run", "p.yaml", "--set", "output.directory=/proc/siyu/out"], 1);
    assert!(message.contains("cannot write `/proc/siyu/out`"), "{message}");
    let message = fail(folder.path(), &["run", "p.yaml", "--set", "output.directory=docs.jsonl/out"], 1);
    assert!(message.contains("docs.jsonl"), "{message}");
}

#[test]
fn an_output_inside_its_input_is_not_read_again() {
    for pattern in ["corpus", "corpus/**/*", "."] {
        let pipeline = format!(
            "input: [{{ path: \"{pattern}\", format: jsonl }}]\nmax_bad_ratio: 1\noutput: {{ directory: corpus/out }}\n"
        );
        let folder = folder(&[("corpus/docs.jsonl", documents(20, |row| format!("第{row}条"), 0).as_bytes())]);
        // The pipeline itself must not be read as a document.
        let place = tempfile::tempdir().unwrap();
        let file = place.path().join("p.yaml");
        fs::write(&file, pipeline).unwrap();
        let run = ["run", file.to_str().unwrap()];
        succeed(folder.path(), &run);
        let first = files(&folder.path().join("corpus/out"));
        assert_eq!(manifest(&folder.path().join("corpus/out"))["inputs"].as_array().unwrap().len(), 1);
        let again = succeed(folder.path(), &run);
        assert!(String::from_utf8_lossy(&again.stdout).contains("already holds this dataset"));
        succeed(folder.path(), &[run[0], run[1], "--fresh"]);
        assert_same(&first, &files(&folder.path().join("corpus/out")));
    }
}

#[test]
fn a_dataset_among_the_input_is_refused_unless_its_shards_are_named() {
    let folder = simple();
    succeed(folder.path(), &["run", "p.yaml", "--set", "output.directory=corpus/old"]);
    fs::copy(folder.path().join("docs.jsonl"), folder.path().join("corpus/docs.jsonl")).unwrap();
    let before = files(folder.path());
    for path in ["corpus", "corpus/old", "corpus/**/*.parquet", "corpus/old/dropped*/*", "corpus/old/*.md"] {
        let set = format!("input.0.path={path}");
        let output = siyu(folder.path(), &["run", "p.yaml", "--set", &set]);
        assert_eq!(output.status.code(), Some(2), "{path}");
        let message = stderr(&output);
        assert!(message.contains("corpus/old") || message.contains("matches no file"), "{path}: {message}");
    }
    assert_same(&before, &files(folder.path()));
    for path in ["corpus/old/data/*.parquet", "corpus/old/data"] {
        let set = format!("input.0.path={path}");
        succeed(folder.path(), &["run", "p.yaml", "--fresh", "--set", &set]);
        assert_eq!(column(&folder.path().join("out/data"), "text").len(), 20);
    }
    let message = fail(
        folder.path(),
        &["run", "p.yaml", "--set", "input.0.path=corpus/old/data", "--set", "output.directory=corpus/old"],
        2,
    );
    assert!(message.contains("lies in the output folder"), "{message}");
}

fn modes(folder: &Path, found: &mut Vec<(String, u32)>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let metadata = fs::symlink_metadata(&path).unwrap();
        found.push((path.display().to_string(), metadata.permissions().mode() & 0o777));
        if metadata.is_dir() {
            modes(&path, found);
        }
    }
}

#[test]
fn only_the_owner_may_read_scratch_and_dataset() {
    let lines = documents(4_000, |row| format!("第{row}条"), 6_000) + "{\n";
    let pipeline = "input: [{ path: docs.jsonl }]\nsteps: [{ shuffle: {} }, { text_length: { min_chars: 5 } }]\noutput: { directory: out }\n";
    let folder = folder(&[("docs.jsonl", lines.as_bytes()), ("p.yaml", pipeline.as_bytes())]);
    let mut seen = vec![("out".to_owned(), 0)];
    for work in [Work::Ordering, Work::Joining] {
        let mut watched = Watched::start(folder.path(), &["run", "p.yaml"]);
        assert!(watched.until(work, 2));
        watched.signal(Signal::KILL);
        watched.end();
        modes(&folder.path().join("out"), &mut seen);
    }
    assert!(seen.iter().any(|(path, _)| path.contains("exchange-1/run-")), "{seen:?}");
    succeed(folder.path(), &["run", "p.yaml"]);
    modes(&folder.path().join("out"), &mut seen);
    seen[0].1 = fs::metadata(folder.path().join("out")).unwrap().permissions().mode() & 0o777;
    for (path, mode) in seen {
        assert_eq!(mode & 0o077, 0, "{path} has mode {mode:o}");
    }
}

#[test]
fn with_fresh_the_old_dataset_stands_until_the_new_one_is_whole() {
    let lines = documents(4_000, |row| format!("第{row}条"), 6_000);
    let pipeline = "input: [{ path: docs.jsonl }]\nsteps: [{ shuffle: { seed: 1 } }]\noutput: { directory: out }\n";
    let folder = folder(&[("docs.jsonl", lines.as_bytes()), ("p.yaml", pipeline.as_bytes())]);
    let path = folder.path();
    succeed(path, &["run", "p.yaml"]);
    let old = files(&path.join("out"));
    fs::write(path.join("p.yaml"), pipeline.replace("seed: 1", "seed: 2")).unwrap();
    for work in [Work::Reading, Work::Ordering, Work::Joining] {
        let run: &[&str] = if work == Work::Reading { &["run", "p.yaml", "--fresh"] } else { &["run", "p.yaml"] };
        let mut watched = Watched::start(path, run);
        assert!(watched.until(work, 2));
        watched.signal(Signal::KILL);
        watched.end();
        let mut found = files(&path.join("out"));
        found.retain(|name, _| !name.starts_with(".siyu-scratch") && name != Path::new(".siyu-lock"));
        assert_same(&old, &found);
        succeed(path, &["verify", "out"]);
    }
    // The unfinished run is this one: it goes on without `--fresh`.
    succeed(path, &["run", "p.yaml"]);
    let found = files(&path.join("out"));
    fs::remove_dir_all(path.join("out")).unwrap();
    succeed(path, &["run", "p.yaml"]);
    assert_same(&found, &files(&path.join("out")));
    assert!(old != found);
}
