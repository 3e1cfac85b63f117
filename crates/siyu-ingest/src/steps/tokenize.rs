//! `tokenize`.

use crate::error::{Error, Result};
use crate::operator::{Kernel, RowOperator, Verdict, text_column};
use crate::steps::load_tokenizer;
use arrow::array::{Array, ArrayRef, BooleanArray, Int32Builder, ListBuilder, StringArray, UInt32Builder};
use arrow::datatypes::{DataType, Field};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use siyu_text::chat::{ChatTemplate, Encoder, Fitted, Overflow};
use std::path::PathBuf;
use std::sync::Arc;

/// Turns instructions, or plain text, into token ids with labels on the answer alone.
///
/// Where `output` exists, `instruction`, `input` and `output` go through the template; else `text` is taken as it is,
/// with an end token, and every token is a label. What is too long loses the end of its input, never its answer, its
/// end token or the template; what still does not fit is dropped.
///
/// # Why
/// The trainer reads ids, and an answer cut off teaches a model not to stop.
/// # Example
/// `tokenize: { tokenizer: sample-data/models/tiny-zh/tokenizer.json, template: alpaca, max_tokens: 1024 }`
/// # Nulls
/// A row without the text it needs is dropped.
/// # Source
/// Labels of -100 are passed over by PyTorch's cross-entropy; ids are those of Hugging Face's tokenizers.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Tokenize {
    /// The `tokenizer.json`.
    pub tokenizer: PathBuf,
    /// How a dialogue is laid out: `alpaca`, `chatml`, `qwen2`, `llama2`, `llama3` or `plain`.
    #[serde(default = "plain")]
    pub template: String,
    /// Most tokens of a row.
    pub max_tokens: usize,
    /// What happens to a longer row.
    #[serde(default)]
    pub overflow: Overflow,
}

fn plain() -> String {
    "plain".to_owned()
}

impl Tokenize {
    fn template(&self) -> Result<ChatTemplate> {
        ChatTemplate::named(&self.template).ok_or_else(|| {
            Error::setting(
                "tokenize",
                "template",
                format!("there is no template `{}`; there are {}", self.template, ChatTemplate::NAMES.join(", ")),
            )
        })
    }
}

impl RowOperator for Tokenize {
    fn reads(&self, available: &[String]) -> Result<Vec<String>> {
        let instructed = available.iter().any(|name| name == "output");
        let names: &[&str] = if instructed { &["instruction", "input", "output"] } else { &["text"] };
        Ok(names.iter().map(|name| (*name).to_owned()).collect())
    }

    fn writes(&self, _: &[Field]) -> Result<Vec<Field>> {
        self.template()?;
        if self.max_tokens == 0 {
            return Err(Error::setting("tokenize", "max_tokens", "must be at least 1"));
        }
        let list = DataType::List(Arc::new(Field::new("item", DataType::Int32, true)));
        let fields = [("input_ids", list.clone()), ("labels", list), ("token_count", DataType::UInt32)];
        Ok(fields.map(|(name, kind)| Field::new(name, kind, true)).to_vec())
    }

    fn build(&self, _: &[Field]) -> Result<Kernel> {
        let tokenizer = Arc::new(load_tokenizer("tokenize", &self.tokenizer)?);
        let encoder = Encoder::new(tokenizer, self.template()?, self.max_tokens, self.overflow)
            .map_err(|error| Error::setting("tokenize", "tokenizer", error.to_string()))?;
        Ok(Box::new(move |columns| {
            let texts: Vec<&StringArray> = columns.iter().map(text_column).collect::<Result<_, _>>()?;
            let mut made = Made::default();
            for row in 0..texts[0].len() {
                let cell = |column: usize| texts[column].is_valid(row).then(|| texts[column].value(row));
                let fitted = match texts.len() {
                    1 => cell(0).map(|text| encoder.text(text)),
                    _ => cell(2).map(|output| encoder.instruction(cell(0).unwrap_or_default(), cell(1), output)),
                };
                match fitted {
                    None => made.drop("no text".to_owned()),
                    Some(Err(_)) => made.drop("cannot be encoded".to_owned()),
                    Some(Ok(Fitted::TooLong { tokens })) => made.drop(format!("too long: {tokens} tokens")),
                    Some(Ok(Fitted::Whole(example))) => made.add(&example.input_ids, &example.labels, None),
                    Some(Ok(Fitted::Cut(example))) => made.add(&example.input_ids, &example.labels, Some("cut=1;")),
                }
            }
            Ok(made.verdict())
        }))
    }

    fn files(&self) -> Vec<PathBuf> {
        vec![self.tokenizer.clone()]
    }
}

/// The columns on their way.
#[derive(Default)]
struct Made {
    ids: ListBuilder<Int32Builder>,
    labels: ListBuilder<Int32Builder>,
    counts: UInt32Builder,
    keep: Vec<bool>,
    reasons: Vec<Option<String>>,
    notes: Vec<Option<&'static str>>,
}

impl Made {
    fn add(&mut self, ids: &[u32], labels: &[i32], note: Option<&'static str>) {
        self.ids.append_value(ids.iter().map(|&id| i32::try_from(id).ok()));
        self.labels.append_value(labels.iter().map(|&label| Some(label)));
        self.counts.append_value(u32::try_from(ids.len()).unwrap_or(u32::MAX));
        self.keep.push(true);
        self.reasons.push(None);
        self.notes.push(note);
    }

    fn drop(&mut self, reason: String) {
        self.ids.append_null();
        self.labels.append_null();
        self.counts.append_null();
        self.keep.push(false);
        self.reasons.push(Some(reason));
        self.notes.push(None);
    }

    fn verdict(mut self) -> Verdict {
        let columns: Vec<ArrayRef> =
            vec![Arc::new(self.ids.finish()), Arc::new(self.labels.finish()), Arc::new(self.counts.finish())];
        Verdict {
            columns,
            keep: Some(BooleanArray::from(self.keep)),
            reasons: Some(StringArray::from(self.reasons)),
            notes: Some(StringArray::from(self.notes)),
            origin: None,
        }
    }
}
