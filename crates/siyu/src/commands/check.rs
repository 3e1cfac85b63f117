//! `siyu check`.

use siyu_ingest::examples::run_tests;
use siyu_ingest::{Pipeline, Plan};
use std::io::Write;
use std::path::PathBuf;

/// Validates a pipeline and runs its own tests; reads no data.
#[derive(clap::Args)]
pub(crate) struct Check {
    /// The pipeline file.
    pipeline: PathBuf,
    /// Overrides a key of the file, such as `output.directory=out/other`.
    #[arg(long = "set", value_name = "KEY=VALUE")]
    settings: Vec<String>,
}

impl Check {
    pub(crate) fn run(self, out: &mut impl Write) -> anyhow::Result<()> {
        let pipeline = Pipeline::from_path(&self.pipeline, &self.settings)?;
        let plan = Plan::new(&pipeline)?;
        let failures = run_tests(&pipeline)?;
        for label in &plan.labels {
            writeln!(out, "{label}")?;
        }
        anyhow::ensure!(
            failures.is_empty(),
            "{} of {} tests failed\n{}",
            failures.len(),
            pipeline.tests.len(),
            failures.join("\n")
        );
        writeln!(
            out,
            "{}: {} steps, {} tests passed",
            self.pipeline.display(),
            pipeline.steps.len(),
            pipeline.tests.len()
        )?;
        Ok(())
    }
}
