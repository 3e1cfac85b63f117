//! Libraries out of the wheels of the Python package index.

use crate::{python, workspace};
use anyhow::{Context, Result, bail};
use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

/// A wheel and the files taken out of it.
pub(crate) struct Wheel {
    pub(crate) requirement: &'static str,
    pub(crate) file: &'static str,
    pub(crate) sha256: &'static str,
    /// Prefix in the wheel, prefix in the folder.
    pub(crate) takes: &'static [(&'static str, &'static str)],
}

/// A library that wheels hold.
pub(crate) struct Library {
    /// As in `cargo xtask NAME`.
    pub(crate) name: &'static str,
    pub(crate) version: &'static str,
    /// What is downloaded, for the one who waits.
    pub(crate) size: &'static str,
    pub(crate) wheels: &'static [Wheel],
    /// What must be done besides unpacking, in the unpacked folder.
    pub(crate) finish: fn(&Path) -> Result<()>,
}

impl Library {
    /// Fills `folder` from wheels that are given or downloaded; it is there whole or not at all.
    pub(crate) fn install(&self, given: Option<&Path>, folder: &Path) -> Result<()> {
        let partial = folder.with_extension("partial");
        let made = self.make(given, &partial).and_then(|()| {
            fs::rename(&partial, folder).with_context(|| format!("cannot move {} to `{}`", self.name, folder.display()))
        });
        if made.is_err() {
            // Of no use; that it cannot be removed is not what went wrong.
            let _ = fs::remove_dir_all(&partial);
        }
        made?;
        println!("{}: {} in {}", self.name, self.version, folder.display());
        Ok(())
    }

    /// Refuses a folder of another release; a folder that does not say is the user's own affair.
    pub(crate) fn accept(&self, folder: &Path, variable: &str) -> Result<()> {
        if let Ok(found) = fs::read_to_string(folder.join("build-version")) {
            let found = found.trim();
            if found.split('+').next() != Some(self.version) {
                bail!(
                    "`{}` holds {} {found}, but {} is needed; remove it or set `{variable}` to another",
                    folder.display(),
                    self.name,
                    self.version
                );
            }
        }
        println!("{}: found in {}", self.name, folder.display());
        Ok(())
    }

    fn make(&self, given: Option<&Path>, folder: &Path) -> Result<()> {
        if folder.exists() {
            fs::remove_dir_all(folder).with_context(|| format!("cannot remove `{}`", folder.display()))?;
        }
        fs::create_dir_all(folder).with_context(|| format!("cannot create `{}`", folder.display()))?;
        let fetched = folder.join("wheels");
        if given.is_none() {
            self.download(&fetched)?;
        }
        self.unpack(given.unwrap_or(&fetched), folder)?;
        (self.finish)(folder)?;
        if fetched.exists() {
            fs::remove_dir_all(&fetched).with_context(|| format!("cannot remove `{}`", fetched.display()))?;
        }
        let version = folder.join("build-version");
        fs::write(&version, self.version).with_context(|| format!("cannot write `{}`", version.display()))
    }

    fn download(&self, into: &Path) -> Result<()> {
        println!("{}: downloading {} from the package index of pip", self.name, self.size);
        let mut pip = Command::new(python::with_pip()?);
        pip.args(["-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps"]);
        pip.args(["--only-binary=:all:", "--implementation=cp", "--python-version=3.11", "--abi=cp311", "--abi=none"]);
        for platform in ["manylinux_2_28_x86_64", "manylinux_2_25_x86_64", "manylinux2014_x86_64"] {
            pip.arg("--platform").arg(platform);
        }
        pip.arg("--dest").arg(into).args(self.wheels.iter().map(|wheel| wheel.requirement));
        let name = self.name;
        workspace::succeed(
            &mut pip,
            &format!("download {name}; with no network, `cargo xtask {name} --wheels DIR` takes a folder of wheels"),
        )
    }

    fn unpack(&self, wheels: &Path, into: &Path) -> Result<()> {
        let mut plan = String::new();
        for wheel in self.wheels {
            for (source, destination) in wheel.takes {
                plan.push_str(&[wheel.sha256, wheel.file, source, destination].join("\t"));
                plan.push('\n');
            }
        }
        let mut child = Command::new("python3")
            .args(["-c", include_str!("unpack.py")])
            .args([into, wheels])
            .stdin(Stdio::piped())
            .spawn()
            .context("cannot start `python3`; install Python 3.10 or later")?;
        let mut input = child.stdin.take().expect("the pipe was asked for");
        input.write_all(plan.as_bytes()).context("cannot tell `python3` what to unpack")?;
        drop(input);
        if !child.wait().context("cannot wait for `python3`")?.success() {
            bail!("could not unpack {} into `{}`", self.name, into.display());
        }
        Ok(())
    }
}
