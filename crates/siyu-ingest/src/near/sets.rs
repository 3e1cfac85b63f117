//! The third pass: the hashed shingles of documents that have candidates.

use super::bits::Bits;
use super::bucket::Bucket;
use super::candidates::Candidates;
use super::raw::Numbers;
use super::{Pass, SET, each_bucket};
use crate::error::Result;
use siyu_text::near::Shingler;

/// Writes, per bucket, the sets and their sizes.
pub(super) fn write(pass: &Pass<'_>, candidates: &Candidates) -> Result<()> {
    let shingler = Shingler::new(pass.job.shingles);
    each_bucket(pass, SET, |bucket| set_bucket(pass, &candidates.wanted, bucket, shingler.clone()))?;
    Ok(())
}

/// Writes the sets of one bucket's documents that are to be compared.
pub(super) fn set_bucket(pass: &Pass<'_>, wanted: &Bits, bucket: u32, mut shingler: Shingler) -> Result<()> {
    let mut sizes = Numbers::create(pass.path("sets-sizes", bucket))?;
    let mut sets = Numbers::create(pass.path("sets", bucket))?;
    let first = u32::try_from(pass.before[bucket as usize]).expect("checked at the start");
    let end = u32::try_from(pass.before[bucket as usize + 1]).expect("checked at the start");
    if (first..end).any(|document| wanted.contains(document)) {
        let rows = Bucket::read(pass, bucket)?;
        let mut text = String::new();
        for place in 0..rows.order().len() {
            if wanted.contains(first + u32::try_from(place).expect("counted in 32 bits")) {
                rows.text(place, &pass.act.slots[..pass.job.content], &mut text);
                let set = shingler.set(&text);
                sets.u64s(set)?;
                sizes.u32s(&[u32::try_from(set.len()).expect("a document has fewer than 2^32 shingles")])?;
            }
        }
    }
    sets.finish()?;
    sizes.finish()
}
