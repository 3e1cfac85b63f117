//! What `verify` proves of a split, and what it refuses: rules that were weakened, rows that were planted, ledgers that
//! were changed.

#![allow(
    clippy::unwrap_used,
    clippy::format_push_string,
    reason = "a test may fail loudly, and its data need not be fast"
)]

use arrow::array::{ArrayRef, AsArray, RecordBatch, StringArray};
use arrow::compute::concat_batches;
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::path::Path;
use std::sync::Arc;

mod support;

use support::{Random, fail, folder, siyu, stderr, succeed};

/// So many Han characters drawn at random.
fn han(random: &mut Random, length: usize) -> String {
    (0..length).map(|_| char::from_u32(0x4e00 + u32::try_from(random.below(3000)).unwrap()).unwrap()).collect()
}

/// Runs a pipeline over rows; the folder holds the dataset in `out`.
fn dataset(rows: &str, steps: &str, output: &str) -> tempfile::TempDir {
    let pipeline = format!("input: [{{ path: docs.jsonl }}]\nsteps:\n{steps}output: {{ directory: out{output} }}\n");
    let folder = folder(&[("docs.jsonl", rows.as_bytes()), ("pipeline.yaml", pipeline.as_bytes())]);
    succeed(folder.path(), &["run", "pipeline.yaml"]);
    folder
}

const SPLIT: &str = "  - split: { train: 0.6, validation: 0.2, test: 0.2 }\n";

/// Three hundred documents that resemble nothing, divided on three sides.
fn divided() -> tempfile::TempDir {
    let mut random = Random(41);
    let rows = (0..300).map(|number| format!("{{\"id\": \"d{number}\", \"text\": \"{}\"}}\n", han(&mut random, 60)));
    dataset(&rows.collect::<String>(), SPLIT, "")
}

fn manifest(folder: &Path) -> Value {
    serde_json::from_slice(&fs::read(folder.join("out/manifest.json")).unwrap()).unwrap()
}

fn change(folder: &Path, change: impl FnOnce(&mut Value)) {
    let mut manifest = manifest(folder);
    change(&mut manifest);
    fs::write(folder.join("out/manifest.json"), serde_json::to_string(&manifest).unwrap()).unwrap();
}

fn read(path: &Path) -> RecordBatch {
    let reader = ParquetRecordBatchReaderBuilder::try_new(File::open(path).unwrap()).unwrap().build().unwrap();
    let batches: Vec<RecordBatch> = reader.map(Result::unwrap).collect();
    concat_batches(&batches[0].schema(), &batches).unwrap()
}

/// The shard of a side, as the manifest of a small dataset lists it.
fn shard(folder: &Path, side: &str) -> (usize, String) {
    let manifest = manifest(folder);
    let shards = manifest["shards"].as_array().unwrap();
    let place = shards.iter().position(|shard| shard["split"] == side).unwrap();
    (place, shards[place]["path"].as_str().unwrap().to_owned())
}

/// Puts values in the place of a column of a file; returns the file's size and hash.
fn replace(folder: &Path, path: &str, column: &str, change: impl FnOnce(&mut Vec<String>)) -> (u64, String) {
    let path = folder.join("out").join(path);
    let rows = read(&path);
    let place = rows.schema().index_of(column).unwrap();
    let texts = rows.column(place).as_string::<i32>().iter();
    let mut values: Vec<String> = texts.map(|text| text.unwrap_or_default().to_owned()).collect();
    change(&mut values);
    let mut columns = rows.columns().to_vec();
    columns[place] = Arc::new(StringArray::from(values)) as ArrayRef;
    let rows = RecordBatch::try_new(rows.schema(), columns).unwrap();
    let mut bytes = Vec::new();
    let mut writer = ArrowWriter::try_new(&mut bytes, rows.schema(), None).unwrap();
    writer.write(&rows).unwrap();
    writer.close().unwrap();
    fs::write(path, &bytes).unwrap();
    (bytes.len() as u64, blake3::hash(&bytes).to_hex().to_string())
}

/// Puts a value into the first row of the test side, and its size and hash into the manifest.
fn plant(folder: &Path, column: &str, value: &str) {
    let (place, path) = shard(folder, "test");
    let (bytes, hash) = replace(folder, &path, column, |values| value.clone_into(&mut values[0]));
    change(folder, |manifest| {
        manifest["shards"][place]["bytes"] = json!(bytes);
        manifest["shards"][place]["blake3"] = json!(hash);
    });
}

fn first(folder: &Path, side: &str, column: &str) -> String {
    let rows = read(&folder.join("out").join(shard(folder, side).1));
    rows.column_by_name(column).unwrap().as_string::<i32>().value(0).to_owned()
}

