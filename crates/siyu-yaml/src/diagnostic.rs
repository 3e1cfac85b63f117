//! A message about a place in a YAML file, with the lines around it.

use crate::Words;
use std::fmt;
use std::path::{Path, PathBuf};
use unicode_width::UnicodeWidthChar;

/// What is wrong at a place of a file, and what to do.
#[derive(Debug)]
pub struct Diagnostic {
    path: PathBuf,
    line: u64,
    column: u64,
    message: String,
    help: String,
    excerpt: Vec<(u64, String)>,
}

impl Diagnostic {
    /// A message about `line` and `column` (both from 1) of `text`.
    pub fn new(path: &Path, text: &str, line: u64, column: u64, message: String, help: String) -> Self {
        let wanted = line.saturating_sub(1).max(1)..=line;
        let excerpt = (1..).zip(text.lines()).filter(|(number, _)| wanted.contains(number));
        let excerpt = excerpt.map(|(number, line)| (number, line.to_owned())).collect();
        Self { path: path.to_owned(), line, column, message, help, excerpt }
    }

    /// What the YAML reader found in `text`, shown in `written`: the file before variables took their values.
    pub fn of_words(path: &Path, text: &str, written: &str, found: Words) -> Self {
        let (line, column) = moved(text, written, found.place);
        Self::new(path, written, line, column, found.message, finished(&found.help))
    }
}

fn finished(help: &str) -> String {
    let separator = if help.ends_with("; ") || help.ends_with("? ") || help.is_empty() { "" } else { "; " };
    format!("{help}{separator}nothing was read or written")
}

/// The place in the file as written of a place behind which variables took their values.
pub fn moved(text: &str, written: &str, (line, column): (u64, u64)) -> (u64, u64) {
    let nth = |text: &str| usize::try_from(line - 1).ok().and_then(|index| text.lines().nth(index)).map(str::to_owned);
    let (Some(after), Some(before)) = (nth(text), nth(written)) else { return (line, column) };
    let same = after.chars().zip(before.chars()).take_while(|(one, other)| one == other).count() as u64;
    (line, if after == before { column } else { column.min(same + 1) })
}

/// The candidate that differs least from `name`, if one is near enough to be meant.
pub fn nearest<'a>(name: &str, candidates: &[&'a str]) -> Option<&'a str> {
    let scored = candidates.iter().map(|candidate| (distance(name, candidate), *candidate));
    let (distance, candidate) = scored.min()?;
    (distance <= 1 + name.chars().count() / 3).then_some(candidate)
}

/// Levenshtein distance in characters.
fn distance(left: &str, right: &str) -> usize {
    let right: Vec<char> = right.chars().collect();
    let mut row: Vec<usize> = (0..=right.len()).collect();
    for (index, from) in left.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = index + 1;
        for (position, to) in right.iter().enumerate() {
            let replaced = diagonal + usize::from(from != *to);
            diagonal = row[position + 1];
            row[position + 1] = replaced.min(diagonal + 1).min(row[position] + 1);
        }
    }
    row[right.len()]
}

impl std::error::Error for Diagnostic {}

impl fmt::Display for Diagnostic {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(out, "line {} column {}: {}", self.line, self.column, self.message)?;
        let width = self.line.to_string().len();
        writeln!(out, "{:width$}--> {}:{}:{}", "", self.path.display(), self.line, self.column)?;
        writeln!(out, "{:width$} |", "")?;
        for (number, line) in &self.excerpt {
            writeln!(out, "{number:>width$} | {line}")?;
        }
        let before = usize::try_from(self.column.saturating_sub(1)).unwrap_or(0);
        let last = self.excerpt.last().map_or("", |(_, line)| line.as_str());
        // Han characters take two columns of a terminal, and a tab as many as it does in the line above.
        let indent: String = last
            .chars()
            .take(before)
            .map(|character| match character {
                '\t' => "\t",
                wide if wide.width() == Some(2) => "  ",
                _ => " ",
            })
            .collect();
        writeln!(out, "{:width$} | {indent}^", "")?;
        write!(out, "help: {}", self.help)
    }
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn a_slip_of_the_finger_is_recognized_and_another_word_is_not() {
        assert_eq!(nearest("max_char", &["min_chars", "max_chars"]), Some("max_chars"));
        assert_eq!(nearest("colour", &["min_chars", "max_chars"]), None);
    }
}
