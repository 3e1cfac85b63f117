//! A Python environment of the project's own, under the build folder.

use crate::workspace;
use anyhow::{Context, Result, bail};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The interpreter of an environment named `name` that holds exactly what `requirements` pins.
///
/// Installs once; a changed list of requirements makes it again.
pub(crate) fn environment(name: &str, requirements: &Path) -> Result<PathBuf> {
    let folder = workspace::target()?.join("python").join(name);
    let python = folder.join(if cfg!(windows) { "Scripts/python.exe" } else { "bin/python" });
    let marker = folder.join("requirements.txt");
    let wanted =
        fs::read_to_string(requirements).with_context(|| format!("cannot read `{}`", requirements.display()))?;
    if python.exists() && fs::read_to_string(&marker).is_ok_and(|found| found == wanted) {
        return Ok(python);
    }
    println!("installing Python packages into {}", folder.display());
    create(&folder)?;
    let mut install = Command::new(&python);
    install.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-r"]).arg(requirements);
    workspace::succeed(&mut install, "install the Python packages")?;
    fs::write(&marker, wanted).with_context(|| format!("cannot write `{}`", marker.display()))?;
    Ok(python)
}

/// A Python that has pip: the system's, else an empty environment under the build folder.
pub(crate) fn with_pip() -> Result<PathBuf> {
    let probe = Command::new("python3").args(["-m", "pip", "--version"]).output();
    if probe.context("cannot start `python3`; install Python 3.10 or later")?.status.success() {
        return Ok("python3".into());
    }
    let folder = workspace::target()?.join("python/pip");
    create(&folder)?;
    Ok(folder.join("bin/python"))
}

fn create(folder: &Path) -> Result<()> {
    let output = Command::new("python3")
        .args(["-m", "venv", "--clear"])
        .arg(folder)
        .output()
        .context("cannot start `python3`; install Python 3.10 or later")?;
    if !output.status.success() {
        bail!(
            "`python3 -m venv` failed; on Debian and Ubuntu run `apt-get install python3-venv`\n{}",
            String::from_utf8_lossy(&output.stderr).trim()
        );
    }
    Ok(())
}
