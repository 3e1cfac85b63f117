//! Splits as users meet them: files in, datasets and messages out.

#![allow(
    clippy::unwrap_used,
    clippy::format_push_string,
    reason = "a test may fail loudly, and its data need not be fast"
)]

use arrow::array::AsArray;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::path::Path;

mod support;

use support::documents::{Letters, ids, ledger, manifest, project, row, run, write_pipeline};
use support::{siyu, stderr, succeed};

#[test]
fn groups_near_copies_and_equal_inputs_stay_on_one_side_and_the_audit_agrees() {
    let mut letters = Letters(11);
    let mut rows = String::new();
    for number in 0..400 {
        let text = letters.text(200);
        let changed: String = text.chars().take(170).chain(letters.text(30).chars()).collect();
        let (client, other) =
            (format!(", \"client\": \"{}\"", number / 4), format!(", \"client\": \"{}\"", 1000 + number));
        rows.push_str(&row(&format!("a{number}"), &text, &client));
        rows.push_str(&row(&format!("b{number}"), &changed, &other));
    }
    let folder = project(&rows, "  - split: { train: 0.5, validation: 0.25, test: 0.25, group_by: [client] }\n");
    run(folder.path(), &[]);
    let out = folder.path().join("out");
    let mut sides: BTreeMap<String, String> = BTreeMap::new();
    for shard in manifest(folder.path())["shards"].as_array().unwrap() {
        let path = out.join(shard["path"].as_str().unwrap());
        let reader = ParquetRecordBatchReaderBuilder::try_new(File::open(path).unwrap()).unwrap().build().unwrap();
        for batch in reader.map(Result::unwrap) {
            let ids = batch.column_by_name("id").unwrap().as_string::<i32>();
            sides.extend(ids.iter().flatten().map(|id| (id.to_owned(), shard["split"].as_str().unwrap().to_owned())));
        }
    }
    for number in 0..400 {
        let first = &sides[&format!("a{}", number / 4 * 4)];
        assert_eq!((&sides[&format!("a{number}")], &sides[&format!("b{number}")]), (first, first));
    }
    assert_eq!(sides.values().collect::<BTreeSet<_>>().len(), 3);
    let leak = &manifest(folder.path())["split"]["leak"];
    assert_eq!((leak["found"].as_u64(), leak["near"]["similarity"].as_f64()), (Some(0), Some(0.7)));
    let verified = siyu(folder.path(), &["verify", "out"]);
    assert!(verified.status.success(), "{}", stderr(&verified));
    assert!(String::from_utf8_lossy(&verified.stdout).contains("none alike"));
}

#[test]
fn equal_inputs_under_two_instructions_are_one_component() {
    let mut letters = Letters(13);
    let mut rows = String::new();
    for number in 0..200 {
        let input = letters.text(12);
        for _ in 0..2 {
            let instruction = letters.text(40);
            rows.push_str(&format!(
                "{{\"id\": \"{number}\", \"instruction\": \"{instruction}\", \"input\": \"{input}\"}}\n"
            ));
        }
    }
    let folder = project(&rows, "  - split: { train: 0.5, test: 0.5, columns: [instruction, input] }\n");
    run(folder.path(), &[]);
    let mut sides: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for side in ["train", "test"] {
        for id in ids(&folder.path().join("out"), side) {
            sides.entry(id).or_default().insert(side.to_owned());
        }
    }
    assert!(sides.len() == 200 && sides.values().all(|sides| sides.len() == 1));
}

#[test]
fn a_ledger_fixes_sides_and_test_wins_where_new_documents_tie_it_to_training() {
    let mut letters = Letters(17);
    let texts: Vec<String> = (0..300).map(|_| letters.text(200)).collect();
    let rows: String = (0..300).map(|number| row(&format!("d{number}"), &texts[number], "")).collect();
    let split = "  - split: { train: 0.5, test: 0.5, leak_similarity: 0.5 }\n";
    let folder = project(&rows, split);
    run(folder.path(), &[]);
    let first = ledger(&folder.path().join("out"));
    assert_eq!(first.len(), 300);
    fs::rename(folder.path().join("out"), folder.path().join("earlier")).unwrap();
    let first_of =
        |side: &str| -> usize { ids(&folder.path().join("earlier"), side)[0].trim_start_matches('d').parse().unwrap() };
    let (train, test) = (first_of("train"), first_of("test"));
    // Half of a training and half of a test document, with most of both in a bridge of three.
    let bridge = format!("{}{}", texts[train], texts[test]);
    let more = rows + &row("bridge", &bridge, "") + &row("fresh", &letters.text(200), "");
    fs::write(folder.path().join("docs.jsonl"), more).unwrap();
    write_pipeline(folder.path(), &split.replace("0.5 }", "0.45, previous: earlier/split.parquet }"));
    run(folder.path(), &[]);
    let second = ledger(&folder.path().join("out"));
    let changed: Vec<&String> =
        first.iter().filter(|(content, side)| second[*content] != **side).map(|(content, _)| content).collect();
    assert_eq!((changed.len(), second.len()), (1, 302));
    assert_eq!((first[changed[0]].as_str(), second[changed[0]].as_str()), ("train", "test"));
    let split = &manifest(folder.path())["split"];
    assert_eq!(
        (split["moved"].as_u64(), split["moved_ids"][0].as_str()),
        (Some(1), Some(format!("d{train}").as_str()))
    );
}

