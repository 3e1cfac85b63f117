//! The feed of a trainer: tokenized rows by number, and the order in which an epoch reads them.
//!
//! Nothing is opened that was not verified, rows kept for validation or test are no training data, and ids of another
//! tokenizer are refused. Where rows hold several documents, each of these is a row of the feed: a trainer learns the
//! same from a dataset whether it was packed or not. Row groups are decoded when a row of them is wanted; the last ones stay in memory.

mod cache;
mod order;
mod permutation;
mod scan;

use std::sync::Arc;

use crate::{Dataset, Error, LeakProof, Result, dataset::text};
use cache::Cache;
pub use order::Order;
use scan::{Group, scan};

/// What the rows are for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// A model learns from them: only the side `train` may be read.
    Training,
    /// A model is judged by them: any side but `train`.
    Evaluation,
}

/// Which rows a trainer wants.
#[derive(Clone, Copy, Debug)]
pub struct Wanted<'a> {
    /// The side, such as `train`.
    pub split: &'a str,
    /// What they are for.
    pub purpose: Purpose,
    /// The blake3 hash of the model's `tokenizer.json`, in hexadecimal.
    pub tokenizer: &'a str,
    /// The vocabulary of the model: ids lie below it.
    pub vocab: usize,
    /// Longest row that the model can take, in tokens.
    pub max_tokens: usize,
}

/// A row as a trainer reads it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenRow {
    /// The row's number: its place among all rows of the side, in shard order.
    pub row: u64,
    /// The tokens.
    pub ids: Vec<i32>,
    /// What is learnt at each token, −100 where nothing is; as long as `ids`.
    pub labels: Vec<i32>,
}

/// What is known of a row without reading it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RowSize {
    /// The row's number.
    pub row: u64,
    /// Its tokens.
    pub tokens: u32,
    /// Tokens of it that are learnt: labels behind the first token that are not −100.
    pub labels: u32,
}

/// Rows that cannot be used, and the ids of the first of them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Unusable {
    /// How many there are.
    pub count: u64,
    /// The ids of the first five.
    pub ids: Vec<String>,
}

/// The tokenized rows of one side of a dataset, all of them verified.
///
/// Memory is 16 bytes a row, and the row groups that were read last: at most those of one window of an [`Order`],
/// twice.
#[derive(Debug)]
pub struct TokenRows {
    dataset: Dataset,
    groups: Arc<[Group]>,
    cache: Cache,
    without_labels: Unusable,
    too_long: Unusable,
}

impl Dataset {
    /// Opens the tokenized rows of one side: reads every shard of it once, compares it with the manifest and counts
    /// tokens and labels.
    ///
    /// `progress` is called with the size of each shard that has passed.
    ///
    /// # Errors
    /// [`Error::NotTraining`] and [`Error::NotEvaluation`] for rows of the wrong side, [`Error::OtherTokenizer`] and
    /// [`Error::NotTokenized`] for rows that the model cannot read, [`Error::Sum`] where the manifest contradicts itself or
    /// found the same content on two sides, [`Error::NoUsableRows`] where nothing is left, and whatever
    /// [`Dataset::verify`] finds wrong with a shard.
    pub fn token_rows(&self, wanted: &Wanted<'_>, progress: impl Fn(u64) + Sync) -> Result<TokenRows> {
        self.admit(wanted)?;
        let scanned = scan(self, wanted, progress)?;
        let mut rows = TokenRows {
            dataset: self.clone(),
            cache: Cache::new(2 * order::WINDOW_GROUPS),
            groups: scanned.groups.into(),
            without_labels: Unusable { count: scanned.without_labels.count, ids: Vec::new() },
            too_long: Unusable { count: scanned.too_long.count, ids: Vec::new() },
        };
        rows.without_labels.ids = rows.ids(&scanned.without_labels.first)?;
        rows.too_long.ids = rows.ids(&scanned.too_long.first)?;
        if rows.is_empty() {
            return Err(Error::NoUsableRows {
                side: wanted.split.to_owned(),
                without_labels: rows.without_labels.count,
                too_long: rows.too_long.count,
                max_tokens: wanted.max_tokens,
            });
        }
        Ok(rows)
    }

