//! What is known of documents that have candidates, as they are compared.

use super::bits::Bits;
use super::raw;
use super::sketches::{Ranks, documents};
use super::{Pass, candidates::Candidates};
use crate::error::{Error, Result};
use siyu_text::near::{Documents, Signature, Signatures};
use std::fs::File;

/// Files that stay open; a system allows a process only so many.
const OPEN: usize = 512;

/// The part of the memory that may hold sets.
const HELD: u64 = 4;

/// Documents that have candidates; the others have no set.
pub(super) struct Stored<'a> {
    pass: &'a Pass<'a>,
    ranks: &'a Ranks,
    wanted: Bits,
    signatures: Signatures,
    sizes: Vec<u32>,
    /// Where each set begins in its bucket's file.
    offsets: Vec<u64>,
    files: Vec<File>,
    /// The sets of the first buckets, as many as a share of the memory holds: a document that shares its keys with
    /// thousands is asked for as often.
    held: Vec<Vec<u64>>,
}

impl<'a> Stored<'a> {
    pub(super) fn open(pass: &'a Pass<'a>, ranks: &'a Ranks, candidates: &mut Candidates) -> Result<Self> {
        let mut wanted = std::mem::replace(&mut candidates.wanted, Bits::new(0));
        let count = wanted.number() as usize;
        let mut stored = Self {
            pass,
            ranks,
            wanted,
            signatures: Signatures::default(),
            sizes: Vec::with_capacity(count),
            offsets: Vec::with_capacity(count),
            files: Vec::new(),
            held: Vec::new(),
        };
        let mut room = pass.engine.options.memory / HELD;
        for bucket in 0..pass.exchange.buckets {
            let first = u32::try_from(pass.before[bucket as usize]).expect("checked at the start");
            for (number, document) in (first..).zip(documents(pass, bucket)?) {
                if stored.wanted.contains(number) {
                    stored.signatures.push(document.signature);
                }
            }
            let mut offset = 0;
            for size in raw::u32s(&raw::read(&pass.path("sets-sizes", bucket))?) {
                stored.sizes.push(size);
                stored.offsets.push(offset);
                offset += 8 * u64::from(size);
            }
            room = room.saturating_sub(offset);
            if room > 0 {
                stored.held.push(raw::read_u64s(&pass.path("sets", bucket))?);
            }
            if stored.files.len() < OPEN {
                stored.files.push(raw::open(&pass.path("sets", bucket))?);
            }
        }
        Ok(stored)
    }

    /// How many documents have candidates.
    pub(super) fn count(&self) -> u64 {
        self.sizes.len() as u64
    }

    /// Whether a document has candidates, and so a set.
    pub(super) fn has_set(&self, rank: u32) -> bool {
        self.wanted.contains(self.ranks.documents[rank as usize])
    }

    fn index(&self, rank: u32) -> usize {
        self.wanted.index(self.ranks.documents[rank as usize])
    }
}

impl Documents for Stored<'_> {
    type Error = Error;

    fn load(&self, rank: u32, set: &mut Vec<u64>) -> Result<()> {
        let number = self.ranks.documents[rank as usize];
        set.clear();
        if !self.wanted.contains(number) {
            return Ok(());
        }
        let index = self.wanted.index(number);
        let (bucket, _) = self.pass.place(number);
        if let Some(held) = self.held.get(bucket as usize) {
            let start = usize::try_from(self.offsets[index] / 8).expect("held in memory");
            set.extend_from_slice(&held[start..start + self.sizes[index] as usize]);
            return Ok(());
        }
        let path = self.pass.path("sets", bucket);
        let (offset, length) = (self.offsets[index], 8 * self.sizes[index] as usize);
        let mut bytes = Vec::new();
        match self.files.get(bucket as usize) {
            Some(file) => raw::read_at(file, &path, offset, length, &mut bytes)?,
            None => raw::read_at(&raw::open(&path)?, &path, offset, length, &mut bytes)?,
        }
        set.extend(raw::u64s(&bytes));
        Ok(())
    }

    fn signature(&self, rank: u32) -> &Signature {
        self.signatures.get(self.index(rank))
    }

    fn size(&self, rank: u32) -> u32 {
        self.sizes[self.index(rank)]
    }
}
