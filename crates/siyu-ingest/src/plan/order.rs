//! The order in which steps run, which is not always the one in which they are written.
//!
//! A step that only adds columns runs behind the table steps that follow it, where they do not read what it adds: rows
//! that die there are not worked on, and its columns need not travel through an exchange. No row can tell the
//! difference, for such a step judges nothing and sees one row at a time.

use crate::error::Result;
use crate::operator::{RowOperator, TableOperator};
use crate::pipeline::Pipeline;
use crate::step::Operator;
use std::collections::BTreeSet;

/// A step that waits for the table steps to pass.
struct Waiting {
    index: usize,
    reads: Vec<String>,
    writes: Vec<String>,
}

/// Indices of the steps in the order in which they run; `given` are the columns of the input.
///
/// # Errors
/// When a step's settings tell no columns.
pub(super) fn of(pipeline: &Pipeline, given: &[String]) -> Result<Vec<usize>> {
    let mut known: Vec<String> = given.to_vec();
    let mut order = Vec::with_capacity(pipeline.steps.len());
    let mut waiting: Vec<Waiting> = Vec::new();
    for (index, step) in pipeline.steps.iter().enumerate() {
        let makes = step.written_names();
        let leaves = match step.operator() {
            Operator::Row(row) if adds(row, &makes, &known) => {
                let reads = row.reads(&known).map_err(|error| pipeline.at_step(index, &error))?;
                waiting.push(Waiting { index, reads, writes: makes.clone() });
                0
            }
            Operator::Row(_) => waiting.len(),
            Operator::Table(table) => first_to_stay(table, &waiting),
        };
        order.extend(waiting.drain(..leaves).map(|step| step.index));
        if waiting.last().is_none_or(|last| last.index != index) {
            order.push(index);
        }
        known.extend(makes);
    }
    order.extend(waiting.into_iter().map(|step| step.index));
    Ok(order)
}

/// Whether a step does nothing but give rows columns that they lack.
fn adds(row: &dyn RowOperator, makes: &[String], known: &[String]) -> bool {
    row.only_adds() && !makes.iter().any(|name| known.contains(name))
}

/// How many of the waiting steps must run before a table step: all up to the last that has to do with its columns.
fn first_to_stay(table: &dyn TableOperator, waiting: &[Waiting]) -> usize {
    let reads: BTreeSet<String> = table.reads().into_iter().collect();
    let made = table.writes().map(|field| field.name().clone());
    let made = |name: &String| made.as_ref() == Some(name);
    let tied = |step: &Waiting| {
        step.writes.iter().any(|name| reads.contains(name) || made(name)) || step.reads.iter().any(made)
    };
    waiting.iter().rposition(tied).map_or(0, |last| last + 1)
}

#[cfg(test)]
mod tests {
    use super::of;
    use crate::pipeline::Pipeline;
    use std::path::Path;

    fn order(steps: &str) -> Vec<usize> {
        let text = format!("input: [{{ path: \"*.jsonl\" }}]\nsteps:\n{steps}output: {{ directory: out }}\n");
        let pipeline = Pipeline::from_text(&text, Path::new("test.yaml"), &[]).unwrap();
        of(&pipeline, &["text".to_owned()]).unwrap()
    }

    #[test]
    fn words_are_cut_behind_the_table_steps() {
        let steps = "  - strip_html: {}\n  - segment: {}\n  - exact_dedup: {}\n  - shuffle: {}\n  - text_length: { min_chars: 1 }\n";
        assert_eq!(order(steps), [0, 2, 3, 1, 4]);
    }

    #[test]
    fn what_a_table_step_reads_is_made_before_it() {
        let steps =
            "  - segment: {}\n  - derive: { year: \"substr(text, 1, 4)\" }\n  - exact_dedup: { columns: [year] }\n";
        assert_eq!(order(steps), [0, 1, 2]);
    }

    #[test]
    fn what_replaces_a_column_keeps_its_place() {
        let steps = "  - derive: { text: \"substr(text, 1, 4)\" }\n  - shuffle: {}\n";
        assert_eq!(order(steps), [0, 1]);
    }
}
