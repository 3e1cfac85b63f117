//! Every test of the workspace.

use crate::{libtorch, onnxruntime, python, workspace};
use anyhow::Result;

/// What is built together. The cluster's crate is built apart: Ballista turns on features of `DataFusion` that nothing
/// else needs. Its tests run the command `siyu`, which the first selection builds.
const SELECTIONS: [&[&str]; 2] = [&["--workspace", "--exclude", "siyu-cluster"], &["--package", "siyu-cluster"]];

/// Runs `cargo test` on each selection with `arguments` after it, then the tests that open a dataset with pyarrow and
/// `datasets` and those that speak to moto's S3 server, which find the interpreter in `SIYU_TEST_PYTHON`.
pub(crate) fn run(arguments: &[String]) -> Result<()> {
    libtorch::prepare(None)?;
    let runtime = onnxruntime::prepare(None)?;
    let interpreter = python::environment("test", &workspace::root().join("tests/requirements.txt"))?;
    for selection in SELECTIONS {
        let mut tests = workspace::cargo();
        tests.arg("test").args(selection).arg("--target-dir").arg(workspace::target()?).args(arguments);
        tests.env(onnxruntime::VARIABLE, &runtime);
        workspace::succeed(&mut tests, "pass the tests")?;
    }
    // These are ignored by a plain `cargo test`, which has no Python to ask; without the interpreter they fail. Of the
    // whole workspace too: the dependencies of one package alone may have other features and be built once more.
    let mut readers = workspace::cargo();
    readers
        .arg("test")
        .args(SELECTIONS[0])
        .args(["--test", "python", "--target-dir"])
        .arg(workspace::target()?)
        .args(["--", "--ignored"])
        .env("SIYU_TEST_PYTHON", &interpreter)
        .env(onnxruntime::VARIABLE, runtime)
        .env("HF_HUB_OFFLINE", "1");
    workspace::succeed(&mut readers, "pass the tests that read a dataset in Python")?;
    let mut store = workspace::cargo();
    store
        .arg("test")
        .args(SELECTIONS[1])
        .args(["--test", "s3", "--target-dir"])
        .arg(workspace::target()?)
        .args(["--", "--ignored"])
        .env("SIYU_TEST_PYTHON", &interpreter);
    workspace::succeed(&mut store, "pass the tests that speak to an S3 store")
}
