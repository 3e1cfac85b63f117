//! The similarity itself, on whole sets.

/// Shared elements by all elements of two sets, ascending and without repetition; 0 for two empty sets.
pub fn jaccard(one: &[u64], other: &[u64]) -> f64 {
    jaccard_at_least(one, other, 0.0).unwrap_or(0.0)
}

/// Like [`jaccard`], or `None` as soon as it is known to be below `bound`.
pub fn jaccard_at_least(one: &[u64], other: &[u64], bound: f64) -> Option<f64> {
    let total = (one.len() + other.len()) as f64;
    // o / (total - o) >= bound; compared with some slack, the exact test comes last.
    let needed = (bound * total / (1.0 + bound) - 1e-6).ceil();
    let (mut left, mut right, mut shared) = (0, 0, 0usize);
    loop {
        let rest = (one.len() - left).min(other.len() - right);
        if ((shared + rest) as f64) < needed {
            return None;
        }
        if rest == 0 {
            break;
        }
        // No branch depends on the order of the elements, which nothing can predict.
        for _ in 0..rest.min(64) {
            let (a, b) = (one[left], other[right]);
            shared += usize::from(a == b);
            left += usize::from(a <= b);
            right += usize::from(b <= a);
        }
    }
    let union = total - shared as f64;
    let similarity = if union > 0.0 { shared as f64 / union } else { 0.0 };
    (similarity >= bound).then_some(similarity)
}

#[cfg(test)]
mod tests {
    use super::{jaccard, jaccard_at_least};
    use proptest::collection::btree_set;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn equals_the_definition_and_bounds_hold(
            one in btree_set(0u64..400, 0..300), other in btree_set(0u64..400, 0..300), bound in 0.0f64..=1.0,
        ) {
            let shared = one.intersection(&other).count() as f64;
            let union = one.union(&other).count() as f64;
            let expected = if union > 0.0 { shared / union } else { 0.0 };
            let (one, other): (Vec<u64>, Vec<u64>) = (one.into_iter().collect(), other.into_iter().collect());
            prop_assert_eq!(jaccard(&one, &other).to_bits(), expected.to_bits());
            prop_assert_eq!(jaccard_at_least(&one, &other, bound), (expected >= bound).then_some(expected));
            prop_assert_eq!(jaccard_at_least(&one, &other, expected), Some(expected));
        }
    }
}
