//! `siyu export`.

use anyhow::Context;
use clap::ValueEnum;
use siyu_dataset::{Dataset, ExportFormat};
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

/// Writes a dataset as lines of JSON for other trainers.
///
/// `alpaca` has instruction, input, output, system and history; `sharegpt` has conversations of from and value. Both are
/// read by LLaMA-Factory and made from the columns of `instruct`, or from messages. `jsonl` has every column as it is.
///
/// Of packed rows, `alpaca` and `sharegpt` have a line a document; in `jsonl` they stay packed, with `seq_lengths`.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  siyu export out/laws-summary --format alpaca --split train --output train.jsonl
  siyu export out/questions-chat --format sharegpt --output chats.jsonl
  siyu export out/legal --format jsonl | head -n 3")]
pub(crate) struct Export {
    /// Directory that holds `manifest.json`.
    dataset: PathBuf,
    /// The form of the rows.
    #[arg(long, value_enum)]
    format: Format,
    /// Only the rows of this split; all of them otherwise.
    #[arg(long)]
    split: Option<String>,
    /// File to write, which only its owner may read; `-` is standard output.
    #[arg(short, long, value_name = "FILE", default_value = "-")]
    output: PathBuf,
}

#[derive(Clone, Copy, ValueEnum)]
enum Format {
    /// Every column as it is.
    Jsonl,
    /// Stanford Alpaca's instructions.
    Alpaca,
    /// `ShareGPT`'s conversations.
    Sharegpt,
}

impl From<Format> for ExportFormat {
    fn from(format: Format) -> Self {
        match format {
            Format::Jsonl => Self::Jsonl,
            Format::Alpaca => Self::Alpaca,
            Format::Sharegpt => Self::Sharegpt,
        }
    }
}

impl Export {
    pub(crate) fn run(self, out: &mut impl Write) -> anyhow::Result<()> {
        let dataset = Dataset::open(&self.dataset)?;
        let split = self.split.as_deref();
        if self.output == Path::new("-") {
            dataset.export(self.format.into(), split, &mut BufWriter::new(out))?;
            return Ok(());
        }
        let path = &self.output;
        let failed = || format!("cannot write `{}`", path.display());
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        // Made with mode 0600, and under its final name only when it is whole.
        let file = tempfile::Builder::new().prefix(".siyu-export-").tempfile_in(folder).with_context(failed)?;
        let mut lines = BufWriter::new(file);
        let rows = dataset.export(self.format.into(), split, &mut lines)?;
        let file = lines.into_inner().map_err(std::io::IntoInnerError::into_error).with_context(failed)?;
        file.as_file().sync_all().with_context(failed)?;
        file.persist(path).map_err(|error| error.error).with_context(failed)?;
        writeln!(out, "{rows} rows: {}", path.display())?;
        Ok(())
    }
}
