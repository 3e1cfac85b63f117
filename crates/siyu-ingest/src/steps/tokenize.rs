//! `tokenize`.

mod encode;
mod rows;

use self::encode::Encode;
use self::rows::Source;
use crate::error::{Error, Result};
use crate::operator::{Kernel, RowOperator, Verdict, read_file};
use arrow::array::{BooleanBuilder, Int32Builder, ListBuilder, StringBuilder, UInt32Builder};
use arrow::datatypes::{DataType, Field};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::path::PathBuf;
use std::sync::Arc;

/// Turns documents into what a trainer reads: token ids, and labels that are −100 outside the answer.
///
/// Documents with the columns `instruction` and `output` (and `input`) are examples, those with `messages` are chats,
/// and others are plain text, of which every token is learnt. What is too long loses part of its input, never of its
/// answer, its end token or the template; what still does not fit is dropped.
///
/// # Why
/// A trainer that cuts by itself cuts the answer, and one that applies another template trains for another model. One
/// that pads rows of different lengths computes for nothing: with `pack`, documents share rows.
/// # Example
/// `tokenize: { tokenizer: sample-data/models/tiny-zh/tokenizer.json, template: alpaca, max_tokens: 1024 }`
/// # Nulls
/// A missing instruction, output, chat or text drops the document; a missing input is an empty one.
/// # Source
/// Taori et al. 2023, "Stanford Alpaca" (template, labels); Hugging Face chat templates.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Tokenize {
    /// The `tokenizer.json` of the model that will be trained.
    pub tokenizer: PathBuf,
    /// Name of a built-in template, path of a `.jinja` file, or `from_config` for the one in the
    /// `tokenizer_config.json` beside the tokenizer. Plain text needs none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub template: Option<String>,
    /// Most tokens of a document.
    pub max_tokens: usize,
    /// What is done with documents that are longer.
    #[serde(default)]
    pub overflow: Overflow,
    /// Several documents to a row of at most `max_tokens`, best fit, never those of two sides of a split. `input_ids` and
    /// `labels` follow one another, `seq_lengths` has the tokens of each document, every other column is a list with an
    /// entry a document. Trainers keep documents apart by `seq_lengths`: TRL makes position ids of it (`padding_free`).
    /// The first token of a document is not learnt. Rows are packed when they are written: all steps see documents.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub pack: bool,
    /// Columns that hold the document: instruction, input and output; instruction and output; messages; or a text.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub columns: Vec<String>,
}

/// What is done with documents that are too long.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Overflow {
    /// The input (of a chat the end of its last question, of plain text its end) is cut until the rest fits.
    #[default]
    CutInput,
    /// The document is dropped.
    Drop,
}

impl Tokenize {
    fn check(&self) -> Result<()> {
        if self.max_tokens == 0 || i32::try_from(self.max_tokens).is_err() {
            return Err(Error::setting("tokenize", "max_tokens", "must be at least 1 and below 2147483648"));
        }
        if self.columns.len() > 3 {
            let problem = "name at most three: instruction, input and output";
            return Err(Error::setting("tokenize", "columns", problem));
        }
        Ok(())
    }

    /// The file that `template` names, if it names one.
    fn template_file(&self) -> Option<PathBuf> {
        let template = self.template.as_deref()?;
        if template == "from_config" {
            return Some(self.tokenizer.with_file_name("tokenizer_config.json"));
        }
        let path = PathBuf::from(template);
        path.extension().is_some_and(|ending| ending == "jinja").then_some(path)
    }
}

fn ids(name: &str) -> Field {
    Field::new_list(name, Field::new("item", DataType::Int32, true), true)
}

impl RowOperator for Tokenize {
    fn reads(&self, available: &[String]) -> Result<Vec<String>> {
        if !self.columns.is_empty() {
            return Ok(self.columns.clone());
        }
        let has = |name: &str| available.iter().any(|known| known == name);
        let names: &[&str] = match (has("instruction") && has("output"), has("input"), has("messages")) {
            (true, true, _) => &["instruction", "input", "output"],
            (true, false, _) => &["instruction", "output"],
            (false, _, true) => &["messages"],
            (false, _, false) => &["text"],
        };
        Ok(names.iter().map(|&name| name.to_owned()).collect())
    }

    fn writes(&self, _: &[Field]) -> Result<Vec<Field>> {
        self.check()?;
        Ok(vec![ids("input_ids"), ids("labels"), Field::new("token_count", DataType::UInt32, true)])
    }

    fn build(&self, inputs: &[Field]) -> Result<Kernel> {
        self.check()?;
        let source = Source::new(inputs)?;
        let file = self.template_file();
        let file = file.map(|path| read_file("tokenize", "template", &path)).transpose()?;
        let encode = Encode::new(self, file.as_deref(), source.needs_template())?;
        Ok(Box::new(move |columns| {
            let rows = source.rows(columns)?;
            let mut out = Out::default();
            for row in &rows {
                match row.as_ref().map_err(|reason| (*reason).to_owned()).and_then(|row| encode.encode(row)) {
                    Ok(encoded) => out.push(&encoded),
                    Err(reason) => out.refuse(&reason),
                }
            }
            Ok(out.finish())
        }))
    }

    fn files(&self) -> Vec<PathBuf> {
        std::iter::once(self.tokenizer.clone()).chain(self.template_file()).collect()
    }
}

/// The columns of a batch.
#[derive(Default)]
struct Out {
    ids: ListBuilder<Int32Builder>,
    labels: ListBuilder<Int32Builder>,
    counts: UInt32Builder,
    keep: BooleanBuilder,
    reasons: StringBuilder,
    notes: StringBuilder,
}

impl Out {
    fn push(&mut self, encoded: &encode::Encoded) {
        self.ids.values().append_slice(&encoded.ids);
        self.labels.values().append_slice(&encoded.labels);
        self.ids.append(true);
        self.labels.append(true);
        self.counts.append_value(u32::try_from(encoded.ids.len()).unwrap_or(u32::MAX));
        self.keep.append_value(true);
        self.reasons.append_null();
        self.notes.append_option(encoded.cut.then_some("cut=1;"));
    }

    fn refuse(&mut self, reason: &str) {
        self.ids.append(false);
        self.labels.append(false);
        self.counts.append_null();
        self.keep.append_value(false);
        self.reasons.append_value(reason);
        self.notes.append_null();
    }

    fn finish(mut self) -> Verdict {
        Verdict {
            columns: vec![Arc::new(self.ids.finish()), Arc::new(self.labels.finish()), Arc::new(self.counts.finish())],
            keep: Some(self.keep.finish()),
            reasons: Some(self.reasons.finish()),
            notes: Some(self.notes.finish()),
            origin: None,
        }
    }
}

#[cfg(test)]
mod tests;
