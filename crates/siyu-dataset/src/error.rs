//! Why a dataset cannot be used.

use std::{io, path::PathBuf};

/// The result of every fallible function of this crate.
pub type Result<T> = std::result::Result<T, Error>;

/// Why a dataset cannot be used. No message holds text of a document.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The directory holds no manifest: it is no dataset, or its run did not end.
    #[error("`{path}` does not exist; is this a dataset directory, and did its run end?")]
    NoManifest {
        /// Where the manifest was looked for.
        path: PathBuf,
    },
    /// A file could not be read.
    #[error("cannot read `{path}`")]
    Read {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
    /// A file could not be written.
    #[error("cannot write `{path}`; is the disk full or the directory read-only?")]
    Write {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
    /// The manifest is not what this crate writes.
    #[error("`{path}` is not a manifest; write the dataset again")]
    Malformed {
        /// The manifest.
        path: PathBuf,
        /// What was expected, with its line and column.
        source: serde_json::Error,
    },
    /// The manifest was written by another version of the format.
    #[error(
        "`{path}` has format version {found} but this siyu reads version {supported}; \
         use the siyu that wrote the dataset, or write it again"
    )]
    FormatVersion {
        /// The manifest.
        path: PathBuf,
        /// The version it names.
        found: u64,
        /// The version this crate reads.
        supported: u32,
    },
    /// Two numbers of the manifest that must be equal are not.
    #[error(
        "the manifest contradicts itself: {what} is {found} but should be {expected}; \
         write the dataset again"
    )]
    Sum {
        /// Which number.
        what: String,
        /// Its value.
        found: u64,
        /// What the other numbers make of it.
        expected: u64,
    },
    /// What the manifest says at one place is not what it says at another.
    #[error(
        "the manifest contradicts itself: {what} is `{found}` but should be `{expected}`; \
         it was changed after the run, write the dataset again"
    )]
    Contradiction {
        /// What.
        what: String,
        /// What it says.
        found: String,
        /// What it says elsewhere.
        expected: String,
    },
    /// The manifest names a file outside the dataset.
    #[error("the manifest lists `{path}`, which is not a path inside the dataset; do not trust this dataset")]
    OutsidePath {
        /// The path as the manifest has it.
        path: String,
    },
    /// A file of the manifest is gone.
    #[error("`{path}` is missing but the manifest lists it; write the dataset again")]
    Missing {
        /// The file, inside the dataset.
        path: String,
    },
    /// A file lies among the shards that the manifest does not list.
    #[error("`{path}` is not in the manifest; remove it, or a reader of the folder takes it for a shard")]
    Surplus {
        /// The file, inside the dataset.
        path: String,
    },
    /// A file has another size than when it was written.
    #[error(
        "`{path}` has {found} bytes but its manifest says {expected}; it was cut or changed after the run, write the dataset again"
    )]
    Bytes {
        /// The file, inside the dataset.
        path: String,
        /// Its size.
        found: u64,
        /// The size it was written with.
        expected: u64,
    },
    /// A file has other bytes than when it was written.
    #[error("`{path}` does not match its hash; it was changed after the run, write the dataset again")]
    Hash {
        /// The file, inside the dataset.
        path: String,
    },
    /// A file is no Parquet that can be read.
    #[error("`{path}` cannot be read as Parquet; write the dataset again")]
    Parquet {
        /// The file, inside the dataset.
        path: String,
        /// What the reader said.
        source: parquet::errors::ParquetError,
    },
    /// A batch of a file cannot be decoded.
    #[error("`{path}` cannot be decoded; write the dataset again")]
    Decode {
        /// The file, inside the dataset.
        path: String,
        /// What the reader said.
        source: arrow::error::ArrowError,
    },
    /// A file has another number of rows than the manifest says.
    #[error("`{path}` has {found} rows but its manifest says {expected}; write the dataset again")]
    Rows {
        /// The file, inside the dataset.
        path: String,
        /// Its rows.
        found: u64,
        /// The rows of the manifest.
        expected: u64,
    },
    /// A shard holds another number of documents than the manifest says.
    #[error("`{path}` holds {found} documents but its manifest says {expected}; write the dataset again")]
    Documents {
        /// The shard, inside the dataset.
        path: String,
        /// The documents in its rows.
        found: u64,
        /// The documents of the manifest.
        expected: u64,
    },
    /// A row is not what packing makes.
    #[error("row {row} of `{path}` {problem}; it was changed after the run, write the dataset again")]
    Packing {
        /// The shard, inside the dataset.
        path: String,
        /// The row in the shard, from 0.
        row: u64,
        /// What is wrong with it.
        problem: &'static str,
    },
    /// A shard has another number of tokens than the manifest says.
    #[error("`{path}` has {found} tokens but its manifest says {expected}; write the dataset again")]
    Tokens {
        /// The shard, inside the dataset.
        path: String,
        /// The sum of its `token_count`.
        found: u64,
        /// The tokens of the manifest.
        expected: u64,
    },
    /// A file has other columns than it should.
    #[error("`{path}` has the columns {found} but should have {expected}; write the dataset again")]
    Columns {
        /// The file, inside the dataset.
        path: String,
        /// Its columns with their types.
        found: String,
        /// The columns of the manifest.
        expected: String,
    },
    /// A side that the dataset does not have.
    #[error("the dataset has no split `{side}`, only {known}")]
    NoSide {
        /// The side.
        side: String,
        /// Those that it has.
        known: String,
    },
    /// The columns do not make the format that is asked for.
    #[error(
        "the dataset lacks the columns {missing}; it has {columns}; \
         add `instruct` to its pipeline, or export it as `jsonl`"
    )]
    NotExportable {
        /// The columns that are not there.
        missing: &'static str,
        /// The columns that are.
        columns: String,
    },
    /// A row holds something else than a list of messages.
    #[error("row {row} of `{path}` holds no list of messages with role and content; export the dataset as `jsonl`")]
    Messages {
        /// The shard, inside the dataset.
        path: String,
        /// The row in the shard, from 0.
        row: u64,
    },
    /// What is exported cannot be written.
    #[error("cannot write the rows")]
    Output {
        /// What the operating system said.
        source: io::Error,
    },
    /// The same content is on two sides of the split.
    #[error(
        "{found} contents are on more than one side of the split; for one, row {} of `{}` (id `{}`) equals row {} of `{}` (id `{}`); \
         {advice}",
        .first.row, .first.shard, .first.id, .second.row, .second.shard, .second.id
    )]
    Leak {
        /// Contents on more than one side.
        found: u64,
        /// A row.
        first: Box<Place>,
        /// A row of another side with the same content.
        second: Box<Place>,
        /// What to do.
        advice: &'static str,
    },
    /// The ledger and the shards have a content on different sides.
    #[error(
        "{found} contents of the shards are not in `{ledger}` with their side; for one, row {} of `{}` (id `{}`); \
         the dataset was changed after the run, write it again",
        .first.row, .first.shard, .first.id
    )]
    Ledger {
        /// The ledger, inside the dataset.
        ledger: String,
        /// Contents that the ledger lacks, or has on another side.
        found: u64,
        /// A row that holds one.
        first: Box<Place>,
    },
    /// The ledger has a content on two sides.
    #[error("`{path}` has {found} contents on two sides; it was changed after the run, write the dataset again")]
    TornLedger {
        /// The ledger, inside the dataset.
        path: String,
        /// Contents on two sides.
        found: u64,
    },
    /// Two rows on different sides of the split are more alike than it allows.
    #[error(
        "{found} pairs of rows on different sides of the split are at least {least} alike; for one, row {} of `{}` (id `{}`) \
         and row {} of `{}` (id `{}`) are {similarity} alike; the shards were changed after the run, write the dataset again",
        .first.row, .first.shard, .first.id, .second.row, .second.shard, .second.id
    )]
    NearLeak {
        /// Pairs that are too much alike.
        found: u64,
        /// The similarity from which on rows must be on one side.
        least: f64,
        /// The similarity of the two rows.
        similarity: f64,
        /// A row.
        first: Box<Place>,
        /// A row of another side that resembles it.
        second: Box<Place>,
    },
    /// A value that must keep its rows together is on two sides.
    #[error(
        "{found} values of `{column}` are on more than one side of the split, which keeps them together; \
         the shards were changed after the run, write the dataset again"
    )]
    GroupLeak {
        /// The column.
        column: String,
        /// Values on more than one side.
        found: u64,
    },
    /// Rows that are kept for a judgement are no training data.
    #[error("the side `{side}` is kept for judging the model and is no training data; only `train` is")]
    NotTraining {
        /// The side.
        side: String,
    },
    /// Rows that a model learns from say nothing about it.
    #[error("the side `train` cannot judge a model that learns from it; add `split` to the pipeline")]
    NotEvaluation,
    /// A shard is entered under another side than the one it was written for.
    #[error(
        "the manifest lists `{path}` under the side `{side}`; it was changed after the run, write the dataset again"
    )]
    MisplacedShard {
        /// The shard, inside the dataset.
        path: String,
        /// The side.
        side: String,
    },
    /// The rows are no tokens.
    #[error("the dataset has no `input_ids` and `labels`; add `tokenize` as the last step of its pipeline")]
    NotTokenized,
    /// The ids are those of another tokenizer.
    #[error(
        "the dataset was tokenized with `{path}` (blake3 {found}) but the model's tokenizer.json has the hash {expected}; \
         set `tokenizer` of the step `tokenize` to the model's and run the pipeline again"
    )]
    OtherTokenizer {
        /// The tokenizer as the pipeline names it.
        path: String,
        /// Its hash.
        found: String,
        /// The hash of the model's.
        expected: String,
    },
    /// The labels of a row do not fit its ids.
    #[error("`{path}` has a row whose `labels` do not go with its `input_ids`; write the dataset again")]
    Labels {
        /// The shard, inside the dataset.
        path: String,
    },
    /// A token that the model does not know.
    #[error("`{path}` holds the token {id}, but the model knows {vocab} tokens; is it the model of this tokenizer?")]
    TokenId {
        /// The shard, inside the dataset.
        path: String,
        /// The token.
        id: i32,
        /// The size of the model's vocabulary.
        vocab: usize,
    },
    /// No row of a side is left to be used.
    #[error(
        "the side `{side}` has no row that can be used: {without_labels} have nothing to learn (all labels are -100) \
         and {too_long} are longer than {max_tokens} tokens"
    )]
    NoUsableRows {
        /// The side.
        side: String,
        /// Rows without labels.
        without_labels: u64,
        /// Rows that are too long.
        too_long: u64,
        /// Longest row that the model takes.
        max_tokens: usize,
    },
}

/// Where a row is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The shard, inside the dataset.
    pub shard: String,
    /// The row in the shard, from 0.
    pub row: u64,
    /// The document's id; empty where the shards have none.
    pub id: String,
}
