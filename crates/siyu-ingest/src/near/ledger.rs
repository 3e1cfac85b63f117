//! The ledger of a split: which content went to which side, for the next run to keep to.

use super::decide::Decisions;
use super::inherit;
use super::raw;
use super::sides::SIDES;
use super::sketches::{RECORD_BYTES, document};
use crate::error::{Error, Result};
use crate::files;
use crate::shards::{parquet_error, properties, seal};
use arrow::array::{Array, ArrayRef, AsArray, RecordBatch, StringArray};
use arrow::compute::cast;
use arrow::datatypes::DataType;
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use siyu_dataset::{LEDGER, PartRecord};
use std::path::Path;
use std::sync::Arc;

/// Rows written at once.
const ROWS: usize = 1 << 16;

/// Writes content hash and side of every document into a folder, each content once, by hash. Documents that gave way to
/// a near copy right in front of the split have its side, and what an earlier ledger tells of others is kept.
pub(crate) fn write_ledger(all: &[Arc<Decisions>], folder: &Path) -> Result<Option<PartRecord>> {
    let Some(decisions) = all.iter().find(|decisions| decisions.report.divided.is_some()) else { return Ok(None) };
    let path = &folder.join(LEDGER);
    let mut entries: Vec<(u128, u8)> = Vec::with_capacity(decisions.sides().len());
    for bucket in 0..decisions.before.len() - 1 {
        let bytes = raw::read(&decisions.folder.join(format!("documents-{bucket:08}.bin")))?;
        let contents = bytes.chunks_exact(RECORD_BYTES).map(|record| document(record).content);
        let first = usize::try_from(decisions.before[bucket]).expect("counted in 32 bits");
        entries.extend(contents.zip(decisions.sides()[first..].iter().copied()));
    }
    let chain = all.iter().map(Arc::as_ref);
    let chain = inherit::right_before(chain, decisions.exchange, decisions.act);
    let gone = inherit::gone(&chain, &decisions.columns)?;
    entries.extend(gone.into_iter().map(|(content, heir)| (content, decisions.sides()[heir as usize])));
    strongest(&mut entries);
    let earlier = decisions.previous.as_deref().map(read_ledger).transpose()?.unwrap_or_default();
    let is_new = |entry: &(u128, u8)| entries.binary_search_by_key(&entry.0, |known| known.0).is_err();
    let unseen: Vec<(u128, u8)> = earlier.into_iter().filter(is_new).collect();
    entries.extend(unseen);
    entries.sort_unstable();
    let file = files::create_private(path).map_err(Error::write(path))?;
    let batch = |entries: &[(u128, u8)]| {
        let hashes: StringArray = entries.iter().map(|(hash, _)| Some(format!("{hash:032x}"))).collect();
        let sides: StringArray = entries.iter().map(|(_, side)| Some(SIDES[usize::from(*side)])).collect();
        RecordBatch::try_from_iter([("content", Arc::new(hashes) as ArrayRef), ("side", Arc::new(sides) as ArrayRef)])
            .expect("both columns have an entry a row")
    };
    let failed = |error| parquet_error(path, error);
    let mut writer = ArrowWriter::try_new(file, batch(&[]).schema(), Some(properties())).map_err(failed)?;
    for rows in entries.chunks(ROWS) {
        writer.write(&batch(rows)).map_err(failed)?;
    }
    writer.close().map_err(failed)?;
    let (bytes, blake3) = seal(path)?;
    Ok(Some(PartRecord { path: LEDGER.to_owned(), rows: entries.len() as u64, bytes, blake3 }))
}

/// Sorts entries, and leaves one for each content.
fn strongest(entries: &mut Vec<(u128, u8)>) {
    entries.sort_unstable_by_key(|entry| (entry.0, std::cmp::Reverse(entry.1)));
    entries.dedup_by_key(|entry| entry.0);
}

/// Reads a ledger: content hashes, ascending, and the numbers of their sides.
pub(crate) fn read_ledger(path: &Path) -> Result<Vec<(u128, u8)>> {
    let broken = |problem: &str| {
        Error::setting(
            "split",
            "previous",
            format!("`{}` is not a ledger: {problem}; name the `split.parquet` of an earlier dataset", path.display()),
        )
    };
    let file = std::fs::File::open(path).map_err(|source| Error::StepFile {
        step: "split",
        setting: "previous",
        path: path.to_owned(),
        source,
    })?;
    let reader = ParquetRecordBatchReaderBuilder::try_new(file)
        .and_then(ParquetRecordBatchReaderBuilder::<std::fs::File>::build);
    let mut entries = Vec::new();
    for batch in reader.map_err(|_| broken("it cannot be read as Parquet"))? {
        let batch = batch.map_err(|_| broken("it cannot be decoded"))?;
        let column = |name: &str| {
            let column = batch.column_by_name(name).and_then(|column| cast(column, &DataType::Utf8).ok());
            column.ok_or_else(|| broken(&format!("it has no column `{name}`")))
        };
        let (hashes, sides) = (column("content")?, column("side")?);
        for (hash, side) in hashes.as_string::<i32>().iter().zip(sides.as_string::<i32>().iter()) {
            let hash =
                hash.and_then(|hash| u128::from_str_radix(hash, 16).ok()).ok_or_else(|| broken("a hash is none"))?;
            let side = SIDES.iter().position(|known| Some(*known) == side).ok_or_else(|| broken("a side is none"))?;
            entries.push((hash, u8::try_from(side).expect("three sides")));
        }
        debug_assert_eq!(hashes.len(), sides.len());
    }
    entries.sort_unstable();
    entries.dedup();
    match entries.array_windows().find(|[one, other]| one.0 == other.0) {
        Some([one, _]) => Err(broken(&format!("the content {:032x} stands on two sides", one.0))),
        None => Ok(entries),
    }
}
