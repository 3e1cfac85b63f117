//! What changed from one bundle to another.

use super::Bundle;
use super::json::differences;
use super::manifest::{BundleFile, Role};
use crate::error::{Error, Result};
use serde_json::Value;
use std::collections::BTreeMap;
use std::fmt;
use std::fs;
use std::path::Path;

/// JSON files up to this size are compared by what they say.
const READABLE_BYTES: u64 = 1 << 24;

/// A change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BundleChange {
    /// The part it is in.
    pub role: Role,
    /// The file.
    pub path: String,
    /// What is other than before.
    pub kind: ChangeKind,
}

/// How a file changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ChangeKind {
    /// It is there only in the second bundle.
    Added,
    /// It is there only in the first.
    Removed,
    /// Its bytes are others; with what it says otherwise, for JSON.
    Changed {
        /// Its size before and now.
        bytes: [u64; 2],
        /// A line for each value.
        lines: Vec<String>,
    },
}

impl fmt::Display for BundleChange {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}: `{}` ", self.role.name(), self.path)?;
        match &self.kind {
            ChangeKind::Added => write!(out, "is new"),
            ChangeKind::Removed => write!(out, "is gone"),
            ChangeKind::Changed { bytes: [before, now], .. } if before == now => {
                write!(out, "differs, {now} bytes as before")
            }
            ChangeKind::Changed { bytes: [before, now], .. } => write!(out, "differs, {before} → {now} bytes"),
        }
    }
}

/// The files that differ, by part and path.
///
/// # Errors
/// [`Error::Checkpoint`] for a file that differs and cannot be read.
pub fn diff_bundles(before: &Bundle, after: &Bundle) -> Result<Vec<BundleChange>> {
    let of = |bundle: &Bundle| -> BTreeMap<(Role, String), BundleFile> {
        let files = bundle.manifest().files.iter();
        files.map(|file| ((file.role, file.path.clone()), file.clone())).collect()
    };
    let (one, other) = (of(before), of(after));
    let mut changes = Vec::new();
    let added = other.keys().filter(|key| !one.contains_key(*key));
    for key in one.keys().chain(added) {
        let kind = match (one.get(key), other.get(key)) {
            (Some(_), None) => ChangeKind::Removed,
            (None, _) => ChangeKind::Added,
            (Some(one), Some(other)) if one.blake3 == other.blake3 => continue,
            (Some(one), Some(other)) => ChangeKind::Changed {
                bytes: [one.bytes, other.bytes],
                lines: if readable(one) && readable(other) {
                    differences(&read(before, one)?, &read(after, other)?)
                } else {
                    Vec::new()
                },
            },
        };
        changes.push(BundleChange { role: key.0, path: key.1.clone(), kind });
    }
    changes.sort_by(|one, other| (one.role, &one.path).cmp(&(other.role, &other.path)));
    Ok(changes)
}

fn readable(file: &BundleFile) -> bool {
    Path::new(&file.path).extension().is_some_and(|end| end == "json") && file.bytes <= READABLE_BYTES
}

fn read(bundle: &Bundle, file: &BundleFile) -> Result<Value> {
    let path = bundle.folder().join(&file.path);
    let bytes = fs::read(&path).map_err(Error::read(&path))?;
    // A file that is no JSON after all differs as a whole.
    Ok(serde_json::from_slice(&bytes).unwrap_or(Value::Null))
}
