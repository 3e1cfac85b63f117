//! An S3 store for tests: moto's server, on loopback.

use super::{Node, stderr};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::Command;

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

/// What its clients have in their environment.
pub(crate) const KEYS: [(&str, &str); 3] =
    [("AWS_ACCESS_KEY_ID", "test"), ("AWS_SECRET_ACCESS_KEY", "test"), ("AWS_REGION", "us-east-1")];

/// An interpreter that has moto.
pub(crate) fn python() -> PathBuf {
    std::env::var_os("SIYU_TEST_PYTHON").expect("`cargo xtask test` names the interpreter").into()
}

/// Puts a folder into a bucket (`put`), or gets a bucket into a folder (`get`).
pub(crate) fn copy(what: &str, server: &Node, bucket: &str, folder: &Path) {
    let endpoint = format!("http://{}", server.name);
    let mut command = Command::new(python());
    command.args(["-c", COPY, what, &endpoint, bucket]).arg(folder).envs(KEYS);
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", stderr(&output));
}

/// moto's server of an S3 store.
pub(crate) fn server(folder: &Path) -> Node {
    let free = TcpListener::bind(("127.0.0.1", 0)).unwrap().local_addr().unwrap();
    let mut command = Command::new(python());
    command.args(["-m", "moto.server", "-H", "127.0.0.1", "-p", &free.port().to_string()]);
    Node::start(command, free.to_string(), folder.join("store.log")).ready()
}

/// The environment of its clients, as words of `env`.
pub(crate) fn environment(server: &Node) -> Vec<String> {
    let keys = KEYS.iter().map(|(name, value)| format!("{name}={value}"));
    keys.chain([format!("AWS_ENDPOINT_URL=http://{}", server.name)]).collect()
}
