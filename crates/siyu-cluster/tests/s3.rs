//! Inputs in an S3 store, and the dataset in one: moto's server, on loopback.

#![allow(clippy::unwrap_used, reason = "a test may fail loudly")]

mod support;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use support::{Node, assert_same, command, executor, files, project, run_here, scheduler, server, stderr};

/// Puts all files of a folder into a bucket, or all objects of a bucket into a folder, with another client than ours.
const COPY: &str = r#"
import sys, pathlib, boto3
what, endpoint, bucket, folder = sys.argv[1:5]
s3 = boto3.client("s3", endpoint_url=endpoint, region_name="us-east-1")
root = pathlib.Path(folder)
if what == "put":
    s3.create_bucket(Bucket=bucket)
    for path in sorted(root.rglob("*")):
        if path.is_file():
            s3.upload_file(str(path), bucket, "corpus/" + str(path.relative_to(root)))
else:
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket):
        for item in page.get("Contents", []):
            to = root / item["Key"]
            to.parent.mkdir(parents=True, exist_ok=True)
            s3.download_file(bucket, item["Key"], str(to))
"#;

const KEYS: [(&str, &str); 3] =
    [("AWS_ACCESS_KEY_ID", "test"), ("AWS_SECRET_ACCESS_KEY", "test"), ("AWS_REGION", "us-east-1")];

fn python() -> PathBuf {
    std::env::var_os("SIYU_TEST_PYTHON").expect("`cargo xtask test` names the interpreter").into()
}

fn copy(what: &str, server: &Node, bucket: &str, folder: &Path) {
    let endpoint = format!("http://{}", server.name);
    let mut command = Command::new(python());
    command.args(["-c", COPY, what, &endpoint, bucket]).arg(folder).envs(KEYS);
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", stderr(&output));
}

#[test]
#[ignore = "needs a Python with moto: `cargo xtask test`"]
fn inputs_and_the_dataset_may_lie_in_a_store() {
    let folder = project(4, 60, 20_000);
    let path = folder.path();
    let store = server(path, &python());
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
    let store = server(path, &python());
    copy("put", &store, "bucket", &path.join("in"));
    let scheduler = scheduler(path);
    let endpoint = format!("AWS_ENDPOINT_URL=http://{}", store.name);
    let keys = KEYS.map(|(name, value)| format!("{name}={value}"));
    let here = path.display().to_string();
    let within = |more: &[&str]| {
        let around = ["env"].iter().chain(more).copied().chain([&*endpoint]).chain(keys.iter().map(String::as_str));
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
    let [first, _second] = [(); 2].map(|()| within(&[]));
    let work = format!("{OWN}/own");
    let apart = start(&["--stages", "s3://bucket/stages", "--work-dir", &work, "--patience-seconds", "4"]);
    // One executor goes while there is work.
    let order = path.join("own/output/bucket/set/.siyu-scratch/orders/exchange-1/order.json");
    support::eventually("the first exchange is given out", || order.exists());
    first.kill();
    let apart = apart.wait_with_output().unwrap();
    assert!(apart.status.success(), "{}", stderr(&apart));
    assert_same(&shared, &published("apart"));
}

#[test]
#[ignore = "needs a Python with moto: `cargo xtask test`"]
fn a_store_that_lacks_the_bucket_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    let store = server(path, &python());
    let mut fetch = Command::new(support::CLUSTER);
    fetch.args(["fetch", "s3://nowhere/x/*.jsonl"]).arg(path.join("mirror"));
    let output = fetch.envs(KEYS).env("AWS_ENDPOINT_URL", format!("http://{}", store.name)).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(stderr(&output).contains("`s3://nowhere/x/*.jsonl`"), "{}", stderr(&output));
}
