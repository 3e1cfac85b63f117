//! Runs that are killed go on as if nothing had happened.

#![allow(clippy::unwrap_used, reason = "a test may fail loudly")]

mod support;

use std::{
    fs,
    path::Path,
    process::{Child, Command, Stdio},
};

use support::{made, training_file, workplace};

const RECIPE: &str = "batch: 2\naccumulation: 2\nepochs: 2\nwarm_up: 4\nlearning_rate: 1e-2\nstate_every_steps: 2\n\
                      neftune_alpha: 5\nweight_decay: 0.01\nlora: { rank: 4, alpha: 8, dropout: 0.1, b_rate_factor: 4 }\n";

fn start(folder: &Path, output: &str) -> Child {
    let file = folder.join(format!("{output}.yaml"));
    fs::write(&file, training_file(folder, output, RECIPE)).unwrap();
    Command::new(env!("CARGO_BIN_EXE_siyu-train")).arg("train").arg(file).stderr(Stdio::null()).spawn().unwrap()
}

/// Bytes of a run's metrics: it grows by each step.
fn written(folder: &Path) -> u64 {
    fs::metadata(folder.join("metrics.jsonl")).map_or(0, |file| file.len())
}

/// Waits until a run has written more than it had, or has ended.
fn wait_for_more(child: &mut Child, out: &Path, steps: u64, had: u64) -> bool {
    loop {
        if child.try_wait().unwrap().is_some() {
            return false;
        }
        // A line of metrics has about 300 bytes.
        if written(out) > had + steps * 300 {
            return true;
        }
        std::thread::yield_now();
    }
}

#[test]
fn ten_kills_leave_no_trace_in_what_is_made() {
    let folder = workplace();
    assert!(start(folder.path(), "whole").wait().unwrap().success());
    let out = folder.path().join("killed");
    // Killed after none, one or two steps more than it had: also between a step and its state, and while writing.
    for kill in 0..10 {
        let mut child = start(folder.path(), "killed");
        let had = written(&out);
        if kill == 0 || wait_for_more(&mut child, &out, kill % 3, had) {
            child.kill().unwrap();
        }
        child.wait().unwrap();
    }
    assert!(start(folder.path(), "killed").wait().unwrap().success());
    let (whole, killed) = (made(&folder.path().join("whole")), made(&out));
    assert_eq!(whole.keys().collect::<Vec<_>>(), killed.keys().collect::<Vec<_>>());
    assert_eq!(whole.len(), 9);
    for (name, bytes) in whole {
        assert!(killed[&name] == bytes, "{} differs", name.display());
    }
}
