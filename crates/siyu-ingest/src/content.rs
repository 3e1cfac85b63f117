//! What counts as the same content: texts that differ in nothing but white space.

use std::cell::RefCell;
use xxhash_rust::xxh3::Xxh3;

thread_local! {
    static FOLDED: RefCell<String> = const { RefCell::new(String::new()) };
}

/// The 128-bit hash of the parts with white space folded; a missing part counts as an empty one.
///
/// Each part is preceded by its length, so that no two lists of parts collide by concatenation.
pub fn folded_hash(parts: &[Option<&str>]) -> u128 {
    let mut hasher = Xxh3::with_seed(0x7369_7975);
    FOLDED.with_borrow_mut(|folded| {
        for part in parts {
            folded.clear();
            for word in part.unwrap_or_default().split_whitespace() {
                if !folded.is_empty() {
                    folded.push(' ');
                }
                folded.push_str(word);
            }
            hasher.update(&(folded.len() as u64).to_le_bytes());
            hasher.update(folded.as_bytes());
        }
    });
    hasher.digest128()
}

#[cfg(test)]
mod tests {
    use super::folded_hash;

    #[test]
    fn white_space_does_not_count_and_borders_between_parts_do() {
        assert_eq!(folded_hash(&[Some(" a\n\u{3000}b ")]), folded_hash(&[Some("a b")]));
        assert_ne!(folded_hash(&[Some("ab"), Some("c")]), folded_hash(&[Some("a"), Some("bc")]));
        assert_eq!(folded_hash(&[None]), folded_hash(&[Some("")]));
    }
}
