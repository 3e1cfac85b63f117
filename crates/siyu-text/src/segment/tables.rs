//! jieba's tables, unpacked.

use std::sync::LazyLock;

/// jieba's words: its total on the first line, then a word and its count a line, ascending.
pub(super) fn words() -> String {
    unpack(include_bytes!("../../data/jieba/words.txt.zst"))
}

/// A Han character and the logarithms of its probabilities in the states B, M, E and S a line, `-` where it has none.
pub(super) fn emissions() -> String {
    unpack(include_bytes!("../../data/jieba/hmm.txt.zst"))
}

/// A word and its inverse document frequency a line.
pub(super) fn document_frequencies() -> &'static str {
    static TEXT: LazyLock<String> = LazyLock::new(|| unpack(include_bytes!("../../data/jieba/idf.txt.zst")));
    &TEXT
}

fn unpack(packed: &[u8]) -> String {
    let bytes = zstd::decode_all(packed).expect("the tables in the binary are whole");
    String::from_utf8(bytes).expect("the tables are text")
}
