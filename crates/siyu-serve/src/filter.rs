//! Words, personal data and moods that neither go in nor come out.
//!
//! One machine reads prompts and answers character by character. What may be the beginning of a match is held back until
//! it is one or cannot become one, so that a streamed answer never shows a part of what is masked or refused, however
//! the answer was cut into pieces. Lists and models are read again when their files change.

mod compiled;
mod error;
mod fold;
mod personal;
mod risk;
mod settings;
mod stream;
#[cfg(test)]
mod tests;
mod words;

use crate::watched::Watched;

pub use error::Error;
pub use risk::{Example, Model, Report, RiskSettings, Training};
pub use settings::{PersonalAction, PersonalSettings, Settings};
pub use stream::{Outcome, Stream};
pub use words::{Action, ListSettings};

use compiled::{Compiled, Side};

/// Judges prompts and answers.
pub struct Guard {
    compiled: Watched<Compiled, Error>,
}

/// What becomes of a prompt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Judgement {
    /// It goes to the model as it is.
    Pass,
    /// This goes to the model in its place.
    Masked(String),
    /// Nothing goes to the model; the rule does not quote the text.
    Refused {
        /// Such as `words/zh:12`, `personal/cn_mobile`, `risk/self_harm`.
        rule: String,
    },
}

impl Guard {
    /// Reads the lists and the model that the settings name.
    ///
    /// # Errors
    /// [`Error`] names the file, and its line where there is one.
    pub fn new(settings: &Settings) -> Result<Self, Error> {
        let settings = settings.clone();
        let compiled = Watched::new(settings.files(), move |files| Compiled::new(&settings, files))?;
        Ok(Self { compiled })
    }

    /// Judges a prompt.
    pub fn prompt(&self, text: &str) -> Judgement {
        let mut stream = Stream::new(self.compiled.get(), Side::Prompt);
        let mut outcome = stream.push(text);
        if outcome.refused.is_none() {
            let rest = stream.finish();
            outcome.text.push_str(&rest.text);
            outcome.refused = rest.refused;
        }
        match outcome.refused {
            Some(rule) => Judgement::Refused { rule },
            None if outcome.text == text => Judgement::Pass,
            None => Judgement::Masked(outcome.text),
        }
    }

    /// A filter for one answer. It keeps to the lists of its beginning.
    pub fn answer(&self) -> Stream {
        Stream::new(self.compiled.get(), Side::Answer)
    }

    /// What a caller reads in the place of what is refused.
    pub fn refusal(&self) -> String {
        self.compiled.get().refusal.clone()
    }

    /// Reads lists and model again if their files changed; whether they did.
    ///
    /// # Errors
    /// Where they cannot be read: those that were there stay.
    pub fn refresh(&self) -> Result<bool, Error> {
        self.compiled.refresh()
    }
}
