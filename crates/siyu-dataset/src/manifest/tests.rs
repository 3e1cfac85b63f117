use std::os::unix::fs::PermissionsExt;

use super::*;

/// A manifest of ten rows read: one unreadable, two dropped, seven written.
pub(crate) fn ten_rows() -> Manifest {
    Manifest {
        format_version: FORMAT_VERSION,
        siyu_version: "0.1.0".into(),
        pipeline: PipelineRecord::of("steps: []\n"),
        tokenizer: None,
        seed: 0,
        inputs: vec![InputRecord {
            source: "laws.jsonl".into(),
            format: "jsonl".into(),
            encoding: Some("UTF-8".into()),
            bytes: 900,
            blake3: blake3::hash(b"laws").to_hex().to_string(),
            rows: 10,
            quarantined: 1,
        }],
        steps: vec![
            StepRecord {
                step: "1 strip_html".into(),
                rows_in: 9,
                rows_out: 9,
                dropped: 0,
                created: 0,
                notes: Vec::new(),
            },
            StepRecord { step: "2 filter".into(), rows_in: 9, rows_out: 7, dropped: 2, created: 0, notes: Vec::new() },
        ],
        rows: RowTotals { input: 10, created: 0, written: 7, dropped: 2, quarantined: 1 },
        personal_data: BTreeMap::from([("phone".into(), 3)]),
        personal_data_check: None,
        audit: None,
        split: None,
        packing: None,
        columns: vec![ColumnRecord { name: "text".into(), kind: "Utf8".into() }],
        shards: vec![ShardRecord {
            path: "data/train-00000-of-00001.parquet".into(),
            split: "train".into(),
            rows: 7,
            documents: None,
            tokens: None,
            bytes: 100,
            blake3: String::new(),
        }],
        dropped: vec![part("dropped/part-00000.parquet", 2)],
        quarantine: vec![part("quarantine/part-00000.parquet", 1)],
    }
}

fn part(path: &str, rows: u64) -> PartRecord {
    PartRecord { path: path.into(), rows, bytes: 10, blake3: String::new() }
}

#[test]
fn what_is_written_is_read_again_and_private() {
    let directory = tempfile::tempdir().unwrap();
    let manifest = ten_rows();
    manifest.write(&directory).unwrap();
    assert_eq!(Manifest::open(&directory).unwrap(), manifest);
    let mode = fs::metadata(directory.path().join(MANIFEST)).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    assert_eq!(fs::read_dir(&directory).unwrap().count(), 1);
}

#[test]
fn another_format_version_is_refused_before_its_fields_are_read() {
    let directory = tempfile::tempdir().unwrap();
    fs::write(directory.path().join(MANIFEST), r#"{"format_version": 2, "shards": "elsewhere"}"#).unwrap();
    let error = Manifest::open(&directory).unwrap_err();
    assert!(matches!(error, Error::FormatVersion { found: 2, supported: 1, .. }), "{error}");
}

#[test]
fn a_field_added_within_the_version_is_passed_over() {
    let directory = tempfile::tempdir().unwrap();
    let json = ten_rows().to_json().replacen('{', r#"{ "licence": "CC0","#, 1);
    fs::write(directory.path().join(MANIFEST), json).unwrap();
    assert_eq!(Manifest::open(&directory).unwrap(), ten_rows());
}

#[test]
fn a_directory_without_a_manifest_is_no_dataset() {
    let directory = tempfile::tempdir().unwrap();
    assert!(matches!(Manifest::open(&directory), Err(Error::NoManifest { .. })));
}

#[test]
fn sums_that_agree_pass() {
    ten_rows().check_sums().unwrap();
}

/// Changes one number and returns the message.
fn contradiction(change: impl FnOnce(&mut Manifest)) -> String {
    let mut manifest = ten_rows();
    change(&mut manifest);
    manifest.check_sums().unwrap_err().to_string()
}

#[test]
fn each_sum_that_disagrees_is_named() {
    let named = |change: fn(&mut Manifest), name: &str| {
        let message = contradiction(change);
        assert!(message.contains(name), "{message}");
    };
    named(|manifest| manifest.rows.written = 8, "`rows.input` + `rows.created` is 10");
    named(|manifest| manifest.steps[1].rows_in = 8, "`rows_in` of step `2 filter` is 8 but should be 9");
    named(|manifest| manifest.steps[1].dropped = 1, "`rows_out` of step `2 filter`");
    named(|manifest| manifest.inputs[0].rows = 11, "`rows.input`");
    named(|manifest| manifest.inputs[0].quarantined = 0, "`rows.quarantined`");
    named(|manifest| manifest.shards[0].rows = 6, "the shards is 6 but should be 7");
    named(|manifest| manifest.dropped.clear(), "`dropped` is 0 but should be 2");
    named(|manifest| manifest.quarantine.clear(), "`quarantine` is 0 but should be 1");
}

#[test]
fn packed_rows_are_counted_by_their_documents() {
    let packed = |change: fn(&mut Manifest)| {
        let mut manifest = ten_rows();
        let shard = &mut manifest.shards[0];
        (shard.rows, shard.documents, shard.tokens) = (2, Some(7), Some(15));
        manifest.packing = Some(PackingRecord { max_tokens: 8, rows: 2, documents: 7, tokens: 15 });
        change(&mut manifest);
        manifest
    };
    packed(|_| {}).check_sums().unwrap();
    assert!((packed(|_| {}).packing.unwrap().fill() - 15.0 / 16.0).abs() < 1e-9);
    let named = |change: fn(&mut Manifest), name: &str| {
        let message = packed(change).check_sums().unwrap_err().to_string();
        assert!(message.contains(name), "{message}");
    };
    named(|manifest| manifest.shards[0].documents = Some(6), "the shards is 6 but should be 7");
    named(|manifest| manifest.shards[0].rows = 3, "`packing.rows` is 2 but should be 3");
    named(|manifest| manifest.shards[0].tokens = Some(14), "`packing.tokens` is 15 but should be 14");
    named(|manifest| manifest.packing = None, "documents of the shards");
    named(|manifest| manifest.packing.as_mut().unwrap().max_tokens = 7, "`packing.tokens` is 15 but should be 14");
}
