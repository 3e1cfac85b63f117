//! Cutting files into blocks, one after another: the only sequential part of a run.

use super::discover::modified_nanos;
use super::reader::{Piece, TextReader};
use super::{Block, FileFacts, Format, Part, Shape, Source, csv};
use crate::error::{Error, Result};
use std::sync::Arc;

const BLOCK_BYTES: usize = 2 << 20;
/// A record longer than this is given up.
const RECORD_BYTES: usize = 1 << 30;

/// Cuts sources into blocks of about 2 MiB; what a block holds depends on the files alone.
pub(crate) struct Cutter {
    sources: Arc<[Source]>,
    block_bytes: usize,
    next_file: usize,
    open: Option<Open>,
    sequence: u64,
    facts: Vec<FileFacts>,
    bytes_before: u64,
}

/// A file that is being cut.
struct Open {
    file: u32,
    reader: TextReader,
    text: Vec<u8>,
    offset: u64,
    row: u64,
    ended: bool,
    broken: Option<String>,
    header: Option<Arc<[String]>>,
    is_array: Option<bool>,
}

impl Cutter {
    pub(crate) fn new(sources: Arc<[Source]>) -> Self {
        Self::with_block_bytes(sources, BLOCK_BYTES)
    }

    pub(crate) fn with_block_bytes(sources: Arc<[Source]>, block_bytes: usize) -> Self {
        Self { sources, block_bytes, next_file: 0, open: None, sequence: 0, facts: Vec::new(), bytes_before: 0 }
    }

    /// What is known of the files that are read to their end.
    pub(crate) fn files(&self) -> &[FileFacts] {
        &self.facts
    }

    /// Bytes of input read so far.
    pub(crate) fn bytes_read(&self) -> u64 {
        self.bytes_before + self.open.as_ref().map_or(0, |open| open.reader.bytes_read())
    }

    /// The next block, or `None` when all files are read.
    pub(crate) fn next(&mut self) -> Result<Option<Block>> {
        let (mut parts, mut bytes) = (Vec::new(), 0);
        while bytes < self.block_bytes {
            let Some(part) = self.part(self.block_bytes - bytes)? else { break };
            bytes += part.bytes.len().max(64);
            parts.push(part);
        }
        if parts.is_empty() {
            return Ok(None);
        }
        self.sequence += 1;
        Ok(Some(Block { sequence: self.sequence - 1, parts }))
    }

    fn part(&mut self, room: usize) -> Result<Option<Part>> {
        loop {
            let Some(open) = &mut self.open else {
                let Some(source) = self.sources.get(self.next_file) else { return Ok(None) };
                let file = u32::try_from(self.next_file).expect("fewer than 2^32 files");
                let reader = TextReader::open(source)?;
                self.open = Some(Open {
                    file,
                    reader,
                    text: Vec::new(),
                    offset: 0,
                    row: 1,
                    ended: false,
                    broken: None,
                    header: None,
                    is_array: None,
                });
                self.next_file += 1;
                continue;
            };
            let source = &self.sources[open.file as usize];
            if let Some(part) = open.cut(source, room)? {
                return Ok(Some(part));
            }
            let open = self.open.take().expect("matched above");
            let source = &self.sources[open.file as usize];
            check_unchanged(source)?;
            let encoding = open.reader.encoding.name().to_owned();
            let (blake3, bytes) = open.reader.finish(source)?;
            self.bytes_before += bytes;
            self.facts.push(FileFacts { file: open.file, blake3, encoding: Some(encoding) });
        }
    }
}

/// A file that is not what it was when it was found would make a run that nobody can repeat.
fn check_unchanged(source: &Source) -> Result<()> {
    let metadata = std::fs::metadata(&source.path).map_err(Error::read(&source.path))?;
    if metadata.len() == source.bytes && modified_nanos(&metadata) == source.modified_nanos {
        return Ok(());
    }
    Err(Error::Resume(format!("`{}` changed while it was read; run again once it is written", source.name)))
}

impl Open {
    /// The next part, or `None` at the end of the file.
    fn cut(&mut self, source: &Source, room: usize) -> Result<Option<Part>> {
        let document = matches!(source.format, Format::Text | Format::Markdown | Format::Html);
        let mut room = if document { usize::MAX } else { room };
        loop {
            while !self.ended && self.text.len() < room.min(RECORD_BYTES) {
                match self.reader.read(&mut self.text, source)? {
                    Piece::More => {}
                    Piece::End => self.ended = true,
                    Piece::Broken(reason) => (self.ended, self.broken) = (true, Some(reason)),
                }
            }
            if self.text.is_empty() {
                let Some(reason) = self.broken.take() else { return Ok(None) };
                return Ok(Some(self.take(0, Shape::Broken(reason), 1)));
            }
            if document {
                if let Some(reason) = self.broken.take() {
                    let end = self.text.len();
                    return Ok(Some(self.take(end, Shape::Broken(reason), 1)));
                }
                let end = self.text.len();
                return Ok(Some(self.take(end, Shape::Document, 1)));
            }
            let part = match source.format {
                Format::Csv => self.cut_cells(source, b',')?,
                Format::Tsv => self.cut_cells(source, b'\t')?,
                _ if self.is_array() => self.cut_elements(),
                _ => self.cut_lines(),
            };
            if part.is_some() {
                return Ok(part);
            }
            if self.text.len() >= RECORD_BYTES {
                let end = memchr::memchr(b'\n', &self.text).map_or(self.text.len(), |at| at + 1);
                return Ok(Some(self.take(end, Shape::Broken("longer than 1 GiB".to_owned()), 1)));
            }
            if self.ended && self.text.is_empty() {
                continue;
            }
            room = self.text.len() * 2;
        }
    }

