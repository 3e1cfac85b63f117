//! `siyu try`.

use anyhow::Context;
use siyu_ingest::examples::{Row, Trial};
use siyu_ingest::pipeline::parse_steps;
use std::io::{BufRead, Write};

/// Runs row steps over JSONL on standard input, JSONL on standard output; a dropped row carries `dropped_by`.
#[derive(clap::Args)]
pub(crate) struct Try {
    /// A step or a list of steps in YAML, such as `mask_pii: {}`.
    steps: String,
    /// Takes plain lines: each is a document's text.
    #[arg(long)]
    lines: bool,
}

impl Try {
    pub(crate) fn run(self, out: &mut impl Write) -> anyhow::Result<()> {
        let trial = Trial::new(&parse_steps(&self.steps)?)?;
        let mut rows: Vec<Row> = Vec::new();
        for (number, line) in (1..).zip(std::io::stdin().lock().lines()) {
            let line = line.with_context(|| format!("cannot read line {number} of standard input"))?;
            if self.lines {
                rows.push(Row::from_iter([("text".to_owned(), line.into())]));
            } else if !line.trim().is_empty() {
                // serde's message can quote the row, which may hold personal data.
                let row = serde_json::from_str(&line).ok();
                rows.push(row.with_context(|| {
                    format!("line {number} of standard input is not a JSON object; use `--lines` for plain text")
                })?);
            }
            if rows.len() == 1024 {
                write(&trial, &mut rows, out)?;
            }
        }
        write(&trial, &mut rows, out)
    }
}

fn write(trial: &Trial, rows: &mut Vec<Row>, out: &mut impl Write) -> anyhow::Result<()> {
    for row in trial.apply(rows)? {
        serde_json::to_writer(&mut *out, &row)?;
        writeln!(out)?;
    }
    rows.clear();
    Ok(())
}
