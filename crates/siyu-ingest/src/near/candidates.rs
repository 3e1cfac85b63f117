//! The second pass: which documents share a key.

use super::bits::Bits;
use super::raw::{self, Numbers};
use super::sketches::{self, BAND_BYTES, EQUAL_BYTES, PARTITIONS, RECORD_BYTES, Ranks, SketchRecord};
use super::{Kind, Pass, sketches::document};
use crate::error::Result;
use crate::files;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use siyu_text::near::{Components, Group, Groups, LARGE, Signature, divide, group_record, pair_record};
use std::ops::Range;

/// Ranges of ranks whose candidates lie in one file: what of so many documents is sorted at a time fits into memory.
pub(super) fn ranges(documents: u32) -> u32 {
    (documents >> 16).clamp(1, 64)
}

/// Keys in memory at a time, where a single range has no more.
const TOGETHER: u64 = 1 << 20;

/// What documents are to be compared; the records themselves lie in a file per range of ranks.
pub(super) struct Candidates {
    /// For each group the places it has.
    pub(super) groups: Groups,
    /// Documents that have candidates.
    pub(super) wanted: Bits,
    /// Ranks of documents equal to one before them, each with the first such.
    pub(super) copies: Vec<(u32, u32)>,
    /// Ranks that are tied whatever their texts.
    pub(super) ties: Vec<(u32, u32)>,
    /// Documents of a split that stay together because those with the same key are too many to compare.
    pub(super) unseen: Vec<(u32, u32)>,
}

#[derive(Serialize, Deserialize)]
struct Found {
    groups: u64,
}

/// Finds candidates, or reads back what an earlier run has found.
pub(super) fn find(pass: &Pass<'_>, ranks: &Ranks) -> Result<Candidates> {
    let record = pass.folder.join("candidates.json");
    if files::read_record::<Found>(&record)?.is_none() {
        let records = sketches::records(pass)?;
        let (copies, ties) = equal(pass, ranks, &records)?;
        let (groups, unseen) = bands(pass, ranks, &records, &copies)?;
        write_pairs(pass, "unseen", &unseen)?;
        write_pairs(pass, "copies", &copies)?;
        write_pairs(pass, "ties", &ties)?;
        files::write_record(&record, &Found { groups })?;
    }
    let groups = groups(pass)?;
    let wanted = raw::u64s(&raw::read(&pass.folder.join("candidates-wanted.bin"))?).collect();
    let [copies, ties, unseen] = ["copies", "ties", "unseen"].map(|name| read_pairs(pass, name));
    let (copies, ties, unseen) = (copies?, ties?, unseen?);
    Ok(Candidates { groups, wanted: Bits::from_words(wanted), copies, ties, unseen })
}

/// The groups that were found, with nobody in their places.
pub(super) fn groups(pass: &Pass<'_>) -> Result<Groups> {
    let mut groups = Groups::default();
    for places in raw::u32s(&raw::read(&pass.folder.join("candidates-groups.bin"))?) {
        groups.add(places as usize);
    }
    Ok(groups)
}

/// The records of one range of ranks, ascending and each once.
pub(super) fn range_records(pass: &Pass<'_>, range: u32) -> Result<Vec<u64>> {
    let mut records = raw::read_u64s(&range_path(pass, range))?;
    records.par_sort_unstable();
    records.dedup();
    Ok(records)
}

/// The file of one range of ranks.
fn range_path(pass: &Pass<'_>, range: u32) -> std::path::PathBuf {
    pass.path("candidates-range", range)
}

type RankPairs = Vec<(u32, u32)>;

/// Copies, and ties between documents that are none.
fn equal(pass: &Pass<'_>, ranks: &Ranks, records: &[SketchRecord]) -> Result<(RankPairs, RankPairs)> {
    let (mut copies, mut ties) = (Vec::new(), Vec::new());
    let mut starts = vec![0u64; records.len()];
    for span in spans(records, |record| &record.equal) {
        let mut keys: Vec<(u128, u32)> = Vec::new();
        each_part(
            pass,
            "equal",
            EQUAL_BYTES,
            &mut starts,
            |bucket| records[bucket].equal[span.clone()].iter().sum(),
            |first, bytes| {
                let high = raw::u64s(&bytes[..8]).next().unwrap_or_default();
                let low = raw::u64s(&bytes[8..16]).next().unwrap_or_default();
                let place = raw::u32s(&bytes[16..]).next().unwrap_or_default();
                keys.push((u128::from(high) << 64 | u128::from(low), ranks.ranks[(first + place) as usize]));
            },
        )?;
        keys.par_sort_unstable();
        for group in keys.chunk_by(|one, other| one.0 == other.0) {
            let pairs = group[1..].iter().map(|(_, rank)| (*rank, group[0].1)).filter(|(rank, first)| rank != first);
            if group[0].0 & 1 == 1 { copies.extend(pairs) } else { ties.extend(pairs) }
        }
    }
    copies.par_sort_unstable();
    Ok((copies, ties))
}

