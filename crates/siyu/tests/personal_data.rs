//! What a run says of personal data: that none is left in what it publishes, and where it was.

#![allow(clippy::unwrap_used, reason = "a test may fail loudly")]

mod support;

use std::fs;
use std::path::Path;
use support::{column, fail, folder, manifest, shell, succeed};

/// A folder with these documents and a pipeline of these steps.
fn project(documents: &str, steps: &str) -> tempfile::TempDir {
    let pipeline =
        format!("input: [{{ path: docs.jsonl }}]\nsteps:\n{steps}\noutput: {{ directory: out, shard_megabytes: 1 }}\n");
    folder(&[("docs.jsonl", documents.as_bytes()), ("p.yaml", pipeline.as_bytes())])
}

const HALVES: &str = "{\"id\": \"a\", \"text\": \"没有号码\", \"rest\": \"。\"}\n\
    {\"id\": \"b\", \"text\": \"请打1380013\", \"rest\": \"8000。\"}\n";

#[test]
fn a_number_that_a_later_step_puts_together_ends_the_run_and_is_not_shown() {
    let joined = "  - mask_pii: { kinds: [cn_mobile], columns: [text, rest] }\n  - derive: { text: \"text || rest\" }";
    let compatible = "  - mask_pii: {}\n  - normalize_unicode: { form: nfkc }";
    let bold = "{\"id\": \"b\", \"text\": \"请打𝟏𝟑𝟖𝟎𝟎𝟏𝟑𝟖𝟎𝟎𝟎。\"}\n";
    for (documents, steps) in [(HALVES, joined), (bold, compatible)] {
        let folder = project(documents, steps);
        let said = fail(folder.path(), &["run", "p.yaml"], 1);
        for part in ["`cn_mobile`", "column `text`", "`data/train-00000-of-00001.parquet`", "row 1", "id `b`"] {
            let row = if documents == HALVES { part.replace("row 1", "row ") } else { part.to_owned() };
            assert!(said.contains(&row), "{part}: {said}");
        }
        assert!(!said.contains("8000") && !said.contains("1380013"), "{said}");
        assert!(!folder.path().join("out/manifest.json").exists());
        assert!(!folder.path().join("out/data").exists());
    }
}

#[test]
fn without_the_check_the_same_run_passes_and_its_manifest_claims_nothing() {
    let steps = "  - mask_pii: { kinds: [cn_mobile], recheck: false }\n  - derive: { text: \"text || rest\" }";
    let folder = project(HALVES, steps);
    succeed(folder.path(), &["run", "p.yaml"]);
    assert!(column(&folder.path().join("out/data"), "text").contains(&"请打13800138000。".to_owned()));
    assert!(manifest(&folder.path().join("out")).get("personal_data_check").is_none());
}

#[test]
fn masks_of_every_kind_are_no_survivors_and_the_manifest_says_what_was_read() {
    let documents = "{\"text\": \"电话13800138000，密码：abc12345，邮箱a@example.com，身份证11010519491231002X\"}\n";
    for with in ["", "with: \"<{kind}>\"", "with: \"13900139000\"", "key_from: SECRET"] {
        let folder = project(documents, &format!("  - mask_pii: {{ {with} }}"));
        let output = shell(folder.path(), "SECRET=7 siyu run p.yaml && siyu verify out");
        assert!(output.status.success(), "{with}: {}", support::stderr(&output));
        let check = &manifest(&folder.path().join("out"))["personal_data_check"];
        assert_eq!(check["columns"], serde_json::json!(["text"]));
        assert_eq!(check["rows"], 1);
        assert_eq!(check["found"], 0);
        assert_eq!(check["kinds"].as_array().unwrap().len(), 23);
    }
}

/// Documents with numbers in two columns, some of them copies.
fn numbered() -> String {
    let line = |row: usize| {
        let (name, number) = (row % 90, 12_345_600 + row % 90);
        format!(
            "{{\"id\": \"doc-{row}\", \"text\": \"甲，电话139{number:08}；邮箱u{name}@example.com\", \"note\": \"转１３７{number:08}\"}}\n"
        )
    };
    (0..100).map(line).collect()
}

#[test]
fn the_audit_lists_every_masked_place_and_no_value() {
    let mask =
        "  - mask_pii: { columns: [text, note], audit: true }\n  - exact_dedup: {}\n  - filter: \"id <> 'doc-3'\"";
    let folder = project(&numbered(), mask);
    succeed(folder.path(), &["run", "p.yaml"]);
    succeed(folder.path(), &["verify", "out"]);
    let audit = folder.path().join("out/audit");
    let of = |name: &str| column(&audit, name);
    // Every row is listed, also those that a later step drops.
    let expected: Vec<String> =
        (0..100).flat_map(|row| ["note", "text", "text"].map(|name| format!("doc-{row} {} {name}", row + 1))).collect();
    let found: Vec<String> = (0..of("id").len())
        .map(|at| format!("{} {} {}", of("id")[at], of("source_row")[at], of("column")[at]))
        .collect();
    assert_eq!(found, expected);
    assert_eq!(of("rule").iter().take(3).collect::<Vec<_>>(), ["cn_mobile", "cn_mobile", "email"]);
    // `转` and `甲，电话` are 3 and 12 bytes; three full-width digits and eight others are 17.
    assert_eq!(of("offset").iter().take(3).collect::<Vec<_>>(), ["3", "12", "32"]);
    assert_eq!(of("length").iter().take(3).collect::<Vec<_>>(), ["17", "11", "14"]);
    assert_eq!(of("source").first().unwrap(), "docs.jsonl");
    let manifest = manifest(&folder.path().join("out"));
    assert_eq!(manifest["audit"][0]["rows"], 300);
    assert_eq!(manifest["personal_data"], serde_json::json!({ "cn_mobile": 200, "email": 100 }));
    let bytes = fs::read(audit.join("part-00000.parquet")).unwrap();
    assert!(!String::from_utf8_lossy(&bytes).contains("@example"));
}

#[test]
fn there_is_no_audit_unless_a_step_asks_for_it() {
    let folder = project(&numbered(), "  - mask_pii: {}");
    succeed(folder.path(), &["run", "p.yaml"]);
    assert!(!folder.path().join("out/audit").exists());
    assert!(manifest(&folder.path().join("out")).get("audit").is_none());
    let asked = project("{\"text\": \"没有号码\"}\n", "  - mask_pii: { audit: true }");
    succeed(asked.path(), &["run", "p.yaml"]);
    assert_eq!(manifest(&asked.path().join("out"))["audit"], serde_json::json!([]));
    assert!(!Path::new(&asked.path().join("out/audit")).exists());
}
