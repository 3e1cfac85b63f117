//! Files to blocks, one after another.

use std::collections::VecDeque;
use std::sync::Arc;

use memchr::{memchr, memchr_iter, memrchr};
use xxhash_rust::xxh3::Xxh3;

use super::borders::{Rule, TOO_LONG, Verdict};
use super::document;
use super::parquet::row_groups;
use super::stream::Reader;
use super::{BadRow, Block, Content, FileFacts, Format, Limits, Part, Source};
use crate::error::{Error, Result};

/// Cuts files into blocks. Only this is sequential in a run, so it does nothing that could be done later.
pub struct Cutter {
    sources: Arc<[Source]>,
    limits: Limits,
    file: usize,
    open: Option<Open>,
    sequence: u64,
    facts: Vec<FileFacts>,
    /// Whether files are read to their end and hashed.
    whole: bool,
}

/// A file that is being cut.
struct Open {
    reader: Reader,
    kind: Kind,
}

enum Kind {
    Records(Records),
    Document { markup: bool, taken: bool },
    RowGroups(Option<VecDeque<Part>>),
}

/// The state of a file of records.
#[derive(Default)]
struct Records {
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

impl Cutter {
    /// Starts at the first file.
    pub fn new(sources: Arc<[Source]>) -> Self {
        Self { sources, limits: Limits::default(), file: 0, open: None, sequence: 0, facts: Vec::new(), whole: true }
    }

    /// Cuts small blocks and reads no further than they reach, for a look at the first rows.
    pub(crate) fn glance(sources: Arc<[Source]>) -> Self {
        let limits = Limits { block: 64 << 10, ..Limits::default() };
        Self { whole: false, limits, ..Self::new(sources) }
    }

    /// The same with other limits.
    #[cfg(test)]
    pub(super) fn with_limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// The next block, or nothing behind the last one.
    ///
    /// # Errors
    /// A file that cannot be read, that changed since it was discovered or while it is read, or whose header cannot be
    /// used.
    #[expect(clippy::should_implement_trait, reason = "an iterator of results would go on after an error")]
    pub fn next(&mut self) -> Result<Option<Block>> {
        let mut parts = Vec::new();
        let mut size = 0;
        while size < self.limits.block {
            let Some(part) = self.part(self.limits.block - size)? else { break };
            size += usize::try_from(part.bytes).unwrap_or(usize::MAX / 2).max(1);
            parts.push(part);
        }
        if parts.is_empty() {
            return Ok(None);
        }
        let hash = Self::hash(&parts);
        let sequence = self.sequence;
        self.sequence += 1;
        Ok(Some(Block { sequence, parts, hash }))
    }

    /// What was found out about each file that was read to its end, in the order of the sources.
    pub fn files(&self) -> &[FileFacts] {
        &self.facts
    }

    /// Bytes read from disk so far.
    pub fn bytes_read(&self) -> u64 {
        let before: u64 = self.facts.iter().map(|facts| facts.bytes).sum();
        before + self.open.as_ref().map_or(0, |open| open.reader.bytes_read())
    }

    fn part(&mut self, room: usize) -> Result<Option<Part>> {
        loop {
            let Some(source) = self.sources.get(self.file) else { return Ok(None) };
            let file = u32::try_from(self.file).expect("no run reads 2^32 files");
            if self.open.is_none() {
                self.open = Some(Open::new(source)?);
            }
            let open = self.open.as_mut().expect("opened above");
            if let Some(part) = open.part(source, file, room, &self.limits, self.whole)? {
                return Ok(Some(part));
            }
            let open = self.open.take().expect("opened above");
            if self.whole {
                self.facts.push(open.reader.finish(file)?);
            }
            self.file += 1;
        }
    }

    /// Of the records' bytes; of a row group, which is not read here, its file's hash and its number.
    fn hash(parts: &[Part]) -> u64 {
        let mut hasher = Xxh3::new();
        for part in parts {
            match &part.content {
                Content::Records { bytes, .. } | Content::Document { bytes, .. } => hasher.update(bytes),
                Content::RowGroup { index, file, .. } => {
                    hasher.update(file.as_bytes());
                    hasher.update(&index.to_le_bytes());
                }
            }
        }
        hasher.digest()
    }
}

impl Open {
    fn new(source: &Source) -> Result<Self> {
        Ok(Self::over(source, Reader::open(source)?))
    }

    fn over(source: &Source, reader: Reader) -> Self {
        let kind = match source.format {
            Format::Text | Format::Markdown => Kind::Document { markup: false, taken: false },
            Format::Html => Kind::Document { markup: true, taken: false },
            Format::Parquet => Kind::RowGroups(None),
            Format::Jsonl | Format::Json | Format::Csv | Format::Tsv => {
                Kind::Records(Records { row: 1, ..Records::default() })
            }
        };
        Self { reader, kind }
    }

    fn part(&mut self, source: &Source, file: u32, room: usize, limits: &Limits, whole: bool) -> Result<Option<Part>> {
        match &mut self.kind {
            Kind::Records(records) => records.part(&mut self.reader, source, file, room, limits),
            Kind::Document { taken: true, .. } => Ok(None),
            Kind::Document { markup, taken } => {
                *taken = true;
                document::whole(&mut self.reader, source, file, *markup, limits)
            }
            Kind::RowGroups(parts) => {
                if parts.is_none() {
                    if whole {
                        self.reader.drain()?;
                    }
                    *parts = Some(row_groups(source, file, &self.reader.hash())?);
                }
                Ok(parts.as_mut().and_then(VecDeque::pop_front))
            }
        }
    }
}

impl Records {
    /// Records of at least `room` bytes, fewer only at the end of the file.
    fn part(
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
        if reader.stream() != super::Stream::Decoded {
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
                    super::delimited::cells(record, delimiter, &mut cells);
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
