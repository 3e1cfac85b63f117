//! Texts that models are compared on, and those that they are measured on.

use anyhow::{Context, bail};
use siyu_checkpoint::{Config, file_hash};
use siyu_dataset::{Dataset, Purpose, TokenRows, Wanted};
use siyu_export::TextRow;
use siyu_text::tokenizer::Tokenizer;
use std::io::Read;
use std::path::{Path, PathBuf};

/// The domain of rows that name none.
const UNKNOWN: &str = "(none)";

/// Which texts.
#[derive(clap::Args)]
pub(super) struct Texts {
    /// Compare on rows of this tokenized dataset: directory that holds `manifest.json`.
    #[arg(long, value_name = "DATASET", conflicts_with = "prompts")]
    dataset: Option<PathBuf>,
    /// Compare on the lines of this file, a text each; `-` is standard input.
    #[arg(long, value_name = "FILE")]
    prompts: Option<PathBuf>,
    /// The side of the dataset whose rows are compared on.
    #[arg(long, default_value = "validation")]
    split: String,
    /// Column of the dataset that tells domains apart.
    #[arg(long, value_name = "COLUMN", requires = "dataset")]
    domain: Option<String>,
    /// Most texts that are compared.
    #[arg(long, value_name = "COUNT", default_value_t = 64)]
    rows: u64,
}

impl Texts {
    /// Whether none were named.
    pub(super) fn are_absent(&self) -> bool {
        self.dataset.is_none() && self.prompts.is_none()
    }

    /// The texts to compare on, in tokens of the model in `folder`; none where none were named.
    pub(super) fn read(&self, folder: &Path) -> anyhow::Result<Vec<TextRow>> {
        let rows = match (&self.dataset, &self.prompts) {
            (Some(dataset), _) => self.kept_apart(dataset, folder)?,
            (None, Some(file)) => self.lines(file, folder)?,
            (None, None) => return Ok(Vec::new()),
        };
        if rows.iter().all(|row| row.ids.len() < 2) {
            bail!("there is no text of two tokens or more to compare on; name another file or dataset");
        }
        Ok(rows)
    }

    /// At most `count` training rows of the dataset; none without one.
    pub(super) fn training(&self, folder: &Path, count: u64) -> anyhow::Result<Vec<Vec<i64>>> {
        let Some(dataset) = &self.dataset else { return Ok(Vec::new()) };
        let rows = opened(dataset, "train", Purpose::Training, folder)?;
        chosen(&rows, count).map(|row| Ok(widened(&rows.read(row)?.ids))).collect()
    }

    fn kept_apart(&self, dataset: &Path, folder: &Path) -> anyhow::Result<Vec<TextRow>> {
        let rows = opened(dataset, &self.split, Purpose::Evaluation, folder)?;
        let texts: Vec<TextRow> =
            chosen(&rows, self.rows).map(|row| self.row(&rows, row)).collect::<anyhow::Result<_>>()?;
        if let Some(column) = self.domain.as_deref().filter(|_| texts.iter().all(|row| row.domain == UNKNOWN)) {
            bail!("no row of `{}` has a text in the column `{column}`", self.split);
        }
        Ok(texts)
    }

    fn row(&self, rows: &TokenRows, row: u64) -> anyhow::Result<TextRow> {
        let read = rows.read(row)?;
        let domain = match &self.domain {
            Some(column) => rows.text(row, column)?.unwrap_or_else(|| UNKNOWN.to_owned()),
            None => self.split.clone(),
        };
        // What is not learnt is labelled with a negative number.
        let counted = read.labels.iter().map(|&label| label >= 0).collect();
        Ok(TextRow { domain, ids: widened(&read.ids), counted })
    }

    fn lines(&self, file: &Path, folder: &Path) -> anyhow::Result<Vec<TextRow>> {
        let config = Config::from_folder(folder)?;
        let mut text = String::new();
        let read = if file == Path::new("-") {
            std::io::stdin().read_to_string(&mut text).map(drop)
        } else {
            std::fs::read_to_string(file).map(|read| text = read)
        };
        read.with_context(|| format!("cannot read `{}`", file.display()))?;
        let path = folder.join("tokenizer.json");
        let json = std::fs::read_to_string(&path).with_context(|| format!("cannot read `{}`", path.display()))?;
        let tokenizer = Tokenizer::from_json(&json).with_context(|| format!("`{}` cannot be used", path.display()))?;
        let mut texts = Vec::new();
        let lines = text.lines().filter(|line| !line.trim().is_empty());
        for line in lines.take(usize::try_from(self.rows).unwrap_or(usize::MAX)) {
            let mut ids = Vec::new();
            tokenizer.encode_with_special_into(line, &mut ids)?;
            ids.truncate(config.max_positions);
            texts.push(TextRow::whole("prompts", ids.into_iter().map(i64::from).collect()));
        }
        Ok(texts)
    }
}

/// The rows of one side, if the dataset was made by the tokenizer of the model in `folder`.
fn opened(dataset: &Path, split: &str, purpose: Purpose, folder: &Path) -> anyhow::Result<TokenRows> {
    let config = Config::from_folder(folder)?;
    let wanted = Wanted {
        split,
        purpose,
        tokenizer: &file_hash(folder.join("tokenizer.json"))?,
        vocab: usize::try_from(config.vocab).unwrap_or(usize::MAX),
        max_tokens: config.max_positions,
    };
    Ok(Dataset::open(dataset)?.token_rows(&wanted, |_| ())?)
}

/// The same rows every time, from all parts of the side.
fn chosen(rows: &TokenRows, most: u64) -> impl Iterator<Item = u64> {
    let order = rows.order(0, 0);
    (0..order.len().min(most)).map(move |place| order.at(place).row)
}

fn widened(ids: &[i32]) -> Vec<i64> {
    ids.iter().map(|&id| id.into()).collect()
}
