//! Subcommands that a program beside this one runs: it needs what a data server has no use for.

use std::{env, ffi::OsString, io, os::unix::process::CommandExt, path::PathBuf, process::Command};

use anyhow::{Context, anyhow};

/// A program that runs subcommands.
pub(super) struct Sibling {
    name: &'static str,
    /// How to get it.
    help: &'static str,
}

/// The trainer, which needs libtorch.
pub(super) const TRAINER: Sibling = Sibling {
    name: "siyu-train",
    help: "fetch libtorch with `cargo xtask libtorch`, build it with `cargo build --release -p siyu-train`, \
           and put `target/release/siyu-train` beside `siyu` or on PATH",
};

/// The nodes of a cluster, which need Ballista.
pub(super) const CLUSTER: Sibling = Sibling {
    name: "siyu-cluster",
    help: "build it with `cargo build --release -p siyu-cluster`, and put `target/release/siyu-cluster` beside `siyu` \
           or on PATH",
};

impl Sibling {
    /// Its command: beside this program, or on PATH.
    pub(super) fn command(&self) -> Command {
        let beside = env::current_exe().ok().map(|path| path.with_file_name(self.name)).filter(|path| path.is_file());
        Command::new(beside.unwrap_or_else(|| PathBuf::from(self.name)))
    }

    /// Names the program where the reason is that it is not there.
    pub(super) fn started<T>(&self, what: &str, started: io::Result<T>) -> anyhow::Result<T> {
        match started {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                Err(anyhow!("`{what}` is done by the program `{}`, which is not here; {}", self.name, self.help))
            }
            started => started.with_context(|| format!("cannot run `{}`", self.name)),
        }
    }
}

/// What the program is told; it has its own `--help`.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Passed on as they are.
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    arguments: Vec<OsString>,
}

impl Arguments {
    /// Becomes the program with its subcommand.
    pub(super) fn run(self, sibling: &Sibling, subcommand: &str) -> anyhow::Result<()> {
        let what = format!("siyu {subcommand}");
        become_of(sibling, &what, sibling.command().arg(subcommand).args(self.arguments))
    }

    /// Becomes the program whose only purpose is this subcommand, with the subcommand's own.
    pub(super) fn run_all(self, sibling: &Sibling, subcommand: &str) -> anyhow::Result<()> {
        let what = format!("siyu {subcommand}");
        become_of(sibling, &what, sibling.command().args(self.arguments))
    }
}

/// Has the program go on in the place of this one: what is sent to its process, be it a kill, reaches nobody else.
fn become_of(sibling: &Sibling, what: &str, command: &mut Command) -> anyhow::Result<()> {
    sibling.started(what, Err(command.exec()))
}
