//! How far one form of a model is from another, on given texts.

use crate::error::{Error, Result};
use crate::runtime::{OnnxModel, likeliest};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A text that two models are compared on.
#[derive(Clone, Debug)]
pub struct TextRow {
    /// What the text is about; results are told apart by it.
    pub domain: String,
    /// Its tokens.
    pub ids: Vec<i64>,
    /// Which of them count as answers, one for each token; the first never does.
    pub counted: Vec<bool>,
}

impl TextRow {
    /// A text of which every token but the first counts.
    pub fn whole(domain: impl Into<String>, ids: Vec<i64>) -> Self {
        let counted = vec![true; ids.len()];
        Self { domain: domain.into(), ids, counted }
    }
}

/// What was found on the texts of a domain.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Comparison {
    /// Count of tokens that counted.
    pub tokens: u64,
    /// Mean divergence of the second model's probabilities from the first's, in nats.
    pub divergence: f64,
    /// Share of tokens for which both models think the same likeliest, in 0..=1.
    pub agreement: f64,
    /// Perplexity of the first and of the second model.
    pub perplexity: [f64; 2],
}

impl Comparison {
    /// By how much the perplexity grew, as a share of the first.
    pub fn perplexity_growth(&self) -> f64 {
        self.perplexity[1] / self.perplexity[0] - 1.0
    }
}

/// What was found on texts of several domains.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Comparisons {
    /// On all texts.
    pub all: Comparison,
    /// On the texts of each domain.
    pub domains: BTreeMap<String, Comparison>,
}

/// Sums over tokens.
#[derive(Default)]
struct Sums {
    tokens: u64,
    divergence: f64,
    agreed: u64,
    surprise: [f64; 2],
}

impl Sums {
    fn add(&mut self, other: &Self) {
        self.tokens += other.tokens;
        self.divergence += other.divergence;
        self.agreed += other.agreed;
        for (sum, other) in self.surprise.iter_mut().zip(other.surprise) {
            *sum += other;
        }
    }

    fn found(&self) -> Comparison {
        let mean = |sum: f64| if self.tokens == 0 { 0.0 } else { sum / self.tokens as f64 };
        Comparison {
            tokens: self.tokens,
            divergence: mean(self.divergence),
            agreement: if self.tokens == 0 { 1.0 } else { mean(self.agreed as f64) },
            perplexity: self.surprise.map(|surprise| mean(surprise).exp()),
        }
    }
}

/// Refuses texts with tokens that a vocabulary of this size does not have.
pub(crate) fn expect_known<'a>(mut texts: impl Iterator<Item = &'a Vec<i64>>, vocab: i64) -> Result<()> {
    match texts.find_map(|ids| ids.iter().find(|id| !(0..vocab).contains(*id))) {
        None => Ok(()),
        Some(stray) => Err(Error::Setting {
            problem: format!(
                "token {stray} of the texts is outside the vocabulary of {vocab} tokens; were they made \
                 by this model's tokenizer?"
            ),
        }),
    }
}

/// Reads texts with two models of one vocabulary.
///
/// # Errors
/// [`crate::Error::Runtime`], as for a token outside the vocabulary.
pub fn compare(first: &mut OnnxModel, second: &mut OnnxModel, rows: &[TextRow]) -> Result<Comparisons> {
    let vocab = usize::try_from(first.config().vocab).unwrap_or(1);
    let mut domains: BTreeMap<String, Sums> = BTreeMap::new();
    for row in rows.iter().filter(|row| row.ids.len() > 1) {
        let (one, other) = (first.logits(&row.ids)?, second.logits(&row.ids)?);
        let sums = domains.entry(row.domain.clone()).or_default();
        let logits = one.chunks_exact(vocab).zip(other.chunks_exact(vocab));
        let next = row.ids[1..].iter().zip(&row.counted[1..]);
        for ((one, other), (&token, _)) in logits.zip(next).filter(|(_, (_, counted))| **counted) {
            token_sums(one, other, token, sums);
        }
    }
    let mut all = Sums::default();
    for sums in domains.values() {
        all.add(sums);
    }
    let domains = domains.into_iter().map(|(domain, sums)| (domain, sums.found())).collect();
    Ok(Comparisons { all: all.found(), domains })
}

fn token_sums(one: &[f32], other: &[f32], token: i64, sums: &mut Sums) {
    let (of_one, of_other) = (log_sum(one), log_sum(other));
    let pairs = one.iter().zip(other).map(|(&one, &other)| (f64::from(one) - of_one, f64::from(other) - of_other));
    sums.divergence += pairs.map(|(one, other)| excess(one, other)).sum::<f64>();
    sums.agreed += u64::from(likeliest(one) == likeliest(other));
    let place = usize::try_from(token).unwrap_or(0);
    sums.surprise[0] += of_one - f64::from(one[place]);
    sums.surprise[1] += of_other - f64::from(other[place]);
    sums.tokens += 1;
}

/// `q - p - p (ln q - ln p)` of the logarithms of `p` and `q`. The sum is the divergence, for probabilities sum up to 1;
/// but no part of it is negative, so that models that are all but the same differ by what they do and not by rounding.
fn excess(one: f64, other: f64) -> f64 {
    let (p, x) = (one.exp(), other - one);
    // Far apart `exp(x)` may be infinite where `p` is 0; near each other `q - p` loses its digits.
    let part = if x > 1.0 { other.exp() - p - p * x } else { p * (x.exp_m1() - x) };
    part.max(0.0)
}

/// The logarithm of the sum of exponentials.
fn log_sum(logits: &[f32]) -> f64 {
    let largest = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let sum: f64 = logits.iter().map(|&logit| f64::from(logit - largest).exp()).sum();
    f64::from(largest) + sum.ln()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn probabilities_of_three_quarters_and_a_half_diverge_as_kullback_and_leibler_say() {
        let mut sums = Sums::default();
        token_sums(&[3.0_f32.ln(), 0.0], &[0.0, 0.0], 0, &mut sums);
        let found = sums.found();
        let expected = 0.75 * 1.5_f64.ln() + 0.25 * 0.5_f64.ln();
        assert!((found.divergence - expected).abs() < 1e-6, "{}", found.divergence);
        assert!((found.perplexity[0] - 4.0 / 3.0).abs() < 1e-6 && (found.perplexity[1] - 2.0).abs() < 1e-6);
        assert!((found.agreement - 1.0).abs() < 1e-9);
    }

    #[test]
    fn what_one_model_excludes_and_the_other_allows_is_a_divergence() {
        let mut sums = Sums::default();
        token_sums(&[0.0, -800.0], &[0.0, 0.0], 0, &mut sums);
        assert!((sums.found().divergence - 2.0_f64.ln()).abs() < 1e-9, "{}", sums.found().divergence);
    }

    #[test]
    fn models_that_are_all_but_the_same_do_not_diverge_by_less_than_nothing() {
        let mut sums = Sums::default();
        for step in 1..100_u8 {
            let logits: Vec<f32> = (0..50_u8).map(|at| f32::from(at.wrapping_mul(step)) / 40.0).collect();
            let near: Vec<f32> = logits.iter().map(|logit| logit + 3.0 * f32::EPSILON).collect();
            let before = sums.divergence;
            token_sums(&logits, &near, 0, &mut sums);
            assert!(sums.divergence >= before);
        }
        assert!(sums.found().divergence < 1e-12);
    }
}
