//! What a pipeline must be like for its rows to be packed.

use crate::error::{Error, Result};
use crate::pipeline::Pipeline;
use crate::step::Step;
use siyu_dataset::SEQ_LENGTHS;

/// The columns that `tokenize` makes.
const TOKENIZED: [&str; 3] = ["input_ids", "labels", "token_count"];

/// Refuses what packed rows could not hold: tokens changed by a later step, none written, or a column of documents that
/// has the name of their lengths.
pub(super) fn check(pipeline: &Pipeline) -> Result<()> {
    let packs = |step: &Step| matches!(step, Step::Tokenize(step) if step.pack);
    let Some(index) = pipeline.steps.iter().position(packs) else { return Ok(()) };
    let refused = |problem: String| Err(pipeline.at_step(index, &Error::setting("tokenize", "pack", problem)));
    for later in &pipeline.steps[index + 1..] {
        if let Some(name) = later.written_names().iter().find(|name| TOKENIZED.contains(&name.as_str())) {
            return refused(format!("`{name}` is what rows are packed by, and a later `{}` changes it", later.name()));
        }
    }
    if pipeline.output.columns.as_ref().is_some_and(|columns| !columns.iter().any(|name| name == TOKENIZED[0])) {
        return refused("packed rows need `input_ids` among `output.columns`".to_owned());
    }
    let mapped = pipeline.input.iter().flat_map(|input| input.columns.keys().cloned());
    if mapped.chain(pipeline.steps.iter().flat_map(Step::written_names)).any(|name| name == SEQ_LENGTHS) {
        return refused(format!("it writes the column `{SEQ_LENGTHS}`, and there is one already; rename that"));
    }
    Ok(())
}
