//! Which side of the split each component goes to.
//!
//! A component's side follows from its place, a hash in 0..1 of its own documents, so that it keeps it when others are
//! added. Two things make way for the shares: components that are large by themselves go where most is missing, and
//! where the hash alone misses the shares, its bounds move in steps of a quarter point.

use siyu_text::near::Components;

/// The names of the sides, in the order of their numbers.
pub(crate) const SIDES: [&str; 3] = ["train", "validation", "test"];

/// The wanted share of each side; together 1.
pub(crate) type Shares = [f64; 3];

/// Share of the rows from which a component counts as large.
const LARGE: f64 = 0.005;

/// How far the shares may be missed before bounds move.
const SLACK: f64 = 0.004;

/// The step in which bounds move, and how many steps at most.
const STEP: f64 = 0.0025;
const STEPS: i32 = 8;

/// Documents that stay together.
#[derive(Clone, Debug)]
pub(super) struct Component {
    /// Its first document, by rank.
    pub(super) root: u32,
    /// Its place in 0..1.
    pub(super) place: f64,
    pub(super) rows: u64,
    pub(super) stratum: u64,
    /// The side it has from an earlier run.
    pub(super) side: Option<u8>,
}

/// The side of each component, and the largest distance of a side from its share.
pub(super) fn divide(components: &[Component], shares: Shares) -> (Vec<u8>, f64) {
    let mut sides = vec![0; components.len()];
    let mut by_stratum: Vec<usize> = (0..components.len()).collect();
    by_stratum.sort_by_key(|&index| (components[index].stratum, components[index].root));
    for stratum in by_stratum.chunk_by(|&one, &other| components[one].stratum == components[other].stratum) {
        divide_stratum(components, stratum, shares, &mut sides);
    }
    let mut rows = [0; 3];
    components.iter().zip(&sides).for_each(|(component, &side)| rows[usize::from(side)] += component.rows);
    (sides, distance(rows, shares))
}

fn divide_stratum(components: &[Component], stratum: &[usize], shares: Shares, sides: &mut [u8]) {
    let total: u64 = stratum.iter().map(|&index| components[index].rows).sum();
    let is_large = |component: &Component| component.rows > 1 && component.rows as f64 > LARGE * total as f64;
    let mut rows = [0u64; 3];
    let mut give = |index: usize, side: u8, rows: &mut [u64; 3]| {
        sides[index] = side;
        rows[usize::from(side)] += components[index].rows;
    };
    let (fixed, free): (Vec<usize>, Vec<usize>) = stratum.iter().partition(|&&index| components[index].side.is_some());
    for &index in &fixed {
        give(index, components[index].side.unwrap_or_default(), &mut rows);
    }
    let (mut large, mut small): (Vec<usize>, Vec<usize>) =
        free.iter().partition(|&&index| is_large(&components[index]));
    large.sort_by_key(|&index| (std::cmp::Reverse(components[index].rows), components[index].root));
    for index in large {
        let missing = |side: u8| shares[usize::from(side)] * total as f64 - rows[usize::from(side)] as f64;
        let side = (0..3u8).max_by(|&one, &other| missing(one).total_cmp(&missing(other)).then(other.cmp(&one)));
        give(index, side.unwrap_or_default(), &mut rows);
    }
    small.sort_by(|&one, &other| components[one].place.total_cmp(&components[other].place));
    let sums: Vec<u64> = std::iter::once(0)
        .chain(small.iter().scan(0, |sum, &index| {
            *sum += components[index].rows;
            Some(*sum)
        }))
        .collect();
    let bounds = bounds(rows, total, shares);
    // How many small components lie below a bound.
    let below = |bound: f64| small.partition_point(|&index| components[index].place < bound);
    let divided = |bounds: [f64; 2]| {
        let ends = [below(bounds[0]), below(bounds[1].max(bounds[0]))];
        let added = [sums[ends[0]], sums[ends[1]] - sums[ends[0]], sums[small.len()] - sums[ends[1]]];
        (ends, std::array::from_fn::<u64, 3, _>(|side| rows[side] + added[side]))
    };
    let ends = moved(bounds, shares)
        .into_iter()
        .map(divided)
        .find(|(_, rows)| distance(*rows, shares) <= SLACK)
        .map_or_else(|| divided(bounds).0, |(ends, _)| ends);
    for (position, &index) in small.iter().enumerate() {
        sides[index] = ends.iter().map(|&end| u8::from(position >= end)).sum();
    }
}

