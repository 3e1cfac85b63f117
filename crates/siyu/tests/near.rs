//! Near-duplicates as users meet them: files in, datasets and messages out.

#![allow(
    clippy::unwrap_used,
    clippy::format_push_string,
    reason = "a test may fail loudly, and its data need not be fast"
)]

use rustix::process::Signal;
use std::collections::BTreeSet;
use std::fs;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;

mod support;

use support::documents::{BOTH, Letters, contracts, filler, project, row, run, table, write_pipeline};
use support::watch::{Watched, Work};
use support::{Random, assert_same, files, siyu, stderr, succeed};

#[test]
fn no_contract_of_a_template_is_dropped_and_every_planted_copy_is() {
    let folder = project(&contracts(1000), "  - near_dedup: { keep: first }\n");
    run(folder.path(), &[]);
    let out = folder.path().join("out");
    let dropped = table(&out.join("dropped"), &["id", "detail"]);
    let ids: BTreeSet<String> = dropped.iter().map(|row| row[0].clone()).collect();
    let planted: BTreeSet<String> = (0..1000).step_by(20).map(|number| format!("copy{number}")).collect();
    assert_eq!(ids, planted);
    for row in &dropped {
        let original = format!("near copy: of `{}`, similarity 0.9", row[0].replace("copy", "c"));
        assert!(row[1].starts_with(&original), "{}", row[1]);
    }
    for row in table(&out.join("data"), &["id", "cluster"]) {
        assert_eq!(row[0], row[1]);
    }
    assert!(fs::read_to_string(out.join("report.html")).unwrap().contains("Clusters by size"));
}

#[test]
fn what_to_keep_decides_who_stays() {
    let base = Letters(3).text(300);
    let rows = row("a", &base, "")
        + &row("b", &format!("{base}且长"), "")
        + &row("c", &format!("{base}短"), "")
        + &row("e", "", "")
        + &row("f", "", "");
    for (keep, kept) in [("longest", "b"), ("first", "a"), ("id = 'c'", "c"), ("-char_count(text)", "a")] {
        let folder = project(&rows, &format!("  - near_dedup: {{ keep: \"{keep}\" }}\n"));
        run(folder.path(), &[]);
        let mut ids: Vec<String> = table(&folder.path().join("out/data"), &["id"]).concat();
        ids.sort();
        assert_eq!(ids, [kept, "e", "f"], "{keep}");
    }
}

#[test]
fn threads_batches_and_memory_do_not_change_a_byte() {
    let mut seen = Vec::new();
    let rows = contracts(300) + &filler(4000);
    for arguments in [
        ["--threads", "1", "--batch-rows", "1024"],
        ["--threads", "4", "--memory", "32MB"],
        ["--threads", "2", "--batch-rows", "7"],
    ] {
        let folder = project(&rows, BOTH);
        run(folder.path(), &arguments);
        seen.push(files(&folder.path().join("out")));
    }
    for other in &seen[1..] {
        for (name, bytes) in &seen[0] {
            assert!(other.get(name) == Some(bytes), "{} differs", name.display());
        }
    }
}

#[test]
fn a_run_killed_again_and_again_ends_in_the_same_bytes() {
    let folder = project(&(contracts(300) + &filler(4000)), BOTH);
    run(folder.path(), &[]);
    let expected = files(&folder.path().join("out"));
    fs::remove_dir_all(folder.path().join("out")).unwrap();
    let (mut random, mut hits) = (Random(0x6e65_6172), 0);
    for work in [Work::Reading, Work::Ordering, Work::Ordering, Work::Ordering, Work::Joining].iter().cycle().take(20) {
        let mut watched = Watched::start(folder.path(), &["run", "pipeline.yaml"]);
        if watched.until(*work, 1 + random.below(60)) {
            watched.signal(Signal::KILL);
        }
        let output = watched.end();
        if output.status.signal() == Some(9) {
            hits += 1;
        } else {
            succeed(folder.path(), &["verify", "out"]);
            assert_same(&expected, &files(&folder.path().join("out")));
            fs::remove_dir_all(folder.path().join("out")).unwrap();
        }
    }
    assert!(hits >= 10, "{hits} of 20 runs were killed");
    run(folder.path(), &[]);
    let mut found = files(&folder.path().join("out"));
    found.retain(|name, _| !name.starts_with(".siyu-scratch") && name != Path::new(".siyu-lock"));
    assert_same(&expected, &found);
}

#[test]
fn examples_of_near_copies_show_no_personal_data_whatever_is_masked_later() {
    let mut letters = Letters(31);
    let text = format!("{}，联系电话13812345678，邮箱zhang.san@example.com。", letters.text(300));
    let rows = row("one", &text, "") + &row("two", &format!("{text}{}", letters.text(5)), "");
    for more in ["", "  - mask_pii: {}\n"] {
        let folder = project(&rows, &format!("  - near_dedup: {{}}\n{more}"));
        run(folder.path(), &[]);
        for name in ["report.html", "report.json"] {
            let report = fs::read_to_string(folder.path().join("out").join(name)).unwrap();
            assert!(report.contains("cn_mobile"), "{name}");
            assert!(!report.contains("13812345678") && !report.contains("zhang.san"), "{name}");
        }
        // The one that stayed is longer; it names those that gave way.
        let told = siyu(folder.path(), &["explain", "out", "two"]);
        let told = String::from_utf8(told.stdout).unwrap();
        assert!(told.contains("near copy") && told.contains("`one`, similarity 0.9"), "{told}");
    }
}

#[test]
fn evaluation_texts_without_a_passage_are_told() {
    let folder = project(&(row("a", "中华人民共和国第一任总理是谁？", "") + &row("b", "别的", "")), "");
    fs::write(folder.path().join("asked.jsonl"), "{\"q\": \"中华人民共和国第一任总理是谁\", \"a\": \"周\"}\n").unwrap();
    write_pipeline(folder.path(), "  - decontaminate: { against: [asked.jsonl] }\n");
    let result = siyu(folder.path(), &["run", "pipeline.yaml"]);
    let output = String::from_utf8_lossy(&result.stdout).into_owned();
    assert!(output.contains("note: 2 of 2 evaluation texts have no passage"), "{output}{}", stderr(&result));
    assert_eq!(table(&folder.path().join("out/data"), &["id"]).concat(), ["b"]);
    let page = fs::read_to_string(folder.path().join("out/README.md")).unwrap();
    assert!(page.contains("2 of 2 evaluation texts have no passage"), "{page}");
}
