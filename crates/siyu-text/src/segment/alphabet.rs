//! Small numbers for the characters of a dictionary.

use std::collections::HashMap;

/// Codes of characters: 1 is the one in the most words, and 0 stands for those in none.
pub(super) struct Alphabet {
    /// By code point, below U+10000.
    low: Box<[u16]>,
    high: HashMap<char, u16>,
    size: usize,
}

impl Alphabet {
    /// Characters past the 65,535 most frequent ones have no code; Unicode has about 100,000 Han characters, of which a
    /// dictionary uses a tenth.
    pub(super) fn new<'a>(words: impl Iterator<Item = &'a str>) -> Self {
        let mut low = vec![0_u32; 0x1_0000];
        let mut high: HashMap<char, u32> = HashMap::new();
        for character in words.flat_map(str::chars) {
            match low.get_mut(character as usize) {
                Some(count) => *count += 1,
                None => *high.entry(character).or_default() += 1,
            }
        }
        let low =
            (0_u32..).zip(low).filter(|pair| pair.1 > 0).filter_map(|(at, count)| Some((char::from_u32(at)?, count)));
        let mut counted: Vec<(char, u32)> = low.chain(high).collect();
        counted.sort_unstable_by_key(|&(character, count)| (std::cmp::Reverse(count), character));
        let mut alphabet = Self { low: vec![0; 0x1_0000].into(), high: HashMap::new(), size: 1 };
        for (code, (character, _)) in (1..=u16::MAX).zip(counted) {
            match alphabet.low.get_mut(character as usize) {
                Some(place) => *place = code,
                None => {
                    alphabet.high.insert(character, code);
                }
            }
            alphabet.size += 1;
        }
        alphabet
    }

    #[inline]
    pub(super) fn code(&self, character: char) -> u16 {
        match self.low.get(character as usize) {
            Some(code) => *code,
            None => self.high.get(&character).copied().unwrap_or(0),
        }
    }

    /// One more than the highest code.
    pub(super) fn size(&self) -> usize {
        self.size
    }
}
