//! Reading a dataset: rows in a fixed order, and the fate of one document.

use std::{
    collections::VecDeque,
    fs::File,
    path::{Component, Path, PathBuf},
    sync::Arc,
};

use arrow::{
    array::{Array, AsArray, RecordBatch, StringArray},
    compute::cast,
    datatypes::{DataType, SchemaRef, UInt64Type},
};
use parquet::arrow::{
    ProjectionMask,
    arrow_reader::{ParquetRecordBatchReader, ParquetRecordBatchReaderBuilder},
};
use rayon::prelude::*;

use crate::{Documents, Error, Manifest, Result, ShardRecord};

/// Rows per batch: a few megabytes of text.
pub(crate) const BATCH_ROWS: usize = 1024;
/// Tokens per batch where rows are packed.
const BATCH_TOKENS: u64 = 1 << 20;

/// A finished dataset.
#[derive(Clone, Debug)]
pub struct Dataset {
    directory: PathBuf,
    manifest: Arc<Manifest>,
}

impl Dataset {
    /// Opens the directory that holds `manifest.json`; reads nothing else.
    pub fn open(directory: impl Into<PathBuf>) -> Result<Self> {
        let directory = directory.into();
        let manifest = Manifest::open(&directory)?;
        Self::of(directory, manifest)
    }

    /// The files of a directory with a manifest that is not yet, or not, written there.
    ///
    /// # Errors
    /// [`Error::OutsidePath`] where the manifest names a file elsewhere.
    pub fn of(directory: impl Into<PathBuf>, manifest: Manifest) -> Result<Self> {
        let directory = directory.into();
        let parts = manifest.lists().map(|part| &part.path);
        for path in manifest.shards.iter().map(|shard| &shard.path).chain(parts) {
            let inside = Path::new(path).components().all(|part| matches!(part, Component::Normal(_)));
            if !inside || path.is_empty() {
                return Err(Error::OutsidePath { path: path.clone() });
            }
        }
        Ok(Self { directory, manifest: Arc::new(manifest) })
    }

    /// The directory.
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// The manifest.
    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// The shards of one side, in their order.
    pub fn shards<'a>(&'a self, split: &'a str) -> impl Iterator<Item = &'a ShardRecord> {
        self.manifest.shards.iter().filter(move |shard| shard.split == split)
    }

    /// All rows of one side, such as `train`, shard by shard: the order is the same at every reading.
    /// A side that does not exist has no rows.
    pub fn rows(&self, split: &str) -> Rows {
        let shards = self.shards(split).map(|shard| shard.path.clone()).collect();
        Rows { dataset: self.clone(), shards, open: None }
    }

    /// One row of a shard, as a batch of one.
    ///
    /// # Errors
    /// [`Error::Rows`] where the shard ends before `row`.
    pub fn row(&self, shard: &str, row: u64) -> Result<RecordBatch> {
        let mut ahead = usize::try_from(row).unwrap_or(usize::MAX);
        let mut passed = 0;
        for batch in self.batches(shard, None)? {
            let batch = decoded(shard, batch)?;
            if ahead < batch.num_rows() {
                return Ok(batch.slice(ahead, 1));
            }
            ahead -= batch.num_rows();
            passed += batch.num_rows() as u64;
        }
        Err(Error::Rows { path: shard.to_owned(), found: passed, expected: row.saturating_add(1) })
    }

    /// The rows of a shard or list in their order, with the named columns that it has, or all if none is named.
    pub fn columns(&self, path: &str, names: &[&str]) -> Result<impl Iterator<Item = Result<RecordBatch>> + use<>> {
        Ok(batches_of(path, self.batches(path, (!names.is_empty()).then_some(names))?))
    }

    /// What became of a document: all rows that carry its id, in shards first, then dropped, then
    /// quarantined. Empty where no row ever had this id.
    ///
    /// The pieces of a document that a step divided, `id#1` and so on, are found with it. An unreadable row has no id
    /// of its own and is found as `source:row`.
    pub fn find(&self, id: &str) -> Result<Vec<Fate>> {
        let shards = self.manifest.shards.par_iter().map(|shard| self.find_written(shard, id));
        let dropped = self.manifest.dropped.par_iter().map(|part| self.find_dropped(&part.path, id));
        let unreadable = self.manifest.quarantine.par_iter().map(|part| self.find_quarantined(&part.path, id));
        let fates = shards.chain(dropped).chain(unreadable).collect::<Result<Vec<_>>>()?;
        Ok(fates.into_iter().flatten().collect())
    }

