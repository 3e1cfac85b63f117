//! Bands: groups of slots whose agreement makes two documents candidates.

#![expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "counts of bands are small and positive")]

use super::mix;
use serde::{Deserialize, Serialize};

/// How sketches are cut: documents that agree in all rows of at least one band are candidates.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bands {
    /// Number of bands.
    pub bands: usize,
    /// Slots in a band.
    pub rows: usize,
}

/// Rows that keep chance meetings rare; fewer are taken only where the bands would become too many.
const ROWS: usize = 5;

impl Bands {
    /// Bands that miss a pair of just this similarity with a probability of at most `miss`: 25 of 5 rows for 0.8 and
    /// one in ten thousand.
    ///
    /// ```
    /// use siyu_text::near::Bands;
    /// assert_eq!(Bands::reaching(0.8, 1e-4), Bands { bands: 25, rows: 5 });
    /// ```
    pub fn reaching(similarity: f64, miss: f64) -> Self {
        let similarity = similarity.clamp(0.01, 0.99);
        // Steeper bands for higher similarities: candidates below the bound cost a comparison each.
        let more = (ROWS..=12).rev().find(|&rows| needed(similarity, rows, miss) <= 25);
        let rows = more.or_else(|| (1..=ROWS).rev().find(|&rows| needed(similarity, rows, miss) <= 64)).unwrap_or(1);
        Self { bands: needed(similarity, rows, miss).max(if rows == ROWS { 25 } else { 1 }), rows }
    }

    /// Slots that all bands take.
    pub fn slots(self) -> usize {
        self.bands * self.rows
    }

    /// The probability that two documents of this similarity become candidates.
    pub fn probability(self, similarity: f64) -> f64 {
        let miss = 1.0 - similarity.powi(i32::try_from(self.rows).unwrap_or(i32::MAX));
        1.0 - miss.powi(i32::try_from(self.bands).unwrap_or(i32::MAX))
    }

    /// The key of each band; keys of different bands differ.
    pub fn keys(self, sketch: &[u32]) -> impl Iterator<Item = u64> + '_ {
        (0u64..)
            .zip(sketch.chunks_exact(self.rows).take(self.bands))
            .map(|(band, rows)| rows.iter().fold(mix(band + 1), |key, row| mix(key.rotate_left(23) ^ u64::from(*row))))
    }
}

fn needed(similarity: f64, rows: usize, miss: f64) -> usize {
    let alike = similarity.powi(i32::try_from(rows).unwrap_or(i32::MAX));
    let bands = (miss.ln() / (-alike).ln_1p()).ceil();
    if bands.is_finite() && bands < 1e6 { (bands as usize).max(1) } else { usize::MAX }
}

#[cfg(test)]
mod tests {
    use super::Bands;

    #[test]
    fn the_bands_reach_what_they_are_asked_for_and_stay_few() {
        for percent in 5..=100 {
            for miss in [1e-2, 1e-4, 1e-5] {
                let similarity = f64::from(percent) / 100.0;
                let bands = Bands::reaching(similarity, miss);
                if percent >= 25 {
                    assert!(bands.probability(similarity.min(0.99)) >= 1.0 - miss, "{similarity} {bands:?}");
                    assert!(bands.bands <= 64, "{similarity} {bands:?}");
                }
            }
        }
        assert!(Bands::reaching(0.7, 1e-4).rows >= 4);
    }

    #[test]
    fn equal_bands_have_equal_keys_in_their_place_only() {
        let bands = Bands { bands: 2, rows: 2 };
        let keys = |sketch: &[u32]| bands.keys(sketch).collect::<Vec<_>>();
        assert_eq!(keys(&[1, 2, 3, 4])[0], keys(&[1, 2, 9, 9])[0]);
        assert_ne!(keys(&[1, 2, 1, 2])[0], keys(&[1, 2, 1, 2])[1]);
        assert_ne!(keys(&[1, 2, 3, 4])[0], keys(&[2, 1, 3, 4])[0]);
    }
}
