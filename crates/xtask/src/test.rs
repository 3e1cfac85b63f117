//! Every test of the workspace.

use crate::{libtorch, onnxruntime, python, workspace};
use anyhow::Result;

/// Runs `cargo test --workspace` with `arguments` after it, then the tests that open a dataset with pyarrow and
/// `datasets`, which find the interpreter in `SIYU_TEST_PYTHON`.
pub(crate) fn run(arguments: &[String]) -> Result<()> {
    libtorch::prepare(None)?;
    let runtime = onnxruntime::prepare(None)?;
    let interpreter = python::environment("test", &workspace::root().join("tests/requirements.txt"))?;
    let mut tests = workspace::cargo();
    tests.args(["test", "--workspace", "--target-dir"]).arg(workspace::target()?).args(arguments);
    tests.env(onnxruntime::VARIABLE, &runtime);
    workspace::succeed(&mut tests, "pass the tests")?;
    // These are ignored by a plain `cargo test`, which has no Python to ask; without the interpreter they fail. Of the
    // whole workspace too: the dependencies of one package alone may have other features and be built once more.
    let mut readers = workspace::cargo();
    readers
        .args(["test", "--workspace", "--test", "python", "--target-dir"])
        .arg(workspace::target()?)
        .args(["--", "--ignored"])
        .env("SIYU_TEST_PYTHON", interpreter)
        .env(onnxruntime::VARIABLE, runtime)
        .env("HF_HUB_OFFLINE", "1");
    workspace::succeed(&mut readers, "pass the tests that read a dataset in Python")
}
