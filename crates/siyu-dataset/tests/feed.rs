//! Tokenized datasets are written, and read as a trainer reads them.

#![expect(clippy::unwrap_used, reason = "a test that cannot set up its dataset has failed")]

use std::{collections::BTreeMap, fs, path::Path, sync::Arc};

use arrow::array::{ArrayRef, Int32Array, ListArray, RecordBatch, StringArray};
use arrow::datatypes::Int32Type;
use parquet::{arrow::ArrowWriter, file::properties::WriterProperties};
use siyu_dataset::{
    ColumnRecord, Dataset, Error, FORMAT_VERSION, InputRecord, LeakProof, Manifest, PackingRecord, PipelineRecord,
    Purpose, RowTotals, ShardRecord, SplitRecord, TokenRows, TokenizerRecord, Wanted,
};
use tempfile::TempDir;

/// Ids and labels of a row.
type Row = (Vec<i32>, Vec<i32>);

fn row(number: i32) -> Row {
    let ids: Vec<i32> = (0..=number % 5 + 1).map(|place| number + place).collect();
    let mut labels = ids.clone();
    labels[0] = -100;
    (ids, labels)
}

fn batch(name: &str, rows: &[Row]) -> RecordBatch {
    let list = |values: Vec<&Vec<i32>>| {
        let values = values.into_iter().map(|values| Some(values.iter().map(|&value| Some(value)).collect::<Vec<_>>()));
        Arc::new(ListArray::from_iter_primitive::<Int32Type, _, _>(values)) as ArrayRef
    };
    let ids = (0..rows.len()).map(|row| format!("{name}-{row}"));
    let counts = rows.iter().map(|(ids, _)| i32::try_from(ids.len()).unwrap());
    RecordBatch::try_from_iter([
        ("id", Arc::new(StringArray::from_iter_values(ids)) as ArrayRef),
        ("input_ids", list(rows.iter().map(|(ids, _)| ids).collect())),
        ("labels", list(rows.iter().map(|(_, labels)| labels).collect())),
        ("token_count", Arc::new(Int32Array::from_iter_values(counts))),
    ])
    .unwrap()
}

fn shard(directory: &Path, name: &str, rows: &[Row]) -> ShardRecord {
    let batch = batch(name, rows);
    let properties = WriterProperties::builder().set_max_row_group_row_count(Some(7)).build();
    let mut bytes = Vec::new();
    let mut writer = ArrowWriter::try_new(&mut bytes, batch.schema(), Some(properties)).unwrap();
    writer.write(&batch).unwrap();
    writer.close().unwrap();
    let path = format!("data/{name}.parquet");
    fs::create_dir_all(directory.join("data")).unwrap();
    fs::write(directory.join(&path), &bytes).unwrap();
    ShardRecord {
        path,
        split: name.split('-').next().unwrap().to_owned(),
        rows: rows.len() as u64,
        documents: None,
        tokens: Some(rows.iter().map(|(ids, _)| ids.len() as u64).sum()),
        bytes: bytes.len() as u64,
        blake3: blake3::hash(&bytes).to_hex().to_string(),
    }
}

/// A dataset of two shards to learn from and one of each other side.
fn dataset(train: [&[Row]; 2]) -> TempDir {
    let directory = tempfile::tempdir().unwrap();
    let root = directory.path();
    let shards = vec![
        shard(root, "test-00000-of-00001", &[row(400)]),
        shard(root, "train-00000-of-00002", train[0]),
        shard(root, "train-00001-of-00002", train[1]),
        shard(root, "validation-00000-of-00001", &[row(500), row(501)]),
    ];
    let mut rows = BTreeMap::new();
    for shard in &shards {
        *rows.entry(shard.split.clone()).or_insert(0) += shard.rows;
    }
    let all = shards.iter().map(|shard| shard.rows).sum();
    let leak = LeakProof { method: siyu_dataset::LEAK_METHOD.into(), checked: all, found: 0, near: None };
    let input = InputRecord {
        source: "laws.jsonl".into(),
        format: "jsonl".into(),
        encoding: None,
        bytes: 1,
        blake3: String::new(),
        rows: all,
        quarantined: 0,
    };
    let tokenizer = TokenizerRecord { path: "tokenizer.json".into(), hash: "abc".into(), engine: "fast".into() };
    let manifest = Manifest {
        format_version: FORMAT_VERSION,
        siyu_version: "0.1.0".into(),
        pipeline: PipelineRecord::of("steps: []\n"),
        tokenizer: Some(tokenizer),
        seed: 0,
        inputs: vec![input],
        steps: Vec::new(),
        rows: RowTotals { input: all, created: 0, written: all, dropped: 0, quarantined: 0 },
        personal_data: BTreeMap::new(),
        personal_data_check: None,
        packing: None,
        audit: None,
        split: Some(SplitRecord {
            by: vec!["text".into()],
            shares: BTreeMap::new(),
            rows,
            leak,
            warnings: Vec::new(),
            moved: 0,
            moved_ids: Vec::new(),
        }),
        columns: ColumnRecord::of(&batch("", &[]).schema()),
        shards,
        dropped: Vec::new(),
        quarantine: Vec::new(),
    };
    manifest.write(root).unwrap();
    directory
}

fn wanted(split: &str, purpose: Purpose) -> Wanted<'_> {
    Wanted { split, purpose, tokenizer: "abc", vocab: 1000, max_tokens: 100 }
}

fn open(directory: &TempDir, wanted: &Wanted<'_>) -> Result<TokenRows, Error> {
    Dataset::open(directory.path())?.token_rows(wanted, |_| ())
}

fn change(directory: &TempDir, change: impl FnOnce(&mut Manifest)) {
    let mut manifest = Manifest::open(directory).unwrap();
    change(&mut manifest);
    manifest.write(directory).unwrap();
}

