//! From logits to a token.

use crate::generate::GenerateSettings;
use std::borrow::Cow;
use std::cmp::Ordering;

/// The next token of a text, by its logits and the tokens there are already. `draw` holds 64 random bits, such as
/// [`mix`] makes of the settings' seed and the count of tokens made so far.
///
/// # Panics
/// Where there are no logits.
pub fn choose(logits: &[f32], text: &[i64], settings: &GenerateSettings, draw: u64) -> i64 {
    let logits = penalized(logits, text, settings.repetition_penalty);
    let likeliest = likeliest(&logits);
    let first = i64::try_from(likeliest).expect("a vocabulary is small");
    if settings.temperature == 0.0 || settings.top_k == 1 {
        return first;
    }
    let largest = f64::from(logits[likeliest]);
    let weight = |logit: f32| ((f64::from(logit) - largest) / settings.temperature).exp();
    let mut ranking = Ranking::new(&logits, largest - FAR * settings.temperature);
    let mut sum: f64 = if (1..logits.len()).contains(&settings.top_k) {
        ranking.keep(settings.top_k);
        ranking.candidates.iter().map(|candidate| weight(candidate.1)).sum()
    } else {
        logits.iter().map(|&logit| weight(logit)).sum()
    };
    if settings.top_p < 1.0 {
        sum = keep_share(&mut ranking, weight, sum * settings.top_p);
    }
    // 53 bits fill the mantissa of a number in 0..1.
    let mut left = (draw >> 11) as f64 / (1_u64 << 53) as f64 * sum;
    let drawn = (0..).map_while(|place| ranking.get(place)).find(|candidate| {
        left -= weight(candidate.1);
        left.partial_cmp(&0.0) == Some(Ordering::Less)
    });
    drawn.map_or(first, |candidate| i64::from(candidate.0))
}

/// The place of the largest logit, the first of equals.
#[expect(clippy::float_cmp, reason = "the largest is one of them")]
fn likeliest(logits: &[f32]) -> usize {
    // Lanes do not wait for one another.
    let mut lanes = [f32::NEG_INFINITY; 16];
    let (chunks, rest) = logits.as_chunks::<16>();
    for chunk in chunks {
        for (lane, logit) in lanes.iter_mut().zip(chunk) {
            *lane = lane.max(*logit);
        }
    }
    let largest = lanes.iter().chain(rest).copied().fold(f32::NEG_INFINITY, f32::max);
    logits.iter().position(|logit| *logit == largest).unwrap_or(0)
}

/// Forgets all but the likeliest tokens that together weigh `enough`, and never the first; what they weigh.
fn keep_share(ranking: &mut Ranking, weight: impl Fn(f32) -> f64, enough: f64) -> f64 {
    let (mut sum, mut count) = (0.0, 0);
    while let Some((_, logit)) = ranking.get(count).filter(|_| count == 0 || sum < enough) {
        sum += weight(logit);
        count += 1;
    }
    ranking.keep(count);
    sum
}

/// Tokens this many temperatures below the likeliest are seldom drawn: their weight is less than a hundred thousandth.
const FAR: f64 = 12.0;

/// Tokens with their logits, likeliest first and of equals the first, looked through and put in order only as far as
/// they are asked for: a vocabulary is large, and a draw seldom falls behind its first few.
struct Ranking<'a> {
    logits: &'a [f32],
    /// Only candidates are at or above it, until they are used up.
    floor: f32,
    candidates: Vec<(u32, f32)>,
    ordered: usize,
}

impl<'a> Ranking<'a> {
    /// How many are put in order at first.
    const FIRST: usize = 32;

    #[expect(clippy::cast_possible_truncation, reason = "where the floor is exactly does not matter")]
    fn new(logits: &'a [f32], floor: f64) -> Self {
        let mut ranking = Self { logits, floor: floor as f32, candidates: Vec::new(), ordered: 0 };
        ranking.take(true);
        ranking
    }

    /// Makes those candidates that are at or above the floor, or those that are not.
    fn take(&mut self, above: bool) {
        let tokens = (0..).zip(self.logits.iter().copied());
        self.candidates.extend(tokens.filter(|token| (token.1 >= self.floor) == above));
    }

    /// Makes sure that there are so many candidates, if there are so many tokens.
    fn reach(&mut self, count: usize) {
        if count > self.candidates.len() && self.candidates.len() < self.logits.len() {
            self.take(false);
        }
    }

