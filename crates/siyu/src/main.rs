//! The command: parses arguments, shows progress, prints results and errors, sets exit codes.

#![allow(clippy::print_stderr, reason = "a binary prints its errors")]

mod commands;
mod diff;
mod logs;

use clap::Parser;
use std::io::Write;
use std::process::ExitCode;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Turns a company's own documents into training data for a private language model, without a byte leaving its network.
#[derive(Parser)]
#[command(
    name = "siyu",
    version,
    after_help = "\
First steps:
  siyu check pipelines/legal.yaml      is the pipeline right?
  siyu preview pipelines/legal.yaml    what does each step do to the first documents?
  siyu run pipelines/legal.yaml        write the dataset
  siyu explain out/legal law-0001      what became of this document?

Exit codes: 0 done, 1 the data or the run failed, 2 the command or the pipeline is wrong, 130 interrupted"
)]
struct Arguments {
    #[command(subcommand)]
    command: commands::Command,
}

fn main() -> ExitCode {
    // A panic's own text may quote a document: only its place is shown.
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map_or_else(String::new, |at| format!(" at {}:{}", at.file(), at.line()));
        let _ = writeln!(std::io::stderr(), "internal error{place}");
    }));
    logs::show();
    let arguments = Arguments::parse();
    match arguments.command.run(&mut std::io::stdout().lock()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // The reader of a pipe went away, as `head` does: not an error of ours.
            if error.chain().any(|cause| {
                cause.downcast_ref::<std::io::Error>().is_some_and(|io| io.kind() == std::io::ErrorKind::BrokenPipe)
            }) {
                return ExitCode::SUCCESS;
            }
            eprintln!("error: {}", commands::message(&error));
            commands::exit_code(&error)
        }
    }
}
