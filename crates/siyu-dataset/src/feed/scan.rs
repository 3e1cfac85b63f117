//! Reading the shards of a side: once to verify and count, then by row group.

use arrow::{
    array::{Array, AsArray, RecordBatch},
    compute::cast,
    datatypes::{DataType, Field, Int32Type},
};
use parquet::arrow::ProjectionMask;
use rayon::prelude::*;

use super::Wanted;
use crate::{Dataset, Error, Result, SEQ_LENGTHS, ShardRecord, dataset::decoded, packing::unpacked};

/// What is learnt nowhere.
const IGNORED: i32 = -100;
/// The columns that a trainer reads.
const COLUMNS: [&str; 2] = ["input_ids", "labels"];
/// Rows whose ids a message names.
const NAMED: usize = 5;

/// A row group of a shard. Where rows hold several documents, a row is a document everywhere here.
#[derive(Debug)]
pub(super) struct Group {
    pub(super) shard: String,
    /// Its number in the shard.
    pub(super) number: usize,
    /// Its first row, counted in the shard.
    pub(super) first_in_shard: u64,
    /// Its first row, counted in the side.
    pub(super) first_row: u64,
    /// Usable rows before it.
    pub(super) first_usable: u64,
    pub(super) usable: Vec<Usable>,
}

/// A row that can be used.
#[derive(Clone, Copy, Debug)]
pub(super) struct Usable {
    /// Its place in the row group.
    pub(super) row: u32,
    pub(super) tokens: u32,
    pub(super) labels: u32,
}

/// Rows that cannot be used.
#[derive(Debug, Default)]
pub(super) struct Left {
    pub(super) count: u64,
    /// The numbers of the first of them, counted in the side.
    pub(super) first: Vec<u64>,
}

/// What a side holds.
#[derive(Debug, Default)]
pub(super) struct Scanned {
    pub(super) groups: Vec<Group>,
    pub(super) without_labels: Left,
    pub(super) too_long: Left,
}

/// The tokens of a row group.
#[derive(Debug, Default)]
pub(super) struct Tokens {
    /// Where each row ends.
    ends: Vec<usize>,
    ids: Vec<i32>,
    labels: Vec<i32>,
}

impl Tokens {
    /// Ids and labels of a row.
    pub(super) fn row(&self, row: usize) -> (&[i32], &[i32]) {
        let begin = row.checked_sub(1).map_or(0, |before| self.ends[before]);
        let end = self.ends[row];
        (&self.ids[begin..end], &self.labels[begin..end])
    }

    fn rows(&self) -> impl Iterator<Item = (&[i32], &[i32])> {
        (0..self.ends.len()).map(|row| self.row(row))
    }

    /// Adds the rows of a batch; a row that is null has no tokens.
    fn extend(&mut self, shard: &str, batch: &RecordBatch) -> Result<()> {
        let list = DataType::List(Field::new("item", DataType::Int32, true).into());
        let [ids, labels] = COLUMNS.map(|name| batch.column_by_name(name));
        let (Some(ids), Some(labels)) = (ids, labels) else { return Err(Error::NotTokenized) };
        let ids = decoded(shard, cast(ids, &list))?;
        let labels = decoded(shard, cast(labels, &list))?;
        let (ids, labels) = (ids.as_list::<i32>(), labels.as_list::<i32>());
        for row in 0..batch.num_rows() {
            if ids.is_valid(row) && labels.is_valid(row) {
                let (ids, labels) = (ids.value(row), labels.value(row));
                if ids.len() != labels.len() || ids.null_count() + labels.null_count() > 0 {
                    return Err(Error::Labels { path: shard.to_owned() });
                }
                self.ids.extend_from_slice(ids.as_primitive::<Int32Type>().values());
                self.labels.extend_from_slice(labels.as_primitive::<Int32Type>().values());
            }
            self.ends.push(self.ids.len());
        }
        Ok(())
    }
}

