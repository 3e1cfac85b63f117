//! What a step is: a row operator judges or rewrites each document by itself, a table operator must see many.
//!
//! An operator is rebuildable from its configuration alone: `build` may read the files that the configuration names and
//! nothing else, so that another machine arrives at the same function.

use crate::error::{Error, Result};
use crate::near::Job;
use arrow::array::{Array, ArrayRef, BooleanArray, StringArray, StringBuilder, UInt32Array};
use arrow::datatypes::Field;
use arrow::error::ArrowError;
use std::borrow::Cow;
use std::path::PathBuf;
use std::sync::Arc;

/// The compiled form of a row operator: one array per column it reads, all of one length, to what it makes of them.
///
/// A kernel never fails for a document's sake: what it cannot judge becomes null or is not kept.
pub type Kernel = Box<dyn Fn(&[ArrayRef]) -> Result<Verdict, ArrowError> + Send + Sync>;

/// What a kernel makes of a batch of rows.
#[derive(Default)]
pub struct Verdict {
    /// The written columns, in the order of [`RowOperator::writes`].
    pub columns: Vec<ArrayRef>,
    /// Rows that are not `true` are dropped and counted under the step's name; without it all stay.
    pub keep: Option<BooleanArray>,
    /// Why a row is dropped, where one step has several reasons; never any of its text.
    pub reasons: Option<StringArray>,
    /// For a step that makes several rows of one: for each row of `columns`, the row it was made from, ascending.
    /// `keep` and `reasons` then still speak of the rows read.
    pub origin: Option<UInt32Array>,
    /// Tallies per row, such as `cn_mobile=2;`, summed up in the report.
    pub notes: Option<StringArray>,
}

impl Verdict {
    /// Writes these columns and keeps every row.
    pub fn columns(columns: Vec<ArrayRef>) -> Self {
        Self { columns, ..Self::default() }
    }

    /// Writes nothing and keeps the rows that are `true`.
    pub fn keep(keep: BooleanArray) -> Self {
        Self { keep: Some(keep), ..Self::default() }
    }
}

/// A step that judges or rewrites each document by itself.
pub trait RowOperator: Send + Sync {
    /// Names of the columns the kernel is given, in this order; `available` are those that exist before the step.
    /// A name that does not exist yet is looked for in the input.
    fn reads(&self, available: &[String]) -> Result<Vec<String>>;

    /// Columns made or replaced, given the fields of [`Self::reads`].
    fn writes(&self, inputs: &[Field]) -> Result<Vec<Field>>;

    /// Names of the columns made or replaced, known without their types.
    fn makes(&self) -> Vec<String> {
        self.writes(&[]).map(|fields| fields.iter().map(|field| field.name().clone()).collect()).unwrap_or_default()
    }

    /// Whether the step keeps every row as one row and leaves all columns but those it [makes](Self::makes) as they are.
    fn only_adds(&self) -> bool {
        false
    }

    /// Loads word lists, compiles patterns; fails before any row is read.
    fn build(&self, inputs: &[Field]) -> Result<Kernel>;

    /// Files the configuration names; their contents are part of a run's identity.
    fn files(&self) -> Vec<PathBuf> {
        Vec::new()
    }

    /// Environment variable that holds a secret; which secret it is is part of a run's identity, itself it is kept
    /// nowhere.
    fn key_from(&self) -> Option<&str> {
        None
    }
}

/// A step that must see many documents.
///
/// Each says where equal rows meet and what happens to them there; the plan turns that into an exchange, which is the
/// only thing that moves rows between workers.
pub trait TableOperator: Send + Sync {
    /// Names of the columns the operator reads.
    fn reads(&self) -> Vec<String>;

    /// By what rows are brought together and ordered.
    fn key(&self) -> Key;

    /// What is done to the rows once they lie in the key's order.
    fn action(&self) -> Action;

    /// The column made or replaced, where there is one.
    fn writes(&self) -> Option<Field> {
        None
    }

    /// What [`Action::Decide`] is to find out, given the fields of [`Self::reads`].
    ///
    /// # Errors
    /// When a setting cannot be used, or a column has the wrong type.
    fn job(&self, _inputs: &[Field]) -> Result<Option<Job>> {
        Ok(None)
    }

    /// Files the configuration names; their contents are part of a run's identity.
    fn files(&self) -> Vec<PathBuf> {
        Vec::new()
    }
}

/// By what an exchange brings rows together, and in which order they lie afterwards.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Key {
    /// A seeded hash of the row's position in the input: an even, reproducible order.
    Position {
        /// Another seed gives another order.
        seed: u64,
    },
    /// The 128-bit hash of these columns' text, white space folded.
    Content {
        /// Columns that together are the content.
        columns: Vec<String>,
    },
}

/// What is done to rows once an exchange has ordered them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// Nothing: the order is the purpose.
    Order,
    /// Of rows with equal keys the first in the input stays.
    KeepFirst,
    /// The first `rows` in the whole order stay.
    Limit {
        /// Rows to keep.
        rows: u64,
    },
    /// What a search among all rows has decided, by [`TableOperator::job`].
    Decide,
}

/// The array as text.
///
/// # Errors
/// If the column holds something else; the plan gives text columns to text steps, so this names a defect.
pub fn text_column(column: &ArrayRef) -> Result<&StringArray, ArrowError> {
    column.as_any().downcast_ref::<StringArray>().ok_or_else(|| {
        ArrowError::InvalidArgumentError(format!("expected a text column, got one of {}", column.data_type()))
    })
}

/// Applies `rewrite` to every text of a column; the column itself comes back when no text changed.
///
/// # Errors
/// If the column is not text.
pub fn map_text<F>(column: &ArrayRef, mut rewrite: F) -> Result<ArrayRef, ArrowError>
where
    F: for<'a> FnMut(&'a str) -> Cow<'a, str>,
{
    let texts = text_column(column)?;
    // Built only from the first changed row on: clean columns are the common case and cost no copy.
    let mut changed: Option<StringBuilder> = None;
    for row in 0..texts.len() {
        if texts.is_null(row) {
            if let Some(builder) = &mut changed {
                builder.append_null();
            }
            continue;
        }
        let text = texts.value(row);
        match (rewrite(text), &mut changed) {
            (Cow::Borrowed(same), None) if same.len() == text.len() => {}
            (new, Some(builder)) => builder.append_value(new),
            (new, None) => {
                let mut builder = StringBuilder::with_capacity(texts.len(), texts.values().len());
                for earlier in 0..row {
                    builder.append_option(texts.is_valid(earlier).then(|| texts.value(earlier)));
                }
                builder.append_value(new);
                changed = Some(builder);
            }
        }
    }
    Ok(changed.map_or_else(|| Arc::clone(column), |mut builder| Arc::new(builder.finish()) as ArrayRef))
}

/// Reads a file that a step's configuration names.
///
/// # Errors
/// [`Error::StepFile`] with the step, the setting and the path.
pub fn read_file(step: &'static str, setting: &'static str, path: &std::path::Path) -> Result<String> {
    std::fs::read_to_string(path).map_err(|source| Error::StepFile { step, setting, path: path.to_owned(), source })
}
