//! A file of records, cut where they end.

use crate::error::{Error, Result};
use crate::input::borders::{Rule, TOO_LONG, Verdict};
use crate::input::stream::Reader;
use crate::input::{BadRow, Content, Format, Limits, Part, Source, Stream, delimited};
use memchr::{memchr, memchr_iter, memrchr};
use std::sync::Arc;

/// The state of a file of records.
#[derive(Default)]
pub(super) struct Records {
    /// What was read and not handed out.
    buffer: Vec<u8>,
    /// Place of the buffer's start in the stream.
    offset: u64,
    /// Number of the next record, from 1.
    row: u64,
    rule: Option<Rule>,
    header: Option<Arc<Vec<String>>>,
    /// Set between the brackets of an array.
    unclosed_array: bool,
    /// Start of a record that is too long to keep.
    skipping: Option<u64>,
    ended: bool,
}

impl Records {
    /// Before the first record.
    pub(super) fn new() -> Self {
        Self { row: 1, ..Self::default() }
    }

    /// Records of at least `room` bytes, fewer only at the end of the file.
    pub(super) fn part(
        &mut self,
        reader: &mut Reader,
        source: &Source,
        file: u32,
        room: usize,
        limits: &Limits,
    ) -> Result<Option<Part>> {
        if self.rule.is_none() {
            self.begin(reader, source, limits)?;
        }
        let rule = self.rule.expect("settled by the file's start");
        let mut bad = Vec::new();
        let (first_row, mut cut) = (self.row, 0);
        loop {
            if self.skipping.is_some() {
                self.skip(reader, file, &mut bad)?;
                if self.skipping.is_none() {
                    return Ok(Some(self.cut(0, self.row, file, rule, bad, reader)));
                }
            }
            // What follows a break in a compressed file is no end of a record.
            let ended = reader.ended && reader.broken.is_none();
            cut = self.advance(rule, cut, room, ended, limits);
            if cut >= room || reader.ended {
                break;
            }
            if cut == 0 && self.buffer.len() > limits.record.saturating_mul(2) {
                self.skipping = Some(self.offset);
                continue;
            }
            let more = if cut == 0 { self.buffer.len() } else { 0 };
            self.fill(reader, more)?;
        }
        if reader.ended && cut < room {
            self.close(cut, reader, file, &mut bad);
        }
        if cut == 0 && bad.is_empty() {
            return Ok(None);
        }
        Ok(Some(self.cut(cut, first_row, file, rule, bad, reader)))
    }

    /// Reads until the buffer has grown by a piece, or by `more` bytes.
    fn fill(&mut self, reader: &mut Reader, more: usize) -> Result<()> {
        let target = self.buffer.len() + more;
        loop {
            reader.fill(&mut self.buffer)?;
            if reader.ended || self.buffer.len() >= target {
                return Ok(());
            }
        }
    }

    /// Settles what the records are, and reads what stands before the first.
    fn begin(&mut self, reader: &mut Reader, source: &Source, limits: &Limits) -> Result<()> {
        let blank = |buffer: &[u8]| buffer.iter().all(u8::is_ascii_whitespace);
        while !reader.ended && blank(&self.buffer) {
            reader.fill(&mut self.buffer)?;
        }
        if reader.stream() != Stream::Decoded {
            self.offset = reader.mark as u64;
        }
        let delimiter = match source.format {
            Format::Csv => b',',
            Format::Tsv => b'\t',
            _ => {
                let start = self.buffer.iter().position(|byte| !byte.is_ascii_whitespace());
                let array = start.filter(|start| self.buffer[*start] == b'[');
                if let Some(start) = array {
                    self.drop_front(start + 1);
                    self.unclosed_array = true;
                }
                let lines = source.format == Format::Jsonl && array.is_none();
                self.rule = Some(if lines { Rule::Lines } else { Rule::Elements });
                return Ok(());
            }
        };
        self.rule = Some(Rule::Cells { delimiter });
        self.header(delimiter, reader, source, limits)
    }

    /// Reads a table's header.
    fn header(&mut self, delimiter: u8, reader: &mut Reader, source: &Source, limits: &Limits) -> Result<()> {
        let unusable = |problem: &str| Error::Header { path: source.path.clone(), problem: problem.to_owned() };
        loop {
            match (Rule::Cells { delimiter }).first(&self.buffer, reader.ended, limits) {
                Some(span) if span.verdict == Verdict::Blank => self.drop_front(span.next),
                Some(span) => {
                    if let Verdict::Damaged(reason) = span.verdict {
                        return Err(unusable(reason));
                    }
                    let record = self.buffer.split_at(span.end).0;
                    let Ok(record) = simdutf8::basic::from_utf8(record) else {
                        let name = reader.encoding().name();
                        return Err(unusable(&format!("it is not {name}; set `encoding` to the right one")));
                    };
                    let mut cells = Vec::new();
                    delimited::cells(record, delimiter, &mut cells);
                    let names = cells.iter().map(|cell| cell.trim().to_owned()).collect();
                    self.header = Some(Arc::new(names));
                    self.drop_front(span.next);
                    return Ok(());
                }
                None if reader.ended => {
                    self.header = Some(Arc::default());
                    return Ok(());
                }
                None if self.buffer.len() > limits.quoted => return Err(unusable("its first line never ends")),
                None => self.fill(reader, self.buffer.len())?,
            }
        }
    }

