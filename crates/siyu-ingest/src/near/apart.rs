//! What the one is told whose shares cannot be met: which components are too large, and what would part them.

use super::Pass;
use super::candidates::Candidates;
use super::documents::Stored;
use super::examples::id;
use super::sides::{Component, SIDES, Shares};
use super::sketches::Ranks;
use crate::error::Result;
use rayon::prelude::*;
use siyu_text::near::{Components, Documents, Filter, Links, jaccard_at_least};
use std::fmt::Write;

/// Members of a component that are compared each with each.
const MEMBERS: usize = 2000;

/// What was found to stay together, and by what.
pub(super) struct Tied<'a> {
    pub(super) stored: Stored<'a>,
    pub(super) candidates: Candidates,
    pub(super) links: Links,
}

/// What would part a component, so that no more than half of it hangs together.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Apart {
    /// This similarity, in hundredths.
    At(u32),
    /// None: the documents are equal.
    Equal,
    /// None: the documents share groups.
    Grouped,
    /// One that is not known: too many documents are a little alike.
    Unseen,
}

/// Says how the shares are missed, which components are too large, and when they would fall apart.
pub(super) fn missed(
    pass: &Pass<'_>,
    ranks: &Ranks,
    tied: &Tied<'_>,
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
    warning.push_str("; documents that are too much alike or tied by a group stay together, the most of them around ");
    let mut named = Vec::new();
    for component in largest.into_iter().filter(|component| component.rows * 200 > total) {
        let id = id(&pass.folder, &pass.before, ranks.documents[component.root as usize])?;
        let connected = &tied.links.components;
        let all = (component.root..pass.count()).filter(|&rank| connected.root(rank) == component.root);
        let members: Vec<u32> = all.take(MEMBERS).collect();
        let apart = falls_apart(tied, &members, pass.job.similarity)?.of(members.len(), component.rows);
        named.push(format!("`{id}` ({} rows, {apart})", component.rows));
    }
    Ok(warning + &named.join(", "))
}

impl Apart {
    /// In words, where `members` of so many rows were looked at.
    fn of(self, members: usize, rows: u64) -> String {
        let whole = members as u64 == rows;
        match self {
            Self::At(hundredths) if whole => {
                format!("would fall apart at similarity {:.2}", f64::from(hundredths) / 100.0)
            }
            Self::At(hundredths) => {
                let similarity = f64::from(hundredths) / 100.0;
                format!("would fall apart at similarity {similarity:.2} or more, as {members} of them show")
            }
            Self::Equal => "equal texts, which no similarity parts".to_owned(),
            Self::Unseen => {
                "too many that are a little alike to compare each with each; a higher `leak_similarity` or \
                             longer shingles leave fewer"
                    .to_owned()
            }
            Self::Grouped => "tied by groups or equal columns, which no similarity parts".to_owned(),
        }
    }
}

/// What parts the members of a component, all of which or the first of which are given, ascending.
fn falls_apart(tied: &Tied<'_>, members: &[u32], least: f64) -> Result<Apart> {
    let mut parts = Parts::new(members.len());
    let place = |rank: &u32| members.binary_search(rank).ok();
    let mut unite = |pairs: &[(u32, u32)]| {
        let known = pairs.iter().filter_map(|(one, other)| Some((place(one)?, place(other)?)));
        known.fold(false, |most, (one, other)| parts.unite(one, other) || most)
    };
    if unite(&tied.candidates.copies) {
        return Ok(Apart::Equal);
    }
    if unite(&tied.candidates.ties) {
        return Ok(Apart::Grouped);
    }
    if unite(&tied.candidates.unseen) {
        return Ok(Apart::Unseen);
    }
    let mut pairs = alike(&tied.stored, members, least)?;
    pairs.par_sort_unstable_by(|one, other| other.0.total_cmp(&one.0).then(one.1.cmp(&other.1)));
    let last = pairs.iter().find(|&&(_, (one, other))| parts.unite(one as usize, other as usize));
    Ok(last.map_or(above(least), |&(similarity, _)| above(similarity)))
}

/// The first hundredth above a similarity.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "similarities lie between 0 and 1")]
fn above(similarity: f64) -> Apart {
    // What is written as 0.74 and read again must be above it, too.
    let hundredths = (similarity * 100.0 + 1e-9).floor() as u32 + 1;
    if hundredths > 100 { Apart::Equal } else { Apart::At(hundredths) }
}

/// A similarity and the places of the two members.
type Alike = (f64, (u32, u32));

/// The pairs of members that are at least so much alike.
fn alike(stored: &Stored<'_>, members: &[u32], least: f64) -> Result<Vec<Alike>> {
    let filter = Filter::new(least);
    let of_member = |(place, &rank): (u32, &u32)| -> Result<Vec<Alike>> {
        let (mut own, mut other, mut found) = (Vec::new(), Vec::new(), Vec::new());
        if !stored.has_set(rank) {
            return Ok(found);
        }
        stored.load(rank, &mut own)?;
        for (earlier, &candidate) in (0..place).zip(members) {
            if !stored.has_set(candidate) || !filter.passes(stored.signature(rank), stored.signature(candidate)) {
                continue;
            }
            stored.load(candidate, &mut other)?;
            found.extend(jaccard_at_least(&own, &other, least).map(|similarity| (similarity, (place, earlier))));
        }
        Ok(found)
    };
    let places: Vec<(u32, &u32)> = (0u32..).zip(members).collect();
    let found: Vec<Vec<Alike>> = places.into_par_iter().map(of_member).collect::<Result<_>>()?;
    Ok(found.concat())
}

/// Members that hang together so far.
struct Parts {
    components: Components,
    sizes: Vec<usize>,
}

impl Parts {
    fn new(members: usize) -> Self {
        let count = u32::try_from(members).expect("a sample is small");
        Self { components: Components::new(count), sizes: vec![1; members] }
    }

    /// Connects two members; whether more than half of all hang together then.
    fn unite(&mut self, one: usize, other: usize) -> bool {
        let find = |member: usize| u32::try_from(member).expect("a sample is small");
        let (one, other) = (self.components.find(find(one)), self.components.find(find(other)));
        let (root, joined) = (one.min(other) as usize, one.max(other) as usize);
        if root != joined {
            self.components.union(one, other);
            self.sizes[root] += self.sizes[joined];
        }
        self.sizes[root] * 2 > self.sizes.len()
    }
}

#[cfg(test)]
mod tests {
    use super::{Apart, Parts, above};

    #[test]
    fn the_similarity_told_is_above_that_which_holds_a_component_together() {
        assert_eq!(above(0.7301), Apart::At(74));
        assert_eq!(above(0.73), Apart::At(74));
        assert_eq!(above(0.29), Apart::At(30));
        assert_eq!(above(1.0), Apart::Equal);
    }

    #[test]
    fn more_than_half_is_told_when_it_is_reached() {
        let mut parts = Parts::new(5);
        assert!(!parts.unite(0, 1));
        assert!(!parts.unite(3, 4));
        assert!(parts.unite(4, 0));
    }
}
