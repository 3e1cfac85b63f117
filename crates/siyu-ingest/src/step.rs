//! The list of steps: one line per operator, from which YAML, messages, JSON Schema, help and documentation follow.

use crate::operator::{RowOperator, TableOperator};
use schemars::{JsonSchema, Schema, schema_for};
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// How a step works on a table.
pub enum Operator<'a> {
    /// Each row by itself.
    Row(&'a dyn RowOperator),
    /// Many rows together.
    Table(&'a dyn TableOperator),
}

/// Expands to `enum Step` with its names, documentation and operators.
macro_rules! steps {
    ($($kind:ident $name:ident: $type:ident,)*) => {
        /// One entry of a pipeline's `steps:`.
        #[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
        #[serde(rename_all = "snake_case")]
        pub enum Step {
            $(
                #[allow(missing_docs, reason = "the operator's own documentation says it")]
                $type($type),
            )*
        }

        $(use crate::steps::$name::$type;)*

        impl Step {
            /// The names that a pipeline may use, in the order of the documentation.
            pub const NAMES: &'static [&'static str] = &[$(stringify!($name),)*];

            /// The step's name in a pipeline.
            pub fn name(&self) -> &'static str {
                match self {
                    $(Self::$type(_) => stringify!($name),)*
                }
            }

            /// The step's settings and their documentation, or `None` where no step has this name.
            pub fn describe(name: &str) -> Option<Schema> {
                match name {
                    $(stringify!($name) => Some(schema_for!($type)),)*
                    _ => None,
                }
            }

            /// What the step does.
            pub fn operator(&self) -> Operator<'_> {
                match self {
                    $(Self::$type(step) => steps!(@$kind step),)*
                }
            }
        }
    };
    (@Row $step:ident) => { Operator::Row($step) };
    (@Table $step:ident) => { Operator::Table($step) };
    (@Either $step:ident) => { $step.operator() };
}

impl Step {
    /// Names of the columns the step makes or replaces.
    pub(crate) fn written_names(&self) -> Vec<String> {
        match self.operator() {
            Operator::Row(row) => row.makes(),
            Operator::Table(_) => Vec::new(),
        }
    }

    /// Files that the step's settings name.
    pub(crate) fn files(&self) -> Vec<PathBuf> {
        match self.operator() {
            Operator::Row(row) => row.files(),
            Operator::Table(_) => Vec::new(),
        }
    }

    /// The environment variable that holds the step's secret, if it has one.
    pub(crate) fn key_from(&self) -> Option<&str> {
        match self.operator() {
            Operator::Row(row) => row.key_from(),
            Operator::Table(_) => None,
        }
    }
}

steps! {
    Row    strip_html:            StripHtml,
    Row    fix_mojibake:          FixMojibake,
    Row    normalize_unicode:     NormalizeUnicode,
    Row    normalize_punctuation: NormalizePunctuation,
    Row    convert_chinese:       ConvertChinese,
    Row    mask_pii:              MaskPii,
    Row    segment:               Segment,
    Row    filter:                Filter,
    Row    derive:                Derive,
    Row    text_length:           TextLength,
    Row    gopher_quality:        GopherQuality,
    Row    gopher_repetition:     GopherRepetition,
    Row    c4_quality:            C4Quality,
    Row    fineweb_quality:       FinewebQuality,
    Row    han_ratio:             HanRatio,
    Row    symbol_ratio:          SymbolRatio,
    Row    repetition:            Repetition,
    Row    language:              Language,
    Row    truncate:              Truncate,
    Table  exact_dedup:           ExactDedup,
    Either sample:                Sample,
    Table  shuffle:               Shuffle,
    Row    split:                 Split,
    Row    instruct:              Instruct,
    Row    tokenize:              Tokenize,
}
