use std::sync::Arc;

use arrow::array::{Int32Array, ListArray, StringArray};
use arrow::datatypes::Int32Type;

use super::*;

fn batch(rows: &[(&str, &str, i32)]) -> RecordBatch {
    let ids = StringArray::from_iter_values(rows.iter().map(|row| row.0));
    let texts = StringArray::from_iter_values(rows.iter().map(|row| row.1));
    let counts = Int32Array::from_iter_values(rows.iter().map(|row| row.2));
    let columns: [(&str, ArrayRef); 3] =
        [("id", Arc::new(ids)), ("text", Arc::new(texts)), ("token_count", Arc::new(counts))];
    RecordBatch::try_from_iter(columns).unwrap()
}

fn observed(batches: &[&[(&str, &str, i32)]]) -> Statistics {
    let mut all = Statistics::default();
    for rows in batches {
        let mut one = Statistics::default();
        one.observe("train", &batch(rows));
        all.merge(one);
    }
    all
}

#[test]
fn batches_and_order_do_not_matter() {
    let rows: Vec<(String, String)> = (0..40).map(|row| (format!("d{row}"), "私语 ".repeat(row))).collect();
    let rows: Vec<(&str, &str, i32)> = rows.iter().map(|(id, text)| (id.as_str(), text.as_str(), 7)).collect();
    let whole = observed(&[&rows]);
    let (left, right) = rows.split_at(13);
    assert_eq!(observed(&[right, left]), whole);
    assert_eq!(whole.splits["train"], Totals { rows: 40, characters: 3 * 780, tokens: 280 });
    assert_eq!(whole.samples["train"].len(), 5);
}

#[test]
fn a_sample_is_cut_at_300_characters() {
    let statistics = observed(&[&[("a", &"私".repeat(301), 1), ("b", &"语".repeat(300), 1)]]);
    let mut lengths: Vec<(usize, bool)> = statistics.samples["train"]
        .iter()
        .map(|sample| (sample.texts[0].text.chars().count(), sample.texts[0].cut))
        .collect();
    lengths.sort_unstable();
    assert_eq!(lengths, [(300, false), (300, true)]);
}

#[test]
fn only_labels_of_the_answer_count_as_learnt() {
    let labels = ListArray::from_iter_primitive::<Int32Type, _, _>([Some([-100, -100, 5, 6].map(Some))]);
    let mut statistics = Statistics::default();
    let columns: [(&str, ArrayRef); 1] = [("labels", Arc::new(labels))];
    statistics.observe("train", &RecordBatch::try_from_iter(columns).unwrap());
    assert_eq!(statistics.labels, Labels { positions: 4, answer: 2 });
}

#[test]
fn statistics_survive_json() {
    let statistics = observed(&[&[("a", "私语", 3)]]);
    let json = serde_json::to_string(&statistics).unwrap();
    assert_eq!(serde_json::from_str::<Statistics>(&json).unwrap(), statistics);
}
