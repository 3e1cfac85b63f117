//! Which rows make which step, and how a step is divided into batches that are computed at once.

use std::sync::Arc;

use siyu_dataset::{Order, RowSize, TokenRows};

use crate::Settings;

/// The whole way of a run through its rows: a pure function of rows and settings.
#[derive(Clone, Debug)]
pub struct Course {
    rows: Arc<TokenRows>,
    seed: u64,
    step_rows: u64,
    batch: usize,
    batch_tokens: Option<usize>,
    steps: u64,
    epoch: Option<(u64, Order)>,
}

/// The rows of one step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// Its number, from 0.
    pub number: u64,
    /// The epoch it belongs to, from 0.
    pub epoch: u64,
    /// Whether it is the last of its epoch.
    pub ends_epoch: bool,
    /// The batches that are computed at once.
    pub batches: Vec<Vec<RowSize>>,
}

impl Step {
    /// Labels of the whole step, by which its loss is divided.
    pub fn labels(&self) -> u64 {
        self.sizes().map(|size| u64::from(size.labels)).sum()
    }

    /// Tokens of the whole step.
    pub fn tokens(&self) -> u64 {
        self.sizes().map(|size| u64::from(size.tokens)).sum()
    }

    fn sizes(&self) -> impl Iterator<Item = &RowSize> {
        self.batches.iter().flatten()
    }
}

impl Course {
    /// The way of these settings through these rows.
    pub fn new(rows: Arc<TokenRows>, settings: &Settings) -> Self {
        let step_rows = settings.step_rows();
        let all = rows.len().div_ceil(step_rows) * settings.epochs;
        Self {
            rows,
            seed: settings.seed,
            step_rows,
            batch: settings.batch,
            batch_tokens: settings.batch_tokens,
            steps: settings.max_steps.map_or(all, |most| most.min(all)),
            epoch: None,
        }
    }

    /// Steps of the run.
    pub fn steps(&self) -> u64 {
        self.steps
    }

    /// Steps of an epoch.
    pub fn epoch_steps(&self) -> u64 {
        self.rows.len().div_ceil(self.step_rows)
    }

    /// The rows of a step, as the epoch's order has them.
    ///
    /// # Panics
    /// Where the run has no such step.
    pub fn step(&mut self, number: u64) -> Step {
        assert!(number < self.steps, "the run has this step");
        let (epoch, within) = (number / self.epoch_steps(), number % self.epoch_steps());
        if self.epoch.as_ref().is_none_or(|(known, _)| *known != epoch) {
            self.epoch = Some((epoch, self.rows.order(self.seed, epoch)));
        }
        let (_, order) = self.epoch.as_ref().expect("it was set above");
        let begin = within * self.step_rows;
        let end = (begin + self.step_rows).min(order.len());
        let sizes = (begin..end).map(|place| order.at(place)).collect();
        Step { number, epoch, ends_epoch: end == order.len(), batches: self.divide(sizes) }
    }

    /// The batch that needs the most memory: as many of the longest rows as are computed at once.
    pub fn longest(&self) -> Vec<RowSize> {
        let mut sizes: Vec<RowSize> = self.rows.sizes().collect();
        sizes.sort_by_key(|size| (std::cmp::Reverse(size.tokens), size.row));
        sizes.truncate(self.batch.max(1));
        self.divide(sizes).into_iter().next().unwrap_or_default()
    }

    /// Divides rows into batches: `batch` at a time, or packed by length into so many tokens.
    fn divide(&self, sizes: Vec<RowSize>) -> Vec<Vec<RowSize>> {
        match self.batch_tokens {
            None => sizes.chunks(self.batch).map(<[RowSize]>::to_vec).collect(),
            Some(tokens) => pack(sizes, tokens as u64),
        }
    }
}

/// Packs rows into batches of at most so many tokens each, the longest rows first, each into the first batch with
/// room; a longer row is a batch of its own.
///
/// # Source
/// First-fit decreasing: Johnson 1973, "Near-optimal bin packing algorithms".
pub fn pack(mut sizes: Vec<RowSize>, tokens: u64) -> Vec<Vec<RowSize>> {
    sizes.sort_by_key(|size| std::cmp::Reverse(size.tokens));
    let mut batches: Vec<(u64, Vec<RowSize>)> = Vec::new();
    for size in sizes {
        let needed = u64::from(size.tokens);
        match batches.iter_mut().find(|(used, _)| used + needed <= tokens) {
            Some((used, batch)) => {
                *used += needed;
                batch.push(size);
            }
            None => batches.push((needed, vec![size])),
        }
    }
    batches.into_iter().map(|(_, batch)| batch).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn packing_loses_no_row_and_keeps_the_bound(lengths in proptest::collection::vec(1u32..60, 1..80)) {
            let sizes: Vec<RowSize> =
                (0..).zip(&lengths).map(|(row, &tokens)| RowSize { row, tokens, labels: 1 }).collect();
            let batches = pack(sizes.clone(), 50);
            let mut packed: Vec<RowSize> = batches.concat();
            packed.sort_by_key(|size| size.row);
            prop_assert_eq!(packed, sizes);
            for batch in &batches {
                let tokens: u32 = batch.iter().map(|size| size.tokens).sum();
                prop_assert!(tokens <= 50 || batch.len() == 1);
            }
            // First fit leaves at most one batch less than half full.
            let thin = batches.iter().filter(|batch| batch.iter().map(|size| size.tokens).sum::<u32>() <= 25);
            prop_assert!(thin.count() <= 1);
        }
    }
}
