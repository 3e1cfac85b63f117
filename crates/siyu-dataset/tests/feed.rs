//! Tokenized datasets are written, and read as a trainer reads them.

#![expect(clippy::unwrap_used, reason = "a test that cannot set up its dataset has failed")]

mod support;

use std::{collections::BTreeMap, fs};

use siyu_dataset::{Dataset, Error, Manifest, Purpose, TokenRows, Wanted};
use support::{Layout, Row, write_dataset};
use tempfile::TempDir;

const LAYOUT: Layout<'static> = Layout { tokenizer: "abc", group_rows: 7, pack: None };

fn row(number: i32) -> Row {
    let ids: Vec<i32> = (0..=number % 5 + 1).map(|place| number + place).collect();
    let mut labels = ids.clone();
    labels[0] = -100;
    (ids, labels)
}

/// A dataset of two shards to learn from and one of each other side.
fn dataset(train: [&[Row]; 2]) -> TempDir {
    laid_out(train, LAYOUT)
}

fn laid_out(train: [&[Row]; 2], layout: Layout<'_>) -> TempDir {
    let directory = tempfile::tempdir().unwrap();
    let shards: [(&str, &[Row]); 4] = [
        ("test-00000-of-00001", &[row(400)]),
        ("train-00000-of-00002", train[0]),
        ("train-00001-of-00002", train[1]),
        ("validation-00000-of-00001", &[row(500), row(501)]),
    ];
    write_dataset(directory.path(), &shards, layout);
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
fn documents_that_share_rows_are_read_as_if_each_had_its_own() {
    let (mut first, second): (Vec<Row>, Vec<Row>) = ((0..20).map(row).collect(), (20..33).map(row).collect());
    first[4] = (vec![7; 12], vec![7; 12]);
    // Packing ignores the first label, which is never predicted.
    first[4].1[0] = -100;
    first[6].1.fill(-100);
    let together = laid_out([&first, &second], Layout { pack: Some(12), group_rows: 3, ..LAYOUT });
    let alone = dataset([&first, &second]);
    let wanted = Wanted { max_tokens: 11, ..wanted("train", Purpose::Training) };
    let (packed, plain) = (open(&together, &wanted).unwrap(), open(&alone, &wanted).unwrap());
    assert_eq!((packed.packed_tokens(), plain.packed_tokens()), (Some(12), None));
    assert!(packed.sizes().eq(plain.sizes()));
    assert_eq!(packed.len(), 31);
    for size in plain.sizes() {
        assert_eq!(packed.read(size.row).unwrap(), plain.read(size.row).unwrap());
        assert_eq!(packed.id(size.row).unwrap(), plain.id(size.row).unwrap());
    }
    assert_eq!(packed.too_long().ids, ["train-00000-of-00002-4"]);
    assert_eq!(packed.without_labels().ids, ["train-00000-of-00002-6"]);
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
