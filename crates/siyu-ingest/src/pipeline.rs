//! The pipeline file: parsed into types, refused with line, column and excerpt. Parsing reads no documents.

mod overrides;
mod words;

use crate::error::{Error, Result, chain};
use crate::input::{self, Input};
use crate::step::Step;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use siyu_yaml::Places;
pub use siyu_yaml::{Diagnostic, nearest};
use std::path::{Path, PathBuf};

/// A pipeline as written in its file.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Pipeline {
    /// What is read.
    pub input: Vec<Input>,
    /// What is done, in this order.
    pub steps: Vec<Step>,
    /// Where the dataset goes.
    pub output: Output,
    /// Seed of the order of rows in the dataset.
    pub seed: u64,
    /// Unreadable rows after which a run stops; no bound when absent.
    pub max_bad_rows: Option<u64>,
    /// Share of unreadable rows above which a run fails, 0 to 1.
    pub max_bad_ratio: f64,
    /// The pipeline's own examples.
    pub tests: Vec<Example>,
    /// The YAML after expansion of variables.
    #[serde(skip)]
    pub text: String,
    /// Where the file is, for messages.
    #[serde(skip)]
    pub path: PathBuf,
    /// The file as it was written, for messages.
    #[serde(skip)]
    written: String,
    /// Where each value stands.
    #[serde(skip)]
    places: Places,
}

/// Where the dataset goes.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Output {
    /// Folder of the dataset.
    pub directory: PathBuf,
    /// Text of one shard in megabytes, about.
    #[serde(default = "shard_megabytes")]
    pub shard_megabytes: u64,
    /// Columns to write; all when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub columns: Option<Vec<String>>,
}

/// A document and what the row steps must make of it.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Example {
    /// The document's text, or a mapping of columns to texts.
    pub given: serde_json::Value,
    /// The text afterwards, a mapping of columns to their values, or null where the document is dropped.
    #[serde(default)]
    pub expect: serde_json::Value,
}

/// The file's shape. The JSON Schema of a pipeline is made from it.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename = "Pipeline")]
struct File {
    input: Vec<Input>,
    #[serde(default)]
    steps: Vec<Step>,
    output: Output,
    #[serde(default)]
    seed: u64,
    #[serde(default)]
    max_bad_rows: Option<u64>,
    #[serde(default = "max_bad_ratio")]
    max_bad_ratio: f64,
    #[serde(default)]
    tests: Vec<Example>,
}

fn shard_megabytes() -> u64 {
    256
}

fn max_bad_ratio() -> f64 {
    0.5
}

/// Stands before each setting of the command line in a recorded pipeline.
const OVERRIDDEN: &str = "# overridden: ";

impl Pipeline {
    /// Reads a pipeline file and replaces `${NAME}` and `${NAME:-default}` by the environment.
    ///
    /// `settings` are `key.path=value` pairs that override keys of the file.
    ///
    /// # Errors
    /// [`Error::Read`] for the file, [`Error::Pipeline`] for what it says.
    pub fn from_path(path: &Path, settings: &[String]) -> Result<Self> {
        let text = std::fs::read_to_string(path).map_err(|source| Error::NoPipeline {
            path: path.to_owned(),
            hint: input::neighbours(path),
            source,
        })?;
        Self::from_text(&text, path, settings)
    }

    /// Like [`Self::from_path`] for text that is already read; `path` is for messages.
    pub fn from_text(written: &str, path: &Path, settings: &[String]) -> Result<Self> {
        let expanded = siyu_yaml::expand(written, path).map_err(|error| Error::Pipeline(Box::new(error)))?;
        Self::from_expanded(expanded, written, path, settings)
    }

    /// The pipeline whose `text` a manifest recorded: variables are expanded, settings follow it.
    pub(crate) fn from_record(text: &str) -> Result<Self> {
        let settings: Vec<String> =
            text.lines().filter_map(|line| line.strip_prefix(OVERRIDDEN)).map(str::to_owned).collect();
        Self::from_expanded(text.to_owned(), text, Path::new("manifest.json"), &settings)
    }

    fn from_expanded(text: String, written: &str, path: &Path, settings: &[String]) -> Result<Self> {
        let file: File = serde_saphyr::from_str(&text).map_err(|error| {
            let found = words::words(&text, error.without_snippet(), true);
            Error::Pipeline(Box::new(Diagnostic::of_words(path, &text, written, found)))
        })?;
        let mut pipeline = Self {
            input: file.input,
            steps: file.steps,
            output: file.output,
            seed: file.seed,
            max_bad_rows: file.max_bad_rows,
            max_bad_ratio: file.max_bad_ratio,
            tests: file.tests,
            places: Places::of(&text).unwrap_or_default(),
            text,
            path: path.to_owned(),
            written: written.to_owned(),
        };
        pipeline.set(settings)?;
        pipeline.check()?;
        Ok(pipeline)
    }

