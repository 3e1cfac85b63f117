//! Token ids of a text, by a `tokenizer.json`.
