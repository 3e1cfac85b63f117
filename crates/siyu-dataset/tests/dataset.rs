//! Small datasets are written, damaged in one way each, and read again.

#![expect(clippy::unwrap_used, reason = "a test that cannot set up its dataset has failed")]

use std::{collections::BTreeMap, fs, path::Path, sync::Arc};

use arrow::array::{ArrayRef, AsArray, Int32Array, RecordBatch, StringArray, UInt64Array};
use parquet::arrow::ArrowWriter;
use siyu_dataset::{
    ColumnRecord, Dataset, Error, FORMAT_VERSION, Fate, InputRecord, LeakProof, Manifest, NearRule, PartRecord,
    PipelineRecord, RowTotals, ShardRecord, SplitRecord, StepRecord,
};
use tempfile::TempDir;

fn strings<const N: usize>(values: [&str; N]) -> ArrayRef {
    Arc::new(StringArray::from(values.to_vec()))
}

fn numbers<const N: usize>(values: [u64; N]) -> ArrayRef {
    Arc::new(UInt64Array::from(values.to_vec()))
}

/// Documents `(id, text)` of one shard; a token a character.
fn documents<const N: usize>(rows: [(&str, &str); N]) -> RecordBatch {
    let tokens = rows.map(|(_, text)| i32::try_from(text.chars().count()).unwrap());
    RecordBatch::try_from_iter([
        ("id", strings(rows.map(|(id, _)| id))),
        ("text", strings(rows.map(|(_, text)| text))),
        ("token_count", Arc::new(Int32Array::from(tokens.to_vec()))),
    ])
    .unwrap()
}

fn write_parquet(directory: &Path, path: &str, batch: &RecordBatch) -> PartRecord {
    let full = directory.join(path);
    fs::create_dir_all(full.parent().unwrap()).unwrap();
    let mut bytes = Vec::new();
    let mut writer = ArrowWriter::try_new(&mut bytes, batch.schema(), None).unwrap();
    writer.write(batch).unwrap();
    writer.close().unwrap();
    fs::write(full, &bytes).unwrap();
    let blake3 = blake3::hash(&bytes).to_hex().to_string();
    PartRecord { path: path.into(), rows: batch.num_rows() as u64, bytes: bytes.len() as u64, blake3 }
}

fn write_shard(directory: &Path, name: &str, batch: &RecordBatch) -> ShardRecord {
    let part = write_parquet(directory, &format!("data/{name}.parquet"), batch);
    let counts = batch.column_by_name("token_count").unwrap().as_primitive::<arrow::datatypes::Int32Type>();
    let tokens = counts.values().iter().map(|&count| u64::try_from(count).unwrap()).sum();
    let split = name.split('-').next().unwrap().to_owned();
    ShardRecord {
        path: part.path,
        split,
        rows: part.rows,
        documents: None,
        tokens: Some(tokens),
        bytes: part.bytes,
        blake3: part.blake3,
    }
}

/// Seven rows read: one unreadable, one dropped, four for training, one for the test.
fn dataset() -> TempDir {
    with_test_document(("e", "戊"))
}

fn with_test_document(document: (&str, &str)) -> TempDir {
    let directory = tempfile::tempdir().unwrap();
    let root = directory.path();
    let shards = vec![
        write_shard(root, "test-00000-of-00001", &documents([document])),
        write_shard(root, "train-00000-of-00002", &documents([("a", "甲乙"), ("b", "丙")])),
        write_shard(root, "train-00001-of-00002", &documents([("c", "丁"), ("d", "")])),
    ];
    let dropped = RecordBatch::try_from_iter([
        ("id", strings(["f"])),
        ("source", strings(["laws.jsonl"])),
        ("source_row", numbers([6])),
        ("dropped_by", strings(["1 filter"])),
        ("detail", strings(["too short"])),
    ]);
    let quarantine = RecordBatch::try_from_iter([
        ("source", strings(["laws.jsonl"])),
        ("source_row", numbers([7])),
        ("start", numbers([120])),
        ("end", numbers([140])),
        ("reason", strings(["no JSON"])),
    ]);
    let manifest = Manifest {
        format_version: FORMAT_VERSION,
        siyu_version: "0.1.0".into(),
        pipeline: PipelineRecord::of("steps: []\n"),
        tokenizer: None,
        seed: 0,
        inputs: vec![InputRecord {
            source: "laws.jsonl".into(),
            format: "jsonl".into(),
            encoding: None,
            bytes: 140,
            blake3: String::new(),
            rows: 7,
            quarantined: 1,
        }],
        steps: vec![StepRecord { step: "1 filter".into(), rows_in: 6, rows_out: 5, dropped: 1, ..Default::default() }],
        rows: RowTotals { input: 7, created: 0, written: 5, dropped: 1, quarantined: 1 },
        personal_data: BTreeMap::new(),
        personal_data_check: None,
        audit: None,
        split: Some(SplitRecord {
            by: vec!["text".into()],
            shares: BTreeMap::from([("test".into(), 0.2), ("train".into(), 0.8)]),
            rows: BTreeMap::from([("test".into(), 1), ("train".into(), 4)]),
            leak: LeakProof { method: siyu_dataset::LEAK_METHOD.into(), checked: 4, found: 0, near: None },
            ledger: None,
            warnings: Vec::new(),
            moved: 0,
            moved_ids: Vec::new(),
        }),
        packing: None,
        columns: ColumnRecord::of(&documents([]).schema()),
        shards,
        dropped: vec![write_parquet(root, "dropped/part-00000.parquet", &dropped.unwrap())],
        quarantine: vec![write_parquet(root, "quarantine/part-00000.parquet", &quarantine.unwrap())],
    };
    manifest.write(root).unwrap();
    directory
}

