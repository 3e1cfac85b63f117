//! Executors are killed in every kind of work, at any moment of it: the dataset is right in the end.

#![allow(clippy::unwrap_used, reason = "a test may fail loudly")]

mod support;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};
use support::{Node, Random, assert_same, executor, files, project, run_here, scheduler, stderr};

/// Executors that are kept alive.
const EXECUTORS: usize = 3;
/// What a run may take at most before it has ended in one way or the other, with all its kills.
const MOST: Duration = Duration::from_secs(300);

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

    /// Watches a run until it ends; kills until there were `most` kills.
    fn over(&mut self, run: &mut Child, most: usize) {
        let started = Instant::now();
        while run.try_wait().unwrap().is_none() {
            assert!(started.elapsed() < MOST, "the run hangs behind {:?}", self.kills);
            std::thread::sleep(Duration::from_millis(5 + self.random.below(400)));
            while self.nodes.len() < EXECUTORS {
                self.nodes.push(executor(self.folder, self.scheduler, &[]));
            }
            if self.total() >= most {
                continue;
            }
            let between = self.random.below(6) == 0;
            match at_work(&self.folder.join("out/.siyu-scratch")) {
                Some((label, name)) => {
                    let Some(place) = self.nodes.iter().position(|node| node.name == name) else { continue };
                    self.nodes.remove(place).kill();
                    *self.kills.entry(label).or_default() += 1;
                }
                // Between two stages, or while the leader works.
                None if between => {
                    let place = usize::try_from(self.random.below(self.nodes.len() as u64)).unwrap();
                    self.nodes.remove(place).kill();
                    *self.kills.entry("between".to_owned()).or_default() += 1;
                }
                None => {}
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
    while killer.total() < 20 {
        let most = killer.total() + 14;
        loop {
            runs += 1;
            assert!(runs < 20, "{:?}", killer.kills);
            let mut command = support::command(path, &scheduler, &["--patience-seconds", "3"]);
            let mut run = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
            killer.over(&mut run, most.max(20));
            let output = run.wait_with_output().unwrap();
            if output.status.success() {
                break;
            }
            // It may give up, if it says so: the next run goes on.
            assert_eq!(output.status.code(), Some(1), "{}", stderr(&output));
            assert!(stderr(&output).contains("un the same command"), "{}", stderr(&output));
        }
        assert_same(&expected, &files(&path.join("out")));
        fs::remove_dir_all(path.join("out")).unwrap();
    }
    let kills = &killer.kills;
    println!("{runs} runs, kills: {kills:?}");
    for work in ["read", "exchange-2", "parts"] {
        assert!(kills.contains_key(work), "{work} was never hit: {kills:?}");
    }
}