/// The documents that are copies of others.
fn copied(count: u32, copies: &RankPairs) -> Bits {
    let mut is_copy = Bits::new(count);
    for (copy, _) in copies {
        is_copy.insert(*copy);
    }
    is_copy
}

/// Members of a group up to which a split compares all of them with each other. A larger one goes to one side
/// unseen: what is not compared cannot be told apart, and nothing that is alike may be on two sides.
const WHOLE: usize = 1 << 13;

/// Writes the records of candidates that share a band; returns the number of groups, and the documents that stay together
/// because they are too many to compare.
fn bands(pass: &Pass<'_>, ranks: &Ranks, records: &[SketchRecord], copies: &RankPairs) -> Result<(u64, RankPairs)> {
    let count = pass.count();
    let mut unseen = matches!(pass.job.kind, Kind::Split(_)).then(|| Components::new(count));
    let (is_copy, mut wanted) = (copied(count, copies), Bits::new(count));
    let (mut files, range) = range_files(pass)?;
    let mut groups = Numbers::create(pass.folder.join("candidates-groups.bin"))?;
    let mut number = 0u32;
    let mut starts = vec![0u64; records.len()];
    for span in spans(records, |record| &record.bands) {
        pass.engine.progress.go_on()?;
        let mut keys: Vec<(u64, u32)> = Vec::new();
        each_part(
            pass,
            "bands",
            BAND_BYTES,
            &mut starts,
            |bucket| records[bucket].bands[span.clone()].iter().sum(),
            |first, bytes| {
                let key = raw::u64s(&bytes[..8]).next().unwrap_or_default();
                let place = raw::u32s(&bytes[8..]).next().unwrap_or_default();
                let rank = ranks.ranks[(first + place) as usize];
                if !is_copy.contains(rank) {
                    keys.push((key, rank));
                }
            },
        )?;
        keys.par_sort_unstable();
        let mut members: Vec<u32> = Vec::new();
        for group in keys.chunk_by(|one, other| one.0 == other.0).filter(|group| group.len() > 1) {
            members.clear();
            members.extend(group.iter().map(|(_, rank)| *rank));
            for part in parts(&members, &mut unseen, |members| signatures(pass, ranks, members))? {
                match part {
                    Group::Pairs(members) => {
                        for (position, &later) in members.iter().enumerate() {
                            wanted.insert(ranks.documents[later as usize]);
                            for &earlier in &members[..position] {
                                files[range(later)].u64s(&[pair_record(later, earlier)])?;
                            }
                        }
                    }
                    Group::Members(members, places) => {
                        groups.u32s(&[u32::try_from(places).expect("places are few")])?;
                        for member in members {
                            wanted.insert(ranks.documents[member as usize]);
                            files[range(member)].u64s(&[group_record(member, number)])?;
                        }
                        number += 1;
                    }
                }
            }
        }
    }
    files.into_iter().try_for_each(Numbers::finish)?;
    groups.finish()?;
    let mut file = Numbers::create(pass.folder.join("candidates-wanted.bin"))?;
    file.u64s(wanted.words())?;
    file.finish()?;
    let unseen = unseen.iter().flat_map(|all| (0..count).map(|rank| (rank, all.root(rank))));
    Ok((u64::from(number), unseen.filter(|(rank, first)| rank != first).collect()))
}

/// What of the documents with one key is to be compared. Of a split nothing is left out: those too many to compare are
/// connected in `unseen` instead.
fn parts<E>(
    members: &[u32],
    unseen: &mut Option<Components>,
    signatures: impl FnOnce(&[u32]) -> Result<Vec<Signature>, E>,
) -> Result<Vec<Group>, E> {
    match unseen {
        Some(unseen) if members.len() > WHOLE => {
            members[1..].iter().for_each(|&member| unseen.union(members[0], member));
            Ok(Vec::new())
        }
        Some(_) if members.len() > LARGE => Ok(vec![Group::Members(members.to_vec(), members.len())]),
        _ => divide(members, signatures),
    }
}

/// A file for each range of ranks, and the range that a rank falls into.
fn range_files(pass: &Pass<'_>) -> Result<(Vec<Numbers>, impl Fn(u32) -> usize)> {
    let count = pass.count();
    let ranges = ranges(count);
    let files = (0..ranges).map(|range| Numbers::create(range_path(pass, range))).collect::<Result<_>>()?;
    let range = move |rank: u32| {
        let range = u64::from(rank) * u64::from(ranges) / u64::from(count.max(1));
        usize::try_from(range).expect("below the ranges")
    };
    Ok((files, range))
}

