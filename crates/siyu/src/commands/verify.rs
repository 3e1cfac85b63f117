//! `siyu verify`.

use std::io::Write;
use std::path::PathBuf;

/// Re-reads every file of a dataset and compares it with the manifest.
///
/// Hashes, sizes, columns and row counts must match, packed documents must lie as their lengths say, and no content may be on two sides of the split.
#[derive(clap::Args)]
#[command(after_help = "\
Example:
  siyu verify out/legal && echo whole")]
pub(crate) struct Verify {
    /// Directory that holds `manifest.json`.
    dataset: PathBuf,
}

impl Verify {
    pub(crate) fn run(self, out: &mut impl Write) -> anyhow::Result<()> {
        let found = siyu_dataset::Dataset::open(&self.dataset)?.verify(|_| {})?;
        let of = found.documents.map_or_else(String::new, |documents| format!(" of {documents} documents"));
        writeln!(out, "{} shards, {} rows{of}: all match", found.shards, found.rows)?;
        if let Some(proof) = found.near {
            writeln!(out, "{} pairs of rows on two sides compared, none alike: {}", proof.checked, proof.method)?;
        }
        Ok(())
    }
}
