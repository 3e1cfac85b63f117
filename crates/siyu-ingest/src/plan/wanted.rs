//! What a pipeline needs of its input.

use crate::error::{Error, Result};
use crate::pipeline::Pipeline;
use crate::step::{Operator, Step};

/// A column and the index of the step that reads it.
pub(super) type Asked = (String, usize);

/// Names that the input must give: those that entries map, then those that steps read before any step wrote them; the
/// latter also with the step that reads them.
pub(super) fn of(pipeline: &Pipeline) -> Result<(Vec<String>, Vec<Asked>)> {
    let mut wanted: Vec<String> = Vec::new();
    if let Some(index) = pipeline.input.iter().position(|input| input.columns.contains_key("split")) {
        return Err(pipeline.at_entry(index, "columns", &Error::ForeignSplit));
    }
    for name in pipeline.input.iter().flat_map(|input| input.columns.keys()) {
        if name != "id" && !wanted.contains(name) {
            wanted.push(name.clone());
        }
    }
    let mut asked = Vec::new();
    let mut made: Vec<String> = vec!["id".into(), "source".into(), "source_row".into()];
    for (index, step) in pipeline.steps.iter().enumerate() {
        let available: Vec<String> = made.iter().chain(&wanted).cloned().collect();
        let at = |error: Error| pipeline.at_step(index, &error);
        let reads = match step.operator() {
            Operator::Row(row) => row.reads(&available).map_err(at)?,
            Operator::Table(table) => table.reads(),
        };
        for name in reads {
            if name == "split" && !made.contains(&name) {
                return Err(at(Error::ForeignSplit));
            }
            if !made.contains(&name) && !wanted.contains(&name) {
                // The text is looked for in every row anyway.
                asked.extend((name != "text").then(|| (name.clone(), index)));
                wanted.push(name);
            }
        }
        let written = step.written_names();
        if !matches!(step, Step::Split(_)) && written.iter().any(|name| name == "split") {
            return Err(at(Error::ForeignSplit));
        }
        made.extend(written);
    }
    if wanted.is_empty() {
        wanted.push("text".to_owned());
    }
    Ok((wanted, asked))
}
