//! Joining parts into shards.

use super::Part;
use super::pack::{pack_shard, size};
use super::part::{parquet_error, part_stem};
use super::row_groups::RowGroups;
use super::side::read_waiting;
use crate::error::{Error, Result};
use crate::files;
use arrow::datatypes::SchemaRef;
use parquet::file::serialized_reader::SerializedFileReader;
use rayon::prelude::*;
use siyu_dataset::ShardRecord;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

/// Joins the parts into `shards` files per side under `staging/data`, and lists them by path.
///
/// With `pack`, the most tokens of a row, documents share rows; never those of two sides or two shards.
pub(crate) fn join_shards(
    parts_folder: &Path,
    parts: &[Part],
    shards: u32,
    (schema, pack): (&SchemaRef, Option<u32>),
    staging: &Path,
    go_on: impl Fn() -> Result<()> + Sync,
) -> Result<Vec<ShardRecord>> {
    let folder = staging.join("data");
    files::create_folder(&folder)?;
    let tokenized = pack.is_some() || schema.index_of("token_count").is_ok();
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
        let inputs: Vec<PartFile> = group.iter().filter_map(|part| PartFile::of(parts_folder, part, side)).collect();
        let sides = group.iter().filter_map(|part| part.sides.get(*side));
        let (documents, tokens) = sides.fold((0, 0), |sum, part| (sum.0 + part.rows, sum.1 + part.tokens));
        let rows = match pack {
            Some(max_tokens) => pack_shard(&inputs, schema, max_tokens, &path)?,
            None => join_shard(&inputs, schema, &path).map(|()| documents)?,
        };
        let (bytes, blake3) = seal(&path)?;
        let (path, split) = (format!("data/{name}"), (*side).to_owned());
        let (documents, tokens) = (pack.map(|_| documents), tokenized.then_some(tokens));
        Ok(ShardRecord { path, split, rows, documents, tokens, bytes, blake3 })
    };
    let mut records: Vec<ShardRecord> = jobs.par_iter().map(join).collect::<Result<_>>()?;
    records.sort_by(|one, other| one.path.cmp(&other.path));
    Ok(records)
}

/// The rows of a part that belong to one side.
pub(super) struct PartFile {
    pub(super) path: PathBuf,
    /// Whether they are few, in an Arrow file; otherwise they are in Parquet.
    pub(super) waiting: bool,
}

impl PartFile {
    fn of(folder: &Path, part: &Part, side: &str) -> Option<Self> {
        let waiting = part.sides.get(side)?.waiting;
        let path = part_stem(folder, part.bucket, side).with_extension(if waiting { "arrow" } else { "parquet" });
        Some(Self { path, waiting })
    }
}

fn join_shard(inputs: &[PartFile], schema: &SchemaRef, path: &Path) -> Result<()> {
    let mut shard = RowGroups::create(path, schema)?;
    for PartFile { path, waiting } in inputs {
        if *waiting {
            for rows in read_waiting(path)? {
                let bytes = size(&rows).map_err(|error| files::arrow_error(path, error))?;
                shard.push([rows], bytes as u64)?;
            }
            continue;
        }
        let file = File::open(path).map_err(Error::read(path))?;
        shard.append(path, &SerializedFileReader::new(file).map_err(|error| parquet_error(path, error))?)?;
    }
    shard.close()
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
