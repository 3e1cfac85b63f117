//! The trainer's command: shows progress, prints results and errors, sets exit codes.

#![allow(clippy::print_stderr, reason = "a binary prints its errors")]

mod commands;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Fits adapters or whole models on the shards of a dataset, and continues texts with them.
#[derive(Parser)]
#[command(
    name = "siyu-train",
    version,
    after_help = "\
Exit codes: 0 done, 1 the data or the run failed, 2 the command or the training file is wrong"
)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    Train(commands::Train),
    Generate(commands::Generate),
}

fn main() -> ExitCode {
    let result = match Arguments::parse().command {
        Command::Train(train) => train.run(),
        Command::Generate(generate) => generate.run(&mut std::io::stdout().lock()),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {}", commands::message(&error));
            let refused = error.downcast_ref::<siyu_train::Error>().is_some_and(siyu_train::Error::is_refusal);
            if refused { ExitCode::from(2) } else { ExitCode::FAILURE }
        }
    }
}