#[test]
fn an_amended_document_takes_the_side_of_the_version_that_gives_way_to_it() {
    let mut letters = Letters(29);
    let texts: Vec<String> = (0..200).map(|_| letters.text(200)).collect();
    let rows: String = (0..200).map(|number| row(&format!("d{number}"), &texts[number], "")).collect();
    let steps = "  - near_dedup: {}\n  - split: { train: 0.5, test: 0.5 }\n";
    let folder = project(&rows, steps);
    let out = folder.path().join("out");
    run(folder.path(), &[]);
    let first = ledger(&out);
    let tested = |folder: &Path| -> BTreeSet<String> {
        ids(folder, "test").into_iter().map(|id| id.replace(['d', 'a'], "")).collect()
    };
    let before = tested(&out);
    fs::rename(&out, folder.path().join("earlier")).unwrap();
    // Longer versions of all but the last ten, which are gone, and others.
    let amended =
        (0..190).map(|number| row(&format!("a{number}"), &format!("{}{}", texts[number], letters.text(9)), ""));
    let amended: Vec<String> = amended.collect();
    let fresh: String = (0..200).map(|number| row(&format!("f{number}"), &letters.text(200), "")).collect();
    let kept: String = rows.split_inclusive('\n').take(190).collect();
    fs::write(folder.path().join("docs.jsonl"), kept + &amended.concat() + &fresh).unwrap();
    write_pipeline(folder.path(), &steps.replace("0.5 }", "0.5, previous: earlier/split.parquet }"));
    run(folder.path(), &[]);
    let after = tested(&out);
    let gone = |id: &String| id.parse::<usize>().is_ok_and(|number| number >= 190);
    assert_eq!(
        before.iter().filter(|id| !gone(id)).collect::<Vec<_>>(),
        after.iter().filter(|id| !id.starts_with('f')).collect::<Vec<_>>()
    );
    assert_eq!(manifest(folder.path())["split"]["moved"], 0);
    // The next ledger still knows the versions that gave way, and documents that are gone.
    let second = ledger(&out);
    assert_eq!(second.len(), 200 + 190 + 200);
    assert!(first.iter().all(|(content, side)| second[content] == *side));
    // One that knows nobody is told of.
    let other: String = (0..50).map(|number| row(&format!("x{number}"), &letters.text(200), "")).collect();
    fs::write(folder.path().join("docs.jsonl"), other).unwrap();
    run(folder.path(), &["--fresh"]);
    let warning = manifest(folder.path())["split"]["warnings"][0].as_str().unwrap().to_owned();
    assert!(warning.contains("none of the 200 contents in `previous`"), "{warning}");
}

#[test]
fn blank_groups_tie_nothing_and_texts_of_signs_alone_stay_together() {
    let mut letters = Letters(37);
    let mut rows = String::new();
    for number in 0..200 {
        let text = match number % 10 {
            0 => "！？……".to_owned(),
            1 => " \u{3000}\t".replace('\t', "\\t"),
            _ => letters.text(60),
        };
        let group = if number % 3 == 0 { format!("案{}", number % 6) } else { " ".repeat(number % 2) };
        rows += &row(&format!("d{number}"), &text, &format!(", \"case\": \"{group}\""));
    }
    for shingles in ["char: 5", "word: 1"] {
        let split = format!("  - split: {{ train: 0.5, test: 0.5, group_by: [case], shingles: {{ {shingles} }} }}\n");
        let folder = project(&rows, &split);
        run(folder.path(), &[]);
        succeed(folder.path(), &["verify", "out"]);
        let split = &manifest(folder.path())["split"];
        let test = split["shares"]["test"].as_f64();
        assert!(test.is_none_or(|share| (share - 0.5).abs() < 0.1), "{split}");
    }
}

