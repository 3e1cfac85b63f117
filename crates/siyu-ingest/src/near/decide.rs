//! The fourth pass: what becomes of each document.

use super::apart::{Tied, missed};
use super::candidates::{Candidates, groups, range_records, ranges};
use super::documents::Stored;
use super::examples;
use super::inherit::Previous;
use super::outcome::{DividedReport, NearReport};
use super::raw::{self, Numbers};
use super::sides::{self, SIDES};
use super::sketches::{self, Ranks, documents};
use super::{Kind, Pass, SplitJob};
use crate::error::{Error, Result};
use crate::files;
use crate::steps::sample::unit_interval;
use siyu_text::near::{Crossing, Link, Linker, Links};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

/// No document.
pub(super) const NONE: u32 = u32::MAX;

/// How far a share may be missed without a word.
const MISSED: f64 = 0.005;

/// What becomes of every document that reached a step.
pub(crate) struct Decisions {
    pub(crate) report: NearReport,
    /// The document that is kept in another's place, by number; empty where none is dropped.
    mates: Vec<u32>,
    similarities: Vec<f32>,
    /// The side of each document; empty where there are none.
    sides: Vec<u8>,
    pub(super) folder: PathBuf,
    pub(super) before: Vec<u64>,
    /// Which exchange, and which of its acts.
    pub(super) exchange: usize,
    pub(super) act: usize,
    /// The columns that were compared.
    pub(super) columns: Vec<usize>,
    /// The ledger that sides were taken from.
    pub(super) previous: Option<PathBuf>,
}

impl std::fmt::Debug for Decisions {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "{}", self.report.step)
    }
}

impl Decisions {
    /// Opens the decisions that are made, if they are.
    pub(super) fn open(pass: &Pass<'_>) -> Result<Option<Self>> {
        let Some(report) = files::read_record::<NearReport>(&pass.folder.join("decisions.json"))? else {
            return Ok(None);
        };
        let read = |name: &str| raw::read(&pass.folder.join(name));
        let (mut mates, mut similarities, mut sides, mut previous) = (Vec::new(), Vec::new(), Vec::new(), None);
        match &pass.job.kind {
            Kind::Dedup(_) => {
                mates = raw::u32s(&read("mates.bin")?).collect();
                similarities = raw::u32s(&read("similarities.bin")?).map(f32::from_bits).collect();
            }
            Kind::Split(split) => {
                sides = read("sides.bin")?;
                previous.clone_from(&split.previous);
            }
        }
        let (folder, before) = (pass.folder.clone(), sketches::before(&sketches::records(pass)?));
        let (exchange, act) = (pass.number, pass.earlier.len());
        let columns = pass.act.slots[..pass.job.content].to_vec();
        Ok(Some(Self { report, mates, similarities, sides, folder, before, exchange, act, columns, previous }))
    }

    #[cfg(test)]
    pub(super) fn of_test(folder: PathBuf, (exchange, act): (usize, usize), mates: Vec<u32>) -> Self {
        let report = NearReport {
            step: String::new(),
            documents: 0,
            similarity: 0.8,
            bands: siyu_text::near::Bands { bands: 1, rows: 1 },
            copies: 0,
            compared: 0,
            histogram: Vec::new(),
            clusters: BTreeMap::new(),
            least_alike: None,
            examples: Vec::new(),
            divided: None,
        };
        let (before, columns) = (vec![0, mates.len() as u64], vec![7]);
        let (similarities, sides) = (Vec::new(), Vec::new());
        Self { report, mates, similarities, sides, folder, before, exchange, act, columns, previous: None }
    }

    /// Why a document is dropped, or nothing where it stays.
    pub(crate) fn dropped(&self, document: u64) -> Result<Option<String>> {
        let number = usize::try_from(document).expect("documents are counted in 32 bits");
        let Some(&mate) = self.mates.get(number).filter(|mate| **mate != NONE) else { return Ok(None) };
        // Never rounded up: what is shown as 0.8 is at least that.
        let similarity = (f64::from(self.similarities[number]) * 1e4 + 1e-3).floor() / 1e4;
        let id = examples::id(&self.folder, &self.before, mate)?;
        Ok(Some(siyu_dataset::near_copy_detail(&id, similarity)))
    }