    /// The pipeline whose JSON this is; what is wrong with it otherwise.
    pub(crate) fn from_value(value: serde_json::Value) -> Result<Self, String> {
        let file: File = serde_json::from_value(value).map_err(|error| error.to_string())?;
        let mut pipeline = Self::of_steps(file.steps);
        pipeline.input = file.input;
        pipeline.output = file.output;
        pipeline.seed = file.seed;
        pipeline.max_bad_rows = file.max_bad_rows;
        pipeline.max_bad_ratio = file.max_bad_ratio;
        Ok(pipeline)
    }

    /// A pipeline of these steps alone, without input or output.
    pub(crate) fn of_steps(steps: Vec<Step>) -> Self {
        Self {
            input: Vec::new(),
            steps,
            output: Output { directory: PathBuf::new(), shard_megabytes: 1, columns: None },
            seed: 0,
            max_bad_rows: None,
            max_bad_ratio: 1.0,
            tests: Vec::new(),
            text: String::new(),
            path: PathBuf::new(),
            written: String::new(),
            places: Places::default(),
        }
    }

    /// Refuses values that no run could use.
    fn check(&self) -> Result<()> {
        if self.input.is_empty() {
            return Err(self.at(
                &["input"],
                "`input` names no file".to_owned(),
                "write `- path: FOLDER_OR_FILE` below it",
            ));
        }
        if !(0.0..=1.0).contains(&self.max_bad_ratio) {
            let message = format!("`max_bad_ratio` is {} and must lie between 0 and 1", self.max_bad_ratio);
            return Err(self.at(&["max_bad_ratio"], message, "0.1 allows one unreadable row in ten"));
        }
        if self.output.shard_megabytes == 0 {
            let message = "`shard_megabytes` is 0 and must be at least 1".to_owned();
            return Err(self.at(&["output", "shard_megabytes"], message, "256 is the default"));
        }
        for (index, entry) in self.input.iter().enumerate() {
            input::check_encoding(entry).map_err(|error| self.at_entry(index, "encoding", &error))?;
            input::check_pattern(entry).map_err(|error| self.at_entry(index, "path", &error))?;
        }
        Ok(())
    }

    /// An error about the value at `path` of the file.
    fn at(&self, path: &[&str], message: String, help: &str) -> Error {
        let place = self.places.nearest(path);
        if place.line == 0 {
            return Error::Refused(format!("{message}; {help}; nothing was read or written"));
        }
        let (line, column) = siyu_yaml::moved(&self.text, &self.written, (place.line, place.column));
        let help = format!("{help}; nothing was read or written");
        Error::Pipeline(Box::new(Diagnostic::new(&self.path, &self.written, line, column, message, help)))
    }

    /// An error about a key of entry `index` of `input`.
    pub(crate) fn at_entry(&self, index: usize, key: &str, error: &Error) -> Error {
        self.at(&["input", &index.to_string(), key], chain(error), "`siyu schema` describes every key")
    }

    /// An error of step `index`, with the place of the step or of its setting in the file.
    pub(crate) fn at_step(&self, index: usize, error: &Error) -> Error {
        let name = self.steps[index].name();
        let setting = match error {
            Error::Setting { setting, .. } | Error::StepFile { setting, .. } => *setting,
            _ => "",
        };
        let number = index.to_string();
        let mut path = vec!["steps", &number];
        if !setting.is_empty() {
            path.extend([name, setting]);
        }
        self.at(&path, chain(error), &format!("`siyu operators {name}` shows all settings"))
    }
}

/// The JSON Schema of pipeline files, for editors.
pub fn schema() -> schemars::Schema {
    schemars::schema_for!(File)
}

/// Reads steps from YAML: one step or a list of steps.
///
/// # Errors
/// [`Error::Pipeline`] with line, column and excerpt.
pub fn parse_steps(text: &str) -> Result<Vec<Step>> {
    let is_list = text.trim_start().starts_with(['-', '[']);
    let parsed =
        if is_list { serde_saphyr::from_str(text) } else { serde_saphyr::from_str(text).map(|step| vec![step]) };
    parsed.map_err(|error| {
        let found = words::words(text, error.without_snippet(), false);
        Error::Pipeline(Box::new(Diagnostic::of_words(Path::new("STEPS"), text, text, found)))
    })
}
