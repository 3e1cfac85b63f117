//! What the pre-tokenizers ask of a character, by one table.

use regex_syntax::hir::{Class, HirKind};
use std::{collections::HashMap, sync::LazyLock};
use unicode_normalization_alignments::{IsNormalized, char::canonical_combining_class, is_nfc_quick};

/// `\p{L}`.
pub(super) const LETTER: u8 = 1;
/// `\p{N}`.
pub(super) const NUMBER: u8 = 2;
/// `\s`.
pub(super) const SPACE: u8 = 4;
/// `[\r\n]`, which are of `\s` too.
pub(super) const LINE: u8 = 8;
/// NFC may change it, or what stands before it.
pub(super) const UNSTABLE: u8 = 16;

const BLOCK: usize = 128;

/// Classes of all characters.
pub(super) struct Classes {
    /// Numbers of blocks, by the code point's upper bits.
    index: Vec<u16>,
    blocks: Vec<[u8; BLOCK]>,
    ascii: [u8; 128],
    /// Whether any character whose UTF-8 starts with this byte is unstable.
    unstable_leads: [bool; 256],
}

impl Classes {
    /// The table; made at the first call.
    pub(super) fn get() -> &'static Self {
        static CLASSES: LazyLock<Classes> = LazyLock::new(Classes::new);
        &CLASSES
    }

    pub(super) fn of(&self, code: u32) -> u8 {
        let code = code as usize;
        self.blocks[usize::from(self.index[code / BLOCK])][code % BLOCK]
    }

    pub(super) fn of_ascii(&self, byte: u8) -> u8 {
        self.ascii[usize::from(byte & 0x7F)]
    }

    pub(super) fn may_be_unstable(&self, lead: u8) -> bool {
        self.unstable_leads[usize::from(lead)]
    }

    fn new() -> Self {
        let mut flat = vec![0; char::MAX as usize + 1];
        for (pattern, class) in [(r"\p{L}", LETTER), (r"\p{N}", NUMBER), (r"\s", SPACE), (r"[\r\n]", LINE)] {
            for code in ranges(pattern).into_iter().flatten() {
                flat[code as usize] |= class;
            }
        }
        let mut unstable_leads = [false; 256];
        for character in ('\u{80}'..'\u{30000}').filter(|character| !is_stable(*character)) {
            flat[character as usize] |= UNSTABLE;
            unstable_leads[usize::from(character.encode_utf8(&mut [0; 4]).as_bytes()[0])] = true;
        }
        let (mut index, mut blocks, mut known) = (Vec::new(), Vec::new(), HashMap::new());
        for block in flat.as_chunks().0 {
            let number = *known.entry(*block).or_insert_with(|| {
                blocks.push(*block);
                u16::try_from(blocks.len() - 1).expect("there are fewer blocks than code points")
            });
            index.push(number);
        }
        let ascii = std::array::from_fn(|code| flat[code]);
        Self { index, blocks, ascii, unstable_leads }
    }
}

/// The code points of a character class, as the engine of Hugging Face's patterns has them.
fn ranges(pattern: &str) -> Vec<std::ops::RangeInclusive<u32>> {
    let parsed = regex_syntax::parse(pattern).map(regex_syntax::hir::Hir::into_kind);
    let Ok(HirKind::Class(Class::Unicode(class))) = parsed else {
        unreachable!("the pattern is a class of characters")
    };
    class.ranges().iter().map(|range| range.start() as u32..=range.end() as u32).collect()
}

/// Whether NFC leaves the character and all before it alone, by the tables that Hugging Face's normalizer has.
fn is_stable(character: char) -> bool {
    // Han and Hangul, which make up most of the range.
    if matches!(character, '\u{3400}'..='\u{9FFF}' | '\u{AC00}'..='\u{D7A3}' | '\u{E000}'..='\u{F8FF}') {
        return true;
    }
    canonical_combining_class(character) == 0 && is_nfc_quick(std::iter::once(character)) == IsNormalized::Yes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn classes_are_those_of_the_patterns() {
        let classes = Classes::get();
        for (pattern, class) in [(r"\p{L}", LETTER), (r"\p{N}", NUMBER), (r"\s", SPACE), (r"[\r\n]", LINE)] {
            let pattern = regex::Regex::new(pattern).unwrap();
            let of_class = |character: &char| classes.of(u32::from(*character)) & class != 0;
            assert!(
                ('\0'..=char::MAX)
                    .all(|character| pattern.is_match(character.encode_utf8(&mut [0; 4])) == of_class(&character))
            );
        }
    }
}
