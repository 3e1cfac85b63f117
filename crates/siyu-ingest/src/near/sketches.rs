//! The first pass: what of each document is needed to find its mates.

use super::bucket::Bucket;
use super::raw::{self, Numbers};
use super::{Job, Keep, Kind, Pass, SKETCH, each_bucket};
use crate::error::Result;
use arrow::array::{Array, ArrayRef, AsArray};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Float64Type, Int64Type};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use siyu_dataset::folded_hash;
use siyu_text::near::{Shingler, Signature, Signatures, Sketcher};
use xxhash_rust::xxh3::{xxh3_64, xxh3_128_with_seed};

/// Ranges of keys that are looked at one after another.
pub(super) const PARTITIONS: usize = 64;

/// Numbers in a document's record: its content hash, what orders it, its stratum, its signature.
const RECORD: usize = 2 + 2 + 1 + 8;

/// What a bucket's sketches are.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct SketchRecord {
    documents: u32,
    /// Band keys per range of keys.
    pub(super) bands: Vec<u64>,
    /// Equal things per range of keys.
    pub(super) equal: Vec<u64>,
}

/// A key and the document's place in its bucket.
pub(super) type BandKey = (u64, u32);

/// Something that equal documents share: its hash, whose last bit says whether it is the document itself, and the place.
pub(super) type EqualKey = (u128, u32);

/// Keeps hashes of what ties documents by itself apart from those of groups.
const TIED: u64 = 0x7469_6564;

pub(super) const BAND_BYTES: usize = 12;
pub(super) const EQUAL_BYTES: usize = 20;

/// Sketches every bucket.
pub(super) fn write(pass: &Pass<'_>) -> Result<Vec<SketchRecord>> {
    let shingler = Shingler::new(pass.job.shingles);
    each_bucket(pass, SKETCH, |bucket| sketch_bucket(pass, bucket, shingler.clone()))
}

/// Documents before each bucket, and at the end all of them.
pub(super) fn before(records: &[SketchRecord]) -> Vec<u64> {
    let mut before = vec![0];
    before.extend(records.iter().scan(0, |sum, record| {
        *sum += u64::from(record.documents);
        Some(*sum)
    }));
    before
}

/// The records that [`write`] left.
pub(super) fn records(pass: &Pass<'_>) -> Result<Vec<SketchRecord>> {
    crate::files::read_records(&pass.folder, "sketch-")
}

pub(super) fn sketch_bucket(pass: &Pass<'_>, bucket: u32, mut shingler: Shingler) -> Result<SketchRecord> {
    let (job, slots) = (pass.job, &pass.act.slots);
    let rows = Bucket::read(pass, bucket)?;
    let order = Orders::of(job, &rows, slots);
    let sketcher = Sketcher::new(job.slots());
    let mut documents = Numbers::create(pass.path("documents", bucket))?;
    let (mut bands, mut equal): (Vec<BandKey>, Vec<EqualKey>) = (Vec::new(), Vec::new());
    let (mut text, mut sketch) = (String::new(), Vec::new());
    let mut ids = Vec::new();
    for place in 0..rows.order().len() {
        let number = u32::try_from(place).expect("documents are counted in 32 bits");
        rows.text(place, &slots[..job.content], &mut text);
        let (shingles, fingerprint) = shingler.hashes(&text);
        sketcher.sketch(shingles, &mut sketch);
        if let Some(fingerprint) = fingerprint {
            bands.extend(job.bands.keys(&sketch).map(|key| (key, number)));
            equal.push((fingerprint | 1, number));
        }
        let content = || content_hash(&rows, place, &slots[..job.content]);
        let content = if pass.keyed_by_content { rows.key(place) } else { content() };
        if fingerprint.is_none() && !text.trim().is_empty() {
            // Signs alone make no shingle of words; equal ones stay on one side all the same.
            equal.push((content & !1, number));
        }
        equal.extend(order.ties(job, &rows, place, slots).map(|tie| (tie & !1, number)));
        documents.u64s(&halves(content))?;
        documents.u64s(&halves(order.of_document(job, &rows, place, &text, content)))?;
        documents.u64s(&[order.stratum(&rows, place)])?;
        documents.u64s(&Signatures::of(&sketch))?;
        ids.push(rows.id(place));
    }
    documents.finish()?;
    write_ids(pass, bucket, &ids)?;
    let bands = write_keys(pass, "bands", bucket, &mut bands, |key| key.0)?;
    let equal = write_equal(pass, bucket, &mut equal)?;
    Ok(SketchRecord { documents: u32::try_from(rows.order().len()).expect("counted in 32 bits"), bands, equal })
}

