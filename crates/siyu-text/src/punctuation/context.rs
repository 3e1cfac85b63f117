//! What stands beside a mark, and what language its sentence is in.

use super::protect::{Kind, Span};

/// Characters looked past for what stands beside a mark.
const REACH: usize = 40;
/// Characters of a sentence that are weighed, at each side of a mark.
const SENTENCE_REACH: usize = 80;

/// What the nearest character that is read is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Side {
    /// A Chinese character, or kana.
    Han,
    /// A letter of another script.
    Latin,
    /// A digit, a symbol, code, a formula, an address.
    Other,
    /// The end of the line or cell.
    Edge,
}

/// One step over a text.
#[derive(Clone, Copy, Debug)]
enum Token {
    Letter(char),
    Span(Kind),
}

/// A text and its protected spans.
pub(super) struct Context<'a> {
    pub(super) text: &'a str,
    pub(super) spans: &'a [Span],
}

impl Context<'_> {
    /// The character before `at`.
    pub(super) fn previous(&self, at: usize) -> Option<char> {
        self.text.get(..at)?.chars().next_back()
    }

    /// The character at `at`.
    pub(super) fn next(&self, at: usize) -> Option<char> {
        self.text.get(at..)?.chars().next()
    }

    /// What stands before `at`, past marks and spaces.
    pub(super) fn left(&self, at: usize) -> Side {
        self.backward(at).take(REACH).find_map(|(_, token)| side(token)).unwrap_or(Side::Edge)
    }

    /// What stands after `at`, past marks and spaces.
    pub(super) fn right(&self, at: usize) -> Side {
        self.forward(at).take(REACH).find_map(|(_, token)| side(token)).unwrap_or(Side::Edge)
    }

    /// Whether the sentence around `at` is Chinese; of one that ends there, with `ends`, only what comes before counts.
    pub(super) fn is_chinese(&self, at: usize, ends: bool) -> bool {
        let mut balance = Balance::default();
        for (place, token) in self.backward(at).take(SENTENCE_REACH) {
            if side(token) == Some(Side::Edge) || self.ends_sentence(place, token) {
                break;
            }
            balance.add(token);
        }
        balance.in_word = false;
        for (place, token) in self.forward(at).skip(1).take(if ends { 0 } else { SENTENCE_REACH }) {
            if side(token) == Some(Side::Edge) || self.ends_sentence(place, token) {
                break;
            }
            balance.add(token);
        }
        balance.is_chinese()
    }

    /// Whether a piece of text has a Chinese character, and whether it has no fewer of them than foreign words.
    pub(super) fn weigh(&self, from: usize, to: usize) -> (bool, bool) {
        let mut balance = Balance::default();
        for (_, token) in self.forward(from).take_while(|&(place, _)| place < to) {
            balance.add(token);
        }
        (balance.han > 0, balance.is_chinese())
    }

    fn ends_sentence(&self, at: usize, token: Token) -> bool {
        match token {
            Token::Letter('。' | '！' | '？' | '；' | '!' | '?' | ';') => true,
            Token::Letter('.') => {
                let (previous, next) = (self.previous(at), self.next(at + 1));
                previous.is_some_and(is_han)
                    || previous != Some('.') && !next.is_some_and(|next| next.is_ascii_alphanumeric() || next == '.')
            }
            _ => false,
        }
    }

    /// The tokens before `at`, nearest first, each with its start.
    fn backward(&self, mut at: usize) -> impl Iterator<Item = (usize, Token)> {
        let mut spans = self.spans.get(..self.spans.partition_point(|span| span.range.end <= at)).unwrap_or_default();
        std::iter::from_fn(move || {
            if let Some((last, others)) = spans.split_last()
                && last.range.end == at
            {
                spans = others;
                at = last.range.start;
                return Some((at, Token::Span(last.kind)));
            }
            let letter = self.previous(at)?;
            at -= letter.len_utf8();
            Some((at, Token::Letter(letter)))
        })
    }

    /// The tokens from `at` on, each with its start.
    fn forward(&self, mut at: usize) -> impl Iterator<Item = (usize, Token)> {
        let mut spans = self.spans.get(self.spans.partition_point(|span| span.range.start < at)..).unwrap_or_default();
        std::iter::from_fn(move || {
            let start = at;
            if let Some((first, others)) = spans.split_first()
                && first.range.start == at
            {
                spans = others;
                at = first.range.end;
                return Some((start, Token::Span(first.kind)));
            }
            let letter = self.next(at)?;
            at += letter.len_utf8();
            Some((start, Token::Letter(letter)))
        })
    }
}

/// Chinese characters against foreign words.
#[derive(Default)]
struct Balance {
    han: usize,
    words: usize,
    in_word: bool,
}

impl Balance {
    fn add(&mut self, token: Token) {
        let kind = side(token);
        self.han += usize::from(kind == Some(Side::Han));
        let in_word = kind == Some(Side::Latin) || self.in_word && matches!(token, Token::Letter('\'' | '’' | '-'));
        self.words += usize::from(in_word && !self.in_word);
        self.in_word = in_word;
    }

    fn is_chinese(&self) -> bool {
        self.han > 0 && self.han >= self.words
    }
}

/// What a token is to the marks beside it; `None` for what they look past. Marks of both widths are the same.
fn side(token: Token) -> Option<Side> {
    match token {
        Token::Span(Kind::Object) => Some(Side::Other),
        Token::Span(Kind::Markup) => None,
        Token::Letter(letter) => match letter {
            '\n' | '|' => Some(Side::Edge),
            '!' | '"' | '\'' | '(' | ')' | ',' | '-' | '.' | ':' | ';' | '?' | '[' | ']' | '{' | '}' | '*' | '_'
            | '~' | '`' => None,
            '！' | '＂' | '＇' | '（' | '）' | '，' | '－' | '．' | '：' | '；' | '？' | '［' | '］' | '｛' | '｝'
            | '～' => None,
            '\u{2010}'..='\u{2027}' | '、' | '。' | '\u{3008}'..='\u{3011}' | '\u{3014}'..='\u{301F}' | '·' => None,
            _ if letter.is_whitespace() => None,
            _ if is_han(letter) => Some(Side::Han),
            _ if letter.is_alphabetic() => Some(Side::Latin),
            _ => Some(Side::Other),
        },
    }
}

/// Whether a letter is written in Chinese text: ideographs, kana, bopomofo.
pub(super) fn is_han(letter: char) -> bool {
    matches!(letter, '\u{3005}'..='\u{3007}' | '\u{3040}'..='\u{30FA}' | '\u{30FC}'..='\u{30FF}' | '\u{3105}'..='\u{312F}' | '\u{3400}'..='\u{4DBF}'
        | '\u{4E00}'..='\u{9FFF}' | '\u{F900}'..='\u{FAFF}' | '\u{20000}'..='\u{3FFFF}')
}
