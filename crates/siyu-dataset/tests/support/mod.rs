//! Tokenized datasets, written as a pipeline writes them; the tests of the trainer take them from here too.

#![allow(dead_code, reason = "each test uses a part of it")]
#![allow(clippy::unwrap_used, reason = "a test that cannot set up its dataset has failed")]

use std::{collections::BTreeMap, fs, path::Path, sync::Arc};

use arrow::array::{ArrayRef, ListArray, RecordBatch, StringArray, UInt32Array};
use arrow::datatypes::Int32Type;
use parquet::{arrow::ArrowWriter, file::properties::WriterProperties};
use siyu_dataset::{
    ColumnRecord, FORMAT_VERSION, InputRecord, LEAK_METHOD, LeakProof, Manifest, PackingRecord, PipelineRecord,
    RowTotals, ShardRecord, SplitRecord, TokenizerRecord, packed,
};

/// Ids and labels of a document.
pub(crate) type Row = (Vec<i32>, Vec<i32>);

/// How shards are laid out.
#[derive(Clone, Copy)]
pub(crate) struct Layout<'a> {
    /// The hash of the tokenizer.
    pub(crate) tokenizer: &'a str,
    /// Rows of a row group.
    pub(crate) group_rows: usize,
    /// Most tokens of a row that holds several documents; `None` gives each a row of its own.
    pub(crate) pack: Option<usize>,
}

/// Writes a dataset of shards, each given by the name of its file and its documents.
pub(crate) fn write_dataset(root: &Path, shards: &[(&str, &[Row])], layout: Layout<'_>) {
    let shards: Vec<ShardRecord> = shards.iter().map(|(name, rows)| shard(root, name, rows, layout)).collect();
    let mut sides = BTreeMap::new();
    for shard in &shards {
        *sides.entry(shard.split.clone()).or_insert(0) += shard.document_count();
    }
    let all = shards.iter().map(ShardRecord::document_count).sum();
    let sum = |count: fn(&ShardRecord) -> u64| shards.iter().map(count).sum::<u64>();
    let packing = layout.pack.map(|most| PackingRecord {
        max_tokens: most as u64,
        rows: sum(|shard| shard.rows),
        documents: all,
        tokens: sum(|shard| shard.tokens.unwrap_or(0)),
    });
    let leak = LeakProof { method: LEAK_METHOD.into(), checked: all, found: 0, near: None };
    let tokenizer =
        TokenizerRecord { path: "tokenizer.json".into(), hash: layout.tokenizer.into(), engine: "fast".into() };
    let manifest = Manifest {
        format_version: FORMAT_VERSION,
        siyu_version: "0.1.0".into(),
        pipeline: PipelineRecord::of("steps: []\n"),
        tokenizer: Some(tokenizer),
        seed: 0,
        inputs: vec![input(all)],
        steps: Vec::new(),
        rows: RowTotals { input: all, created: 0, written: all, dropped: 0, quarantined: 0 },
        personal_data: BTreeMap::new(),
        personal_data_check: None,
        packing,
        audit: None,
        split: Some(SplitRecord {
            by: vec!["text".into()],
            shares: BTreeMap::new(),
            rows: sides,
            leak,
            ledger: None,
            warnings: Vec::new(),
            moved: 0,
            moved_ids: Vec::new(),
        }),
        columns: ColumnRecord::of(&batch("", &[], layout.pack).0.schema()),
        shards,
        dropped: Vec::new(),
        quarantine: Vec::new(),
    };
    manifest.write(root).unwrap();
}

fn input(rows: u64) -> InputRecord {
    InputRecord {
        source: "rows.jsonl".into(),
        format: "jsonl".into(),
        encoding: None,
        bytes: 1,
        blake3: String::new(),
        rows,
        quarantined: 0,
    }
}

fn shard(root: &Path, name: &str, rows: &[Row], layout: Layout<'_>) -> ShardRecord {
    let (batch, documents) = batch(name, rows, layout.pack);
    let properties = WriterProperties::builder().set_max_row_group_row_count(Some(layout.group_rows)).build();
    let mut bytes = Vec::new();
    let mut writer = ArrowWriter::try_new(&mut bytes, batch.schema(), Some(properties)).unwrap();
    writer.write(&batch).unwrap();
    writer.close().unwrap();
    let path = format!("data/{name}.parquet");
    fs::create_dir_all(root.join("data")).unwrap();
    fs::write(root.join(&path), &bytes).unwrap();
    ShardRecord {
        path,
        split: name.split('-').next().unwrap().to_owned(),
        rows: batch.num_rows() as u64,
        documents,
        tokens: Some(rows.iter().map(|(ids, _)| ids.len() as u64).sum()),
        bytes: bytes.len() as u64,
        blake3: blake3::hash(&bytes).to_hex().to_string(),
    }
}

/// Rows of a shard, and, where they hold several documents, how many.
fn batch(name: &str, rows: &[Row], pack: Option<usize>) -> (RecordBatch, Option<u64>) {
    let list = |values: Vec<&Vec<i32>>| {
        let values = values.into_iter().map(|values| Some(values.iter().map(|&value| Some(value)).collect::<Vec<_>>()));
        Arc::new(ListArray::from_iter_primitive::<Int32Type, _, _>(values)) as ArrayRef
    };
    let ids = (0..rows.len()).map(|row| format!("{name}-{row}"));
    let counts = rows.iter().map(|(ids, _)| u32::try_from(ids.len()).unwrap());
    let documents = RecordBatch::try_from_iter([
        ("id", Arc::new(StringArray::from_iter_values(ids)) as ArrayRef),
        ("input_ids", list(rows.iter().map(|(ids, _)| ids).collect())),
        ("labels", list(rows.iter().map(|(_, labels)| labels).collect())),
        ("token_count", Arc::new(UInt32Array::from_iter_values(counts))),
    ])
    .unwrap();
    let Some(most) = pack else { return (documents, None) };
    let (mut counts, mut tokens) = (Vec::new(), usize::MAX);
    for (ids, _) in rows {
        tokens = tokens.saturating_add(ids.len());
        if tokens > most {
            counts.push(0);
            tokens = ids.len();
        }
        *counts.last_mut().unwrap() += 1;
    }
    (packed(&documents, &counts).unwrap(), Some(rows.len() as u64))
}
