//! The pipeline file: parsed into types, refused with line, column and excerpt. Parsing reads no documents.

mod diagnostic;
mod variables;

use crate::error::{Error, Result};
use crate::input::Input;
use crate::step::Step;
pub use diagnostic::Diagnostic;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_saphyr::Spanned;
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
    /// Line and column of each step.
    #[serde(skip)]
    pub places: Vec<(u64, u64)>,
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

/// The file's shape, with the places of its steps. The JSON Schema of a pipeline is made from it.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename = "Pipeline")]
struct File {
    input: Vec<Input>,
    #[serde(default)]
    #[schemars(with = "Vec<Step>")]
    steps: Vec<Spanned<Step>>,
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
        let text = std::fs::read_to_string(path).map_err(Error::read(path))?;
        Self::from_text(&text, path, settings)
    }

    /// Like [`Self::from_path`] for text that is already read; `path` is for messages.
    pub fn from_text(text: &str, path: &Path, settings: &[String]) -> Result<Self> {
        Self::from_expanded(variables::expand(text, path)?, path, settings)
    }

    /// The pipeline whose `text` a manifest recorded: variables are expanded, settings follow it.
    pub(crate) fn from_record(text: &str) -> Result<Self> {
        let settings: Vec<String> =
            text.lines().filter_map(|line| line.strip_prefix(OVERRIDDEN)).map(str::to_owned).collect();
        Self::from_expanded(text.to_owned(), Path::new("manifest.json"), &settings)
    }

    fn from_expanded(text: String, path: &Path, settings: &[String]) -> Result<Self> {
        let file: File = parse(&text, path)?;
        let mut pipeline = Self {
            input: file.input,
            places: file.steps.iter().map(|step| (step.referenced.line(), step.referenced.column())).collect(),
            steps: file.steps.into_iter().map(|step| step.value).collect(),
            output: file.output,
            seed: file.seed,
            max_bad_rows: file.max_bad_rows,
            max_bad_ratio: file.max_bad_ratio,
            tests: file.tests,
            text,
            path: path.to_owned(),
        };
        if !settings.is_empty() {
            pipeline.set(settings)?;
        }
        if !(0.0..=1.0).contains(&pipeline.max_bad_ratio) {
            return Err(Error::setting("pipeline", "max_bad_ratio", "must lie between 0 and 1"));
        }
        if pipeline.output.shard_megabytes == 0 {
            return Err(Error::setting("output", "shard_megabytes", "must be at least 1"));
        }
        Ok(pipeline)
    }

    /// Overrides keys of the file.
    fn set(&mut self, settings: &[String]) -> Result<()> {
        let mut value = serde_json::to_value(&*self).expect("a pipeline consists of strings, numbers, lists and maps");
        for setting in settings {
            let (key, new) =
                setting.split_once('=').ok_or_else(|| override_error(setting, "write `key.path=value`"))?;
            let mut slot = &mut value;
            for name in key.split('.') {
                let next = match slot {
                    serde_json::Value::Array(items) => name.parse().ok().and_then(|index: usize| items.get_mut(index)),
                    serde_json::Value::Object(fields) => Some(fields.entry(name).or_insert(serde_json::Value::Null)),
                    _ => None,
                };
                slot = next.ok_or_else(|| override_error(setting, &format!("there is no `{name}` here")))?;
            }
            *slot = serde_saphyr::from_str(new).unwrap_or_else(|_| serde_json::Value::String(new.to_owned()));
        }
        let text = value.to_string();
        let file: File = serde_saphyr::from_str(&text)
            .map_err(|error| override_error(&settings.join(" "), &error.without_snippet().to_string()))?;
        let steps: Vec<Step> = file.steps.into_iter().map(|step| step.value).collect();
        for setting in settings {
            let border = if self.text.ends_with('\n') { "" } else { "\n" };
            self.text = format!("{}{border}{OVERRIDDEN}{setting}\n", self.text);
        }
        (self.input, self.steps, self.output) = (file.input, steps, file.output);
        (self.seed, self.max_bad_rows, self.max_bad_ratio) = (file.seed, file.max_bad_rows, file.max_bad_ratio);
        Ok(())
    }

    /// An error of step `index`, with the place of the step in the file.
    pub(crate) fn at_step(&self, index: usize, error: Error) -> Error {
        let Some(&(line, column)) = self.places.get(index) else { return error };
        let mut message = error.to_string();
        if let Some(source) = std::error::Error::source(&error) {
            message = format!("{message}: {source}");
        }
        let help =
            format!("`siyu operators {}` shows all settings; nothing was read or written", self.steps[index].name());
        Error::Pipeline(Box::new(Diagnostic::new(&self.path, &self.text, line, column, message, help)))
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
    let origin = Path::new("STEP_YAML");
    let is_list = text.trim_start().starts_with(['-', '[']);
    if is_list { parse(text, origin) } else { Ok(vec![parse(text, origin)?]) }
}

fn parse<'text, T: Deserialize<'text>>(text: &'text str, path: &Path) -> Result<T> {
    serde_saphyr::from_str(text)
        .map_err(|error| Error::Pipeline(Box::new(Diagnostic::from_yaml(path, text, error.without_snippet()))))
}

fn override_error(setting: &str, problem: &str) -> Error {
    Error::Override { setting: setting.to_owned(), problem: problem.to_owned() }
}
