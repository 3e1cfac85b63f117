//! Inputs in an S3 store, and the dataset in one: moto's server, on loopback.

#![allow(clippy::unwrap_used, reason = "a test may fail loudly")]

mod support;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::mem;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::Duration;
use support::store::{KEYS, copy, environment, server};
use support::{Random, assert_same, command, executor, files, project, run_here, scheduler, stderr};

#[test]
#[ignore = "needs a Python with moto: `cargo xtask test`"]
fn inputs_and_the_dataset_may_lie_in_a_store() {
    let folder = project(4, 60, 20_000);
    let path = folder.path();
    let store = server(path);
    copy("put", &store, "bucket", &path.join("in"));
    let scheduler = scheduler(path);
    let _executor = executor(path, &scheduler, &[]);
    let pipeline = fs::read_to_string(path.join("p.yaml")).unwrap();
    let stored = pipeline.replace("path: in", "path: \"s3://bucket/corpus/*.jsonl\"");
    let stored = stored.replace("directory: out", "directory: \"s3://bucket/sets/one\"");
    fs::write(path.join("p.yaml"), stored).unwrap();
    let endpoint = format!("http://{}", store.name);
    for again in [false, true] {
        let mut run = command(path, &scheduler, &["--stages", "stages"]);
        let output = run.envs(KEYS).env("AWS_ENDPOINT_URL", &endpoint).stdin(Stdio::null()).output().unwrap();
        assert!(output.status.success(), "{}", stderr(&output));
        let told = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(told.contains("s3://bucket/sets/one") && told.contains("already holds") == again, "{told}");
    }
    copy("get", &store, "bucket", &path.join("back"));
    let found = files(&path.join("back/sets/one"));
    let verified = support::siyu().args(["verify"]).arg(path.join("back/sets/one")).output().unwrap();
    assert!(verified.status.success(), "{}", stderr(&verified));
    // The same documents from a folder give the same shards but for the names of their sources, which order them.
    fs::write(path.join("p.yaml"), pipeline).unwrap();
    let expected = run_here(path);
    let names = |files: &BTreeMap<PathBuf, Vec<u8>>| files.keys().cloned().collect::<Vec<_>>();
    assert_eq!(names(&expected), names(&found));
    let copied = files(&path.join("stages/output/bucket/sets/one"));
    assert_same(&copied, &found);
}

/// Paths below it are others for every process that has a working directory of its own: what the leader's mean, no
/// executor sees.
const OWN: &str = "/proc/self/cwd";

#[test]
#[ignore = "needs a Python with moto: `cargo xtask test`"]
fn hosts_that_share_no_folder_work_through_a_store() {
    let folder = project(6, 200, 20_000);
    let path = folder.path();
    let store = server(path);
    copy("put", &store, "bucket", &path.join("in"));
    let scheduler = scheduler(path);
    let environment = environment(&store);
    let here = path.display().to_string();
    let within = |more: &[&str]| {
        let around = ["env"].iter().chain(more).copied().chain(environment.iter().map(String::as_str));
        executor(path, &scheduler, &around.collect::<Vec<_>>())
    };
    let pipeline = fs::read_to_string(path.join("p.yaml")).unwrap();
    let pipeline = pipeline.replace("path: in", "path: \"s3://bucket/corpus/*.jsonl\"");
    let pipeline = pipeline.replace("tokenizer.json", &format!("{OWN}/tokenizer.json"));
    let pipeline = pipeline.replace("directory: out", "directory: \"s3://bucket/set\"");
    fs::write(path.join("p.yaml"), pipeline).unwrap();
    let start = |more: &[&str]| {
        let mut run = command(path, &scheduler, more);
        run.envs(KEYS).env("AWS_ENDPOINT_URL", format!("http://{}", store.name));
        run.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap()
    };
    let published = |name: &str| {
        copy("get", &store, "bucket", &path.join(name));
        // Nothing is left of what went through the store.
        assert!(!path.join(name).join("stages").exists());
        files(&path.join(name).join("set"))
    };
    // One that works where the leader does sees the same.
    let beside = within(&["-C", &here]);
    let shared = start(&["--stages", "stages"]).wait_with_output().unwrap();
    assert!(shared.status.success(), "{}", stderr(&shared));
    let shared = published("shared");
    beside.kill();
    let mut nodes = [(); 2].map(|()| within(&[]));
    let work = format!("{OWN}/own");
    let mut apart = start(&["--stages", "s3://bucket/stages", "--work-dir", &work, "--patience-seconds", "3"]);
    // Executors go at any moment, one in each kind of work at least once it is given out, and others come.
    let scratch = path.join("own/output/bucket/set/.siyu-scratch/orders");
    let (mut random, mut hit) = (Random(0x5349_5955), BTreeSet::new());
    while apart.try_wait().unwrap().is_none() {
        std::thread::sleep(Duration::from_millis(random.below(100)));
        let orders = fs::read_dir(&scratch).into_iter().flatten().flatten().map(|order| order.file_name());
        if orders.into_iter().any(|order| hit.insert(order)) {
            let place = usize::try_from(random.below(2)).unwrap();
            mem::replace(&mut nodes[place], within(&[])).kill();
        }
    }
    let apart = apart.wait_with_output().unwrap();
    assert!(apart.status.success(), "{}", stderr(&apart));
    assert!(hit.len() >= 5, "{hit:?}");
    assert_same(&shared, &published("apart"));
}

#[test]
#[ignore = "needs a Python with moto: `cargo xtask test`"]
fn a_store_that_lacks_the_bucket_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    let store = server(path);
    let mut fetch = Command::new(support::CLUSTER);
    fetch.args(["fetch", "s3://nowhere/x/*.jsonl"]).arg(path.join("mirror"));
    let output = fetch.envs(KEYS).env("AWS_ENDPOINT_URL", format!("http://{}", store.name)).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(stderr(&output).contains("`s3://nowhere/x/*.jsonl`"), "{}", stderr(&output));
}