    /// Whether a document is dropped.
    pub(crate) fn is_dropped(&self, document: u64) -> bool {
        let number = usize::try_from(document).expect("documents are counted in 32 bits");
        self.mates.get(number).is_some_and(|mate| *mate != NONE)
    }

    /// Documents before each bucket, and at the end all of them.
    pub(crate) fn rows_before(&self) -> Arc<[u64]> {
        Arc::from(self.before.as_slice())
    }

    /// Whether documents may be dropped.
    pub(crate) fn drops(&self) -> bool {
        self.sides.is_empty()
    }

    /// The side of a document.
    pub(crate) fn side(&self, document: u64) -> &'static str {
        let number = usize::try_from(document).expect("documents are counted in 32 bits");
        SIDES[usize::from(self.sides[number])]
    }

    /// The document that is kept in each one's place, by number.
    pub(super) fn mates(&self) -> &[u32] {
        &self.mates
    }

    /// The number of each document's side.
    pub(super) fn sides(&self) -> &[u8] {
        &self.sides
    }
}

/// Compares candidates, and writes what becomes of the documents.
pub(super) fn decide(pass: &Pass<'_>, ranks: &Ranks, mut candidates: Candidates) -> Result<()> {
    let stored = Stored::open(pass, ranks, &mut candidates)?;
    let links = link(pass, &stored, &mut candidates)?;
    let mut report = NearReport {
        step: pass.engine.plan.labels[pass.act.step.expect("a step asked")].clone(),
        documents: u64::from(pass.count()),
        similarity: pass.job.similarity,
        bands: pass.job.bands,
        copies: candidates.copies.len() as u64,
        compared: links.compared,
        histogram: links.histogram.clone(),
        clusters: BTreeMap::new(),
        least_alike: None,
        examples: examples::read(pass, ranks, &links)?,
        divided: None,
    };
    match &pass.job.kind {
        Kind::Dedup(_) => keep_one(pass, ranks, &candidates, &stored, links, &mut report)?,
        Kind::Split(split) => divide(pass, split, ranks, &Tied { stored, candidates, links }, &mut report)?,
    }
    files::write_record(&pass.folder.join("decisions.json"), &report)
}

/// Counts the pairs that were compared and whose documents ended on two sides.
fn crossing(pass: &Pass<'_>, sides: &[u8], documents: u64) -> Result<u64> {
    let progress = pass.engine.progress;
    let mut crossing = Crossing::new(groups(pass)?, sides);
    progress.compare(documents);
    for range in 0..ranges(pass.count()) {
        crossing.add(&range_records(pass, range)?, |documents| progress.compared(documents))?;
    }
    progress.buckets(pass.exchange.buckets);
    Ok(crossing.count())
}

fn link(pass: &Pass<'_>, stored: &Stored<'_>, candidates: &mut Candidates) -> Result<Links> {
    let groups = std::mem::take(&mut candidates.groups);
    let mut linker = Linker::new(stored, pass.count(), pass.job.similarity, pass.job.link, groups);
    if matches!(pass.job.kind, Kind::Split(_)) {
        candidates
            .copies
            .iter()
            .chain(&candidates.ties)
            .chain(&candidates.unseen)
            .for_each(|&(one, other)| linker.connect(one, other));
    }
    let progress = pass.engine.progress;
    progress.compare(stored.count());
    for range in 0..ranges(pass.count()) {
        linker.settle(&range_records(pass, range)?, |documents| progress.compared(documents))?;
    }
    progress.buckets(pass.exchange.buckets);
    let mut links = linker.finish();
    if pass.job.link == Link::Single && matches!(pass.job.kind, Kind::Dedup(_)) {
        links.name_mates(stored)?;
    }
    Ok(links)
}

#[expect(clippy::cast_possible_truncation, reason = "the lower half is wanted")]
fn low(hash: u128) -> u64 {
    hash as u64
}

