//! The operators, one file each.

/// A step that judges or cleans a column by rules of `siyu-text`: the settings are the fields of the rules, with their
/// defaults, and the column. A field that the rules have and the list has not, or has otherwise, does not compile.
macro_rules! rules_step {
    (
        $(#[$about:meta])*
        $step:ident: $rules:ty {
            $($(#[$field_about:meta])* $field:ident: $type:ty,)*
        }
    ) => {
        $(#[$about])*
        #[derive(Clone, Debug, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
        #[serde(default, deny_unknown_fields)]
        pub struct $step {
            $($(#[$field_about])* pub $field: $type,)*
            /// Column that is judged.
            pub column: String,
        }

        impl Default for $step {
            fn default() -> Self {
                let rules = <$rules>::default();
                Self { $($field: rules.$field,)* column: $crate::steps::text() }
            }
        }

        impl $step {
            fn rules(&self) -> $rules {
                type Rules = $rules;
                let Self { $($field,)* column: _ } = self.clone();
                Rules { $($field,)* }
            }
        }
    };
}

pub(crate) mod c4_quality;
pub(crate) mod convert_chinese;
pub(crate) mod decontaminate;
pub(crate) mod derive;
pub(crate) mod exact_dedup;
pub(crate) mod filter;
pub(crate) mod fineweb_quality;
pub(crate) mod fix_mojibake;
pub(crate) mod gopher_quality;
pub(crate) mod gopher_repetition;
pub(crate) mod han_ratio;
pub(crate) mod instruct;
pub(crate) mod language;
pub(crate) mod mask_pii;
pub(crate) mod near_dedup;
pub(crate) mod normalize_punctuation;
pub(crate) mod normalize_unicode;
pub(crate) mod repetition;
pub(crate) mod sample;
pub(crate) mod segment;
pub(crate) mod shuffle;
pub(crate) mod split;
pub(crate) mod strip_html;
pub(crate) mod symbol_ratio;
pub(crate) mod text_length;
pub(crate) mod tokenize;
pub(crate) mod truncate;

#[cfg(test)]
mod tests;

use crate::error::{Error, Result};
use crate::operator::{Kernel, Verdict, map_text, read_file, text_column};
use arrow::array::{BooleanArray, StringArray};
use arrow::error::ArrowError;
use siyu_text::quality;
use siyu_text::tokenizer::{Tokenizer, TokenizerError};
use std::borrow::Cow;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError, Weak};

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

/// The column that is judged or cut when none is named.
pub(crate) fn text() -> String {
    "text".to_owned()
}

/// A kernel that keeps the texts in which `judge` finds no fault; one without text has nothing in it.
pub(crate) fn judging<F>(judge: F) -> Kernel
where
    F: Fn(&str) -> Option<Cow<'static, str>> + Send + Sync + 'static,
{
    Box::new(move |columns| {
        let texts = text_column(&columns[0])?;
        let faults: Vec<_> = texts.iter().map(|text| text.map_or(Some(quality::EMPTY.into()), &judge)).collect();
        let keep = faults.iter().map(|fault| Some(fault.is_none())).collect::<BooleanArray>();
        let reasons = faults.iter().map(Option::as_deref).collect::<StringArray>();
        Ok(Verdict { keep: Some(keep), reasons: Some(reasons), ..Verdict::default() })
    })
}

/// For settings that are on when absent.
pub(crate) fn is_true() -> bool {
    true
}

/// Loads the `tokenizer.json` that a step's setting `tokenizer` names, once for all who use it at the same time.
pub(crate) fn load_tokenizer(step: &'static str, path: &Path) -> Result<Arc<Tokenizer>> {
    static IN_USE: Mutex<Vec<([u8; 32], Weak<Tokenizer>)>> = Mutex::new(Vec::new());
    let json = read_file(step, "tokenizer", path)?;
    let hash = *blake3::hash(json.as_bytes()).as_bytes();
    let mut in_use = IN_USE.lock().unwrap_or_else(PoisonError::into_inner);
    in_use.retain(|(_, tokenizer)| tokenizer.strong_count() > 0);
    let known = in_use.iter().find(|(of, _)| *of == hash);
    if let Some(tokenizer) = known.and_then(|(_, tokenizer)| tokenizer.upgrade()) {
        return Ok(tokenizer);
    }
    let refused = |error: TokenizerError| Error::setting(step, "tokenizer", format!("`{}`: {error}", path.display()));
    let tokenizer = Arc::new(Tokenizer::from_json(&json).map_err(refused)?);
    in_use.push((hash, Arc::downgrade(&tokenizer)));
    Ok(tokenizer)
}
