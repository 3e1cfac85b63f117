//! Disks that are full, folders that vanish, files that change or cannot be read.

#![allow(clippy::unwrap_used, reason = "a test may fail loudly")]

mod support;

use rustix::process::Signal;
use std::fmt::Write as _;
use std::fs;
use std::io::Write;
use support::watch::{Watched, Work};
use support::{assert_same, documents, fail, files, folder, shell, stderr, succeed};

const PIPELINE: &str = "input: [{ path: docs.jsonl }]\nsteps: [{ exact_dedup: {} }, { shuffle: {} }]\n\
    output: { directory: out }\n";

/// About 20 MB, most of it in fields that are not read.
fn project() -> tempfile::TempDir {
    // Texts that do not compress away: the dataset needs some megabytes.
    let text = |row: usize| format!("{row} {}", blake(row));
    let lines = documents(4_000, text, 4_000);
    folder(&[("docs.jsonl", lines.as_bytes()), ("p.yaml", PIPELINE.as_bytes())])
}

/// Hexadecimal noise that differs for every row.
fn blake(row: usize) -> String {
    let mut random = support::Random(row as u64 + 1);
    let mut noise = String::new();
    for _ in 0..100 {
        write!(noise, "{:08x}", random.below(1 << 32)).unwrap();
    }
    noise
}

#[test]
fn a_limit_of_file_sizes_stops_the_run_and_the_same_command_goes_on_without_it() {
    let folder = project();
    let path = folder.path();
    succeed(path, &["run", "p.yaml"]);
    let expected = files(&path.join("out"));
    fs::remove_dir_all(path.join("out")).unwrap();
    // Without the signal's default action a write beyond the limit fails as one on a full disk does.
    let output = shell(path, "trap '' XFSZ; ulimit -f 1000; exec siyu run p.yaml");
    assert_eq!(output.status.code(), Some(1), "{}", stderr(&output));
    let message = stderr(&output);
    assert!(message.contains("cannot write `out/.siyu-scratch/") && message.contains("ulimit -f"), "{message}");
    assert!(!path.join("out/manifest.json").exists() && !path.join("out/data").exists());
    succeed(path, &["run", "p.yaml"]);
    assert_same(&expected, &files(&path.join("out")));
}

#[test]
fn a_full_disk_stops_the_run_and_the_same_command_goes_on_once_there_is_space() {
    let folder = project();
    let path = folder.path();
    succeed(path, &["run", "p.yaml"]);
    let expected = files(&path.join("out"));
    fs::remove_dir_all(path.join("out")).unwrap();
    fs::create_dir(path.join("out")).unwrap();
    // A small disk of its own, where the system allows one; the test above needs none.
    let mount = "mount -t tmpfs -o size=24m none out";
    if !shell(path, &format!("unshare --mount --map-root-user sh -c '{mount}'")).status.success() {
        writeln!(std::io::stderr(), "no tmpfs can be mounted here: the disk of this test is skipped").unwrap();
        return;
    }
    let script = format!(
        "cat > inner.sh <<'END'\n\
         {mount}\n\
         head -c 22500000 /dev/zero > out/filler\n\
         siyu run p.yaml 2> full.txt; echo $? > code.txt\n\
         ls out > left.txt\n\
         rm out/filler\n\
         siyu run p.yaml 2> free.txt || exit 3\n\
         cp -a out kept\n\
         END\n\
         unshare --mount --map-root-user sh inner.sh"
    );
    let output = shell(path, &script);
    assert!(output.status.success(), "{} {:?}", stderr(&output), fs::read_to_string(path.join("free.txt")));
    assert_eq!(fs::read_to_string(path.join("code.txt")).unwrap().trim(), "1");
    let message = fs::read_to_string(path.join("full.txt")).unwrap();
    assert!(message.contains("free some space, then run the same command again"), "{message}");
    let left = fs::read_to_string(path.join("left.txt")).unwrap();
    assert!(!left.contains("manifest.json") && !left.contains("data"), "{left}");
    assert_same(&expected, &files(&path.join("kept")));
}

#[test]
fn a_scratch_folder_that_vanishes_stops_the_run_and_nothing_is_published() {
    let folder = project();
    let path = folder.path();
    succeed(path, &["run", "p.yaml"]);
    let expected = files(&path.join("out"));
    let mut noticed = 0;
    for (work, lost) in [
        (Work::Reading, ""),
        (Work::Ordering, ""),
        (Work::Reading, "exchange-1"),
        (Work::Ordering, "parts"),
        (Work::Joining, ""),
    ] {
        fs::remove_dir_all(path.join("out")).unwrap();
        let mut watched = Watched::start(path, &["run", "p.yaml"]);
        assert!(watched.until(work, if work == Work::Reading { 12 } else { 1 }));
        watched.signal(Signal::STOP);
        // At once, as the run may still be between two signals.
        let _ = fs::remove_dir_all(path.join("lost"));
        // A run that has just ended has no scratch folder any more.
        let _ = fs::rename(path.join("out/.siyu-scratch").join(lost), path.join("lost"));
        watched.signal(Signal::CONT);
        let output = watched.end();
        // Files that are open can still be read: where nothing is missing in the end, the dataset is whole.
        if output.status.success() {
            succeed(path, &["verify", "out"]);
        } else {
            noticed += 1;
            assert_eq!(output.status.code(), Some(1));
            let message = stderr(&output);
            assert!(message.contains("was removed or emptied while the run used it"), "{work:?} {lost}: {message}");
            assert!(!path.join("out/manifest.json").exists());
            succeed(path, &["run", "p.yaml"]);
        }
        assert_same(&expected, &files(&path.join("out")));
    }
    assert!(noticed > 0);
}

#[test]
fn an_input_that_changes_while_it_is_read_is_named() {
    let folder = project();
    let path = folder.path();
    let whole = fs::read(path.join("docs.jsonl")).unwrap();
    for cut in [true, false] {
        let mut watched = Watched::start(path, &["run", "p.yaml", "--threads", "1"]);
        assert!(watched.until(Work::Reading, 2));
        watched.signal(Signal::STOP);
        let mut file = fs::OpenOptions::new().append(true).open(path.join("docs.jsonl")).unwrap();
        if cut {
            file.set_len(3_000_000).unwrap();
        } else {
            file.write_all(b"{\"text\": \"more\"}\n").unwrap();
        }
        watched.signal(Signal::CONT);
        let output = watched.end();
        assert_eq!(output.status.code(), Some(1), "{}", stderr(&output));
        assert!(stderr(&output).contains("`docs.jsonl` changed while it was read"), "{}", stderr(&output));
        assert!(!path.join("out/manifest.json").exists());
        fs::write(path.join("docs.jsonl"), &whole).unwrap();
        fs::remove_dir_all(path.join("out")).unwrap();
    }
}

#[test]
fn a_pipe_and_a_file_that_may_not_be_read_are_refused() {
    let folder = project();
    let path = folder.path();
    assert!(shell(path, "mkfifo pipe.jsonl").status.success());
    let message = fail(path, &["run", "p.yaml", "--set", "input.0.path=pipe.jsonl"], 2);
    assert!(message.contains("neither a file nor a folder"), "{message}");
    // Root may read what nobody may: a file that fails when read is found for root too.
    let message = fail(path, &["run", "p.yaml", "--set", "input.0={path: /proc/self/mem, format: jsonl}"], 1);
    assert!(message.contains("cannot read `/proc/self/mem`"), "{message}");
    assert!(!path.join("out/manifest.json").exists());
}
