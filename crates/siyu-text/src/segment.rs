//! Chinese words.
