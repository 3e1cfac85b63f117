//! Raw bytes of a file, hashed and counted as they pass, and what decompressing them gives.

use std::io::{self, BufReader, Read};

use super::Compression;

/// First bytes of gzip, zstd, bzip2 and xz data.
const MAGIC: [(Compression, &[u8]); 4] = [
    (Compression::Gzip, &[0x1f, 0x8b]),
    (Compression::Zstd, &[0x28, 0xb5, 0x2f, 0xfd]),
    (Compression::Bzip2, b"BZh"),
    (Compression::Xz, &[0xfd, b'7', b'z', b'X', b'Z', 0]),
];
/// Bytes of a file that tell its compression.
pub(super) const MAGIC_BYTES: usize = 10;

impl Compression {
    /// The compression that a file's extension promises.
    pub(super) fn of_extension(extension: &str) -> Self {
        match extension {
            "gz" | "gzip" => Self::Gzip,
            "zst" | "zstd" => Self::Zstd,
            "bz2" => Self::Bzip2,
            "xz" => Self::Xz,
            _ => Self::None,
        }
    }

    /// The compression that a file's first bytes show.
    pub(super) fn of_bytes(start: &[u8]) -> Self {
        let found = MAGIC.iter().find(|(_, magic)| start.starts_with(magic)).map_or(Self::None, |(found, _)| *found);
        // `BZh` alone may start a text; a level and the mark of a block or of the stream's end follow in bzip2 data.
        let marks: [&[u8]; 2] = [b"\x31\x41\x59\x26\x53\x59", b"\x17\x72\x45\x38\x50\x90"];
        let mark = start.get(4..).unwrap_or_default();
        if found == Self::Bzip2 && !marks.iter().any(|known| known.starts_with(mark) || mark.starts_with(known)) {
            return Self::None;
        }
        found
    }

    /// Its usual name.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::None => "uncompressed",
            Self::Gzip => "gzip",
            Self::Zstd => "zstd",
            Self::Bzip2 => "bzip2",
            Self::Xz => "xz",
        }
    }
}

/// A file's own bytes.
pub(super) struct Raw {
    inner: Box<dyn Read + Send>,
    hasher: blake3::Hasher,
    /// Bytes read so far.
    pub(super) offset: u64,
    /// Whether the file itself, and not its decompression, failed.
    pub(super) failed: bool,
}

impl Raw {
    pub(super) fn new(inner: Box<dyn Read + Send>) -> Self {
        Self { inner, hasher: blake3::Hasher::new(), offset: 0, failed: false }
    }

    /// blake3 of all that was read.
    pub(super) fn hash(&self) -> String {
        self.hasher.finalize().to_hex().to_string()
    }
}

impl Read for Raw {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read =
            self.inner.read(buffer).inspect_err(|error| self.failed = error.kind() != io::ErrorKind::Interrupted)?;
        self.hasher.update(buffer.split_at(read).0);
        self.offset += read as u64;
        Ok(read)
    }
}

/// A file's bytes, decompressed.
pub(super) enum Decompressor {
    None(Raw),
    Gzip(Box<flate2::bufread::MultiGzDecoder<BufReader<Raw>>>),
    Zstd(zstd::stream::read::Decoder<'static, BufReader<Raw>>),
    Bzip2(bzip2::bufread::MultiBzDecoder<BufReader<Raw>>),
    Xz(liblzma::bufread::XzDecoder<BufReader<Raw>>),
}

impl Decompressor {
    pub(super) fn new(raw: Raw, compression: Compression) -> io::Result<Self> {
        let buffered = |raw| BufReader::with_capacity(128 << 10, raw);
        Ok(match compression {
            Compression::None => Self::None(raw),
            Compression::Gzip => Self::Gzip(Box::new(flate2::bufread::MultiGzDecoder::new(buffered(raw)))),
            Compression::Zstd => Self::Zstd(zstd::stream::read::Decoder::with_buffer(buffered(raw))?),
            Compression::Bzip2 => Self::Bzip2(bzip2::bufread::MultiBzDecoder::new(buffered(raw))),
            Compression::Xz => Self::Xz(liblzma::bufread::XzDecoder::new_multi_decoder(buffered(raw))),
        })
    }

    /// The file's own bytes.
    pub(super) fn raw(&mut self) -> &mut Raw {
        match self {
            Self::None(raw) => raw,
            Self::Gzip(decoder) => decoder.get_mut().get_mut(),
            Self::Zstd(decoder) => decoder.get_mut().get_mut(),
            Self::Bzip2(decoder) => decoder.get_mut().get_mut(),
            Self::Xz(decoder) => decoder.get_mut().get_mut(),
        }
    }

    /// Bytes of the file read so far.
    pub(super) fn offset(&self) -> u64 {
        match self {
            Self::None(raw) => raw.offset,
            Self::Gzip(decoder) => decoder.get_ref().get_ref().offset,
            Self::Zstd(decoder) => decoder.get_ref().get_ref().offset,
            Self::Bzip2(decoder) => decoder.get_ref().get_ref().offset,
            Self::Xz(decoder) => decoder.get_ref().get_ref().offset,
        }
    }
}

impl Read for Decompressor {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::None(raw) => raw.read(buffer),
            Self::Gzip(decoder) => decoder.read(buffer),
            Self::Zstd(decoder) => decoder.read(buffer),
            Self::Bzip2(decoder) => decoder.read(buffer),
            Self::Xz(decoder) => decoder.read(buffer),
        }
    }
}
