//! How many sentences a line holds.

use super::lines::is_terminal;
use super::words::is_cjk;

/// Words that a full stop follows inside a sentence.
const ABBREVIATIONS: &[&str] = &[
    "mr", "mrs", "ms", "dr", "prof", "st", "sr", "jr", "vs", "etc", "vol", "fig", "inc", "ltd", "co", "corp", "e.g",
    "i.e", "a.m", "p.m", "u.s", "u.k", "jan", "feb", "mar", "apr", "jun", "jul", "aug", "sep", "sept", "oct", "nov",
    "dec", "gen", "gov", "sen", "rep", "capt", "col", "lt", "sgt", "rev", "hon", "approx", "dept", "est", "cf",
];

/// The number of sentences in a line: stretches with a letter or digit between terminal marks.
///
/// A full stop ends one only before white space, a closing mark or the end, and neither after an abbreviation or an
/// initial nor as part of an ellipsis.
pub(super) fn count(line: &str) -> usize {
    let (mut count, mut written) = (0, false);
    let mut rest = line.chars();
    let mut before = '\0';
    loop {
        let here = rest.as_str();
        let Some(mark) = rest.next() else { break };
        written |= mark.is_alphanumeric();
        if written && ends(line, here, mark, before) {
            count += 1;
            written = false;
        }
        before = mark;
    }
    count + usize::from(written)
}

/// Whether a sentence ends with `mark`, the first character of `here`.
fn ends(line: &str, here: &str, mark: char, before: char) -> bool {
    let next = here.chars().nth(1);
    match mark {
        '.' if is_cjk(before) => next != Some('.'),
        '.' => {
            let open =
                next.is_none_or(|next| next.is_whitespace() || matches!(next, '"' | '\'' | ')' | ']' | '”' | '’'));
            open && before != '.' && !is_abbreviation(line.get(..line.len() - here.len()).unwrap_or_default())
        }
        // The second of a pair, so that one sign is one end.
        '…' => before == '…' && next != Some('…'),
        _ => is_terminal(mark),
    }
}

fn is_abbreviation(before: &str) -> bool {
    let word = before.rsplit(|c: char| !(c.is_alphanumeric() || c == '.')).next().unwrap_or_default();
    let mut letters = word.chars();
    let initial = letters.next().is_some_and(char::is_uppercase) && letters.next().is_none() && word != "I";
    initial || (word.len() < 8 && ABBREVIATIONS.contains(&word.to_lowercase().as_str()))
}

#[cfg(test)]
mod tests {
    use super::count;
    use proptest::prelude::*;

    #[test]
    fn sentences_are_counted_in_either_script() {
        for (line, sentences) in [
            ("One. Two! Three? Four", 4),
            ("Mr. Smith paid $3.50 to J. Doe, e.g. in the U.S. office.", 1),
            ("Wait... what?! He said \"no.\" Then he left.", 3),
            ("See example.com for more.", 1),
            ("甲方付款。乙方交货！对吗？", 3),
            ("他走了……她也走了。", 2),
            ("“好。”他说。", 2),
            ("", 0),
            ("?!", 0),
        ] {
            assert_eq!(count(line), sentences, "{line}");
        }
    }

    proptest! {
        #[test]
        fn there_is_a_sentence_where_something_is_written(line in any::<String>()) {
            prop_assert_eq!(count(&line) > 0, line.chars().any(char::is_alphanumeric));
        }
    }
}
