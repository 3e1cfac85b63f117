//! Judging what goes in and what comes out.

use std::ops::Range;

/// Judges prompts and answers. Shared by all requests.
pub trait Filter: Send + Sync {
    /// Judges one message of a prompt; called for each message that the caller wrote.
    fn check_prompt(&self, text: &str) -> Verdict;

    /// A filter for one answer.
    fn answer(&self) -> Box<dyn AnswerFilter>;
}

/// Judges one answer while it is made.
///
/// What was released cannot be taken back, so an implementation holds back what may be the beginning of a match.
pub trait AnswerFilter: Send {
    /// Takes the next piece of the answer, which may begin or end inside a word but never inside a character; returns
    /// what may be released now, in order.
    fn push(&mut self, text: &str) -> Release;

    /// The answer is over: the rest of what was held back. Not called after a refusal.
    fn finish(&mut self) -> Release;

    /// Whether a text must not be shown even as what could have stood in the answer, such as a word of a list.
    fn hides(&self, text: &str) -> bool {
        let _ = text;
        false
    }
}

/// What becomes of a message of the prompt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It goes to the model as it is.
    Pass,
    /// This goes to the model in its place, such as the message with personal data masked.
    Replace(String),
    /// Nothing goes to the model.
    Refuse(Refusal),
}

/// What may be shown of an answer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Release {
    /// Text that may be shown now.
    pub text: String,
    /// Which stretches of the answer it shows as they were made, in bytes of the whole answer; nothing of what stands
    /// between them is ever shown.
    pub shown: Vec<Range<usize>>,
    /// The answer ends here: `text` is shown, then the refusal's words, and the model stops.
    pub refusal: Option<Refusal>,
}

/// Why a prompt or an answer is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The rule, for the record; it does not quote the text.
    pub rule: String,
    /// What the caller reads, such as 抱歉无法回答.
    pub answer: String,
}

/// Lets everything through.
pub(super) struct Open;

impl Filter for Open {
    fn check_prompt(&self, _: &str) -> Verdict {
        Verdict::Pass
    }

    fn answer(&self) -> Box<dyn AnswerFilter> {
        Box::new(OpenAnswer { bytes: 0 })
    }
}

struct OpenAnswer {
    /// Bytes that were released.
    bytes: usize,
}

impl AnswerFilter for OpenAnswer {
    fn push(&mut self, text: &str) -> Release {
        let from = self.bytes;
        self.bytes += text.len();
        Release { text: text.to_owned(), shown: std::iter::once(from..self.bytes).collect(), refusal: None }
    }

    fn finish(&mut self) -> Release {
        Release::default()
    }
}
