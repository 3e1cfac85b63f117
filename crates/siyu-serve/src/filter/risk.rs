//! A small classifier of mood and risk: a linear model on hashed n-grams of characters.
//!
//! A text is read in sentences, and each is scored with the one before it. The probability of each label is the softmax
//! of `bias + mean(weights of the n-grams)`.
//!
//! # Source
//! Joulin et al. 2016, "Bag of Tricks for Efficient Text Classification": a linear model on the mean of hashed n-grams;
//! here of characters, because Chinese has no spaces, and without a hidden layer.

mod features;
mod file;
mod train;

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::Deserialize;

use features::Reader;
pub use train::{Example, Report, Training};

/// The classifier, and when it speaks.
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct RiskSettings {
    /// The model's file, written by `siyu risk train`.
    pub model: PathBuf,
    /// For each label that is watched, the probability from which a text is refused, in 0..=1.
    pub thresholds: BTreeMap<String, f32>,
    /// Whether a streamed answer is shown only sentence by sentence, so that nothing of a sentence over a threshold is
    /// shown. Otherwise it is shown as it is made, and ends behind such a sentence.
    #[serde(default = "yes")]
    pub whole_sentences: bool,
}

const fn yes() -> bool {
    true
}

/// A trained classifier.
#[derive(Clone, Debug, PartialEq)]
pub struct Model {
    labels: Vec<String>,
    bias: Vec<f32>,
    /// `[buckets, labels]`, row-major: one n-gram's weights lie side by side.
    weights: Vec<f32>,
}

/// Buckets that n-grams are hashed into; a power of two.
const BUCKETS: usize = 1 << 17;

impl Model {
    /// The labels, in the order of probabilities.
    pub fn labels(&self) -> &[String] {
        &self.labels
    }

    /// The probability of each label for a short text, without cutting it into sentences.
    pub fn probabilities(&self, text: &str) -> Vec<f32> {
        let mut sums = Sums::new(self.labels.len());
        let mut reader = Reader::new();
        for letter in text.chars() {
            reader.read(letter, |bucket| sums.add(self, bucket));
        }
        self.softmax(&[&sums])
    }

    fn softmax(&self, parts: &[&Sums]) -> Vec<f32> {
        let count = parts.iter().map(|part| part.count).sum::<u32>().max(1) as f32;
        let scores = self.bias.iter().enumerate().map(|(label, bias)| {
            let sum: f32 = parts.iter().map(|part| part.weights[label]).sum();
            bias + sum / count
        });
        softmax(scores.collect())
    }
}

fn softmax(mut scores: Vec<f32>) -> Vec<f32> {
    let most = scores.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    for score in &mut scores {
        *score = (*score - most).exp();
    }
    let sum: f32 = scores.iter().sum();
    for score in &mut scores {
        *score /= sum;
    }
    scores
}

/// What the n-grams of a sentence add up to.
#[derive(Clone, Debug, Default)]
struct Sums {
    weights: Vec<f32>,
    count: u32,
    letters: usize,
}

impl Sums {
    fn new(labels: usize) -> Self {
        Self { weights: vec![0.0; labels], count: 0, letters: 0 }
    }

    fn add(&mut self, model: &Model, bucket: usize) {
        let labels = self.weights.len();
        let row = &model.weights[bucket * labels..(bucket + 1) * labels];
        self.weights.iter_mut().zip(row).for_each(|(sum, weight)| *sum += weight);
        self.count += 1;
    }
}

/// The state of reading a text that is still being written.
pub(super) struct Scan {
    reader: Reader,
    before: Sums,
    here: Sums,
    at: usize,
    /// Where the sentence that is not scored yet begins.
    sentence: usize,
}

/// Letters after which a sentence without end is scored nevertheless.
const SENTENCE: usize = 64;
/// Fewer letters say nothing.
const FEWEST: usize = 2;

impl Scan {
    pub(super) fn new(model: &Model) -> Self {
        let sums = Sums::new(model.labels.len());
        Self { reader: Reader::new(), before: sums.clone(), here: sums, at: 0, sentence: 0 }
    }

    /// Reads one character; at the end of a sentence, the first watched label that it reaches the threshold of.
    pub(super) fn push<'a>(&mut self, model: &Model, watched: &'a [Watched], letter: char) -> Option<&'a Watched> {
        self.at += letter.len_utf8();
        if self.reader.read(letter, |bucket| self.here.add(model, bucket)) {
            self.here.letters += 1;
        }
        let ends = matches!(letter, '。' | '！' | '？' | '!' | '?' | '\n') || self.here.letters >= SENTENCE;
        if ends { self.judge(model, watched) } else { None }
    }

    /// The text ends here.
    pub(super) fn finish<'a>(&mut self, model: &Model, watched: &'a [Watched]) -> Option<&'a Watched> {
        self.judge(model, watched)
    }

    /// Where the sentence that is not scored yet begins.
    pub(super) const fn free(&self) -> usize {
        self.sentence
    }

    fn judge<'a>(&mut self, model: &Model, watched: &'a [Watched]) -> Option<&'a Watched> {
        if self.here.letters < FEWEST {
            // Goes to the sentence that follows, which begins here as far as holding back is concerned.
            if self.here.letters == 0 {
                self.sentence = self.at;
            }
            return None;
        }
        let alone = model.softmax(&[&self.here]);
        let both = model.softmax(&[&self.before, &self.here]);
        self.before = std::mem::replace(&mut self.here, Sums::new(model.labels.len()));
        self.reader.restart();
        let over = watched.iter().find(|one| alone[one.label].max(both[one.label]) >= one.threshold);
        if over.is_none() {
            self.sentence = self.at;
        }
        over
    }
}

/// A label that is watched.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Watched {
    pub(super) label: usize,
    pub(super) threshold: f32,
    pub(super) rule: String,
}
