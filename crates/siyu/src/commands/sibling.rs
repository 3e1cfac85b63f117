//! Subcommands that a program beside this one runs: it needs what a data server has no use for.

use std::{
    env,
    ffi::OsString,
    io,
    path::PathBuf,
    process::{self, Command},
};

use anyhow::{Context, bail};

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

/// What the program is told; it has its own `--help`.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Passed on as they are.
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    arguments: Vec<OsString>,
}

impl Arguments {
    /// Runs the program with its subcommand, and ends as it ends.
    pub(super) fn run(self, sibling: &Sibling, subcommand: &str) -> anyhow::Result<()> {
        let beside =
            env::current_exe().ok().map(|path| path.with_file_name(sibling.name)).filter(|path| path.is_file());
        let program = beside.unwrap_or_else(|| PathBuf::from(sibling.name));
        let status = match Command::new(&program).arg(subcommand).args(self.arguments).status() {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                bail!(
                    "`siyu {subcommand}` is done by the program `{}`, which is not here; {}",
                    sibling.name,
                    sibling.help
                )
            }
            status => status.with_context(|| format!("cannot run `{}`", program.display()))?,
        };
        // Ended by a signal: what a shell makes of it is told on.
        process::exit(status.code().unwrap_or(130))
    }
}
