//! Files to blocks, one after another.

mod records;

use records::Records;
use std::collections::VecDeque;
use std::ops::Range;
use std::sync::Arc;

use xxhash_rust::xxh3::Xxh3;

use super::document;
use super::parquet::row_groups;
use super::stream::Reader;
use super::{Block, Content, FileFacts, Format, Limits, Part, Source};
use crate::error::Result;

/// Cuts files into blocks. Only this is sequential in a run, so it does nothing that could be done later.
pub struct Cutter {
    sources: Arc<[Source]>,
    limits: Limits,
    file: usize,
    /// Behind the last file to be cut.
    end: usize,
    open: Option<Open>,
    sequence: u64,
    /// Number of its first block.
    first: u64,
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

impl Cutter {
    /// Starts at the first file.
    pub fn new(sources: Arc<[Source]>) -> Self {
        let end = sources.len();
        let limits = Limits::default();
        Self { sources, limits, file: 0, end, open: None, sequence: 0, first: 0, facts: Vec::new(), whole: true }
    }

    /// Cuts these files alone; their blocks are numbered from `first`.
    pub(crate) fn of_files(sources: Arc<[Source]>, files: Range<u32>, first: u64) -> Self {
        let (file, end) = (files.start as usize, files.end as usize);
        Self { file, end, sequence: first, first, ..Self::new(sources) }
    }

    /// Blocks that were cut so far.
    pub(crate) fn blocks(&self) -> u64 {
        self.sequence - self.first
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
            let Some(source) = self.sources.get(self.file).filter(|_| self.file < self.end) else { return Ok(None) };
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
            Format::Jsonl | Format::Json | Format::Csv | Format::Tsv => Kind::Records(Records::new()),
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
