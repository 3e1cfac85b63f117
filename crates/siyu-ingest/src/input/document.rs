//! Files that are one document each.

use std::borrow::Cow;

use encoding_rs::Encoding;
use siyu_text::decode::{self, Detected, Evidence};

use super::borders::TOO_LONG;
use super::rows::Reason;
use super::stream::{Reader, named};
use super::{BadRow, Content, Limits, Part, Source};
use crate::error::Result;

/// Reads a file to its end as one part.
pub(super) fn whole(
    reader: &mut Reader,
    source: &Source,
    file: u32,
    markup: bool,
    limits: &Limits,
) -> Result<Option<Part>> {
    let mut bytes = Vec::new();
    while !reader.ended && bytes.len() <= limits.record {
        reader.fill(&mut bytes)?;
    }
    let label = reader.label().map(|label| named(label, &source.path)).transpose()?;
    let detected = detect(&bytes, label, markup);
    reader.set_detected(detected);
    let mut end = bytes.len() as u64;
    let mut scratch = Vec::new();
    while !reader.ended {
        scratch.clear();
        reader.fill(&mut scratch)?;
        end += scratch.len() as u64;
    }
    let too_long = (bytes.len() > limits.record).then_some(Cow::Borrowed(TOO_LONG));
    let bad: Vec<BadRow> = too_long
        .or_else(|| reader.broken.clone())
        .map(|reason| BadRow { file, row: 1, start: 0, end, of: reader.stream(), reason })
        .into_iter()
        .collect();
    if !bad.is_empty() {
        bytes = Vec::new();
    } else if bytes.is_empty() {
        return Ok(None);
    }
    // Thousands of small documents wait in one block: none may keep the room of a whole piece.
    bytes.shrink_to_fit();
    Ok(Some(Part {
        file,
        first_row: 1,
        offset: 0,
        bytes: bytes.len() as u64,
        content: Content::Document { bytes, markup },
        bad,
        of: reader.stream(),
        encoding: detected.encoding,
    }))
}

/// Finds a document's encoding; `label` is the one that the pipeline gives.
fn detect(bytes: &[u8], label: Option<&'static Encoding>, markup: bool) -> Detected {
    let detected = decode::detect(bytes, true, markup);
    match label {
        Some(encoding) if detected.evidence != Evidence::ByteOrderMark => {
            Detected { encoding, evidence: Evidence::Named, bom_bytes: 0 }
        }
        _ => detected,
    }
}

/// A document's text. Where its bytes do not fit the encoding it is guessed again, without any declaration.
pub(super) fn read<'a>(bytes: &'a [u8], encoding: &'static Encoding, markup: bool) -> Result<Cow<'a, str>, Reason> {
    let (mut text, malformed) = decode::decode(bytes, encoding);
    if malformed > 0 {
        let guessed = decode::detect(bytes, true, false).encoding;
        let (second, still_malformed) = decode::decode(bytes, guessed);
        if still_malformed > 0 {
            return Err(format!("{malformed} byte sequences are no {} characters", encoding.name()).into());
        }
        text = second;
    }
    if !markup && text.contains('\0') {
        return Err("NUL bytes: this is not text".into());
    }
    Ok(text)
}
