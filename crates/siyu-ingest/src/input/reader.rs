//! A file as UTF-8 text: hashed, decompressed, decoded.

use super::{Compression, Format, Source};
use crate::error::{Error, Result};
use encoding_rs::{CoderResult, Decoder, Encoding, UTF_8};
use siyu_text::decode::{detect, named};
use std::fs::File;
use std::io::{self, BufReader, Read};
use std::sync::{Arc, Mutex, PoisonError};

/// What the bottom of the stack has seen of the file.
struct Raw {
    hasher: blake3::Hasher,
    bytes: u64,
    failed: bool,
}

/// The file itself, hashed as it is read.
struct Hashed {
    file: File,
    raw: Arc<Mutex<Raw>>,
}

impl Read for Hashed {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let result = self.file.read(buffer);
        let mut raw = self.raw.lock().unwrap_or_else(PoisonError::into_inner);
        match &result {
            Ok(count) => {
                raw.hasher.update(&buffer[..*count]);
                raw.bytes += *count as u64;
            }
            Err(_) => raw.failed = true,
        }
        result
    }
}

/// A file's text.
pub(super) struct TextReader {
    bytes: Box<dyn Read + Send>,
    /// Bytes read to tell the encoding, given out first.
    head: Vec<u8>,
    decoder: Option<Decoder>,
    raw: Arc<Mutex<Raw>>,
    pub(super) encoding: &'static Encoding,
    ended: bool,
}

/// What a read gave.
pub(super) enum Piece {
    /// More text was appended.
    More,
    /// The file is at its end.
    End,
    /// The compressed data breaks off or is damaged.
    Broken(String),
}

const HEAD_BYTES: usize = 64 << 10;

impl TextReader {
    pub(super) fn open(source: &Source) -> Result<Self> {
        let file = File::open(&source.path).map_err(Error::read(&source.path))?;
        let raw = Arc::new(Mutex::new(Raw { hasher: blake3::Hasher::new(), bytes: 0, failed: false }));
        let hashed = BufReader::with_capacity(256 << 10, Hashed { file, raw: Arc::clone(&raw) });
        let bytes: Box<dyn Read + Send> = match source.compression {
            Compression::None => Box::new(hashed),
            Compression::Gzip => Box::new(flate2::bufread::MultiGzDecoder::new(hashed)),
            Compression::Zstd => {
                Box::new(zstd::stream::read::Decoder::with_buffer(hashed).map_err(Error::read(&source.path))?)
            }
            Compression::Bzip2 => Box::new(bzip2::bufread::MultiBzDecoder::new(hashed)),
            Compression::Xz => Box::new(liblzma::bufread::XzDecoder::new_multi_decoder(hashed)),
        };
        let mut reader = Self { bytes, head: Vec::new(), decoder: None, raw, encoding: UTF_8, ended: false };
        reader.tell_encoding(source)?;
        Ok(reader)
    }

    fn tell_encoding(&mut self, source: &Source) -> Result<()> {
        let mut head = vec![0; HEAD_BYTES];
        let mut filled = 0;
        while filled < head.len() {
            match self.bytes.read(&mut head[filled..]) {
                Ok(0) => break,
                Ok(count) => filled += count,
                // Met again and reported when the text is read.
                Err(_) => break,
            }
        }
        let whole = filled < head.len();
        head.truncate(filled);
        let detected = detect(&head, whole, source.format == Format::Html);
        self.encoding = match source.encoding.as_deref() {
            None | Some("auto") => detected.encoding,
            Some(label) => named(label).map_err(|error| Error::setting("input", "encoding", error.to_string()))?,
        };
        if detected.bom_bytes > 0 && detected.encoding == self.encoding {
            head.drain(..detected.bom_bytes);
        }
        // UTF-8 stays as it is: a malformed row is then one bad row and not replaced silently. A document that is its
        // whole file goes through the decoder.
        let lines = matches!(source.format, Format::Jsonl | Format::Csv | Format::Tsv);
        if self.encoding != UTF_8 || !lines {
            self.decoder = Some(self.encoding.new_decoder_without_bom_handling());
        }
        self.head = head;
        Ok(())
    }

    /// Appends about 256 KiB of text.
    pub(super) fn read(&mut self, text: &mut Vec<u8>, source: &Source) -> Result<Piece> {
        let mut raw = std::mem::take(&mut self.head);
        if raw.is_empty() && !self.ended {
            raw.resize(256 << 10, 0);
            match self.bytes.read(&mut raw) {
                Ok(count) => {
                    raw.truncate(count);
                    self.ended = count == 0;
                }
                Err(error) if self.raw.lock().unwrap_or_else(PoisonError::into_inner).failed => {
                    return Err(Error::read(&source.path)(error));
                }
                Err(error) => {
                    self.ended = true;
                    return Ok(Piece::Broken(format!(
                        "the {:?} data breaks off or is damaged: {}",
                        source.compression,
                        error.kind()
                    )));
                }
            }
        }
        self.decode(&raw, text);
        Ok(if self.ended { Piece::End } else { Piece::More })
    }

    fn decode(&mut self, mut raw: &[u8], text: &mut Vec<u8>) {
        let Some(decoder) = &mut self.decoder else { return text.extend_from_slice(raw) };
        let mut decoded = vec![0; decoder.max_utf8_buffer_length(raw.len()).unwrap_or(raw.len() * 4 + 16)];
        loop {
            let (result, read, written, _) = decoder.decode_to_utf8(raw, &mut decoded, self.ended);
            text.extend_from_slice(&decoded[..written]);
            raw = &raw[read..];
            if result == CoderResult::InputEmpty {
                return;
            }
        }
    }

    /// The hash of the whole file, and how much of it there was.
    pub(super) fn finish(mut self, source: &Source) -> Result<(String, u64)> {
        // A damaged archive is not read to its end by its decoder; what is left still belongs to the hash.
        let mut rest = [0; 8192];
        while !matches!(self.bytes.read(&mut rest), Ok(0) | Err(_)) {}
        let raw = self.raw.lock().unwrap_or_else(PoisonError::into_inner);
        if raw.bytes == source.bytes {
            return Ok((raw.hasher.finalize().to_hex().to_string(), raw.bytes));
        }
        let bytes = std::fs::read(&source.path).map_err(Error::read(&source.path))?;
        Ok((blake3::hash(&bytes).to_hex().to_string(), bytes.len() as u64))
    }

    /// Bytes of the file read so far.
    pub(super) fn bytes_read(&self) -> u64 {
        self.raw.lock().unwrap_or_else(PoisonError::into_inner).bytes
    }
}
