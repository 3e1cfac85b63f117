//! The main job on `sample-data/`, from an untouched clone to a verified dataset.

use crate::workspace;
use anyhow::{Result, bail};
use std::process::Command;

const PIPELINE: &str = "pipelines/legal.yaml";
const DATASET: &str = "out/legal";

/// Builds, checks the pipeline, runs it from the start and verifies what it wrote.
pub(crate) fn run() -> Result<()> {
    let root = workspace::root();
    println!("building siyu; the first build compiles DataFusion and takes several minutes");
    let siyu = workspace::build_siyu(false)?;
    for arguments in [&["check", PIPELINE] as &[&str], &["run", PIPELINE, "--fresh"], &["verify", DATASET]] {
        println!("\n$ siyu {}", arguments.join(" "));
        let mut command = Command::new(&siyu);
        command.current_dir(&root).args(arguments);
        workspace::succeed(&mut command, &format!("run `siyu {}`", arguments.join(" ")))?;
    }
    let report = root.join(DATASET).join("report.html");
    if !report.is_file() {
        bail!("the run left no report at `{}`", report.display());
    }
    println!("\ndataset: {}\nreport:  {}", root.join(DATASET).display(), report.display());
    Ok(())
}