/// Decodes a row group; packed rows are taken apart.
pub(super) fn decode(dataset: &Dataset, group: &Group) -> Result<Tokens> {
    let builder = dataset.parquet(&group.shard)?;
    let lengths = dataset.is_packed().then_some(SEQ_LENGTHS);
    let names = COLUMNS.into_iter().chain(lengths);
    let indices = names.filter_map(|name| builder.schema().index_of(name).ok()).collect::<Vec<_>>();
    let mask = ProjectionMask::roots(builder.parquet_schema(), indices);
    let reader = builder.with_projection(mask).with_row_groups(vec![group.number]);
    let reader = reader.with_batch_size(dataset.batch_rows()).build();
    let reader = reader.map_err(|source| Error::Parquet { path: group.shard.clone(), source })?;
    let mut tokens = Tokens::default();
    for batch in reader {
        let mut batch = decoded(&group.shard, batch)?;
        if lengths.is_some() {
            batch = decoded(&group.shard, unpacked(&batch))?;
        }
        tokens.extend(&group.shard, &batch)?;
    }
    Ok(tokens)
}

/// Verifies the shards of a side and counts what their rows hold.
pub(super) fn scan(dataset: &Dataset, wanted: &Wanted<'_>, progress: impl Fn(u64) + Sync) -> Result<Scanned> {
    let shards: Vec<&ShardRecord> = dataset.shards(wanted.split).collect();
    let scanned: Vec<Result<Scanned>> = shards
        .par_iter()
        .map(|shard| {
            dataset.verify_alone(shard)?;
            let scanned = scan_shard(dataset, shard, wanted)?;
            progress(shard.bytes);
            Ok(scanned)
        })
        .collect();
    let (mut side, mut row, mut usable) = (Scanned::default(), 0, 0);
    for (shard, scanned) in shards.iter().zip(scanned) {
        let scanned = scanned?;
        side.without_labels.append(scanned.without_labels, row);
        side.too_long.append(scanned.too_long, row);
        for group in scanned.groups {
            let count = group.usable.len() as u64;
            side.groups.push(Group { first_row: group.first_row + row, first_usable: usable, ..group });
            usable += count;
        }
        row += shard.document_count();
    }
    Ok(side)
}

fn scan_shard(dataset: &Dataset, shard: &ShardRecord, wanted: &Wanted<'_>) -> Result<Scanned> {
    let groups = dataset.parquet(&shard.path)?.metadata().num_row_groups();
    let (mut scanned, mut first) = (Scanned::default(), 0);
    for index in 0..groups {
        let mut group = Group {
            shard: shard.path.clone(),
            number: index,
            first_in_shard: first,
            first_row: first,
            first_usable: 0,
            usable: Vec::new(),
        };
        let tokens = decode(dataset, &group)?;
        for (row, (ids, labels)) in tokens.rows().enumerate() {
            check_ids(&shard.path, ids.iter().chain(labels.iter().filter(|&&label| label != IGNORED)), wanted.vocab)?;
            let learnt = labels.iter().skip(1).filter(|&&label| label != IGNORED).count();
            let number = first + row as u64;
            if ids.len() > wanted.max_tokens {
                scanned.too_long.push(number);
            } else if learnt == 0 {
                scanned.without_labels.push(number);
            } else {
                let small = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
                group.usable.push(Usable { row: small(row), tokens: small(ids.len()), labels: small(learnt) });
            }
        }
        scanned.groups.push(group);
        first += tokens.ends.len() as u64;
    }
    Ok(scanned)
}

fn check_ids<'a>(shard: &str, mut ids: impl Iterator<Item = &'a i32>, vocab: usize) -> Result<()> {
    match ids.find(|&&id| usize::try_from(id).map_or(true, |id| id >= vocab)) {
        None => Ok(()),
        Some(&id) => Err(Error::TokenId { path: shard.to_owned(), id, vocab }),
    }
}

impl Left {
    fn push(&mut self, row: u64) {
        self.count += 1;
        if self.first.len() < NAMED {
            self.first.push(row);
        }
    }

    fn append(&mut self, other: Self, before: u64) {
        self.count += other.count;
        let free = NAMED - self.first.len();
        self.first.extend(other.first.into_iter().take(free).map(|row| row + before));
    }
}
