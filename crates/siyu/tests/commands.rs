//! `preview`, `explain`, `export` and `try` as their users meet them.

#![allow(clippy::unwrap_used, reason = "a test may fail loudly")]

use serde_json::{Value, json};
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Output, Stdio};

const DOCUMENTS: &str = "{\"id\": \"a\", \"text\": \"<p>请拨打13800138000咨询合同事宜</p>\"}\n\
    {\"id\": \"b\", \"text\": \"短\"}\n{\"id\": \"broken\", \"text\": \"电话13900139000\n\
    {\"id\": \"c\", \"text\": \"请拨打13800138000咨询合同事宜\"}\n";
const PIPELINE: &str = "input: [{ path: docs.jsonl }]\nsteps:\n  - strip_html: {}\n  - mask_pii: {}\n  - text_length: { min_chars: 5 }\n  \
    - exact_dedup: {}\n  - instruct: { instruction: 摘要, input: \"{{ text }}\", output: \"{{ text[:3] }}\" }\noutput: { directory: out }\n";

fn siyu(folder: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_siyu")).current_dir(folder).args(arguments).output().unwrap()
}

fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

fn project() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("docs.jsonl"), DOCUMENTS).unwrap();
    fs::write(folder.path().join("p.yaml"), PIPELINE).unwrap();
    folder
}

fn dataset() -> tempfile::TempDir {
    let folder = project();
    let run = siyu(folder.path(), &["run", "p.yaml"]);
    assert!(run.status.success(), "{}", stderr(&run));
    folder
}

fn tried(steps: &[&str], input: &[u8]) -> Output {
    let mut child = Command::new(env!("CARGO_BIN_EXE_siyu"))
        .arg("try")
        .args(steps)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(input).unwrap();
    child.wait_with_output().unwrap()
}