fn change_manifest(directory: &TempDir, change: impl FnOnce(&mut Manifest)) {
    let mut manifest = Manifest::open(directory).unwrap();
    change(&mut manifest);
    manifest.write(directory).unwrap();
}

fn verify(directory: &TempDir) -> Result<siyu_dataset::Verification, Error> {
    Dataset::open(directory.path())?.verify(|_| ())
}

fn message(directory: &TempDir) -> String {
    verify(directory).unwrap_err().to_string()
}

const SHARD: &str = "data/train-00000-of-00002.parquet";

#[test]
fn an_untouched_dataset_passes_and_its_rows_are_counted() {
    let found = verify(&dataset()).unwrap();
    assert_eq!((found.shards, found.rows, found.tokens), (3, 5, Some(5)));
    // The row without text has no content that could leak.
    assert_eq!(found.leak.map(|leak| (leak.checked, leak.found)), Some((4, 0)));
}

#[test]
fn progress_adds_up_to_the_bytes_read() {
    let directory = dataset();
    let seen = std::sync::atomic::AtomicU64::new(0);
    let dataset = Dataset::open(directory.path()).unwrap();
    let count = |bytes| {
        seen.fetch_add(bytes, std::sync::atomic::Ordering::Relaxed);
    };
    let found = dataset.verify(count).unwrap();
    assert_eq!(seen.into_inner(), found.bytes);
}

#[test]
fn a_shard_with_one_bit_changed_is_named() {
    let directory = dataset();
    let path = directory.path().join(SHARD);
    let mut bytes = fs::read(&path).unwrap();
    bytes[20] ^= 1;
    fs::write(&path, bytes).unwrap();
    assert_eq!(
        message(&directory),
        format!("`{SHARD}` does not match its hash; it was changed after the run, write the dataset again")
    );
}

#[test]
fn a_truncated_shard_is_named_with_both_sizes() {
    let directory = dataset();
    fs::write(directory.path().join(SHARD), b"truncated").unwrap();
    let message = message(&directory);
    assert!(message.starts_with(&format!("`{SHARD}` has 9 bytes but its manifest says ")), "{message}");
}

#[test]
fn a_missing_shard_and_a_missing_list_are_named() {
    for path in [SHARD, "dropped/part-00000.parquet", "quarantine/part-00000.parquet"] {
        let directory = dataset();
        fs::remove_file(directory.path().join(path)).unwrap();
        assert!(message(&directory).starts_with(&format!("`{path}` is missing")));
    }
}

#[test]
fn a_surplus_file_is_named() {
    let directory = dataset();
    fs::copy(directory.path().join(SHARD), directory.path().join("data/train-extra.parquet")).unwrap();
    assert!(message(&directory).starts_with("`data/train-extra.parquet` is not in the manifest"));
}

#[test]
fn rows_moved_from_one_shard_to_another_in_the_manifest_are_noticed() {
    let directory = dataset();
    change_manifest(&directory, |manifest| {
        manifest.shards[1].rows += 1;
        manifest.shards[2].rows -= 1;
    });
    assert!(message(&directory).starts_with(&format!("`{SHARD}` has 2 rows but its manifest says 3")));
}

#[test]
fn tokens_that_do_not_add_up_are_noticed() {
    for tokens in [Some(4), None] {
        let directory = dataset();
        change_manifest(&directory, |manifest| manifest.shards[1].tokens = tokens);
        assert!(message(&directory).starts_with(&format!("`{SHARD}` has 3 tokens")));
    }
}

#[test]
fn a_shard_with_other_columns_is_named() {
    let directory = dataset();
    let narrow = documents([("a", "甲乙"), ("b", "丙")]).project(&[0, 1]).unwrap();
    let part = write_parquet(directory.path(), SHARD, &narrow);
    change_manifest(&directory, |manifest| {
        manifest.shards[1].bytes = part.bytes;
        manifest.shards[1].blake3 = part.blake3;
    });
    assert!(message(&directory).contains("has the columns `id` Utf8, `text` Utf8 but should have"));
}

