//! `siyu preview`.

use crate::diff::{Marks, diff, shortened};
use clap::ValueEnum;
use serde_json::Value;
use siyu_ingest::preview::{Document, Effect, Event, Preview, Seen};
use siyu_ingest::{Error, Pipeline};
use std::io::{IsTerminal, Write};
use std::path::PathBuf;

/// Shows the first documents of the input before and after each row step; writes nothing.
///
/// Removed text is red or stands in [-…-], added text is green or stands in {+…+}. Steps that need many documents, such
/// as `exact_dedup`, are passed over.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  siyu preview pipelines/legal.yaml                     the first five documents
  siyu preview pipelines/legal.yaml -n 20 --step mask_pii
  siyu preview pipelines/legal.yaml --only-changed --color always | less -R")]
pub(crate) struct PreviewCommand {
    /// The pipeline file.
    pipeline: PathBuf,
    /// Documents to show.
    #[arg(short = 'n', long, value_name = "COUNT", default_value_t = 5)]
    documents: usize,
    /// Shows only what this step does, given by its name or by its number from 1.
    #[arg(long, value_name = "NAME")]
    step: Option<String>,
    /// Leaves out steps that change nothing.
    #[arg(long)]
    only_changed: bool,
    /// When to use colours; the variable `NO_COLOR` turns them off.
    #[arg(long, value_enum, default_value_t = Color::Auto)]
    color: Color,
    /// Overrides a key of the file, such as `steps.mask_pii.with=<{kind}>`.
    #[arg(long = "set", value_name = "KEY=VALUE")]
    settings: Vec<String>,
}

/// When colours are used.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Color {
    /// On a terminal.
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

impl Color {
    fn marks(self) -> Marks {
        let asked = std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
        Marks { color: self == Self::Always || self == Self::Auto && asked && std::io::stdout().is_terminal() }
    }
}

impl PreviewCommand {
    pub(crate) fn run(self, out: &mut impl Write) -> anyhow::Result<()> {
        let pipeline = Pipeline::from_path(&self.pipeline, &self.settings)?;
        let preview = Preview::new(&pipeline)?;
        if let Some(name) = &self.step
            && !preview.labels().any(|label| is_step(label, name))
        {
            let known: Vec<&str> = preview.labels().collect();
            return Err(Error::Refused(format!(
                "the pipeline has no step `{name}`; its steps are {}",
                known.join(", ")
            ))
            .into());
        }
        let marks = self.color.marks();
        let mut shown = 0;
        preview.each(self.documents, |seen| {
            shown += 1;
            match seen {
                Seen::Document(document) => self.document(&document, marks, out)?,
                Seen::Unreadable { source, source_row, reason } => {
                    let place = format!("{source}:{source_row}");
                    writeln!(out, "{}\n  {}\n", marks.bold(&place), marks.red(&format!("quarantined: {reason}")))?;
                }
            }
            anyhow::Ok(())
        })?;
        if shown == 0 {
            writeln!(out, "the input holds no rows")?;
        }
        Ok(())
    }

    fn document(&self, document: &Document, marks: Marks, out: &mut impl Write) -> anyhow::Result<()> {
        let place = format!("{}, row {}", document.source, document.source_row);
        writeln!(out, "{}  {}", marks.bold(&shortened(&document.id, 100)), marks.dim(&shortened(&place, 200)))?;
        for (name, value) in &document.given {
            writeln!(out, "  {:<26} {}", marks.dim(name), shortened(&plain(value), 100))?;
        }
        let wanted = document.events.iter().filter(|event| {
            let named = self.step.as_ref().is_none_or(|name| is_step(&event.step, name));
            let changed = !matches!(event.effect, Effect::Unchanged | Effect::PassedOver);
            named && (changed || !self.only_changed)
        });
        for event in wanted {
            self::event(event, &document.id, marks, out)?;
        }
        Ok(writeln!(out)?)
    }
}

fn event(event: &Event, document: &str, marks: Marks, out: &mut impl Write) -> anyhow::Result<()> {
    let piece = event.id.strip_prefix(document).filter(|piece| !piece.is_empty());
    let step = format!("{}{}", event.step, piece.map_or_else(String::new, |piece| format!(" {piece}")));
    let step = format!("{step:<26}");
    match &event.effect {
        Effect::Unchanged => writeln!(out, "  {step} {}", marks.dim("no change"))?,
        Effect::PassedOver => writeln!(out, "  {step} {}", marks.dim("passed over: it needs many documents"))?,
        Effect::Divided(pieces) => writeln!(out, "  {step} divided into {pieces} pieces")?,
        Effect::Dropped(reason) => {
            let reason = reason.as_ref().map_or_else(String::new, |reason| format!(": {reason}"));
            writeln!(out, "  {step} {}", marks.red(&format!("dropped{reason}")))?;
        }
        Effect::Changed(columns) => {
            for (place, (name, before, after)) in columns.iter().enumerate() {
                let step = if place == 0 { step.as_str() } else { "" };
                writeln!(out, "  {step:<26} {}: {}", name, diff(&plain(before), &plain(after), marks))?;
            }
        }
    }
    Ok(())
}

/// Whether a label such as `3 mask_pii` is meant by a name, a number or both.
fn is_step(label: &str, name: &str) -> bool {
    label == name || label.split_once(' ').is_some_and(|(number, step)| number == name || step == name)
}

/// A value without the quotes of JSON.
fn plain(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}