/// Where the places of small components are divided, given the rows that already have a side.
fn bounds(rows: [u64; 3], total: u64, shares: Shares) -> [f64; 2] {
    if rows.iter().all(|&rows| rows == 0) {
        return [whole(shares[0]), whole(shares[0] + shares[1])];
    }
    let missing: [f64; 3] = std::array::from_fn(|side| (shares[side] * total as f64 - rows[side] as f64).max(0.0));
    let sum: f64 = missing.iter().sum();
    if sum <= 0.0 {
        return [whole(shares[0]), whole(shares[0] + shares[1])];
    }
    // Rounded, so that one document more does not move the bounds.
    [missing[0] / sum, (missing[0] + missing[1]) / sum].map(|bound| whole((bound / STEP).round() * STEP))
}

/// A bound that takes all takes the place next to 1 too, whatever rounding did to the sum.
fn whole(bound: f64) -> f64 {
    if bound > 1.0 - 1e-9 { 2.0 } else { bound }
}

/// The bounds and those near them, the nearest first; a side without a share gets none.
fn moved(bounds: [f64; 2], shares: Shares) -> Vec<[f64; 2]> {
    let steps = |open: bool| if open { -STEPS..=STEPS } else { 0..=0 };
    let first_moves = shares[0] > 0.0 && shares[1] + shares[2] > 0.0;
    let second_moves = shares[1] > 0.0 && shares[2] > 0.0;
    let mut all = Vec::new();
    for first in steps(first_moves) {
        for second in if second_moves { steps(true) } else { first..=first } {
            let moved = [bounds[0] + f64::from(first) * STEP, bounds[1] + f64::from(second) * STEP];
            // Without a validation part both bounds are one; without a test part the second takes all.
            let moved = if shares[2] <= 0.0 { [moved[0], 2.0] } else { moved };
            let moved = if shares[1] <= 0.0 { [moved[0], moved[0]] } else { moved };
            all.push((first.abs() + second.abs(), first, moved));
        }
    }
    all.sort_by_key(|one| (one.0, one.1));
    all.into_iter().map(|(_, _, bounds)| bounds).collect()
}

fn distance(rows: [u64; 3], shares: Shares) -> f64 {
    let total = rows.iter().sum::<u64>().max(1) as f64;
    rows.iter().zip(shares).map(|(&rows, share)| (rows as f64 / total - share).abs()).fold(0.0, f64::max)
}

/// The components of documents 0..`count`, by rank; `describe` gives a document's place, stratum and earlier side.
pub(super) fn components(
    count: u32,
    connected: &Components,
    describe: impl Fn(u32) -> (f64, u64, Option<u8>),
) -> Vec<Component> {
    let mut sizes = vec![0u32; count as usize];
    let mut earlier: Vec<u8> = vec![u8::MAX; count as usize];
    for rank in 0..count {
        let root = connected.root(rank) as usize;
        sizes[root] += 1;
        // Test outranks validation, and validation training: what was once for testing is never trained on.
        if let Some(side) = describe(rank).2 {
            earlier[root] = if earlier[root] == u8::MAX { side } else { earlier[root].max(side) };
        }
    }
    let component = |root: u32| {
        let (place, stratum, _) = describe(root);
        let side = Some(earlier[root as usize]).filter(|&side| side != u8::MAX);
        Component { root, place, rows: u64::from(sizes[root as usize]), stratum, side }
    };
    (0..count).filter(|&rank| sizes[rank as usize] > 0).map(component).collect()
}

#[cfg(test)]
mod tests;
