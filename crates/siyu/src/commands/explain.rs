//! `siyu explain`.

use siyu_dataset::{Dataset, Fate};
use siyu_ingest::explain::originals;
use std::io::Write;
use std::path::PathBuf;

/// Tells what became of one document: its shard, the step that dropped it, or why it could not be read.
///
/// Needs nothing but the dataset's folder. The pieces of a document that a step divided are found with it, and one of
/// them as ID#1. A row that could not be read has no id and is found as SOURCE:ROW.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  siyu explain out/legal law-0001
  siyu explain out/legal 'law-0001#2'
  siyu explain out/legal sample-data/questions.csv:20")]
pub(crate) struct Explain {
    /// Directory that holds `manifest.json`.
    dataset: PathBuf,
    /// The document's id.
    id: String,
}

impl Explain {
    pub(crate) fn run(self, out: &mut impl Write) -> anyhow::Result<()> {
        let dataset = Dataset::open(&self.dataset)?;
        let fates = dataset.find(&self.id)?;
        if fates.is_empty() {
            let near: Vec<String> = dataset.near(&self.id)?.into_iter().map(|id| format!("`{id}`")).collect();
            let hint = if near.is_empty() { String::new() } else { format!("; near it are {}", near.join(", ")) };
            anyhow::bail!(
                "no row of `{}` has the id `{}`{hint}; a row without an id of its own has `SOURCE:ROW`",
                self.dataset.display(),
                self.id
            );
        }
        for fate in &fates {
            explain(&dataset, fate, out)?;
        }
        Ok(())
    }
}

fn explain(dataset: &Dataset, fate: &Fate, out: &mut impl Write) -> anyhow::Result<()> {
    match fate {
        Fate::Written { id, shard, split, row, document, tokens, source, source_row } => {
            writeln!(out, "{id}: written")?;
            place(source.as_ref(), *source_row, out)?;
            passed(dataset, None, out)?;
            let within = document.map_or_else(String::new, |document| format!(", document {document} of it"));
            line("shard", &format!("{shard}, row {row}{within} counted from 0"), out)?;
            line("split", split, out)?;
            if let Some(tokens) = tokens {
                line("tokens", &tokens.to_string(), out)?;
            }
            for mate in dataset.mates(id)? {
                line(
                    "near copy",
                    &format!("`{}`, similarity {}, dropped for this one", mate.id, mate.similarity),
                    out,
                )?;
            }
        }
        Fate::Dropped { id, step, detail, source, source_row } => {
            writeln!(out, "{id}: dropped by {step}")?;
            place(source.as_ref(), *source_row, out)?;
            passed(dataset, Some(step), out)?;
            if let Some(detail) = detail {
                line("reason", &reason(dataset, step, detail)?, out)?;
            }
        }
        Fate::Quarantined { source, source_row, start, end, reason } => {
            writeln!(out, "{source}:{source_row}: could not be read")?;
            place(Some(source), Some(*source_row), out)?;
            if let (Some(start), Some(end)) = (start, end) {
                line("bytes", &format!("{start} to {end}"), out)?;
            }
            line("reason", reason, out)?;
        }
    }
    Ok(())
}

/// Why a step dropped a row: of a copy, which document it copies.
fn reason(dataset: &Dataset, step: &str, detail: &str) -> anyhow::Result<String> {
    let Some(content) = detail.strip_prefix("content ") else { return Ok(detail.to_owned()) };
    let originals = originals(dataset, step, detail)?;
    let Some(first) = originals.first() else {
        return Ok(format!("a copy of an earlier document, which later steps changed or dropped (content {content})"));
    };
    let also = if originals.len() > 1 { format!(" and {} more pieces", originals.len() - 1) } else { String::new() };
    Ok(format!("a copy of `{first}`{also}, which stayed"))
}

/// The steps in front of the one that dropped the row, or all.
fn passed(dataset: &Dataset, dropped_by: Option<&str>, out: &mut impl Write) -> anyhow::Result<()> {
    let steps = dataset.manifest().steps.iter().map(|step| step.step.as_str());
    let passed: Vec<&str> = steps.take_while(|step| Some(*step) != dropped_by).collect();
    let joined = passed.join(", ");
    line("passed", if passed.is_empty() { "no step" } else { &joined }, out)
}

fn place(source: Option<&String>, row: Option<u64>, out: &mut impl Write) -> anyhow::Result<()> {
    let row = row.map_or_else(String::new, |row| format!(", row {row}"));
    source.map_or(Ok(()), |source| line("source", &format!("{source}{row}"), out))
}

fn line(name: &str, value: &str, out: &mut impl Write) -> anyhow::Result<()> {
    Ok(writeln!(out, "{}", format!("  {name:<10} {value}").trim_end())?)
}