fn refusal(directory: &TempDir, wanted: &Wanted<'_>) -> String {
    open(directory, wanted).unwrap_err().to_string()
}

#[test]
fn every_row_is_read_once_an_epoch_with_its_labels_and_its_id() {
    let (first, second): (Vec<Row>, Vec<Row>) = ((0..20).map(row).collect(), (20..33).map(row).collect());
    let directory = dataset([&first, &second]);
    let rows = open(&directory, &wanted("train", Purpose::Training)).unwrap();
    let order = rows.order(1, 0);
    let mut read: Vec<_> = (0..order.len()).map(|place| rows.read(order.at(place).row).unwrap()).collect();
    assert!(!read.is_sorted_by_key(|row| row.row), "an epoch is mixed");
    read.sort_by_key(|row| row.row);
    let all: Vec<Row> = read.into_iter().map(|row| (row.ids, row.labels)).collect();
    assert_eq!(all, [first, second].concat());
    assert_eq!(rows.id(22).unwrap(), "train-00001-of-00002-2");
    let sizes: Vec<_> = rows.sizes().map(|size| (size.row, size.tokens, size.labels)).take(2).collect();
    assert_eq!(sizes, [(0, 2, 1), (1, 3, 2)]);
}

#[test]
fn a_run_that_begins_in_the_middle_reads_what_the_whole_run_reads_there() {
    let rows: Vec<Row> = (0..40).map(row).collect();
    let directory = dataset([&rows, &rows]);
    let whole = open(&directory, &wanted("train", Purpose::Training)).unwrap();
    let again = open(&directory, &wanted("train", Purpose::Training)).unwrap();
    let (one, other) = (whole.order(9, 2), again.order(9, 2));
    let passed: Vec<_> = (0..80).map(|place| whole.read(one.at(place).row).unwrap()).collect();
    assert_eq!(again.read(other.at(57).row).unwrap(), passed[57]);
}

#[test]
fn rows_of_another_side_are_no_training_data_and_training_rows_judge_nothing() {
    let directory = dataset([&[row(1)], &[row(2)]]);
    insta::assert_snapshot!(
        refusal(&directory, &wanted("test", Purpose::Training)),
        @"the side `test` is kept for judging the model and is no training data; only `train` is"
    );
    assert!(matches!(open(&directory, &wanted("train", Purpose::Evaluation)), Err(Error::NotEvaluation)));
    assert!(open(&directory, &wanted("validation", Purpose::Evaluation)).is_ok());
    change(&directory, |manifest| manifest.shards[0].split = "train".into());
    change(&directory, |manifest| {
        manifest.split.as_mut().unwrap().rows = BTreeMap::from([("train".into(), 3), ("validation".into(), 2)]);
    });
    let found = open(&directory, &wanted("train", Purpose::Training));
    assert!(matches!(found, Err(Error::MisplacedShard { path, .. }) if path.starts_with("data/test-")));
}

#[test]
fn a_changed_shard_another_tokenizer_and_a_leak_are_refused() {
    let directory = dataset([&[row(1)], &[row(2)]]);
    let other = Wanted { tokenizer: "def", ..wanted("train", Purpose::Training) };
    assert!(refusal(&directory, &other).contains("was tokenized with `tokenizer.json` (blake3 abc)"));
    let shard = directory.path().join("data/train-00001-of-00002.parquet");
    let mut bytes = fs::read(&shard).unwrap();
    bytes[10] ^= 1;
    fs::write(&shard, bytes).unwrap();
    assert!(refusal(&directory, &wanted("train", Purpose::Training)).contains("does not match its hash"));
    change(&directory, |manifest| manifest.split.as_mut().unwrap().leak.found = 3);
    assert!(
        refusal(&directory, &wanted("train", Purpose::Training)).contains("`split.leak.found` is 3 but should be 0")
    );
}

#[test]
fn rows_that_hold_several_documents_are_refused() {
    let directory = dataset([&[row(1)], &[row(2)]]);
    change(&directory, |manifest| {
        manifest.packing = Some(PackingRecord { max_tokens: 8, rows: 5, documents: 9, tokens: 30 });
    });
    assert!(refusal(&directory, &wanted("train", Purpose::Training)).contains("`pack: true`"));
}

#[test]
fn rows_without_labels_and_rows_that_are_too_long_are_counted_and_named() {
    let mute = (vec![5, 6, 7], vec![-100; 3]);
    // A label at the first token is never predicted: there is nothing in front of it.
    let first_only = (vec![5, 6], vec![5, -100]);
    let long = (vec![1; 101], vec![1; 101]);
    let directory = dataset([&[row(1), mute], &[first_only, long, row(2)]]);
    let rows = open(&directory, &wanted("train", Purpose::Training)).unwrap();
    assert_eq!(rows.len(), 2);
    assert_eq!((rows.without_labels().count, rows.too_long().count), (2, 1));
    assert_eq!(rows.without_labels().ids, ["train-00000-of-00002-1", "train-00001-of-00002-0"]);
    assert_eq!(rows.too_long().ids, ["train-00001-of-00002-1"]);
    let tight = Wanted { max_tokens: 1, ..wanted("train", Purpose::Training) };
    insta::assert_snapshot!(
        refusal(&directory, &tight),
        @"the side `train` has no row that can be used: 0 have nothing to learn (all labels are -100) and 5 are longer than 1 tokens"
    );
}

#[test]
fn a_token_that_the_model_does_not_know_is_refused() {
    let directory = dataset([&[row(1)], &[row(998)]]);
    assert!(refusal(&directory, &wanted("train", Purpose::Training)).contains("holds the token 1000"));
}
