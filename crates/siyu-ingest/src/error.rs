//! Why a pipeline cannot be read, planned or run.

mod chain;
mod entry;
mod make;
mod output;
mod refusal;

pub use chain::chain;
pub use entry::EntryError;
use make::{full, listed};
pub use output::OutputError;

use crate::pipeline::Diagnostic;
use std::io;
use std::path::PathBuf;

/// The crate's result.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why a pipeline cannot be read, planned or run.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The pipeline file says something that no pipeline can say.
    #[error("{0}")]
    Pipeline(Box<Diagnostic>),
    /// The command asks for something that cannot be done.
    #[error("{0}")]
    Refused(String),
    /// There is no such pipeline file.
    #[error("cannot read the pipeline `{path}`{hint}")]
    NoPipeline {
        /// The file.
        path: PathBuf,
        /// What is there in its place, or nothing.
        hint: String,
        /// What the system said.
        source: io::Error,
    },
    /// A file that a step needs cannot be read.
    #[error("step `{step}` cannot read `{path}`, named by its setting `{setting}`")]
    StepFile {
        /// Name of the step.
        step: &'static str,
        /// Its setting.
        setting: &'static str,
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// An entry of `input` cannot be used.
    #[error(transparent)]
    Entry(#[from] EntryError),
    /// The output folder cannot be used.
    #[error(transparent)]
    Output(#[from] OutputError),
    /// A setting holds a value that cannot be used.
    #[error("step `{step}`: setting `{setting}`: {problem}")]
    Setting {
        /// Name of the step.
        step: &'static str,
        /// Its setting.
        setting: &'static str,
        /// What is wrong and what would be right.
        problem: String,
    },
    /// A file or folder cannot be read.
    #[error("cannot read `{path}`")]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A file or folder cannot be written.
    #[error("cannot write `{path}`{}", full(source))]
    Write {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A file could be opened, but not read to its end.
    #[error("cannot read `{path}` beyond byte {offset}")]
    ReadAt {
        /// The file.
        path: PathBuf,
        /// Bytes that were read before.
        offset: u64,
        /// What the system said.
        source: io::Error,
    },
    /// A file was written to during the run.
    #[error("`{path}` changed while it was read; run again when nothing writes to it")]
    Changed {
        /// The file.
        path: PathBuf,
    },
    /// A file has other bytes than an earlier part of the run read.
    #[error(
        "`{path}`, or a file read just after it, has other bytes than when this run began; bring the old ones back, or start over with `--fresh`"
    )]
    InputRewritten {
        /// The file.
        path: PathBuf,
    },
    /// A file's extension promises a compression that its bytes do not show.
    #[error("`{path}` is named like {named} data but does not start like it; rename it or compress it again")]
    NotCompressed {
        /// The file.
        path: PathBuf,
        /// The compression that the name promises.
        named: &'static str,
    },
    /// A table's header row cannot be used.
    #[error("`{path}`: its header row cannot be read: {problem}")]
    Header {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        problem: String,
    },
    /// A table lacks a column that the pipeline needs.
    #[error("`{path}` has no column `{column}`{hint}; it has {}; name the right one under `columns`", listed(has))]
    NoColumn {
        /// The file.
        path: PathBuf,
        /// The column, by the name that the file should use.
        column: String,
        /// The columns that it has.
        has: Vec<String>,
        /// The nearest of them, or nothing.
        hint: String,
    },
    /// A Parquet file cannot be read.
    #[error("`{path}` cannot be read as Parquet; write or copy it again")]
    Parquet {
        /// The file.
        path: PathBuf,
        /// What the reader said.
        source: parquet::errors::ParquetError,
    },
    /// The engine failed.
    #[error("{context}")]
    Engine {
        /// What was being done.
        context: String,
        /// What DataFusion said.
        source: datafusion::error::DataFusionError,
    },
    /// A step reads a column that no step before it makes and no input gives.
    #[error("there is no column `{column}` here; there are {}", listed(has))]
    NoSuchColumn {
        /// The column.
        column: String,
        /// The columns that there are.
        has: Vec<String>,
    },
    /// A step reads a column that the input seems not to have.
    #[error(
        "no input file has a column `{column}`{hint}; their first rows have {}. If it comes only later, say so in the entry: `columns: {{ {column}: {column} }}`",
        listed(has)
    )]
    NotInInput {
        /// The column.
        column: String,
        /// The columns that were seen.
        has: Vec<String>,
        /// A column with a name like it, or nothing.
        hint: String,
    },
    /// More documents reach a step than it can number.
    #[error(
        "{documents} documents reach `{step}`, more than the 2147483647 it can number; divide the input into several runs"
    )]
    TooManyDocuments {
        /// Name of the step.
        step: &'static str,
        /// Documents that reach it.
        documents: u64,
    },
    /// Components are too large for the shares, which are to be met.
    #[error(
        "`strict_shares` is set and {problem}; raise `leak_similarity`, give other shares, or take `strict_shares` off; nothing was published"
    )]
    StrictShares {
        /// Which shares are missed, and for which components.
        problem: String,
    },
    /// What decided a row's side changes afterwards.
    #[error(
        "`{step}` changes `{column}` behind `split`, which keeps rows with equal values on one side; put `{step}` before `split`"
    )]
    ChangedAfterSplit {
        /// Name of the step.
        step: &'static str,
        /// The column.
        column: String,
    },
    /// A column `split` that is not that of the step.
    #[error(
        "a column `split` says which part of the dataset a row belongs to, and only the step `split` makes it; give this one another name, such as `columns: {{ part: split }}` in an entry of `input`, and use that in the steps"
    )]
    ForeignSplit,
    /// A row's side itself changes.
    #[error("`{step}` replaces the sides that the `split` before it has chosen; keep one of the two")]
    DividedTwice {
        /// Name of the step.
        step: &'static str,
    },
    /// Steps behind the split made rows of two sides equal in all that is written.
    #[error("{leak}, or add `{columns}` to `output.columns`; nothing was published")]
    EqualAfterSplit {
        /// Which rows.
        leak: String,
        /// The columns that the split went by.
        columns: String,
    },
    /// A table step was to work on single rows.
    #[error("`{step}` needs a whole table; only row steps can be tried on single rows")]
    NeedsTable {
        /// Name of the step.
        step: &'static str,
    },
    /// A file of the scratch folder cannot be used.
    #[error("scratch file `{path}` cannot be read: {problem}; start over with `--fresh`")]
    Scratch {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        problem: String,
    },
    /// The scratch folder, or a part of it, was taken away from a run.
    #[error(
        "the scratch folder `{path}` was removed or emptied while the run used it; nothing was published, run the same command again"
    )]
    ScratchGone {
        /// The folder.
        path: PathBuf,
    },
    /// The system gives no more threads.
    #[error("cannot start {threads} worker threads; choose fewer with `--threads`")]
    Threads {
        /// Threads that were wanted.
        threads: usize,
        /// What the system said.
        source: io::Error,
    },
    /// A worker panicked, which is a defect of this program.
    #[error(
        "internal error while {doing}; nothing was published, please report this; the same command goes on from the last finished piece"
    )]
    Panicked {
        /// What was being done.
        doing: String,
    },
    /// A dataset cannot be read.
    #[error(transparent)]
    Dataset(siyu_dataset::Error),
    /// Personal data stands in what was about to be published.
    #[error(
        "personal data survived: `{kind}` in column `{column}` of `{shard}`, row {row}, id `{id}`; nothing was published: a step after `mask_pii` made it, so mask again after that step, or set `recheck: false` if it is none"
    )]
    Survivor {
        /// What it is.
        kind: &'static str,
        /// The column.
        column: String,
        /// The shard.
        shard: String,
        /// The row in the shard, from 1.
        row: u64,
        /// The row's id.
        id: String,
    },
    /// The run was stopped.
    #[error("interrupted; run the same command again, without `--fresh`, to continue")]
    Interrupted,
    /// More rows could not be read than the pipeline allows.
    #[error(
        "more than `max_bad_rows: {most}` rows could not be read; see the inputs, or raise the bound and run again to continue"
    )]
    TooManyBadRows {
        /// The pipeline's bound.
        most: u64,
    },
    /// A larger share of the rows could not be read than the pipeline allows.
    #[error(
        "{bad} of {rows} rows could not be read, more than `max_bad_ratio: {most}` allows; are `format`, `encoding` and `columns` right?"
    )]
    TooLargeBadRatio {
        /// Rows that could not be read.
        bad: u64,
        /// All rows.
        rows: u64,
        /// The pipeline's bound.
        most: f64,
    },
    /// A task cannot be done where it was given to.
    #[error("on executor `{executor}`: {message}")]
    OnExecutor {
        /// Which.
        executor: String,
        /// What is wrong there.
        message: String,
        /// Whether the command or the pipeline is wrong.
        refusal: bool,
    },
    /// Those who do the work of a run cannot be reached, or do not get on.
    #[error("{0}")]
    Crew(String),
    /// A row was lost or counted twice, which is a defect of this program.
    #[error("rows do not add up: {sums}; nothing was published, please report this with the pipeline")]
    RowSum {
        /// The numbers.
        sums: String,
    },
}
