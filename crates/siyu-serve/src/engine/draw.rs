//! From logits to a token.

use super::request::{Likely, Request, TokenLogprobs};
use siyu_checkpoint::{choose, mix};
use std::{borrow::Cow, cmp::Ordering, collections::BTreeMap};

/// The next token of an answer, by the `prompt` with the `made` tokens of the answer behind it.
///
/// Depends on nothing but its arguments: the seed and a token's place make its draw.
pub(super) fn next(logits: &[f32], text: &[i64], made: usize, request: &Request) -> u32 {
    let answer = text.get(text.len() - made..).unwrap_or_default();
    let logits = adjusted(logits, answer, request);
    let token = choose(&logits, text, &request.settings, mix(request.settings.seed, made as u64));
    u32::try_from(token).expect("a vocabulary is small")
}

/// # Source
/// `OpenAI`'s API reference, "Frequency and presence penalties": `logit -= count * frequency + (count > 0) * presence`.
fn adjusted<'a>(logits: &'a [f32], answer: &[i64], request: &Request) -> Cow<'a, [f32]> {
    let (presence, frequency) = (request.presence_penalty, request.frequency_penalty);
    if presence == 0.0 && frequency == 0.0 && request.logit_bias.is_empty() {
        return logits.into();
    }
    let mut logits = logits.to_vec();
    let mut counts = BTreeMap::<usize, f32>::new();
    for &token in answer {
        *counts.entry(usize::try_from(token).unwrap_or(usize::MAX)).or_default() += 1.0;
    }
    for (token, count) in counts {
        if let Some(logit) = logits.get_mut(token) {
            *logit -= count * frequency + presence;
        }
    }
    for &(token, bias) in &request.logit_bias {
        if let Some(logit) = logits.get_mut(token as usize) {
            *logit += bias;
        }
    }
    logits.into()
}

/// The probability of a token that has no place in the answer yet, and of the `count` likeliest.
pub(super) fn logprobs(logits: &[f32], chosen: u32, count: usize) -> TokenLogprobs {
    let highest = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let sum: f64 = logits.iter().map(|&logit| f64::from(logit - highest).exp()).sum();
    #[expect(clippy::cast_possible_truncation, reason = "logarithms of probabilities are small")]
    let log_sum = sum.ln() as f32 + highest;
    let likely = |token: usize| Likely {
        token: u32::try_from(token).unwrap_or(u32::MAX),
        logprob: logits.get(token).map_or(f32::NEG_INFINITY, |logit| logit - log_sum),
    };
    let by_logit = |&one: &usize, &other: &usize| -> Ordering {
        let logit = |token: usize| logits.get(token).copied().unwrap_or(f32::NEG_INFINITY);
        logit(other).total_cmp(&logit(one)).then(one.cmp(&other))
    };
    let mut ranked: Vec<usize> = (0..logits.len()).collect();
    let count = count.min(ranked.len());
    if count > 0 && count < ranked.len() {
        ranked.select_nth_unstable_by(count - 1, by_logit);
    }
    ranked.truncate(count);
    ranked.sort_unstable_by(by_logit);
    TokenLogprobs { chosen: likely(chosen as usize), top: ranked.into_iter().map(likely).collect(), span: 0..0 }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::tests::request;

    #[test]
    fn the_first_of_equal_logits_is_taken() {
        assert_eq!(next(&[1.0, 3.0, 3.0], &[], 0, &request(&[1])), 1);
    }

    #[test]
    fn penalties_count_the_answer_and_not_the_prompt() {
        let request = Request { presence_penalty: 0.5, frequency_penalty: 1.0, ..request(&[1]) };
        // Token 1 is in the prompt; token 0 twice in the answer: 4 - 2 * 1.0 - 0.5.
        assert_eq!(adjusted(&[4.0, 3.0], &[0, 0], &request).as_ref(), [1.5, 3.0]);
        assert_eq!(next(&[4.0, 3.0], &[1, 0, 0], 2, &request), 1);
    }

    #[test]
    fn a_bias_bans_a_token() {
        let request = Request { logit_bias: vec![(1, -100.0), (9, 1.0)], ..request(&[1]) };
        assert_eq!(next(&[2.0, 3.0], &[], 0, &request), 0);
    }

    #[test]
    fn probabilities_are_those_of_the_softmax() {
        let logits = [0.5_f32.ln() + 7.0, 0.2_f32.ln() + 7.0, 0.3_f32.ln() + 7.0];
        let found = logprobs(&logits, 1, 2);
        assert!((found.chosen.logprob - 0.2_f32.ln()).abs() < 1e-6);
        assert_eq!(found.top.iter().map(|likely| likely.token).collect::<Vec<_>>(), [0, 2]);
        assert_eq!(logprobs(&logits, 0, 0).top, []);
        assert_eq!(logprobs(&logits, 0, 9).top.len(), 3);
    }
}
