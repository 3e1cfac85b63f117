//! The operators, one file each.

pub(crate) mod decontaminate;
pub(crate) mod derive;
pub(crate) mod exact_dedup;
pub(crate) mod filter;
pub(crate) mod instruct;
pub(crate) mod mask_pii;
pub(crate) mod near_dedup;
pub(crate) mod normalize_punctuation;
pub(crate) mod normalize_unicode;
pub(crate) mod sample;
pub(crate) mod segment;
pub(crate) mod shuffle;
pub(crate) mod split;
pub(crate) mod strip_html;
pub(crate) mod text_length;
pub(crate) mod tokenize;
pub(crate) mod truncate;

#[cfg(test)]
mod tests;

use crate::error::{Error, Result};
use crate::operator::{Kernel, Verdict, map_text, read_file};
use arrow::error::ArrowError;
use siyu_text::tokenizer::{Tokenizer, TokenizerError};
use std::borrow::Cow;
use std::path::Path;

/// The columns a text step works on when none are named.
pub(crate) fn text_columns() -> Vec<String> {
    vec!["text".to_owned()]
}

/// The fields of rewritten text columns: the same names, still text.
pub(crate) fn text_fields(columns: &[String]) -> Vec<arrow::datatypes::Field> {
    columns.iter().map(|name| arrow::datatypes::Field::new(name, arrow::datatypes::DataType::Utf8, true)).collect()
}

/// A kernel that rewrites each text of each column by itself and keeps every row.
pub(crate) fn rewriting<F>(rewrite: F) -> Kernel
where
    F: for<'a> Fn(&'a str) -> Cow<'a, str> + Send + Sync + 'static,
{
    Box::new(move |columns| {
        let rewritten = columns.iter().map(|column| map_text(column, |text| rewrite(text)));
        Ok(Verdict::columns(rewritten.collect::<Result<_, ArrowError>>()?))
    })
}

/// For settings that are on when absent.
pub(crate) fn is_true() -> bool {
    true
}

/// Loads the `tokenizer.json` that a step's setting `tokenizer` names.
pub(crate) fn load_tokenizer(step: &'static str, path: &Path) -> Result<Tokenizer> {
    let json = read_file(step, "tokenizer", path)?;
    let refused = |error: TokenizerError| Error::setting(step, "tokenizer", format!("`{}`: {error}", path.display()));
    Tokenizer::from_json(&json).map_err(refused)
}
