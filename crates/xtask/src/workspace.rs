//! Where the clone and its build folder are, and how commands run in it.

use anyhow::{Context, Result, bail};
use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;

/// What is built together: with other packages, or fewer, `DataFusion` has other features and is built once more.
pub(crate) const TOGETHER: [&str; 3] = ["--workspace", "--exclude", "siyu-cluster"];
/// What is built apart: Ballista turns on features of `DataFusion` that nothing else needs.
pub(crate) const APART: [&str; 2] = ["--package", "siyu-cluster"];

/// The root of the clone, whatever folder the command was started from.
pub(crate) fn root() -> PathBuf {
    // As cargo says it now: where two clones share a build folder, this program may have been built for the other one.
    let manifest = env::var_os("CARGO_MANIFEST_DIR").map_or_else(|| env!("CARGO_MANIFEST_DIR").into(), PathBuf::from);
    manifest.ancestors().nth(2).expect("this package lies in crates/ of the workspace").to_path_buf()
}

/// The folder that cargo builds into: the one this very program was started from.
pub(crate) fn target() -> Result<PathBuf> {
    let program = env::current_exe().context("cannot find the path of this program")?;
    program.ancestors().nth(2).map(Path::to_path_buf).context("this program does not lie in a build folder")
}

/// The cargo that started this program, else the one on the path.
pub(crate) fn cargo() -> Command {
    let mut command = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(root());
    // What cargo says of this program is nothing to what is built: some build scripts (ring's) run again where it
    // changes, and all that depends on them is compiled anew.
    for (name, _) in env::vars_os() {
        let is_ours = |name: &str| name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_");
        if name.to_str().is_some_and(is_ours) {
            command.env_remove(name);
        }
    }
    command
}

/// Runs a command with its output on this terminal.
pub(crate) fn succeed(command: &mut Command, what: &str) -> Result<()> {
    let status = command.status().with_context(|| {
        format!("cannot start `{}` to {what}; is it installed?", command.get_program().to_string_lossy())
    })?;
    if !status.success() {
        bail!("could not {what}: `{}` ended with {status}", command.get_program().to_string_lossy());
    }
    Ok(())
}

/// Builds what cargo is told to select, the command `siyu` among it, and returns the path of `siyu`.
///
/// All in one call: what programs share is then built once, with one set of features.
pub(crate) fn build(selection: &[&str], release: bool) -> Result<PathBuf> {
    let mut build = cargo();
    build.args(["build", "--target-dir"]).arg(target()?).args(selection);
    if release {
        build.arg("--release");
    }
    succeed(&mut build, "build siyu")?;
    let profile = if release { "release" } else { "debug" };
    Ok(target()?.join(profile).join(format!("siyu{}", env::consts::EXE_SUFFIX)))
}
