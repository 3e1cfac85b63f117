//! What the written documents look like: lengths, scripts, labels and a few samples.
//!
//! Only whole numbers and ordered maps: however the rows are cut into batches and whichever thread
//! observes them, the merged statistics are the same. Texts are observed after masking.

mod histogram;
mod script;

use std::collections::BTreeMap;

use arrow::{
    array::{Array, ArrayRef, AsArray, RecordBatch, StringArray},
    compute::cast,
    datatypes::{DataType, Int64Type},
};
use serde::{Deserialize, Serialize};
use siyu_dataset::content_hash;

pub use histogram::Histogram;
pub(crate) use histogram::bin_end;
use script::measure;

/// Samples kept per side.
const SAMPLES: usize = 5;

/// Characters of a sample's text that are kept.
const SAMPLE_CHARS: usize = 300;

/// The label of a position that is no part of the answer.
const NO_LABEL: i64 = -100;

/// What the written documents look like.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Statistics {
    /// Sums per side of the split.
    pub splits: BTreeMap<String, Totals>,
    /// Characters per document.
    pub characters: Histogram,
    /// Tokens per document; empty where the documents are not tokenized.
    pub tokens: Histogram,
    /// Documents by the script that takes most of their bytes: `han`, `latin`, `other` or `none`.
    pub scripts: BTreeMap<String, u64>,
    /// Positions that have a label, and those of them that belong to an answer.
    pub labels: Labels,
    /// Per side the documents with the smallest content hashes: a choice that looks random and is not.
    pub samples: BTreeMap<String, Vec<Sample>>,
}

/// Sums of one side.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Totals {
    /// Documents.
    pub rows: u64,
    /// Their characters.
    pub characters: u64,
    /// Their tokens; 0 where they are not tokenized.
    pub tokens: u64,
}

/// How much of what is tokenized is learnt.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Labels {
    /// Positions of all `labels`.
    pub positions: u64,
    /// Positions with a label other than −100.
    pub answer: u64,
}

/// A document to look at.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Sample {
    /// The content hash, in hexadecimal.
    pub hash: String,
    /// The document's id; empty where there is none.
    pub id: String,
    /// Its text columns, each cut to 300 characters.
    pub texts: Vec<SampleText>,
}

/// One column of a sample.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct SampleText {
    /// The column.
    pub column: String,
    /// The beginning of its text.
    pub text: String,
    /// Whether more follows.
    pub cut: bool,
}

impl Statistics {
    /// Adds the rows of a batch that is written to `split`.
    ///
    /// A document's text is the column `text`, or else `instruction`, `input` and `output` together.
    pub fn observe(&mut self, split: &str, batch: &RecordBatch) {
        let columns = document_columns(batch);
        let id = strings(batch, "id");
        let tokens = numbers(batch, "token_count");
        let mut sums = Totals { rows: batch.num_rows() as u64, ..Totals::default() };
        let mut parts: Vec<&str> = Vec::with_capacity(columns.len());
        for row in 0..batch.num_rows() {
            parts.clear();
            parts.extend(columns.iter().map(|(_, column)| value(column, row)));
            if !columns.is_empty() {
                sums.characters += self.observe_text(&parts);
                self.keep_sample(split, &columns, id.as_ref().map_or("", |id| value(id, row)), &parts);
            }
            if let Some(count) = tokens.as_ref().and_then(|counts| counts.get(row)) {
                self.tokens.add(*count);
                sums.tokens += count;
            }
        }
        self.observe_labels(batch);
        self.splits.entry(split.to_owned()).or_default().merge(sums);
    }

    /// Adds what another thread observed.
    pub fn merge(&mut self, other: Self) {
        for (split, sums) in other.splits {
            self.splits.entry(split).or_default().merge(sums);
        }
        self.characters.merge(&other.characters);
        self.tokens.merge(&other.tokens);
        for (script, count) in other.scripts {
            *self.scripts.entry(script).or_default() += count;
        }
        self.labels.positions += other.labels.positions;
        self.labels.answer += other.labels.answer;
        for (split, samples) in other.samples {
            let kept = self.samples.entry(split).or_default();
            kept.extend(samples);
            kept.sort();
            kept.truncate(SAMPLES);
        }
    }

    fn observe_text(&mut self, parts: &[&str]) -> u64 {
        let (characters, script) = measure(parts);
        self.characters.add(characters);
        match self.scripts.get_mut(script) {
            Some(count) => *count += 1,
            None => drop(self.scripts.insert(script.to_owned(), 1)),
        }
        characters
    }

    fn keep_sample(&mut self, split: &str, columns: &[(&str, StringArray)], id: &str, parts: &[&str]) {
        if parts.iter().all(|part| part.is_empty()) {
            return;
        }
        let hash = format!("{:032x}", content_hash(parts));
        if !self.samples.contains_key(split) {
            self.samples.insert(split.to_owned(), Vec::new());
        }
        let kept = self.samples.get_mut(split).expect("the side was inserted if it was missing");
        if kept.len() == SAMPLES && kept.last().is_some_and(|last| (&*last.hash, &*last.id) <= (&*hash, id)) {
            return;
        }
        let texts = columns.iter().zip(parts).filter(|(_, text)| !text.is_empty());
        let texts = texts.map(|((column, _), text)| SampleText::of(column, text)).collect();
        kept.push(Sample { hash, id: id.to_owned(), texts });
        kept.sort();
        kept.truncate(SAMPLES);
    }

    fn observe_labels(&mut self, batch: &RecordBatch) {
        let Some(lists) = batch.column_by_name("labels").and_then(|column| column.as_list_opt::<i32>()) else { return };
        for labels in lists.iter().flatten() {
            let Ok(labels) = cast(&labels, &DataType::Int64) else { return };
            self.labels.positions += labels.len() as u64;
            let answer = labels.as_primitive::<Int64Type>().values().iter().filter(|&&label| label != NO_LABEL);
            self.labels.answer += answer.count() as u64;
        }
    }
}

impl Totals {
    fn merge(&mut self, other: Self) {
        self.rows += other.rows;
        self.characters += other.characters;
        self.tokens += other.tokens;
    }
}

impl SampleText {
    fn of(column: &str, text: &str) -> Self {
        let (text, rest) = match text.char_indices().nth(SAMPLE_CHARS) {
            Some((end, _)) => text.split_at(end),
            None => (text, ""),
        };
        Self { column: column.to_owned(), text: text.to_owned(), cut: !rest.is_empty() }
    }
}

fn document_columns(batch: &RecordBatch) -> Vec<(&'static str, StringArray)> {
    let find = |name| Some((name, strings(batch, name)?));
    match find("text") {
        Some(text) => vec![text],
        None => ["instruction", "input", "output"].into_iter().filter_map(find).collect(),
    }
}

fn strings(batch: &RecordBatch, name: &str) -> Option<StringArray> {
    let column = batch.column_by_name(name)?;
    let column: ArrayRef = cast(column, &DataType::Utf8).ok()?;
    column.as_string_opt::<i32>().cloned()
}

fn value(column: &StringArray, row: usize) -> &str {
    if column.is_null(row) { "" } else { column.value(row) }
}

fn numbers(batch: &RecordBatch, name: &str) -> Option<Vec<u64>> {
    let column = cast(batch.column_by_name(name)?, &DataType::Int64).ok()?;
    let numbers = column.as_primitive::<Int64Type>().iter();
    Some(numbers.map(|number| number.and_then(|number| u64::try_from(number).ok()).unwrap_or(0)).collect())
}

#[cfg(test)]
mod tests;
