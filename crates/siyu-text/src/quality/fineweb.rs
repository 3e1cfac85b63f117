//! `FineWeb`'s rules on lines.

use super::gopher_repetition::Repeated;
use super::words::{self, Kind, WHOLE};
use super::{EMPTY, lines};

/// Bounds of the rules; a bound that is `None` is not applied.
#[derive(Clone, Debug, PartialEq)]
pub struct FineWeb {
    /// Least share of lines that end as sentences do.
    pub line_punct_thr: Option<f64>,
    /// Lets a text pass in which no line ends as a sentence does.
    pub line_punct_exclude_zero: bool,
    /// What ends a line; by default terminal marks of many scripts, closing quotes and the Chinese ellipsis.
    pub stop_chars: Option<Vec<String>>,
    /// Greatest share of short lines.
    pub short_line_thr: Option<f64>,
    /// Most letters in a short line; a Han character counts as three.
    pub short_line_length: usize,
    /// Greatest share of characters in lines that occurred before.
    pub char_duplicates_ratio: Option<f64>,
    /// Most line ends per word.
    pub new_line_ratio: Option<f64>,
}

impl Default for FineWeb {
    fn default() -> Self {
        Self {
            line_punct_thr: Some(0.12),
            line_punct_exclude_zero: false,
            stop_chars: None,
            short_line_thr: Some(0.67),
            short_line_length: 30,
            char_duplicates_ratio: Some(0.01),
            new_line_ratio: Some(0.3),
        }
    }
}

impl FineWeb {
    /// Why the text is refused, or `None` where it passes. Bounds are inclusive; lines of white space do not count.
    ///
    /// # Source
    /// Penedo et al. 2024, "The `FineWeb` Datasets", section 3.5; order and counting as in datatrove 0.10.
    pub fn judge(&self, text: &str) -> Option<&'static str> {
        let written =
            || text.split('\n').map(|line| line.strip_suffix('\r').unwrap_or(line)).filter(|line| !is_blank(line));
        let (mut all, mut ended, mut short) = (0u32, 0u32, 0u32);
        for line in written() {
            all += 1;
            ended += u32::from(self.is_ended(line.trim_end()));
            short += u32::from(self.is_short(line));
        }
        if all == 0 {
            return Some(EMPTY);
        }
        let all = f64::from(all);
        let ratio = f64::from(ended) / all;
        if self.line_punct_thr.is_some_and(|least| ratio < least) && !(ended == 0 && self.line_punct_exclude_zero) {
            return Some("line_punctuation");
        }
        if self.short_line_thr.is_some_and(|most| f64::from(short) / all > most) {
            return Some("short_lines");
        }
        if let Some(most) = self.char_duplicates_ratio {
            let chars = text.chars().count() - text.matches('\n').count();
            if Repeated::of(written()).chars as f64 > most * chars as f64 {
                return Some("duplicate_line_characters");
            }
        }
        let line_ends = text.matches('\n').count() as f64;
        let exceeds = |most: f64| line_ends > most * words(text);
        self.new_line_ratio.filter(|&most| exceeds(most)).map(|_| "new_lines")
    }

    fn is_ended(&self, line: &str) -> bool {
        match &self.stop_chars {
            Some(marks) => marks.iter().any(|mark| line.ends_with(mark.as_str())),
            None => lines::ends_sentence(line),
        }
    }

    fn is_short(&self, line: &str) -> bool {
        // No character is more than four bytes or less than a quarter of a letter a byte.
        if line.len() > self.short_line_length.saturating_mul(4) {
            return false;
        }
        let letters = |c: char| if words::is_cjk(c) { 3 } else { 1 };
        line.chars().map(letters).sum::<usize>() <= self.short_line_length
    }
}

fn is_blank(line: &str) -> bool {
    line.trim_start().is_empty()
}

/// Words and marks of a text.
fn words(text: &str) -> f64 {
    let mut parts = 0u64;
    words::for_each(text, |word| parts += if word.kind == Kind::Quiet { 0 } else { u64::from(word.parts) });
    parts as f64 / f64::from(WHOLE)
}

#[cfg(test)]
mod tests {
    use super::FineWeb;
    use proptest::prelude::*;

    fn judge(text: &str) -> Option<&'static str> {
        FineWeb::default().judge(text)
    }

    const GOOD: &str = "This is a paragraph that was written well and ends with a full stop.\n\nEach of these lines is \
        long enough to be one of a text and ends with a mark.\nSo the rules should find nothing to hold against it.";
    const CHINESE: &str = "第一条　为了保护当事人的合法权益，制定本法。\n第二条　当事人应当全面履行自己的义务。";

    // Verdicts: the cases of datatrove 0.10, tests/pipeline/filters/test_filters.py, put in our words.
    #[test]
    fn each_rule_refuses_by_its_code() {
        let list = "Go on and on.\n".repeat(1) + &(0..60).map(|n| format!("{n}.\n")).collect::<String>();
        for (text, code) in [
            ("", "empty"),
            (" \n\t\n", "empty"),
            ("There is no mark here\nNor is there one on this line\nNor on this", "line_punctuation"),
            ("hi.\nbye.\nok.\nno.\nyes.", "short_lines"),
            (&format!("{GOOD}\n{GOOD}"), "duplicate_line_characters"),
            (&format!("{CHINESE}\n{CHINESE}"), "duplicate_line_characters"),
            ("首页\n关于我们\n联系方式。\n登录", "short_lines"),
            ("第一章总则\n第二章合同的订立\n第三章", "line_punctuation"),
        ] {
            assert_eq!(judge(text), Some(code), "{text}");
        }
        let lines = FineWeb { short_line_thr: None, ..FineWeb::default() };
        assert_eq!(lines.judge(&list), Some("new_lines"));
    }

    #[test]
    fn prose_of_either_language_passes() {
        assert_eq!(judge(GOOD), None);
        assert_eq!(judge(CHINESE), None);
        assert_eq!(judge(&CHINESE.replace('\n', "\r\n")), None);
    }

    #[test]
    fn bounds_are_inclusive() {
        // One line in four ends with a mark, and three of four are short.
        let text = "a\nb\nc\nThis one is longer than thirty letters.";
        let rules = |punctuation, short| FineWeb {
            line_punct_thr: Some(punctuation),
            short_line_thr: Some(short),
            new_line_ratio: None,
            ..FineWeb::default()
        };
        assert_eq!(rules(0.25, 0.75).judge(text), None);
        assert_eq!(rules(0.26, 0.75).judge(text), Some("line_punctuation"));
        assert_eq!(rules(0.25, 0.74).judge(text), Some("short_lines"));
    }

    #[test]
    fn own_marks_replace_the_default_and_a_text_without_any_may_pass() {
        let rules = FineWeb { stop_chars: Some(vec!["#".to_owned()]), ..FineWeb::default() };
        assert_eq!(rules.judge(GOOD), Some("line_punctuation"));
        assert_eq!(FineWeb { line_punct_exclude_zero: true, ..rules }.judge(GOOD), None);
    }

    proptest! {
        #[test]
        fn no_text_panics(text in any::<String>()) {
            let blank = text.trim().is_empty();
            prop_assert_eq!(judge(&text) == Some("empty"), blank);
        }
    }
}
