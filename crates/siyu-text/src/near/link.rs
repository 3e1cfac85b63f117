//! From candidates to clusters: every pair that counts is compared on its whole sets.
//!
//! Documents are numbered by rank: the one to keep first comes first. They are settled in this order, a few hundred at
//! a time on all cores, so that the outcome is that of one document after another.

#![expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "similarities lie between 0 and 1, and four bytes a document hold them"
)]

use super::met::Mets;
use super::{Components, Filter, Groups, Signature, jaccard_at_least};
use rayon::prelude::*;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What ties a document to a cluster.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Link {
    /// Resemblance to any member: chains of small changes become one cluster.
    Single,
    /// Resemblance to the document that is kept: nothing is dropped that does not resemble what stays.
    #[default]
    Representative,
}

/// What is known of the documents, by rank.
pub trait Documents: Sync {
    /// Why a set cannot be read.
    type Error: Send;

    /// Reads the set of a document's shingles, ascending and each once, in place of what `set` holds.
    fn load(&self, document: u32, set: &mut Vec<u64>) -> Result<(), Self::Error>;

    /// The document's signature.
    fn signature(&self, document: u32) -> &Signature;

    /// The size of its set.
    fn size(&self, document: u32) -> u32;
}

/// A document may resemble an earlier one.
pub fn pair_record(document: u32, earlier: u32) -> u64 {
    u64::from(document) << 32 | u64::from(earlier)
}

/// A document belongs to a group.
pub fn group_record(document: u32, group: u32) -> u64 {
    u64::from(document) << 32 | GROUP | u64::from(group)
}

pub(super) const GROUP: u64 = 1 << 31;

/// No document.
const NONE: u32 = u32::MAX;

/// Documents settled at once.
pub(super) const BATCH: usize = 256;

/// Pairs kept to look at.
const EXAMPLES: usize = 5;

/// What was found, by rank.
#[derive(Clone, Debug)]
pub struct Links {
    /// The document that is kept in a document's place; `u32::MAX` for those that are kept.
    pub mates: Vec<u32>,
    /// The similarity with it.
    pub similarities: Vec<f32>,
    /// Documents connected with one another; only with [`Link::Single`].
    pub components: Components,
    /// Verified pairs by similarity in hundredths.
    pub histogram: Vec<u64>,
    /// Pairs compared, by signature or on their sets.
    pub compared: u64,
    /// A few verified pairs, drawn by their numbers: the later document, the earlier one, the similarity.
    pub examples: Vec<(u32, u32, f64)>,
}

/// Settles documents in the order of their ranks.
pub struct Linker<'a, D> {
    documents: &'a D,
    similarity: f64,
    filter: Filter,
    link: Link,
    groups: Groups,
    links: Links,
    mets: Mets,
}

#[derive(Default)]
struct Found {
    edges: Vec<(u32, f64)>,
    /// Candidates that are too unlike: counted only, for there may be thousands of them a document.
    refused: u64,
}

impl<'a, D: Documents> Linker<'a, D> {
    /// Links `count` documents that are at least `similarity` alike; all groups of the records are in `groups`.
    pub fn new(documents: &'a D, count: u32, similarity: f64, link: Link, groups: Groups) -> Self {
        let whole = if link == Link::Single { count } else { 0 };
        let links = Links {
            mates: vec![NONE; count as usize],
            similarities: vec![0.0; count as usize],
            components: Components::new(whole),
            histogram: vec![0; 101],
            compared: 0,
            examples: Vec::new(),
        };
        Self { documents, similarity, filter: Filter::new(similarity), link, groups, links, mets: Mets::new(count) }
    }

    /// Connects two documents without comparing them; only with [`Link::Single`].
    pub fn connect(&mut self, one: u32, other: u32) {
        self.links.components.union(one, other);
    }

    /// Settles documents by their records, in ascending order and those of one document together; `went` is told how many
    /// more are settled.
    ///
    /// # Errors
    /// Those of [`Documents::load`] and of `went`.
    pub fn settle(
        &mut self,
        records: &[u64],
        mut went: impl FnMut(u64) -> Result<(), D::Error>,
    ) -> Result<(), D::Error> {
        let documents: Vec<&[u64]> = records.chunk_by(|one, other| one >> 32 == other >> 32).collect();
        for batch in documents.chunks(BATCH) {
            let first = document(batch[0][0]);
            let found = batch.par_iter().map(|records| self.compare(records, first, false));
            let found: Vec<Found> = found.collect::<Vec<Result<_, _>>>().into_iter().collect::<Result<_, _>>()?;
            for (records, mut found) in batch.iter().zip(found) {
                let inside = self.compare(records, first, true)?;
                found.edges.extend(inside.edges);
                found.refused += inside.refused;
                self.decide(records, &found);
            }
            went(batch.len() as u64)?;
        }
        Ok(())
    }

