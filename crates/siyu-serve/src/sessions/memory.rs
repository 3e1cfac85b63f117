//! What users ask the service to keep in mind.

use std::fs;
use std::io::{self, Write};
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

use serde::{Deserialize, Serialize};

use super::{Error, MemorySettings};

/// Notes of users, each user's in a file of its own.
pub struct Memory {
    settings: MemorySettings,
    /// Changes are made one after another.
    changing: Mutex<()>,
}

/// Something that a user asked the service to keep in mind.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Note {
    /// Its number, which no later note of the user has again before all are forgotten.
    pub id: u64,
    /// When it was made, in seconds since 1970-01-01 UTC.
    pub made: u64,
    /// What it says.
    pub text: String,
}

/// A user's file.
#[derive(Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Notes {
    subject: String,
    next: u64,
    #[serde(rename = "notes")]
    all: Vec<Note>,
}

impl Memory {
    /// The notes in a folder, which is made where it is missing.
    ///
    /// # Errors
    /// [`Error::File`] where it cannot be made.
    pub fn new(settings: &MemorySettings) -> Result<Self, Error> {
        let path = &settings.folder;
        fs::create_dir_all(path).map_err(|source| Error::File { path: path.clone(), source })?;
        Ok(Self { settings: settings.clone(), changing: Mutex::default() })
    }

    /// The notes of a subject, oldest first.
    ///
    /// # Errors
    /// [`Error::File`] where the subject's file cannot be read.
    pub fn list(&self, subject: &str) -> Result<Vec<Note>, Error> {
        Ok(self.read(subject)?.all)
    }

    /// Keeps a note.
    ///
    /// # Errors
    /// [`Error::Note`] where it is empty, too long, or one too many.
    pub fn add(&self, subject: &str, text: &str, unix: u64) -> Result<Note, Error> {
        let _changing = self.changing.lock().unwrap_or_else(PoisonError::into_inner);
        let mut notes = self.read(subject)?;
        let text = text.trim();
        let MemorySettings { notes: most, characters, .. } = self.settings;
        if text.is_empty() || text.chars().count() > characters || notes.all.len() >= most {
            return Err(Error::Note { characters, notes: most });
        }
        let note = Note { id: notes.next, made: unix, text: text.to_owned() };
        notes.next += 1;
        notes.all.push(note.clone());
        self.write(&notes)?;
        Ok(note)
    }

    /// Forgets a note, or all of a subject's; whether there was any.
    ///
    /// # Errors
    /// [`Error::File`] where the subject's file cannot be written.
    pub fn forget(&self, subject: &str, id: Option<u64>) -> Result<bool, Error> {
        let _changing = self.changing.lock().unwrap_or_else(PoisonError::into_inner);
        let mut notes = self.read(subject)?;
        let before = notes.all.len();
        notes.all.retain(|note| id.is_some_and(|id| id != note.id));
        if notes.all.len() == before {
            return Ok(false);
        }
        if id.is_none() {
            let path = self.path(subject);
            fs::remove_file(&path).map_err(|source| Error::File { path, source })?;
        } else {
            self.write(&notes)?;
        }
        Ok(true)
    }

    /// A name that says nothing of the subject and that no subject can choose.
    fn path(&self, subject: &str) -> PathBuf {
        self.settings.folder.join(format!("{}.json", blake3::hash(subject.as_bytes())))
    }

    fn read(&self, subject: &str) -> Result<Notes, Error> {
        let path = self.path(subject);
        let bytes = match fs::read(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Ok(Notes { subject: subject.to_owned(), ..Notes::default() });
            }
            bytes => bytes.map_err(|source| Error::File { path: path.clone(), source })?,
        };
        serde_json::from_slice(&bytes).map_err(|error| Error::File { path, source: error.into() })
    }

    fn write(&self, notes: &Notes) -> Result<(), Error> {
        let path = self.path(&notes.subject);
        let failed = |source| Error::File { path: path.clone(), source };
        let bytes = serde_json::to_vec(notes).map_err(|error| failed(error.into()))?;
        // Made with mode 0600, and under its name only when it is whole.
        let mut file = tempfile::NamedTempFile::new_in(&self.settings.folder).map_err(failed)?;
        file.write_all(&bytes).and_then(|()| file.as_file().sync_all()).map_err(failed)?;
        file.persist(&path).map_err(|error| failed(error.error))?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn memory(folder: &std::path::Path) -> Memory {
        Memory::new(&MemorySettings { folder: folder.join("memory"), notes: 2, characters: 5 }).unwrap()
    }

    #[test]
    fn a_user_reads_and_deletes_own_notes_and_no_others() {
        let folder = tempfile::tempdir().unwrap();
        let memory = memory(folder.path());
        let first = memory.add("../a", " 住在杭州 ", 7).unwrap();
        let second = memory.add("../a", "吃素", 8).unwrap();
        assert_eq!(memory.list("../a").unwrap(), [first.clone(), second.clone()]);
        assert_eq!(first.text, "住在杭州");
        assert!(memory.list("b").unwrap().is_empty());
        assert!(!memory.forget("b", Some(first.id)).unwrap());
        assert!(memory.forget("../a", Some(first.id)).unwrap());
        assert_eq!(memory.list("../a").unwrap(), std::slice::from_ref(&second));
        assert!(memory.add("../a", "三", 9).unwrap().id > second.id);
        assert!(memory.forget("../a", None).unwrap());
        assert_eq!(fs::read_dir(folder.path().join("memory")).unwrap().count(), 0);
    }

    #[test]
    fn notes_have_a_length_and_a_number() {
        let folder = tempfile::tempdir().unwrap();
        let memory = memory(folder.path());
        for text in ["", "  ", "六个字的句子"] {
            assert!(matches!(memory.add("a", text, 0), Err(Error::Note { .. })), "{text}");
        }
        memory.add("a", "一", 0).unwrap();
        memory.add("a", "二", 0).unwrap();
        assert!(matches!(memory.add("a", "三", 0), Err(Error::Note { .. })));
    }
}
