//! What differs between two JSON values.

use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// Keys by which the entries of a list are told apart, where they have one.
const KEYS: [&str; 5] = ["path", "name", "id", "file", "step"];
/// Characters of a value that are shown.
const SHOWN: usize = 60;

/// A line for each value that differs: its place, what it was and what it is.
pub(super) fn differences(before: &Value, after: &Value) -> Vec<String> {
    let mut lines = Vec::new();
    walk("", before, after, &mut lines);
    lines
}

fn walk<'a>(place: &str, before: &'a Value, after: &'a Value, lines: &mut Vec<String>) {
    match (before, after) {
        (Value::Object(one), Value::Object(other)) => {
            let added = other.keys().filter(|key| !one.contains_key(*key));
            for key in one.keys().chain(added) {
                let place = if place.is_empty() { key.clone() } else { format!("{place}.{key}") };
                both(&place, one.get(key), other.get(key), lines);
            }
        }
        (Value::Array(one), Value::Array(other)) => match (keyed(one), keyed(other)) {
            (Some(one), Some(other)) => {
                let entries = |list: &[(String, &'a Value)]| list.iter().cloned().collect::<BTreeMap<_, _>>();
                let (before, after) = (entries(&one), entries(&other));
                let added = other.iter().filter(|(key, _)| !before.contains_key(key));
                for (key, _) in one.iter().chain(added) {
                    let place = format!("{place}[{key}]");
                    both(&place, before.get(key).copied(), after.get(key).copied(), lines);
                }
            }
            _ => {
                for index in 0..one.len().max(other.len()) {
                    both(&format!("{place}[{index}]"), one.get(index), other.get(index), lines);
                }
            }
        },
        _ if before == after => {}
        _ => lines.push(format!("{place}: {} → {}", shown(before), shown(after))),
    }
}

fn both(place: &str, before: Option<&Value>, after: Option<&Value>, lines: &mut Vec<String>) {
    match (before, after) {
        (Some(before), Some(after)) => walk(place, before, after, lines),
        (Some(before), None) => lines.push(format!("{place}: {} is gone", shown(before))),
        (None, Some(after)) => lines.push(format!("{place}: {} is new", shown(after))),
        (None, None) => {}
    }
}

/// Entries with a key that no two share.
fn keyed(list: &[Value]) -> Option<Vec<(String, &Value)>> {
    KEYS.into_iter().find_map(|key| {
        let keyed: Option<Vec<(String, &Value)>> =
            list.iter().map(|entry| Some((entry.get(key)?.as_str()?.to_owned(), entry))).collect();
        let keyed = keyed.filter(|keyed| !keyed.is_empty())?;
        let different: BTreeSet<&String> = keyed.iter().map(|(key, _)| key).collect();
        (different.len() == keyed.len()).then_some(keyed)
    })
}

fn shown(value: &Value) -> String {
    let text = value.to_string();
    if text.chars().count() <= SHOWN { text } else { text.chars().take(SHOWN).chain(['…']).collect() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn only_what_differs_is_told_with_its_place() {
        let before = json!({ "r": 8, "same": [1, 2], "gone": true, "deep": { "a": null } });
        let after = json!({ "r": 16, "same": [1, 2], "deep": { "a": "x" }, "fresh": 1.5 });
        let expected = ["r: 8 → 16", "gone: true is gone", "deep.a: null → \"x\"", "fresh: 1.5 is new"];
        assert_eq!(differences(&before, &after), expected);
    }

    #[test]
    fn entries_of_lists_are_known_by_their_names() {
        let before = json!([{ "path": "a", "rows": 1 }, { "path": "b", "rows": 2 }]);
        let after = json!([{ "path": "c", "rows": 9 }, { "path": "b", "rows": 3 }]);
        let expected =
            ["[a]: {\"path\":\"a\",\"rows\":1} is gone", "[b].rows: 2 → 3", "[c]: {\"path\":\"c\",\"rows\":9} is new"];
        assert_eq!(differences(&before, &after), expected);
    }
}
