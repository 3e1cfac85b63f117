//! How often `decode::detect` is right: cuts pieces of several lengths out of the `text` of a JSONL file, encodes them
//! and asks for the encoding.
//!
//! `cargo run --release -p siyu-text --example detect_accuracy -- FILE.jsonl gb18030 big5 utf-16le …`

use std::io::{BufRead, Write};

use siyu_text::decode;

const LENGTHS: [usize; 7] = [2, 4, 8, 16, 32, 100, 1000];

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let path = arguments.next().ok_or("give a JSONL file and encodings")?;
    let mut texts = Vec::new();
    for line in std::io::BufReader::new(std::fs::File::open(path)?).lines() {
        let document: serde_json::Value = serde_json::from_str(&line?)?;
        texts.push(document["text"].as_str().unwrap_or_default().to_owned());
    }
    let mut out = std::io::stdout();
    for label in arguments {
        for length in LENGTHS {
            let (mut right, mut asked, mut wrong) = (0, 0, std::collections::BTreeMap::<_, u32>::new());
            for piece in texts.iter().flat_map(|text| pieces(text, length)) {
                let Some(bytes) = encode(&piece, &label) else { continue };
                asked += 1;
                let found = decode::detect(&bytes, true, false).encoding;
                if decode::decode(&bytes, found).0 == piece {
                    right += 1;
                } else {
                    *wrong.entry(found.name()).or_default() += 1;
                }
            }
            let share = 100.0 * f64::from(right) / f64::from(asked.max(1));
            writeln!(out, "{label:12} {length:5} characters: {right} of {asked}, {share:.2} %; taken for {wrong:?}")?;
        }
    }
    Ok(())
}

/// Pieces from three places of a text, each with one Han character at least.
fn pieces(text: &str, length: usize) -> impl Iterator<Item = String> {
    let total = text.chars().count();
    [0, total / 3, total / 2].into_iter().filter_map(move |from| {
        let piece: String = text.chars().skip(from).take(length).collect();
        (piece.chars().count() == length && !piece.is_ascii()).then_some(piece)
    })
}

fn encode(piece: &str, label: &str) -> Option<Vec<u8>> {
    match label {
        "utf-16le" => Some(piece.encode_utf16().flat_map(u16::to_le_bytes).collect()),
        "utf-16be" => Some(piece.encode_utf16().flat_map(u16::to_be_bytes).collect()),
        _ => {
            let (bytes, _, unmappable) = decode::named(label).ok()?.encode(piece);
            (!unmappable).then(|| bytes.into_owned())
        }
    }
}
