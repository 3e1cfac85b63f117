//! `siyu try`.

use anyhow::Context;
use siyu_ingest::examples::{Row, Trial};
use siyu_ingest::pipeline::parse_steps;
use std::io::{BufRead, BufReader, Read, Write};

/// Rows that go through the steps at once.
const BATCH_ROWS: usize = 1024;

/// Runs row steps over JSONL on standard input, JSONL on standard output.
///
/// Rows come out in the order they came in, as soon as no further line is waiting. A dropped row carries `dropped_by`
/// and, where there is one, `reason`. A line that is no JSON object is named on standard error and left out; the exit
/// code is then 1.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  echo '{\"text\": \"<p>电话13800138000</p>\"}' | siyu try '[strip_html: {}, mask_pii: {}]'
  siyu try 'text_length: { min_chars: 200 }' < pages.jsonl | grep -c dropped_by
  siyu try --lines 'normalize_punctuation: {}' < notes.txt")]
pub(crate) struct Try {
    /// A step or a list of steps in YAML, such as `mask_pii: {}`.
    #[arg(allow_hyphen_values = true)]
    steps: String,
    /// Takes plain lines: each is a document's text.
    #[arg(long)]
    lines: bool,
}

impl Try {
    pub(crate) fn run(self, out: &mut impl Write) -> anyhow::Result<()> {
        let trial = Trial::new(&parse_steps(&self.steps)?)?;
        self.stream(&trial, BufReader::with_capacity(1 << 16, std::io::stdin().lock()), out)
    }

    fn stream<R: Read>(&self, trial: &Trial, mut input: BufReader<R>, out: &mut impl Write) -> anyhow::Result<()> {
        let mut rows: Vec<Row> = Vec::new();
        let (mut line, mut bad) = (Vec::new(), 0u64);
        for number in 1u64.. {
            line.clear();
            let read = input.read_until(b'\n', &mut line);
            if read.with_context(|| format!("cannot read line {number} of standard input"))? == 0 {
                break;
            }
            let content = line.strip_suffix(b"\n").unwrap_or(&line);
            match self.row(content.strip_suffix(b"\r").unwrap_or(content)) {
                Ok(row) => rows.extend(row),
                Err(problem) => {
                    bad += 1;
                    let _ = writeln!(std::io::stderr(), "error: line {number} of standard input {problem}");
                }
            }
            if rows.len() == BATCH_ROWS || !input.buffer().contains(&b'\n') {
                write(trial, &mut rows, out)?;
            }
        }
        write(trial, &mut rows, out)?;
        anyhow::ensure!(bad == 0, "{bad} lines of standard input could not be read and were left out");
        Ok(())
    }

    /// The row on a line, or what is wrong with it; never any of its text. A blank line is no row.
    fn row(&self, line: &[u8]) -> Result<Option<Row>, &'static str> {
        let text = std::str::from_utf8(line).map_err(|_| "is not UTF-8")?;
        if self.lines {
            return Ok(Some(Row::from_iter([("text".to_owned(), text.into())])));
        }
        if text.trim().is_empty() {
            return Ok(None);
        }
        serde_json::from_str(text).map(Some).map_err(|_| "is not a JSON object; use `--lines` for plain text")
    }
}

fn write(trial: &Trial, rows: &mut Vec<Row>, out: &mut impl Write) -> anyhow::Result<()> {
    for row in trial.apply(rows)? {
        serde_json::to_writer(&mut *out, &row)?;
        writeln!(out)?;
    }
    rows.clear();
    Ok(out.flush()?)
}
