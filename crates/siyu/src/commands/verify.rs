//! `siyu verify`.

use std::io::Write;
use std::path::PathBuf;

/// Re-reads every file of a dataset and compares it with the manifest.
///
/// Hashes, sizes, columns and row counts must match, packed documents must lie as their lengths say, the manifest must
/// agree with itself and with the pipeline it records, and nothing may be on two sides of the split. What the shards
/// cannot show, for lack of a column, is said.
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
        let dataset = siyu_dataset::Dataset::open(&self.dataset)?;
        dataset.manifest().check_sums()?;
        let unknown = siyu_ingest::record::compare(dataset.manifest())?;
        let found = dataset.verify(|_| {})?;
        let of = found.documents.map_or_else(String::new, |documents| format!(" of {documents} documents"));
        writeln!(out, "{} shards, {} rows{of}: all match", found.shards, found.rows)?;
        if let Some(proof) = found.near {
            let (checked, compared) = (proof.checked, found.compared);
            let method = proof.method;
            writeln!(
                out,
                "{checked} pairs of rows on two sides checked, none alike: {method} ({compared} compared closely)"
            )?;
        }
        for unproven in found.unproven.iter().chain(&unknown) {
            writeln!(out, "not proven: {unproven}")?;
        }
        Ok(())
    }
}