/// The side of each document, by id.
fn sides(folder: &Path) -> BTreeMap<String, String> {
    let mut sides = BTreeMap::new();
    for shard in manifest(folder)["shards"].as_array().unwrap() {
        let rows = read(&folder.join("out").join(shard["path"].as_str().unwrap()));
        let ids = rows.column_by_name("id").unwrap().as_string::<i32>();
        sides.extend(ids.iter().flatten().map(|id| (id.to_owned(), shard["split"].as_str().unwrap().to_owned())));
    }
    sides
}

fn said(folder: &Path) -> String {
    String::from_utf8(succeed(folder, &["verify", "out"]).stdout).unwrap()
}

#[test]
fn a_run_states_the_pairs_that_verify_counts() {
    let folder = divided();
    let sides = sides(folder.path());
    let sides: Vec<&String> = sides.values().collect();
    let apart = |place: usize| sides[..place].iter().filter(|other| **other != sides[place]).count();
    let pairs: usize = (0..sides.len()).map(apart).sum();
    assert_eq!(manifest(folder.path())["split"]["leak"]["checked"], json!(pairs));
    let said = said(folder.path());
    assert!(said.contains(&format!("\n{pairs} pairs of rows on two sides checked, none alike")), "{said}");
    change(folder.path(), |manifest| manifest["split"]["leak"]["checked"] = json!(999_999));
    let refused = fail(folder.path(), &["verify", "out"], 1);
    assert!(refused.contains(&format!("`split.leak.checked` is 999999 but should be {pairs}")), "{refused}");
}

#[test]
fn a_rule_that_was_weakened_is_no_rule() {
    let untouched = divided();
    let near = |change: fn(&mut Value)| move |manifest: &mut Value| change(&mut manifest["split"]["leak"]);
    type Change = Box<dyn Fn(&mut Value)>;
    let cases: [(Change, &str); 9] = [
        (Box::new(near(|leak| leak["near"]["similarity"] = json!(0.99))), "`split.leak.method`"),
        (Box::new(near(|leak| drop(leak.as_object_mut().unwrap().remove("near")))), "`split.leak.near` is `absent`"),
        (Box::new(near(|leak| leak["near"]["columns"] = json!(["nope"]))), "`split.by` is `text` but should be `nope`"),
        (Box::new(near(|leak| leak["near"]["columns"] = json!([]))), "`split.by`"),
        (Box::new(near(|leak| leak["near"]["shingles"] = json!({"char": 64}))), "`split.leak.near`"),
        (
            Box::new(|manifest| {
                manifest["split"]["leak"]["near"]["similarity"] = json!(0.99);
                manifest["split"]["leak"]["method"] = json!("Jaccard similarity of 0.99 or more");
            }),
            "should be `{\"similarity\":0.7,",
        ),
        (
            Box::new(|manifest| {
                manifest["split"]["leak"]["near"]["columns"] = json!(["nope"]);
                manifest["split"]["by"] = json!(["nope"]);
            }),
            "\"columns\":[\"text\"]",
        ),
        (Box::new(|manifest| manifest["split"] = Value::Null), "`split` is `absent`"),
        (Box::new(|manifest| manifest["pipeline"]["text"] = json!("steps: []\n")), "`pipeline.hash`"),
    ];
    let original = fs::read(untouched.path().join("out/manifest.json")).unwrap();
    for (weaken, expected) in cases {
        change(untouched.path(), weaken);
        let refused = fail(untouched.path(), &["verify", "out"], 1);
        assert!(refused.contains("contradicts itself") && refused.contains(expected), "{expected}: {refused}");
        fs::write(untouched.path().join("out/manifest.json"), &original).unwrap();
    }
    said(untouched.path());
}

#[test]
fn a_manifest_from_before_the_ledger_was_recorded_still_passes_and_is_told_from_a_new_one() {
    let folder = divided();
    change(folder.path(), |manifest| {
        let split = manifest["split"].as_object_mut().unwrap();
        split.remove("ledger").unwrap();
        split["leak"]["checked"] = json!(71);
    });
    let said = said(folder.path());
    assert!(said.contains("none alike") && said.contains("not proven: that `split.parquet` and the number"), "{said}");
}

#[test]
fn a_ledger_that_is_gone_cut_or_says_otherwise_is_noticed() {
    let folder = divided();
    let ledger = folder.path().join("out/split.parquet");
    let whole = fs::read(&ledger).unwrap();
    fs::remove_file(&ledger).unwrap();
    assert!(fail(folder.path(), &["verify", "out"], 1).contains("`split.parquet` is missing"));
    fs::write(&ledger, &whole[..100]).unwrap();
    assert!(fail(folder.path(), &["verify", "out"], 1).contains("`split.parquet` has 100 bytes"));
    fs::write(&ledger, &whole).unwrap();
    said(folder.path());
    let (bytes, hash) = replace(folder.path(), "split.parquet", "side", |sides| {
        let test = sides.iter().position(|side| side == "test").unwrap();
        "train".clone_into(&mut sides[test]);
    });
    change(folder.path(), |manifest| {
        manifest["split"]["ledger"]["bytes"] = json!(bytes);
        manifest["split"]["ledger"]["blake3"] = json!(hash);
    });
    let refused = fail(folder.path(), &["verify", "out"], 1);
    assert!(refused.contains("1 contents of the shards are not in `split.parquet` with their side"), "{refused}");
    assert!(refused.contains("`data/test-00000-of-00001.parquet`"), "{refused}");
}

