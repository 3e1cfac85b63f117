//! Whether a document is worth training on: the heuristics of Gopher, C4 and `FineWeb`, and simple shares.
//!
//! Each kernel judges one text and says by a short stable code why it refuses it. None of them changes the text but
//! [`c4::C4`], which also takes lines out.
//!
//! The published rules count words between spaces, of which Chinese has none. Here a Han character or a kana counts as
//! 5/8 of a word and as three letters: jieba cuts 1.6 characters per word on statutes and news, and three letters a
//! character put the mean word of ordinary Chinese at 4.8 letters, where English has 4.7. So the published thresholds
//! keep their meaning, at a thirtieth of the cost of a segmenter. Text without such characters is counted as before.

pub mod c4;
pub mod fineweb;
pub mod gopher_quality;
pub mod gopher_repetition;
mod grams;
pub mod language;
mod lines;
pub mod ratios;
pub mod repetition;
mod sentences;
mod words;

pub use words::is_han;

/// The code of a text in which nothing is written.
pub const EMPTY: &str = "empty";
