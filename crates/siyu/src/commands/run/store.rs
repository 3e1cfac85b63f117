//! Inputs and datasets in an S3 store, copied by the program `siyu-cluster`, which speaks its protocol.

use crate::commands::sibling::CLUSTER;
use siyu_ingest::{Error, Pipeline};
use std::ffi::OsStr;
use std::path::PathBuf;
use std::process::Stdio;

const SCHEME: &str = "s3://";

/// What of a run lies in a store.
#[derive(Default)]
pub(super) struct Store {
    /// The folder for copies, shared unless stages go through a store; none where nothing lies in one.
    copies: Option<PathBuf>,
    /// Where stages go through, if that is a store.
    stages: Option<String>,
    /// Where the dataset goes.
    output: Option<String>,
}

impl Store {
    /// Finds out what lies in a store; an output there is written to the folder for copies first.
    pub(super) fn of(
        pipeline: &mut Pipeline,
        stages: Option<String>,
        work_dir: Option<PathBuf>,
    ) -> anyhow::Result<Self> {
        let refused = |problem: &str| Err(Error::Refused(problem.to_owned()).into());
        let (stages, folder) = match stages {
            Some(url) if url.starts_with(SCHEME) => (Some(url), work_dir),
            Some(_) if work_dir.is_some() => return refused("`--work-dir` goes with `--stages s3://...` only"),
            folder => (None, folder.map(PathBuf::from)),
        };
        let here = pipeline.input.iter().find(|input| !input.path.starts_with(SCHEME));
        if let (Some(_), Some(input)) = (&stages, here) {
            return refused(&format!(
                "with `--stages s3://...`, inputs must lie in a store, too; `{}` does not begin with `{SCHEME}`",
                input.path
            ));
        }
        let output = pipeline.output.directory.to_str().filter(|path| path.starts_with(SCHEME)).map(str::to_owned);
        if output.is_none() && pipeline.input.iter().all(|input| !input.path.starts_with(SCHEME)) {
            return Ok(Self::default());
        }
        let Some(copies) = folder else {
            return refused(if stages.is_some() {
                "the pipeline names `s3://`: give `--work-dir FOLDER`, a folder of this host alone, for copies"
            } else {
                "the pipeline names `s3://`: give `--cluster URL` and `--stages FOLDER`, a folder that all hosts \
                 share, for copies; or, where they share none, `--stages s3://BUCKET/FOLDER`"
            });
        };
        let copies = std::path::absolute(copies)?;
        if let Some(inside) = output.as_deref().and_then(|url| url.strip_prefix(SCHEME)) {
            pipeline.output.directory = copies.join("output").join(inside);
        }
        Ok(Self { copies: Some(copies), stages, output })
    }

    /// Where stages go through, if that is a store.
    pub(super) fn stages(&self) -> Option<&str> {
        self.stages.as_deref()
    }

    /// Copies the inputs that lie in a store; returns the folder of the copies.
    pub(super) fn fetch(&self, pipeline: &Pipeline) -> anyhow::Result<Option<PathBuf>> {
        let Some(copies) = &self.copies else { return Ok(None) };
        let mirror = copies.join("input");
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