#[test]
fn an_equal_input_under_another_instruction_is_a_leak() {
    let mut random = Random(43);
    let row = |number| {
        let (instruction, input) = (han(&mut random, 80), han(&mut random, 60));
        format!("{{\"id\": \"{number}\", \"instruction\": \"{instruction}\", \"input\": \"{input}\"}}\n")
    };
    let rows: String = (0..300).map(row).collect();
    let folder = dataset(&rows, &SPLIT.replace(" }", ", columns: [instruction, input] }"), "");
    said(folder.path());
    let input = first(folder.path(), "train", "input");
    plant(folder.path(), "input", &format!(" {input}\n"));
    let expected = "1 values of `input` are on more than one side";
    let refused = fail(folder.path(), &["verify", "out"], 1);
    assert!(refused.contains(expected), "{refused}");
    // Nor does a manifest like those from before the ledger hide it.
    change(folder.path(), |manifest| drop(manifest["split"].as_object_mut().unwrap().remove("ledger")));
    let refused = fail(folder.path(), &["verify", "out"], 1);
    assert!(refused.contains(expected), "{refused}");
}

#[test]
fn equal_texts_under_different_titles_stay_on_one_side_and_the_dataset_passes() {
    let mut random = Random(47);
    let mut rows = String::new();
    for number in 0..300 {
        let text =
            if number < 20 { "同一篇正文内容完全一样的文件".to_owned() } else { han(&mut random, 30) };
        let title = han(&mut random, 80);
        rows.push_str(&format!("{{\"id\": \"{number}\", \"title\": \"{title}\", \"text\": \"{text}\"}}\n"));
    }
    let folder = dataset(&rows, &SPLIT.replace(" }", ", columns: [title, text] }"), "");
    said(folder.path());
    let sides = sides(folder.path());
    let equal: BTreeSet<&String> = (0..20).map(|number| &sides[&number.to_string()]).collect();
    assert_eq!((equal.len(), sides.values().collect::<BTreeSet<_>>().len()), (1, 3));
}

#[test]
fn what_the_shards_cannot_show_for_lack_of_the_text_is_said() {
    let mut random = Random(53);
    let rows = (0..300)
        .map(|number| format!("{{\"id\": \"{number}\", \"text\": \"{}\", \"note\": \"n\"}}\n", han(&mut random, 60)));
    let steps = format!("{SPLIT}  - derive: {{ note: \"substr(text, 1, 40)\" }}\n");
    let folder = dataset(&rows.collect::<String>(), &steps, ", columns: [id, note]");
    let said = said(folder.path());
    for part in [
        "not proven: that rows on two sides are unlike: the shards lack the column `text`",
        "not proven: that `split.parquet`",
    ] {
        assert!(said.contains(part), "{said}");
    }
}

#[test]
fn prompts_made_equal_behind_the_split_are_not_published_without_the_text() {
    let mut random = Random(59);
    let rows = (0..300)
        .map(|number| format!("{{\"id\": \"{number}\", \"text\": \"中华人民共和国刑法{}\"}}\n", han(&mut random, 60)));
    let steps = format!(
        "{SPLIT}  - instruct: {{ instruction: 续写, input: '{{{{ text[:8] }}}}', output: '{{{{ text[8:] }}}}' }}\n"
    );
    let pipeline = format!(
        "input: [{{ path: docs.jsonl }}]\nsteps:\n{steps}output: {{ directory: out, columns: [id, instruction, input, output] }}\n"
    );
    let rows = rows.collect::<String>();
    let folder = folder(&[("docs.jsonl", rows.as_bytes()), ("pipeline.yaml", pipeline.as_bytes())]);
    let refused = siyu(folder.path(), &["run", "pipeline.yaml"]);
    assert_eq!(refused.status.code(), Some(1));
    let refused = stderr(&refused);
    assert!(
        refused.contains("1 contents are on more than one side")
            && refused.contains("add `text` to `output.columns`; nothing was published"),
        "{refused}"
    );
    assert!(!folder.path().join("out/manifest.json").exists());
    // What the message advises works.
    fs::write(folder.path().join("pipeline.yaml"), pipeline.replace("columns: [id,", "columns: [id, text,")).unwrap();
    succeed(folder.path(), &["run", "pipeline.yaml", "--fresh"]);
    said(folder.path());
}
