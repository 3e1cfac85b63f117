//! What is wrong with an entry of `input`.

use siyu_text::decode::UnknownEncoding;
use std::path::PathBuf;

/// Why an entry of `input` cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EntryError {
    /// It names no file.
    #[error("input `{path}` matches no file{hint}")]
    NoInput {
        /// The entry's path.
        path: String,
        /// What is there in its place, or nothing.
        hint: String,
    },
    /// A path names something that cannot be read twice, such as a pipe.
    #[error("input `{path}` is neither a file nor a folder; write its bytes to a file first")]
    NotAFile {
        /// The path.
        path: PathBuf,
    },
    /// A file's extension says nothing about its format.
    #[error(
        "input `{path}`: its extension tells no format; set `format` to one of jsonl, json, csv, tsv, parquet, text, markdown, html"
    )]
    UnknownFormat {
        /// The file.
        path: PathBuf,
    },
    /// It names an encoding that does not exist.
    #[error("input `{path}`: setting `encoding`")]
    Encoding {
        /// The entry's path.
        path: String,
        /// What is wrong with the label.
        source: UnknownEncoding,
    },
    /// It is not a glob pattern.
    #[error("input `{path}` is not a valid pattern")]
    Pattern {
        /// The entry's path.
        path: String,
        /// What is wrong with it.
        source: globset::Error,
    },
    /// Two entries of `input` want to read one file in different ways.
    #[error("input `{path}` is named by two entries that differ in format, encoding or columns; keep one of them")]
    Conflict {
        /// The file.
        path: String,
    },
    /// It names files of the dataset that the run is to write.
    #[error(
        "input `{path}` lies in the output folder `{output}` and would be read and replaced in one run; choose another `output.directory`"
    )]
    InputInOutput {
        /// The entry's path.
        path: String,
        /// The output folder.
        output: PathBuf,
    },
    /// It covers a dataset, whose rows were probably read from files beside it.
    #[error(
        "input `{path}` covers the finished dataset `{dataset}`; move it away, or name its rows alone: `{dataset}/data/*.parquet`"
    )]
    DatasetInInput {
        /// The entry's path.
        path: String,
        /// The dataset's folder.
        dataset: String,
    },
}
