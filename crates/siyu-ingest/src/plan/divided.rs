//! What a pipeline must be like for its split to hold to the end.

use crate::error::{Error, Result};
use crate::pipeline::Pipeline;
use crate::step::Step;

/// Refuses what would part equal rows after all: a step behind the split that changes what the split went by, or the
/// sides themselves.
pub(super) fn check(pipeline: &Pipeline) -> Result<()> {
    let mut kept: Option<Vec<&String>> = None;
    for (index, step) in pipeline.steps.iter().enumerate() {
        if let Some(kept) = &kept {
            let (name, written) = (step.name(), step.written_names());
            if written.iter().any(|column| column == "split") {
                return Err(pipeline.at_step(index, &Error::DividedTwice { step: name }));
            }
            if let Some(column) = written.into_iter().find(|column| kept.contains(&column)) {
                return Err(pipeline.at_step(index, &Error::ChangedAfterSplit { step: name, column }));
            }
        }
        if let Step::Split(split) = step {
            kept = Some(split.columns.iter().chain(&split.group_by).collect());
        }
    }
    Ok(())
}
