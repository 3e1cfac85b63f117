//! Every test of the workspace.

use crate::{python, workspace};
use anyhow::Result;

/// Runs `cargo test --workspace` with `arguments` after it.
///
/// Tests that open a dataset with pyarrow and `datasets` find the interpreter in `SIYU_TEST_PYTHON`.
pub(crate) fn run(arguments: &[String]) -> Result<()> {
    let interpreter = python::environment("test", &workspace::root().join("tests/requirements.txt"))?;
    let mut tests = workspace::cargo();
    tests
        .args(["test", "--workspace", "--target-dir"])
        .arg(workspace::target()?)
        .args(arguments)
        .env("SIYU_TEST_PYTHON", interpreter)
        .env("HF_HUB_OFFLINE", "1");
    workspace::succeed(&mut tests, "pass the tests")
}
