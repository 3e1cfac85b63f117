//! What is shown of clusters: ids, a few pairs of texts, how far their members lie apart.

use super::Pass;
use super::bucket::Bucket;
use super::documents::Stored;
use super::outcome::Example;
use super::raw;
use super::sides::{Component, SIDES, Shares};
use super::sketches::Ranks;
use crate::error::Result;
use siyu_text::near::{Components, Documents, Links, jaccard};
use siyu_text::pii::{Kind, Masker, Replacement};
use std::fmt::Write;
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

/// Says how the shares are missed, which components are too large, and when they would fall apart.
pub(super) fn missed(
    pass: &Pass<'_>,
    ranks: &Ranks,
    stored: &Stored<'_>,
    connected: &Components,
    components: &[Component],
    sides: &[u8],
    shares: Shares,
) -> Result<String> {
    let total: u64 = components.iter().map(|component| component.rows).sum();
    let mut rows = [0; 3];
    components.iter().zip(sides).for_each(|(component, &side)| rows[usize::from(side)] += component.rows);
    let share = |(side, &name): (usize, &&str)| {
        format!(
            "{name} has {:.1} % of the rows instead of {:.1} %",
            100.0 * rows[side] as f64 / total as f64,
            100.0 * shares[side]
        )
    };
    let mut warning = SIDES.iter().enumerate().map(share).collect::<Vec<_>>().join(", ");
    let mut largest: Vec<&Component> = components.iter().filter(|component| component.rows > 1).collect();
    largest.sort_by_key(|component| (std::cmp::Reverse(component.rows), component.root));
    largest.truncate(5);
    if largest.is_empty() || largest[0].rows * 200 <= total {
        let _ = write!(
            warning,
            "; with only {} documents or groups of documents the shares cannot be met",
            components.len()
        );
        return Ok(warning);
    }
    warning.push_str("; documents that are too much alike stay together, the most of them around ");
    let mut named = Vec::new();
    for component in largest.into_iter().filter(|component| component.rows * 200 > total) {
        let id = id(&pass.folder, &pass.before, ranks.documents[component.root as usize])?;
        let apart = match falls_apart(stored, connected, component.root, pass.count())? {
            Some(similarity) => format!("would fall apart at similarity {similarity:.2}"),
            None => "equal or tied by `group_by`".to_owned(),
        };
        named.push(format!("`{id}` ({} rows, {apart})", component.rows));
    }
    Ok(warning + &named.join(", "))
}

/// The similarity from which on no more than half of a component hangs together, as a sample of it shows.
fn falls_apart(stored: &Stored<'_>, connected: &Components, root: u32, count: u32) -> Result<Option<f64>> {
    let mut sets = Vec::new();
    for member in (root..count).filter(|&rank| connected.root(rank) == root).take(MEMBERS) {
        let mut set = Vec::new();
        stored.load(member, &mut set)?;
        if !set.is_empty() {
            sets.push(set);
        }
    }
    let mut edges = Vec::new();
    for (one, set) in (0u32..).zip(&sets) {
        edges.extend((0u32..one).zip(&sets).map(|(other, earlier)| (jaccard(set, earlier), one, other)));
    }
    edges.sort_by(|one, other| other.0.total_cmp(&one.0));
    let members = u32::try_from(sets.len()).expect("a sample is small");
    let mut parts = Components::new(members);
    let mut sizes = vec![1u32; sets.len()];
    for (similarity, one, other) in edges {
        let (one, other) = (parts.find(one), parts.find(other));
        if one != other {
            parts.union(one, other);
            sizes[one.min(other) as usize] += sizes[one.max(other) as usize];
            if sizes[one.min(other) as usize] * 2 > members {
                return Ok(Some(similarity));
            }
        }
    }
    Ok(None)
}
