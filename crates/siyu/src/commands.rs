//! The subcommands, one file each.

mod check;
mod operators;
mod run;
mod trial;
mod verify;

use clap::{CommandFactory, Subcommand};
use siyu_ingest::Error;
use std::io::Write;
use std::process::ExitCode;

/// What to do.
#[derive(Subcommand)]
pub(crate) enum Command {
    Run(run::Run),
    Check(check::Check),
    Try(trial::Try),
    Verify(verify::Verify),
    Operators(operators::Operators),
    /// Prints the JSON Schema of pipeline files, for editors.
    Schema,
    /// Prints a completion script for a shell.
    Completions {
        /// The shell.
        shell: clap_complete::Shell,
    },
}

impl Command {
    pub(crate) fn run(self, out: &mut impl Write) -> anyhow::Result<()> {
        match self {
            Self::Run(command) => command.run(out),
            Self::Check(command) => command.run(out),
            Self::Try(command) => command.run(out),
            Self::Verify(command) => command.run(out),
            Self::Operators(command) => command.run(out),
            Self::Schema => Ok(writeln!(out, "{}", serde_json::to_string_pretty(&siyu_ingest::pipeline::schema())?)?),
            Self::Completions { shell } => {
                clap_complete::generate(shell, &mut crate::Arguments::command(), "siyu", out);
                Ok(())
            }
        }
    }
}

/// The chain of an error on one line, without saying a thing twice.
pub(crate) fn message(error: &anyhow::Error) -> String {
    let mut message = String::new();
    for cause in error.chain() {
        let cause = cause.to_string();
        if !message.contains(&cause) {
            if !message.is_empty() {
                message.push_str(": ");
            }
            message.push_str(&cause);
        }
    }
    message
}

/// 2 when the pipeline or the command is wrong, 130 when interrupted, else 1.
pub(crate) fn exit_code(error: &anyhow::Error) -> ExitCode {
    match error.downcast_ref::<Error>() {
        Some(Error::Pipeline(_) | Error::Setting { .. } | Error::StepFile { .. } | Error::Override { .. }) => {
            ExitCode::from(2)
        }
        Some(Error::Interrupted) => ExitCode::from(130),
        _ => ExitCode::from(1),
    }
}
