//! Looks for values on two sides of the split that keep their rows together whatever the texts.

use rayon::prelude::*;
use xxhash_rust::xxh3::xxh3_128;

use super::strings;
use crate::{Dataset, Error, NearRule, Result, dataset::decoded, folded::folded_hashes, leak, tied_columns};

/// Columns that keep rows together, and whether they do so as a content whose white space does not count.
struct Tie<'a> {
    columns: Vec<&'a str>,
    folded: bool,
}

/// Proves that no value is on two sides which keeps its rows together; returns what cannot be shown, and why.
///
/// # Errors
/// [`Error::GroupLeak`] names the columns.
pub(super) fn prove(dataset: &Dataset, rule: &NearRule, recorded: bool) -> Result<Vec<String>> {
    let mut ties: Vec<Tie<'_>> =
        rule.group_by.iter().map(|name| Tie { columns: vec![name.as_str()], folded: false }).collect();
    // Before there were ledgers, only equal inputs were kept together.
    let tied = tied_columns(&rule.columns).into_iter().map(|part| {
        let columns: Vec<&str> = part.into_iter().map(|position| rule.columns[position].as_str()).collect();
        Tie { columns, folded: true }
    });
    ties.extend(tied.filter(|tie| recorded || tie.columns == ["input"]));
    let mut unproven = Vec::new();
    for tie in ties {
        let absent: Vec<&str> =
            tie.columns.iter().copied().filter(|name| !dataset.manifest().has_column(name)).collect();
        if absent.is_empty() {
            tie.prove(dataset)?;
        } else {
            let (columns, absent) = (tie.columns.join("`, `"), absent.join("`, `"));
            unproven.push(format!("that no `{columns}` is on two sides: the shards lack the column `{absent}`"));
        }
    }
    Ok(unproven)
}

impl Tie<'_> {
    fn prove(&self, dataset: &Dataset) -> Result<()> {
        let sides = leak::sides(dataset);
        let hashes = dataset.manifest().shards.par_iter().map(|shard| {
            let side = sides.binary_search(&shard.split.as_str()).unwrap_or(sides.len());
            let mut hashes = Vec::new();
            for documents in dataset.documents(&shard.path, &self.columns)? {
                let batch = documents?.batch;
                if self.folded {
                    let contents = decoded(&shard.path, folded_hashes(&batch, &self.columns))?;
                    hashes.extend(contents.into_iter().flatten().map(|hash| leak::marked(hash, side)));
                } else {
                    let values = decoded(&shard.path, strings(&batch, self.columns[0]))?;
                    let given = values.iter().flatten().filter(|value| !value.trim().is_empty());
                    hashes.extend(given.map(|value| leak::marked(xxh3_128(value.as_bytes()), side)));
                }
            }
            Ok(hashes)
        });
        let mut all = Vec::new();
        for shard in hashes.collect::<Vec<Result<Vec<u128>>>>() {
            all.extend(shard?);
        }
        match leak::on_two_sides(&mut all).len() as u64 {
            0 => Ok(()),
            found => Err(Error::GroupLeak { column: self.columns.join("`, `"), found }),
        }
    }
}
