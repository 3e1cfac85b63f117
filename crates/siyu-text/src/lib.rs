//! The text algorithms on `&str` and `&[u8]`: decoding, HTML, Unicode, punctuation, segmentation, personal data,
//! tokens, truncation, templates, quality.
//!
//! This crate knows nothing of Arrow, files or YAML: a caller hands it one document and gets one back.

pub mod chat;
pub mod chinese;
pub mod decode;
pub mod html;
pub mod mojibake;
pub mod near;
pub mod pii;
pub mod punctuation;
pub mod quality;
mod scan;
pub mod segment;
pub mod tokenizer;
pub mod truncate;
pub mod unicode;
mod work;
