//! Looks for rows on two sides of the split that are more alike than it allows.
//!
//! The rows of all sides but the largest are sketched and kept; the largest side passes by. Where sketches meet, both
//! rows are read again and compared on their whole sets of shingles.

mod ties;

use std::collections::{BTreeMap, BTreeSet, HashMap};

use arrow::{
    array::{Array, AsArray, RecordBatch, StringArray},
    compute::cast,
    datatypes::DataType,
};
use rayon::prelude::*;
use siyu_text::near::{Bands, Filter, Shingler, Signature, Signatures, Sketcher, jaccard_at_least};

use crate::{
    Dataset, Error, LeakProof, NearRule, Place, Result, SplitRecord,
    dataset::{decoded, text},
    leak,
};

/// Chance that two rows of just the similarity in question are not compared.
const MISS: f64 = 1e-4;

/// A document: its shard's index in the manifest, and its number there.
type Row = (u32, u64);

/// Documents with their shingles.
type Sets = Vec<(Row, Vec<u64>)>;

/// Rows whose sketches are kept.
#[derive(Default)]
struct Kept {
    rows: Vec<(u16, Row)>,
    signatures: Signatures,
    /// The rows of each key.
    keys: HashMap<u64, Vec<u32>>,
}

struct Audit<'a> {
    dataset: &'a Dataset,
    rule: &'a NearRule,
    bands: Bands,
    sketcher: Sketcher,
    filter: Filter,
    /// The side of each shard.
    sides: Vec<u16>,
}

/// What of the manifest's rule the shards show.
#[derive(Default)]
pub(crate) struct Proven {
    /// That no row resembles one of another side; absent where there is no rule, or the shards lack its columns.
    pub(crate) proof: Option<LeakProof>,
    /// Pairs of rows that were compared for it.
    pub(crate) compared: u64,
    /// What cannot be shown, and why.
    pub(crate) unproven: Vec<String>,
}

/// Proves that no row resembles one of another side, and that no value that keeps rows together is on two.
pub(crate) fn prove(dataset: &Dataset) -> Result<Proven> {
    let manifest = dataset.manifest();
    let mut proven = Proven::default();
    let Some(split) = &manifest.split else { return Ok(proven) };
    let Some(rule) = &split.leak.near else { return Ok(proven) };
    proven.unproven = ties::prove(dataset, rule, split.ledger.is_some())?;
    let absent: Vec<&str> = rule.columns.iter().filter(|name| !manifest.has_column(name)).map(String::as_str).collect();
    let sides = leak::sides(dataset);
    if !absent.is_empty() {
        let absent = absent.join("`, `");
        proven.unproven.push(format!("that rows on two sides are unlike: the shards lack the column `{absent}`"));
    }
    if sides.len() < 2 || !absent.is_empty() {
        return Ok(proven);
    }
    let side =
        |name: &str| sides.binary_search(&name).ok().and_then(|side| u16::try_from(side).ok()).unwrap_or(u16::MAX);
    let bands = Bands::reaching(rule.similarity, MISS);
    let audit = Audit {
        dataset,
        rule,
        bands,
        sketcher: Sketcher::new(bands.slots().max(128)),
        filter: Filter::new(rule.similarity),
        sides: manifest.shards.iter().map(|shard| side(&shard.split)).collect(),
    };
    proven.compared = audit.run()?;
    let checked = SplitRecord::pairs(&split.rows);
    proven.proof = Some(LeakProof { method: split.leak.method.clone(), checked, found: 0, near: Some(rule.clone()) });
    Ok(proven)
}

