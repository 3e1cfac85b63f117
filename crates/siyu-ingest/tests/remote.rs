//! Work that others do, here threads of the test, gives the dataset of a local run, however it is handed about.

#![allow(clippy::unwrap_used, reason = "a test may fail loudly")]

mod support;

use siyu_ingest::remote::{Beat, Crew, Here, Watch, Worker};
use siyu_ingest::run::progress::Progress;
use siyu_ingest::run::{run, run_with};
use siyu_ingest::{Error, Result};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use support::{assert_same, dataset, options, pipeline, project, tokenizer};

/// Threads that do tasks: each `repeat` times, and none behind the first `most`.
struct Threads {
    spill: PathBuf,
    repeat: usize,
    most: usize,
    done: AtomicUsize,
}

impl Crew for Threads {
    fn perform(
        &self,
        order: &Path,
        tasks: usize,
        _: &dyn Fn() -> bool,
        moved: &mut dyn FnMut(usize, &Beat),
    ) -> Result<()> {
        let options = options();
        let here = Here { executor: "thread", options: &options, spill: &self.spill };
        let worker = Arc::new(Worker::open(order, &here)?);
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        // From the last to the first: the order in which tasks are done is no one's business.
        for task in (0..tasks).rev() {
            for _ in 0..self.repeat {
                let handle = runtime.handle().clone();
                std::thread::scope(|scope| {
                    let work = || {
                        let _inside = handle.enter();
                        Worker::perform(order, task, &here, &Arc::default(), || Ok(Arc::clone(&worker)))
                    };
                    scope.spawn(work).join().unwrap()
                })?;
            }
            if self.done.fetch_add(1, Ordering::Relaxed) + 1 >= self.most {
                return Err(Error::Crew("enough".to_owned()));
            }
        }
        let seen = Watch::new(order, Duration::from_mins(1)).look()?;
        assert_eq!((seen.done.len(), seen.lost.len()), (tasks, 0));
        moved(tasks, &seen.sum);
        Ok(())
    }
}

fn crew(folder: &Path, repeat: usize, most: usize) -> Threads {
    let spill = folder.join("spill");
    fs::create_dir_all(&spill).unwrap();
    Threads { spill, repeat, most, done: AtomicUsize::new(0) }
}

#[test]
fn tasks_done_by_others_even_twice_give_the_bytes_of_a_local_run() {
    let (folder, pipeline) = project();
    let out = folder.path().join("out");
    run(&pipeline, &options(), &Arc::default()).unwrap();
    let expected = dataset(&out);
    assert!(expected.keys().any(|name| name.starts_with("data")), "{:?}", expected.keys());
    for repeat in [1, 2] {
        fs::remove_dir_all(&out).unwrap();
        run_with(&pipeline, &options(), &Arc::default(), &crew(folder.path(), repeat, usize::MAX)).unwrap();
        assert_same(&expected, &dataset(&out));
    }
}

#[test]
fn a_run_goes_on_wherever_it_was_stopped_alone_or_with_others() {
    let (folder, pipeline) = project();
    let out = folder.path().join("out");
    run(&pipeline, &options(), &Arc::default()).unwrap();
    let expected = dataset(&out);
    for (number, most) in [1, 3, 6, 8, 11, 13, 16].into_iter().enumerate() {
        fs::remove_dir_all(&out).unwrap();
        let stopped = run_with(&pipeline, &options(), &Arc::default(), &crew(folder.path(), 1, most));
        assert!(stopped.is_err(), "stopped behind {most} tasks");
        if number % 2 == 0 {
            run(&pipeline, &options(), &Arc::default()).unwrap();
        } else {
            run_with(&pipeline, &options(), &Arc::default(), &crew(folder.path(), 1, usize::MAX)).unwrap();
        }
        assert_same(&expected, &dataset(&out));
    }
}

#[test]
fn a_local_run_that_was_stopped_is_continued_by_others() {
    let (folder, pipeline) = project();
    let out = folder.path().join("out");
    run(&pipeline, &options(), &Arc::default()).unwrap();
    let expected = dataset(&out);
    let stopped_at = |percent| {
        fs::remove_dir_all(&out).unwrap();
        let progress = Arc::new(Progress::default());
        let watched = Arc::clone(&progress);
        let stop = std::thread::spawn(move || {
            while Arc::strong_count(&watched) > 1 {
                let (read, total) =
                    (watched.bytes.load(Ordering::Relaxed), watched.bytes_total.load(Ordering::Relaxed));
                if total > 0 && read * 100 >= total * percent {
                    watched.stop.store(true, Ordering::Relaxed);
                }
                std::thread::sleep(Duration::from_millis(1));
            }
        });
        let stopped = run(&pipeline, &options(), &progress);
        drop(progress);
        stop.join().unwrap();
        matches!(stopped, Err(Error::Interrupted))
    };
    for percent in [10, 60] {
        // On a busy machine a run may end before the one who watches it looks.
        assert!((0..20).any(|_| stopped_at(percent)), "never stopped at {percent} %");
        run_with(&pipeline, &options(), &Arc::default(), &crew(folder.path(), 1, usize::MAX)).unwrap();
        assert_same(&expected, &dataset(&out));
    }
}

/// Puts other bytes into a file, or takes it away, before the first task.
struct Changes(PathBuf, Option<&'static str>, Threads);

impl Crew for Changes {
    fn perform(
        &self,
        order: &Path,
        tasks: usize,
        stop: &dyn Fn() -> bool,
        moved: &mut dyn FnMut(usize, &Beat),
    ) -> Result<()> {
        match self.1 {
            Some(text) => fs::write(&self.0, text).unwrap(),
            None => fs::remove_file(&self.0).unwrap(),
        }
        self.2.perform(order, tasks, stop, moved)
    }
}

#[test]
fn a_tokenizer_that_is_missing_or_another_one_is_refused_by_name() {
    for (bytes, says) in [(Some("{}"), "other bytes"), (None, "cannot read")] {
        let (folder, _) = project();
        let copy = folder.path().join("tokenizer.json");
        fs::copy(tokenizer(), &copy).unwrap();
        let pipeline = pipeline(&folder, "  - truncate: { tokenizer: TOKENIZER, max_tokens: 9 }\n", &copy);
        let crew = Changes(copy, bytes, crew(folder.path(), 1, usize::MAX));
        let error = run_with(&pipeline, &options(), &Arc::default(), &crew).unwrap_err();
        let message = error.to_string();
        assert!(error.is_refusal() && message.contains("tokenizer.json") && message.contains(says), "{message}");
    }
}
