//! A look at the columns of files before a run, for names that are misspelt.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::borders::{Rule, Verdict};
use super::{Block, Content, Cutter, Limits, Source};
use crate::error::Result;

/// Files that are looked into; where there are more, nothing is said of their columns.
const FILES: usize = 1000;
/// Records of a file that are looked into; a table and a Parquet file name their columns at once.
const RECORDS: usize = 200;

/// The first of `names` that no file has among its first records, and the columns that there are.
///
/// # Errors
/// A file that cannot be read.
pub(crate) fn absent(sources: &[Source], names: &[String]) -> Result<Option<(usize, Vec<String>)>> {
    if names.is_empty() || sources.len() > FILES {
        return Ok(None);
    }
    let mut left: BTreeSet<usize> = (0..names.len()).collect();
    let mut seen = BTreeSet::new();
    for source in sources {
        let columns = columns_of(source)?;
        left.retain(|&name| !columns.contains(source.field(&names[name])));
        if left.is_empty() {
            return Ok(None);
        }
        seen.extend(columns);
    }
    Ok(left.first().map(|&name| (name, seen.into_iter().collect())))
}

/// The columns that a file's first records have, by their own names.
fn columns_of(source: &Source) -> Result<BTreeSet<String>> {
    let mut cutter = Cutter::glance(Arc::from([source.clone()]));
    let mut columns = BTreeSet::new();
    if let Some(block) = cutter.next()? {
        add(&block, &mut columns);
    }
    Ok(columns)
}

fn add(block: &Block, columns: &mut BTreeSet<String>) {
    for part in &block.parts {
        match &part.content {
            Content::Records { header: Some(header), .. } => columns.extend(header.iter().cloned()),
            Content::Records { bytes, rule, header: None } => objects(bytes, *rule, columns),
            Content::Document { .. } => {
                columns.insert("text".to_owned());
            }
            Content::RowGroup { footer, .. } => {
                columns.extend(footer.schema().fields().iter().map(|field| field.name().clone()));
            }
        }
    }
}

/// Adds the keys of the first JSON objects; what is no object has none.
fn objects(bytes: &[u8], rule: Rule, columns: &mut BTreeSet<String>) {
    let limits = Limits::default();
    let mut rest = bytes;
    for _ in 0..RECORDS {
        let Some(span) = rule.first(rest, true, &limits) else { return };
        let record = rest.get(..span.end).filter(|_| span.verdict == Verdict::Record);
        let record = record.and_then(|record| simdutf8::basic::from_utf8(record).ok());
        for (key, _) in record.into_iter().flat_map(|record| sonic_rs::to_object_iter(record.trim())).flatten() {
            if !columns.contains::<str>(key.as_ref()) {
                columns.insert(key.to_string());
            }
        }
        rest = rest.get(span.next..).unwrap_or_default();
    }
}

#[cfg(test)]
mod tests {
    use super::absent;
    use crate::input::{Input, discover};

    fn missing(files: &[(&str, &str)], names: &[&str]) -> Option<(String, Vec<String>)> {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in files {
            std::fs::write(folder.path().join(name), text).unwrap();
        }
        let path = folder.path().display().to_string();
        let sources = discover(&[Input { path, ..Input::default() }]).unwrap();
        let names: Vec<String> = names.iter().map(|&name| name.to_owned()).collect();
        absent(&sources, &names).unwrap().map(|(name, has)| (names[name].clone(), has))
    }

    #[test]
    fn a_column_that_one_file_has_is_there() {
        let files =
            [("a.csv", "text,title\n1,2\n"), ("b.jsonl", "{\"text\": \"x\"}\n[\n{\"year\": null}\n"), ("c.txt", "x")];
        assert_eq!(missing(&files, &["title", "year", "text"]), None);
    }

    #[test]
    fn a_column_that_no_file_has_is_named_with_those_that_there_are() {
        let files = [("a.json", "[{\"text\": \"x\", \"title\": {\"titel\": 1}}]"), ("b.tsv", "text\tdate\n1\t2\n")];
        let has = ["date", "text", "title"].map(str::to_owned).to_vec();
        assert_eq!(missing(&files, &["title", "titel"]), Some(("titel".to_owned(), has)));
    }
}
