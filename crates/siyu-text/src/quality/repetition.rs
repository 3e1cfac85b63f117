//! How much of a text repeats what it said before, in characters.

use super::grams::{self, Groups};

/// Share of a text's characters that lie in n-grams of characters which occurred before; 0 for a text shorter than two
/// n-grams. White space does not count.
///
/// It needs no words, so it reads Chinese, English and tables alike.
///
/// # Panics
/// If `n` is 0.
pub fn repetition_ratio(text: &str, n: usize) -> f64 {
    assert!(n > 0, "an n-gram has at least one character");
    let mut window = vec![0u64; n];
    let power = (0..n).fold(1u64, |power, _| power.wrapping_mul(BASE));
    let mut groups = Groups::with_capacity(text.len() / 2);
    let (mut hash, mut all, mut repeated, mut covered) = (0u64, 0usize, 0usize, 0usize);
    for character in text.chars().filter(|character| !character.is_whitespace()) {
        let entering = grams::append(1, u64::from(character));
        let slot = all % n;
        hash = hash.wrapping_mul(BASE).wrapping_add(entering).wrapping_sub(window[slot].wrapping_mul(power));
        window[slot] = entering;
        all += 1;
        if all < n {
            continue;
        }
        let group = groups.add(grams::append(2, hash));
        if groups.count(group) > 1 {
            // Characters of this n-gram that no earlier one has claimed.
            let start = covered.max(all - n);
            repeated += all - start;
            covered = all;
        }
    }
    repeated as f64 / all.max(1) as f64
}

/// An odd multiplier of the rolling hash.
const BASE: u64 = 0xD6E8_FEB8_6659_FD93;

#[cfg(test)]
mod tests {
    use super::repetition_ratio;
    use proptest::prelude::*;
    use std::collections::HashSet;

    fn plainly(text: &str, n: usize) -> f64 {
        let characters: Vec<char> = text.chars().filter(|c| !c.is_whitespace()).collect();
        let (mut seen, mut covered) = (HashSet::new(), HashSet::new());
        for (start, gram) in characters.windows(n).enumerate() {
            if !seen.insert(gram) {
                covered.extend(start..start + n);
            }
        }
        covered.len() as f64 / characters.len().max(1) as f64
    }

    #[test]
    fn a_text_said_twice_is_half_repetition() {
        let once = "甲方应当在三十日内支付价款";
        assert!(repetition_ratio(once, 5).abs() < 1e-9);
        assert!((repetition_ratio(&once.repeat(2), 5) - 0.5).abs() < 1e-9);
        assert!((repetition_ratio(&"哈".repeat(100), 10) - 0.99).abs() < 1e-9);
        assert!(repetition_ratio("", 10).abs() < 1e-9);
    }

    proptest! {
        #[test]
        fn the_quick_count_is_the_plain_one(text in "[甲乙a ]{0,60}|\\PC{0,30}", n in 1usize..6) {
            prop_assert!((repetition_ratio(&text, n) - plainly(&text, n)).abs() < 1e-9);
        }
    }
}
