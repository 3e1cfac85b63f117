//! The pages beside a dataset: `report.json`, `report.html` and its card, `README.md`.
//!
//! All three are made of the same facts and nothing else, so the same dataset gives the same bytes.
//! The page needs no network and no script. Nothing here reads a shard.

mod format;
mod view;

use std::{
    collections::BTreeMap,
    fs,
    io::{self, Write},
    path::Path,
};

use minijinja::{Environment, syntax::SyntaxConfig, value::Serde};
use serde::{Deserialize, Serialize};
use siyu_dataset::Manifest;

use crate::near::NearReport;
use crate::statistics::Statistics;

/// What the pages are made of; `report.json` is this.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ReportFacts {
    /// What the dataset is called, such as the pipeline's file name.
    pub title: String,
    /// The manifest.
    pub manifest: Manifest,
    /// What the written documents look like.
    pub statistics: Statistics,
    /// Per step, why it dropped rows and how many; the empty reason where a step gives none.
    pub drop_reasons: BTreeMap<String, BTreeMap<String, u64>>,
    /// Why rows could not be read, and how many.
    pub quarantine_reasons: BTreeMap<String, u64>,
    /// What searches for near-duplicates found.
    #[serde(default)]
    pub near: Vec<NearReport>,
}

/// Writes `report.json` and `report.html` into a dataset directory.
pub fn write_report(directory: impl AsRef<Path>, facts: &ReportFacts) -> io::Result<()> {
    let mut json = serde_json::to_string_pretty(facts).map_err(io::Error::other)?;
    json.push('\n');
    replace(directory.as_ref(), "report.json", &json)?;
    replace(directory.as_ref(), "report.html", &render("report.html", facts))
}

/// Writes `README.md`, whose front matter tells `datasets.load_dataset` which files are which split.
pub fn write_card(directory: impl AsRef<Path>, facts: &ReportFacts) -> io::Result<()> {
    replace(directory.as_ref(), "README.md", &render("card.md", facts))
}

/// Fills in a template; names that end in `.html` are escaped as HTML.
fn render(template: &str, facts: &ReportFacts) -> String {
    let mut pages = Environment::new();
    let lines = SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).build();
    pages.set_syntax(lines.expect("the usual delimiters are no prefixes of each other"));
    format::add_filters(&mut pages);
    let sources = [
        ("report.html", include_str!("report/report.html")),
        ("style.css", include_str!("report/style.css")),
        ("card.md", include_str!("report/card.md")),
    ];
    for (name, source) in sources {
        pages.add_template(name, source).expect("the templates are part of the program and parse");
    }
    let page = pages.get_template(template).and_then(|page| page.render(Serde(view::View::of(facts))));
    let mut page = page.expect("the view has every name that the templates use");
    page.push('\n');
    page
}

/// Writes beside the target and renames. Only the owner may read it: it shows samples.
fn replace(directory: &Path, name: &str, text: &str) -> io::Result<()> {
    let mut file = tempfile::Builder::new().prefix(".report-").tempfile_in(directory)?;
    file.write_all(text.as_bytes())?;
    file.as_file().sync_all()?;
    file.persist(directory.join(name)).map_err(|error| error.error)?;
    fs::File::open(directory)?.sync_all()
}

#[cfg(test)]
mod tests;
