//! Text whose UTF-8 was read in another encoding.
//!
//! ```
//! assert_eq!(siyu_text::mojibake::fix("sch\u{c3}\u{b6}n"), "schön");
//! assert_eq!(siyu_text::mojibake::fix("浣犲ソ"), "你好");
//! ```

mod code_page;
mod evidence;
mod gbk;
mod hidden;
mod line;
mod repair;
mod scan;

use crate::unicode::offsets::{OffsetMap, Record, Writer, until_stable};
use std::borrow::Cow;

/// Each round shortens the text or rids it of controls; more than a few are needed only where somebody piles up `Â`.
const MAX_ROUNDS: usize = 4096;

/// Repairs what is surely garbled; text that needs nothing is borrowed. Idempotent.
///
/// Each line is read back into bytes, by each code page in turn; where those bytes are UTF-8 and what stands there could
/// hardly have been meant, the UTF-8 takes its place. A garbled part of a line is repaired by itself. Bytes that were
/// lost on the way become U+FFFD, and control characters from U+0080 to U+009F what Windows-1252 has there. A line is also
/// judged as each normal form would have it.
///
/// So the steps are idempotent together in this order: repair, [`unicode::normalize`](crate::unicode::normalize),
/// [`punctuation::normalize`](crate::punctuation::normalize), with the conversion of Chinese anywhere behind the normal
/// form. What is repaired after it was normalized has not been normalized, so repair comes first. Two cases are left out. A
/// full-width question mark behind a letter becomes a plain one in [`Form::Nfkc`](crate::unicode::Form::Nfkc), and may
/// then stand for a lost byte: repairing that at once would ruin questions. And where only half of what GBK garbled can
/// be repaired, conversion may change the other half.
///
/// # Source
/// RFC 3629 (UTF-8); the WHATWG Encoding Standard for the code pages; the cases that the Python package ftfy 6.3.1
/// repairs, as the measure.
pub fn fix(text: &str) -> Cow<'_, str> {
    until_stable(text, MAX_ROUNDS, round::<()>).0
}

/// Like [`fix`], with the place in the source for each place in the result.
pub fn fix_mapped(text: &str) -> (Cow<'_, str>, OffsetMap) {
    until_stable(text, MAX_ROUNDS, round)
}

/// Undoes one garbling of each line.
fn round<R: Record>(text: &str) -> Option<(String, R)> {
    let mut writer = Writer::new(text, R::default());
    let (mut suspects, mut done) = (scan::Suspects::new(text), 0);
    while let Some(found) = suspects.next(done) {
        let start = memchr::memrchr(b'\n', &text.as_bytes()[done..found]).map_or(done, |at| done + at + 1);
        let end = memchr::memchr(b'\n', &text.as_bytes()[found..]).map_or(text.len(), |at| found + at);
        let line = text.get(start..end).expect("line feeds part characters");
        if let Some(repair) = line::fix(line).or_else(|| hidden::fix(line)) {
            repair.write(start, &mut writer);
        }
        done = end;
    }
    writer.changed()
}

#[cfg(test)]
mod tests;
