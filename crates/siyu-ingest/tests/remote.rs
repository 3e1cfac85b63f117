//! Work that others do, here threads of the test, gives the dataset of a local run, however it is handed about.

#![allow(clippy::unwrap_used, reason = "a test may fail loudly")]

use siyu_ingest::remote::{Beat, Crew, Here, Watch, Worker};
use siyu_ingest::run::progress::Progress;
use siyu_ingest::run::{RunOptions, run, run_with};
use siyu_ingest::{Error, Pipeline, Result};
use std::collections::BTreeMap;
use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

/// Row steps, exchanges, near-duplicates, a split by clusters, and a step that makes several rows of one.
const STEPS: &str = "\
  - strip_html: {}
  - mask_pii: { kinds: [cn_mobile], audit: true }
  - text_length: { min_chars: 12 }
  - exact_dedup: {}
  - near_dedup: { similarity: 0.8 }
  - shuffle: { seed: 9 }
  - truncate: { tokenizer: TOKENIZER, max_tokens: 120, keep: windows }
  - split: { train: 0.6, validation: 0.2, test: 0.2 }
";

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
        let worker = Worker::open(order, &here)?;
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        // From the last to the first: the order in which tasks are done is no one's business.
        for task in (0..tasks).rev() {
            for _ in 0..self.repeat {
                let handle = runtime.handle().clone();
                std::thread::scope(|scope| {
                    let work = || {
                        let _inside = handle.enter();
                        worker.perform(order, task, &here, &Arc::new(Progress::default()))
                    };
                    scope.spawn(work).join().unwrap()
                })?;
            }
            if self.done.fetch_add(1, Ordering::Relaxed) + 1 >= self.most {
                return Err(Error::Crew("enough".to_owned()));
            }
        }
        let seen = Watch::new(order, Duration::from_secs(60)).look()?;
        assert_eq!((seen.done.len(), seen.lost.len()), (tasks, 0));
        moved(tasks, &seen.sum);
        Ok(())
    }
}

/// A folder with documents in several files, and a pipeline over them.
fn project() -> (tempfile::TempDir, Pipeline) {
    let folder = tempfile::tempdir().unwrap();
    for file in 0..7 {
        let mut lines = String::new();
        for row in 0..400 {
            let number = (row * 7 + file) % 900;
            let clauses: String =
                (0..8).map(|clause| format!("第{}款约定{}元；", clause, (number + clause) * 37)).collect();
            let extra = if row % 5 == 0 { "补充。" } else { "" };
            let pad = " ".repeat(4000);
            writeln!(lines, "{{\"text\": \"<p>电话139{number:08}，{clauses}{extra}</p>\", \"pad\": \"{pad}\"}}")
                .unwrap();
        }
        lines.push_str("{\"text\": \n");
        fs::create_dir_all(folder.path().join("in")).unwrap();
        fs::write(folder.path().join(format!("in/{file}.jsonl")), lines).unwrap();
    }
    let pipeline = pipeline(&folder, STEPS, &tokenizer());
    (folder, pipeline)
}

fn tokenizer() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../sample-data/models/tiny-zh/tokenizer.json")
}

fn pipeline(folder: &tempfile::TempDir, steps: &str, tokenizer: &Path) -> Pipeline {
    let text = format!(
        "input: [{{ path: \"{root}/in\" }}]\nsteps:\n{steps}output: {{ directory: \"{root}/out\", shard_megabytes: 4 }}\n",
        root = folder.path().display(),
        steps = steps.replace("TOKENIZER", &tokenizer.display().to_string()),
    );
    Pipeline::from_text(&text, Path::new("p.yaml"), &[]).unwrap()
}

fn crew(folder: &Path, repeat: usize, most: usize) -> Threads {
    let spill = folder.join("spill");
    fs::create_dir_all(&spill).unwrap();
    Threads { spill, repeat, most, done: AtomicUsize::new(0) }
}

fn options() -> RunOptions {
    RunOptions { threads: 2, memory: 64 << 20, fresh: false, batch_rows: 1024 }
}

/// All files of a dataset with their bytes.
fn dataset(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut found = BTreeMap::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = PathBuf::from(path.file_name().unwrap());
        if path.is_dir() {
            found.extend(dataset(&path).into_iter().map(|(inner, bytes)| (name.join(inner), bytes)));
        } else {
            found.insert(name, fs::read(&path).unwrap());
        }
    }
    found
}

fn assert_same(one: &BTreeMap<PathBuf, Vec<u8>>, other: &BTreeMap<PathBuf, Vec<u8>>) {
    assert_eq!(one.keys().collect::<Vec<_>>(), other.keys().collect::<Vec<_>>());
    for (name, bytes) in one {
        assert!(other[name] == *bytes, "{} differs", name.display());
    }
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
    for percent in [10, 60] {
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
        assert!(matches!(stopped, Err(Error::Interrupted)), "{stopped:?}");
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
