//! Texts that models are compared on.

use anyhow::{Context, bail};
use siyu_checkpoint::{Config, file_hash};
use siyu_dataset::{Dataset, Purpose, Wanted};
use siyu_export::TextRow;
use siyu_text::tokenizer::Tokenizer;
use std::io::Read;
use std::path::{Path, PathBuf};

/// Which texts.
#[derive(clap::Args)]
pub(super) struct Texts {
    /// Compare on the validation rows of this dataset: directory that holds `manifest.json`.
    #[arg(long, value_name = "DATASET", conflicts_with = "prompts")]
    dataset: Option<PathBuf>,
    /// Compare on the lines of this file, a text each; `-` is standard input.
    #[arg(long, value_name = "FILE")]
    prompts: Option<PathBuf>,
    /// Most texts that are compared.
    #[arg(long, value_name = "COUNT", default_value_t = 64)]
    rows: u64,
}

impl Texts {
    /// Whether none were named.
    pub(super) fn are_absent(&self) -> bool {
        self.dataset.is_none() && self.prompts.is_none()
    }

    /// The texts in tokens of the model in `folder`; none where none were named.
    pub(super) fn read(&self, folder: &Path) -> anyhow::Result<Vec<TextRow>> {
        let config = Config::from_folder(folder)?;
        let rows = match (&self.dataset, &self.prompts) {
            (Some(dataset), _) => self.validation(dataset, folder, &config)?,
            (None, Some(file)) => self.lines(file, folder, &config)?,
            (None, None) => return Ok(Vec::new()),
        };
        if rows.iter().all(|row| row.ids.len() < 2) {
            bail!("there is no text of two tokens or more to compare on; name another file or dataset");
        }
        Ok(rows)
    }

    fn validation(&self, dataset: &Path, folder: &Path, config: &Config) -> anyhow::Result<Vec<TextRow>> {
        let wanted = Wanted {
            split: "validation",
            purpose: Purpose::Evaluation,
            tokenizer: &file_hash(folder.join("tokenizer.json"))?,
            vocab: usize::try_from(config.vocab).unwrap_or(0),
            max_tokens: config.max_positions,
        };
        let rows = Dataset::open(dataset)?.token_rows(&wanted, |_| ())?;
        let order = rows.in_shard_order();
        let mut texts = Vec::new();
        for place in 0..order.len().min(self.rows) {
            let row = rows.read(order.at(place).row)?;
            texts.push(TextRow {
                domain: "validation".to_owned(),
                ids: row.ids.into_iter().map(i64::from).collect(),
                // What is not learnt is labelled with a negative number.
                counted: row.labels.into_iter().map(|label| label >= 0).collect(),
            });
        }
        Ok(texts)
    }

    fn lines(&self, file: &Path, folder: &Path, config: &Config) -> anyhow::Result<Vec<TextRow>> {
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
