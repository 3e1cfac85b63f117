//! A file as one stream of UTF-8: opened, hashed, decompressed, decoded, and found unchanged at its end.

use std::borrow::Cow;
use std::fs::{File, Metadata};
use std::io::{self, Read};
use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::UNIX_EPOCH;

use encoding_rs::{Decoder, DecoderResult, Encoding, UTF_8};
use siyu_text::decode::{self, Detected, Evidence};

use super::decompress::{Decompressor, Raw};
use super::{Compression, FileFacts, Format, Source, Stream};
use crate::error::{EntryError, Error, Result};

/// Bytes read at once. The encoding is guessed from one such piece, so that blocks of any size see the same text.
const PIECE: usize = 256 << 10;
/// Stands for a malformed sequence in decoded text, where it makes exactly its own record invalid UTF-8.
const MALFORMED: u8 = 0xFF;

/// A file that is being read.
pub(super) struct Reader {
    path: PathBuf,
    identity: Option<(File, Metadata)>,
    bytes: Decompressor,
    compression: Compression,
    text: Text,
    scratch: Vec<u8>,
    /// Whether everything was read.
    pub(super) ended: bool,
    /// Why it could not be decompressed to its end.
    pub(super) broken: Option<Cow<'static, str>>,
    /// Length of the byte order mark that was removed.
    pub(super) mark: usize,
}

/// What is known of the encoding.
struct Text {
    label: Option<String>,
    detected: Detected,
    /// Set for encodings other than UTF-8.
    decoder: Option<Decoder>,
    state: State,
}

#[derive(PartialEq, Eq)]
enum State {
    /// Bytes pass as they are.
    Verbatim,
    /// Nothing was read yet.
    Unread,
    /// All was ASCII so far, which fits most encodings.
    Ascii,
    Decided,
}

impl Reader {
    /// Opens a file and makes sure it is still the one that was discovered.
    pub(super) fn open(source: &Source) -> Result<Self> {
        let file = File::open(&source.path).map_err(Error::read(&source.path))?;
        let metadata = file.metadata().map_err(Error::read(&source.path))?;
        if !metadata.is_file() {
            return Err(EntryError::NotAFile { path: source.path.clone() }.into());
        }
        if metadata.len() != source.bytes || modified_nanos(&metadata) != source.modified_nanos {
            return Err(Error::Changed { path: source.path.clone() });
        }
        let second = file.try_clone().map_err(Error::read(&source.path))?;
        let mut reader = Self::new(source, Box::new(file))?;
        reader.identity = Some((second, metadata));
        Ok(reader)
    }

    /// Reads from anything.
    pub(super) fn new(source: &Source, bytes: Box<dyn Read + Send>) -> Result<Self> {
        let verbatim = matches!(source.format, Format::Text | Format::Markdown | Format::Html | Format::Parquet);
        let label = source.encoding.clone().filter(|label| !label.eq_ignore_ascii_case("auto"));
        Ok(Self {
            path: source.path.clone(),
            identity: None,
            bytes: Decompressor::new(Raw::new(bytes), source.compression).map_err(Error::read(&source.path))?,
            compression: source.compression,
            text: Text {
                label,
                detected: Detected { encoding: UTF_8, evidence: Evidence::Valid, bom_bytes: 0 },
                decoder: None,
                state: if verbatim { State::Verbatim } else { State::Unread },
            },
            scratch: Vec::new(),
            ended: false,
            broken: None,
            mark: 0,
        })
    }

    /// Appends the next piece to `out`; sets `ended` behind the last one.
    pub(super) fn fill(&mut self, out: &mut Vec<u8>) -> Result<()> {
        let start = out.len();
        self.fill_bytes(out)?;
        let piece = out.get(start..).expect("a piece is only appended");
        if self.text.state == State::Unread || self.text.state == State::Ascii && !piece.is_ascii() {
            let first = self.text.state == State::Unread;
            self.text.decide(piece, first && self.ended, &self.path)?;
            if first {
                self.mark = self.text.detected.bom_bytes;
                out.drain(start..start + self.mark);
            }
        }
        if let Some(decoder) = &mut self.text.decoder {
            self.scratch.clear();
            self.scratch.extend_from_slice(out.get(start..).expect("a piece is only appended"));
            out.truncate(start);
            transcode(decoder, &self.scratch, self.ended, out);
        }
        Ok(())
    }

    /// Appends [`PIECE`] bytes, fewer only at the end.
    fn fill_bytes(&mut self, out: &mut Vec<u8>) -> Result<()> {
        let start = out.len();
        out.resize(start + PIECE, 0);
        let mut filled = start;
        while filled < out.len() {
            match self.bytes.read(out.get_mut(filled..).expect("`filled` is within the buffer")) {
                Ok(0) => {
                    self.ended = true;
                    break;
                }
                Ok(read) => filled += read,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(source) => {
                    let raw = self.bytes.raw();
                    if raw.failed || self.compression == Compression::None {
                        return Err(Error::ReadAt { path: self.path.clone(), offset: raw.offset, source });
                    }
                    self.ended = true;
                    let name = self.compression.name();
                    self.broken = Some(format!("the {name} data breaks off or is damaged here").into());
                    break;
                }
            }
        }
        out.truncate(filled);
        Ok(())
    }

