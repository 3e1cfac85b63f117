//! What the operators' unit tests share: a few texts in, what a step makes of them out.

use crate::operator::{RowOperator, Verdict};
use arrow::array::{Array, ArrayRef, AsArray, StringArray};
use arrow::datatypes::{DataType, Field};
use std::sync::Arc;

/// Runs a step on one text column given to each column it reads.
pub(crate) fn verdict(step: &dyn RowOperator, texts: &[Option<&str>]) -> Verdict {
    let column: ArrayRef = Arc::new(texts.iter().copied().collect::<StringArray>());
    let reads = step.reads(&[]).expect("the step of a test is well formed");
    let fields: Vec<Field> = reads.iter().map(|name| Field::new(name, DataType::Utf8, true)).collect();
    step.writes(&fields).expect("the step of a test is well formed");
    let kernel = step.build(&fields).expect("the step of a test builds");
    kernel(&vec![column; reads.len()]).expect("a kernel never fails for a document's sake")
}

/// Which of the texts a step keeps.
pub(crate) fn kept(step: &dyn RowOperator, texts: &[Option<&str>]) -> Vec<bool> {
    let keep = verdict(step, texts).keep.expect("the step judges rows");
    (0..keep.len()).map(|row| keep.is_valid(row) && keep.value(row)).collect()
}

/// Which of the ids a step keeps.
pub(crate) fn kept_ids(step: &dyn RowOperator, ids: &[String]) -> Vec<String> {
    let texts: Vec<Option<&str>> = ids.iter().map(|id| Some(id.as_str())).collect();
    let kept = kept(step, &texts);
    ids.iter().zip(kept).filter(|(_, kept)| *kept).map(|(id, _)| id.clone()).collect()
}

/// What a step makes of the texts, in the first column it writes.
pub(crate) fn rewritten(step: &dyn RowOperator, texts: &[Option<&str>]) -> Vec<Option<String>> {
    let verdict = verdict(step, texts);
    let column = verdict.columns[0].as_string::<i32>();
    column.iter().map(|text| text.map(str::to_owned)).collect()
}
