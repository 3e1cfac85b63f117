//! The JSON Schema that editors read is the one that this siyu has.

#![allow(clippy::unwrap_used, reason = "a test may fail loudly")]

use std::fs;
use std::path::Path;
use std::process::Command;

#[test]
fn the_schema_beside_the_pipelines_is_current() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).unwrap().join("pipelines/schema.json");
    let output = Command::new(env!("CARGO_BIN_EXE_siyu")).arg("schema").output().unwrap();
    let found = String::from_utf8(output.stdout).unwrap();
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        fs::write(&path, &found).unwrap();
    }
    assert!(fs::read_to_string(&path).ok() == Some(found), "UPDATE_GOLDEN=1 rewrites {}", path.display());
}
