//! How rows meet in an exchange, and what is done to them there.

use super::{put, slots};
use crate::error::Result;
use crate::near::Job;
use crate::operator::{Action, Key, TableOperator};
use crate::rows::{self, IDENTITY};
use arrow::datatypes::Field;
use std::sync::Arc;

/// How rows meet.
#[derive(Clone, Debug)]
pub(crate) struct Arrival {
    pub(crate) key: Key,
    /// What is done one after another to the rows in the key's order; at least one thing, which the key is for.
    pub(crate) acts: Vec<Act>,
}

/// What a table step does to rows that have met.
#[derive(Clone, Debug)]
pub(crate) struct Act {
    pub(crate) action: Action,
    /// Index of the step; none where rows are only brought into an order.
    pub(crate) step: Option<usize>,
    /// Slots of the columns it reads.
    pub(crate) slots: Vec<usize>,
    /// What to find out about the rows as a whole.
    pub(crate) near: Option<Arc<Job>>,
    /// Slot of the column that it makes or replaces.
    pub(crate) writes: Option<usize>,
}

impl Act {
    /// What step `index` does to rows with the columns of `layout`, to which the column it makes is added.
    pub(super) fn new(index: usize, table: &dyn TableOperator, layout: &mut Vec<Field>) -> Result<Self> {
        let slots = slots(&table.reads(), layout)?;
        let all = rows::schema(layout);
        let inputs: Vec<Field> = slots.iter().map(|&slot| all.field(slot).clone()).collect();
        let near = table.job(&inputs)?.map(Arc::new);
        let writes = table.writes().map(|field| IDENTITY + put(field, layout));
        Ok(Self { action: table.action(), step: Some(index), slots, near, writes })
    }
}

impl Arrival {
    /// Brings rows into an order and does nothing else.
    pub(super) fn ordering(seed: u64) -> Self {
        let act = Act { action: Action::Order, step: None, slots: Vec::new(), near: None, writes: None };
        Self { key: Key::Position { seed }, acts: vec![act] }
    }

    /// Whether the rows, which had the columns `before` when they arrived, need not move again for this act: any order
    /// serves it, and what it reads lies in the exchange.
    pub(super) fn takes(&self, act: &Act, before: &[Field]) -> bool {
        let made =
            |slot: &usize| *slot >= IDENTITY + before.len() || self.acts.iter().any(|act| act.writes == Some(*slot));
        act.action == Action::Decide && !act.slots.iter().any(made)
    }
}
