//! Development commands: demo, test, bench, libtorch, onnxruntime.
//!
//! They reach the network only through cargo and pip.

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a binary prints its results and errors")]

mod bench;
mod demo;
mod libtorch;
mod onnxruntime;
mod python;
mod test;
mod wheels;
mod workspace;

use std::process::ExitCode;

const USAGE: &str = "\
usage: cargo xtask COMMAND

commands:
  demo            build siyu, turn sample-data/ into a verified dataset and fit an adapter beside the small base
  test            run every test, with libtorch, onnxruntime and the Python readers installed
  libtorch [--wheels DIR]
                  put libtorch where the build of the model's crates finds it
  onnxruntime [--wheels DIR]
                  put onnxruntime where export and service find it
  bench [ARGS]    compare siyu with the Python scripts of tests/benchmark (`bench --help`)";

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    let command = arguments.next();
    let rest: Vec<String> = arguments.collect();
    let result = match command.as_deref() {
        Some("demo") => demo::run(),
        Some("test") => test::run(&rest),
        Some("libtorch") => libtorch::run(&rest),
        Some("onnxruntime") => onnxruntime::run(&rest),
        Some("bench") => bench::run(&rest),
        Some("help" | "--help" | "-h") => {
            println!("{USAGE}");
            return ExitCode::SUCCESS;
        }
        Some(other) => {
            eprintln!("error: there is no command `{other}`\n\n{USAGE}");
            return ExitCode::from(2);
        }
        None => {
            eprintln!("{USAGE}");
            return ExitCode::from(2);
        }
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}