    fn take(&mut self, end: usize, shape: Shape, rows: u64) -> Part {
        let rest = self.text.split_off(end);
        let bytes = std::mem::replace(&mut self.text, rest);
        let part = Part { file: self.file, first_row: self.row, offset: self.offset, bytes, shape };
        self.offset += end as u64;
        self.row += rows;
        part
    }

    fn cut_lines(&mut self) -> Option<Part> {
        let end = if self.ended { self.text.len() } else { memchr::memrchr(b'\n', &self.text)? + 1 };
        let rows = memchr::memchr_iter(b'\n', &self.text[..end]).count() as u64;
        Some(self.take(end, Shape::Lines, rows.max(1)))
    }

    fn cut_cells(&mut self, source: &Source, delimiter: u8) -> Result<Option<Part>> {
        if self.header.is_none() {
            let Some(record) = csv::record(&self.text, 0, delimiter) else {
                self.text.clear();
                return Ok(None);
            };
            self.header = Some(header(&record, source)?);
            self.text.drain(..record.end);
            self.offset += record.end as u64;
        }
        // A line end is between records where the quotes before it are even; an unclosed one is the parser's to find.
        let (mut quoted, mut end) = (false, None);
        for at in memchr::memchr2_iter(b'"', b'\n', &self.text) {
            if self.text[at] == b'"' {
                quoted = !quoted;
            } else if !quoted {
                end = Some(at + 1);
            }
        }
        let fallback =
            (self.text.len() > 8 << 20).then(|| memchr::memrchr(b'\n', &self.text).map(|at| at + 1)).flatten();
        let end = if self.ended { Some(self.text.len()) } else { end.or(fallback) };
        let Some(end) = end else { return Ok(None) };
        let header = Arc::clone(self.header.as_ref().expect("read above"));
        let part = self.take(end, Shape::Cells { header, delimiter }, 0);
        self.row += csv::count(&part, delimiter);
        Ok(Some(part))
    }

    fn is_array(&mut self) -> bool {
        let first = self.text.iter().find(|byte| !byte.is_ascii_whitespace());
        *self.is_array.get_or_insert_with(|| first == Some(&b'['))
    }

    /// Cuts after the last whole element of the array, or gives what is left when the file ends.
    fn cut_elements(&mut self) -> Option<Part> {
        let (mut places, mut start, mut depth, mut in_string, mut escaped, mut cut) =
            (Vec::new(), None, 0u32, false, false, 0);
        for (at, &byte) in self.text.iter().enumerate() {
            if in_string {
                match byte {
                    _ if escaped => escaped = false,
                    b'\\' => escaped = true,
                    b'"' => in_string = false,
                    _ => {}
                }
                continue;
            }
            match byte {
                b'[' if start.is_none() && depth == 0 && self.row == 1 && places.is_empty() => {}
                b',' | b']' if depth == 0 => {
                    if let Some(from) = start.take() {
                        places.push((from, at));
                    }
                    cut = at + 1;
                }
                _ if byte.is_ascii_whitespace() => {}
                _ => {
                    start.get_or_insert(at);
                    match byte {
                        b'{' | b'[' => depth += 1,
                        b'}' | b']' => depth = depth.saturating_sub(1),
                        b'"' => in_string = true,
                        _ => {}
                    }
                }
            }
        }
        if self.ended {
            cut = self.text.len();
            places.extend(start.map(|from| (from, cut)));
        }
        if cut == 0 {
            return None;
        }
        let rows = places.len() as u64;
        Some(self.take(cut, Shape::Elements(places), rows))
    }
}

fn header(record: &csv::Record, source: &Source) -> Result<Arc<[String]>> {
    let cells: Vec<String> = record.cells.iter().map(|cell| String::from_utf8_lossy(cell).trim().to_owned()).collect();
    for theirs in source.columns.values() {
        if !cells.contains(theirs) {
            return Err(Error::Resume(format!(
                "`{}` has no column `{theirs}`; it has {}",
                source.name,
                cells.join(", ")
            )));
        }
    }
    Ok(cells.into())
}
