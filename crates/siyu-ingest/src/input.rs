//! From files on disk to Arrow batches: finding, reading, cutting, parsing.
//!
//! [`discover`] lists the files of a pipeline's `input`. A [`Cutter`] reads them one after another and cuts them into
//! [`Block`]s at record borders; it is the only sequential part of a run. [`parse`] turns a block into batches on any
//! thread. What comes out depends on the files alone, never on threads, timing or where a block ends.
//!
//! # What becomes of bad input
//! A record that cannot be read never stops a run and never takes its neighbours along. It becomes a [`BadRow`] with
//! its place and a reason, and never any of its text:
//!
//! | input | outcome |
//! |---|---|
//! | JSON that is truncated, followed by something, not an object, nested deeper than 128 levels | that line, or element of an array, is bad |
//! | a key twice in one object | the last one counts |
//! | an escape such as `\ud800` that is half a character, in a wanted field | bad |
//! | a required column missing or null in a JSON object or Parquet row | bad |
//! | a required column missing in the header of a table | an error for the file, before any of its rows |
//! | a column that a step reads, that no entry maps and no file has in its first rows | an error at the start |
//! | a table row with too many or too few cells | bad |
//! | a quote that closes nowhere, or not before a delimiter or line end | the *line* it opens in is bad, reading goes on at the next line |
//! | a raw line break inside a JSON string of an array, or an element that never ends | bad up to the next line that starts with `{` |
//! | an array that never closes | its elements are kept, and one bad row says that it is not closed |
//! | bytes that are no characters of the file's encoding | that record is bad |
//! | the same in a one-document file | its encoding is guessed again; if that fails too, the document is bad |
//! | NUL bytes in a table row, or in a text or Markdown document | bad |
//! | a record over 1 GiB, or a quoted table row over 16 MiB | bad; memory stays bounded |
//! | a compressed file that breaks off | rows before the break are kept, the rest is one bad row |
//! | an empty file, a byte order mark, CRLF, blank lines | no rows, and no harm |
//! | a folder's pipes, sockets, symlinks in a circle, files of unknown kinds | left out, with a warning in the log |
//! | a file that changes, vanishes or fails while it is read | an error that names it |
//! | a file name that is no UTF-8 | read; the odd bytes stand as `\xFF` in `source` and in ids made from it |
//! | two rows with one id, in one file or two | both are kept: an id is a label and no key |
//! | files of the run's own output | left out, or an error where an entry names just them |
//! | files of another dataset | an error, unless an entry names its `data` folder or shards |
//!
//! A quoted cell opens only at the start of a cell, as in RFC 4180. In a table without a line break inside its cells,
//! a stray quote therefore costs the one line it stands in.
//!
//! # Row numbers
//! JSON lines are numbered by their line, so that `sed -n 7p` shows row 7. Table rows are numbered from the first below
//! the header, elements of a JSON array and Parquet rows from the first.

mod borders;
mod columns;
mod cut;
mod decompress;
mod delimited;
mod discover;
mod document;
mod json;
mod outputs;
mod parquet;
mod parse;
mod rows;
mod stream;
mod suggest;
mod texts;

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use arrow::array::RecordBatch;
use encoding_rs::Encoding;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use siyu_text::decode::Evidence;

pub(crate) use columns::absent;
pub use cut::Cutter;
pub use discover::discover;
pub(crate) use discover::discover_with;
pub(crate) use discover::{check_encoding, check_pattern, neighbours};
pub(crate) use outputs::without_outputs;
pub use parse::{Parser, parse};
pub(crate) use suggest::hint;
pub(crate) use texts::{Text, each_text};

/// Files to read.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Input {
    /// A file, a folder that is read with all folders below it, or a pattern such as `laws/*.jsonl` or `**/*.html`.
    pub path: String,
    /// What the files hold; without it their extensions tell. `.gz`, `.zst`, `.bz2` and `.xz` are read through.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub format: Option<Format>,
    /// `auto`, or a WHATWG label such as `gb18030`, `big5` or `utf-16le`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub encoding: Option<String>,
    /// Names in the files of this pipeline's columns, such as `{ text: content, id: law_id }`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub columns: BTreeMap<String, String>,
}

/// What a file holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Format {
    /// One JSON object on each line; a file that starts with `[` is read as `json`.
    Jsonl,
    /// An array of JSON objects, or objects one after another over any number of lines.
    Json,
    /// Comma-separated cells below a header row, with quotes as in RFC 4180.
    Csv,
    /// Tab-separated cells below a header row, with quotes as in RFC 4180.
    Tsv,
    /// Apache Parquet.
    Parquet,
    /// A document of plain text.
    Text,
    /// A Markdown document.
    Markdown,
    /// An HTML page.
    Html,
}

