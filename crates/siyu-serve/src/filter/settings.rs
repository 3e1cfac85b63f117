//! What is filtered.

use std::path::PathBuf;

use serde::Deserialize;
use siyu_text::pii::Kind;

use super::risk::RiskSettings;
use super::words::ListSettings;

/// What is filtered, in prompts and answers alike unless it says otherwise.
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[serde(deny_unknown_fields, default)]
pub struct Settings {
    /// Lists of words.
    pub words: Vec<ListSettings>,
    /// Personal data.
    pub personal_data: PersonalSettings,
    /// The classifier of mood and risk; none when absent.
    pub risk: Option<RiskSettings>,
    /// What a caller reads in the place of an answer that is refused.
    pub refusal: String,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            words: Vec::new(),
            personal_data: PersonalSettings::default(),
            risk: None,
            refusal: "抱歉无法回答".to_owned(),
        }
    }
}

/// What becomes of personal data.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq)]
#[serde(deny_unknown_fields, default)]
pub struct PersonalSettings {
    /// In what the user writes.
    pub prompt: PersonalAction,
    /// In what the model writes.
    pub answer: PersonalAction,
    /// The kinds looked for. Names and addresses are found only when named here, and then a streamed answer is shown
    /// clause by clause.
    pub kinds: Vec<Kind>,
    /// What stands in the place of personal data and of words that are masked; `{kind}` becomes the kind's name, and
    /// `word` for words.
    pub with: String,
}

impl Default for PersonalSettings {
    fn default() -> Self {
        Self {
            prompt: PersonalAction::Mask,
            answer: PersonalAction::Mask,
            kinds: Kind::DEFAULT.to_vec(),
            with: "<MASK>".to_owned(),
        }
    }
}

/// What becomes of a text with personal data.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
pub enum PersonalAction {
    /// It stays as it is.
    Pass,
    /// The mask stands in its place.
    Mask,
    /// The text is refused.
    Refuse,
}

impl Settings {
    /// The files: the lists in their order, then the model.
    pub(super) fn files(&self) -> Vec<PathBuf> {
        let lists = self.words.iter().map(|list| list.path.clone());
        lists.chain(self.risk.iter().map(|risk| risk.model.clone())).collect()
    }
}
