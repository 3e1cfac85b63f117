//! A set of documents, one bit each, that can number its members.

/// A set of documents.
#[derive(Clone, Debug)]
pub(crate) struct Bits {
    words: Vec<u64>,
    /// Members before each word; empty until [`Bits::number`].
    before: Vec<u32>,
}

impl Bits {
    pub(crate) fn new(count: u32) -> Self {
        Self { words: vec![0; count as usize / 64 + 1], before: Vec::new() }
    }

    pub(crate) fn insert(&mut self, document: u32) {
        self.words[document as usize / 64] |= 1 << (document % 64);
    }

    pub(crate) fn contains(&self, document: u32) -> bool {
        self.words[document as usize / 64] >> (document % 64) & 1 == 1
    }

    /// Makes [`Bits::index`] possible; returns the number of members.
    pub(crate) fn number(&mut self) -> u32 {
        let mut sum = 0;
        self.before = self
            .words
            .iter()
            .map(|word| {
                let before = sum;
                sum += word.count_ones();
                before
            })
            .collect();
        sum
    }

    /// How many members are smaller than this one.
    pub(crate) fn index(&self, document: u32) -> usize {
        let word = document as usize / 64;
        let below = self.words[word] & ((1 << (document % 64)) - 1);
        (self.before[word] + below.count_ones()) as usize
    }

    pub(crate) fn words(&self) -> &[u64] {
        &self.words
    }

    pub(crate) fn from_words(words: Vec<u64>) -> Self {
        Self { words, before: Vec::new() }
    }
}

#[cfg(test)]
mod tests {
    use super::Bits;

    #[test]
    fn members_are_numbered_in_their_order() {
        let mut bits = Bits::new(1000);
        let members = [0, 1, 63, 64, 127, 500, 999];
        for &member in &members {
            bits.insert(member);
        }
        assert_eq!(bits.number(), 7);
        assert_eq!(members.map(|member| bits.index(member)), [0, 1, 2, 3, 4, 5, 6]);
        assert!(bits.contains(999) && !bits.contains(998));
    }
}
