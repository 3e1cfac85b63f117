//! The text made so far, and the white space that waits for the next visible character.

use memchr::memrchr;

/// White space between two pieces of flowing text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
enum Space {
    #[default]
    None,
    Blank,
    /// Holds a line break of the source.
    Wrapped,
}

/// What separates the next character from the text; written when that character comes.
#[derive(Debug, Default)]
struct Gap {
    lines: usize,
    tabs: usize,
    space: Space,
    /// White space kept as it is, from plain text.
    verbatim: String,
    /// Markup was removed here, so that there may be one blank line at most.
    has_markup: bool,
    /// The next line break of plain text ends a line that is ended already, or that held markup alone.
    swallows_line_break: bool,
}

impl Gap {
    fn clear(&mut self) {
        self.verbatim.clear();
        *self = Self { verbatim: std::mem::take(&mut self.verbatim), ..Self::default() };
    }
}

/// A text that grows at its end.
#[derive(Debug, Default)]
pub(super) struct Output {
    text: String,
    line_start: usize,
    gap: Gap,
    has_gap: bool,
    /// Whether the table row at hand shows anything.
    is_row_filled: bool,
}

impl Output {
    pub(super) fn with_capacity(bytes: usize) -> Self {
        Self { text: String::with_capacity(bytes), ..Self::default() }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.text.is_empty()
    }

    /// Text whose white space collapses.
    #[expect(clippy::string_slice, reason = "all offsets are those of ASCII bytes found in the text itself")]
    pub(super) fn flow(&mut self, text: &str) {
        let bytes = text.as_bytes();
        let mut at = 0;
        while at < bytes.len() {
            let start = at;
            at += words(&bytes[at..]);
            if start < at {
                let piece = &text[start..at];
                if self.has_gap {
                    self.begin(piece);
                }
                self.text.push_str(piece);
            }
            while let Some(b'\t' | b'\n' | 0x0C | b'\r' | b' ' | 0) = bytes.get(at) {
                let space = match bytes[at] {
                    0 => Space::None,
                    b'\n' | b'\r' => Space::Wrapped,
                    _ => Space::Blank,
                };
                self.gap.space = self.gap.space.max(space);
                self.has_gap = true;
                at += 1;
            }
        }
    }

    /// Text that stays as it is; the line breaks are those of Unix, and U+0000 is dropped.
    pub(super) fn preformatted(&mut self, text: &str) {
        if self.has_gap {
            self.begin(text);
        }
        let text = if self.text.is_empty() { text.trim_start_matches(['\n', '\r']) } else { text };
        for piece in text.split('\0') {
            for (index, line) in piece.split("\r\n").enumerate() {
                self.text.push_str(if index > 0 { "\n" } else { "" });
                self.text.push_str(line);
            }
        }
        self.find_line_start(text.len());
    }

    /// Text of a document that is not HTML.
    pub(super) fn plain(&mut self, text: &str) {
        let from_body = text.trim_ascii_start();
        self.plain_space(text.split_at(text.len() - from_body.len()).0);
        let body = from_body.trim_ascii_end();
        if body.is_empty() {
            return;
        }
        if self.has_gap {
            self.begin(body);
        }
        self.text.push_str(body);
        self.find_line_start(body.len());
        self.plain_space(from_body.split_at(body.len()).1);
    }

    fn plain_space(&mut self, space: &str) {
        if space.is_empty() {
            return;
        }
        self.has_gap = true;
        self.gap.verbatim.push_str(space);
        let breaks = space.bytes().filter(|b| *b == b'\n').count();
        if breaks > 0 {
            let swallowed = usize::from(std::mem::take(&mut self.gap.swallows_line_break));
            self.gap.lines += breaks - swallowed;
        }
        self.limit_lines();
    }

    /// Says that markup was removed here.
    pub(super) fn markup(&mut self) {
        self.gap.has_markup = true;
        self.has_gap = true;
        self.gap.swallows_line_break |= self.gap.lines > 0 || self.text.is_empty();
        self.limit_lines();
    }

    fn limit_lines(&mut self) {
        if self.gap.has_markup {
            self.gap.lines = self.gap.lines.min(2);
        }
    }

    /// A block begins or ends.
    pub(super) fn end_line(&mut self) {
        self.has_gap = true;
        self.gap.has_markup = true;
        self.gap.verbatim.clear();
        if self.gap.tabs == 0 {
            self.gap.lines = self.gap.lines.clamp(1, 2);
            self.gap.swallows_line_break = true;
        }
    }

    /// `<br>`: two of them leave a blank line.
    pub(super) fn break_line(&mut self) {
        let lines = self.gap.lines;
        self.end_line();
        if self.gap.tabs == 0 {
            self.gap.lines = (lines + 1).min(2);
        }
    }

