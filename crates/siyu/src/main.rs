//! The command: arguments, progress, results and errors, exit codes.

fn main() {}
