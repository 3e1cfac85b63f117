//! The comparison with Python scripts.

use crate::{python, workspace};
use anyhow::Result;
use std::process::Command;

/// Builds siyu for release and hands `arguments` to `tests/benchmark/compare.py`.
pub(crate) fn run(arguments: &[String]) -> Result<()> {
    let root = workspace::root();
    let folder = root.join("tests/benchmark");
    let interpreter = python::environment("bench", &folder.join("requirements.txt"))?;
    let mut compare = Command::new(interpreter);
    compare.current_dir(&root).arg(folder.join("compare.py")).args(arguments);
    if !arguments.iter().any(|argument| argument == "--help" || argument == "-h") {
        compare.arg("--siyu").arg(workspace::build(&["--package", "siyu"], true)?);
    }
    workspace::succeed(&mut compare, "finish the benchmark")
}
