//! The whole path from files to batches.

mod bad;
mod formats;
mod properties;

use std::fs;
use std::io::Write;
use std::path::PathBuf;
use std::sync::Arc;

use arrow::array::{Array, AsArray};
use arrow::datatypes::{UInt32Type, UInt64Type};

use super::{
    BadRow, Compression, Cutter, FileFacts, Format, Input, Limits, Source, Wanted, WantedColumn, discover, parse,
};
use crate::error::Result;

/// A folder of files that vanishes with the test.
struct Files(tempfile::TempDir);

impl Files {
    fn new(files: &[(&str, &[u8])]) -> Self {
        let files_at = Self(tempfile::tempdir().unwrap());
        for (name, bytes) in files {
            files_at.write(name, bytes);
        }
        files_at
    }

    fn write(&self, name: &str, bytes: &[u8]) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn input(&self, name: &str) -> Input {
        Input { path: self.path(name).to_str().unwrap().to_owned(), ..Input::default() }
    }

    /// Names relative to the folder.
    fn names(&self, sources: &[Source]) -> Vec<String> {
        let prefix = format!("{}/", self.0.path().display());
        sources.iter().map(|source| source.name.replace(&prefix, "")).collect()
    }
}

/// All that reading gives.
#[derive(Debug, PartialEq)]
struct Read {
    /// File, row, id without folders, wanted columns.
    rows: Vec<(u32, u64, String, Vec<Option<String>>)>,
    bad: Vec<BadRow>,
    facts: Vec<FileFacts>,
}

impl Read {
    fn texts(&self) -> Vec<&str> {
        self.rows.iter().map(|row| row.3[0].as_deref().unwrap_or("(null)")).collect()
    }

    fn bad_rows(&self) -> Vec<u64> {
        self.bad.iter().map(|bad| bad.row).collect()
    }
}

fn wanted(required: bool) -> Wanted {
    Wanted { columns: vec![WantedColumn { name: "text".into(), required }] }
}

fn read_with(sources: Vec<Source>, wanted: &Wanted, limits: Limits) -> Result<Read> {
    let sources: Arc<[Source]> = sources.into();
    let mut cutter = Cutter::new(Arc::clone(&sources)).with_limits(limits);
    let mut read = Read { rows: Vec::new(), bad: Vec::new(), facts: Vec::new() };
    while let Some(block) = cutter.next()? {
        for parsed in parse(&block, &sources, wanted).with_limits(limits) {
            let parsed = parsed?;
            let (files, rows) = (parsed.rows.column(0), parsed.rows.column(1));
            assert!(parsed.rows.num_rows() <= 1024);
            for at in 0..parsed.rows.num_rows() {
                let columns = parsed.rows.columns()[2..].iter().map(AsArray::as_string::<i32>);
                let mut texts = columns.map(|column| column.is_valid(at).then(|| column.value(at).to_owned()));
                let id = texts.next().unwrap().unwrap().rsplit('/').next().unwrap().to_owned();
                let file = files.as_primitive::<UInt32Type>().value(at);
                read.rows.push((file, rows.as_primitive::<UInt64Type>().value(at), id, texts.collect()));
            }
            read.bad.extend(parsed.bad);
        }
    }
    read.bad.sort_by_key(|bad| (bad.file, bad.row));
    read.facts = cutter.files().to_vec();
    Ok(read)
}

/// Reads one file whose text is required.
fn read(name: &str, bytes: &[u8]) -> Read {
    let files = Files::new(&[(name, bytes)]);
    read_with(discover(&[files.input(name)]).unwrap(), &wanted(true), Limits::default()).unwrap()
}

/// The texts of `count` numbers.
fn numbered(count: usize, text: impl Fn(usize) -> String) -> String {
    (0..count).map(text).collect::<Vec<_>>().concat()
}

fn compress(bytes: &[u8], compression: Compression) -> Vec<u8> {
    match compression {
        Compression::None => bytes.to_vec(),
        Compression::Gzip => {
            let mut writer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
            writer.write_all(bytes).unwrap();
            writer.finish().unwrap()
        }
        Compression::Zstd => zstd::encode_all(bytes, 1).unwrap(),
        Compression::Bzip2 => {
            let mut writer = bzip2::write::BzEncoder::new(Vec::new(), bzip2::Compression::fast());
            writer.write_all(bytes).unwrap();
            writer.finish().unwrap()
        }
        Compression::Xz => {
            let mut writer = liblzma::write::XzEncoder::new(Vec::new(), 1);
            writer.write_all(bytes).unwrap();
            writer.finish().unwrap()
        }
    }
}

#[test]
fn formats_are_written_in_lower_case() {
    let input: Input = serde_json::from_str(r#"{"path":"a","format":"jsonl","columns":{"text":"body"}}"#).unwrap();
    assert_eq!(input.format, Some(Format::Jsonl));
    assert!(serde_json::from_str::<Input>(r#"{"path":"a","colums":{}}"#).is_err());
}