    /// A table's row begins or ends.
    pub(super) fn end_row(&mut self) {
        self.gap.tabs = 0;
        self.end_line();
        self.is_row_filled = false;
    }

    /// A cell begins that is not the first of its row.
    pub(super) fn next_cell(&mut self) {
        self.has_gap = true;
        self.gap.has_markup = true;
        if self.is_row_filled {
            self.gap.lines = 0;
        }
        self.gap.tabs += 1;
    }

    /// Writes the gap before `next`.
    fn begin(&mut self, next: &str) {
        self.has_gap = false;
        self.is_row_filled = true;
        let gap = &mut self.gap;
        if gap.has_markup {
            // What is left of the plain text's own white space is the indentation.
            let indentation = gap.verbatim.rfind('\n').map_or(0, |at| at + 1);
            gap.verbatim.drain(..indentation);
        }
        if self.text.is_empty() || !gap.has_markup && !gap.verbatim.is_empty() {
            self.text.push_str(&gap.verbatim);
            self.find_line_start(self.gap.verbatim.len());
        } else if gap.lines > 0 {
            let lines = gap.lines.max(drop_blank_end(&mut self.text, self.line_start));
            self.text.extend(std::iter::repeat_n('\n', lines));
            self.line_start = self.text.len();
            self.text.extend(std::iter::repeat_n('\t', gap.tabs));
            self.text.push_str(&gap.verbatim);
        } else if gap.tabs > 0 {
            self.text.extend(std::iter::repeat_n('\t', gap.tabs));
        } else if !gap.verbatim.is_empty() {
            self.text.push_str(&gap.verbatim);
        } else if gap.space == Space::Blank || (gap.space == Space::Wrapped && !joins(&self.text, next)) {
            self.text.push(' ');
        }
        self.gap.clear();
    }

    fn find_line_start(&mut self, added: usize) {
        let from = self.text.len().saturating_sub(added);
        if let Some(found) = memrchr(b'\n', &self.text.as_bytes()[from..]) {
            self.line_start = from + found + 1;
        }
    }

    /// The whole text.
    pub(super) fn finish(mut self) -> String {
        if !self.gap.has_markup && !self.gap.verbatim.is_empty() {
            self.text.push_str(&self.gap.verbatim);
            return self.text;
        }
        drop_blank_end(&mut self.text, self.line_start);
        let kept = self.text.trim_end_matches(['\n', ' ', '\t']).len();
        self.text.truncate(kept);
        self.text
    }
}

/// The length of the text up to white space that would collapse to more or less than one space, or to U+0000.
fn words(bytes: &[u8]) -> usize {
    let mut at = 0;
    loop {
        while at < bytes.len() && bytes[at] > b' ' {
            at += 1;
        }
        match bytes.get(at) {
            Some(b' ') if at > 0 && bytes.get(at + 1).is_some_and(|&next| next > b' ') => {}
            None | Some(b'\t' | b'\n' | 0x0C | b'\r' | b' ' | 0) => return at,
            Some(_) => {}
        }
        at += 1;
    }
}

/// Removes a last line of white space alone, such as `&nbsp;`, and the line breaks at the end; answers how many of
/// them the text may have again.
fn drop_blank_end(text: &mut String, line_start: usize) -> usize {
    let is_blank =
        line_start > 0 && text.get(line_start..).is_some_and(|line| !line.is_empty() && line.trim().is_empty());
    if is_blank {
        text.truncate(line_start);
    }
    let kept = text.trim_end_matches('\n').len();
    let breaks = text.len() - kept + usize::from(is_blank);
    text.truncate(kept);
    breaks.min(2)
}

/// Whether a source line that breaks between `before` and `after` goes on without a space.
fn joins(before: &str, after: &str) -> bool {
    let (Some(before), Some(after)) = (before.chars().next_back(), after.chars().next()) else { return false };
    let is_either = |c| is_wide(c) || matches!(c, '“' | '”' | '‘' | '’' | '…' | '—' | '·');
    is_either(before) && is_either(after) && (is_wide(before) || is_wide(after))
}

/// Characters of scripts that are written without spaces: Han, kana, bopomofo, and their punctuation.
fn is_wide(character: char) -> bool {
    matches!(character, '\u{2E80}'..='\u{312F}' | '\u{3190}'..='\u{A4CF}' | '\u{F900}'..='\u{FAFF}'
        | '\u{FE30}'..='\u{FE4F}' | '\u{FF01}'..='\u{FF60}' | '\u{FFE0}'..='\u{FFE6}' | '\u{20000}'..='\u{3FFFD}')
}