fn keep_one(
    pass: &Pass<'_>,
    ranks: &Ranks,
    candidates: &Candidates,
    stored: &Stored<'_>,
    mut links: Links,
    report: &mut NearReport,
) -> Result<()> {
    for &(copy, first) in &candidates.copies {
        let mate = links.mates[first as usize];
        let (mate, similarity) = if mate == NONE { (first, 1.0) } else { (mate, links.similarities[first as usize]) };
        links.mates[copy as usize] = mate;
        links.similarities[copy as usize] = similarity;
    }
    let mut sizes = vec![1u32; links.mates.len()];
    links.mates.iter().filter(|mate| **mate != NONE).for_each(|&mate| sizes[mate as usize] += 1);
    for &size in sizes.iter().filter(|size| **size > 1) {
        *report.clusters.entry(u64::from(size)).or_default() += 1;
    }
    report.least_alike = examples::least_alike(stored, &links, &sizes)?;
    let mut mates = Numbers::create(pass.folder.join("mates.bin"))?;
    let mut similarities = Numbers::create(pass.folder.join("similarities.bin"))?;
    for &rank in &ranks.ranks {
        let mate = links.mates[rank as usize];
        mates.u32s(&[if mate == NONE { NONE } else { ranks.documents[mate as usize] }])?;
        similarities.u32s(&[links.similarities[rank as usize].to_bits()])?;
    }
    mates.finish()?;
    similarities.finish()
}

fn divide(pass: &Pass<'_>, split: &SplitJob, ranks: &Ranks, tied: &Tied<'_>, report: &mut NearReport) -> Result<()> {
    let count = pass.count() as usize;
    let connected = &tied.links.components;
    let (mut places, mut strata, mut earlier) = (vec![0.0; count], Vec::new(), vec![None; count]);
    strata.resize(if split.stratified { count } else { 0 }, 0u64);
    let previous = Previous::open(pass, split)?;
    for bucket in 0..pass.exchange.buckets {
        let first = usize::try_from(pass.before[bucket as usize]).expect("counted in 32 bits");
        for (number, document) in (first..).zip(documents(pass, bucket)?) {
            let rank = ranks.ranks[number] as usize;
            // The half of the hash that does not order documents: the first of many is always early, but anywhere here.
            places[rank] = unit_interval(low(document.order));
            if split.stratified {
                strata[rank] = document.stratum;
            }
            earlier[rank] = previous.side(number, document.content);
        }
    }
    let stratum = |rank: u32| strata.get(rank as usize).copied().unwrap_or(0);
    let describe = |rank: u32| (places[rank as usize], stratum(rank), earlier[rank as usize]);
    let components = sides::components(pass.count(), connected, describe);
    let (sides, off) = sides::divide(&components, split.shares);
    let mut divided = DividedReport::default();
    divided.warnings.extend(previous.strangers(&earlier));
    // Without a document no share is missed.
    if off > MISSED && count > 0 {
        let warning = missed(pass, ranks, tied, &components, &sides, split.shares)?;
        if split.strict {
            return Err(Error::StrictShares { problem: warning });
        }
        divided.warnings.push(warning);
    }
    let mut side_of_root = vec![0u8; count];
    components.iter().zip(&sides).for_each(|(component, &side)| side_of_root[component.root as usize] = side);
    let by_rank: Vec<u8> = (0..pass.count()).map(|rank| side_of_root[connected.root(rank) as usize]).collect();
    for component in &components {
        if component.rows > 1 {
            *report.clusters.entry(component.rows).or_default() += 1;
        }
    }
    let moved =
        (0..pass.count()).filter(|&rank| earlier[rank as usize].is_some_and(|side| side != by_rank[rank as usize]));
    for rank in moved {
        divided.moved += 1;
        if divided.moved_ids.len() < 100 {
            divided.moved_ids.push(examples::id(&pass.folder, &pass.before, ranks.documents[rank as usize])?);
        }
    }
    divided.checked = crossing(pass, &by_rank, tied.stored.count())?;
    report.divided = Some(divided);
    let by_document: Vec<u8> = ranks.ranks.iter().map(|&rank| by_rank[rank as usize]).collect();
    let mut file = Numbers::create(pass.folder.join("sides.bin"))?;
    file.bytes(&by_document)?;
    file.finish()
}
