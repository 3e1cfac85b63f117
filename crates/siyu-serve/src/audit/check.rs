//! Whether a record is as it was written.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::Path;

use super::chain::{Chain, FIRST, head_path, read_head};
use super::{Broken, Error};
use crate::watched::Unreadable;

/// A record that holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checked {
    /// Its lines.
    pub lines: usize,
    /// The last line's hash: whoever keeps it elsewhere can tell whether the record was made anew.
    pub last: String,
    /// Bytes behind the last whole line: the service was killed while it wrote and has not begun again since.
    pub torn: usize,
}

/// Reads a record and says whether it holds; `key` is the file of its key, if it has one.
///
/// # Errors
/// [`Error::Broken`] names the first line that is not as it was written.
pub fn check(path: &Path, key: Option<&Path>) -> Result<Checked, Error> {
    let chain = Chain::new(key)?;
    read(path, &chain).map(|found| found.checked)
}

/// What a writer has to know of the record it goes on with.
pub(super) struct Found {
    pub(super) checked: Checked,
    /// The number of the next line.
    pub(super) next: u64,
    /// What stands behind the last line that was written whole.
    pub(super) tail: Vec<u8>,
    /// Whether only the end of the last line is missing.
    pub(super) unended: bool,
}

/// Reads a record line by line.
pub(super) fn read(path: &Path, chain: &Chain) -> Result<Found, Error> {
    let unreadable = |source| Unreadable { path: path.to_owned(), source };
    let broken = |source| Error::Broken { path: path.to_owned(), source };
    let mut lines = BufReader::new(fs::File::open(path).map_err(unreadable)?);
    let head = fs::read_to_string(head_path(path)).ok().and_then(|text| read_head(chain, &text));
    let mut state = State::new(head.ok_or_else(|| broken(Broken::Head))?);
    let mut bytes = Vec::new();
    while lines.read_until(b'\n', &mut bytes).map_err(unreadable)? > 0 {
        state.line(chain, &bytes).map_err(broken)?;
        bytes.clear();
    }
    let lines = usize::try_from(state.next).unwrap_or(usize::MAX);
    if !state.head_seen {
        // With something behind the last good line, that is what became of the lines that are missed.
        let changed = Broken::Changed { line: state.number - state.torn_lines + 1 };
        return Err(broken(if state.torn_lines > 0 { changed } else { Broken::Short { lines } }));
    }
    let checked = Checked { lines, last: state.prev, torn: state.torn.len() };
    Ok(Found { checked, next: state.next, tail: state.torn, unended: state.unended })
}

/// How far the chain holds.
struct State {
    prev: String,
    next: u64,
    /// Lines read.
    number: usize,
    /// What is no line, since the last that is one: it must be followed by one that tells of it.
    torn: Vec<u8>,
    torn_lines: usize,
    /// How many lines the head file knows of, and the hash of the last of them.
    head: (u64, String),
    head_seen: bool,
    unended: bool,
}

impl State {
    fn new(head: (u64, String)) -> Self {
        let head_seen = head == (0, FIRST.to_owned());
        Self {
            prev: FIRST.to_owned(),
            next: 0,
            number: 0,
            torn: Vec::new(),
            torn_lines: 0,
            head,
            head_seen,
            unended: false,
        }
    }

