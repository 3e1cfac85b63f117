//! Lines, and how they begin and end.

use super::words::is_cjk;

/// The lines of a text, ended by LF, CR, CRLF, VT, FF, FS, GS, RS, NEL, LS or PS as in Python's `splitlines`.
pub(super) fn lines(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let end = line_end(rest.as_bytes());
        let (line, after) = rest.split_at(end);
        let mark = after.chars().next().map_or(0, char::len_utf8);
        rest = after.strip_prefix("\r\n").unwrap_or_else(|| after.get(mark..).unwrap_or_default());
        Some(line)
    })
}

/// Where the first line ends.
fn line_end(bytes: &[u8]) -> usize {
    let mut from = 0;
    while let Some(found) = bytes[from..].iter().position(|&byte| matches!(byte, 0xA..=0xD | 0x1C..=0x1E | 0xC2 | 0xE2))
    {
        let here = from + found;
        match &bytes[here..] {
            [0xC2, 0x85, ..] | [0xE2, 0x80, 0xA8 | 0xA9, ..] => return here,
            [0xC2 | 0xE2, ..] => from = here + 1,
            _ => return here,
        }
    }
    bytes.len()
}

/// Whether a line is an item of a list: `•`, `-`, `·`, `※`, `①` and their like.
pub(super) fn is_bullet(line: &str) -> bool {
    let first = line.trim_start().chars().next();
    first.is_some_and(|first| {
        matches!(first, '-' | '•' | '·' | '‧' | '∙' | '・' | '･' | '※' | '●' | '○' | '◎' | '■' | '□' | '▪' | '▫')
            || matches!(first, '◆' | '◇' | '▶' | '▷' | '►' | '▸' | '‣' | '⁃' | '◦' | '★' | '☆' | '✓' | '✔' | '➢' | '➤')
            // Numbers in circles, in brackets and with a point.
            || matches!(first, '\u{2460}'..='\u{249B}' | '\u{24EA}'..='\u{24FF}' | '\u{2776}'..='\u{2793}')
            || matches!(first, '\u{3220}'..='\u{3229}' | '\u{3280}'..='\u{3289}')
    })
}

/// Whether a line breaks off: `...`, `…` or `。。。`.
pub(super) fn breaks_off(line: &str) -> bool {
    let line = line.trim_end();
    line.ends_with("...") || line.ends_with('…') || line.ends_with("。。。")
}

/// Whether a line breaks off other than with the ellipsis that ends Chinese sentences.
pub(super) fn is_cut(line: &str) -> bool {
    breaks_off(line) && !ends_in_chinese_ellipsis(line)
}

fn ends_in_chinese_ellipsis(line: &str) -> bool {
    let before = line.trim_end_matches('…');
    before.len() < line.len() && before.chars().next_back().is_some_and(|last| is_cjk(last) || is_closing(last))
}

fn is_closing(mark: char) -> bool {
    matches!(mark, '）' | '】' | '》' | '”' | '’' | '」' | '』' | '！' | '？')
}

/// Marks that end a sentence, of the scripts that the web is mostly written in.
pub(super) fn is_terminal(mark: char) -> bool {
    matches!(mark, '.' | '!' | '?' | '。' | '！' | '？' | '．' | '｡' | '‼' | '⁇' | '⁈' | '⁉' | '؟' | '۔' | '।' | '॥')
        || matches!(mark, '\u{0589}' | '\u{061D}' | '\u{1362}' | '\u{1367}' | '\u{17D4}' | '\u{104A}' | '\u{104B}')
        || matches!(mark, '\u{FE52}' | '\u{FE56}' | '\u{FE57}')
}

/// Whether a line ends as a sentence does: with a terminal mark, a closing quote, a bracket closed after a terminal
/// mark, or the Chinese ellipsis.
pub(super) fn ends_sentence(line: &str) -> bool {
    let mut back = line.chars().rev();
    let Some(last) = back.next() else { return false };
    is_terminal(last)
        || matches!(last, '"' | '\'' | '”' | '’' | '」' | '』' | '＂' | '＇')
        || (matches!(last, ')' | '）' | '】' | '》' | ']') && back.next().is_some_and(is_terminal))
        || ends_in_chinese_ellipsis(line)
}

#[cfg(test)]
mod tests {
    use super::*;

    // Expected lines: Python 3.11, `str.splitlines`.
    #[test]
    fn lines_end_as_in_python() {
        let text = "a\r\nb\rc\n\nd\u{b}e\u{c}f\u{1c}g\u{85}h\u{2028}i\u{2029}é…\n";
        let found: Vec<&str> = lines(text).collect();
        assert_eq!(found, ["a", "b", "c", "", "d", "e", "f", "g", "h", "i", "é…"]);
        assert_eq!(lines("").count(), 0);
    }

    #[test]
    fn sentences_end_in_either_script() {
        for line in ["End.", "Yes!", "“好。”", "完了。", "是吗？", "快！", "他走了……", "他说“走”", "（见附件。）"]
        {
            assert!(ends_sentence(line), "{line}");
        }
        for line in ["Home", "首页", "第一条，", "更多>>", "wait…", ""] {
            assert!(!ends_sentence(line), "{line}");
        }
    }

    #[test]
    fn an_ellipsis_after_han_ends_a_sentence_and_others_cut_it() {
        assert!(is_cut("Read more...") && is_cut("wait…") && is_cut("查看全文...") && is_cut("查看。。。"));
        assert!(!is_cut("他走了……") && !is_cut("他走了。"));
    }
}