    /// The candidate at a place of the order.
    fn get(&mut self, place: usize) -> Option<(u32, f32)> {
        self.reach(place + 1);
        while place >= self.ordered && self.ordered < self.candidates.len() {
            let more = if self.ordered == 0 { Self::FIRST } else { self.ordered * 7 };
            let rest = &mut self.candidates[self.ordered..];
            let more = more.min(rest.len());
            if more < rest.len() {
                rest.select_nth_unstable_by(more - 1, by_logit);
            }
            rest[..more].sort_unstable_by(by_logit);
            self.ordered += more;
        }
        self.candidates.get(place).copied()
    }

    /// Forgets all but the likeliest.
    fn keep(&mut self, count: usize) {
        self.reach(count);
        if count < self.candidates.len() {
            if count > self.ordered {
                self.candidates[self.ordered..].select_nth_unstable_by(count - self.ordered - 1, by_logit);
            }
            self.candidates.truncate(count);
            self.ordered = self.ordered.min(count);
        }
        // No more are taken.
        self.logits = &[];
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "what slices are sorted by takes references")]
fn by_logit(one: &(u32, f32), other: &(u32, f32)) -> Ordering {
    other.1.total_cmp(&one.1).then(one.0.cmp(&other.0))
}

/// # Source
/// Keskar et al. 2019, "CTRL", section 4.1.
fn penalized<'a>(logits: &'a [f32], text: &[i64], penalty: f64) -> Cow<'a, [f32]> {
    if (penalty - 1.0).abs() < f64::EPSILON {
        return logits.into();
    }
    #[expect(clippy::cast_possible_truncation, reason = "logits are f32")]
    let penalty = penalty as f32;
    let mut changed = logits.to_vec();
    for token in text.iter().filter_map(|&token| usize::try_from(token).ok()) {
        // From what the model said, so that a token that is there twice loses once.
        if let (Some(changed), Some(&logit)) = (changed.get_mut(token), logits.get(token)) {
            *changed = if logit < 0.0 { logit * penalty } else { logit / penalty };
        }
    }
    changed.into()
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
    fn the_first_of_the_largest_is_the_likeliest() {
        let mut logits = vec![-1.0; 40];
        (logits[21], logits[22], logits[39]) = (2.5, 2.5, 2.0);
        assert_eq!(likeliest(&logits), 21);
        assert_eq!(likeliest(&logits[30..]), 9);
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

    /// The definition, without a thought for time: all tokens in order.
    fn plainly(logits: &[f32], settings: &GenerateSettings, draw: u64) -> i64 {
        let mut ranked: Vec<(u32, f32)> = (0..).zip(logits.iter().copied()).collect();
        ranked.sort_by(by_logit);
        ranked.truncate(if settings.top_k == 0 { usize::MAX } else { settings.top_k });
        let weights: Vec<f64> =
            ranked.iter().map(|one| (f64::from(one.1 - ranked[0].1) / settings.temperature).exp()).collect();
        let enough = weights.iter().sum::<f64>() * settings.top_p;
        let before = |count: usize| weights[..count].iter().sum::<f64>();
        let kept = (1..weights.len()).find(|&count| before(count) >= enough).unwrap_or(weights.len());
        let at = (draw >> 11) as f64 / (1_u64 << 53) as f64 * before(kept);
        let drawn = (0..kept).find(|&place| before(place + 1) > at).unwrap_or(0);
        i64::from(ranked[drawn].0)
    }

    #[test]
    fn what_is_put_in_order_only_in_part_draws_as_the_whole_does() {
        // Halves and quarters: many logits are equal, and their differences exact.
        let logits: Vec<f32> = (0..700).map(|token| (mix(1, token) % 64) as f32 / 4.0).collect();
        for round in 0..400 {
            let settings = GenerateSettings {
                temperature: [0.3, 1.0, 7.0][usize::try_from(round % 3).unwrap()],
                top_p: [1.0, 0.9, 0.5, 0.01][usize::try_from(round % 4).unwrap()],
                top_k: [0, 2, 40, 300, 1000][usize::try_from(round % 5).unwrap()],
                ..settings()
            };
            let draw = mix(2, round);
            assert_eq!(choose(&logits, &[], &settings, draw), plainly(&logits, &settings, draw), "{settings:?}");
        }
    }

    #[test]
    fn a_repeated_token_loses_by_its_sign() {
        let settings = GenerateSettings { temperature: 0.0, repetition_penalty: 2.0, ..settings() };
        assert_eq!(choose(&[3.0, 2.0, -9.0], &[0], &settings, 0), 1);
        assert_eq!(choose(&[-1.0, -1.5, -9.0], &[0], &settings, 0), 1);
        // However often it is there: 9 / 2 is more than 4.
        assert_eq!(choose(&[9.0, 4.0], &[0, 0, 0], &settings, 0), 0);
    }
}
