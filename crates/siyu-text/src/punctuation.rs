//! Punctuation and width.
