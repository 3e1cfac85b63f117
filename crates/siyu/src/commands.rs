//! The subcommands, one file each.

mod audit;
mod bundle;
mod check;
mod explain;
mod export;
mod export_onnx;
mod merge;
mod operators;
mod preview;
mod quantize;
mod risk;
mod run;
mod serve;
mod sibling;
mod texts;
mod token;
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
    Preview(preview::PreviewCommand),
    Try(trial::Try),
    Explain(explain::Explain),
    Verify(verify::Verify),
    Export(export::Export),
    ExportOnnx(export_onnx::ExportOnnx),
    Quantize(quantize::Quantize),
    Operators(operators::Operators),
    Merge(merge::Merge),
    Bundle(bundle::Bundle),
    Risk(risk::Risk),
    Token(token::Token),
    Audit(audit::Audit),
    /// Trains a model as a file describes it, by the program `siyu-train`.
    #[command(disable_help_flag = true)]
    Train(sibling::Arguments),
    /// Continues a text with a model, by the program `siyu-train`.
    #[command(disable_help_flag = true)]
    Generate(sibling::Arguments),
    /// Starts a node of a cluster, `scheduler` or `executor`, by the program `siyu-cluster`.
    #[command(disable_help_flag = true)]
    Cluster(sibling::Arguments),
    Serve(serve::Serve),
    /// Prints the JSON Schema of pipeline files, for editors.
    #[command(after_help = "\
Example:
  siyu schema > schema.json
and in the first line of a pipeline, for editors that know yaml-language-server:
  # yaml-language-server: $schema=schema.json")]
    Schema,
    /// Prints a completion script for a shell.
    #[command(after_help = "\
Example:
  siyu completions bash > ~/.local/share/bash-completion/completions/siyu")]
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
            Self::Preview(command) => command.run(out),
            Self::Try(command) => command.run(out),
            Self::Explain(command) => command.run(out),
            Self::Export(command) => command.run(out),
            Self::ExportOnnx(command) => command.run(out),
            Self::Quantize(command) => command.run(out),
            Self::Verify(command) => command.run(out),
            Self::Operators(command) => command.run(out),
            Self::Merge(command) => command.run(out),
            Self::Bundle(command) => command.run(out),
            Self::Risk(command) => command.run(out),
            Self::Token(command) => command.run(out),
            Self::Audit(command) => command.run(out),
            Self::Train(arguments) => arguments.run(&sibling::TRAINER, "train"),
            Self::Generate(arguments) => arguments.run(&sibling::TRAINER, "generate"),
            Self::Cluster(arguments) => arguments.run_all(&sibling::CLUSTER, "cluster"),
            Self::Serve(command) => command.run(),
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
    siyu_ingest::chain(&**error)
}

/// 2 when the pipeline or the command is wrong, 130 when interrupted, else 1.
pub(crate) fn exit_code(error: &anyhow::Error) -> ExitCode {
    use siyu_dataset::Error as Dataset;
    if error.downcast_ref::<siyu_export::Error>().is_some_and(siyu_export::Error::is_refusal)
        || error.downcast_ref::<siyu_serve::Error>().is_some_and(siyu_serve::Error::is_refusal)
    {
        return ExitCode::from(2);
    }
    match (error.downcast_ref::<Error>(), error.downcast_ref::<Dataset>()) {
        (Some(error), _) if error.is_refusal() => ExitCode::from(2),
        (Some(Error::Interrupted), _) => ExitCode::from(130),
        (_, Some(Dataset::NoSide { .. } | Dataset::NotExportable { .. })) => ExitCode::from(2),
        _ => ExitCode::from(1),
    }
}