/// How a file is compressed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Compression {
    /// Not at all.
    #[default]
    None,
    /// gzip, of any number of members.
    Gzip,
    /// Zstandard.
    Zstd,
    /// bzip2.
    Bzip2,
    /// xz.
    Xz,
}

/// A file to read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Source {
    /// The path as users see it and as datasets store it, with `/` between its parts.
    pub name: String,
    /// Where it lies.
    pub path: PathBuf,
    /// What it holds.
    pub format: Format,
    /// How it is compressed.
    pub compression: Compression,
    /// A WHATWG label, or nothing when it is to be found out.
    pub encoding: Option<String>,
    /// Its names of the pipeline's columns.
    pub columns: BTreeMap<String, String>,
    /// Size on disk.
    pub bytes: u64,
    /// Time of its last change since 1970, in nanoseconds.
    pub modified_nanos: u128,
}

impl Source {
    /// The file's own name of a column.
    pub fn field<'a>(&'a self, column: &'a str) -> &'a str {
        self.columns.get(column).map_or(column, String::as_str)
    }
}

/// Which columns a pipeline needs. All are read as text: JSON numbers and booleans as written, nested values as JSON.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wanted {
    /// The columns, in the order in which batches have them.
    pub columns: Vec<WantedColumn>,
}

/// A column that a pipeline needs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WantedColumn {
    /// The pipeline's name of it.
    pub name: String,
    /// Whether a row without it is bad.
    pub required: bool,
}

/// A piece of work: bytes of one or more files, cut at record borders.
#[derive(Clone, Debug)]
pub struct Block {
    /// Number of the block in the run, from 0.
    pub sequence: u64,
    parts: Vec<Part>,
    /// xxh3 of its bytes.
    pub hash: u64,
}

impl Block {
    /// Index of the source of its first record.
    pub(crate) fn file(&self) -> u32 {
        self.parts.first().map_or(0, |part| part.file)
    }

    /// Bytes that parsing it will read.
    pub fn bytes(&self) -> u64 {
        self.parts.iter().map(|part| part.bytes).sum()
    }
}

/// Records of one file that follow each other.
#[derive(Clone, Debug)]
struct Part {
    file: u32,
    first_row: u64,
    offset: u64,
    bytes: u64,
    content: Content,
    /// Records that already the cutter could not keep.
    bad: Vec<BadRow>,
    of: Stream,
    encoding: &'static Encoding,
}

/// What a part's records are made of.
#[derive(Clone, Debug)]
enum Content {
    Records {
        bytes: Vec<u8>,
        rule: borders::Rule,
        header: Option<Arc<Vec<String>>>,
    },
    Document {
        bytes: Vec<u8>,
        markup: bool,
    },
    /// A row group; `file` is the hash of the whole file.
    RowGroup {
        index: usize,
        footer: parquet::Footer,
        file: Arc<str>,
    },
}

/// Rows of a block.
#[derive(Clone, Debug)]
pub struct Parsed {
    /// `file` (`UInt32`, index of the source), `source_row` (`UInt64`, from 1), `id`, then the wanted columns (`Utf8`).
    pub rows: RecordBatch,
    /// Records that could not be read.
    pub bad: Vec<BadRow>,
}

/// A record that could not be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BadRow {
    /// Index of the source.
    pub file: u32,
    /// Its number in the file, from 1.
    pub row: u64,
    /// Its first byte.
    pub start: u64,
    /// The byte behind it.
    pub end: u64,
    /// What `start` and `end` count.
    pub of: Stream,
    /// What is wrong with it; never any of its text.
    pub reason: Cow<'static, str>,
}

/// Whose bytes an offset counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stream {
    /// The file's own.
    File,
    /// What decompressing the file gives.
    Decompressed,
    /// The file's text in UTF-8, after decompressing and decoding.
    Decoded,
}

/// What was found out about a file by reading it to its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileFacts {
    /// Index of the source.
    pub file: u32,
    /// blake3 of the file as it lies on disk, in hexadecimal.
    pub blake3: String,
    /// Size on disk.
    pub bytes: u64,
    /// Name of its encoding.
    pub encoding: &'static str,
    /// Why that encoding was believed in.
    pub evidence: Evidence,
    /// Why the file could not be decompressed to its end, if so.
    pub broken: Option<Cow<'static, str>>,
}

/// How much is read at once, and how much a record may hold.
#[derive(Clone, Copy, Debug)]
struct Limits {
    /// Bytes after which a block ends.
    block: usize,
    /// Longest record.
    record: usize,
    /// Longest table row with a quoted cell.
    quoted: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { block: 2 << 20, record: 1 << 30, quoted: 16 << 20 }
    }
}

#[cfg(test)]
mod tests;
