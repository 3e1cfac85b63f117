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
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix="sets/"):
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
