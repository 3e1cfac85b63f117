//! A message about a place in a YAML file, with the lines around it.

use serde_saphyr::Error as Yaml;
use std::fmt;
use std::path::{Path, PathBuf};

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
    pub(crate) fn new(path: &Path, text: &str, line: u64, column: u64, message: String, help: String) -> Self {
        let wanted = line.saturating_sub(1).max(1)..=line;
        let excerpt = (1..).zip(text.lines()).filter(|(number, _)| wanted.contains(number));
        let excerpt = excerpt.map(|(number, line)| (number, line.to_owned())).collect();
        Self { path: path.to_owned(), line, column, message, help, excerpt }
    }

    /// What the YAML reader found, in our words.
    pub(crate) fn from_yaml(path: &Path, text: &str, error: &Yaml) -> Self {
        let (line, column) = error.location().map_or((1, 1), |place| (place.line(), place.column()));
        let (message, help) = match error {
            Yaml::SerdeUnknownField { field, expected, .. } => unknown("field", field, expected),
            Yaml::SerdeUnknownVariant { variant, expected, .. } => unknown("step or value", variant, expected),
            Yaml::SerdeMissingField { field, .. } => (format!("missing field `{field}`"), String::new()),
            Yaml::SerdeInvalidType { unexpected, expected, .. }
            | Yaml::SerdeInvalidValue { unexpected, expected, .. } => {
                (format!("found {unexpected} where {expected} is expected"), String::new())
            }
            other => (other.to_string(), String::new()),
        };
        let help = if help.is_empty() { "nothing was read or written".to_owned() } else { help };
        Self::new(path, text, line, column, message, help)
    }
}

fn unknown(what: &str, name: &str, expected: &[&str]) -> (String, String) {
    let message = format!("unknown {what} `{name}`, expected one of {}", expected.join(", "));
    let help = nearest(name, expected).map_or_else(
        || "nothing was read or written".to_owned(),
        |near| format!("did you mean `{near}`? nothing was read or written"),
    );
    (message, help)
}

/// The candidate that differs least from `name`, if one is near enough to be meant.
pub(crate) fn nearest<'a>(name: &str, candidates: &[&'a str]) -> Option<&'a str> {
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

impl fmt::Display for Diagnostic {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(out, "line {} column {}: {}", self.line, self.column, self.message)?;
        let width = self.line.to_string().len();
        writeln!(out, "{:width$}--> {}:{}:{}", "", self.path.display(), self.line, self.column)?;
        writeln!(out, "{:width$} |", "")?;
        for (number, line) in &self.excerpt {
            writeln!(out, "{number:>width$} | {line}")?;
        }
        let indent = usize::try_from(self.column.saturating_sub(1)).unwrap_or(0);
        writeln!(out, "{:width$} | {:indent$}^", "", "")?;
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
