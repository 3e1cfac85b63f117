//! A run that is watched while it works, so that a test can act at a moment of its own choosing.
//!
//! Moments are counted in what the run does to files: the kernel reports it, and the test waits for the report. Nothing
//! here depends on how fast anything is.

use rustix::fs::inotify::{self, CreateFlags, ReadFlags, Reader, WatchFlags};
use rustix::fs::{OFlags, fcntl_setfl};
use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal};
use std::collections::{BTreeMap, VecDeque};
use std::fs;
use std::io::{PipeReader, PipeWriter, Write};
use std::mem::MaybeUninit;
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::process::{ChildStderr, Command, ExitStatus, Output, Stdio};
use std::thread::JoinHandle;

/// What a run is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Work {
    /// Reads the input and writes the first exchange.
    Reading,
    /// Takes rows from an exchange to the next one or to parts.
    Ordering,
    /// Joins parts to shards, writes lists and pages.
    Joining,
    /// Moves the dataset into its place.
    Installing,
}

/// The last event of a watched folder: the run has ended.
const ENDED: &str = "test-ended";

/// A run under way.
pub(crate) struct Watched {
    number: u32,
    process: OwnedFd,
    waiter: JoinHandle<Output>,
    events: OwnedFd,
    folders: BTreeMap<i32, PathBuf>,
    root: PathBuf,
    waiting: VecDeque<PathBuf>,
}

impl Watched {
    /// Starts the command in a folder; its dataset goes to `out`.
    pub(crate) fn start(root: &Path, arguments: &[&str]) -> Self {
        Self::start_with(root, arguments, Stdio::piped(), false).0
    }

    /// The same with another standard output; `heard` hands out its standard error.
    pub(crate) fn start_with(
        root: &Path,
        arguments: &[&str],
        stdout: Stdio,
        heard: bool,
    ) -> (Self, Option<ChildStderr>) {
        let events = inotify::init(CreateFlags::CLOEXEC).unwrap();
        let _ = fs::remove_file(root.join(ENDED));
        let mut command = Command::new(env!("CARGO_BIN_EXE_siyu"));
        command.current_dir(root).args(arguments).stdout(stdout).stderr(Stdio::piped());
        let mut watched = Self {
            number: 0,
            process: OwnedFd::from(fs::File::open("/dev/null").unwrap()),
            waiter: std::thread::spawn(|| Output { status: ExitStatus::default(), stdout: vec![], stderr: vec![] }),
            events,
            folders: BTreeMap::new(),
            root: root.to_owned(),
            waiting: VecDeque::new(),
        };
        watched.add(root);
        let mut child = command.spawn().unwrap();
        // The other end of its output must not stay open here.
        drop(command);
        let stderr = if heard { child.stderr.take() } else { None };
        let pid = Pid::from_raw(i32::try_from(child.id()).unwrap()).unwrap();
        watched.number = child.id();
        watched.process = pidfd_open(pid, PidfdFlags::empty()).unwrap();
        let ended = root.join(ENDED);
        watched.waiter = std::thread::spawn(move || {
            let output = child.wait_with_output().unwrap();
            fs::write(ended, "").unwrap();
            output
        });
        (watched, stderr)
    }

    /// Watches a folder and those below it; what is already there is not reported.
    fn add(&mut self, folder: &Path) {
        let flags = WatchFlags::ACCESS
            | WatchFlags::MODIFY
            | WatchFlags::CREATE
            | WatchFlags::MOVED_TO
            | WatchFlags::DELETE
            | WatchFlags::ONLYDIR;
        let Ok(number) = inotify::add_watch(&self.events, folder, flags) else { return };
        self.folders.insert(number, folder.to_owned());
        for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
            if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                self.add(&entry.path());
            }
        }
    }

    /// The next file that the run read or changed, relative to the folder; nothing once it has ended.
    fn next(&mut self) -> Option<PathBuf> {
        while self.waiting.is_empty() {
            let mut buffer = [MaybeUninit::uninit(); 8 << 10];
            let mut found = Vec::new();
            let mut reader = Reader::new(&self.events, &mut buffer);
            loop {
                let event = reader.next().unwrap();
                let name = event.file_name().map(|name| std::ffi::OsStr::from_bytes(name.to_bytes()).to_owned());
                found.push((event.wd(), event.events(), name));
                if reader.is_buffer_empty() {
                    break;
                }
            }
            for (number, flags, name) in found {
                let (Some(folder), Some(name)) = (self.folders.get(&number).cloned(), name) else { continue };
                let path = folder.join(name);
                if flags.contains(ReadFlags::ISDIR | ReadFlags::ACCESS) {
                    continue;
                }
                if flags.contains(ReadFlags::ISDIR) && flags.intersects(ReadFlags::CREATE | ReadFlags::MOVED_TO) {
                    self.add(&path);
                }
                self.waiting.push_back(path.strip_prefix(&self.root).unwrap().to_owned());
            }
        }
        self.waiting.pop_front().filter(|path| path != Path::new(ENDED))
    }

    /// Waits until the run has done `count` things of this kind; `false` if it ended before.
    pub(crate) fn until(&mut self, work: Work, count: usize) -> bool {
        let mut left = count;
        while let Some(path) = self.next() {
            if Work::of(&path) == Some(work) {
                left -= 1;
                if left == 0 {
                    return true;
                }
            }
        }
        false
    }

    /// The most memory it has had at once, in KiB.
    pub(crate) fn peak_kibibytes(&self) -> usize {
        let status = fs::read_to_string(format!("/proc/{}/status", self.number)).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
        line.trim().trim_end_matches(" kB").parse().unwrap()
    }

    /// Sends it a signal.
    pub(crate) fn signal(&self, signal: Signal) {
        let _ = pidfd_send_signal(&self.process, signal);
    }

    /// Waits for its end.
    pub(crate) fn end(self) -> Output {
        let output = self.waiter.join().unwrap();
        fs::remove_file(self.root.join(ENDED)).unwrap();
        output
    }
}

/// A pipe that takes no more: who writes to it waits until it is read or closed.
pub(crate) fn full_pipe() -> (PipeReader, PipeWriter) {
    let (reader, mut writer) = std::io::pipe().unwrap();
    fcntl_setfl(&writer, OFlags::NONBLOCK).unwrap();
    while writer.write(&[b' '; 512]).is_ok() {}
    fcntl_setfl(&writer, OFlags::empty()).unwrap();
    (reader, writer)
}

impl Work {
    /// What a run is doing that touches this file.
    fn of(path: &Path) -> Option<Self> {
        let parts: Vec<String> = path.iter().map(|part| part.to_string_lossy().into_owned()).collect();
        let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
        match parts[..] {
            ["out", ".siyu-scratch", "staging", ..] => Some(Self::Joining),
            ["out", ".siyu-scratch", "exchange-1", ..] => Some(Self::Reading),
            ["out", ".siyu-scratch", "install.json" | "install.partial"] => Some(Self::Installing),
            ["out", ".siyu-scratch", folder, _, ..] if folder != "spill" => Some(Self::Ordering),
            ["out", name, ..] if !name.starts_with('.') => Some(Self::Installing),
            [name] if Path::new(name).extension().is_some_and(|extension| extension == "jsonl") => Some(Self::Reading),
            _ => None,
        }
    }
}
