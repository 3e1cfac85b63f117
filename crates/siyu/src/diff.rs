//! What changed between two texts, word by word, shortened around the changes.

use similar::{Algorithm, DiffTag, capture_diff_slices};

/// Characters shown of what stays, beside a change.
const CONTEXT: usize = 16;
/// Characters shown of a long change.
const CHANGE: usize = 80;
/// Changes shown of one text.
const CHANGES: usize = 12;
/// Words compared one by one; beyond that the whole middle counts as one change.
const WORDS: usize = 4000;

/// How texts are marked.
#[derive(Clone, Copy)]
pub(crate) struct Marks {
    /// Red and green instead of brackets.
    pub(crate) color: bool,
}

impl Marks {
    fn removed(self, text: &str) -> String {
        if self.color { format!("\u{1b}[31;9m{text}\u{1b}[0m") } else { format!("[-{text}-]") }
    }

    fn added(self, text: &str) -> String {
        if self.color { format!("\u{1b}[32m{text}\u{1b}[0m") } else { format!("{{+{text}+}}") }
    }

    /// Less important words.
    pub(crate) fn dim(self, text: &str) -> String {
        if self.color { format!("\u{1b}[2m{text}\u{1b}[0m") } else { text.to_owned() }
    }

    /// Headings.
    pub(crate) fn bold(self, text: &str) -> String {
        if self.color { format!("\u{1b}[1m{text}\u{1b}[0m") } else { text.to_owned() }
    }

    /// Something that ended badly.
    pub(crate) fn red(self, text: &str) -> String {
        if self.color { format!("\u{1b}[31m{text}\u{1b}[0m") } else { text.to_owned() }
    }
}

/// The changes from `before` to `after` on one line.
pub(crate) fn diff(before: &str, after: &str, marks: Marks) -> String {
    let (old, new) = (words(before), words(after));
    let start = old.iter().zip(&new).take_while(|(one, other)| one == other).count();
    let ends = old[start..].iter().rev().zip(new[start..].iter().rev());
    let end = ends.take_while(|(one, other)| one == other).count();
    let (old_middle, new_middle) = (&old[start..old.len() - end], &new[start..new.len() - end]);
    let mut shown = Vec::new();
    shown.push((Part::Same, old[..start].concat()));
    if old_middle.len().max(new_middle.len()) > WORDS {
        shown.push((Part::Removed, old_middle.concat()));
        shown.push((Part::Added, new_middle.concat()));
    } else {
        for change in capture_diff_slices(Algorithm::Myers, old_middle, new_middle) {
            let (tag, was, is) = change.as_tag_tuple();
            if tag == DiffTag::Equal {
                shown.push((Part::Same, old_middle[was].concat()));
                continue;
            }
            shown.push((Part::Removed, old_middle[was].concat()));
            shown.push((Part::Added, new_middle[is].concat()));
        }
    }
    shown.push((Part::Same, old[old.len() - end..].concat()));
    shown.retain(|(_, text)| !text.is_empty());
    render(&shown, marks)
}

#[derive(Clone, Copy, PartialEq)]
enum Part {
    Same,
    Removed,
    Added,
}

fn render(parts: &[(Part, String)], marks: Marks) -> String {
    let (mut line, mut changes) = (String::new(), 0);
    for (place, (part, text)) in parts.iter().enumerate() {
        match part {
            Part::Same if place == 0 => line.push_str(&ending(text, CONTEXT)),
            Part::Same if place + 1 == parts.len() => line.push_str(&shortened(text, CONTEXT)),
            Part::Same => line.push_str(&middle(text, CONTEXT)),
            Part::Removed => line.push_str(&marks.removed(&middle(text, CHANGE / 2))),
            Part::Added => line.push_str(&marks.added(&middle(text, CHANGE / 2))),
        }
        changes += usize::from(*part != Part::Same);
        let left = parts[place + 1..].iter().filter(|(part, _)| *part != Part::Same).count();
        if changes >= CHANGES && left > 0 {
            line.push_str(&marks.dim(&format!(" … and {left} more changes")));
            break;
        }
    }
    line
}