    /// At most five ids that differ little from one that does not exist, the nearest first.
    pub fn near(&self, id: &str) -> Result<Vec<String>> {
        let files = self.manifest.shards.iter().map(|shard| &shard.path);
        let files: Vec<&String> = files.chain(self.manifest.dropped.iter().map(|part| &part.path)).collect();
        let near = files.par_iter().map(|path| {
            let mut near: Vec<(usize, String)> = Vec::new();
            for documents in self.documents(path, &["id"])? {
                let Some(ids) = strings(&documents?.batch, "id") else { continue };
                near.extend(ids.iter().flatten().filter_map(|other| Some((difference(id, other)?, other.to_owned()))));
                near.sort();
                near.dedup();
                near.truncate(5);
            }
            Ok(near)
        });
        let mut near: Vec<(usize, String)> = near.collect::<Result<Vec<_>>>()?.into_iter().flatten().collect();
        near.sort();
        near.dedup();
        Ok(near.into_iter().take(5).map(|(_, id)| id).collect())
    }

    fn find_written(&self, shard: &ShardRecord, id: &str) -> Result<Vec<Fate>> {
        let mut fates = Vec::new();
        for documents in self.documents(&shard.path, &["id", "source", "source_row", "token_count"])? {
            let Documents { batch, places } = documents?;
            for index in matches(&batch, "id", |other| belongs(other, id)) {
                let (row, place) = places[index];
                fates.push(Fate::Written {
                    id: text(&batch, "id", index).unwrap_or_default(),
                    shard: shard.path.clone(),
                    split: shard.split.clone(),
                    row,
                    document: self.is_packed().then_some(place),
                    tokens: number(&batch, "token_count", index),
                    source: text(&batch, "source", index),
                    source_row: number(&batch, "source_row", index),
                });
            }
        }
        Ok(fates)
    }

    fn find_dropped(&self, path: &str, id: &str) -> Result<Vec<Fate>> {
        let mut fates = Vec::new();
        for batch in self.columns(path, &[])? {
            let batch = batch?;
            fates.extend(matches(&batch, "id", |other| belongs(other, id)).into_iter().map(|row| Fate::Dropped {
                id: text(&batch, "id", row).unwrap_or_default(),
                step: text(&batch, "dropped_by", row).unwrap_or_default(),
                detail: text(&batch, "detail", row),
                source: text(&batch, "source", row),
                source_row: number(&batch, "source_row", row),
            }));
        }
        Ok(fates)
    }

    fn find_quarantined(&self, path: &str, id: &str) -> Result<Vec<Fate>> {
        let Some((source, wanted)) = id.rsplit_once(':') else { return Ok(Vec::new()) };
        let Ok(wanted) = wanted.parse::<u64>() else { return Ok(Vec::new()) };
        let mut fates = Vec::new();
        for batch in self.batches(path, None)? {
            let batch = decoded(path, batch)?;
            let rows = matches(&batch, "source", |other| other == source);
            let rows = rows.into_iter().filter(|&row| number(&batch, "source_row", row) == Some(wanted));
            fates.extend(rows.map(|row| Fate::Quarantined {
                source: source.to_owned(),
                source_row: wanted,
                start: number(&batch, "start", row),
                end: number(&batch, "end", row),
                reason: text(&batch, "reason", row).unwrap_or_default(),
            }));
        }
        Ok(fates)
    }

    /// Rows of a batch: packed rows are long, so fewer of them.
    pub(crate) fn batch_rows(&self) -> usize {
        let long = self.manifest.packing.as_ref().map_or(0, |packing| packing.max_tokens);
        usize::try_from(BATCH_TOKENS / long.max(1)).unwrap_or(BATCH_ROWS).clamp(1, BATCH_ROWS)
    }

    /// Opens a file of the dataset, with the named columns or all.
    pub(crate) fn batches(&self, path: &str, columns: Option<&[&str]>) -> Result<ParquetRecordBatchReader> {
        let builder = self.parquet(path)?;
        let mask = match columns {
            None => ProjectionMask::all(),
            Some(names) => {
                let indices = names.iter().filter_map(|name| builder.schema().index_of(name).ok());
                ProjectionMask::roots(builder.parquet_schema(), indices.collect::<Vec<_>>())
            }
        };
        let reader = builder.with_projection(mask).with_batch_size(self.batch_rows()).build();
        reader.map_err(|source| Error::Parquet { path: path.to_owned(), source })
    }

    pub(crate) fn parquet(&self, path: &str) -> Result<ParquetRecordBatchReaderBuilder<File>> {
        let file = self.file(path)?;
        ParquetRecordBatchReaderBuilder::try_new(file)
            .map_err(|source| Error::Parquet { path: path.to_owned(), source })
    }

    pub(crate) fn file(&self, path: &str) -> Result<File> {
        let full = self.directory.join(path);
        File::open(&full).map_err(|source| match source.kind() {
            std::io::ErrorKind::NotFound => Error::Missing { path: path.to_owned() },
            _ => Error::Read { path: full, source },
        })
    }
}

