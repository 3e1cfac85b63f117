//! Of which document a dropped copy is a copy.
//!
//! A list of dropped rows names the content that a copy shares with the document that stayed, as a hash: which of
//! several equal rows stays is known only once all were read. The document is found again by its content.

use crate::error::Error;
use crate::pipeline::Pipeline;
use crate::step::Step;
use arrow::array::{Array, AsArray, RecordBatch};
use siyu_dataset::Dataset;
use siyu_dataset::folded_hash;
use std::path::Path;

/// Ids of the documents in the shards that hold the content named by `detail` of a row that `step` dropped.
///
/// Empty where `detail` names no content, and where the document changed after the step or was dropped later.
///
/// # Errors
/// [`Error::Dataset`] where a shard cannot be read.
pub fn originals(dataset: &Dataset, step: &str, detail: &str) -> Result<Vec<String>, Error> {
    let Some(columns) = compared(dataset, step) else { return Ok(Vec::new()) };
    let wanted = detail.strip_prefix("content ").and_then(|hash| u128::from_str_radix(hash, 16).ok());
    let Some(wanted) = wanted else { return Ok(Vec::new()) };
    let mut read = vec!["id"];
    read.extend(columns.iter().map(String::as_str).filter(|name| *name != "id"));
    let mut found = Vec::new();
    for shard in &dataset.manifest().shards {
        for documents in dataset.documents(&shard.path, &read).map_err(Error::Dataset)? {
            found.extend(equal(&documents.map_err(Error::Dataset)?.batch, &columns, wanted));
        }
    }
    Ok(found)
}

/// The columns that the step compared, as the pipeline says that wrote the dataset.
fn compared(dataset: &Dataset, step: &str) -> Option<Vec<String>> {
    let number: usize = step.split(' ').next()?.parse().ok()?;
    let text = &dataset.manifest().pipeline.text;
    // Its variables are expanded, and a `${` in it is meant.
    let pipeline = Pipeline::from_text(&text.replace("${", "$${"), Path::new("manifest.json"), &[]).ok()?;
    match pipeline.steps.get(number.checked_sub(1)?)? {
        Step::ExactDedup(dedup) => Some(dedup.columns.clone()),
        _ => None,
    }
}

/// Ids of the rows of a batch with this content.
fn equal(batch: &RecordBatch, columns: &[String], wanted: u128) -> Vec<String> {
    let texts: Option<Vec<_>> = columns
        .iter()
        .map(|name| batch.column_by_name(name).and_then(|column| column.as_string_opt::<i32>()))
        .collect();
    let ids = batch.column_by_name("id").and_then(|column| column.as_string_opt::<i32>());
    let (Some(texts), Some(ids)) = (texts, ids) else { return Vec::new() };
    let holds = |row: &usize| {
        let parts: Vec<Option<&str>> =
            texts.iter().map(|column| column.is_valid(*row).then(|| column.value(*row))).collect();
        folded_hash(&parts) == wanted
    };
    (0..batch.num_rows()).filter(holds).filter(|&row| ids.is_valid(row)).map(|row| ids.value(row).to_owned()).collect()
}
