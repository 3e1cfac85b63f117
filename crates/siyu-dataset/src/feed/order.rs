//! The order of an epoch.

use std::sync::Arc;

use xxhash_rust::xxh3::Xxh3;

use super::{permutation::Permutation, scan::Group};

/// Row groups whose rows are mixed with each other; so many must fit in memory.
pub(super) const WINDOW_GROUPS: usize = 16;

/// The order in which an epoch reads the usable rows of a side.
///
/// Row groups are permuted, then the rows of each window of 16 consecutive groups among themselves: mixed as well as
/// memory allows, and a dataset of up to 16 row groups is mixed as a whole. Each place is computed by itself, so that
/// a run continues at any place at once, with any number of workers and any size of batch.
#[derive(Clone, Debug)]
pub struct Order {
    groups: Arc<[Group]>,
    /// The groups in their order, with the place at which each begins.
    sequence: Vec<(u64, usize)>,
    length: u64,
    key: Option<u64>,
}

impl Order {
    pub(super) fn new(groups: Arc<[Group]>, seed: Option<(u64, u64)>) -> Self {
        let count = groups.len() as u64;
        let key = seed.map(|(seed, epoch)| hash(&[seed, epoch]));
        let permutation = key.map(|key| Permutation::new(count, key));
        let mut begin = 0;
        let mut sequence = Vec::with_capacity(groups.len());
        for place in 0..count {
            let index = permutation.map_or(place, |permutation| permutation.at(place));
            let index = usize::try_from(index).expect("groups are held in memory");
            sequence.push((begin, index));
            begin += groups[index].usable.len() as u64;
        }
        Self { groups, sequence, length: begin, key }
    }

    /// How many rows the epoch has.
    pub fn len(&self) -> u64 {
        self.length
    }

    /// Whether it has none.
    pub fn is_empty(&self) -> bool {
        self.length == 0
    }

    /// The number of the row at a place, and the tokens it has.
    ///
    /// # Panics
    /// Where the place lies behind the end.
    pub fn at(&self, place: u64) -> super::RowSize {
        assert!(place < self.length, "the place lies inside the epoch");
        let place = self.key.map_or(place, |key| self.mixed(place, key));
        let position = self.position(place);
        let (begin, index) = self.sequence[position];
        let group = &self.groups[index];
        let usable = group.usable[usize::try_from(place - begin).expect("a row group is held in memory")];
        super::RowSize { row: group.first_row + u64::from(usable.row), tokens: usable.tokens, labels: usable.labels }
    }

    /// Permutes a place within its window.
    fn mixed(&self, place: u64, key: u64) -> u64 {
        let window = self.position(place) / WINDOW_GROUPS;
        let begin = self.sequence[window * WINDOW_GROUPS].0;
        let end = self.sequence.get((window + 1) * WINDOW_GROUPS).map_or(self.length, |next| next.0);
        begin + Permutation::new(end - begin, hash(&[key, window as u64 + 1])).at(place - begin)
    }

    fn position(&self, place: u64) -> usize {
        // Groups without usable rows begin where the next one does: the last that begins there has the rows.
        self.sequence.partition_point(|&(begin, _)| begin <= place) - 1
    }
}

fn hash(parts: &[u64]) -> u64 {
    let mut hasher = Xxh3::with_seed(0x6665_6564);
    for part in parts {
        hasher.update(&part.to_le_bytes());
    }
    hasher.digest()
}

#[cfg(test)]
mod tests {
    use super::{super::scan::Usable, *};

    /// Groups of so many rows; every third row cannot be used.
    fn groups(sizes: &[u32]) -> Arc<[Group]> {
        let (mut first_row, mut first_usable) = (0, 0);
        let group = |&size: &u32| {
            let usable: Vec<Usable> =
                (0..size).filter(|row| row % 3 != 2).map(|row| Usable { row, tokens: 1, labels: 1 }).collect();
            let group = Group { shard: "s".into(), number: 0, first_in_shard: 0, first_row, first_usable, usable };
            first_row += u64::from(size);
            first_usable += group.usable.len() as u64;
            group
        };
        sizes.iter().map(group).collect()
    }

    fn rows(order: &Order) -> Vec<u64> {
        (0..order.len()).map(|place| order.at(place).row).collect()
    }

    #[test]
    fn an_epoch_reads_every_usable_row_once_and_each_epoch_in_another_order() {
        let groups = groups(&[5, 0, 9, 1, 30].repeat(9));
        let plain = rows(&Order::new(Arc::clone(&groups), None));
        assert!(plain.is_sorted());
        let mut epochs: Vec<Vec<u64>> =
            (0..3).map(|epoch| rows(&Order::new(Arc::clone(&groups), Some((1, epoch))))).collect();
        assert_ne!(epochs[0], epochs[1]);
        assert_ne!(epochs[1], rows(&Order::new(Arc::clone(&groups), Some((2, 1)))));
        for epoch in &mut epochs {
            epoch.sort_unstable();
            assert_eq!(*epoch, plain);
        }
    }

    #[test]
    fn rows_of_a_window_are_mixed_across_its_groups_and_stay_in_it() {
        let order = Order::new(groups(&[30; 48]), Some((3, 0)));
        let groups: Vec<u64> = rows(&order).iter().map(|row| row / 30).collect();
        for window in groups.chunks(16 * 20) {
            let mut distinct = window.to_vec();
            distinct.sort_unstable();
            distinct.dedup();
            assert_eq!(distinct.len(), 16);
            let switches = window.windows(2).filter(|pair| pair[0] != pair[1]).count();
            assert!(switches > 250, "{switches} of about 300 neighbours come from different groups");
        }
    }
}