/// What became of one row of a document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It is in a shard.
    Written {
        /// Its id.
        id: String,
        /// The shard, inside the dataset.
        shard: String,
        /// Its side.
        split: String,
        /// The row in the shard, from 0.
        row: u64,
        /// Its place among the documents of that row, from 0, where rows hold several.
        document: Option<u64>,
        /// Its tokens, where the rows are tokenized.
        tokens: Option<u64>,
        /// The file it came from.
        source: Option<String>,
        /// Its row in that file.
        source_row: Option<u64>,
    },
    /// A step dropped it.
    Dropped {
        /// Its id.
        id: String,
        /// The step, such as `3 filter`.
        step: String,
        /// Why, where the step says more than its name.
        detail: Option<String>,
        /// The file it came from.
        source: Option<String>,
        /// Its row in that file.
        source_row: Option<u64>,
    },
    /// It could not be read.
    Quarantined {
        /// The file it is in.
        source: String,
        /// Its row in that file.
        source_row: u64,
        /// Where its bytes start.
        start: Option<u64>,
        /// Where they end.
        end: Option<u64>,
        /// Why it could not be read.
        reason: String,
    },
}

/// The rows of one side in shard order; see [`Dataset::rows`].
pub struct Rows {
    dataset: Dataset,
    shards: VecDeque<String>,
    open: Option<(String, ParquetRecordBatchReader)>,
}

impl Iterator for Rows {
    type Item = Result<RecordBatch>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some((path, reader)) = &mut self.open {
                if let Some(batch) = reader.next() {
                    return Some(decoded(path, batch));
                }
                self.open = None;
            }
            let path = self.shards.pop_front()?;
            match self.dataset.batches(&path, None) {
                Ok(reader) => self.open = Some((path, reader)),
                Err(error) => return Some(Err(error)),
            }
        }
    }
}

/// The batches of a reader with the file's name in their errors.
pub(crate) fn batches_of(
    path: &str,
    reader: ParquetRecordBatchReader,
) -> impl Iterator<Item = Result<RecordBatch>> + use<> {
    let path = path.to_owned();
    reader.map(move |batch| decoded(&path, batch))
}

pub(crate) fn decoded<T>(path: &str, value: std::result::Result<T, arrow::error::ArrowError>) -> Result<T> {
    value.map_err(|source| Error::Decode { path: path.to_owned(), source })
}

/// The rows whose value in a text column is wanted; none where there is no such column.
fn matches(batch: &RecordBatch, name: &str, wanted: impl Fn(&str) -> bool) -> Vec<usize> {
    let Some(column) = strings(batch, name) else { return Vec::new() };
    (0..column.len()).filter(|&row| column.is_valid(row) && wanted(column.value(row))).collect()
}

/// Whether an id is that of a document or of one of its pieces.
fn belongs(id: &str, document: &str) -> bool {
    let Some(rest) = id.strip_prefix(document) else { return false };
    let piece = rest.strip_prefix('#').is_some_and(|rest| {
        !rest.is_empty()
            && rest.split('#').all(|number| !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit()))
    });
    rest.is_empty() || piece
}

/// How much an id differs from another: edits, or none for one that begins or ends with it; nothing when much.
fn difference(id: &str, other: &str) -> Option<usize> {
    let (long, short) = (id.len().max(other.len()), id.len().min(other.len()));
    if short >= 2 && (other.starts_with(id) || other.ends_with(id)) {
        return Some(1);
    }
    let most = 1 + id.chars().count() / 4;
    (long - short <= 4 * most).then(|| strsim::levenshtein(id, other)).filter(|edits| *edits <= most)
}

pub(crate) fn text(batch: &RecordBatch, name: &str, row: usize) -> Option<String> {
    let column = strings(batch, name)?;
    column.is_valid(row).then(|| column.value(row).to_owned())
}

fn strings(batch: &RecordBatch, name: &str) -> Option<StringArray> {
    let column = cast(batch.column_by_name(name)?, &DataType::Utf8).ok()?;
    Some(column.as_string::<i32>().clone())
}

fn number(batch: &RecordBatch, name: &str, row: usize) -> Option<u64> {
    let column = cast(batch.column_by_name(name)?, &DataType::UInt64).ok()?;
    column.is_valid(row).then(|| column.as_primitive::<UInt64Type>().value(row))
}

/// A schema's columns with their types, for a message.
pub(crate) fn describe(schema: &SchemaRef) -> String {
    let columns: Vec<String> =
        schema.fields().iter().map(|field| format!("`{}` {}", field.name(), field.data_type())).collect();
    columns.join(", ")
}