    /// The encoding in use.
    pub(super) fn encoding(&self) -> &'static Encoding {
        self.text.detected.encoding
    }

    /// What was found out about the encoding, where a document was judged elsewhere.
    pub(super) fn set_detected(&mut self, detected: Detected) {
        self.text.detected = detected;
    }

    /// The label that the pipeline gives, if any.
    pub(super) fn label(&self) -> Option<&str> {
        self.text.label.as_deref()
    }

    /// Bytes read from disk so far.
    pub(super) fn bytes_read(&self) -> u64 {
        self.bytes.offset()
    }

    /// blake3 of the file as far as it was read.
    pub(super) fn hash(&mut self) -> Arc<str> {
        self.bytes.raw().hash().into()
    }

    /// Reads to the end for the sake of the hash.
    pub(super) fn drain(&mut self) -> Result<()> {
        let mut piece = Vec::with_capacity(PIECE);
        while !self.ended {
            piece.clear();
            self.fill_bytes(&mut piece)?;
        }
        Ok(())
    }

    /// Whose bytes are handed out.
    pub(super) fn stream(&self) -> Stream {
        match (self.text.decoder.is_some(), self.compression) {
            (true, _) => Stream::Decoded,
            (false, Compression::None) => Stream::File,
            (false, _) => Stream::Decompressed,
        }
    }

    /// Reads what decompressing left over and makes sure that nothing wrote to the file meanwhile.
    pub(super) fn finish(mut self, file: u32) -> Result<FileFacts> {
        let path = self.path;
        let raw = self.bytes.raw();
        let read = io::copy(raw, &mut io::sink());
        read.map_err(|source| Error::ReadAt { path: path.clone(), offset: raw.offset, source })?;
        if let Some((open, before)) = &self.identity {
            let after = open.metadata().map_err(Error::read(&path))?;
            let named = std::fs::metadata(&path).map_err(Error::read(&path))?;
            if identity(&after) != identity(before)
                || identity(&named) != identity(before)
                || raw.offset != before.len()
            {
                return Err(Error::Changed { path });
            }
        }
        Ok(FileFacts {
            file,
            blake3: raw.hash(),
            bytes: raw.offset,
            encoding: self.text.detected.encoding.name(),
            evidence: self.text.detected.evidence,
            broken: self.broken,
        })
    }
}

impl Text {
    /// Settles the encoding by a piece of the file, unless that is ASCII.
    fn decide(&mut self, piece: &[u8], whole: bool, path: &std::path::Path) -> Result<()> {
        let first = self.state == State::Unread;
        let mut detected = decode::detect(piece, whole, false);
        if !first && detected.evidence == Evidence::ByteOrderMark {
            detected = Detected { encoding: UTF_8, evidence: Evidence::Guessed, bom_bytes: 0 };
        }
        self.state = State::Decided;
        match &self.label {
            // A byte order mark is more certain than what anyone wrote about a file.
            Some(label) if detected.evidence != Evidence::ByteOrderMark => {
                let encoding = named(label, path)?;
                detected = Detected { encoding, evidence: Evidence::Named, bom_bytes: 0 };
            }
            None if detected.encoding == UTF_8 && detected.bom_bytes == 0 && piece.is_ascii() => {
                self.state = State::Ascii;
            }
            _ => {}
        }
        self.detected = detected;
        self.decoder = (detected.encoding != UTF_8).then(|| detected.encoding.new_decoder_without_bom_handling());
        Ok(())
    }
}

/// The encoding of a label that `discover` has seen already.
pub(super) fn named(label: &str, path: &std::path::Path) -> Result<&'static Encoding> {
    decode::named(label).map_err(|source| EntryError::Encoding { path: path.display().to_string(), source }.into())
}

/// Appends `bytes` as UTF-8, each malformed sequence as [`MALFORMED`].
fn transcode(decoder: &mut Decoder, bytes: &[u8], last: bool, out: &mut Vec<u8>) {
    let mut rest = bytes;
    loop {
        let start = out.len();
        let room =
            decoder.max_utf8_buffer_length_without_replacement(rest.len()).expect("a piece is far below 2^63 bytes");
        out.resize(start + room, 0);
        let target = out.get_mut(start..).expect("just resized");
        let (result, read, written) = decoder.decode_to_utf8_without_replacement(rest, target, last);
        out.truncate(start + written);
        rest = rest.split_at(read).1;
        match result {
            DecoderResult::InputEmpty => return,
            DecoderResult::OutputFull => {}
            DecoderResult::Malformed(..) => out.push(MALFORMED),
        }
    }
}

/// Time of the last change, in nanoseconds since 1970.
pub(super) fn modified_nanos(metadata: &Metadata) -> u128 {
    let modified = metadata.modified().ok();
    modified.and_then(|time| time.duration_since(UNIX_EPOCH).ok()).map_or(0, |since| since.as_nanos())
}

/// What changes when a file is written to or replaced.
fn identity(metadata: &Metadata) -> (u64, u128, u64, u64) {
    (metadata.len(), modified_nanos(metadata), metadata.ino(), metadata.dev())
}
