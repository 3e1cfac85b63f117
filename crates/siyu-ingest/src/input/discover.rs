//! The files that a pipeline's `input` names.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsStr;
use std::fmt::Write;
use std::fs::{self, File, Metadata};
use std::io::Read;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use globset::{GlobBuilder, GlobMatcher};
use siyu_text::decode;
use walkdir::{DirEntry, WalkDir};

use super::decompress::MAGIC_BYTES;
use super::stream::modified_nanos;
use super::{Compression, Format, Input, Source, suggest};
use crate::error::{EntryError, Error, Result};

impl Format {
    /// The format that a file's extension names.
    fn of_extension(extension: &str) -> Option<Self> {
        Some(match extension {
            "jsonl" | "ndjson" => Self::Jsonl,
            "json" => Self::Json,
            "csv" => Self::Csv,
            "tsv" | "tab" => Self::Tsv,
            "parquet" => Self::Parquet,
            "txt" | "text" => Self::Text,
            "md" | "markdown" => Self::Markdown,
            "html" | "htm" | "xhtml" => Self::Html,
            _ => return None,
        })
    }
}

/// Lists the files of all entries, sorted by name, each once.
///
/// Folders are read with all below them but hidden files and folders. In a folder, files whose extension tells no
/// format are left out unless the entry gives one; a file that is named itself, or by a pattern, is not.
///
/// # Errors
/// An entry that matches nothing, a file that cannot be read or whose format cannot be told, an unknown encoding.
pub fn discover(inputs: &[Input]) -> Result<Vec<Source>> {
    discover_with(inputs, None)
}

/// What the path of an entry begins with where an S3 store holds it.
const STORE: &str = "s3://";

/// Like [`discover`]; copies of what an S3 store holds lie in `mirror`, and keep the store's names.
pub(crate) fn discover_with(inputs: &[Input], mirror: Option<&Path>) -> Result<Vec<Source>> {
    let mut found: BTreeMap<String, Source> = BTreeMap::new();
    for input in inputs {
        check_encoding(input)?;
        for source in entry(input, mirror)? {
            match found.get(&source.name) {
                Some(known) if *known != source => return Err(EntryError::Conflict { path: source.name }.into()),
                Some(_) => {}
                None => {
                    found.insert(source.name.clone(), source);
                }
            }
        }
    }
    Ok(found.into_values().collect())
}

/// Refuses an encoding that does not exist.
pub(crate) fn check_encoding(input: &Input) -> Result<()> {
    let label = input.encoding.as_deref().filter(|label| !label.eq_ignore_ascii_case("auto"));
    let named = label.map(decode::named).transpose();
    named.map(|_| ()).map_err(|source| EntryError::Encoding { path: input.path.clone(), source }.into())
}

/// Refuses a path that is neither there nor a pattern.
pub(crate) fn check_pattern(input: &Input) -> Result<()> {
    if Path::new(&input.path).exists() { Ok(()) } else { glob(input).map(|_| ()) }
}

fn entry(input: &Input, mirror: Option<&Path>) -> Result<Vec<Source>> {
    let Some(inside) = input.path.strip_prefix(STORE) else { return files_of(input) };
    let Some(mirror) = mirror else {
        let hint = "; objects of a store are read by `siyu run --cluster` with `--stages`".to_owned();
        return Err(EntryError::NoInput { path: input.path.clone(), hint }.into());
    };
    let base = format!("{}/", mirror.display());
    let copied = Input { path: format!("{base}{inside}"), ..input.clone() };
    let named = |source: Source| {
        let inside = source.name.strip_prefix(&base).unwrap_or(&source.name);
        Source { name: format!("{STORE}{inside}"), ..source }
    };
    Ok(files_of(&copied)?.into_iter().map(named).collect())
}

