//! Looks for the same content on two sides of the split.
//!
//! Memory: 16 bytes a row, and as much again while the shards' lists become one. The number of the side takes the place of 16 of the 128 bits of a hash, so one
//! sort brings equal contents of all sides together; where the rows are is looked up only for a leak.

use arrow::{array::RecordBatch, datatypes::Schema, error::ArrowError};
use rayon::prelude::*;

use crate::{
    Dataset, Documents, Error, LeakProof, Manifest, Place, Result,
    content::{content_columns, row_hashes},
    dataset::{decoded, text},
    folded::folded_hashes,
};

/// The method that [`LeakProof`] names for an audit by this crate.
pub const LEAK_METHOD: &str = "exact content hash";

const SIDE_BITS: u32 = 16;

/// A hash whose last bits number the side.
pub(crate) fn marked(hash: u128, side: usize) -> u128 {
    let side = u16::try_from(side).expect("a dataset has fewer than 65536 sides");
    (hash >> SIDE_BITS << SIDE_BITS) | u128::from(side)
}

/// The sides of a dataset, in order.
pub(crate) fn sides(dataset: &Dataset) -> Vec<&str> {
    let mut sides: Vec<&str> = dataset.manifest().shards.iter().map(|shard| shard.split.as_str()).collect();
    sides.sort_unstable();
    sides.dedup();
    // Beyond what a mark can number, the rest would be one side; no pipeline has more than three.
    sides.truncate(usize::from(u16::MAX));
    sides
}

/// What of a row must not be on two sides.
pub(crate) enum Content<'a> {
    /// The columns that the split went by.
    Split(Vec<&'a str>),
    /// What the shards have, where they lack those columns or no split says which: see [`content_columns`].
    Shards,
}

impl<'a> Content<'a> {
    pub(crate) fn of(manifest: &'a Manifest) -> Self {
        let split = manifest.split.as_ref().filter(|split| split.ledger.is_some());
        let columns = split.and_then(|split| split.leak.near.as_ref()).map(|rule| &rule.columns);
        match columns.filter(|names| names.iter().all(|name| manifest.has_column(name))) {
            Some(names) => Self::Split(names.iter().map(String::as_str).collect()),
            None => Self::Shards,
        }
    }

    /// The columns to read.
    pub(crate) fn names<'b>(&'b self, schema: &'b Schema) -> Vec<&'b str> {
        match self {
            Self::Split(names) => names.clone(),
            Self::Shards => content_columns(schema).iter().map(|&index| schema.field(index).name().as_str()).collect(),
        }
    }

    /// The hash of each row's content; `None` where it has none but white space.
    pub(crate) fn hashes(&self, batch: &RecordBatch) -> std::result::Result<Vec<Option<u128>>, ArrowError> {
        match self {
            Self::Split(names) => folded_hashes(batch, names),
            Self::Shards => row_hashes(batch),
        }
    }
}

impl Dataset {
    /// Proves of a dataset whose split went by columns that it was not written with that no two rows on two sides are
    /// equal in what it has; of any other that follows from the split.
    ///
    /// # Errors
    /// [`Error::Leak`] names two rows.
    pub fn prove_apart(&self) -> Result<()> {
        let (content, sides) = (Content::of(self.manifest()), sides(self));
        if sides.len() < 2 || matches!(content, Content::Split(_)) {
            return Ok(());
        }
        let mut hashes = marked_hashes(self, &content)?;
        prove(self, &content, &mut hashes).map(drop)
    }
}

/// The marked hashes of the content of all documents.
pub(crate) fn marked_hashes(dataset: &Dataset, content: &Content<'_>) -> Result<Vec<u128>> {
    let sides = sides(dataset);
    let hashes = dataset.manifest().shards.par_iter().map(|shard| {
        let side = sides.binary_search(&shard.split.as_str()).unwrap_or(sides.len());
        let schema = dataset.parquet(&shard.path)?.schema().clone();
        let names = content.names(&schema);
        let mut hashes = Vec::new();
        // Without a name all columns would be read.
        let documents = (!names.is_empty()).then(|| dataset.documents(&shard.path, &names)).transpose()?;
        for documents in documents.into_iter().flatten() {
            let content = decoded(&shard.path, content.hashes(&documents?.batch))?;
            hashes.extend(content.into_iter().flatten().map(|hash| marked(hash, side)));
        }
        Ok(hashes)
    });
    let mut all = Vec::new();
    for shard in hashes.collect::<Vec<Result<Vec<u128>>>>() {
        all.extend(shard?);
    }
    Ok(all)
}

/// Proves that no content is on two sides, given the marked hashes of all rows, which are sorted.
///
/// # Errors
/// [`Error::Leak`] names two rows.
pub(crate) fn prove(dataset: &Dataset, content: &Content<'_>, hashes: &mut [u128]) -> Result<LeakProof> {
    let leaks = on_two_sides(hashes);
    let checked = hashes.len() as u64;
    let Some(&leak) = leaks.first() else {
        return Ok(LeakProof { method: LEAK_METHOD.to_owned(), checked, found: 0, near: None });
    };
    let mut places = places(dataset, content, leak)?.into_iter().map(Box::new);
    let mut next = || places.next().expect("the content was seen on two sides a moment ago");
    let advice = match content {
        Content::Split(_) => "the shards were changed after the run, write the dataset again",
        Content::Shards => "put `split` behind the step that makes them equal and run the pipeline again",
    };
    Err(Error::Leak { found: leaks.len() as u64, first: next(), second: next(), advice })
}

/// The hashes that bear the marks of more than one side, without them.
pub(crate) fn on_two_sides(hashes: &mut [u128]) -> Vec<u128> {
    hashes.par_sort_unstable();
    let contents = hashes.chunk_by(|one, other| one >> SIDE_BITS == other >> SIDE_BITS);
    let on_two_sides = |content: &&[u128]| content.first() != content.last();
    contents.filter(on_two_sides).map(|content| unmarked(content[0])).collect()
}

/// A marked hash without its mark.
pub(crate) fn unmarked(hash: u128) -> u128 {
    hash >> SIDE_BITS
}

/// The first row that holds the content on each side that does.
pub(crate) fn places(dataset: &Dataset, content: &Content<'_>, wanted: u128) -> Result<Vec<Place>> {
    let mut places: Vec<Place> = Vec::new();
    for side in sides(dataset) {
        for shard in dataset.shards(side) {
            if let Some(place) = first_in(dataset, content, &shard.path, wanted)? {
                places.push(place);
                break;
            }
        }
    }
    Ok(places)
}

fn first_in(dataset: &Dataset, content: &Content<'_>, shard: &str, wanted: u128) -> Result<Option<Place>> {
    let schema = dataset.parquet(shard)?.schema().clone();
    let mut names = content.names(&schema);
    names.push("id");
    for documents in dataset.documents(shard, &names)? {
        let Documents { batch, places } = documents?;
        let hashes = decoded(shard, content.hashes(&batch))?;
        if let Some(index) = hashes.iter().position(|hash| hash.is_some_and(|hash| unmarked(hash) == wanted)) {
            let id = text(&batch, "id", index).unwrap_or_default();
            return Ok(Some(Place { shard: shard.to_owned(), row: places[index].0, id }));
        }
    }
    Ok(None)
}
