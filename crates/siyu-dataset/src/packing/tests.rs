use super::{SEQ_LENGTHS, check, packed, packed_schema, unpacked};
use arrow::array::{
    Array, ArrayRef, AsArray, Int32Array, ListArray, ListBuilder, RecordBatch, StringArray, StringBuilder, UInt32Array,
};
use arrow::datatypes::{Int32Type, UInt32Type};
use proptest::prelude::*;
use std::sync::Arc;

/// Documents with these lengths; each token and label says which document it is of, and where.
fn documents(lengths: &[usize]) -> RecordBatch {
    let tokens = |sign: i32| {
        let of = |(document, length): (i32, &usize)| {
            Some((0..*length).map(move |at| Some(sign * (document * 100 + i32::try_from(at).unwrap()))))
        };
        Arc::new(ListArray::from_iter_primitive::<Int32Type, _, _>((0..).zip(lengths).map(of))) as ArrayRef
    };
    let mut words = ListBuilder::new(StringBuilder::new());
    for length in lengths {
        words.append_value(vec![Some("词"); length % 3]);
    }
    let ids = (0..lengths.len()).map(|document| Some(format!("d{document}"))).collect::<StringArray>();
    let counts = lengths.iter().map(|&length| u32::try_from(length).unwrap()).collect::<UInt32Array>();
    RecordBatch::try_from_iter_with_nullable([
        ("id", Arc::new(ids) as ArrayRef, true),
        ("words", Arc::new(words.finish()), true),
        ("input_ids", tokens(1), true),
        ("labels", tokens(-1), true),
        ("token_count", Arc::new(counts), true),
        ("source_row", Arc::new(Int32Array::from_iter_values(0..i32::try_from(lengths.len()).unwrap())), true),
    ])
    .unwrap()
}

fn numbers(column: &dyn Array, row: usize) -> Vec<i32> {
    column.as_list::<i32>().value(row).as_primitive::<Int32Type>().values().to_vec()
}

#[test]
fn a_row_holds_its_documents_one_after_another_and_says_where_each_ends() {
    let rows = packed(&documents(&[2, 3, 1]), &[2, 1]).unwrap();
    let names: Vec<_> = rows.schema_ref().fields().iter().map(|field| field.name().as_str()).collect();
    assert_eq!(names, ["id", "words", "input_ids", "labels", "token_count", SEQ_LENGTHS, "source_row"]);
    let column = |name| rows.column_by_name(name).unwrap().as_ref();
    assert_eq!([0, 1].map(|row| numbers(column("input_ids"), row)), [vec![0, 1, 100, 101, 102], vec![200]]);
    // A shifted loss reads the label of a token from the one before it, which is another document's.
    assert_eq!([0, 1].map(|row| numbers(column("labels"), row)), [vec![-100, -1, -100, -101, -102], vec![-100]]);
    assert_eq!([0, 1].map(|row| numbers(column(SEQ_LENGTHS), row)), [vec![2, 3], vec![1]]);
    assert_eq!(column("token_count").as_primitive::<UInt32Type>().values(), &[5, 1]);
    assert_eq!(column("id").as_list::<i32>().value(0).as_string::<i32>().value(1), "d1");
}

#[test]
fn changed_rows_are_found() {
    let rows = packed(&documents(&[2, 3, 1]), &[2, 1]).unwrap();
    assert_eq!(check(&rows, 5), Ok(3));
    assert!(check(&rows, 4).is_err_and(|(row, problem)| row == 0 && problem.contains("more tokens")));
    let with = |name: &str, lists: [Vec<i32>; 2]| {
        let lists = lists.map(|list| Some(list.into_iter().map(Some)));
        let mut columns = rows.columns().to_vec();
        columns[rows.schema_ref().index_of(name).unwrap()] =
            Arc::new(ListArray::from_iter_primitive::<Int32Type, _, _>(lists));
        check(&RecordBatch::try_new(rows.schema(), columns).unwrap(), 5).unwrap_err()
    };
    assert_eq!(with(SEQ_LENGTHS, [vec![2, 3], vec![2]]).0, 1);
    assert!(with(SEQ_LENGTHS, [vec![3, 2], vec![1]]).1.contains("could only be learnt from another"));
    assert!(with("labels", [vec![-100, -1, 0, 0, 0], vec![-100]]).1.contains("could only be learnt from another"));
    assert!(with("labels", [vec![-100; 4], vec![-100]]).1.contains("do not add up"));
    assert!(with(SEQ_LENGTHS, [vec![6, -1], vec![1]]).1.contains("no length"));
}

proptest! {
    #[test]
    fn what_is_packed_is_found_again(
        rows in proptest::collection::vec(proptest::collection::vec(1usize..9, 1..6), 0..8),
        from in 0usize..4,
    ) {
        let lengths: Vec<usize> = rows.iter().flatten().copied().collect();
        let counts: Vec<usize> = rows.iter().map(Vec::len).collect();
        let all = documents(&lengths);
        let together = packed(&all, &counts).unwrap();
        prop_assert_eq!(&together.schema(), &packed_schema(all.schema_ref()));
        prop_assert_eq!(check(&together, 8 * 6), Ok(lengths.len() as u64));
        // A reader may hand over a part of a batch.
        let from = from.min(rows.len());
        let skipped = counts[..from].iter().sum::<usize>();
        let apart = unpacked(&together.slice(from, rows.len() - from)).unwrap();
        let expected = all.slice(skipped, lengths.len() - skipped);
        for (name, column) in ["id", "words", "input_ids", "token_count", "source_row"].map(|name| (name, apart.column_by_name(name).unwrap())) {
            prop_assert_eq!(column.as_ref(), expected.column_by_name(name).unwrap().as_ref(), "{}", name);
        }
        for row in 0..expected.num_rows() {
            let (found, label) = (numbers(apart.column_by_name("labels").unwrap(), row), numbers(expected.column_by_name("labels").unwrap(), row));
            prop_assert_eq!(found[0], -100);
            prop_assert_eq!(&found[1..], &label[1..]);
        }
    }
}
