//! Development commands: demo, test.

fn main() {}