fn files_of(input: &Input) -> Result<Vec<Source>> {
    let typed = input.path.replace('\\', "/");
    let path = PathBuf::from(&input.path);
    match fs::metadata(&path) {
        Ok(metadata) if metadata.is_dir() => folder(input, typed.trim_end_matches('/'), &path),
        Ok(metadata) => Ok(vec![source(input, input.path.clone(), path, &metadata)?]),
        Err(_) if typed.contains(['*', '?', '[', '{']) => pattern(input),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            Err(EntryError::NoInput { path: input.path.clone(), hint: neighbours(&path) }.into())
        }
        Err(error) => Err(Error::Read { path, source: error }),
    }
}

/// All files of a folder whose format is known.
fn folder(input: &Input, typed: &str, path: &Path) -> Result<Vec<Source>> {
    let mut sources = Vec::new();
    let mut unknown: BTreeSet<String> = BTreeSet::new();
    for (relative, path) in walk(path, usize::MAX)? {
        let (format, _) = kind_of(&path);
        if format.or(input.format).is_none() {
            let extension =
                path.extension().map_or("none".into(), |extension| extension.to_string_lossy().into_owned());
            unknown.insert(extension);
            continue;
        }
        let metadata = fs::metadata(&path).map_err(Error::read(&path))?;
        sources.push(source(input, format!("{typed}/{relative}"), path, &metadata)?);
    }
    let extensions = unknown.into_iter().collect::<Vec<_>>().join(", ");
    if sources.is_empty() {
        let hint = if extensions.is_empty() {
            ": the folder is empty".to_owned()
        } else {
            format!(": its files have the extensions {extensions}, which tell no format; set `format`")
        };
        return Err(EntryError::NoInput { path: input.path.clone(), hint }.into());
    }
    if !extensions.is_empty() {
        tracing::warn!(folder = typed, extensions, "files of unknown formats are left out");
    }
    Ok(sources)
}

/// All files that match a pattern.
fn pattern(input: &Input) -> Result<Vec<Source>> {
    let split = input.path.find(['*', '?', '[', '{']).unwrap_or(input.path.len());
    let (fixed, _) = input.path.split_at(split);
    let base = fixed.rsplit_once('/').map_or("", |(base, _)| if base.is_empty() { "/" } else { base });
    let start = if base.is_empty() { Path::new(".") } else { Path::new(base) };
    let matcher = glob(input)?;
    if !start.is_dir() {
        let hint = format!(": there is no folder `{}`{}", start.display(), neighbours(start));
        return Err(EntryError::NoInput { path: input.path.clone(), hint }.into());
    }
    // Only `**`, or a `/` between braces, matches at more than one depth.
    let rest = input.path.get(base.len()..).unwrap_or_default().trim_start_matches('/');
    let depth = if rest.contains("**") || rest.contains('{') { usize::MAX } else { rest.split('/').count() };
    let mut sources = Vec::new();
    let mut others = Vec::new();
    for (relative, path) in walk(start, depth)? {
        let name = match base {
            "" => relative,
            _ if base.ends_with('/') => format!("{base}{relative}"),
            _ => format!("{base}/{relative}"),
        };
        if matcher.is_match(&name) {
            let metadata = fs::metadata(&path).map_err(Error::read(&path))?;
            sources.push(source(input, name, path, &metadata)?);
        } else {
            others.push(name);
        }
    }
    if sources.is_empty() {
        let hint = match others.first() {
            Some(other) => format!(": {} other files are there, such as `{other}`", others.len()),
            None => ": there are no files".to_owned(),
        };
        return Err(EntryError::NoInput { path: input.path.clone(), hint }.into());
    }
    Ok(sources)
}

fn glob(input: &Input) -> Result<GlobMatcher> {
    let built = GlobBuilder::new(&input.path).literal_separator(true).build();
    built
        .map(|glob| glob.compile_matcher())
        .map_err(|source| EntryError::Pattern { path: input.path.clone(), source }.into())
}

