//! From files to rows: discovered in one order, cut into blocks by one hand, parsed by many.
//!
//! | what | outcome |
//! |---|---|
//! | invalid JSON, wrong number of cells, invalid UTF-8, a lone surrogate, a missing text | that row is quarantined |
//! | blank line, empty file | no row |
//! | byte order mark, CRLF | removed |
//! | a cell whose quote never closes | its first line is quarantined, reading goes on with the next line |
//! | a record longer than 1 GiB | quarantined |
//! | a compressed file that breaks off | the rows before stay, the break is one quarantined row |
//! | a file that changes while it is read | the run stops |
//!
//! Byte ranges in quarantine count in the decompressed text, and in UTF-8 where the file is in another encoding.

mod csv;
mod cutter;
mod discover;
mod document;
mod json;
mod reader;
mod table;

pub(crate) use cutter::Cutter;
pub(crate) use discover::discover;

use crate::error::Result;
use arrow::array::RecordBatch;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

/// One entry of a pipeline's `input:`.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Input {
    /// File, folder, or glob such as `laws/**/*.jsonl`.
    pub path: String,
    /// What the files are; by default told from their extension.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub format: Option<Format>,
    /// `auto`, or a WHATWG label such as `gb18030`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub encoding: Option<String>,
    /// Our column names to theirs.
    #[serde(default)]
    pub columns: BTreeMap<String, String>,
}

/// What a file is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Format {
    /// One JSON object a line, or one JSON array of objects.
    #[serde(alias = "json")]
    Jsonl,
    /// Comma-separated values with a header.
    Csv,
    /// Tab-separated values with a header.
    Tsv,
    /// Plain text: a file is a document.
    Text,
    /// Markdown: a file is a document.
    Markdown,
    /// HTML: a file is a document.
    Html,
}

impl fmt::Display for Format {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Self::Jsonl => "jsonl",
            Self::Csv => "csv",
            Self::Tsv => "tsv",
            Self::Text => "text",
            Self::Markdown => "markdown",
            Self::Html => "html",
        })
    }
}

/// How a file is compressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Compression {
    /// Not at all.
    None,
    /// gzip, several members included.
    Gzip,
    /// Zstandard.
    Zstd,
    /// bzip2.
    Bzip2,
    /// xz.
    Xz,
}

/// A file to read.
#[derive(Clone, Debug)]
pub struct Source {
    /// The path as users write it and as datasets store it.
    pub name: String,
    /// Where it is.
    pub path: PathBuf,
    /// What it is.
    pub format: Format,
    /// How it is compressed.
    pub compression: Compression,
    /// The encoding that the pipeline names.
    pub encoding: Option<String>,
    /// Our column names to theirs.
    pub columns: BTreeMap<String, String>,
    /// Its size.
    pub bytes: u64,
    /// When it was changed, in nanoseconds since 1970.
    pub modified_nanos: u128,
}

impl Source {
    /// Whether its text is longer than the file.
    pub(crate) fn is_compressed(&self) -> bool {
        self.compression != Compression::None
    }

    /// Their name of our column.
    pub(crate) fn field<'a>(&'a self, column: &'a str) -> &'a str {
        self.columns.get(column).map_or(column, String::as_str)
    }
}

/// The columns that a pipeline needs.
#[derive(Clone, Debug, Default)]
pub(crate) struct Wanted {
    pub(crate) columns: Vec<WantedColumn>,
}

/// A column that a pipeline needs; a row without a required one is quarantined.
#[derive(Clone, Debug)]
pub(crate) struct WantedColumn {
    pub(crate) name: String,
    pub(crate) required: bool,
}

/// A piece of work: bytes of one or more files, cut between records.
pub(crate) struct Block {
    pub(crate) sequence: u64,
    pub(crate) parts: Vec<Part>,
}

/// Bytes of one file.
pub(crate) struct Part {
    pub(crate) file: u32,
    /// Number of its first row.
    pub(crate) first_row: u64,
    /// Where it starts in the file's text.
    pub(crate) offset: u64,
    pub(crate) bytes: Vec<u8>,
    pub(crate) shape: Shape,
}

/// How the rows of a part lie in its bytes.
pub(crate) enum Shape {
    /// A JSON object on each line.
    Lines,
    /// JSON values at these places.
    Elements(Vec<(usize, usize)>),
    /// Records of cells under a header.
    Cells { header: Arc<[String]>, delimiter: u8 },
    /// One document.
    Document,
    /// Nothing more can be read of the file.
    Broken(String),
}

/// What is known of a file once it is read.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct FileFacts {
    pub(crate) file: u32,
    pub(crate) blake3: String,
    pub(crate) encoding: Option<String>,
}

/// Rows of a block, and those that could not be read.
pub(crate) struct Parsed {
    pub(crate) rows: RecordBatch,
    pub(crate) bad: Vec<BadRow>,
}

/// A row that could not be read; its reason holds none of its text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct BadRow {
    pub(crate) file: u32,
    pub(crate) row: u64,
    pub(crate) start: u64,
    pub(crate) end: u64,
    pub(crate) reason: String,
}

/// Parses a block into batches of at most 1,024 rows and about a mebibyte.
pub(crate) fn parse(
    block: Block,
    sources: Arc<[Source]>,
    wanted: Wanted,
) -> impl Iterator<Item = Result<Parsed>> + Send {
    let mut table = table::Table::new(&wanted);
    for part in &block.parts {
        let source = &sources[part.file as usize];
        match &part.shape {
            Shape::Lines => json::lines(part, source, &mut table),
            Shape::Elements(places) => json::elements(part, places, source, &mut table),
            Shape::Cells { header, delimiter } => csv::records(part, header, *delimiter, source, &mut table),
            Shape::Document => document::document(part, source, &mut table),
            Shape::Broken(reason) => table.bad(part, part.first_row, (0, 0), reason.clone()),
        }
    }
    table.finish().into_iter().map(Ok)
}
