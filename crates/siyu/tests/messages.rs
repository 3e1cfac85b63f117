//! What users see when a pipeline is wrong: every file of `tests/invalid` has its whole message beside it.
//!
//! `UPDATE_GOLDEN=1` writes the messages anew; read them like prose before they are kept.

#![allow(clippy::unwrap_used, reason = "a test may fail loudly")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).unwrap()
}

fn cases() -> Vec<PathBuf> {
    let entries = fs::read_dir(root().join("tests/invalid")).unwrap();
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "yaml"));
    paths.sort();
    paths
}

#[test]
fn every_wrong_pipeline_is_refused_with_its_message() {
    let mut different = Vec::new();
    for path in cases() {
        let text = fs::read_to_string(&path).unwrap();
        // What only the file system can tell is found by `run`.
        let command = if text.starts_with("# siyu run\n") { "run" } else { "check" };
        let name = path.strip_prefix(root()).unwrap().to_str().unwrap().to_owned();
        let output = Command::new(env!("CARGO_BIN_EXE_siyu"))
            .current_dir(root())
            .env_remove("SIYU_NEVER_SET")
            .args([command, &name])
            .output()
            .unwrap();
        let found = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{name}: {found}");
        assert!(found.starts_with("error: ") && !found.contains("panicked"), "{name}: {found}");
        let expected = path.with_extension("stderr");
        if std::env::var_os("UPDATE_GOLDEN").is_some() {
            fs::write(&expected, &found).unwrap();
        } else if fs::read_to_string(&expected).ok().as_deref() != Some(&found) {
            different.push(format!("{name}\n{found}"));
        }
    }
    assert!(cases().len() >= 25);
    assert!(different.is_empty(), "UPDATE_GOLDEN=1 rewrites these messages:\n{}", different.join("\n"));
    assert!(!root().join("out/invalid").exists(), "a refused pipeline writes nothing");
}