fn content_hash(rows: &Bucket, place: usize, slots: &[usize]) -> u128 {
    let (batch, row) = rows.order()[place];
    let part = |&slot: &usize| {
        let column = rows.column(&rows.batches()[batch as usize], slot).as_string::<i32>();
        column.is_valid(row as usize).then(|| column.value(row as usize))
    };
    folded_hash(&slots.iter().map(part).collect::<Vec<_>>())
}

/// What puts documents in order and ties them, beside their texts.
struct Orders {
    /// Values of the expression per batch, as numbers that sort ascending; smaller is kept.
    values: Vec<Vec<u64>>,
    /// Hash of each tying value per column and batch; 0 for null.
    ties: Vec<Vec<Vec<u64>>>,
    strata: Vec<Vec<u64>>,
}

impl Orders {
    fn of(job: &Job, rows: &Bucket, slots: &[usize]) -> Self {
        let extra = &slots[job.content..];
        let mut orders = Self { values: Vec::new(), ties: Vec::new(), strata: Vec::new() };
        match &job.kind {
            Kind::Dedup(Keep::Expression(expression)) => {
                for batch in rows.batches() {
                    let columns: Vec<ArrayRef> = extra.iter().map(|&slot| rows.column(batch, slot).clone()).collect();
                    let values = expression.evaluate(&columns).map(|evaluated| evaluated.values);
                    orders.values.push(values.map_or_else(|_| Vec::new(), |values| descending(&values)));
                }
            }
            Kind::Dedup(_) => {}
            Kind::Split(split) => {
                let hashed =
                    |slot: usize| rows.batches().iter().map(|batch| hashes(rows.column(batch, slot))).collect();
                orders.ties = extra[..split.groups].iter().map(|&slot| hashed(slot)).collect();
                if split.stratified {
                    orders.strata = hashed(extra[split.groups]);
                }
            }
        }
        orders
    }

    /// What orders documents: the smallest is kept, or decides its cluster's side.
    fn of_document(&self, job: &Job, rows: &Bucket, place: usize, text: &str, content: u128) -> u128 {
        let (batch, row) = rows.order()[place];
        match &job.kind {
            Kind::Dedup(Keep::Longest) => u128::MAX - text.chars().count() as u128,
            Kind::Dedup(Keep::First) => {
                let (file, row, part) = rows.position(place);
                u128::from(file) << 96 | u128::from(row) << 32 | u128::from(part)
            }
            Kind::Dedup(Keep::Expression(_)) => {
                let values = &self.values[batch as usize];
                u128::from(values.get(row as usize).copied().unwrap_or(u64::MAX))
            }
            Kind::Split(split) => xxh3_128_with_seed(&content.to_le_bytes(), split.seed),
        }
    }

    /// Hashes of what ties this document to others whatever their texts.
    fn ties<'a>(
        &'a self,
        job: &'a Job,
        rows: &'a Bucket,
        place: usize,
        slots: &'a [usize],
    ) -> impl Iterator<Item = u128> + 'a {
        let (batch, row) = rows.order()[place];
        let grouped = (0u64..).zip(&self.ties).filter_map(move |(number, column)| {
            let hash = column[batch as usize][row as usize];
            (hash != 0).then(|| xxh3_128_with_seed(&hash.to_le_bytes(), number + 1))
        });
        let tied: &[Vec<usize>] = if let Kind::Split(split) = &job.kind { &split.tied } else { &[] };
        let alone = (TIED..).zip(tied).filter_map(move |(seed, positions)| {
            let slots: Vec<usize> = positions.iter().map(|&position| slots[position]).collect();
            let hash = content_hash(rows, place, &slots);
            (hash != folded_hash(&vec![None; slots.len()])).then(|| xxh3_128_with_seed(&hash.to_le_bytes(), seed))
        });
        grouped.chain(alone)
    }

    fn stratum(&self, rows: &Bucket, place: usize) -> u64 {
        let (batch, row) = rows.order()[place];
        self.strata.get(batch as usize).map_or(0, |strata| strata[row as usize])
    }
}

/// Values as numbers of which the smallest belongs to the largest value; null comes last.
fn descending(values: &ArrayRef) -> Vec<u64> {
    if matches!(values.data_type(), DataType::Float16 | DataType::Float32 | DataType::Float64) {
        let Ok(values) = cast(values, &DataType::Float64) else { return Vec::new() };
        let number = |value: f64| {
            // `total_cmp`'s order as an unsigned number.
            let bits = value.to_bits();
            if bits >> 63 == 1 { !bits } else { bits | 1 << 63 }
        };
        return values
            .as_primitive::<Float64Type>()
            .iter()
            .map(|value| value.map_or(u64::MAX, |value| !number(value)))
            .collect();
    }
    let Ok(values) = cast(values, &DataType::Int64) else { return Vec::new() };
    let number = |value: i64| !(value.cast_unsigned() ^ 1 << 63);
    values.as_primitive::<Int64Type>().iter().map(|value| value.map_or(u64::MAX, number)).collect()
}