impl Audit<'_> {
    /// Compares rows of different sides; returns how many pairs were proposed.
    fn run(&self) -> Result<u64> {
        let mut rows: BTreeMap<u16, u64> = BTreeMap::new();
        for (shard, &side) in self.dataset.manifest().shards.iter().zip(&self.sides) {
            *rows.entry(side).or_default() += shard.document_count();
        }
        let largest = rows.iter().max_by_key(|(_, rows)| **rows).map_or(0, |(side, _)| *side);
        let shards = |of_largest: bool| {
            let numbered = (0u32..).zip(&self.sides);
            numbered
                .filter(move |(_, side)| (**side == largest) == of_largest)
                .map(|(shard, _)| shard)
                .collect::<Vec<_>>()
        };
        let kept = self.keep(&shards(false))?;
        let (mut checked, mut alike) = kept.among_themselves(self.filter);
        let passing: Vec<Result<_>> = shards(true).par_iter().map(|&shard| self.pass(&kept, shard)).collect();
        for found in passing {
            let (pairs, passed) = found?;
            checked += pairs;
            alike.extend(passed);
        }
        self.compare(&alike)?;
        Ok(checked)
    }

    /// Sketches the rows of some shards.
    fn keep(&self, shards: &[u32]) -> Result<Kept> {
        let sketched: Vec<Result<_>> = shards
            .par_iter()
            .map(|&shard| {
                let mut rows = Vec::new();
                self.each_sketch(shard, |row, keys, signature| rows.push((row, keys, signature)))?;
                Ok((shard, rows))
            })
            .collect();
        let mut kept = Kept::default();
        for shard in sketched {
            let (shard, rows) = shard?;
            for (row, keys, signature) in rows {
                let number = u32::try_from(kept.rows.len()).expect("the smaller sides have fewer than 2^32 rows");
                kept.rows.push((self.sides[shard as usize], (shard, row)));
                kept.signatures.push(signature);
                for key in keys {
                    kept.keys.entry(key).or_default().push(number);
                }
            }
        }
        Ok(kept)
    }

    /// Lets the rows of a shard pass by the kept ones; returns the pairs proposed, and those that may be alike.
    fn pass(&self, kept: &Kept, shard: u32) -> Result<(u64, Vec<(Row, Row)>)> {
        let (mut checked, mut alike) = (0, Vec::new());
        let mut candidates: Vec<u32> = Vec::new();
        self.each_sketch(shard, |row, keys, signature| {
            candidates.clear();
            candidates.extend(keys.iter().filter_map(|key| kept.keys.get(key)).flatten());
            candidates.sort_unstable();
            candidates.dedup();
            checked += candidates.len() as u64;
            for &candidate in &candidates {
                if self.filter.passes(&signature, kept.signatures.get(candidate as usize)) {
                    alike.push(((shard, row), kept.rows[candidate as usize].1));
                }
            }
        })?;
        Ok((checked, alike))
    }

    fn each_sketch(&self, shard: u32, mut each: impl FnMut(u64, Vec<u64>, Signature)) -> Result<()> {
        let mut shingler = Shingler::new(self.rule.shingles);
        let mut sketch = Vec::new();
        self.each_text(shard, |row, text| {
            let (shingles, fingerprint) = shingler.hashes(text);
            if fingerprint.is_some() {
                self.sketcher.sketch(shingles, &mut sketch);
                each(row, self.bands.keys(&sketch).collect(), Signatures::of(&sketch));
            }
        })
    }

    fn each_text(&self, shard: u32, mut each: impl FnMut(u64, &str)) -> Result<()> {
        let path = &self.dataset.manifest().shards[shard as usize].path;
        let names: Vec<&str> = self.rule.columns.iter().map(String::as_str).collect();
        let (mut row, mut text) = (0, String::new());
        for documents in self.dataset.documents(path, &names)? {
            let batch = documents?.batch;
            let columns = names.iter().map(|name| strings(&batch, name)).collect::<std::result::Result<Vec<_>, _>>();
            let columns = decoded(path, columns)?;
            for index in 0..batch.num_rows() {
                text.clear();
                for (number, column) in columns.iter().enumerate() {
                    if number > 0 {
                        text.push('\n');
                    }
                    text.push_str(if column.is_valid(index) { column.value(index) } else { "" });
                }
                each(row, &text);
                row += 1;
            }
        }
        Ok(())
    }

    /// Compares the pairs that may be alike on their whole sets.
    fn compare(&self, pairs: &[(Row, Row)]) -> Result<()> {
        let wanted: BTreeSet<Row> = pairs.iter().flat_map(|(one, other)| [*one, *other]).collect();
        let shards: BTreeSet<u32> = wanted.iter().map(|row| row.0).collect();
        let mut sets: BTreeMap<Row, Vec<u64>> = BTreeMap::new();
        let read: Vec<Result<Sets>> = shards
            .into_par_iter()
            .map(|shard| {
                let (mut shingler, mut sets) = (Shingler::new(self.rule.shingles), Vec::new());
                self.each_text(shard, |row, text| {
                    if wanted.contains(&(shard, row)) {
                        sets.push(((shard, row), shingler.set(text).to_vec()));
                    }
                })?;
                Ok(sets)
            })
            .collect();
        for shard in read {
            sets.extend(shard?);
        }
        let alike = |(one, other): &(Row, Row)| {
            let similarity = jaccard_at_least(sets.get(one)?, sets.get(other)?, self.rule.similarity)?;
            Some((similarity, *one, *other))
        };
        let found: Vec<(f64, Row, Row)> = pairs.par_iter().filter_map(alike).collect();
        let most =
            found.iter().max_by(|one, other| one.0.total_cmp(&other.0).then((other.1, other.2).cmp(&(one.1, one.2))));
        let Some(&(similarity, one, other)) = most else { return Ok(()) };
        Err(Error::NearLeak {
            found: found.len() as u64,
            least: self.rule.similarity,
            similarity: (similarity * 1e4).floor() / 1e4,
            first: Box::new(self.place(one)?),
            second: Box::new(self.place(other)?),
        })
    }

    fn place(&self, (shard, document): Row) -> Result<Place> {
        let path = self.dataset.manifest().shards[shard as usize].path.clone();
        let (batch, row) = self.dataset.document(&path, document)?;
        Ok(Place { shard: path, row, id: text(&batch, "id", 0).unwrap_or_default() })
    }
}

impl Kept {
    /// Pairs of kept rows on two sides: how many share a key, and those that may be alike.
    fn among_themselves(&self, filter: Filter) -> (u64, Vec<(Row, Row)>) {
        let mut by_row: Vec<Vec<u32>> = vec![Vec::new(); self.rows.len()];
        let mut groups: Vec<&Vec<u32>> = self.keys.values().filter(|rows| rows.len() > 1).collect();
        groups.sort_unstable();
        for group in groups {
            for (position, &later) in group.iter().enumerate() {
                let crossing =
                    group[..position].iter().filter(|&&row| self.rows[row as usize].0 != self.rows[later as usize].0);
                by_row[later as usize].extend(crossing);
            }
        }
        let (mut checked, mut alike) = (0, Vec::new());
        for (later, earlier) in by_row.iter_mut().enumerate() {
            earlier.sort_unstable();
            earlier.dedup();
            checked += earlier.len() as u64;
            let passes = |row: &&u32| filter.passes(self.signatures.get(later), self.signatures.get(**row as usize));
            alike.extend(earlier.iter().filter(passes).map(|&row| (self.rows[row as usize].1, self.rows[later].1)));
        }
        (checked, alike)
    }
}

fn strings(batch: &RecordBatch, name: &str) -> std::result::Result<StringArray, arrow::error::ArrowError> {
    let column = batch
        .column_by_name(name)
        .ok_or_else(|| arrow::error::ArrowError::SchemaError(format!("no column `{name}`")))?;
    Ok(cast(column, &DataType::Utf8)?.as_string::<i32>().clone())
}
