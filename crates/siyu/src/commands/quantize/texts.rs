//! Rows of a dataset as texts for the gate and for calibration.

use anyhow::bail;
use siyu_checkpoint::{Config, file_hash};
use siyu_dataset::{Dataset, Purpose, TokenRows, Wanted};
use siyu_export::TextRow;
use std::path::{Path, PathBuf};

/// The domain of rows that name none.
const UNKNOWN: &str = "(none)";

/// What the model is measured on.
#[derive(clap::Args)]
pub(super) struct Texts {
    /// Tokenized dataset: rows kept for validation are for the gate, training rows for `gptq`.
    #[arg(long, value_name = "DIR")]
    dataset: Option<PathBuf>,
    /// The side of the gate's rows.
    #[arg(long, default_value = "validation")]
    split: String,
    /// Column that tells domains apart.
    #[arg(long, value_name = "COLUMN")]
    domain: Option<String>,
    /// Most rows for the gate.
    #[arg(long, default_value_t = 64)]
    rows: u64,
    /// Most rows for calibration.
    #[arg(long, default_value_t = 128)]
    calibration_rows: u64,
}

impl Texts {
    /// The gate's texts, and those to calibrate with where that is wanted; none without a dataset.
    pub(super) fn read(&self, model: &Path, calibrate: bool) -> anyhow::Result<(Vec<TextRow>, Vec<Vec<i64>>)> {
        let Some(directory) = &self.dataset else { return Ok((Vec::new(), Vec::new())) };
        let (dataset, config) = (Dataset::open(directory)?, Config::from_folder(model)?);
        let tokenizer = file_hash(model.join("tokenizer.json"))?;
        let opened = |split: &str, purpose: Purpose| {
            let vocab = usize::try_from(config.vocab).unwrap_or(usize::MAX);
            let wanted = Wanted { split, purpose, tokenizer: &tokenizer, vocab, max_tokens: config.max_positions };
            dataset.token_rows(&wanted, |_| {})
        };
        let rows = opened(&self.split, Purpose::Evaluation)?;
        let gate: Vec<TextRow> =
            chosen(&rows, self.rows).map(|row| self.row(&rows, row)).collect::<anyhow::Result<_>>()?;
        if let Some(column) = self.domain.as_deref().filter(|_| gate.iter().all(|row| row.domain == UNKNOWN)) {
            bail!("no row of `{}` has a text in the column `{column}`", self.split);
        }
        if !calibrate {
            return Ok((gate, Vec::new()));
        }
        let rows = opened("train", Purpose::Training)?;
        let ids = chosen(&rows, self.calibration_rows).map(|row| Ok(widened(&rows.read(row)?.ids)));
        Ok((gate, ids.collect::<anyhow::Result<_>>()?))
    }

    fn row(&self, rows: &TokenRows, row: u64) -> anyhow::Result<TextRow> {
        let read = rows.read(row)?;
        let domain = match &self.domain {
            Some(column) => rows.text(row, column)?.unwrap_or_else(|| UNKNOWN.to_owned()),
            None => "rows".to_owned(),
        };
        let counted = read.labels.iter().map(|&label| label >= 0).collect();
        Ok(TextRow { domain, ids: widened(&read.ids), counted })
    }
}

/// The same rows every time, from all parts of the side.
fn chosen(rows: &TokenRows, most: u64) -> impl Iterator<Item = u64> {
    let order = rows.order(0, 0);
    (0..order.len().min(most)).map(move |place| order.at(place).row)
}

fn widened(ids: &[i32]) -> Vec<i64> {
    ids.iter().map(|&id| id.into()).collect()
}
