//! From logits to a token.

use crate::generate::GenerateSettings;
use std::borrow::Cow;
use std::cmp::Ordering;
use std::collections::BTreeSet;

/// The next token of a text, by its logits and the tokens there are already. `draw` holds 64 random bits, such as
/// [`mix`] makes of the settings' seed and the count of tokens made so far.
///
/// # Panics
/// Never: a vocabulary has fewer than 2^63 tokens.
pub fn choose(logits: &[f32], text: &[i64], settings: &GenerateSettings, draw: u64) -> i64 {
    let logits = penalized(logits, text, settings.repetition_penalty);
    let mut ranked: Vec<(usize, f32)> = logits.iter().copied().enumerate().collect();
    let by_logit = |one: &(usize, f32), other: &(usize, f32)| other.1.total_cmp(&one.1).then(one.0.cmp(&other.0));
    if settings.temperature == 0.0 || settings.top_k == 1 {
        let best = ranked.into_iter().min_by(by_logit).map_or(0, |(token, _)| token);
        return i64::try_from(best).expect("a vocabulary is small");
    }
    if settings.top_k > 0 && settings.top_k < ranked.len() {
        ranked.select_nth_unstable_by(settings.top_k - 1, by_logit);
        ranked.truncate(settings.top_k);
    }
    ranked.sort_unstable_by(by_logit);
    let weights = weights(&ranked, settings.temperature, settings.top_p);
    // 53 bits fill the mantissa of a number in 0..1.
    let mut left = (draw >> 11) as f64 / (1_u64 << 53) as f64 * weights.iter().sum::<f64>();
    let drawn = weights.iter().position(|weight| {
        left -= weight;
        left.partial_cmp(&0.0) == Some(Ordering::Less)
    });
    i64::try_from(ranked[drawn.unwrap_or(0)].0).expect("a vocabulary is small")
}

/// # Source
/// Keskar et al. 2019, "CTRL", section 4.1.
fn penalized<'a>(logits: &'a [f32], text: &[i64], penalty: f64) -> Cow<'a, [f32]> {
    if (penalty - 1.0).abs() < f64::EPSILON {
        return logits.into();
    }
    #[expect(clippy::cast_possible_truncation, reason = "logits are f32")]
    let penalty = penalty as f32;
    let mut logits = logits.to_vec();
    let seen: BTreeSet<usize> = text.iter().filter_map(|&token| usize::try_from(token).ok()).collect();
    for token in seen {
        if let Some(logit) = logits.get_mut(token) {
            *logit = if *logit < 0.0 { *logit * penalty } else { *logit / penalty };
        }
    }
    logits.into()
}

/// Probabilities, up to a factor, of the likeliest tokens that together have `top_p`.
fn weights(ranked: &[(usize, f32)], temperature: f64, top_p: f64) -> Vec<f64> {
    let largest = f64::from(ranked.first().map_or(0.0, |first| first.1));
    let all: Vec<f64> = ranked.iter().map(|(_, logit)| ((f64::from(*logit) - largest) / temperature).exp()).collect();
    let enough = all.iter().sum::<f64>() * top_p;
    let mut before = 0.0;
    let mut kept = all.into_iter().take_while(|weight| {
        let wanted = before < enough;
        before += weight;
        wanted
    });
    let first = kept.next().unwrap_or(1.0);
    std::iter::once(first).chain(kept).collect()
}

/// A seed for a numbered place under another seed.
///
/// # Source
/// The finalizer of `SplitMix64`: Steele, Lea and Flood 2014, "Fast Splittable Pseudorandom Number Generators".
pub fn mix(seed: u64, place: u64) -> u64 {
    let mut state = seed.wrapping_add(place.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15));
    state = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    state = (state ^ (state >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    state ^ (state >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings() -> GenerateSettings {
        GenerateSettings {
            max_tokens: 1,
            temperature: 1.0,
            top_k: 0,
            top_p: 1.0,
            repetition_penalty: 1.0,
            end_tokens: vec![],
            seed: 0,
        }
    }

    /// Logarithms of probabilities 0.5, 0.3, 0.2 for tokens 2, 0, 1.
    fn logits() -> Vec<f32> {
        vec![0.3_f32.ln(), 0.2_f32.ln(), 0.5_f32.ln()]
    }

    fn at(share: f64, settings: &GenerateSettings) -> i64 {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "shares are in 0..1")]
        let draw = ((share * (1_u64 << 53) as f64) as u64) << 11;
        choose(&logits(), &[], settings, draw)
    }

    #[test]
    fn draws_follow_the_probabilities() {
        let drawn = [0.0, 0.49, 0.51, 0.79, 0.81, 0.99].map(|share| at(share, &settings()));
        assert_eq!(drawn, [2, 2, 0, 0, 1, 1]);
    }

    #[test]
    fn top_p_keeps_the_token_that_crosses_the_bound() {
        let settings = GenerateSettings { top_p: 0.6, ..settings() };
        assert_eq!([0.0, 0.62, 0.63, 0.999].map(|share| at(share, &settings)), [2, 2, 0, 0]);
    }

    #[test]
    fn top_k_keeps_the_likeliest() {
        let settings = GenerateSettings { top_k: 2, ..settings() };
        assert_eq!([0.0, 0.62, 0.63, 0.999].map(|share| at(share, &settings)), [2, 2, 0, 0]);
    }

    #[test]
    fn a_repeated_token_loses_by_its_sign() {
        let settings = GenerateSettings { temperature: 0.0, repetition_penalty: 2.0, ..settings() };
        assert_eq!(choose(&[3.0, 2.0, -9.0], &[0], &settings, 0), 1);
        assert_eq!(choose(&[-1.0, -1.5, -9.0], &[0], &settings, 0), 1);
    }
}