#[test]
fn shares_that_large_components_make_impossible_are_told_or_refused() {
    let mut letters = Letters(19);
    let template = letters.text(300);
    let rows: String =
        (0..200).map(|number| row(&format!("t{number}"), &format!("{template}{}", letters.text(40)), "")).collect();
    let split = "  - split: { train: 0.5, test: 0.5, leak_similarity: 0.7 }\n";
    let folder = project(&rows, split);
    run(folder.path(), &[]);
    let warning = manifest(folder.path())["split"]["warnings"][0].as_str().unwrap().to_owned();
    let (_, apart) = warning.split_once("(200 rows, would fall apart at similarity ").unwrap();
    let apart = apart.trim_end_matches(')');
    let card = fs::read_to_string(folder.path().join("out/README.md")).unwrap();
    assert!(card.contains("**Warning:**") && card.contains(apart), "{card}");
    for (similarity, parts) in [(apart.parse::<f64>().unwrap() - 0.01, false), (apart.parse().unwrap(), true)] {
        write_pipeline(folder.path(), &split.replace("0.7 }", &format!("{similarity:.2} }}")));
        run(folder.path(), &["--fresh"]);
        let warnings = manifest(folder.path())["split"]["warnings"].to_string();
        assert_eq!(!warnings.contains("(200 rows") && !warnings.contains("(1"), parts, "{similarity}: {warnings}");
    }
    fs::remove_dir_all(folder.path().join("out")).unwrap();
    write_pipeline(folder.path(), &split.replace("0.7 }", "0.7, strict_shares: true }"));
    let refused = siyu(folder.path(), &["run", "pipeline.yaml"]);
    assert_eq!(refused.status.code(), Some(1));
    assert!(
        stderr(&refused).contains("`strict_shares` is set") && stderr(&refused).contains("(200 rows"),
        "{}",
        stderr(&refused)
    );
    assert_eq!(fs::read_dir(folder.path().join("out")).unwrap().count(), 0);
}

#[test]
fn groups_that_hold_a_component_together_are_named_and_no_similarity() {
    let mut letters = Letters(31);
    let mut rows = String::new();
    for number in 0..60 {
        let text = letters.text(60);
        let near: String = text.chars().take(59).chain("末".chars()).collect();
        rows.push_str(&row(&format!("p{number}"), &text, ", \"case\": \"big\""));
        rows.push_str(&row(&format!("q{number}"), &near, ", \"case\": \"big\""));
        rows.push_str(&row(&format!("s{number}"), &letters.text(60), &format!(", \"case\": \"{number}\"")));
    }
    let folder = project(&rows, "  - split: { train: 0.2, validation: 0.4, test: 0.4, group_by: [case] }\n");
    run(folder.path(), &[]);
    let warning = manifest(folder.path())["split"]["warnings"][0].as_str().unwrap().to_owned();
    assert!(warning.contains("(120 rows, tied by groups or equal columns, which no similarity parts)"), "{warning}");
}

#[test]
fn an_empty_corpus_is_divided_without_a_warning() {
    let folder = project("", "  - split: { train: 0.8, test: 0.2, strict_shares: true }\n");
    let result = siyu(folder.path(), &["run", "pipeline.yaml"]);
    let output = String::from_utf8_lossy(&result.stdout).into_owned();
    assert!(result.status.success() && !output.contains("NaN") && !output.contains("warning"), "{output}");
    assert!(!fs::read_to_string(folder.path().join("out/README.md")).unwrap().contains("NaN"));
}

#[test]
fn a_split_column_of_the_input_is_refused_before_anything_is_read() {
    let folder = project(&row("a", "甲", ", \"split\": \"dev\""), "");
    let pipelines = [
        ("    columns: { split: split }\n", "  - filter: \"char_count(text) > 0\"\n"),
        ("", "  - filter: \"split <> 'x'\"\n"),
        ("", "  - derive: { split: \"'dev'\" }\n"),
    ];
    for (columns, step) in pipelines {
        let text = format!("input:\n  - path: docs.jsonl\n{columns}steps:\n{step}output: {{ directory: out }}\n");
        fs::write(folder.path().join("pipeline.yaml"), text).unwrap();
        let refused = siyu(folder.path(), &["run", "pipeline.yaml"]);
        assert_eq!(refused.status.code(), Some(2), "{step}: {}", stderr(&refused));
        assert!(stderr(&refused).contains("columns: { part: split }"), "{}", stderr(&refused));
        assert!(!folder.path().join("out").exists());
    }
}
