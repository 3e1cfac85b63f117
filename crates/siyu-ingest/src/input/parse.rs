//! Blocks to batches, on any thread.

use std::borrow::Cow;

use super::borders::{Rule, Verdict};
use super::parquet::RowGroup;
use super::rows::{Fields, Reason, Rows};
use super::{BadRow, Block, Content, Limits, Parsed, Part, Source, Wanted, delimited, document, json, suggest};
use crate::error::{Error, Result};

/// Parses a block into batches of at most 1,024 rows and about 1 MiB of text.
pub fn parse<'a>(block: &'a Block, sources: &'a [Source], wanted: &'a Wanted) -> Parser<'a> {
    Parser {
        parts: block.parts.iter(),
        sources,
        wanted,
        rows: Rows::new(wanted),
        part: None,
        limits: Limits::default(),
    }
}

/// The batches of a block.
pub struct Parser<'a> {
    parts: std::slice::Iter<'a, Part>,
    sources: &'a [Source],
    wanted: &'a Wanted,
    rows: Rows,
    part: Option<Open<'a>>,
    limits: Limits,
}

/// A part that is being read.
struct Open<'a> {
    part: &'a Part,
    source: &'a Source,
    fields: Fields,
    values: Vec<Option<Cow<'a, str>>>,
    /// Index in the header of each field.
    places: Vec<Option<usize>>,
    cells: Vec<Cow<'a, str>>,
    at: usize,
    row: u64,
    group: Option<RowGroup>,
}

impl Iterator for Parser<'_> {
    type Item = Result<Parsed>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if self.rows.is_full() {
                return self.rows.take().map(Ok);
            }
            if let Some(open) = &mut self.part {
                match open.step(&mut self.rows, &self.limits) {
                    Ok(true) => {}
                    Ok(false) => self.part = None,
                    Err(error) => return Some(Err(self.stop(error))),
                }
                continue;
            }
            let Some(part) = self.parts.next() else {
                return self.rows.take().map(Ok);
            };
            part.bad.iter().for_each(|bad| self.rows.push_bad(bad.clone()));
            match Open::new(part, self.sources, self.wanted) {
                Ok(open) => self.part = Some(open),
                Err(error) => return Some(Err(self.stop(error))),
            }
        }
    }
}

impl Parser<'_> {
    /// Nothing comes after an error.
    fn stop(&mut self, error: Error) -> Error {
        self.part = None;
        self.parts = [].iter();
        self.rows = Rows::new(self.wanted);
        error
    }

    /// The same with other limits.
    #[cfg(test)]
    pub(super) fn with_limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }
}

impl<'a> Open<'a> {
    fn new(part: &'a Part, sources: &'a [Source], wanted: &Wanted) -> Result<Self> {
        let source = &sources[part.file as usize];
        let fields = Fields::new(source, wanted);
        let (mut places, mut group) = (Vec::new(), None);
        match &part.content {
            Content::Records { header: Some(header), .. } => places = places_in(header, &fields, source)?,
            Content::RowGroup { index, footer, .. } => group = Some(RowGroup::open(source, &fields, footer, *index)?),
            _ => {}
        }
        let values = vec![None; fields.names.len()];
        Ok(Self { part, source, fields, values, places, cells: Vec::new(), at: 0, row: part.first_row, group })
    }

    /// Reads one record; `false` behind the last.
    fn step(&mut self, rows: &mut Rows, limits: &Limits) -> Result<bool> {
        match &self.part.content {
            Content::Records { bytes, rule, .. } => Ok(self.record(bytes, *rule, rows, limits)),
            Content::Document { bytes, markup } => {
                self.document(bytes, *markup, rows);
                Ok(false)
            }
            Content::RowGroup { .. } => {
                let group = self.group.as_mut().expect("opened with the part");
                group.step(self.part.file, self.source, &self.fields, rows)
            }
        }
    }

    fn record(&mut self, bytes: &'a [u8], rule: Rule, rows: &mut Rows, limits: &Limits) -> bool {
        let rest = bytes.split_at(self.at).1;
        let Some(span) = rule.first(rest, true, limits) else { return false };
        let outcome = match span.verdict {
            Verdict::Record => self.fill(rest.split_at(span.end).0, rule),
            Verdict::Damaged(reason) => Err(reason.into()),
            Verdict::Blank => {
                self.row += u64::from(rule.counts_blanks());
                self.at += span.next;
                return true;
            }
        };
        match outcome.and_then(|()| self.fields.missing(&self.values).map_or(Ok(()), Err)) {
            Ok(()) => rows.push(self.part.file, self.row, &self.source.name, &self.values),
            Err(reason) => rows.push_bad(self.bad(self.at, self.at + span.end, reason)),
        }
        self.row += 1;
        self.at += span.next;
        true
    }

    /// Fills `values` from a record.
    fn fill(&mut self, record: &'a [u8], rule: Rule) -> Result<(), Reason> {
        let Ok(text) = simdutf8::basic::from_utf8(record) else {
            return Err(format!("bytes that are no {} characters", self.part.encoding.name()).into());
        };
        let Rule::Cells { delimiter } = rule else {
            return json::read(text, &self.fields, &mut self.values);
        };
        if delimited::holds_nul(record) {
            return Err("a NUL byte".into());
        }
        delimited::cells(text, delimiter, &mut self.cells);
        let Content::Records { header: Some(header), .. } = &self.part.content else {
            return Err("a row without a header".into());
        };
        if self.cells.len() != header.len() {
            return Err(format!("{} cells where the header has {}", self.cells.len(), header.len()).into());
        }
        for (value, place) in self.values.iter_mut().zip(&self.places) {
            *value = place.map(|place| self.cells[place].clone());
        }
        Ok(())
    }

    fn document(&mut self, bytes: &'a [u8], markup: bool, rows: &mut Rows) {
        if bytes.is_empty() {
            return;
        }
        match document::read(bytes, self.part.encoding, markup) {
            Ok(text) => {
                self.values.fill(None);
                self.values[0] = Some(Cow::Borrowed(&self.source.name));
                let text_field = self.source.field("text");
                for (value, name) in self.values.iter_mut().zip(&self.fields.names).skip(1) {
                    *value = (name == text_field).then(|| text.clone());
                }
                match self.fields.missing(&self.values) {
                    None => rows.push(self.part.file, 1, &self.source.name, &self.values),
                    Some(reason) => rows.push_bad(self.bad(0, bytes.len(), reason)),
                }
            }
            Err(reason) => rows.push_bad(self.bad(0, bytes.len(), reason)),
        }
    }

    fn bad(&self, start: usize, end: usize, reason: Reason) -> BadRow {
        let offset = self.part.offset;
        let (start, end) = (offset + start as u64, offset + end as u64);
        BadRow { file: self.part.file, row: self.row, start, end, of: self.part.of, reason }
    }
}

/// Where a table's header has each field.
pub(super) fn places_in(header: &[String], fields: &Fields, source: &Source) -> Result<Vec<Option<usize>>> {
    let place = |name: &String| header.iter().position(|own| own == name);
    let places: Vec<_> = fields.names.iter().map(place).collect();
    let absent = fields.required.iter().zip(&places).position(|(required, place)| *required && place.is_none());
    match absent {
        None => Ok(places),
        Some(index) => {
            let column = fields.names[index].clone();
            let hint = suggest::hint(&column, header.iter().map(String::as_str));
            Err(Error::NoColumn { path: source.path.clone(), column, has: header.to_vec(), hint })
        }
    }
}
