//! A scheduler and executors on loopback give the dataset of a local run, or say clearly why not.

#![allow(clippy::unwrap_used, reason = "a test may fail loudly")]

mod support;

use std::fs;
use std::path::Path;
use std::process::{Child, Stdio};
use std::time::Duration;
use support::{Node, assert_same, executor, files, project, run, run_here, scheduler, scheduler_at, siyu, stderr};

#[test]
fn two_executors_give_the_bytes_of_a_local_run_and_their_counts_come_back() {
    let folder = project(8, 300, 8_000);
    let path = folder.path();
    let expected = run_here(path);
    let scheduler = scheduler(path);
    let _executors = [executor(path, &scheduler, &[]), executor(path, &scheduler, &[])];
    let output = run(path, &scheduler, &[]);
    assert!(output.status.success(), "{}", stderr(&output));
    assert_same(&expected, &files(&path.join("out")));
    let told = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(told.contains("2408 rows") && told.contains("exact_dedup"), "{told}");
    // The dataset is there: nothing is done, and no executor asked.
    let again = run(path, &scheduler, &[]);
    assert!(String::from_utf8_lossy(&again.stdout).contains("already holds this dataset"), "{}", stderr(&again));
}

#[test]
fn a_scheduler_that_is_not_there_and_one_that_goes_are_named_and_the_run_is_continued() {
    let folder = project(6, 200, 20_000);
    let path = folder.path();
    let expected = run_here(path);
    let first = scheduler(path);
    let address = first.name.clone();
    // Nobody does anything, and then there is no scheduler any more.
    let running = start(path, &first, &["--patience-seconds", "2"]);
    wait_for_order(path);
    first.kill();
    let lost = running.wait_with_output().unwrap();
    assert_eq!(lost.status.code(), Some(1));
    assert!(stderr(&lost).contains("start it again and run the same command"), "{}", stderr(&lost));
    let url = format!("df://{address}");
    let nobody = siyu().current_dir(path).args(["run", "p.yaml", "--cluster", &url]).output().unwrap();
    assert_eq!(nobody.status.code(), Some(1));
    assert!(stderr(&nobody).contains(&format!("no scheduler answers at `{url}`")), "{}", stderr(&nobody));
    let second = scheduler_at(path, &address);
    let _executor = executor(path, &second, &[]);
    let output = run(path, &second, &[]);
    assert!(output.status.success(), "{}", stderr(&output));
    assert_same(&expected, &files(&path.join("out")));
}

#[test]
fn without_executors_a_run_ends_and_says_what_is_missing() {
    let folder = project(2, 10, 10);
    let scheduler = scheduler(folder.path());
    let output = run(folder.path(), &scheduler, &["--patience-seconds", "1"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(stderr(&output).contains("no executor took up any of 1 tasks"), "{}", stderr(&output));
}

#[test]
fn a_tokenizer_that_an_executor_lacks_is_named_with_the_executor() {
    let folder = project(2, 10, 10);
    let path = folder.path();
    for (bytes, says) in [(None, "cannot read"), (Some("{}"), "other bytes here")] {
        let scheduler = scheduler(path);
        let tokenizer = path.join("tokenizer.json");
        let original = fs::read(&tokenizer).unwrap();
        let running = start(path, &scheduler, &[]);
        // The leader has read it: from here on it is only the executor who needs the file.
        wait_for_order(path);
        match bytes {
            Some(bytes) => fs::write(&tokenizer, bytes).unwrap(),
            None => fs::remove_file(&tokenizer).unwrap(),
        }
        let executor = executor(path, &scheduler, &[]);
        let output = running.wait_with_output().unwrap();
        fs::write(&tokenizer, original).unwrap();
        fs::remove_dir_all(path.join("out")).unwrap();
        let message = stderr(&output);
        assert_eq!(output.status.code(), Some(2), "{message}");
        assert!(message.contains(&format!("on executor `{}`", executor.name)), "{message}");
        assert!(message.contains("`truncate`") && message.contains("tokenizer.json"), "{message}");
        assert!(message.contains(says), "{message}");
    }
}

#[test]
fn an_executor_of_another_version_is_refused() {
    let folder = project(2, 10, 10);
    let path = folder.path();
    let order = path.join("scratch/orders/read/order.json");
    fs::create_dir_all(order.with_file_name("attempts")).unwrap();
    let host = siyu_cluster::host::Host::new("second".to_owned(), options(), (path.to_owned(), path.to_owned()));
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    runtime.block_on(std::sync::Arc::new(host).perform(order.clone(), None, "99.0.0".to_owned(), 0)).unwrap();
    let mut watch = siyu_ingest::remote::Watch::new(&order, Duration::from_secs(1));
    let message = watch.look().unwrap_err().to_string();
    assert!(message.contains("on executor `second`: siyu 99.0.0 leads this run and siyu 0.1.0"), "{message}");
}

fn start(folder: &Path, scheduler: &Node, more: &[&str]) -> Child {
    let mut command = support::command(folder, scheduler, more);
    command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap()
}

fn wait_for_order(folder: &Path) {
    let order = folder.join("out/.siyu-scratch/orders/read/order.json");
    support::eventually("an order is given out", || order.exists());
}

fn options() -> siyu_ingest::run::RunOptions {
    siyu_ingest::run::RunOptions { threads: 1, memory: 1 << 28, fresh: false, batch_rows: 1024 }
}