#[test]
fn a_planted_leak_is_found_and_named_by_row_and_id_but_not_by_text() {
    let directory = with_test_document(("z", "丙"));
    let message = message(&directory);
    let expected = format!(
        "1 contents are on more than one side of the split; for one, row 0 of `data/test-00000-of-00001.parquet` (id `z`) \
         equals row 1 of `{SHARD}` (id `b`)"
    );
    assert!(message.starts_with(&expected), "{message}");
    assert!(!message.contains('丙'));
}

#[test]
fn a_manifest_that_points_outside_its_folder_is_refused() {
    for path in ["../secret.parquet", "/etc/passwd", ""] {
        let directory = dataset();
        change_manifest(&directory, |manifest| manifest.shards[0].path = path.into());
        assert!(matches!(Dataset::open(directory.path()), Err(Error::OutsidePath { .. })));
    }
}

#[test]
fn rows_come_in_shard_order() {
    let directory = dataset();
    let dataset = Dataset::open(directory.path()).unwrap();
    let ids = |split| -> Vec<String> {
        let batches: Vec<RecordBatch> = dataset.rows(split).collect::<Result<_, _>>().unwrap();
        let ids = batches.iter().flat_map(|batch| batch.column(0).as_string::<i32>().iter().flatten());
        ids.map(str::to_owned).collect()
    };
    assert_eq!(ids("train"), ["a", "b", "c", "d"]);
    assert_eq!(ids("test"), ["e"]);
    assert!(ids("validation").is_empty());
}

#[test]
fn a_document_is_found_wherever_it_ended() {
    let directory = dataset();
    let dataset = Dataset::open(directory.path()).unwrap();
    let [Fate::Written { shard, split, row, .. }] = &dataset.find("b").unwrap()[..] else { panic!("one row") };
    assert_eq!((shard.as_str(), split.as_str(), *row), (SHARD, "train", 1));
    assert_eq!(dataset.row(shard, *row).unwrap().column(1).as_string::<i32>().value(0), "丙");
    let [Fate::Dropped { step, detail, source_row, .. }] = &dataset.find("f").unwrap()[..] else { panic!("one row") };
    assert_eq!((step.as_str(), detail.as_deref(), *source_row), ("1 filter", Some("too short"), Some(6)));
    let [Fate::Quarantined { reason, start, .. }] = &dataset.find("laws.jsonl:7").unwrap()[..] else {
        panic!("one row")
    };
    assert_eq!((reason.as_str(), *start), ("no JSON", Some(120)));
    assert!(dataset.find("nobody").unwrap().is_empty());
}

/// The dataset whose test document this is, held to a similarity of 0.7.
fn held_apart(text: &str) -> TempDir {
    let directory = with_test_document(("e", text));
    let root = directory.path().to_owned();
    let train = "合同内容由当事人约定，当事人订立合同可以采用书面形式、口头形式或者其他形式。";
    change_manifest(&directory, |manifest| {
        let shard = write_shard(&root, "train-00000-of-00002", &documents([("a", train), ("b", "丙")]));
        manifest.shards[1] = shard;
        let rule = NearRule {
            similarity: 0.7,
            shingles: siyu_text::near::Shingles::Char(5),
            columns: vec!["text".into()],
            group_by: Vec::new(),
        };
        let leak = &mut manifest.split.as_mut().unwrap().leak;
        leak.method = rule.method();
        leak.near = Some(rule);
    });
    directory
}

#[test]
fn rows_that_differ_pass_and_are_counted() {
    let unlike = held_apart("标的物毁损、灭失的风险，在标的物交付之前由出卖人承担，交付之后由买受人承担。");
    let found = verify(&unlike).unwrap().near.unwrap();
    // One document for the test beside four for training.
    assert_eq!((found.checked, found.found), (4, 0));
    assert!(verify(&dataset()).unwrap().near.is_none());
}

#[test]
fn a_near_copy_on_the_other_side_is_named_with_both_places() {
    let planted = held_apart("合同内容由当事人约定，当事人订立合同可以采用书面形式、口头形式或者其它形式。");
    let message = message(&planted);
    let expected = "1 pairs of rows on different sides of the split are at least 0.7 alike; for one, row 0 of \
                    `data/train-00000-of-00002.parquet` (id `a`) and row 0 of `data/test-00000-of-00001.parquet` (id `e`)";
    assert!(message.starts_with(expected), "{message}");
}

#[test]
fn a_group_on_two_sides_is_named() {
    let directory = held_apart("丙丁");
    change_manifest(&directory, |manifest| {
        let split = manifest.split.as_mut().unwrap();
        split.by = vec!["text".into(), "token_count".into()];
        split.leak.near.as_mut().unwrap().group_by = vec!["token_count".into()];
    });
    // One row of the test side has two tokens; give the training side one as well.
    let root = directory.path().to_owned();
    change_manifest(&directory, |manifest| {
        manifest.shards[2] = write_shard(&root, "train-00001-of-00002", &documents([("c", "丁戊"), ("d", "")]));
    });
    assert!(
        message(&directory).starts_with("1 values of `token_count` are on more than one side"),
        "{}",
        message(&directory)
    );
}