    /// Refuses sides, tokenizers and datasets that a trainer must not read.
    fn admit(&self, wanted: &Wanted<'_>) -> Result<()> {
        let (side, manifest) = (wanted.split.to_owned(), self.manifest());
        manifest.check_sums()?;
        match wanted.purpose {
            Purpose::Training if side != "train" => return Err(Error::NotTraining { side }),
            Purpose::Evaluation if side == "train" => return Err(Error::NotEvaluation),
            _ => {}
        }
        let mut sides: Vec<String> = manifest.shards.iter().map(|shard| format!("`{}`", shard.split)).collect();
        sides.sort();
        sides.dedup();
        if !sides.contains(&format!("`{side}`")) {
            return Err(Error::NoSide { side, known: sides.join(", ") });
        }
        // A shard of another side that was entered as one of this side.
        if let Some(shard) = self.shards(wanted.split).find(|shard| !shard.path.starts_with(&format!("data/{side}-"))) {
            return Err(Error::MisplacedShard { path: shard.path.clone(), side });
        }
        let Some(tokenizer) = &manifest.tokenizer else { return Err(Error::NotTokenized) };
        if tokenizer.hash != wanted.tokenizer {
            return Err(Error::OtherTokenizer {
                path: tokenizer.path.clone(),
                found: tokenizer.hash.clone(),
                expected: wanted.tokenizer.to_owned(),
            });
        }
        Ok(())
    }
}

impl TokenRows {
    /// Rows that can be used.
    pub fn len(&self) -> u64 {
        self.groups.last().map_or(0, |group| group.first_usable + group.usable.len() as u64)
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The sizes of all usable rows, in shard order.
    pub fn sizes(&self) -> impl Iterator<Item = RowSize> {
        self.groups.iter().flat_map(|group| {
            group.usable.iter().map(|row| RowSize {
                row: group.first_row + u64::from(row.row),
                tokens: row.tokens,
                labels: row.labels,
            })
        })
    }

    /// Rows of which nothing can be learnt.
    pub fn without_labels(&self) -> &Unusable {
        &self.without_labels
    }

    /// Rows that are longer than the model takes.
    pub fn too_long(&self) -> &Unusable {
        &self.too_long
    }

    /// Most tokens of a row of the shards, where their rows hold several documents.
    pub fn packed_tokens(&self) -> Option<u64> {
        self.dataset.manifest().packing.as_ref().map(|packing| packing.max_tokens)
    }

    /// The manifest's proof that the sides of the split share no content, where there is a split.
    pub fn leak_proof(&self) -> Option<&LeakProof> {
        self.dataset.manifest().split.as_ref().map(|split| &split.leak)
    }

    /// The order in which an epoch reads the rows: a pure function of seed and epoch.
    pub fn order(&self, seed: u64, epoch: u64) -> Order {
        Order::new(Arc::clone(&self.groups), Some((seed, epoch)))
    }

    /// All usable rows in shard order.
    pub fn in_shard_order(&self) -> Order {
        Order::new(Arc::clone(&self.groups), None)
    }

    /// Reads a row by its number.
    ///
    /// # Errors
    /// Where its shard can no longer be read.
    ///
    /// # Panics
    /// Where no row has this number.
    pub fn read(&self, row: u64) -> Result<TokenRow> {
        let index = self.group_of(row);
        let group = &self.groups[index];
        let tokens = self.cache.get(index, || scan::decode(&self.dataset, group))?;
        let within = usize::try_from(row - group.first_row).expect("a row group is held in memory");
        let (ids, labels) = tokens.row(within);
        Ok(TokenRow { row, ids: ids.to_vec(), labels: labels.to_vec() })
    }

    /// The id of a row's document, for messages: empty where the shards have none.
    ///
    /// # Errors
    /// Where its shard can no longer be read.
    ///
    /// # Panics
    /// Where no row has this number.
    pub fn id(&self, row: u64) -> Result<String> {
        Ok(self.text(row, "id")?.unwrap_or_default())
    }

    /// What a row has in a text column; `None` where that is null, or the shards have no such column of text.
    ///
    /// # Errors
    /// Where its shard can no longer be read.
    ///
    /// # Panics
    /// Where no row has this number.
    pub fn text(&self, row: u64, column: &str) -> Result<Option<String>> {
        let group = &self.groups[self.group_of(row)];
        let (batch, _) = self.dataset.document(&group.shard, group.first_in_shard + row - group.first_row)?;
        Ok(text(&batch, column, 0))
    }

    fn ids(&self, rows: &[u64]) -> Result<Vec<String>> {
        rows.iter().map(|&row| self.id(row)).collect()
    }

    fn group_of(&self, row: u64) -> usize {
        let index = self.groups.partition_point(|group| group.first_row <= row);
        index.checked_sub(1).expect("the first group begins with row 0")
    }
}
