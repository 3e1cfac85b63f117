//! Processes that do tasks are killed with SIGKILL at any moment of any work: the dataset is right in the end.

#![allow(clippy::unwrap_used, reason = "a test may fail loudly")]

mod support;

use siyu_ingest::remote::{Beat, Crew, Here, Watch, Worker};
use siyu_ingest::run::{run, run_with};
use siyu_ingest::{Pipeline, Result};
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use support::{assert_same, dataset, options, project};

/// The order and the task of a process that this test starts of itself.
const TASK: &str = "SIYU_TEST_TASK";

/// Not a test but the processes of one: does the task that the environment names.
#[test]
fn process_of_the_test_below() {
    let Ok(task) = std::env::var(TASK) else { return };
    let (order, task) = task.rsplit_once(' ').unwrap();
    let (order, options) = (PathBuf::from(order), options());
    let spill = tempfile::tempdir().unwrap();
    let executor = std::process::id().to_string();
    let here = Here { executor: &executor, options: &options, spill: spill.path() };
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let _inside = runtime.enter();
    let open = || Worker::open(&order, &here).map(Arc::new);
    Worker::perform(&order, task.parse().unwrap(), &here, &Arc::default(), open).unwrap();
}

/// Kinds of work that are to be hit.
const WORKS: [&str; 5] = ["read", "exchange-2", "sketches-1-1", "sets-1-1", "parts"];
/// How often, at most, each.
const EACH: usize = 4;
/// Kills of all kinds together.
const ALL: usize = 20;

/// Starts a process for each task, and kills all of a kind of work until there were [`EACH`].
struct Killer {
    /// Within how many microseconds of its work a process is killed.
    within: u64,
    random: Mutex<u64>,
    kills: Mutex<BTreeMap<String, usize>>,
}

impl Killer {
    fn below(&self, bound: u64) -> u64 {
        let mut state = self.random.lock().unwrap();
        *state ^= *state << 13;
        *state ^= *state >> 7;
        *state ^= *state << 17;
        (*state >> 11) % bound
    }

    /// Does a task in a process of its own; whether it came to its end.
    fn attempt(&self, order: &Path, task: usize, label: &str) -> bool {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.args(["--exact", "process_of_the_test_below"]).env(TASK, format!("{} {task}", order.display()));
        let mut process = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        let mut kills = self.kills.lock().unwrap();
        let kills = kills.entry(label.to_owned()).or_default();
        if *kills < EACH {
            // From the moment at which it has a folder of its own; before that there is nothing to be harmed.
            let (started, attempts) = (Instant::now(), order.with_file_name("attempts"));
            let before = fs::read_dir(&attempts).unwrap().count();
            let begun = || fs::read_dir(&attempts).unwrap().count() > before;
            while !begun() && process.try_wait().unwrap().is_none() && started.elapsed() < Duration::from_mins(1) {
                std::thread::sleep(Duration::from_millis(1));
            }
            std::thread::sleep(Duration::from_micros(self.below(self.within)));
            if process.try_wait().unwrap().is_none() {
                *kills += 1;
            }
            process.kill().unwrap();
        }
        process.wait().unwrap().success()
    }
}

impl Crew for Killer {
    fn perform(
        &self,
        order: &Path,
        tasks: usize,
        _: &dyn Fn() -> bool,
        moved: &mut dyn FnMut(usize, &Beat),
    ) -> Result<()> {
        let label = order.parent().unwrap().file_name().unwrap().to_string_lossy().into_owned();
        for task in 0..tasks {
            let mut attempts = 0;
            while !self.attempt(order, task, &label) {
                attempts += 1;
                assert!(attempts < 20, "task {task} of {label} never ends");
            }
        }
        let seen = Watch::new(order, Duration::from_mins(1)).look()?;
        assert_eq!(seen.done.len(), tasks);
        moved(tasks, &seen.sum);
        Ok(())
    }
}

#[test]
fn killed_processes_change_no_byte() {
    let (folder, pipeline): (_, Pipeline) = project();
    let out = folder.path().join("out");
    run(&pipeline, &options(), &Arc::default()).unwrap();
    let expected = dataset(&out);
    fs::remove_dir_all(&out).unwrap();
    let mut killer = Killer { within: 60_000, random: Mutex::new(0x5149_5955), kills: Mutex::default() };
    for runs in 1.. {
        run_with(&pipeline, &options(), &Arc::default(), &killer).unwrap();
        assert_same(&expected, &dataset(&out));
        fs::remove_dir_all(&out).unwrap();
        let kills = killer.kills.get_mut().unwrap();
        if kills.values().sum::<usize>() >= ALL
            && WORKS.iter().all(|work| kills.get(*work).is_some_and(|kills| *kills > 0))
        {
            break;
        }
        // A fast machine is done before it is hit.
        killer.within = killer.within * 2 / 3;
        assert!(runs < 20, "{kills:?}");
    }
}