/// The hash of each value as text, never 0; 0 for null and for what is blank, as a table of text writes null.
fn hashes(column: &ArrayRef) -> Vec<u64> {
    let Ok(texts) = cast(column, &DataType::Utf8) else { return vec![0; column.len()] };
    let hash = |text: Option<&str>| match text {
        Some(text) if !text.trim().is_empty() => xxh3_64(text.as_bytes()).max(1),
        _ => 0,
    };
    texts.as_string::<i32>().iter().map(hash).collect()
}

#[expect(clippy::cast_possible_truncation, reason = "the two halves are wanted")]
fn halves(number: u128) -> [u64; 2] {
    [(number >> 64) as u64, number as u64]
}

fn write_ids(pass: &Pass<'_>, bucket: u32, ids: &[&str]) -> Result<()> {
    let mut file = Numbers::create(pass.path("ids", bucket))?;
    let mut end = 0u32;
    file.u32s(&[0])?;
    for id in ids {
        end += u32::try_from(id.len()).expect("an id is short");
        file.u32s(&[end])?;
    }
    ids.iter().try_for_each(|id| file.bytes(id.as_bytes()))?;
    file.finish()
}

/// The range that a key falls into.
pub(super) fn partition(key: u64) -> usize {
    (key >> 58) as usize
}

fn write_keys(
    pass: &Pass<'_>,
    name: &str,
    bucket: u32,
    keys: &mut [BandKey],
    of: impl Fn(&BandKey) -> u64,
) -> Result<Vec<u64>> {
    keys.sort_unstable();
    let mut file = Numbers::create(pass.path(name, bucket))?;
    let mut counts = vec![0; PARTITIONS];
    for key in keys.iter() {
        counts[partition(of(key))] += 1;
        let mut record = [0; BAND_BYTES];
        record[..8].copy_from_slice(&key.0.to_le_bytes());
        record[8..].copy_from_slice(&key.1.to_le_bytes());
        file.bytes(&record)?;
    }
    file.finish()?;
    Ok(counts)
}

fn write_equal(pass: &Pass<'_>, bucket: u32, keys: &mut [EqualKey]) -> Result<Vec<u64>> {
    keys.sort_unstable();
    let mut file = Numbers::create(pass.path("equal", bucket))?;
    let mut counts = vec![0; PARTITIONS];
    for (key, place) in keys.iter() {
        counts[partition((key >> 64) as u64)] += 1;
        file.u64s(&halves(*key))?;
        file.u32s(&[*place])?;
    }
    file.finish()?;
    Ok(counts)
}

/// A document's record as later passes read it.
pub(super) struct Document {
    pub(super) content: u128,
    pub(super) order: u128,
    pub(super) stratum: u64,
    pub(super) signature: Signature,
}

/// Bytes of a document's record.
pub(super) const RECORD_BYTES: usize = RECORD * 8;

pub(super) fn document(bytes: &[u8]) -> Document {
    let mut numbers = raw::u64s(bytes);
    let mut next = || numbers.next().expect("a record has a fixed size");
    let mut wide = || u128::from(next()) << 64 | u128::from(next());
    let (content, order) = (wide(), wide());
    Document { content, order, stratum: next(), signature: std::array::from_fn(|_| next()) }
}

/// The documents of a bucket.
pub(super) fn documents(pass: &Pass<'_>, bucket: u32) -> Result<Vec<Document>> {
    let bytes = raw::read(&pass.path("documents", bucket))?;
    Ok(bytes.chunks_exact(RECORD_BYTES).map(document).collect())
}

/// The order in which documents are settled: that of preference, then of content, then of number.
pub(super) struct Ranks {
    /// The document of each rank.
    pub(super) documents: Vec<u32>,
    /// The rank of each document.
    pub(super) ranks: Vec<u32>,
}

impl Ranks {
    pub(super) fn read(pass: &Pass<'_>) -> Result<Self> {
        let mut keys: Vec<(u128, u64, u32)> = Vec::with_capacity(pass.count() as usize);
        for bucket in 0..pass.exchange.buckets {
            let first = u32::try_from(pass.before[bucket as usize]).expect("checked at the start");
            let documents = documents(pass, bucket)?;
            keys.extend(
                (first..)
                    .zip(documents)
                    .map(|(number, document)| (document.order, (document.content >> 64) as u64, number)),
            );
        }
        keys.par_sort_unstable();
        let documents: Vec<u32> = keys.into_iter().map(|key| key.2).collect();
        let mut ranks = vec![0; documents.len()];
        (0u32..).zip(&documents).for_each(|(rank, &document)| ranks[document as usize] = rank);
        Ok(Self { documents, ranks })
    }
}
