//! Near-duplicates of a JSONL file by comparing every pair, and how much of that sketches find, and how fast.
//!
//! Writes each pair at or above the similarity as `one<TAB>other<TAB>similarity`, and figures to standard error. The
//! file is the first argument, or `corpus/laws.jsonl` in the folder that `SIYU_SHARED_DATA` names.
//!
//! `cargo run --release -p siyu-text --example near_truth -- laws.jsonl 0.8 > truth.tsv`

use rayon::prelude::*;
use siyu_text::near::{Bands, Filter, Shingler, Shingles, Signature, Signatures, Sketcher, jaccard_at_least};
use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead, Write};
use std::time::Instant;

/// A document's set, signature and band keys.
type Sketched = (Vec<u64>, Signature, Vec<u64>);

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let shared = || std::env::var("SIYU_SHARED_DATA").ok().map(|folder| format!("{folder}/corpus/laws.jsonl"));
    let (mut out, mut figures) = (std::io::stdout().lock(), std::io::stderr());
    let Some(path) = arguments.next().or_else(shared) else {
        writeln!(figures, "skipped: name a JSONL file, or set SIYU_SHARED_DATA to the folder with corpus/laws.jsonl")?;
        return Ok(());
    };
    let similarity: f64 = arguments.next().map_or(Ok(0.8), |argument| argument.parse())?;
    let mut documents = Vec::new();
    for line in std::io::BufReader::new(std::fs::File::open(path)?).lines() {
        let row: serde_json::Value = serde_json::from_str(&line?)?;
        let field = |name: &str| row[name].as_str().unwrap_or_default().to_owned();
        documents.push((field("id"), field("text")));
    }
    let megabytes = documents.iter().map(|(_, text)| text.len()).sum::<usize>() as f64 / 1e6;
    let bands = Bands::reaching(similarity, 1e-4);
    let sketched = sketch(&documents, bands, megabytes, &mut figures)?;
    let filter = Filter::new(similarity);
    let started = Instant::now();
    let truth: Vec<(usize, usize, f64)> = (0..sketched.len())
        .into_par_iter()
        .flat_map_iter(|later| {
            let sketched = &sketched;
            (0..later).filter_map(move |earlier| {
                let similarity = jaccard_at_least(&sketched[later].0, &sketched[earlier].0, similarity)?;
                Some((later, earlier, similarity))
            })
        })
        .collect();
    writeln!(
        figures,
        "{} pairs of {} documents at {similarity} or more, each with each in {:.1?}",
        truth.len(),
        documents.len(),
        started.elapsed()
    )?;
    let proposed = proposals(&sketched);
    let found = truth.iter().filter(|(later, earlier, _)| proposed.contains(&(*later, *earlier))).count();
    let passes = |later: usize, earlier: usize| filter.passes(&sketched[later].1, &sketched[earlier].1);
    let passed = truth.iter().filter(|(later, earlier, _)| passes(*later, *earlier)).count();
    let compared = proposed.iter().filter(|(later, earlier)| passes(*later, *earlier)).count();
    writeln!(
        figures,
        "{bands:?} propose {} pairs and {found} of these; signatures let {compared} and {passed} pass",
        proposed.len()
    )?;
    for (later, earlier, similarity) in &truth {
        writeln!(out, "{}\t{}\t{similarity}", documents[*earlier].0, documents[*later].0)?;
    }
    Ok(())
}

fn sketch(
    documents: &[(String, String)],
    bands: Bands,
    megabytes: f64,
    figures: &mut impl Write,
) -> std::io::Result<Vec<Sketched>> {
    let (mut shingler, sketcher) = (Shingler::new(Shingles::Char(5)), Sketcher::new(bands.slots().max(128)));
    let started = Instant::now();
    let hashes: usize = documents.iter().map(|(_, text)| shingler.hashes(text).0.len()).sum();
    let hashed = started.elapsed().as_secs_f64();
    let (mut sketch, mut sketched) = (Vec::new(), Vec::new());
    let started = Instant::now();
    for (_, text) in documents {
        sketcher.sketch(shingler.hashes(text).0, &mut sketch);
        sketched.push((Vec::new(), Signatures::of(&sketch), bands.keys(&sketch).collect::<Vec<u64>>()));
    }
    let all = started.elapsed().as_secs_f64();
    let started = Instant::now();
    for ((set, _, _), (_, text)) in sketched.iter_mut().zip(documents) {
        shingler.set(text).clone_into(set);
    }
    let sets = started.elapsed().as_secs_f64();
    let speed = |seconds: f64| 1e3 * seconds / megabytes;
    writeln!(
        figures,
        "{megabytes:.1} MB, {hashes} shingles; milliseconds a MB, one thread: shingles {:.2}, with sketches {:.2}, as sets {:.2}",
        speed(hashed),
        speed(all),
        speed(sets)
    )?;
    Ok(sketched)
}

/// Pairs that share a band key.
fn proposals(sketched: &[Sketched]) -> BTreeSet<(usize, usize)> {
    let mut groups: BTreeMap<u64, Vec<usize>> = BTreeMap::new();
    for (number, (_, _, keys)) in sketched.iter().enumerate() {
        for key in keys {
            groups.entry(*key).or_default().push(number);
        }
    }
    let pairs = |group: &Vec<usize>| {
        let group = group.clone();
        (0..group.len())
            .flat_map(move |later| (0..later).map(|earlier| (group[later], group[earlier])).collect::<Vec<_>>())
    };
    groups.values().flat_map(pairs).collect()
}
