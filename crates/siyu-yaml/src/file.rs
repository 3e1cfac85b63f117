//! A whole settings file.

use crate::{Diagnostic, Places, Subject, Words, expand};
use serde::de::DeserializeOwned;
use std::path::Path;

/// What is wrong with a setting that by itself is of the right kind.
#[derive(Debug)]
pub struct Problem {
    /// Where it stands: its keys from the outermost in.
    pub keys: &'static [&'static str],
    /// What is wrong.
    pub message: String,
    /// What to do, ending in `; `.
    pub help: String,
}

/// Reads a settings file whose text is `written`, with `${NAME}` and `${NAME:-default}` replaced by the environment;
/// `check` finds what its type cannot refuse. `path` is for messages.
///
/// # Errors
/// What is wrong with it, and where.
pub fn parse<T: DeserializeOwned>(
    written: &str,
    path: &Path,
    subject: Subject,
    check: impl FnOnce(&T) -> Option<Problem>,
) -> Result<T, Diagnostic> {
    let text = expand(written, path)?;
    let settings: T = serde_saphyr::from_str(&text)
        .map_err(|error| Diagnostic::of_words(path, &text, written, Words::of(&error, &text, subject)))?;
    let Some(problem) = check(&settings) else { return Ok(settings) };
    let places = Places::of(&text).unwrap_or_default();
    let place = places.nearest(problem.keys);
    let words = Words { place: (place.line, place.column), message: problem.message, help: problem.help };
    Err(Diagnostic::of_words(path, &text, written, words))
}
