//! Signatures: a sketch cut to four bits a slot, small enough to stay in memory.

#![expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "counts of slots are small and positive")]

/// The lowest four bits of 128 slots.
pub type Signature = [u64; 8];

/// Slots that a signature holds.
const SLOTS: usize = 128;

/// Signatures of documents, one after another.
#[derive(Clone, Debug, Default)]
pub struct Signatures(Vec<Signature>);

impl Signatures {
    /// The signature of a sketch of at least 128 slots.
    ///
    /// # Panics
    /// If the sketch is shorter.
    pub fn of(sketch: &[u32]) -> Signature {
        assert!(sketch.len() >= SLOTS, "a signature needs {SLOTS} slots");
        let mut signature = Signature::default();
        for (word, slots) in signature.iter_mut().zip(sketch.chunks_exact(16)) {
            *word = slots.iter().fold(0, |word, slot| word << 4 | u64::from(slot & 15));
        }
        signature
    }

    /// Adds the next document's.
    pub fn push(&mut self, signature: Signature) {
        self.0.push(signature);
    }

    /// The signature of a document.
    pub fn get(&self, index: usize) -> &Signature {
        &self.0[index]
    }
}

/// Refuses pairs whose signatures differ too much for a similarity.
#[derive(Clone, Copy, Debug)]
pub struct Filter {
    least: u32,
}

impl Filter {
    /// Refuses a pair of just this similarity once in thirty thousand times, and more alike ones less often.
    pub fn new(similarity: f64) -> Self {
        // Four bits agree by chance once in sixteen times.
        let agreement = similarity + (1.0 - similarity) / 16.0;
        let slots = SLOTS as f64;
        let least = slots * agreement - 4.0 * (slots * agreement * (1.0 - agreement)).sqrt();
        Self { least: least.max(0.0) as u32 }
    }

    /// Whether the pair may be as similar as that.
    pub fn passes(self, one: &Signature, other: &Signature) -> bool {
        let differing: u32 = one
            .iter()
            .zip(other)
            .map(|(one, other)| {
                let bits = one ^ other;
                let pairs = bits | bits >> 1;
                ((pairs | pairs >> 2) & 0x1111_1111_1111_1111).count_ones()
            })
            .sum();
        SLOTS as u32 - differing >= self.least
    }
}

#[cfg(test)]
mod tests {
    use super::{Filter, Signatures};
    use crate::near::{Sketcher, mix};

    fn passing(similarity: f64, common: u64, each: u64) -> usize {
        let (filter, sketcher) = (Filter::new(similarity), Sketcher::new(128));
        let (mut one, mut other) = (Vec::new(), Vec::new());
        let passes = |trial: &u64| {
            let shingle = |number: u64| mix(trial << 32 | number);
            let left: Vec<u64> = (0..common + each).map(shingle).collect();
            let right: Vec<u64> = (0..common).chain(common + each..common + 2 * each).map(shingle).collect();
            sketcher.sketch(&left, &mut one);
            sketcher.sketch(&right, &mut other);
            filter.passes(&Signatures::of(&one), &Signatures::of(&other))
        };
        (0..1000).filter(passes).count()
    }

    #[test]
    fn pairs_at_the_bound_pass_and_unlike_ones_do_not() {
        assert!(passing(0.8, 80, 10) >= 999);
        assert!(passing(0.8, 800, 100) >= 999);
        assert!(passing(0.7, 700, 150) >= 999);
        assert!(passing(0.8, 400, 300) <= 5);
        assert_eq!(passing(0.8, 10, 300), 0);
    }
}
