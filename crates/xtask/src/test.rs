//! Every test of the workspace.

use crate::workspace::{APART, TOGETHER};
use crate::{libtorch, onnxruntime, python, workspace};
use anyhow::Result;

/// Runs `cargo test` on each selection with `arguments` after it, then the tests that open a dataset with pyarrow and
/// `datasets` and those that speak to moto's S3 server, which find the interpreter in `SIYU_TEST_PYTHON`.
pub(crate) fn run(arguments: &[String]) -> Result<()> {
    libtorch::prepare(None)?;
    let runtime = onnxruntime::prepare(None)?;
    let interpreter = python::environment("test", &workspace::root().join("tests/requirements.txt"))?;
    // The cluster's tests run the command `siyu`, which the first selection builds.
    for selection in [&TOGETHER[..], &APART] {
        let mut tests = workspace::cargo();
        tests.arg("test").args(selection).arg("--target-dir").arg(workspace::target()?).args(arguments);
        tests.env(onnxruntime::VARIABLE, &runtime);
        workspace::succeed(&mut tests, "pass the tests")?;
    }
    // These are ignored by a plain `cargo test`, which has no Python to ask; without the interpreter they fail.
    let mut readers = workspace::cargo();
    readers
        .arg("test")
        .args(TOGETHER)
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
        .args(APART)
        .args(["--test", "s3", "--target-dir"])
        .arg(workspace::target()?)
        .args(["--", "--ignored"])
        .env("SIYU_TEST_PYTHON", &interpreter);
    workspace::succeed(&mut store, "pass the tests that speak to an S3 store")
}
