//! Where the patterns of byte-level pre-tokenizers cut a text.

use super::{
    classes::{Classes, LETTER, LINE, NUMBER, SPACE},
    utf8,
};

/// A pattern that cuts a text into words; none has gaps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Words {
    /// GPT-2's.
    Spaced,
    /// That of GPT-4, Llama 3 and Qwen: a word takes one sign before it along, and line breaks end what precedes them.
    Signed {
        /// Most digits in one piece.
        digits: usize,
    },
}

/// `ByteLevel`'s own pattern.
pub(super) const SPACED: &str = r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+";

/// Qwen's pattern.
pub(super) const SIGNED_1: &str =
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+";

/// The pattern of GPT-4 and Llama 3.
pub(super) const SIGNED_3: &str = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+";

impl Words {
    /// The pattern of this source.
    pub(super) fn of_pattern(pattern: &str) -> Option<Self> {
        match pattern {
            SPACED => Some(Self::Spaced),
            SIGNED_1 => Some(Self::Signed { digits: 1 }),
            SIGNED_3 => Some(Self::Signed { digits: 3 }),
            _ => None,
        }
    }

    /// Where the word ends that starts at `start`, which is before the text's end.
    pub(super) fn end(self, classes: &Classes, text: &[u8], start: usize) -> usize {
        let scan = Scan { classes, text };
        match self {
            Self::Spaced => scan.spaced(start),
            Self::Signed { digits } => scan.signed(start, digits),
        }
    }
}

/// A text and what its characters are.
#[derive(Clone, Copy)]
struct Scan<'a> {
    classes: &'a Classes,
    text: &'a [u8],
}

impl Scan<'_> {
    /// The class of the character at `at` and where it ends; class `None` past the text's end.
    #[inline]
    fn class(self, at: usize) -> (Option<u8>, usize) {
        match self.text.get(at) {
            None => (None, at),
            Some(byte) if byte.is_ascii() => (Some(self.classes.of_ascii(*byte)), at + 1),
            Some(_) => {
                let (code, length) = utf8::decode(self.text, at);
                (Some(self.classes.of(code)), at + length)
            }
        }
    }

    /// The end of the characters from `at` on whose class has one of these bits.
    #[inline]
    fn run(self, mut at: usize, bits: u8) -> usize {
        while let (Some(class), next) = self.class(at)
            && class & bits != 0
        {
            at = next;
        }
        at
    }

    /// The end of the characters from `at` on that are neither letters nor numbers nor spaces.
    fn signs(self, mut at: usize) -> usize {
        while let (Some(class), next) = self.class(at)
            && class & (LETTER | NUMBER | SPACE) == 0
        {
            at = next;
        }
        at
    }

    fn spaced(self, start: usize) -> usize {
        if let Some(end) = self.contraction(start, false) {
            return end;
        }
        let (first, after) = self.class(start);
        // A space goes with what follows it.
        let (class, from) = match self.class(after).0 {
            Some(class) if self.text[start] == b' ' => (class, after),
            _ => (first.unwrap_or(SPACE), start),
        };
        if class & LETTER != 0 {
            self.run(from, LETTER)
        } else if class & NUMBER != 0 {
            self.run(from, NUMBER)
        } else if class & SPACE == 0 {
            self.signs(from)
        } else {
            self.spaces(start)
        }
    }

    fn signed(self, start: usize, digits: usize) -> usize {
        let (first, after) = self.class(start);
        let class = first.unwrap_or(SPACE);
        if class & LETTER != 0 {
            return self.run(after, LETTER);
        }
        if class & NUMBER != 0 {
            return self.numbers(after, digits - 1);
        }
        if let Some(end) = self.contraction(start, true) {
            return end;
        }
        let (next, beyond) = self.class(after);
        let next = next.unwrap_or(SPACE);
        if next & LETTER != 0 && class & LINE == 0 {
            return self.run(beyond, LETTER);
        }
        let signs = if class & SPACE == 0 {
            after
        } else if self.text[start] == b' ' && next & (SPACE | NUMBER) == 0 {
            beyond
        } else {
            let end = self.run(after, SPACE);
            return match self.text[start..end].iter().rposition(|byte| matches!(byte, b'\r' | b'\n')) {
                Some(line) => start + line + 1,
                None => self.spaces_to(start, end),
            };
        };
        let end = self.signs(signs);
        self.run(end, LINE)
    }

    /// The end of up to `most` numbers from `at` on.
    fn numbers(self, mut at: usize, most: usize) -> usize {
        for _ in 0..most {
            match self.class(at) {
                (Some(class), next) if class & NUMBER != 0 => at = next,
                _ => break,
            }
        }
        at
    }

    /// The end of `\s+(?!\S)|\s+`.
    fn spaces(self, start: usize) -> usize {
        self.spaces_to(start, self.run(start, SPACE))
    }

    /// The same, if the spaces are known to reach to `end`: all but the last, unless it is the only one or the text's.
    fn spaces_to(self, start: usize, end: usize) -> usize {
        let mut last = end - 1;
        while last > start && self.text[last] & 0xC0 == 0x80 {
            last -= 1;
        }
        if end == self.text.len() || last == start { end } else { last }
    }

    /// The end of an English contraction such as `'re`.
    fn contraction(self, start: usize, any_case: bool) -> Option<usize> {
        let rest = &self.text[start..];
        if rest[0] != b'\'' {
            return None;
        }
        let letter =
            |place: usize| rest.get(place).map(|byte| if any_case { byte.to_ascii_lowercase() } else { *byte });
        let length = match (letter(1)?, letter(2)) {
            (b's' | b't' | b'm' | b'd', _) => 2,
            (b'r' | b'v', Some(b'e')) | (b'l', Some(b'l')) => 3,
            // The long s is an S to a pattern that ignores case.
            (0xC5, Some(0xBF)) if any_case => 3,
            _ => return None,
        };
        Some(start + length)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::sync::LazyLock;
    use tokenizers_exact::{
        OffsetReferential, OffsetType, PreTokenizedString, PreTokenizer, SplitDelimiterBehavior,
        pre_tokenizers::split::{Split, SplitPattern},
    };

    static SPLITS: LazyLock<[(Words, Split); 3]> = LazyLock::new(|| {
        [SPACED, SIGNED_1, SIGNED_3].map(|pattern| {
            let split = SplitPattern::Regex(pattern.to_owned());
            let split = Split::new(split, SplitDelimiterBehavior::Isolated, false).unwrap();
            (Words::of_pattern(pattern).unwrap(), split)
        })
    });

    proptest! {
        #[test]
        fn words_are_those_of_the_pattern(text in r"(\PC|\s|[\r\n]{1,3}| {1,3}|[一-龥]{1,4}|'(?i:s|t|re|ve|m|ll|d|ſ)|'\PC{0,2}|[0-9a-z]{1,5}|\p{M}|\p{N}{1,4}|[,.，。]{1,3}|\PC)*") {
            for (words, split) in SPLITS.iter() {
                let mut expected = PreTokenizedString::from(text.as_str());
                split.pre_tokenize(&mut expected).unwrap();
                let expected = expected.get_splits(OffsetReferential::Original, OffsetType::Byte);
                let expected: Vec<usize> = expected.into_iter().map(|(_, (_, end), _)| end).collect();
                let mut found = Vec::new();
                while found.last().copied().unwrap_or(0) < text.len() {
                    found.push(words.end(Classes::get(), text.as_bytes(), found.last().copied().unwrap_or(0)));
                }
                prop_assert_eq!(found, expected, "{:?}", words);
            }
        }
    }
}
