//! Fitting the classifier to labelled texts.

use std::collections::BTreeMap;

use super::features::Reader;
use super::{BUCKETS, Model, softmax};
use crate::filter::Error;

/// A labelled text.
#[derive(Clone, Debug)]
pub struct Example {
    /// The text; its first 512 letters count.
    pub text: String,
    /// What it is.
    pub label: String,
}

/// How the classifier is fitted.
#[derive(Clone, Copy, Debug)]
pub struct Training {
    /// Times that every example is seen.
    pub epochs: u32,
    /// Step size of the first epoch; it falls to zero linearly.
    pub rate: f32,
    /// Pulls weights that little speaks for towards zero.
    pub decay: f32,
    /// Seed of the order of examples and of the share that is held out.
    pub seed: u64,
    /// Every how many examples one is held out for the report.
    pub hold_out: usize,
}

impl Default for Training {
    fn default() -> Self {
        Self { epochs: 20, rate: 30.0, decay: 1e-6, seed: 0, hold_out: 10 }
    }
}

/// How a fitted classifier did on examples that it was not fitted to.
#[derive(Clone, Debug, PartialEq)]
pub struct Report {
    /// Examples it was fitted to.
    pub fitted: usize,
    /// Examples it was measured on.
    pub held_out: usize,
    /// For each label: held-out examples that have it, examples given it, and how many of those rightly.
    pub labels: Vec<(String, usize, usize, usize)>,
}

/// A text as its buckets.
struct Sample {
    buckets: Vec<u32>,
    label: usize,
}

const MOST_LETTERS: usize = 512;

impl Training {
    /// Fits a classifier by stochastic gradient descent on the cross-entropy; the same examples in the same order give
    /// the same model.
    ///
    /// # Errors
    /// [`Error::RiskTraining`] with fewer than two labels, or with a label that has fewer than two examples.
    pub fn fit(self, examples: &[Example]) -> Result<(Model, Report), Error> {
        let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
        for example in examples {
            *counts.entry(&example.label).or_default() += 1;
        }
        let problem = |problem: String| Error::RiskTraining { problem };
        if counts.len() < 2 {
            return Err(problem("the examples have fewer than two labels; add texts that are harmless".to_owned()));
        }
        if let Some((label, _)) = counts.iter().find(|(_, count)| **count < 2) {
            return Err(problem(format!("`{label}` has one example only; add more, or leave it out")));
        }
        let labels: Vec<String> = counts.keys().map(|label| (*label).to_owned()).collect();
        let samples = examples.iter().map(|example| Sample {
            buckets: buckets(&example.text),
            label: labels.iter().position(|label| *label == example.label).unwrap_or(0),
        });
        let mut samples: Vec<Sample> = samples.collect();
        let mut random = Random(self.seed);
        random.shuffle(&mut samples);
        let held = if self.hold_out > 1 { samples.len() / self.hold_out } else { 0 };
        let (held_out, fitted) = samples.split_at_mut(held);
        let mut model = Model { bias: vec![0.0; labels.len()], weights: vec![0.0; BUCKETS * labels.len()], labels };
        let steps = f32::max(1.0, self.epochs as f32 * fitted.len() as f32);
        let mut step = 0.0;
        for _ in 0..self.epochs {
            random.shuffle(fitted);
            for sample in &*fitted {
                self.step(&mut model, sample, self.rate * (1.0 - step / steps));
                step += 1.0;
            }
        }
        let report = report(&model, fitted.len(), held_out);
        Ok((model, report))
    }

    /// One step against the gradient: of the bias by the error, of each n-gram's weight by its share in the mean.
    fn step(self, model: &mut Model, sample: &Sample, rate: f32) {
        let count = sample.buckets.len().max(1) as f32;
        let mut errors = predicted(model, sample);
        errors[sample.label] -= 1.0;
        let labels = errors.len();
        for (bias, error) in model.bias.iter_mut().zip(&errors) {
            *bias -= rate * 0.01 * error;
        }
        for &bucket in &sample.buckets {
            let from = bucket as usize * labels;
            for (weight, error) in model.weights[from..from + labels].iter_mut().zip(&errors) {
                *weight -= rate * (error / count + self.decay * *weight);
            }
        }
    }
}

fn buckets(text: &str) -> Vec<u32> {
    let mut reader = Reader::new();
    let mut buckets = Vec::new();
    for letter in text.chars().take(MOST_LETTERS) {
        reader.read(letter, |bucket| buckets.extend(u32::try_from(bucket)));
    }
    buckets
}

fn predicted(model: &Model, sample: &Sample) -> Vec<f32> {
    let labels = model.labels.len();
    let mut sums = vec![0.0; labels];
    for &bucket in &sample.buckets {
        let from = bucket as usize * labels;
        sums.iter_mut().zip(&model.weights[from..from + labels]).for_each(|(sum, weight)| *sum += weight);
    }
    let count = sample.buckets.len().max(1) as f32;
    softmax(model.bias.iter().zip(sums).map(|(bias, sum)| bias + sum / count).collect())
}

fn report(model: &Model, fitted: usize, held_out: &[Sample]) -> Report {
    let mut labels: Vec<(String, usize, usize, usize)> =
        model.labels.iter().map(|label| (label.clone(), 0, 0, 0)).collect();
    for sample in held_out {
        let scores = predicted(model, sample);
        let most = (0..scores.len()).max_by(|one, other| scores[*one].total_cmp(&scores[*other])).unwrap_or(0);
        labels[sample.label].1 += 1;
        labels[most].2 += 1;
        labels[most].3 += usize::from(most == sample.label);
    }
    Report { fitted, held_out: held_out.len(), labels }
}

/// Splitmix64 (Steele, Lea, Flood 2014), which is enough to shuffle by.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    fn shuffle<T>(&mut self, items: &mut [T]) {
        for last in (1..items.len()).rev() {
            let other = usize::try_from(self.next() % (last as u64 + 1)).unwrap_or(last);
            items.swap(last, other);
        }
    }
}
