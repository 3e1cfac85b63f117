use super::Packer;
use arrow::array::{Array, ArrayRef, AsArray, ListArray, RecordBatch, UInt64Array};
use arrow::datatypes::{Int32Type, UInt64Type};
use proptest::prelude::*;
use siyu_dataset::{SEQ_LENGTHS, unpacked};
use std::sync::Arc;

/// Documents numbered from `first`, each of whose tokens is its number.
fn documents(first: usize, lengths: &[usize]) -> RecordBatch {
    let of = |(number, &length): (i32, &usize)| Some(vec![Some(number); length]);
    let lists = (i32::try_from(first).unwrap()..).zip(lengths).map(of).collect::<Vec<_>>();
    let tokens: ArrayRef = Arc::new(ListArray::from_iter_primitive::<Int32Type, _, _>(lists));
    let numbers = UInt64Array::from_iter_values((first as u64..).take(lengths.len()));
    let columns = [("id", Arc::new(numbers) as ArrayRef), ("input_ids", Arc::clone(&tokens)), ("labels", tokens)];
    RecordBatch::try_from_iter_with_nullable(columns.map(|(name, column)| (name, column, true))).unwrap()
}

fn packed_rows(lengths: &[usize], max_tokens: u32, window_bytes: usize, batch: usize) -> Vec<RecordBatch> {
    let mut packer = Packer::new(max_tokens, window_bytes);
    let mut rows = Vec::new();
    for (number, chunk) in lengths.chunks(batch).enumerate() {
        rows.extend(packer.push(documents(number * batch, chunk)).unwrap());
    }
    rows.extend(packer.finish().unwrap());
    rows
}

/// Tokens of each row.
fn sizes(rows: &[RecordBatch]) -> Vec<usize> {
    rows.iter().flat_map(|batch| batch["input_ids"].as_list::<i32>().offsets().lengths().collect::<Vec<_>>()).collect()
}

fn fill(lengths: &[usize], max_tokens: u32) -> f64 {
    let rows = sizes(&packed_rows(lengths, max_tokens, super::WINDOW_BYTES, super::READ_ROWS));
    lengths.iter().sum::<usize>() as f64 / (rows.len() * max_tokens as usize) as f64
}

/// Lengths of a mix: exchanges of some sentences, articles over three orders of size, and texts cut to the budget.
fn mix(documents: usize, max_tokens: usize) -> Vec<usize> {
    let mut state = 0x5eed_u64;
    let mut below = |bound: usize| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        usize::try_from(state >> 11).unwrap() % bound
    };
    let mut length = |_| match below(4) {
        0 | 1 => 30 + below(300),
        2 => (20 << below(9)) + below(20),
        _ => max_tokens,
    };
    (0..documents).map(&mut length).map(|length| length.min(max_tokens)).collect()
}

#[test]
fn a_mix_of_lengths_fills_its_rows() {
    for max_tokens in [512, 1024, 4096, 32768] {
        let fill = fill(&mix(12_000, max_tokens as usize), max_tokens);
        assert!(fill >= 0.995, "{fill} at {max_tokens}");
    }
}

#[test]
fn rows_lie_in_the_order_of_their_first_documents() {
    let rows = packed_rows(&[9, 2, 9, 1, 4], 10, usize::MAX, 2);
    let ids = rows.iter().flat_map(|batch| {
        let ids = batch["id"].as_list::<i32>();
        ids.iter().map(|ids| ids.unwrap().as_primitive::<UInt64Type>().values().to_vec()).collect::<Vec<_>>()
    });
    assert_eq!(ids.collect::<Vec<_>>(), [vec![0, 3], vec![1, 4], vec![2]]);
}

proptest! {
    #[test]
    fn each_document_is_in_one_row_whole_and_between_its_boundaries(
        lengths in proptest::collection::vec(1usize..=40, 0..150),
        max_tokens in 40u32..100,
        window_bytes in 1usize..6000,
        batch in 1usize..40,
    ) {
        let rows = packed_rows(&lengths, max_tokens, window_bytes, batch);
        prop_assert!(sizes(&rows).iter().all(|&tokens| tokens <= max_tokens as usize));
        let mut found = vec![0; lengths.len()];
        for batch in &rows {
            let boundaries = batch[SEQ_LENGTHS].as_list::<i32>().values().as_primitive::<Int32Type>();
            let apart = unpacked(batch).unwrap();
            prop_assert_eq!(boundaries.len(), apart.num_rows());
            let (numbers, ids) = (apart["id"].as_primitive::<UInt64Type>(), apart["input_ids"].as_list::<i32>());
            for row in 0..apart.num_rows() {
                let number = usize::try_from(numbers.value(row)).unwrap();
                let tokens = ids.value(row);
                prop_assert_eq!(tokens.len(), lengths[number]);
                prop_assert!(tokens.as_primitive::<Int32Type>().values().iter().all(|&id| usize::try_from(id).unwrap() == number));
                found[number] += 1;
            }
        }
        prop_assert!(found.iter().all(|&times| times == 1));
    }
}