/// Ranges of keys that are looked at together: as many as hold not too many keys, and one at least.
fn spans(records: &[SketchRecord], counts: impl Fn(&SketchRecord) -> &[u64]) -> Vec<Range<usize>> {
    let mut spans: Vec<Range<usize>> = Vec::new();
    let mut held = 0;
    for partition in 0..PARTITIONS {
        let count: u64 = records.iter().map(|record| counts(record)[partition]).sum();
        match spans.last_mut() {
            Some(span) if held + count <= TOGETHER => span.end = partition + 1,
            _ => {
                held = 0;
                spans.push(partition..partition + 1);
            }
        }
        held += count;
    }
    spans
}

/// Reads the next part of every bucket's file: `of` says how many records, `each` gets them with the bucket's first
/// document.
fn each_part(
    pass: &Pass<'_>,
    name: &str,
    size: usize,
    starts: &mut [u64],
    of: impl Fn(usize) -> u64,
    mut each: impl FnMut(u32, &[u8]),
) -> Result<()> {
    let mut bytes = Vec::new();
    for (bucket, start) in starts.iter_mut().enumerate() {
        let count = of(bucket);
        if count == 0 {
            continue;
        }
        let path = pass.path(name, u32::try_from(bucket).expect("at most 4096"));
        let length = usize::try_from(count).expect("a part fits into memory") * size;
        raw::read_at(&raw::open(&path)?, &path, *start * size as u64, length, &mut bytes)?;
        *start += count;
        let first = u32::try_from(pass.before[bucket]).expect("checked at the start");
        bytes.chunks_exact(size).for_each(|record| each(first, record));
    }
    Ok(())
}

/// Documents of a bucket to each wanted one, up to which all of them are read at once.
const SPARSE: usize = 16;

/// The signatures of documents, in their order; each bucket's file is opened once.
fn signatures(pass: &Pass<'_>, ranks: &Ranks, members: &[u32]) -> Result<Vec<Signature>> {
    let placed = |(index, &rank): (usize, &u32)| (pass.place(ranks.documents[rank as usize]), index);
    let mut places: Vec<((u32, u32), usize)> = members.iter().enumerate().map(placed).collect();
    places.sort_unstable();
    let mut signatures = vec![Signature::default(); members.len()];
    let mut bytes = Vec::new();
    for part in places.chunk_by(|one, other| one.0.0 == other.0.0) {
        let bucket = part[0].0.0;
        let path = pass.path("documents", bucket);
        let file = raw::open(&path)?;
        let all =
            usize::try_from(pass.before[bucket as usize + 1] - pass.before[bucket as usize]).unwrap_or(usize::MAX);
        let at_once = all / SPARSE <= part.len();
        if at_once {
            raw::read_at(&file, &path, 0, all * RECORD_BYTES, &mut bytes)?;
        }
        for &((_, place), index) in part {
            let start = place as usize * RECORD_BYTES;
            if !at_once {
                raw::read_at(&file, &path, start as u64, RECORD_BYTES, &mut bytes)?;
            }
            let record = if at_once { &bytes[start..start + RECORD_BYTES] } else { &bytes[..] };
            signatures[index] = document(record).signature;
        }
    }
    Ok(signatures)
}

fn write_pairs(pass: &Pass<'_>, name: &str, pairs: &[(u32, u32)]) -> Result<()> {
    let mut file = Numbers::create(pass.folder.join(format!("candidates-{name}.bin")))?;
    pairs.iter().try_for_each(|pair| file.u32s(&[pair.0, pair.1]))?;
    file.finish()
}

fn read_pairs(pass: &Pass<'_>, name: &str) -> Result<Vec<(u32, u32)>> {
    let bytes = raw::read(&pass.folder.join(format!("candidates-{name}.bin")))?;
    let numbers: Vec<u32> = raw::u32s(&bytes).collect();
    Ok(numbers.as_chunks::<2>().0.iter().map(|pair| (pair[0], pair[1])).collect())
}

#[cfg(test)]
mod tests {
    use super::{Components, Group, LARGE, Signature, WHOLE, parts};

    #[test]
    fn a_split_leaves_no_pair_of_a_large_group_unseen_but_together() {
        let members: Vec<u32> = (0u32..).take(WHOLE + 1).collect();
        // No two have a piece of their signatures in common: whoever divides by them finds no pair.
        let apart = |members: &[u32]| -> Result<Vec<Signature>, ()> {
            Ok(members.iter().map(|&member| [u64::from(member) * 0x0001_0001_0001_0001; 8]).collect())
        };
        assert_eq!(parts(&members, &mut None, apart).unwrap(), []);
        let mut unseen = Some(Components::new(u32::MAX >> 12));
        let large = &members[..=LARGE];
        let whole = [Group::Members(large.to_vec(), large.len())];
        assert_eq!(parts(large, &mut unseen, apart).unwrap(), whole);
        assert!(unseen.as_ref().is_some_and(|unseen| unseen.root(1) == 1));
        assert_eq!(parts(&members, &mut unseen, apart).unwrap(), []);
        assert!(unseen.is_some_and(|unseen| members.iter().all(|&member| unseen.root(member) == 0)));
    }
}
