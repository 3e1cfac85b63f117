//! Looks for the same content on two sides of the split.
//!
//! Memory: 16 bytes a row, and as much again while the shards' lists become one. The number of the side takes the place of 16 of the 128 bits of a hash, so one
//! sort brings equal contents of all sides together; where the rows are is looked up only for a leak.

use rayon::prelude::*;

use crate::{
    Dataset, Documents, Error, LeakProof, Place, Result,
    content::{content_columns, row_hashes},
    dataset::{decoded, text},
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

/// Proves that no content is on two sides, given the marked hashes of all rows.
///
/// # Errors
/// [`Error::Leak`] names two rows.
pub(crate) fn prove(dataset: &Dataset, mut hashes: Vec<u128>) -> Result<LeakProof> {
    let leaks = on_two_sides(&mut hashes);
    let checked = hashes.len() as u64;
    match leaks.first() {
        None => Ok(LeakProof { method: LEAK_METHOD.to_owned(), checked, found: 0, near: None }),
        Some(&leak) => Err(locate(dataset, leak, leaks.len() as u64)?),
    }
}

/// The hashes that bear the marks of more than one side, without them.
pub(crate) fn on_two_sides(hashes: &mut [u128]) -> Vec<u128> {
    hashes.par_sort_unstable();
    let contents = hashes.chunk_by(|one, other| one >> SIDE_BITS == other >> SIDE_BITS);
    let on_two_sides = |content: &&[u128]| content.first() != content.last();
    contents.filter(on_two_sides).map(|content| content[0] >> SIDE_BITS).collect()
}

/// The first row of each of the first two sides that hold the content.
fn locate(dataset: &Dataset, leak: u128, found: u64) -> Result<Error> {
    let mut places: Vec<Place> = Vec::new();
    for side in sides(dataset) {
        for shard in dataset.shards(side) {
            if let Some(place) = first_in(dataset, &shard.path, leak)? {
                places.push(place);
                break;
            }
        }
    }
    let mut places = places.into_iter().map(Box::new);
    let mut next = || places.next().expect("the content was seen on two sides a moment ago");
    Ok(Error::Leak { found, first: next(), second: next() })
}

fn first_in(dataset: &Dataset, shard: &str, leak: u128) -> Result<Option<Place>> {
    let schema = dataset.parquet(shard)?.schema().clone();
    let mut names: Vec<&str> =
        content_columns(&schema).iter().map(|&index| schema.field(index).name().as_str()).collect();
    names.push("id");
    for documents in dataset.documents(shard, &names)? {
        let Documents { batch, places } = documents?;
        let hashes = decoded(shard, row_hashes(&batch))?;
        if let Some(index) = hashes.iter().position(|hash| hash.is_some_and(|hash| hash >> SIDE_BITS == leak)) {
            let id = text(&batch, "id", index).unwrap_or_default();
            return Ok(Some(Place { shard: shard.to_owned(), row: places[index].0, id }));
        }
    }
    Ok(None)
}
