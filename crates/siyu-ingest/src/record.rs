//! Holds a manifest against the pipeline that it records.

use crate::error::{Error, Result};
use crate::pipeline::Pipeline;
use crate::step::Step;
use crate::steps::split::Split;
use serde::Serialize;
use siyu_dataset::{Manifest, SplitRecord};

/// Refuses a manifest whose steps or split are not those of its pipeline; returns what could not be compared, and why.
///
/// # Errors
/// [`Error::Dataset`] names the first thing that differs.
pub fn compare(manifest: &Manifest) -> Result<Option<String>> {
    let Ok(pipeline) = Pipeline::from_record(&manifest.pipeline.text) else {
        let problem = "that the split is the one asked for: this version cannot read the pipeline of the manifest";
        return Ok(Some(problem.to_owned()));
    };
    let labels = (1..).zip(&pipeline.steps).map(|(number, step)| format!("{number} {}", step.name()));
    let labels: Vec<String> = labels.collect();
    let found: Vec<&str> = manifest.steps.iter().map(|step| step.step.as_str()).collect();
    agree("`steps`", &found.join(", "), &labels.join(", "))?;
    let asked = pipeline.steps.iter().find_map(|step| if let Step::Split(split) = step { Some(split) } else { None });
    match (&manifest.split, asked) {
        (None, None) => Ok(None),
        (Some(record), Some(asked)) => divided(record, asked),
        (record, _) => {
            let (found, expected) = if record.is_some() { ("given", "absent") } else { ("absent", "given") };
            agree("`split`", found, expected).map(|()| None)
        }
    }
}

/// Compares the record of a split with the step.
fn divided(record: &SplitRecord, asked: &Split) -> Result<Option<String>> {
    agree("`split.shares`", &json(&record.shares), &json(&asked.asked()))?;
    match &record.leak.near {
        Some(rule) => agree("`split.leak.near`", &json(rule), &json(&asked.rule())).map(|()| None),
        None => Ok(Some(format!(
            "that rows on two sides are unlike: the manifest is from before `leak_similarity: {}` meant more than equality",
            asked.leak_similarity
        ))),
    }
}

fn json(value: &impl Serialize) -> String {
    serde_json::to_string(value).unwrap_or_default()
}

/// Refuses what a manifest says where its pipeline says something else.
fn agree(what: &str, found: &str, expected: &str) -> Result<()> {
    if found == expected {
        return Ok(());
    }
    let (what, found, expected) = (what.to_owned(), found.to_owned(), expected.to_owned());
    Err(Error::Dataset(siyu_dataset::Error::Contradiction { what, found, expected }))
}
