use super::{Overflow, Tokenize};
use crate::operator::{RowOperator, Verdict};
use crate::steps::load_tokenizer;
use arrow::array::{Array, ArrayRef, AsArray, StringArray};
use arrow::datatypes::{DataType, Field, Int32Type, UInt32Type};
use std::sync::Arc;

const TOKENIZER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../sample-data/models/tiny-zh/tokenizer.json");

fn step(template: Option<&str>, max_tokens: usize) -> Tokenize {
    let template = template.map(str::to_owned);
    let (overflow, columns) = (Overflow::CutInput, Vec::new());
    Tokenize { tokenizer: TOKENIZER.into(), template, max_tokens, overflow, pack: false, columns }
}

/// What a step makes of one document.
fn made(step: &Tokenize, document: &[(&str, Option<&str>)]) -> Verdict {
    let fields: Vec<Field> = document.iter().map(|(name, _)| Field::new(*name, DataType::Utf8, true)).collect();
    let columns = document.iter().map(|(_, text)| Arc::new(StringArray::from(vec![*text])) as ArrayRef);
    let kernel = step.build(&fields).expect("the step of a test builds");
    kernel(&columns.collect::<Vec<_>>()).expect("a kernel never fails for a document's sake")
}

fn numbers(column: &ArrayRef) -> Vec<i32> {
    column.as_list::<i32>().value(0).as_primitive::<Int32Type>().values().to_vec()
}

fn decoded(ids: &[i32]) -> String {
    let ids: Vec<u32> = ids.iter().map(|id| id.cast_unsigned()).collect();
    load_tokenizer("tokenize", TOKENIZER.as_ref()).unwrap().decode(&ids)
}

#[test]
fn only_the_answer_is_learnt() {
    let document = [("instruction", Some("总结")), ("input", Some("甲方付款")), ("output", Some("付款"))];
    let columns = made(&step(Some("alpaca"), 512), &document).columns;
    let (ids, labels) = (numbers(&columns[0]), numbers(&columns[1]));
    assert_eq!(columns[2].as_primitive::<UInt32Type>().value(0) as usize, ids.len());
    assert_eq!(labels.len(), ids.len());
    let learnt: Vec<i32> = labels.iter().copied().filter(|label| *label != -100).collect();
    assert!(decoded(&learnt).starts_with("付款") && !decoded(&learnt).contains("甲方"));
    assert!(decoded(&ids).contains("甲方付款"));
}

#[test]
fn a_long_input_is_cut_and_counted_and_its_answer_stays_whole() {
    let long = "甲方应当按照约定支付价款。".repeat(200);
    let document = [("instruction", Some("总结")), ("input", Some(long.as_str())), ("output", Some("甲方应当付款"))];
    let verdict = made(&step(Some("alpaca"), 256), &document);
    assert!(decoded(&numbers(&verdict.columns[0])).contains("甲方应当付款"));
    assert!(verdict.columns[2].as_primitive::<UInt32Type>().value(0) <= 256);
    assert_eq!(verdict.notes.unwrap().value(0), "cut=1;");
}

#[test]
fn what_does_not_fit_is_dropped_with_its_length() {
    let long = "甲方".repeat(200);
    let document = [("instruction", Some("总结")), ("output", Some(long.as_str()))];
    let verdict = made(&step(Some("alpaca"), 64), &document);
    assert!(!verdict.keep.unwrap().value(0));
    let reason = verdict.reasons.unwrap().value(0).to_owned();
    assert!(reason.starts_with("too long: ") && reason.ends_with(" tokens"), "{reason}");
    assert!(verdict.columns.iter().all(|column| column.is_null(0)));
}

#[test]
fn of_a_plain_text_every_token_is_learnt() {
    let columns = made(&step(None, 64), &[("text", Some("甲方付款"))]).columns;
    assert_eq!(numbers(&columns[0]), numbers(&columns[1]));
    assert!(decoded(&numbers(&columns[0])).starts_with("甲方付款"));
}

#[test]
fn a_chat_in_a_file_is_read_with_the_template_of_the_model() {
    let chat = r#"[{"role": "user", "content": "你好"}, {"role": "assistant", "content": "在"}]"#;
    let columns = made(&step(Some("from_config"), 64), &[("messages", Some(chat))]).columns;
    let learnt: Vec<i32> = numbers(&columns[1]).into_iter().filter(|label| *label != -100).collect();
    assert!(decoded(&learnt).starts_with('在'), "{}", decoded(&learnt));
}

#[test]
fn the_columns_decide_what_a_document_is() {
    let reads =
        |names: &[&str]| step(None, 8).reads(&names.iter().map(ToString::to_string).collect::<Vec<_>>()).unwrap();
    assert_eq!(reads(&["text", "output", "input", "instruction"]), ["instruction", "input", "output"]);
    assert_eq!(reads(&["text", "output", "instruction"]), ["instruction", "output"]);
    assert_eq!(reads(&["text", "messages"]), ["messages"]);
    assert_eq!(reads(&["text", "input"]), ["text"]);
}

#[test]
fn a_template_that_does_not_exist_is_refused_with_those_that_do() {
    let fields = ["instruction", "output"].map(|name| Field::new(name, DataType::Utf8, true));
    let refused = |template| step(template, 8).build(&fields).err().unwrap().to_string();
    assert!(
        refused(Some("alpacca")).contains("no template `alpacca`; use one of alpaca, "),
        "{}",
        refused(Some("alpacca"))
    );
    assert!(refused(None).contains("need a template"));
    assert!(step(None, 0).writes(&[]).is_err());
}
