//! Connected components: union-find over document numbers.

/// Sets of documents that are merged and asked for; four bytes a document.
#[derive(Clone, Debug)]
pub struct Components {
    parents: Vec<u32>,
}

impl Components {
    /// Each of `count` documents alone.
    pub fn new(count: u32) -> Self {
        Self { parents: (0..count).collect() }
    }

    /// The smallest document connected with this one, without shortening the way to it.
    pub fn root(&self, document: u32) -> u32 {
        let mut at = document;
        while self.parents[at as usize] != at {
            at = self.parents[at as usize];
        }
        at
    }

    /// The smallest document connected with this one.
    pub fn find(&mut self, document: u32) -> u32 {
        let mut at = document;
        while self.parents[at as usize] != at {
            let above = self.parents[self.parents[at as usize] as usize];
            self.parents[at as usize] = above;
            at = above;
        }
        at
    }

    /// Connects two documents; the smaller root stays root.
    pub fn union(&mut self, one: u32, other: u32) {
        let (one, other) = (self.find(one), self.find(other));
        self.parents[one.max(other) as usize] = one.min(other);
    }
}

#[cfg(test)]
mod tests {
    use super::Components;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn connects_what_a_walk_connects(edges in proptest::collection::vec((0u32..30, 0u32..30), 0..40)) {
            let mut components = Components::new(30);
            for &(one, other) in &edges {
                components.union(one, other);
            }
            for start in 0..30 {
                let mut reached = vec![start];
                let mut next = 0;
                while let Some(&at) = reached.get(next) {
                    next += 1;
                    for &(one, other) in &edges {
                        for (from, to) in [(one, other), (other, one)] {
                            if from == at && !reached.contains(&to) {
                                reached.push(to);
                            }
                        }
                    }
                }
                prop_assert_eq!(components.root(start), reached.iter().copied().min().unwrap());
                prop_assert_eq!(components.find(start), components.root(start));
            }
        }
    }
}
