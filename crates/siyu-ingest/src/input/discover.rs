//! From paths, folders and globs to a sorted list of files.

use super::{Compression, Format, Input, Source};
use crate::error::{Error, Result};
use globset::GlobBuilder;
use std::collections::BTreeMap;
use std::fs::Metadata;
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;
use walkdir::WalkDir;

/// Finds the files of all entries: each once, sorted by name, whatever order the file system lists them in.
///
/// # Errors
/// When an entry matches nothing, a file cannot be read, or its extension says nothing and the entry no `format`.
pub(crate) fn discover(inputs: &[Input]) -> Result<Vec<Source>> {
    let mut sources = BTreeMap::new();
    for input in inputs {
        if let Some(label) = input.encoding.as_deref().filter(|label| *label != "auto") {
            siyu_text::decode::named(label).map_err(|error| Error::setting("input", "encoding", error.to_string()))?;
        }
        let paths = matching(&input.path)?;
        if paths.is_empty() {
            return Err(Error::Resume(format!("input `{}` matches no file", input.path)));
        }
        let mut known = 0;
        for path in paths {
            if let Some(source) = source(&path, input)? {
                known += 1;
                sources.insert(source.name.clone(), source);
            }
        }
        if known == 0 {
            return Err(Error::Resume(format!(
                "no file of input `{}` has a known extension; set its `format`",
                input.path
            )));
        }
    }
    Ok(sources.into_values().collect())
}

fn matching(pattern: &str) -> Result<Vec<PathBuf>> {
    let path = Path::new(pattern);
    if path.is_file() {
        return Ok(vec![path.to_owned()]);
    }
    if path.is_dir() {
        return walk(path, |_| true);
    }
    if !pattern.contains(['*', '?', '[', '{']) {
        let source = std::io::Error::from(std::io::ErrorKind::NotFound);
        return Err(Error::Read { path: path.to_owned(), source });
    }
    let glob = GlobBuilder::new(pattern).literal_separator(true).build();
    let glob = glob.map_err(|error| Error::setting("input", "path", error.to_string()))?.compile_matcher();
    let fixed: PathBuf = path
        .components()
        .take_while(|part| !part.as_os_str().to_string_lossy().contains(['*', '?', '[', '{']))
        .collect();
    let root = if fixed.as_os_str().is_empty() { Path::new(".") } else { &fixed };
    if !root.exists() {
        return Ok(Vec::new());
    }
    walk(root, |path| glob.is_match(path.strip_prefix(".").unwrap_or(path)))
}

fn walk(root: &Path, wanted: impl Fn(&Path) -> bool) -> Result<Vec<PathBuf>> {
    let hidden = |entry: &walkdir::DirEntry| entry.depth() > 0 && entry.file_name().to_string_lossy().starts_with('.');
    let mut paths = Vec::new();
    for entry in WalkDir::new(root).follow_links(true).into_iter().filter_entry(|entry| !hidden(entry)) {
        let entry = entry.map_err(|error| {
            let path = error.path().unwrap_or(root).to_owned();
            Error::Read { path, source: error.into() }
        })?;
        if entry.file_type().is_file() && wanted(entry.path()) {
            paths.push(entry.into_path());
        }
    }
    Ok(paths)
}

/// The file as a source, or `None` where neither its extension nor the entry says what it is.
fn source(path: &Path, input: &Input) -> Result<Option<Source>> {
    let name = path.to_string_lossy().into_owned();
    let lower = name.to_lowercase();
    let endings = [
        (".gz", Compression::Gzip),
        (".zst", Compression::Zstd),
        (".bz2", Compression::Bzip2),
        (".xz", Compression::Xz),
    ];
    let ending = endings.into_iter().find(|(ending, _)| lower.ends_with(ending));
    let stem = ending.map_or(lower.as_str(), |(ending, _)| lower.strip_suffix(ending).unwrap_or(&lower));
    let told = match stem.rsplit('.').next() {
        Some("jsonl" | "json" | "ndjson") => Some(Format::Jsonl),
        Some("csv") => Some(Format::Csv),
        Some("tsv") => Some(Format::Tsv),
        Some("txt" | "text") => Some(Format::Text),
        Some("md" | "markdown") => Some(Format::Markdown),
        Some("html" | "htm" | "xhtml") => Some(Format::Html),
        _ => None,
    };
    let Some(format) = input.format.or(told) else { return Ok(None) };
    let metadata = std::fs::metadata(path).map_err(Error::read(path))?;
    Ok(Some(Source {
        name,
        path: path.to_owned(),
        format,
        compression: ending.map_or(Compression::None, |(_, compression)| compression),
        encoding: input.encoding.clone(),
        columns: input.columns.clone(),
        bytes: metadata.len(),
        modified_nanos: modified_nanos(&metadata),
    }))
}

/// When a file was changed.
pub(super) fn modified_nanos(metadata: &Metadata) -> u128 {
    metadata.modified().ok().and_then(|time| time.duration_since(UNIX_EPOCH).ok()).map_or(0, |since| since.as_nanos())
}
