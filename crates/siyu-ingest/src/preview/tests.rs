use super::{Effect, Preview, Seen};
use crate::error::Error;
use crate::pipeline::Pipeline;
use std::path::Path;

fn preview(lines: &str, steps: &str, count: usize) -> Vec<Seen> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.jsonl");
    std::fs::write(&path, lines).unwrap();
    let yaml = format!("input: [{{ path: \"{}\" }}]\nsteps: {steps}\noutput: {{ directory: never }}\n", path.display());
    let pipeline = Pipeline::from_text(&yaml, Path::new("p.yaml"), &[]).unwrap();
    let mut seen = Vec::new();
    Preview::new(&pipeline)
        .unwrap()
        .each(count, |row| {
            seen.push(row);
            Ok::<(), Error>(())
        })
        .unwrap();
    seen
}

fn effects(seen: &Seen) -> Vec<(&str, &Effect)> {
    let Seen::Document(document) = seen else { panic!("an unreadable row") };
    document.events.iter().map(|event| (event.step.as_str(), &event.effect)).collect()
}

#[test]
fn every_step_is_told_with_what_it_did() {
    let steps = "[strip_html: {}, mask_pii: {}, exact_dedup: {}, text_length: { min_chars: 9 }]";
    let seen = preview("{\"text\": \"<p>请拨打13800138000</p>\"}\n{\"text\": \"短\"}\n", steps, 5);
    let change = |before: &str, after: &str| Effect::Changed(vec![("text".into(), before.into(), after.into())]);
    assert_eq!(
        effects(&seen[0]),
        [
            ("1 strip_html", &change("<p>请拨打13800138000</p>", "请拨打13800138000")),
            ("2 mask_pii", &change("请拨打13800138000", "请拨打<MASK>")),
            ("3 exact_dedup", &Effect::PassedOver),
            ("4 text_length", &Effect::Unchanged),
        ]
    );
    let (step, last) = effects(&seen[1]).pop().unwrap();
    assert!(step == "4 text_length" && matches!(last, Effect::Dropped(_)), "{last:?}");
}

#[test]
fn rows_come_in_the_order_of_the_input_the_unreadable_among_them() {
    let seen = preview("{\"text\": \"甲\"}\n{\"text\": \n{\"text\": \"乙\"}\n{\"text\": \"丙\"}\n", "[]", 3);
    let rows: Vec<(u64, bool)> = seen
        .iter()
        .map(|seen| match seen {
            Seen::Document(document) => (document.source_row, true),
            Seen::Unreadable { source_row, .. } => (*source_row, false),
        })
        .collect();
    assert_eq!(rows, [(1, true), (2, false), (3, true)]);
}

#[test]
fn columns_that_a_step_makes_are_new() {
    let seen = preview("{\"text\": \"甲乙\"}\n", "[derive: { size: \"char_count(text)\" }]", 1);
    let made = Effect::Changed(vec![("size".into(), serde_json::Value::Null, 2.into())]);
    assert_eq!(effects(&seen[0]), [("1 derive", &made)]);
}