    fn drop_front(&mut self, bytes: usize) {
        self.buffer.drain(..bytes);
        self.offset += bytes as u64;
    }

    /// Moves `cut` over complete records until `room` is used up; counts them.
    fn advance(&mut self, rule: Rule, mut cut: usize, room: usize, ended: bool, limits: &Limits) -> usize {
        if rule == Rule::Lines {
            let whole = self.line_border(room, ended);
            let lines = self.buffer.get(cut..whole).unwrap_or_default();
            let unfinished = u64::from(!lines.is_empty() && !lines.ends_with(b"\n"));
            self.row += memchr_iter(b'\n', lines).count() as u64 + unfinished;
            return whole.max(cut);
        }
        while cut < room
            && let Some(span) = rule.first(self.buffer.split_at(cut).1, ended, limits)
        {
            match span.verdict {
                Verdict::Blank => {
                    if rule == Rule::Elements && memchr(b']', &self.buffer[cut..cut + span.next]).is_some() {
                        self.unclosed_array = false;
                    }
                }
                Verdict::Record | Verdict::Damaged(_) => self.row += 1,
            }
            cut += span.next;
        }
        cut
    }

    /// The first end of a line at or behind `room`, or the last one there is.
    fn line_border(&self, room: usize, ended: bool) -> usize {
        let near = room.max(1) - 1;
        if let Some(rest) = self.buffer.get(near..)
            && let Some(found) = memchr(b'\n', rest)
        {
            return near + found + 1;
        }
        if ended { self.buffer.len() } else { memrchr(b'\n', &self.buffer).map_or(0, |found| found + 1) }
    }

    /// Drops bytes up to the next line of a record that is too long.
    fn skip(&mut self, reader: &mut Reader, file: u32, bad: &mut Vec<BadRow>) -> Result<()> {
        let start = self.skipping.expect("called for such a record");
        let line_end = loop {
            let found = memchr(b'\n', &self.buffer);
            self.drop_front(found.map_or(self.buffer.len(), |found| found + 1));
            if found.is_some() || reader.ended {
                break u64::from(found.is_some());
            }
            reader.fill(&mut self.buffer)?;
        };
        let end = self.offset - line_end;
        bad.push(BadRow { file, row: self.row, start, end, of: reader.stream(), reason: TOO_LONG.into() });
        self.row += 1;
        self.skipping = None;
        Ok(())
    }

    /// Says what the end of the file leaves unfinished.
    fn close(&mut self, cut: usize, reader: &Reader, file: u32, bad: &mut Vec<BadRow>) {
        if self.ended {
            return;
        }
        self.ended = true;
        let start = self.offset + cut as u64;
        let end = self.offset + self.buffer.len() as u64;
        let reason = match &reader.broken {
            Some(broken) => broken.clone(),
            None if self.unclosed_array => "the array is not closed; the file may be cut off".into(),
            None => return,
        };
        bad.push(BadRow { file, row: self.row, start, end, of: reader.stream(), reason });
        self.row += 1;
        self.buffer.truncate(cut);
    }

    /// Takes the first `cut` bytes.
    fn cut(&mut self, cut: usize, first_row: u64, file: u32, rule: Rule, bad: Vec<BadRow>, reader: &Reader) -> Part {
        let more = if reader.ended { 0 } else { 512 << 10 };
        let mut rest = Vec::with_capacity(self.buffer.len() - cut + more);
        rest.extend_from_slice(self.buffer.split_at(cut).1);
        let mut bytes = std::mem::replace(&mut self.buffer, rest);
        bytes.truncate(cut);
        if bytes.capacity() > 2 * cut {
            // Thousands of small files wait in one block: none may keep the room of a whole piece.
            bytes.shrink_to_fit();
        }
        let offset = self.offset;
        self.offset += cut as u64;
        Part {
            file,
            first_row,
            offset,
            bytes: cut as u64,
            content: Content::Records { bytes, rule, header: self.header.clone() },
            bad,
            of: reader.stream(),
            encoding: reader.encoding(),
        }
    }
}
