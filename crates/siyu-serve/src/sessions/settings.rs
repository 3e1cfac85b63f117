//! How much is kept, and how long.

use std::path::PathBuf;

use serde::Deserialize;

/// How much of conversations is kept, and how long.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq)]
#[serde(deny_unknown_fields, default)]
pub struct Settings {
    /// A conversation ends so long after it was last used.
    pub idle_minutes: u64,
    /// Bytes of a conversation; beyond them its oldest turns are forgotten.
    pub session_kilobytes: usize,
    /// Conversations of one subject; beyond them the one unused for longest ends.
    pub per_subject: usize,
    /// Bytes of all conversations; beyond them no new one begins, and those there are forget their oldest turns.
    pub total_megabytes: usize,
    /// What users ask the service to keep in mind; nothing when absent.
    pub memory: Option<MemorySettings>,
}

/// What users ask the service to keep in mind.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq)]
#[serde(deny_unknown_fields)]
pub struct MemorySettings {
    /// The folder of the users' files.
    pub folder: PathBuf,
    /// Notes of one user.
    #[serde(default = "notes")]
    pub notes: usize,
    /// Characters of one note.
    #[serde(default = "characters")]
    pub characters: usize,
}

const fn notes() -> usize {
    32
}

const fn characters() -> usize {
    500
}

impl Default for Settings {
    fn default() -> Self {
        Self { idle_minutes: 60, session_kilobytes: 256, per_subject: 16, total_megabytes: 256, memory: None }
    }
}
