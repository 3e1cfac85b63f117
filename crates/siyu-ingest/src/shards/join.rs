//! Joining parts into shards.

use super::part::{parquet_error, part_path};
use super::{Part, properties};
use crate::error::{Error, Result};
use crate::files;
use arrow::array::RecordBatch;
use arrow::compute::concat_batches;
use arrow::datatypes::SchemaRef;
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use parquet::column::writer::ColumnCloseResult;
use parquet::file::reader::FileReader;
use parquet::file::serialized_reader::SerializedFileReader;
use parquet::file::writer::SerializedFileWriter;
use rayon::prelude::*;
use siyu_dataset::ShardRecord;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Row groups at least this long are taken over as they are; shorter ones are merged.
const WHOLE_ROW_GROUP_BYTES: i64 = 1 << 20;

/// Joins the parts into `shards` files per side under `staging/data`, and lists them by path.
pub(crate) fn join_shards(
    parts_folder: &Path,
    parts: &[Part],
    shards: u32,
    schema: &SchemaRef,
    staging: &Path,
    go_on: impl Fn() -> Result<()> + Sync,
) -> Result<Vec<ShardRecord>> {
    let folder = staging.join("data");
    files::create_folder(&folder)?;
    let tokenized = schema.index_of("token_count").is_ok();
    let per_shard = parts.len().div_ceil(shards as usize).max(1);
    let mut jobs = Vec::new();
    for side in ["train", "validation", "test"] {
        if parts.iter().any(|part| part.sides.contains_key(side)) {
            let groups: Vec<&[Part]> = parts.chunks(per_shard).collect();
            let count = groups.len();
            jobs.extend(groups.into_iter().enumerate().map(|(number, group)| (side, number, count, group)));
        }
    }
    if jobs.is_empty() {
        // One shard without rows: readers of the folder find the columns and no rows, instead of no files.
        jobs.push(("train", 0, 1, &[][..]));
    }
    let join = |(side, number, count, group): &(&str, usize, usize, &[Part])| {
        go_on()?;
        let name = format!("{side}-{number:05}-of-{count:05}.parquet");
        let path = folder.join(&name);
        let inputs: Vec<PathBuf> = group
            .iter()
            .filter(|part| part.sides.contains_key(*side))
            .map(|part| part_path(parts_folder, part.bucket, side))
            .collect();
        join_parquet(&inputs, schema, &path)?;
        let sides = group.iter().filter_map(|part| part.sides.get(*side));
        let (rows, tokens) = sides.fold((0, 0), |sum, part| (sum.0 + part.rows, sum.1 + part.tokens));
        let (bytes, blake3) = seal(&path)?;
        let path = format!("data/{name}");
        Ok(ShardRecord { path, split: (*side).to_owned(), rows, tokens: tokenized.then_some(tokens), bytes, blake3 })
    };
    let mut records: Vec<ShardRecord> = jobs.par_iter().map(join).collect::<Result<_>>()?;
    records.sort_by(|one, other| one.path.cmp(&other.path));
    Ok(records)
}

fn join_parquet(inputs: &[PathBuf], schema: &SchemaRef, path: &Path) -> Result<()> {
    let file = files::create_private(path).map_err(Error::write(path))?;
    let failed = |error| parquet_error(path, error);
    let mut waiting: Vec<RecordBatch> = Vec::new();
    let mut waiting_bytes = 0i64;
    let writer = ArrowWriter::try_new(file, Arc::clone(schema), Some(properties())).map_err(failed)?;
    let (mut writer, mut factory) = writer.into_serialized_writer().map_err(failed)?;
    for input in inputs {
        let read = |error| parquet_error(input, error);
        let file = File::open(input).map_err(Error::read(input))?;
        let reader = SerializedFileReader::new(file.try_clone().map_err(Error::read(input))?).map_err(read)?;
        let long = reader.metadata().row_groups().iter().all(|group| group.total_byte_size() >= WHOLE_ROW_GROUP_BYTES);
        if !long {
            let batches = ParquetRecordBatchReaderBuilder::try_new(file).map_err(read)?.build().map_err(read)?;
            for batch in batches {
                waiting.push(batch.map_err(|error| files::arrow_error(input, error))?);
            }
            waiting_bytes += reader
                .metadata()
                .row_groups()
                .iter()
                .map(parquet::file::metadata::RowGroupMetaData::total_byte_size)
                .sum::<i64>();
        }
        if long || waiting_bytes >= 4 * WHOLE_ROW_GROUP_BYTES {
            write_merged(&mut writer, &mut factory, schema, &mut waiting).map_err(failed)?;
            waiting_bytes = 0;
        }
        if long {
            append(&mut writer, input, &reader).map_err(failed)?;
        }
    }
    write_merged(&mut writer, &mut factory, schema, &mut waiting).map_err(failed)?;
    writer.close().map_err(failed)?;
    Ok(())
}

/// Takes over row groups byte for byte.
fn append(
    writer: &mut SerializedFileWriter<File>,
    input: &Path,
    reader: &SerializedFileReader<File>,
) -> parquet::errors::Result<()> {
    let bytes = File::open(input)?;
    for group in reader.metadata().row_groups() {
        let mut target = writer.next_row_group()?;
        for column in group.columns() {
            let close = ColumnCloseResult {
                bytes_written: u64::try_from(column.compressed_size()).unwrap_or(0),
                rows_written: u64::try_from(group.num_rows()).unwrap_or(0),
                metadata: column.clone(),
                bloom_filter: None,
                column_index: None,
                offset_index: None,
            };
            target.append_column(&bytes, close)?;
        }
        target.close()?;
    }
    Ok(())
}

/// Encodes the waiting rows as one row group.
fn write_merged(
    writer: &mut SerializedFileWriter<File>,
    factory: &mut parquet::arrow::arrow_writer::ArrowRowGroupWriterFactory,
    schema: &SchemaRef,
    waiting: &mut Vec<RecordBatch>,
) -> parquet::errors::Result<()> {
    if waiting.is_empty() {
        return Ok(());
    }
    let rows = concat_batches(schema, waiting.iter())?;
    waiting.clear();
    let index = writer.flushed_row_groups().len();
    let mut columns = factory.create_column_writers(index)?.into_iter();
    let mut target = writer.next_row_group()?;
    for (field, array) in schema.fields().iter().zip(rows.columns()) {
        for leaf in parquet::arrow::arrow_writer::compute_leaves(field, array)? {
            let mut column = columns.next().expect("one writer per leaf column");
            column.write(&leaf)?;
            column.close()?.append_to_row_group(&mut target)?;
        }
    }
    target.close()?;
    Ok(())
}

/// Flushes a finished file to the disk; returns its size and hash.
pub(crate) fn seal(path: &Path) -> Result<(u64, String)> {
    let mut file = File::open(path).map_err(Error::read(path))?;
    file.sync_all().map_err(Error::write(path))?;
    let mut hasher = blake3::Hasher::new();
    let mut buffer = vec![0; 1 << 20];
    let mut bytes = 0;
    loop {
        let count = file.read(&mut buffer).map_err(Error::read(path))?;
        if count == 0 {
            break;
        }
        bytes += count as u64;
        hasher.update(&buffer[..count]);
    }
    Ok((bytes, hasher.finalize().to_hex().to_string()))
}