    /// What was found. With [`Link::Single`] the mates are still to be named, by [`Links::name_mates`].
    pub fn finish(self) -> Links {
        self.links
    }

    /// Compares a document with its candidates: those from `first` on, or those before it.
    fn compare(&self, records: &[u64], first: u32, inside: bool) -> Result<Found, D::Error> {
        let mut found = Found::default();
        let number = document(records[0]);
        let mut met = self.mets.own();
        let wanted = |candidate: u32| self.link == Link::Single || self.links.mates[candidate as usize] == NONE;
        let candidates = met.of(records, &self.groups, (first, inside), wanted);
        let mut own = Vec::new();
        let mut other = Vec::new();
        let mut connected = Vec::new();
        if self.link == Link::Single {
            connected.push(self.links.components.root(number));
        }
        for &candidate in candidates {
            let root = if self.link == Link::Single { self.links.components.root(candidate) } else { candidate };
            if connected.contains(&root) {
                continue;
            }
            if !self.may_resemble(number, candidate) {
                found.refused += 1;
                continue;
            }
            if own.is_empty() {
                self.documents.load(number, &mut own)?;
            }
            self.documents.load(candidate, &mut other)?;
            match jaccard_at_least(&own, &other, self.similarity) {
                None => found.refused += 1,
                Some(similarity) => {
                    found.edges.push((candidate, similarity));
                    if self.link == Link::Single {
                        connected.push(root);
                    }
                }
            }
        }
        Ok(found)
    }

    fn may_resemble(&self, one: u32, other: u32) -> bool {
        let (small, large) = (self.documents.size(one), self.documents.size(other));
        let (small, large) = (f64::from(small.min(large)), f64::from(small.max(large)));
        small >= self.similarity * large * (1.0 - 1e-12)
            && self.filter.passes(self.documents.signature(one), self.documents.signature(other))
    }

    fn decide(&mut self, records: &[u64], found: &Found) {
        let number = document(records[0]);
        self.links.compared += found.edges.len() as u64 + found.refused;
        for &(other, similarity) in &found.edges {
            self.links.histogram[(similarity * 100.0) as usize] += 1;
            self.links.examples.push((number, other, similarity));
        }
        if self.links.examples.len() > EXAMPLES {
            self.links.examples.sort_by_key(|&(one, other, _)| super::mix(pair_record(one, other)));
            self.links.examples.truncate(EXAMPLES);
        }
        match self.link {
            Link::Single => found.edges.iter().for_each(|&(other, _)| self.links.components.union(number, other)),
            Link::Representative => {
                let best = found.edges.iter().max_by(|one, other| one.1.total_cmp(&other.1).then(other.0.cmp(&one.0)));
                if let Some(&(mate, similarity)) = best {
                    self.links.mates[number as usize] = mate;
                    self.links.similarities[number as usize] = similarity as f32;
                    return;
                }
            }
        }
        for record in records.iter().filter(|record| *record & GROUP != 0) {
            self.groups.put(low(*record), number);
        }
    }
}

impl Links {
    /// Names the first document of each component as the mate of the others, with their similarity.
    ///
    /// # Errors
    /// Those of [`Documents::load`].
    pub fn name_mates<D: Documents>(&mut self, documents: &D) -> Result<(), D::Error> {
        let roots: Vec<u32> = (0u32..).take(self.mates.len()).map(|document| self.components.root(document)).collect();
        let similarity = |(number, &root): (u32, &u32)| -> Result<f32, D::Error> {
            if number == root {
                return Ok(0.0);
            }
            let (mut one, mut other) = (Vec::new(), Vec::new());
            documents.load(number, &mut one)?;
            documents.load(root, &mut other)?;
            Ok(super::jaccard(&one, &other) as f32)
        };
        let numbered: Vec<(u32, &u32)> = (0u32..).zip(&roots).collect();
        let found: Vec<Result<f32, D::Error>> = numbered.into_par_iter().map(similarity).collect();
        self.similarities = found.into_iter().collect::<Result<_, _>>()?;
        self.mates = (0u32..).zip(roots).map(|(number, root)| if number == root { NONE } else { root }).collect();
        Ok(())
    }
}

pub(super) fn document(record: u64) -> u32 {
    u32::try_from(record >> 32).expect("half of 64 bits")
}

/// The candidate or the group that a record names.
pub(super) fn low(record: u64) -> u32 {
    u32::try_from(record & (GROUP - 1)).expect("31 bits")
}

#[cfg(test)]
mod tests;
