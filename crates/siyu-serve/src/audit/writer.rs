//! Adding lines to a record.

use std::fs::{File, OpenOptions};
use std::io::{Seek, SeekFrom, Write};
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::JoinHandle;

use super::chain::{Chain, FIRST, head, head_path, read_head};
use super::check;
use super::{Broken, Error, Event, Record, Settings};

/// A record that is being kept. Lines are written by a thread of their own, in the order in which they come; dropping
/// this waits until all are written.
pub struct Log {
    sender: Option<Sender<Record>>,
    thread: Option<JoinHandle<()>>,
    losses: Losses,
    /// Whether the texts of prompts and answers are recorded.
    pub texts: bool,
}

/// Counts records that could not be written.
#[derive(Clone, Debug, Default)]
pub struct Losses(Arc<AtomicU64>);

impl Losses {
    /// How many there were since the service began.
    pub fn count(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

impl Log {
    /// Opens a record, makes sure that it holds, and goes on with it.
    ///
    /// # Errors
    /// Where it cannot be written, is written by another process, or does not hold.
    pub fn open(settings: &Settings, unix: u64) -> Result<Self, Error> {
        let mut file = Writer::open(&settings.path, Chain::new(settings.key.as_deref())?, unix)?;
        let (sender, receiver) = channel();
        let losses = Losses::default();
        let lost = losses.clone();
        let thread = std::thread::Builder::new().name("audit".to_owned()).spawn(move || file.run(&receiver, &lost));
        let thread = thread.map_err(|source| Error::Write { path: settings.path.clone(), source })?;
        Ok(Self { sender: Some(sender), thread: Some(thread), losses, texts: settings.texts })
    }

    /// Hands a record over to be written; does not wait.
    pub fn write(&self, record: Record) {
        if self.sender.as_ref().is_none_or(|sender| sender.send(record).is_err()) {
            self.losses.0.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Counts records that could not be written.
    pub fn losses(&self) -> Losses {
        self.losses.clone()
    }
}

impl Drop for Log {
    fn drop(&mut self) {
        drop(self.sender.take());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// The files of a record.
struct Writer {
    path: PathBuf,
    chain: Chain,
    file: File,
    head: File,
    /// Up to where whole lines stand.
    length: u64,
    next: u64,
    prev: String,
    /// Records that the next line tells of.
    lost: u64,
    /// Records that were lost since writing last worked, where it does not.
    outage: Option<u64>,
}

/// Records that are written together.
const MOST_TOGETHER: usize = 256;

impl Writer {
    fn open(path: &Path, chain: Chain, unix: u64) -> Result<Self, Error> {
        let failed = |source| Error::Write { path: path.to_owned(), source };
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false).mode(0o600);
        let mut file = options.open(path).map_err(failed)?;
        file.try_lock().map_err(|_| Error::Busy { path: path.to_owned() })?;
        let head = options.open(head_path(path)).map_err(failed)?;
        let length = file.seek(SeekFrom::End(0)).map_err(failed)?;
        let mut writer = Self {
            path: path.to_owned(),
            chain,
            file,
            head,
            length,
            next: 0,
            prev: FIRST.to_owned(),
            lost: 0,
            outage: None,
        };
        let mut first = Record::new(Event::Opened, unix);
        if length > 0 {
            let found = check::read(path, &writer.chain)?;
            (writer.next, writer.prev) = (found.next, found.checked.last);
            if found.unended {
                writer.append(b"\n").map_err(failed)?;
            }
            if !found.tail.is_empty() {
                // What was written stays as it is; the line that follows says what it was.
                let torn = found.tail.strip_suffix(b"\n").unwrap_or(&found.tail);
                (first.event, first.torn) = (Event::Recovered, Some(writer.chain.hash(torn)));
                if torn.len() == found.tail.len() {
                    writer.append(b"\n").map_err(failed)?;
                }
            }
        } else {
            let head = std::fs::read_to_string(head_path(path)).ok().and_then(|text| read_head(&writer.chain, &text));
            if head.is_some_and(|(lines, _)| lines > 0) {
                return Err(Error::Broken { path: path.to_owned(), source: Broken::Short { lines: 0 } });
            }
            writer.write_head().map_err(failed)?;
        }
        writer.write(&[first]).map_err(failed)?;
        Ok(writer)
    }

    fn run(&mut self, receiver: &Receiver<Record>, losses: &Losses) {
        while let Ok(record) = receiver.recv() {
            let mut records = vec![record];
            records.extend(receiver.try_iter().take(MOST_TOGETHER - 1));
            let count = records.len() as u64;
            match (self.write(&records), &mut self.outage) {
                (Ok(()), None) => {}
                (Ok(()), Some(lost)) => {
                    tracing::warn!(path = %self.path.display(), lost, "records are written again");
                    self.outage = None;
                }
                (Err(error), outage) => {
                    self.lost += count;
                    losses.0.fetch_add(count, Ordering::Relaxed);
                    // A full disk may stay full for hours: it is told once.
                    if outage.is_none() {
                        tracing::error!(path = %self.path.display(), %error, "records cannot be written, and are lost until they can");
                    }
                    *outage.get_or_insert(0) += count;
                }
            }
        }
    }

    /// Writes lines, all or none.
    fn write(&mut self, records: &[Record]) -> std::io::Result<()> {
        let (mut lines, mut next, mut prev) = (String::new(), self.next, self.prev.clone());
        for (index, record) in records.iter().enumerate() {
            let lost = Some(self.lost).filter(|lost| *lost > 0 && index == 0);
            let members = if lost.is_some() { Record { lost, ..record.clone() }.members() } else { record.members() };
            let (line, hash) = self.chain.line(&members, next, &prev);
            lines.push_str(&line);
            lines.push('\n');
            (next, prev) = (next + 1, hash);
        }
        self.append(lines.as_bytes())?;
        (self.next, self.prev, self.lost) = (next, prev, 0);
        self.file.sync_data()?;
        self.write_head()
    }

    fn write_head(&self) -> std::io::Result<()> {
        self.head.write_all_at(head(&self.chain, self.next, &self.prev).as_bytes(), 0)
    }

    /// Adds bytes; what was written of them is taken back where not all can be.
    fn append(&mut self, bytes: &[u8]) -> std::io::Result<()> {
        if let Err(error) = self.file.write_all(bytes) {
            let _ = self.file.set_len(self.length);
            let _ = self.file.seek(SeekFrom::Start(self.length));
            return Err(error);
        }
        self.length += bytes.len() as u64;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fmt::{Debug, Write as _};
    use std::sync::Mutex;
    use tracing::field::{Field, Visit};
    use tracing::span::{Attributes, Id};
    use tracing::{Metadata, Subscriber};

    /// Keeps what is told.
    #[derive(Clone, Default)]
    struct Told(Arc<Mutex<Vec<String>>>);

    struct Line(String);

    impl Visit for Line {
        fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
            let _ = write!(self.0, "{field}={value:?} ");
        }
    }

    impl Subscriber for Told {
        fn enabled(&self, _: &Metadata<'_>) -> bool {
            true
        }
        fn new_span(&self, _: &Attributes<'_>) -> Id {
            Id::from_u64(1)
        }
        fn record(&self, _: &Id, _: &tracing::span::Record<'_>) {}
        fn record_follows_from(&self, _: &Id, _: &Id) {}
        fn event(&self, event: &tracing::Event<'_>) {
            let mut line = Line(String::new());
            event.record(&mut line);
            self.0.lock().unwrap().push(line.0);
        }
        fn enter(&self, _: &Id) {}
        fn exit(&self, _: &Id) {}
    }

    #[test]
    fn an_outage_is_told_when_it_begins_and_when_it_ends() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("audit.jsonl");
        let mut writer = Writer::open(&path, Chain::new(None).unwrap(), 1).unwrap();
        let (told, losses) = (Told::default(), Losses::default());
        let run = |writer: &mut Writer, count: usize| {
            let (sender, receiver) = channel();
            (0..count).for_each(|_| sender.send(Record::new(Event::Refused, 2)).unwrap());
            drop(sender);
            tracing::subscriber::with_default(told.clone(), || writer.run(&receiver, &losses));
            std::mem::take(&mut *told.0.lock().unwrap())
        };
        // Nothing can be written to what is open for reading.
        let good = std::mem::replace(&mut writer.file, File::open(&path).unwrap());
        let lines = run(&mut writer, MOST_TOGETHER * 3);
        assert!(lines.len() == 1 && lines[0].contains("records cannot be written"), "{lines:?}");
        assert_eq!(run(&mut writer, 1), [""; 0], "it goes on");
        writer.file = good;
        let lines = run(&mut writer, MOST_TOGETHER * 2);
        assert!(lines.len() == 1 && lines[0].contains("lost=769"), "{lines:?}");
        assert_eq!(losses.count(), 769);
        assert_eq!(check::check(&path, None).unwrap().lines, 1 + MOST_TOGETHER * 2);
    }
}
