//! Judging a model on rows that it does not learn from.

use siyu_dataset::{RowSize, TokenRows};
use siyu_model::Model;

use crate::{Result, Settings, course::pack, feed::Rows};

/// What a model makes of rows.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Judgement {
    /// Sum of the losses of all labels, in nats.
    pub sum: f64,
    /// Labels that were the likeliest token.
    pub correct: u64,
    /// Labels.
    pub labels: u64,
}

impl Judgement {
    /// Mean loss of a label, in nats.
    pub fn loss(&self) -> f64 {
        self.sum / self.labels as f64
    }

    /// Share of labels that were the likeliest token.
    pub fn token_accuracy(&self) -> f64 {
        self.correct as f64 / self.labels as f64
    }
}

/// Judges a model on rows in their order, each label counting alike.
///
/// # Errors
/// Where rows cannot be read or memory does not suffice.
pub fn judge(model: &Model, rows: &TokenRows, settings: &Settings) -> Result<Judgement> {
    let order = rows.in_shard_order();
    let count = settings.evaluation.max_rows.map_or(order.len(), |most| most.min(order.len()));
    let sizes: Vec<RowSize> = (0..count).map(|place| order.at(place)).collect();
    let mut judgement = Judgement::default();
    // Rows near each other lie in one row group: they are packed a window at a time.
    for window in sizes.chunks(64 * settings.batch) {
        let batches = match settings.batch_tokens {
            Some(tokens) => pack(window.to_vec(), tokens as u64),
            None => window.chunks(settings.batch).map(<[RowSize]>::to_vec).collect(),
        };
        for batch in batches {
            let batch = Rows::read(rows, &batch)?.batch(model.options().device)?;
            let loss = model.evaluate(&batch, None)?;
            judgement.sum += loss.sum();
            judgement.correct += u64::try_from(loss.correct()).unwrap_or(0);
            judgement.labels += u64::try_from(loss.label_count()).unwrap_or(0);
        }
    }
    Ok(judgement)
}
