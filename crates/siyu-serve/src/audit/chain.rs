//! The hashes that tie lines together.

use std::path::{Path, PathBuf};

use hmac::{Hmac, Mac};
use sha2::{Digest, Sha256};

use super::Error;
use crate::watched::Unreadable;

/// The hash before the first line.
pub(super) const FIRST: &str = "0000000000000000000000000000000000000000000000000000000000000000";
/// What ends the part of a line that is hashed.
const HASH: &str = ",\"hash\":\"";

/// How lines are hashed.
#[derive(Clone)]
pub(super) struct Chain {
    key: Option<Vec<u8>>,
}

impl Chain {
    /// Hashes with the key in a file, or without.
    pub(super) fn new(key: Option<&Path>) -> Result<Self, Error> {
        let Some(path) = key else { return Ok(Self { key: None }) };
        let bytes = std::fs::read(path).map_err(|source| Unreadable { path: path.to_owned(), source })?;
        if bytes.len() < 32 {
            return Err(Error::Key { path: path.to_owned() });
        }
        Ok(Self { key: Some(bytes) })
    }

    /// SHA-256 in hexadecimal digits, or HMAC-SHA-256 (RFC 2104).
    pub(super) fn hash(&self, bytes: &[u8]) -> String {
        let digest = match &self.key {
            None => Sha256::digest(bytes),
            Some(key) => {
                let mut code = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes keys of any length");
                code.update(bytes);
                code.finalize().into_bytes()
            }
        };
        hex(&digest)
    }

    /// A line, without its end, of the members of an object (without braces).
    pub(super) fn line(&self, members: &str, sequence: u64, prev: &str) -> (String, String) {
        let body = format!("{{\"seq\":{sequence},{members},\"prev\":\"{prev}\"");
        let hash = self.hash(body.as_bytes());
        (format!("{body}{HASH}{hash}\"}}"), hash)
    }

    /// The hash that a line says it has, if that is the line's.
    pub(super) fn verified<'a>(&self, line: &'a str) -> Option<&'a str> {
        let (body, rest) = line.rsplit_once(HASH)?;
        let hash = rest.strip_suffix("\"}")?;
        (self.hash(body.as_bytes()) == hash).then_some(hash)
    }
}

pub(super) fn hex(bytes: &[u8]) -> String {
    let digit = |nibble: u8| char::from(b"0123456789abcdef"[usize::from(nibble)]);
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}

/// The file that says which line is the last.
pub(super) fn head_path(path: &Path) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".head");
    path.with_file_name(name)
}

/// What the head file says: how many lines there are, and the hash of the last. Always of the same length, so that it is
/// written in one piece over what was there.
pub(super) fn head(chain: &Chain, lines: u64, hash: &str) -> String {
    let said = format!("{lines:020} {hash}");
    let seal = chain.hash(said.as_bytes());
    format!("{said} {seal}\n")
}

/// What the head file says, if it is as it was written.
pub(super) fn read_head(chain: &Chain, text: &str) -> Option<(u64, String)> {
    let (said, seal) = text.trim_end().rsplit_once(' ')?;
    let (lines, hash) = said.split_once(' ')?;
    (chain.hash(said.as_bytes()) == seal).then_some(())?;
    Some((lines.parse().ok()?, hash.to_owned()))
}
