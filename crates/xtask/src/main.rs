//! Development commands: `cargo xtask demo` and `cargo xtask test`.

#![allow(clippy::print_stdout, reason = "a binary talks to its user")]

use anyhow::{Context, Result, bail, ensure};
use std::path::{Path, PathBuf};
use std::process::Command;

fn main() -> Result<()> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).context("the workspace is two folders up")?;
    match std::env::args().nth(1).as_deref() {
        Some("demo") => demo(root),
        Some("test") => test(root),
        _ => bail!("use `cargo xtask demo` or `cargo xtask test`"),
    }
}

/// The main job on the sample data.
fn demo(root: &Path) -> Result<()> {
    println!("building (the first time takes several minutes)");
    run(Command::new(cargo()).current_dir(root).args(["build", "--quiet", "--package", "siyu"]))?;
    let siyu = target(root)?.join("debug/siyu");
    for arguments in
        [&["check", "pipelines/legal.yaml"][..], &["run", "pipelines/legal.yaml", "--fresh"], &["verify", "out/legal"]]
    {
        println!("\n$ siyu {}", arguments.join(" "));
        run(Command::new(&siyu).current_dir(root).args(arguments))?;
    }
    println!("\nthe dataset: {}", root.join("out/legal/manifest.json").display());
    Ok(())
}

/// Every test, with Python's readers where Python is there.
fn test(root: &Path) -> Result<()> {
    run(Command::new(cargo()).current_dir(root).args(["test", "--workspace"]))
}

fn cargo() -> String {
    std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned())
}

/// Where cargo puts what it builds: the running binary lies in it.
fn target(root: &Path) -> Result<PathBuf> {
    let own = std::env::current_exe()?;
    Ok(own.ancestors().nth(2).map_or_else(|| root.join("target"), Path::to_owned))
}

fn run(command: &mut Command) -> Result<()> {
    let status = command.status().with_context(|| format!("cannot start {}", command.get_program().display()))?;
    ensure!(status.success(), "{} ended with {status}", command.get_program().display());
    Ok(())
}
