//! What the tests of the cluster share: its nodes as processes on loopback, runs on it, and reading what they left.

#![allow(dead_code, reason = "each test uses a part of it")]
#![allow(clippy::unwrap_used, reason = "a test may fail loudly")]

pub(crate) mod store;

use std::collections::BTreeMap;
use std::fmt::Write;
use std::fs;
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

/// The program under test.
pub(crate) const CLUSTER: &str = env!("CARGO_BIN_EXE_siyu-cluster");

/// The command `siyu`, which `cargo xtask test` builds before these tests.
pub(crate) fn siyu() -> Command {
    let path = Path::new(CLUSTER).with_file_name("siyu");
    assert!(path.exists(), "`{}` is missing: build it with `cargo build -p siyu`", path.display());
    Command::new(path)
}

/// Waits for what another process does: there is nobody to be told by, so it is looked for again and again.
pub(crate) fn eventually(what: &str, is_so: impl Fn() -> bool) {
    let started = Instant::now();
    while !is_so() {
        assert!(started.elapsed() < Duration::from_mins(2), "in two minutes it did not come to this: {what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// A node that is killed when it is dropped.
pub(crate) struct Node {
    child: Child,
    /// Its name in messages; a scheduler's address.
    pub(crate) name: String,
    log: PathBuf,
}

impl Node {
    fn start(mut command: Command, name: String, log: PathBuf) -> Self {
        let log_file = fs::OpenOptions::new().write(true).create(true).truncate(true).open(&log).unwrap();
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log_file);
        Self { child: command.spawn().unwrap(), name, log }
    }

    pub(crate) fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    pub(crate) fn log(&self) -> String {
        fs::read_to_string(&self.log).unwrap_or_default()
    }

    /// Waits until it listens.
    pub(crate) fn ready(self) -> Self {
        eventually(&format!("`{}` listens", self.log.display()), || TcpStream::connect(&self.name).is_ok());
        self
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A scheduler.
pub(crate) fn scheduler(folder: &Path) -> Node {
    let free = TcpListener::bind(("127.0.0.1", 0)).unwrap().local_addr().unwrap();
    scheduler_at(folder, &free.to_string())
}

pub(crate) fn scheduler_at(folder: &Path, address: &str) -> Node {
    let port = address.rsplit_once(':').unwrap().1;
    let mut command = Command::new(CLUSTER);
    command.args(["scheduler", "--port", port, "--executor-timeout-seconds", "8"]);
    Node::start(command, address.to_owned(), folder.join(format!("scheduler-{port}.log"))).ready()
}

/// An executor with one task at a time, started with `around` before its command.
pub(crate) fn executor(folder: &Path, scheduler: &Node, around: &[&str]) -> Node {
    static STARTED: AtomicUsize = AtomicUsize::new(0);
    let name = format!("executor-{}", STARTED.fetch_add(1, Ordering::Relaxed));
    let mut words: Vec<String> = around.iter().map(|&word| word.to_owned()).collect();
    let work = folder.join("work").display().to_string();
    let own = [CLUSTER, "executor", "--tasks", "1", "--memory", "256MB", "--scheduler", &scheduler.name];
    words.extend(own.map(str::to_owned));
    words.extend(["--work-dir", &work, "--name", &name].map(str::to_owned));
    let mut command = Command::new(&words[0]);
    command.args(&words[1..]);
    let log = folder.join(format!("{name}.log"));
    Node::start(command, name, log)
}

/// Runs the pipeline of a folder on a cluster.
pub(crate) fn run(folder: &Path, scheduler: &Node, more: &[&str]) -> Output {
    command(folder, scheduler, more).output().unwrap()
}

pub(crate) fn command(folder: &Path, scheduler: &Node, more: &[&str]) -> Command {
    let mut command = siyu();
    let url = format!("df://{}", scheduler.name);
    command.current_dir(folder).args(["run", "p.yaml", "--threads", "1", "--cluster", &url]).args(more);
    command
}

/// Runs the pipeline of a folder here, and returns the files of its dataset, which is taken away.
pub(crate) fn run_here(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let output = siyu().current_dir(folder).args(["run", "p.yaml", "--threads", "2"]).output().unwrap();
    assert!(output.status.success(), "{}", stderr(&output));
    let files = files(&folder.join("out"));
    fs::remove_dir_all(folder.join("out")).unwrap();
    files
}

pub(crate) fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// Every file below a folder with its bytes.
pub(crate) fn files(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut found = BTreeMap::new();
    let Ok(entries) = fs::read_dir(folder) else { return found };
    for entry in entries {
        let path = entry.unwrap().path();
        let name = PathBuf::from(path.file_name().unwrap());
        if path.is_dir() {
            found.extend(files(&path).into_iter().map(|(inner, bytes)| (name.join(inner), bytes)));
        } else {
            found.insert(name, fs::read(&path).unwrap_or_default());
        }
    }
    found
}

/// Demands that two datasets are equal, byte for byte and file for file.
pub(crate) fn assert_same(one: &BTreeMap<PathBuf, Vec<u8>>, other: &BTreeMap<PathBuf, Vec<u8>>) {
    assert_eq!(one.keys().collect::<Vec<_>>(), other.keys().collect::<Vec<_>>());
    for (name, bytes) in one {
        assert!(other[name] == *bytes, "{} differs", name.display());
    }
}

/// Every kind of work: reading, an exchange, near-duplicates, parts.
const STEPS: &str = "  - strip_html: {}
  - mask_pii: { kinds: [cn_mobile], audit: true }
  - segment: {}
  - text_length: { min_chars: 12 }
  - exact_dedup: {}
  - near_dedup: { similarity: 0.8 }
  - shuffle: { seed: 9 }
  - truncate: { tokenizer: tokenizer.json, max_tokens: 120, keep: windows }
  - split: { train: 0.6, validation: 0.2, test: 0.2 }
";

/// A folder with a pipeline over `files` files of `rows` documents each. Texts are padded by a column that no step
/// reads, so that many pieces and buckets cost little work.
pub(crate) fn project(files: usize, rows: usize, padding: usize) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir_all(folder.path().join("in")).unwrap();
    for file in 0..files {
        let mut lines = String::new();
        for row in 0..rows {
            let number = (row * 7 + file) % (rows * files / 2);
            let clauses = |clause| format!("第{clause}款约定支付{}元，逾期另行协商；", (number + clause) * 37);
            let clauses = (0..12).map(clauses).collect::<Vec<_>>().concat();
            let extra = if row % 5 == 0 { "补充。" } else { "" };
            let pad = " ".repeat(padding);
            writeln!(lines, "{{\"text\": \"<p>电话139{number:08}，{clauses}{extra}</p>\", \"pad\": \"{pad}\"}}")
                .unwrap();
        }
        lines.push_str("{\"text\": \n");
        fs::write(folder.path().join(format!("in/{file:02}.jsonl")), lines).unwrap();
    }
    let tokenizer = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../sample-data/models/tiny-zh/tokenizer.json");
    fs::copy(tokenizer, folder.path().join("tokenizer.json")).unwrap();
    let text = format!("input: [{{ path: in }}]\nsteps:\n{STEPS}output: {{ directory: out, shard_megabytes: 4 }}\n");
    fs::write(folder.path().join("p.yaml"), text).unwrap();
    folder
}

/// Numbers that look random and are the same in every run of a test.
pub(crate) struct Random(pub(crate) u64);

impl Random {
    /// A number below `bound`.
    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) % bound
    }
}
