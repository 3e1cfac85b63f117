//! `bundle.json`.

use crate::error::{Error, Result};
use serde::{Deserialize, Serialize};
use siyu_checkpoint::Origin;
use std::fs;
use std::path::Path;

/// The manifest's file name.
pub const BUNDLE_FILE: &str = "bundle.json";
/// The version of its form.
const FORMAT: u32 = 1;

/// What a file is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Configuration and weights of the model.
    Base,
    /// The adapter, with the record of what it belongs to.
    Adapter,
    /// The tokenizer with its template.
    Tokenizer,
    /// How texts are generated and served.
    Settings,
    /// Where the adapter comes from: the run's record and the dataset's manifest.
    Lineage,
}

impl Role {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Base, Self::Adapter, Self::Tokenizer, Self::Settings, Self::Lineage];

    /// The name in manifests.
    pub fn name(self) -> &'static str {
        match self {
            Self::Base => "base",
            Self::Adapter => "adapter",
            Self::Tokenizer => "tokenizer",
            Self::Settings => "settings",
            Self::Lineage => "lineage",
        }
    }
}

/// A file of a bundle.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BundleFile {
    /// Its path in the bundle, with `/` between parts.
    pub path: String,
    /// What it is for.
    pub role: Role,
    /// Its size.
    pub bytes: u64,
    /// The hash of its bytes, in hexadecimal.
    pub blake3: String,
}

/// What a bundle holds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BundleManifest {
    /// The version of this form.
    pub format: u32,
    /// The BLAKE3 hash, in hexadecimal, of role, path, size and hash of all files.
    pub content_hash: String,
    /// Names by which people know it.
    pub tags: Vec<String>,
    /// The version of the program that made it.
    pub siyu_version: String,
    /// What the adapter's record says of its base, tokenizer and dataset.
    pub origin: Option<Origin>,
    /// All files but this one, in the order of their paths.
    pub files: Vec<BundleFile>,
}

impl BundleManifest {
    pub(super) fn new(mut files: Vec<BundleFile>, origin: Option<Origin>, tags: Vec<String>) -> Self {
        files.sort_by(|one, other| one.path.cmp(&other.path));
        let siyu_version = env!("CARGO_PKG_VERSION").to_owned();
        Self { format: FORMAT, content_hash: content_hash(&files), tags, siyu_version, origin, files }
    }

    pub(super) fn read(folder: &Path) -> Result<Self> {
        let refused = |problem: String| Error::Bundle { path: folder.to_owned(), problem };
        let path = folder.join(BUNDLE_FILE);
        if !path.is_file() {
            return Err(refused(format!("it has no `{BUNDLE_FILE}`; `siyu bundle create` makes one")));
        }
        let text = fs::read_to_string(&path).map_err(Error::read(&path))?;
        let damaged = |error: serde_json::Error| refused(format!("`{BUNDLE_FILE}` is damaged: {error}"));
        let json: serde_json::Value = serde_json::from_str(&text).map_err(damaged)?;
        if json["format"] != FORMAT {
            let found = &json["format"];
            return Err(refused(format!("its form has version {found}, and this program reads version {FORMAT}")));
        }
        let found: Self = serde_json::from_value(json).map_err(damaged)?;
        let stray = |path: &str| path.split('/').any(|part| matches!(part, "" | "." | "..")) || path.contains('\\');
        if let Some(file) = found.files.iter().find(|file| stray(&file.path)) {
            return Err(refused(format!("its manifest names `{}`, which leads out of it", file.path)));
        }
        if content_hash(&found.files) != found.content_hash {
            return Err(refused("its manifest was changed by hand: files and hash do not agree".to_owned()));
        }
        Ok(found)
    }

    /// Files of a role.
    pub fn of(&self, role: Role) -> impl Iterator<Item = &BundleFile> {
        self.files.iter().filter(move |file| file.role == role)
    }
}

fn content_hash(files: &[BundleFile]) -> String {
    let mut hasher = blake3::Hasher::new();
    for BundleFile { path, role, bytes, blake3 } in files {
        // None of the parts holds a line's end but a path, and that is preceded by its length.
        let line = format!("{} {bytes} {blake3} {} {path}\n", role.name(), path.len());
        hasher.update(line.as_bytes());
    }
    hasher.finalize().to_hex().to_string()
}

/// Refuses what is no tag.
pub(super) fn check_tag(tag: &str) -> Result<()> {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-');
    if !tag.is_empty() && tag.len() <= 128 && tag.bytes().all(plain) && tag.as_bytes()[0].is_ascii_alphanumeric() {
        return Ok(());
    }
    let problem = format!(
        "`{tag}` is no tag: take up to 128 letters, digits, `.`, `_` and `-`, beginning with a letter or digit"
    );
    Err(Error::Setting { problem })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_are_plain_names() {
        for good in ["v1", "legal-2026.11", "1_2"] {
            assert!(check_tag(good).is_ok(), "{good}");
        }
        for bad in ["", "-v1", "a b", "../x", "名"] {
            assert!(check_tag(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn the_hash_tells_every_part_of_a_file() {
        let file = |path: &str, role, bytes, blake3: &str| {
            content_hash(&[BundleFile { path: path.to_owned(), role, bytes, blake3: blake3.to_owned() }])
        };
        let hashes = [
            file("a", Role::Base, 1, "h"),
            file("b", Role::Base, 1, "h"),
            file("a", Role::Adapter, 1, "h"),
            file("a", Role::Base, 2, "h"),
            file("a", Role::Base, 1, "i"),
        ];
        let different: std::collections::BTreeSet<_> = hashes.iter().collect();
        assert_eq!(different.len(), hashes.len());
    }
}