/// The first characters of a text.
pub(crate) fn shortened(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        Some((end, _)) => format!("{}…", visible(text.split_at(end).0)),
        None => visible(text),
    }
}

/// The last characters of a text.
fn ending(text: &str, most: usize) -> String {
    let skipped = text.chars().count().saturating_sub(most);
    let tail: String = text.chars().skip(skipped).collect();
    if skipped > 0 { format!("…{}", visible(&tail)) } else { visible(&tail) }
}

/// The first and the last characters of a text.
fn middle(text: &str, side: usize) -> String {
    let count = text.chars().count();
    if count <= 2 * side + 1 {
        return visible(text);
    }
    let tail: String = text.chars().skip(count - side).collect();
    format!("{}{}", shortened(text, side), visible(&tail))
}

/// A text on one line whose every character can be seen; nothing in it can command a terminal.
fn visible(text: &str) -> String {
    use std::fmt::Write;
    let mut shown = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '\n' => shown.push('⏎'),
            '\t' => shown.push('⇥'),
            '\u{a0}'
            | '\u{ad}'
            | '\u{200b}'..='\u{200f}'
            | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}'
            | '\u{feff}' => {
                let _ = write!(shown, "\\u{{{:x}}}", u32::from(character));
            }
            other if other.is_control() => {
                let _ = write!(shown, "\\u{{{:x}}}", u32::from(other));
            }
            other => shown.push(other),
        }
    }
    shown
}

/// Letters and digits in a row are one word; every Han character and every other one stands for itself.
fn words(text: &str) -> Vec<&str> {
    let joins =
        |character: char| character.is_alphanumeric() && !matches!(u32::from(character), 0x2E80..=0xFE0F | 0x2_0000..);
    let mut words = Vec::new();
    let mut start = 0;
    let mut joined = false;
    for (place, character) in text.char_indices() {
        if !(joined && joins(character)) && place > start {
            words.push(text.get(start..place).expect("places of characters"));
            start = place;
        }
        joined = joins(character);
    }
    words.extend(text.get(start..).filter(|rest| !rest.is_empty()));
    words
}

#[cfg(test)]
mod tests {
    use super::{Marks, diff, words};

    fn plain(before: &str, after: &str) -> String {
        diff(before, after, Marks { color: false })
    }

    #[test]
    fn words_are_runs_of_letters_and_single_han_characters() {
        assert_eq!(words("第12条ab, c"), ["第", "12", "条", "ab", ",", " ", "c"]);
        assert_eq!(words(""), [""; 0]);
    }

    #[test]
    fn changes_are_marked_between_what_stays() {
        assert_eq!(plain("请拨打13800138000吧", "请拨打<MASK>吧"), "请拨打[-13800138000-]{+<MASK>+}吧");
        assert_eq!(plain("<p>甲</p>", "甲"), "[-<p>-]甲[-</p>-]");
        assert_eq!(plain("", "甲"), "{+甲+}");
        assert_eq!(plain("甲\u{200b}乙\u{1b}[2J", "甲乙"), "甲[-\\u{200b}-]乙[-\\u{1b}[2J-]");
    }

    #[test]
    fn long_texts_are_shortened_around_the_changes() {
        let (left, right) = ("甲".repeat(1000), "乙".repeat(1000));
        let (context, other) = ("甲".repeat(16), "乙".repeat(16));
        assert_eq!(
            plain(&format!("{left}x{right}"), &format!("{left}y{right}")),
            format!("…{context}[-x-]{{+y+}}{other}…")
        );
        assert!(plain(&left, &right).chars().count() < 200);
    }

    #[test]
    fn colours_replace_the_brackets() {
        assert_eq!(diff("a", "b", Marks { color: true }), "\u{1b}[31;9ma\u{1b}[0m\u{1b}[32mb\u{1b}[0m");
    }
}
