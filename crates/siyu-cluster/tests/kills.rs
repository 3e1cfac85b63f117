//! Executors are killed in every kind of work, at any moment of it: the dataset is right in the end.

#![allow(clippy::unwrap_used, reason = "a test may fail loudly")]

mod support;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};
use support::{Node, Random, assert_same, executor, files, project, run_here, scheduler, stderr};

/// Every kind of work in which an executor is to be killed.
const WORKS: [&str; 5] = ["read", "sketches-1-1", "sets-1-1", "exchange-2", "parts"];
/// How often, at most, in each.
const EACH: usize = 4;
/// Executors that are kept alive.
const EXECUTORS: usize = 3;
/// What a run may take at most before it has ended in one way or the other, with all its kills.
const MOST: Duration = Duration::from_mins(5);

/// Who is at which work: the label of an order, and the executor that beats in one of its attempts.
fn at_work(scratch: &Path) -> Option<(String, String)> {
    for order in fs::read_dir(scratch.join("orders")).ok()?.flatten() {
        for attempt in fs::read_dir(order.path().join("attempts")).into_iter().flatten().flatten() {
            let done = attempt.path().join("done.json").exists();
            let beat = fs::read(attempt.path().join("beat.json")).ok();
            let beat = beat.and_then(|beat| serde_json::from_slice::<serde_json::Value>(&beat).ok());
            if let (false, Some(beat)) = (done, beat) {
                let label = order.file_name().to_string_lossy().into_owned();
                return Some((label, beat["executor"].as_str().unwrap_or_default().to_owned()));
            }
        }
    }
    None
}

/// Kills and starts anew while a run goes on; counts the kills by work.
struct Killer<'a> {
    folder: &'a Path,
    scheduler: &'a Node,
    nodes: Vec<Node>,
    random: Random,
    kills: BTreeMap<String, usize>,
}

impl Killer<'_> {
    fn total(&self) -> usize {
        self.kills.values().sum()
    }

    /// Watches a run until it ends, and kills who is at a work that was not yet hit often enough.
    fn over(&mut self, run: &mut Child) {
        let started = Instant::now();
        while run.try_wait().unwrap().is_none() {
            assert!(started.elapsed() < MOST, "the run hangs behind {:?}", self.kills);
            while self.nodes.len() < EXECUTORS {
                self.nodes.push(executor(self.folder, self.scheduler, &[]));
            }
            let (label, name) = match at_work(&self.folder.join("out/.siyu-scratch")) {
                Some(found) => found,
                // Between two stages, or while the leader works: now and then, so that tasks still find executors.
                None if self.random.below(100) == 0 => ("between".to_owned(), self.nodes[0].name.clone()),
                None => {
                    std::thread::sleep(Duration::from_millis(10));
                    continue;
                }
            };
            // At any moment of the work: its first rows, its exchange, its writer.
            std::thread::sleep(Duration::from_millis(self.random.below(120)));
            let Some(place) = self.nodes.iter().position(|node| node.name == name) else { continue };
            let kills = self.kills.entry(label).or_default();
            if *kills < EACH {
                self.nodes.remove(place).kill();
                *kills += 1;
            }
        }
    }
}

#[test]
fn twenty_killed_executors_change_no_byte() {
    let folder = project(16, 150, 30_000);
    let path = folder.path();
    let expected = run_here(path);
    let scheduler = scheduler(path);
    let nodes = (0..EXECUTORS).map(|_| executor(path, &scheduler, &[])).collect();
    let random = Random(0x5149_5955);
    let mut killer = Killer { folder: path, scheduler: &scheduler, nodes, random, kills: BTreeMap::new() };
    let mut runs = 0;
    while killer.total() < 20 || WORKS.iter().any(|work| !killer.kills.contains_key(*work)) {
        runs += 1;
        assert!(runs < 20, "{:?}", killer.kills);
        let mut command = support::command(path, &scheduler, &["--patience-seconds", "3"]);
        let mut run = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        killer.over(&mut run);
        let output = run.wait_with_output().unwrap();
        if output.status.success() {
            assert_same(&expected, &files(&path.join("out")));
            fs::remove_dir_all(path.join("out")).unwrap();
        } else {
            // It may give up, if it says so: the next run goes on.
            assert_eq!(output.status.code(), Some(1), "{}", stderr(&output));
            assert!(stderr(&output).contains("un the same command"), "{}", stderr(&output));
        }
    }
    // The last run that was hit may have given up.
    let output = support::run(path, &scheduler, &[]);
    assert!(output.status.success(), "{}", stderr(&output));
    assert_same(&expected, &files(&path.join("out")));
    println!("{runs} runs, kills: {:?}", killer.kills);
}
