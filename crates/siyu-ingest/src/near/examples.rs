//! What is shown of clusters: ids, a few pairs of texts, how far their members lie apart.

use super::Pass;
use super::bucket::Bucket;
use super::documents::Stored;
use super::outcome::Example;
use super::raw;
use super::sketches::Ranks;
use crate::error::Result;
use siyu_text::near::{Documents, Links, jaccard};
use siyu_text::pii::{Kind, Masker, Replacement};
use std::path::Path;

/// Characters of an example's text.
const EXAMPLE_CHARS: usize = 4000;

/// Clusters looked at, and members of each.
const CLUSTERS: usize = 20;
const MEMBERS: usize = 300;

/// The id of a document.
pub(super) fn id(folder: &Path, before: &[u64], document: u32) -> Result<String> {
    let number = u64::from(document);
    let bucket = before.partition_point(|&first| first <= number) - 1;
    let path = folder.join(format!("ids-{bucket:08}.bin"));
    let file = raw::open(&path)?;
    let (place, documents) = (number - before[bucket], before[bucket + 1] - before[bucket]);
    let mut bytes = Vec::new();
    raw::read_at(&file, &path, 4 * place, 8, &mut bytes)?;
    let ends: Vec<u32> = raw::u32s(&bytes).collect();
    let start = 4 * (documents + 1) + u64::from(ends[0]);
    raw::read_at(&file, &path, start, (ends[1] - ends[0]) as usize, &mut bytes)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// The texts of the pairs drawn as examples, the document that stays first. Personal data of all kinds is masked in them,
/// whatever the pipeline masks behind the step: a report is passed on more freely than a dataset.
pub(super) fn read(pass: &Pass<'_>, ranks: &Ranks, links: &Links) -> Result<Vec<Example>> {
    let content = &pass.act.slots[..pass.job.content];
    let masker = Masker::new(Kind::ALL, Replacement::Fixed("<{kind}>".to_owned()));
    let text = |rank: u32| -> Result<(String, String)> {
        let (bucket, place) = pass.place(ranks.documents[rank as usize]);
        let rows = Bucket::read(pass, bucket)?;
        let mut text = String::new();
        rows.text(place as usize, content, &mut text);
        Ok((rows.id(place as usize).to_owned(), masker.mask(&text).text.chars().take(EXAMPLE_CHARS).collect()))
    };
    let example = |&(later, earlier, similarity): &(u32, u32, f64)| {
        let ((one, one_text), (other, other_text)) = (text(earlier)?, text(later)?);
        Ok(Example { similarity, ids: [one, other], texts: [one_text, other_text] })
    };
    links.examples.iter().map(example).collect()
}

/// The similarity of the two least alike members found in the largest clusters: from the kept one to the farthest, and
/// from there to the farthest again.
pub(super) fn least_alike(stored: &Stored<'_>, links: &Links, sizes: &[u32]) -> Result<Option<f64>> {
    let mut largest: Vec<(std::cmp::Reverse<u32>, u32)> = (0u32..)
        .zip(sizes)
        .filter(|(_, size)| **size > 1)
        .map(|(rank, size)| (std::cmp::Reverse(*size), rank))
        .collect();
    largest.sort_unstable();
    largest.truncate(CLUSTERS);
    let mut least: Option<f64> = None;
    for (_, kept) in largest {
        let others = (0u32..).zip(&links.mates).filter(|(_, mate)| **mate == kept).map(|(rank, _)| rank);
        let members: Vec<u32> = std::iter::once(kept).chain(others.take(MEMBERS)).collect();
        let mut sets = Vec::new();
        for member in members {
            let mut set = Vec::new();
            stored.load(member, &mut set)?;
            if !set.is_empty() {
                sets.push(set);
            }
        }
        let farthest = |from: &[u64]| {
            sets.iter().map(|set| jaccard(from, set)).enumerate().min_by(|one, other| one.1.total_cmp(&other.1))
        };
        let Some((far, _)) = sets.first().and_then(|set| farthest(set)) else { continue };
        let Some((_, similarity)) = farthest(&sets[far]) else { continue };
        least = Some(least.map_or(similarity, |known| known.min(similarity)));
    }
    Ok(least)
}