    fn line(&mut self, chain: &Chain, bytes: &[u8]) -> Result<(), Broken> {
        self.number += 1;
        self.unended = !bytes.ends_with(b"\n");
        let line = std::str::from_utf8(bytes.strip_suffix(b"\n").unwrap_or(bytes)).ok();
        let verified = line.and_then(|line| Some((line, chain.verified(line)?)));
        let Some((line, hash)) = verified else {
            self.torn.extend_from_slice(bytes);
            self.torn_lines += 1;
            self.unended = false;
            return Ok(());
        };
        let value: serde_json::Value = serde_json::from_str(line).map_err(|_| Broken::Changed { line: self.number })?;
        let member = |name: &str| value.get(name).and_then(serde_json::Value::as_str);
        if !self.torn.is_empty() {
            let torn = chain.hash(self.torn.strip_suffix(b"\n").unwrap_or(&self.torn));
            if member("torn") != Some(&torn) {
                return Err(Broken::Changed { line: self.number - self.torn_lines });
            }
            (self.torn, self.torn_lines) = (Vec::new(), 0);
        }
        let sequence = value.get("seq").and_then(serde_json::Value::as_u64);
        if member("prev") != Some(&self.prev) || sequence != Some(self.next) {
            return Err(Broken::Order { line: self.number });
        }
        hash.clone_into(&mut self.prev);
        self.next += 1;
        if self.head.0 == self.next {
            if self.head.1 != hash {
                return Err(Broken::Head);
            }
            self.head_seen = true;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Event, Log, Record, Settings};
    use super::*;
    use std::path::PathBuf;

    /// A record of ten lines in a folder.
    fn written(folder: &Path, key: Option<PathBuf>) -> Settings {
        let settings = Settings { path: folder.join("audit.jsonl"), key, texts: false };
        let log = Log::open(&settings, 1).unwrap();
        for number in 0..9 {
            log.write(Record { id: Some(format!("r{number}")), ..Record::new(Event::Request, 2) });
        }
        drop(log);
        settings
    }

    fn edited(edit: impl Fn(&mut Vec<String>)) -> Result<Checked, Error> {
        let folder = tempfile::tempdir().unwrap();
        let settings = written(folder.path(), None);
        let text = fs::read_to_string(&settings.path).unwrap();
        let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
        edit(&mut lines);
        fs::write(&settings.path, lines.join("\n") + "\n").unwrap();
        check(&settings.path, None)
    }

    fn why(result: Result<Checked, Error>) -> Broken {
        let Err(Error::Broken { source, .. }) = result else { panic!("{result:?}") };
        source
    }

    #[test]
    fn what_was_written_holds() {
        assert_eq!(edited(|_| {}).unwrap().lines, 10);
    }

    #[test]
    fn a_changed_line_is_found() {
        for line in 0..10 {
            let changed = |lines: &mut Vec<String>| lines[line] = lines[line].replace("\"event\":\"", "\"event\":\"x");
            assert_eq!(why(edited(changed)), Broken::Changed { line: line + 1 });
        }
    }

    #[test]
    fn a_removed_line_is_found() {
        for line in 0..9 {
            assert_eq!(why(edited(|lines| drop(lines.remove(line)))), Broken::Order { line: line + 1 });
        }
        assert_eq!(why(edited(|lines| drop(lines.remove(9)))), Broken::Short { lines: 9 });
    }

    #[test]
    fn a_record_that_was_emptied_is_not_begun_anew() {
        let folder = tempfile::tempdir().unwrap();
        let settings = written(folder.path(), None);
        fs::write(&settings.path, "").unwrap();
        assert_eq!(why(check(&settings.path, None)), Broken::Short { lines: 0 });
        let Err(Error::Broken { source, .. }) = Log::open(&settings, 3) else { panic!("it was begun anew") };
        assert_eq!(source, Broken::Short { lines: 0 });
        // Whoever moves the record away moves both its files.
        fs::remove_file(head_path(&settings.path)).unwrap();
        drop(Log::open(&settings, 3).unwrap());
    }

    #[test]
    fn moved_and_doubled_lines_are_found() {
        assert_eq!(why(edited(|lines| lines.swap(3, 4))), Broken::Order { line: 4 });
        assert_eq!(why(edited(|lines| lines.insert(3, lines[2].clone()))), Broken::Order { line: 4 });
        assert_eq!(why(edited(|lines| lines.insert(3, "{}".into()))), Broken::Changed { line: 4 });
    }

    #[test]
    fn a_line_made_by_someone_without_the_key_is_found() {
        let folder = tempfile::tempdir().unwrap();
        let key = folder.path().join("key");
        fs::write(&key, [7; 32]).unwrap();
        let settings = written(folder.path(), Some(key.clone()));
        assert_eq!(check(&settings.path, Some(&key)).unwrap().lines, 10);
        // Written anew, whole and in order, but without the key.
        fs::remove_file(&settings.path).unwrap();
        fs::remove_file(head_path(&settings.path)).unwrap();
        written(folder.path(), None);
        assert_eq!(why(check(&settings.path, Some(&key))), Broken::Head);
    }

    #[test]
    fn a_line_that_broke_off_at_any_byte_is_told_of_and_the_record_goes_on() {
        let folder = tempfile::tempdir().unwrap();
        let settings = written(folder.path(), None);
        let (whole, head) = (fs::read(&settings.path).unwrap(), fs::read(head_path(&settings.path)).unwrap());
        let chain = Chain::new(None).unwrap();
        let text = String::from_utf8(whole.clone()).unwrap();
        let last = text.lines().last().unwrap();
        let hash = chain.verified(last).unwrap();
        let (line, _) = chain.line("\"time\":\"2026-11-26T17:18:45Z\",\"event\":\"request\"", 10, hash);
        for bytes in (0..line.len()).step_by(29).chain([1, line.len() - 1, line.len()]) {
            let torn = [&whole, &line.as_bytes()[..bytes]].concat();
            fs::write(&settings.path, torn).unwrap();
            fs::write(head_path(&settings.path), &head).unwrap();
            // Whole but for its end, the line counts.
            let full = usize::from(bytes == line.len());
            let checked = check(&settings.path, None).unwrap();
            assert_eq!((checked.lines, checked.torn), (10 + full, bytes * (1 - full)));
            drop(Log::open(&settings, 3).unwrap());
            // And killed once more, before the line that tells of it was whole.
            let mut again = fs::read(&settings.path).unwrap();
            again.truncate(again.len() - 20);
            fs::write(&settings.path, again).unwrap();
            fs::write(head_path(&settings.path), &head).unwrap();
            drop(Log::open(&settings, 4).unwrap());
            let checked = check(&settings.path, None).unwrap();
            assert_eq!((checked.lines, checked.torn), (11 + full, 0), "{bytes}");
        }
    }

    #[test]
    fn two_services_cannot_write_one_record() {
        let folder = tempfile::tempdir().unwrap();
        let settings = Settings { path: folder.path().join("audit.jsonl"), key: None, texts: false };
        let first = Log::open(&settings, 1).unwrap();
        assert!(matches!(Log::open(&settings, 1), Err(Error::Busy { .. })));
        drop(first);
        drop(Log::open(&settings, 1).unwrap());
    }
}