fn lines(output: &Output) -> Vec<Value> {
    stdout(output).lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn preview_shows_what_each_step_does_and_writes_nothing() {
    let folder = project();
    let shown = stdout(&siyu(folder.path(), &["preview", "p.yaml"]));
    assert!(shown.contains("[-<p>-]请拨打"), "{shown}");
    assert!(shown.contains("[-13800138000-]{+<MASK>+}"), "{shown}");
    assert!(shown.contains("3 text_length") && shown.contains("dropped"), "{shown}");
    assert!(shown.contains("4 exact_dedup") && shown.contains("it needs many documents"), "{shown}");
    assert!(shown.contains("docs.jsonl:3\n  quarantined: ") && !shown.contains("13900139000"), "{shown}");
    assert!(!shown.contains('\u{1b}'), "no colours without a terminal");
    assert!(!folder.path().join("out").exists());
    let colored =
        stdout(&siyu(folder.path(), &["preview", "p.yaml", "-n", "1", "--step", "mask_pii", "--color", "always"]));
    assert!(colored.contains("\u{1b}[32m<MASK>") && !colored.contains("strip_html"), "{colored}");
    let unknown = siyu(folder.path(), &["preview", "p.yaml", "--step", "mask"]);
    assert!(unknown.status.code() == Some(2) && stderr(&unknown).contains("2 mask_pii"), "{}", stderr(&unknown));
}

#[test]
fn explain_tells_where_every_kind_of_row_went() {
    let folder = dataset();
    let explain = |id: &str| stdout(&siyu(folder.path(), &["explain", "out", id]));
    assert!(explain("a").starts_with("a: written\n") && explain("a").contains("data/train-"), "{}", explain("a"));
    assert!(explain("b").starts_with("b: dropped by 3 text_length\n"), "{}", explain("b"));
    assert!(
        explain("c").contains("dropped by 4 exact_dedup") && explain("c").contains("a copy of `a`"),
        "{}",
        explain("c")
    );
    assert!(explain("docs.jsonl:3").contains("could not be read"), "{}", explain("docs.jsonl:3"));
    let unknown = siyu(folder.path(), &["explain", "out", "aa"]);
    assert_eq!(unknown.status.code(), Some(1));
    assert!(stderr(&unknown).contains("no row of `out` has the id `aa`; near it are `a`"), "{}", stderr(&unknown));
}

#[test]
fn exports_are_what_other_trainers_read() {
    let folder = dataset();
    let export = |format: &str| lines(&siyu(folder.path(), &["export", "out", "--format", format]));
    let text = "请拨打<MASK>咨询合同事宜";
    let alpaca = json!({ "instruction": "摘要", "input": text, "output": "请拨打", "system": "", "history": [] });
    assert_eq!(export("alpaca"), [alpaca]);
    let said = json!([{ "from": "human", "value": format!("摘要\n{text}") }, { "from": "gpt", "value": "请拨打" }]);
    assert_eq!(export("sharegpt"), [json!({ "conversations": said })]);
    assert_eq!(export("jsonl")[0]["id"], "a");
    let written = siyu(folder.path(), &["export", "out", "--format", "jsonl", "--output", "rows.jsonl"]);
    assert!(written.status.success(), "{}", stderr(&written));
    assert_eq!(fs::metadata(folder.path().join("rows.jsonl")).unwrap().permissions().mode() & 0o777, 0o600);
    let unknown = siyu(folder.path(), &["export", "out", "--format", "jsonl", "--split", "test"]);
    assert_eq!(
        (unknown.status.code(), stderr(&unknown).as_str()),
        (Some(2), "error: the dataset has no split `test`, only train\n")
    );
}

#[test]
fn an_export_that_lacks_columns_names_them_and_leaves_no_file() {
    let folder = project();
    let text = PIPELINE.lines().filter(|line| !line.contains("instruct")).collect::<Vec<_>>().join("\n");
    fs::write(folder.path().join("p.yaml"), text).unwrap();
    assert!(siyu(folder.path(), &["run", "p.yaml"]).status.success());
    let refused = siyu(folder.path(), &["export", "out", "--format", "alpaca", "--output", "rows.jsonl"]);
    assert_eq!(refused.status.code(), Some(2));
    let message = stderr(&refused);
    assert!(
        message.contains("lacks the columns `instruction` and `output`, or `messages`")
            && message.contains("`text` Utf8"),
        "{message}"
    );
    assert!(!folder.path().join("rows.jsonl").exists());
}

#[test]
fn try_keeps_order_kinds_and_other_columns() {
    let input = "{\"n\": 1, \"text\": \"请拨打13800138000吧\"}\n\n{\"text\": \"短\", \"tags\": [\"x\"]}\n";
    let output = tried(&["[mask_pii: {}, text_length: { min_chars: 3 }]"], input.as_bytes());
    assert!(output.status.success(), "{}", stderr(&output));
    let rows = lines(&output);
    assert_eq!(rows[0], json!({ "n": 1, "text": "请拨打<MASK>吧" }));
    assert_eq!((&rows[1]["dropped_by"], &rows[1]["tags"]), (&json!("2 text_length"), &json!(["x"])));
}

#[test]
fn try_names_bad_lines_without_their_text_and_goes_on() {
    let output = tried(&["mask_pii: {}"], b"{\"text\": \"13800138000\n{\"text\": \"b\"}\n\xff\n");
    assert_eq!(output.status.code(), Some(1));
    let message = stderr(&output);
    assert!(message.contains("line 1 of standard input is not a JSON object"), "{message}");
    assert!(message.contains("line 3 of standard input is not UTF-8") && !message.contains("138"), "{message}");
    assert_eq!(lines(&output), [json!({ "text": "b" })]);
}

#[test]
fn try_answers_each_line_before_the_next_is_written() {
    let mut child = Command::new(env!("CARGO_BIN_EXE_siyu"))
        .args(["try", "--lines", "mask_pii: {}"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut input = child.stdin.take().unwrap();
    let mut answers = BufReader::new(child.stdout.take().unwrap());
    for _ in 0..3 {
        input.write_all("  请拨打13800138000\n".as_bytes()).unwrap();
        let mut answer = String::new();
        answers.read_line(&mut answer).unwrap();
        assert_eq!(answer, "{\"text\":\"  请拨打<MASK>\"}\n");
    }
    drop(input);
    assert!(child.wait().unwrap().success());
}

#[test]
fn try_refuses_table_steps_by_name() {
    let output = tried(&["[mask_pii: {}, exact_dedup: {}]"], b"");
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains("`exact_dedup` needs a whole table"), "{}", stderr(&output));
}

#[test]
fn a_failing_test_of_a_pipeline_shows_what_was_expected() {
    let folder = project();
    fs::write(
        folder.path().join("p.yaml"),
        format!("{PIPELINE}tests:\n  - given: 请拨打13800138000咨询\n    expect: 请拨打咨询\n"),
    )
    .unwrap();
    let checked = siyu(folder.path(), &["check", "p.yaml"]);
    assert_eq!(checked.status.code(), Some(1));
    assert!(stdout(&checked).contains("text: 请拨打{+<MASK>+}咨询"), "{}", stdout(&checked));
    assert_eq!(stderr(&checked), "error: 1 of 1 tests failed\n");
}

#[test]
fn a_misspelt_column_is_refused_before_anything_is_read() {
    let folder = project();
    let pipeline = PIPELINE.replace("{{ text[:3] }}", "{{ texts[:3] }}");
    fs::write(folder.path().join("p.yaml"), &pipeline).unwrap();
    for command in ["run", "preview"] {
        let refused = siyu(folder.path(), &[command, "p.yaml"]);
        let message = stderr(&refused);
        assert!(!refused.status.success() && message.contains("p.yaml:7:"), "{message}");
        assert!(message.contains("no input file has a column `texts`, did you mean `text`?"), "{message}");
    }
    assert!(!folder.path().join("out").exists());
    // An entry that maps the column says that it exists.
    let mapped = pipeline.replace("docs.jsonl }", "docs.jsonl, columns: { texts: texts } }");
    fs::write(folder.path().join("p.yaml"), mapped).unwrap();
    assert!(siyu(folder.path(), &["run", "p.yaml"]).status.success());
}

#[test]
fn places_of_a_cluster_that_do_not_go_together_are_refused() {
    let folder = project();
    let cluster = ["--cluster", "df://127.0.0.1:1"];
    let output = |path: &str, more: &[&str]| {
        fs::write(folder.path().join("p.yaml"), PIPELINE.replace("docs.jsonl", path)).unwrap();
        let refused = siyu(folder.path(), &[&["run", "p.yaml"], more].concat());
        assert_eq!(refused.status.code(), Some(2), "{}", stderr(&refused));
        stderr(&refused)
    };
    let store = "\"s3://bucket/*.jsonl\"";
    assert!(output(store, &[]).contains("`--stages FOLDER`"));
    let told = output(store, &[&cluster[..], &["--stages", "s3://bucket/stages"]].concat());
    assert!(told.contains("give `--work-dir FOLDER`"), "{told}");
    let told = output("docs.jsonl", &[&cluster[..], &["--stages", "s3://bucket/stages"]].concat());
    assert!(told.contains("`docs.jsonl` does not begin with `s3://`"), "{told}");
    let told = output(store, &[&cluster[..], &["--stages", "stages", "--work-dir", "own"]].concat());
    assert!(told.contains("`--work-dir` goes with"), "{told}");
}

#[test]
fn a_patience_of_no_second_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let arguments = ["run", "pipeline.yaml", "--cluster", "df://127.0.0.1:9", "--patience-seconds", "0"];
    let refused = siyu(folder.path(), &arguments);
    assert_eq!(refused.status.code(), Some(2));
    let message = String::from_utf8_lossy(&refused.stderr);
    assert!(message.contains("0 is not in 1.."), "{message}");
}
