//! The sums that a manifest proves.

use std::collections::BTreeMap;

use super::{Manifest, PartRecord, PipelineRecord};
use crate::{Error, Result};

impl Manifest {
    /// Checks every sum that the manifest's own numbers allow; reads no other file.
    ///
    /// # Errors
    /// [`Error::Sum`] names the first number that contradicts the others.
    pub fn check_sums(&self) -> Result<()> {
        let (rows, pipeline) = (&self.rows, &self.pipeline);
        agree("`pipeline.hash`", &pipeline.hash, &PipelineRecord::of(pipeline.text.as_str()).hash)?;
        equal(
            "`rows.input` + `rows.created`",
            rows.input + rows.created,
            rows.written + rows.dropped + rows.quarantined,
        )?;
        self.check_funnel()?;
        self.check_files()?;
        self.check_packing()?;
        self.check_split()
    }

    fn check_funnel(&self) -> Result<()> {
        let rows = &self.rows;
        let mut living = rows.input.saturating_sub(rows.quarantined);
        for step in &self.steps {
            let name = &step.step;
            equal(format_args!("`rows_in` of step `{name}`"), step.rows_in, living)?;
            let left = (step.rows_in + step.created).saturating_sub(step.dropped);
            equal(format_args!("`rows_out` of step `{name}`"), step.rows_out, left)?;
            living = step.rows_out;
        }
        equal("`rows.written`", rows.written, living)?;
        let dropped = self.steps.iter().map(|step| step.dropped).sum();
        equal("`rows.dropped`", rows.dropped, dropped)?;
        let created = self.steps.iter().map(|step| step.created).sum();
        equal("`rows.created`", rows.created, created)
    }

    fn check_files(&self) -> Result<()> {
        let rows = &self.rows;
        let read = self.inputs.iter().map(|input| input.rows).sum();
        equal("`rows.input`", rows.input, read)?;
        let unreadable = self.inputs.iter().map(|input| input.quarantined).sum();
        equal("`rows.quarantined`", rows.quarantined, unreadable)?;
        equal("the sum of rows of the shards", self.document_count(), rows.written)?;
        let listed = |parts: &[PartRecord]| parts.iter().map(|part| part.rows).sum();
        equal("the sum of rows under `dropped`", listed(&self.dropped), rows.dropped)?;
        equal("the sum of rows under `quarantine`", listed(&self.quarantine), rows.quarantined)
    }

    /// Where rows hold several documents, every document is counted in its shard, and every row has room for its own.
    fn check_packing(&self) -> Result<()> {
        let Some(packing) = &self.packing else {
            let counted = self.shards.iter().filter_map(|shard| shard.documents).sum();
            return equal("the number of documents of the shards", counted, 0);
        };
        equal("`packing.rows`", packing.rows, self.row_count())?;
        equal("`packing.documents`", packing.documents, self.document_count())?;
        let tokens: u64 = self.shards.iter().filter_map(|shard| shard.tokens).sum();
        equal("`packing.tokens`", packing.tokens, tokens.min(packing.rows.saturating_mul(packing.max_tokens)))
    }

    fn check_split(&self) -> Result<()> {
        let Some(split) = &self.split else {
            let divides =
                self.steps.iter().find(|step| step.step.split_once(' ').is_some_and(|(_, name)| name == "split"));
            return divides
                .map_or(Ok(()), |step| agree("`split`", "absent", &format!("the record of step `{}`", step.step)));
        };
        let mut written: BTreeMap<&str, u64> = BTreeMap::new();
        for shard in &self.shards {
            *written.entry(&shard.split).or_default() += shard.document_count();
        }
        for (side, &count) in &split.rows {
            let shards = written.remove(side.as_str()).unwrap_or_default();
            equal(format_args!("`split.rows.{side}`"), count, shards)?;
        }
        for (side, shards) in written {
            equal(format_args!("`split.rows.{side}`"), 0, shards)?;
        }
        split.check()
    }
}

/// Refuses words that contradict others of the manifest.
pub(super) fn agree(what: &str, found: &str, expected: &str) -> Result<()> {
    if found == expected {
        return Ok(());
    }
    Err(Error::Contradiction { what: what.to_owned(), found: found.to_owned(), expected: expected.to_owned() })
}

pub(super) fn equal(what: impl std::fmt::Display, found: u64, expected: u64) -> Result<()> {
    if found == expected {
        return Ok(());
    }
    Err(Error::Sum { what: what.to_string(), found, expected })
}
