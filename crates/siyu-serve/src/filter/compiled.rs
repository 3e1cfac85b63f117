//! Settings with the files they name, ready to judge.

use std::path::PathBuf;

use siyu_text::pii::{Detector, Kind};

use super::risk::{Model, Watched};
use super::words::Words;
use super::{Error, PersonalAction, Settings};

/// Whether a text goes in or comes out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Side {
    Prompt,
    Answer,
}

/// All that a text is judged by.
pub(super) struct Compiled {
    pub(super) words: Words,
    pub(super) detector: Detector,
    pub(super) kinds: Vec<Kind>,
    prompt: PersonalAction,
    answer: PersonalAction,
    pub(super) risk: Option<Risk>,
    mask: String,
    pub(super) refusal: String,
}

/// The classifier and what is watched of it.
pub(super) struct Risk {
    pub(super) model: Model,
    pub(super) watched: Vec<Watched>,
    pub(super) whole_sentences: bool,
}

impl Compiled {
    /// Compiles settings; `files` are theirs, in their order.
    pub(super) fn new(settings: &Settings, files: &[(PathBuf, Vec<u8>)]) -> Result<Self, Error> {
        let (lists, rest) = files.split_at(settings.words.len().min(files.len()));
        let mut texts = Vec::new();
        for (list, (path, bytes)) in settings.words.iter().zip(lists) {
            let text = String::from_utf8(bytes.clone()).map_err(|_| Error::Encoding { path: path.clone() })?;
            texts.push((list.clone(), text));
        }
        let risk = match (&settings.risk, rest.first()) {
            (Some(risk), Some((path, bytes))) => {
                let model = Model::from_bytes(bytes, path)?;
                let watched = risk.thresholds.iter().map(|(label, &threshold)| {
                    let place = model.labels().iter().position(|known| known == label);
                    let unknown =
                        || Error::Label { label: label.clone(), path: path.clone(), known: model.labels().join(", ") };
                    Ok(Watched { label: place.ok_or_else(unknown)?, threshold, rule: format!("risk/{label}") })
                });
                let watched = watched.collect::<Result<_, Error>>()?;
                Some(Risk { watched, model, whole_sentences: risk.whole_sentences })
            }
            _ => None,
        };
        let personal = &settings.personal_data;
        Ok(Self {
            words: Words::new(&texts)?,
            detector: Detector::new(&personal.kinds),
            kinds: personal.kinds.clone(),
            prompt: personal.prompt,
            answer: personal.answer,
            risk,
            mask: personal.with.clone(),
            refusal: settings.refusal.clone(),
        })
    }

    pub(super) const fn personal(&self, side: Side) -> PersonalAction {
        match side {
            Side::Prompt => self.prompt,
            Side::Answer => self.answer,
        }
    }

    pub(super) fn mask(&self, kind: &str) -> String {
        self.mask.replace("{kind}", kind)
    }
}