/// Regular files below a folder and their paths relative to it, with `/`; hidden ones and pipes are left out.
fn walk(folder: &Path, depth: usize) -> Result<Vec<(String, PathBuf)>> {
    let mut files = Vec::new();
    let visible = |entry: &DirEntry| entry.depth() == 0 || !entry.file_name().as_encoded_bytes().starts_with(b".");
    let entries = WalkDir::new(folder).max_depth(depth).follow_links(true).sort_by_file_name();
    for entry in entries.into_iter().filter_entry(visible) {
        match entry {
            Ok(entry) if entry.file_type().is_file() => {
                let relative = entry.path().strip_prefix(folder).unwrap_or(entry.path());
                let parts: Vec<_> = relative.iter().map(shown).collect();
                files.push((parts.join("/"), entry.into_path()));
            }
            Ok(entry) if entry.file_type().is_dir() => {}
            Ok(entry) => tracing::warn!(path = %entry.path().display(), "not a file, left out"),
            Err(error) if dangles(&error) => {
                tracing::warn!(%error, "a link that leads in a circle or nowhere is left out");
            }
            Err(error) => {
                let path = error.path().unwrap_or(folder).to_owned();
                let source = error.into_io_error().unwrap_or_else(|| std::io::ErrorKind::Other.into());
                return Err(Error::Read { path, source });
            }
        }
    }
    Ok(files)
}

/// A name as text; bytes that are no UTF-8 are written `\xFF`, so that two files never share a name.
fn shown(name: &OsStr) -> String {
    let mut text = String::new();
    for chunk in name.as_bytes().utf8_chunks() {
        text.push_str(chunk.valid());
        for byte in chunk.invalid() {
            write!(text, "\\x{byte:02X}").expect("a string takes any text");
        }
    }
    text
}

/// Whether a symbolic link leads back to a folder above it, to itself or to nothing.
fn dangles(error: &walkdir::Error) -> bool {
    let link = error.path().and_then(|path| fs::symlink_metadata(path).ok()).is_some_and(|meta| meta.is_symlink());
    let denied = error.io_error().is_some_and(|error| error.kind() == std::io::ErrorKind::PermissionDenied);
    error.loop_ancestor().is_some() || link && !denied
}

pub(super) fn source(input: &Input, name: String, path: PathBuf, metadata: &Metadata) -> Result<Source> {
    if !metadata.is_file() {
        return Err(EntryError::NotAFile { path }.into());
    }
    let (format, named) = kind_of(&path);
    let Some(format) = input.format.or(format) else {
        return Err(EntryError::UnknownFormat { path }.into());
    };
    let mut start = Vec::new();
    let file = File::open(&path).map_err(Error::read(&path))?;
    file.take(MAGIC_BYTES as u64).read_to_end(&mut start).map_err(Error::read(&path))?;
    let compression = Compression::of_bytes(&start);
    if named != Compression::None && compression != named && !start.is_empty() {
        return Err(Error::NotCompressed { path, named: named.name() });
    }
    Ok(Source {
        name,
        format,
        compression,
        encoding: input.encoding.clone(),
        columns: input.columns.clone(),
        bytes: metadata.len(),
        modified_nanos: modified_nanos(metadata),
        path,
    })
}

/// What a file's extensions say, such as `.jsonl.gz`.
pub(super) fn kind_of(path: &Path) -> (Option<Format>, Compression) {
    let name = path.file_name().unwrap_or_default().to_string_lossy().to_lowercase();
    let (stem, last) = name.rsplit_once('.').unwrap_or((&name, ""));
    let compression = Compression::of_extension(last);
    let extension =
        if compression == Compression::None { last } else { stem.rsplit_once('.').map_or("", |split| split.1) };
    (Format::of_extension(extension), compression)
}

/// What lies beside a path that is not there.
pub(crate) fn neighbours(path: &Path) -> String {
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let Ok(entries) = fs::read_dir(parent) else {
        return format!(": there is no folder `{}`", parent.display());
    };
    let names: Vec<String> = entries.flatten().map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
    let word = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    suggest::hint(&word, names.iter().map(String::as_str))
}
