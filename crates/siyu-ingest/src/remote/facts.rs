//! What others must know of a run to do tasks of it: its pipeline, its inputs, and what must be the same everywhere.

use crate::error::{Error, Result};
use crate::files;
use crate::input::Source;
use crate::pipeline::Pipeline;
use crate::run::state::Identity;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// The name of the facts in the scratch folder.
pub(super) const RUN: &str = "run.json";

/// A run, as those know it who do its work elsewhere. It lies in the scratch folder, once for all orders.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct RunFacts {
    /// Version of the leader.
    pub(super) version: String,
    /// The pipeline with absolute paths of the files that its steps name.
    pub(super) pipeline: Value,
    /// Files to read, with absolute paths.
    pub(super) sources: Vec<Source>,
    /// blake3 of each file that a step names, by step and absolute path.
    pub(super) files: Vec<(String, PathBuf, String)>,
    /// What tells one secret from another, by the environment variable that holds it.
    pub(super) keys: BTreeMap<String, String>,
    pub(super) buckets: u32,
    pub(super) batch_rows: usize,
}

impl RunFacts {
    /// Of a run led from here.
    pub(super) fn new(
        pipeline: &Pipeline,
        identity: &Identity,
        sources: &[Source],
        buckets: u32,
        batch_rows: usize,
    ) -> Result<Self> {
        let mut value =
            serde_json::to_value(pipeline).expect("a pipeline consists of strings, numbers, lists and maps");
        let mut named = Vec::new();
        for (index, step) in pipeline.steps.iter().enumerate() {
            for path in step.files() {
                let full = absolute(&path)?;
                let hash = identity.files.get(&path.display().to_string()).cloned().unwrap_or_default();
                replace(&mut value["steps"][index], &path, &full);
                named.push((step.name().to_owned(), full, hash));
            }
        }
        let placed = |source: &Source| Ok(Source { path: absolute(&source.path)?, ..source.clone() });
        Ok(Self {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            pipeline: value,
            sources: sources.iter().map(placed).collect::<Result<_>>()?,
            files: named,
            keys: identity.keys.clone(),
            buckets,
            batch_rows,
        })
    }

    /// Reads the facts, which must be there.
    pub(super) fn read(path: &Path) -> Result<Self> {
        let gone = || Error::Read { path: path.to_owned(), source: std::io::ErrorKind::NotFound.into() };
        files::read_record(path)?.ok_or_else(gone)
    }

    /// Writes the facts, if they are not there.
    pub(super) fn write(&self, scratch: &Path) -> Result<()> {
        files::write_record(&scratch.join(RUN), self)
    }

    /// Has steps read another file, which must hold the same.
    pub(super) fn place(&mut self, from: &Path, to: &Path) {
        replace(&mut self.pipeline["steps"], from, to);
        for (_, path, _) in self.files.iter_mut().filter(|(_, path, _)| path == from) {
            to.clone_into(path);
        }
    }

    /// Refuses what would give other bytes here than where the run is led.
    pub(super) fn check(&self) -> Result<()> {
        for (step, path, hash) in &self.files {
            let found = files::hash(path).map_err(|error| missing(step, path, error))?;
            if found != *hash {
                return Err(Error::Refused(format!(
                    "step `{step}` reads `{}`, which holds other bytes here than where the run was started; \
                     copy it to every host, or put it on the shared folder",
                    path.display()
                )));
            }
        }
        for (name, fingerprint) in &self.keys {
            if crate::run::state::fingerprint(&std::env::var(name).unwrap_or_default()) != *fingerprint {
                return Err(Error::Refused(format!(
                    "the environment variable `{name}` is not set here, or to another value than where the run was \
                     started; set it for every executor"
                )));
            }
        }
        Ok(())
    }
}

fn missing(step: &str, path: &Path, error: Error) -> Error {
    match error {
        Error::Read { source, .. } => Error::Refused(format!(
            "step `{step}` cannot read `{}`: {source}; copy it to every host, or put it on the shared folder",
            path.display()
        )),
        other => other,
    }
}

/// Puts a path in the place of another, wherever it stands in a step.
fn replace(step: &mut Value, path: &Path, full: &Path) {
    match step {
        Value::String(text) if Path::new(text.as_str()) == path => *step = Value::String(full.display().to_string()),
        Value::Array(items) => items.iter_mut().for_each(|item| replace(item, path, full)),
        Value::Object(fields) => fields.values_mut().for_each(|item| replace(item, path, full)),
        _ => {}
    }
}

/// A path that means the same in every working directory.
fn absolute(path: &Path) -> Result<PathBuf> {
    if path.to_str().is_none() {
        let problem =
            format!("`{}` has a name that is no UTF-8, which only a run on one machine can read", path.display());
        return Err(Error::Refused(problem));
    }
    std::path::absolute(path).map_err(Error::read(path))
}

/// The steps of a pipeline from its JSON.
pub(super) fn pipeline(value: &Value, path: &Path) -> Result<Pipeline> {
    Pipeline::from_value(value.clone()).map_err(|problem| Error::scratch(path, problem))
}

#[cfg(test)]
mod tests {
    use super::replace;
    use serde_json::json;
    use std::path::Path;

    #[test]
    fn only_the_path_itself_becomes_absolute() {
        let mut step =
            json!({ "tokenize": { "tokenizer": "a/t.json", "template": "a/t.json.j2", "more": ["a/t.json"] } });
        replace(&mut step, Path::new("a/t.json"), Path::new("/shared/a/t.json"));
        let expected = json!({ "tokenize": { "tokenizer": "/shared/a/t.json", "template": "a/t.json.j2", "more": ["/shared/a/t.json"] } });
        assert_eq!(step, expected);
    }
}
