//! Holds the ledger of the split against the shards: each content has one side, and it is the one it lies on.
//!
//! Memory: 16 bytes an entry.

use arrow::{
    array::{Array, AsArray},
    compute::cast,
    datatypes::DataType,
};

use crate::{
    Dataset, Error, PartRecord, Result,
    dataset::decoded,
    leak::{self, Content, marked, on_two_sides, places, unmarked},
};

/// Columns of the ledger: the content's hash in hexadecimal, and the side.
pub(crate) const COLUMNS: &[&str] = &["content", "side"];

/// Proves that every content of the shards, given by marked hashes in ascending order, is in the ledger with its side.
pub(crate) fn prove(dataset: &Dataset, ledger: &PartRecord, content: &Content<'_>, hashes: &[u128]) -> Result<()> {
    let mut entries = entries(dataset, ledger)?;
    let torn = on_two_sides(&mut entries).len() as u64;
    if torn > 0 {
        return Err(Error::TornLedger { path: ledger.path.clone(), found: torn });
    }
    let mut known = entries.iter().copied().peekable();
    let mut strange = hashes.chunk_by(|one, other| one == other).map(|same| same[0]).filter(|hash| {
        while known.peek().is_some_and(|entry| entry < hash) {
            known.next();
        }
        known.peek() != Some(hash)
    });
    let Some(first) = strange.next() else { return Ok(()) };
    let found = 1 + strange.count() as u64;
    let place = places(dataset, content, unmarked(first))?.into_iter().next();
    let first = Box::new(place.expect("the content was read from a shard a moment ago"));
    Err(Error::Ledger { ledger: ledger.path.clone(), found, first })
}

/// The entries as marked hashes, in the order of the file.
fn entries(dataset: &Dataset, ledger: &PartRecord) -> Result<Vec<u128>> {
    let path = &ledger.path;
    let (sides, mut entries) = (leak::sides(dataset), Vec::new());
    for batch in dataset.batches(path, Some(COLUMNS))? {
        let batch = decoded(path, batch)?;
        let column = |index: usize| decoded(path, cast(batch.column(index), &DataType::Utf8));
        let (hashes, names) = (column(0)?, column(1)?);
        for (hash, name) in hashes.as_string::<i32>().iter().zip(names.as_string::<i32>().iter()) {
            // No content has the hash 0 but by chance, and no shard the side that follows the last.
            let hash = hash.and_then(|hash| u128::from_str_radix(hash, 16).ok()).unwrap_or_default();
            let side = name.and_then(|name| sides.binary_search(&name).ok()).unwrap_or(sides.len());
            entries.push(marked(hash, side));
        }
        debug_assert_eq!(hashes.len(), names.len());
    }
    Ok(entries)
}
