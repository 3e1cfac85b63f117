//! Inputs and datasets in an S3 store, copied by the program `siyu-cluster`, which speaks its protocol.

use crate::commands::sibling::CLUSTER;
use siyu_ingest::{Error, Pipeline};
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Stdio;

const SCHEME: &str = "s3://";

/// What of a run lies in a store.
#[derive(Default)]
pub(super) struct Store {
    /// The shared folder for copies; none where nothing lies in a store.
    stages: Option<PathBuf>,
    /// Where the dataset goes.
    output: Option<String>,
}

impl Store {
    /// Finds out what lies in a store; an output there is written to the shared folder first.
    pub(super) fn of(pipeline: &mut Pipeline, stages: Option<&Path>) -> anyhow::Result<Self> {
        let output = pipeline.output.directory.to_str().filter(|path| path.starts_with(SCHEME)).map(str::to_owned);
        if output.is_none() && !pipeline.input.iter().any(|input| input.path.starts_with(SCHEME)) {
            return Ok(Self::default());
        }
        let Some(stages) = stages else {
            let problem = "the pipeline names `s3://`: give `--cluster URL` and `--stages FOLDER`, a folder that all \
                           hosts share, for copies";
            return Err(Error::Refused(problem.to_owned()).into());
        };
        let stages = std::path::absolute(stages)?;
        if let Some(inside) = output.as_deref().and_then(|url| url.strip_prefix(SCHEME)) {
            pipeline.output.directory = stages.join("output").join(inside);
        }
        Ok(Self { stages: Some(stages), output })
    }

    /// Copies the inputs that lie in a store; returns the folder of the copies.
    pub(super) fn fetch(&self, pipeline: &Pipeline) -> anyhow::Result<Option<PathBuf>> {
        let Some(stages) = &self.stages else { return Ok(None) };
        let mirror = stages.join("input");
        for input in pipeline.input.iter().filter(|input| input.path.starts_with(SCHEME)) {
            copy([OsStr::new("fetch"), OsStr::new(&input.path), mirror.as_os_str()])?;
        }
        Ok(Some(mirror))
    }

    /// Copies the dataset to its store.
    pub(super) fn publish(&self, pipeline: &Pipeline) -> anyhow::Result<()> {
        let Some(url) = &self.output else { return Ok(()) };
        copy([OsStr::new("publish"), pipeline.output.directory.as_os_str(), OsStr::new(url)])
    }

    /// Where the dataset is, as the pipeline says.
    pub(super) fn shown(&self, pipeline: &Pipeline) -> String {
        self.output.clone().unwrap_or_else(|| pipeline.output.directory.display().to_string())
    }
}

fn copy<'a>(arguments: impl IntoIterator<Item = &'a OsStr>) -> anyhow::Result<()> {
    let mut command = CLUSTER.command();
    let output = command.args(arguments).stdin(Stdio::null()).stdout(Stdio::null()).output();
    let output = CLUSTER.started("siyu run", output)?;
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    let said = said.trim().strip_prefix("error: ").unwrap_or(said.trim()).to_owned();
    Err(Error::Crew(if said.is_empty() { format!("`siyu-cluster` ended with {}", output.status) } else { said }).into())
}
