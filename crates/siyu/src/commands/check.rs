//! `siyu check`.

use crate::diff::{Marks, diff};
use serde_json::Value;
use siyu_ingest::examples::{Failure, run_tests};
use siyu_ingest::{Pipeline, Plan, input};
use std::io::{IsTerminal, Write};
use std::path::PathBuf;

/// Validates a pipeline, prints its plan and runs its own tests; reads no documents.
///
/// A test of the pipeline gives a document and what the row steps must make of it; table steps, which need many
/// documents, are passed over. Exit code 2 says that the pipeline is wrong, 1 that a test failed.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  siyu check pipelines/legal.yaml
  siyu check pipelines/legal.yaml --set steps.text_length.min_chars=50")]
pub(crate) struct Check {
    /// The pipeline file.
    pipeline: PathBuf,
    /// Overrides a key of the file, such as `output.directory=out/other` or `steps.mask_pii.with=<{kind}>`.
    #[arg(long = "set", value_name = "KEY=VALUE")]
    settings: Vec<String>,
}

impl Check {
    pub(crate) fn run(self, out: &mut impl Write) -> anyhow::Result<()> {
        let pipeline = Pipeline::from_path(&self.pipeline, &self.settings)?;
        let plan = Plan::new(&pipeline)?;
        let failures = run_tests(&pipeline)?;
        print(&pipeline, &plan, out)?;
        for failure in &failures {
            tell(failure, out)?;
        }
        out.flush()?;
        anyhow::ensure!(failures.is_empty(), "{} of {} tests failed", failures.len(), pipeline.tests.len());
        writeln!(
            out,
            "{}: {} steps, {} tests passed",
            self.pipeline.display(),
            pipeline.steps.len(),
            pipeline.tests.len()
        )?;
        // A pipeline may be checked where its input is not: that is worth a word and no error.
        if let Err(error) = input::discover(&pipeline.input) {
            writeln!(std::io::stderr(), "warning: {error}; `siyu run` would stop here")?;
        }
        Ok(())
    }
}

/// The stages of a run: where rows meet, and what is done to each in between.
fn print(pipeline: &Pipeline, plan: &Plan, out: &mut impl Write) -> anyhow::Result<()> {
    for (number, stage) in (1..).zip(plan.stages()) {
        let arrives = match (number, stage.arrives_by.as_slice()) {
            (1, _) => format!("read {}", stage.columns_before.join(", ")),
            (_, []) => "order the rows".to_owned(),
            (_, steps) => steps.join(", "),
        };
        writeln!(out, "stage {number}: {arrives}")?;
        for step in &stage.steps {
            writeln!(out, "  {step}")?;
        }
    }
    let columns: Vec<String> = plan.columns(pipeline).iter().map(|(name, kind)| format!("{name} {kind}")).collect();
    writeln!(out, "output: {}", pipeline.output.directory.display())?;
    writeln!(out, "  {}", columns.join(", "))?;
    Ok(())
}

fn tell(failure: &Failure, out: &mut impl Write) -> anyhow::Result<()> {
    let marks = Marks { color: std::io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none() };
    let number = failure.number;
    if let Some((step, reason)) = &failure.dropped {
        let reason = reason.as_ref().map_or_else(String::new, |reason| format!(" ({reason})"));
        writeln!(out, "{} dropped by {step}{reason}", marks.red(&format!("test {number} failed:")))?;
        return Ok(());
    }
    if failure.wrong.is_empty() {
        writeln!(out, "{} not dropped, but `expect` is null", marks.red(&format!("test {number} failed:")))?;
        return Ok(());
    }
    writeln!(out, "{} [-expected-]{{+found+}}", marks.red(&format!("test {number} failed:")))?;
    for (name, expected, found) in &failure.wrong {
        writeln!(out, "  {name}: {}", diff(&plain(expected), &plain(found), marks))?;
        writeln!(out, "    expected {expected}\n    found    {found}")?;
    }
    Ok(())
}

fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}
