//! The facts as the templates read them: shares, bars and charts, in place of bare counts.

mod chart;
mod near;

use std::collections::BTreeMap;

use serde::Serialize;

use super::ReportFacts;
use chart::Chart;
use near::Near;

/// Inputs and shards that a page lists; the rest is in `report.json`.
const LISTED: usize = 30;

/// What the templates read.
#[derive(Serialize)]
pub(super) struct View<'a> {
    facts: &'a ReportFacts,
    /// Rows that ended in a shard, of all that there were.
    kept: f64,
    outcome: Vec<Bar>,
    funnel: Vec<FunnelStep<'a>>,
    drops: Vec<Drops<'a>>,
    drop_total: u64,
    splits: Vec<Side<'a>>,
    scripts: Vec<Bar>,
    personal: Vec<Bar>,
    personal_total: u64,
    quarantine: Vec<Bar>,
    characters: Chart,
    tokens: Chart,
    token_total: u64,
    /// The share of packed rows that holds tokens.
    fill: f64,
    answer: f64,
    input_bytes: u64,
    shard_bytes: u64,
    listed: usize,
    near: Vec<Near<'a>>,
}

/// A count with its label and its share of a whole.
#[derive(Serialize)]
struct Bar {
    name: String,
    count: u64,
    share: f64,
    /// Its length on the page, in percent of the longest.
    width: f64,
}

#[derive(Serialize)]
struct FunnelStep<'a> {
    number: &'a str,
    name: &'a str,
    rows_out: u64,
    dropped: u64,
    created: u64,
    /// Percent of the widest point of the funnel.
    width: f64,
    lost: f64,
}

#[derive(Serialize)]
struct Drops<'a> {
    step: &'a str,
    count: u64,
    reasons: Vec<Bar>,
}

#[derive(Serialize)]
struct Side<'a> {
    name: &'a str,
    rows: u64,
    share: f64,
    wanted: Option<f64>,
    characters: u64,
    tokens: u64,
    shards: usize,
}

impl<'a> View<'a> {
    pub(super) fn of(facts: &'a ReportFacts) -> Self {
        let manifest = &facts.manifest;
        let rows = &manifest.rows;
        let outcome = [("written", rows.written), ("dropped", rows.dropped), ("quarantined", rows.quarantined)];
        let personal = bars(manifest.personal_data.iter().map(|(name, &count)| (name.clone(), count)));
        let labels = facts.statistics.labels;
        Self {
            facts,
            kept: share(rows.written, rows.input + rows.created),
            outcome: outcome.map(|(name, count)| Bar::of(name, count, rows.input + rows.created)).into(),
            funnel: funnel(facts),
            drops: drops(facts),
            drop_total: rows.dropped,
            splits: sides(facts),
            scripts: bars(facts.statistics.scripts.iter().map(|(name, &count)| (name.clone(), count))),
            personal_total: personal.iter().map(|bar| bar.count).sum(),
            personal,
            quarantine: bars(facts.quarantine_reasons.iter().map(|(name, &count)| (name.clone(), count))),
            characters: Chart::of(&facts.statistics.characters),
            tokens: Chart::of(&facts.statistics.tokens),
            token_total: manifest.shards.iter().filter_map(|shard| shard.tokens).sum(),
            fill: manifest.packing.as_ref().map_or(0.0, siyu_dataset::PackingRecord::fill),
            answer: share(labels.answer, labels.positions),
            input_bytes: manifest.inputs.iter().map(|input| input.bytes).sum(),
            shard_bytes: manifest.shards.iter().map(|shard| shard.bytes).sum(),
            listed: LISTED,
            near: facts.near.iter().map(Near::of).collect(),
        }
    }
}

impl Bar {
    fn of(name: impl Into<String>, count: u64, whole: u64) -> Self {
        let share = share(count, whole);
        Self { name: name.into(), count, share, width: rounded(share * 100.0) }
    }
}

/// Bars by size, the largest first.
fn bars(counts: impl Iterator<Item = (String, u64)>) -> Vec<Bar> {
    let mut counts: Vec<(String, u64)> = counts.collect();
    counts.sort_by(|one, other| other.1.cmp(&one.1).then_with(|| one.0.cmp(&other.0)));
    let whole = counts.iter().map(|(_, count)| count).sum();
    let longest = counts.first().map_or(0, |(_, count)| *count);
    let bar = |(name, count)| Bar { width: rounded(share(count, longest) * 100.0), ..Bar::of(name, count, whole) };
    counts.into_iter().map(bar).collect()
}

fn funnel(facts: &ReportFacts) -> Vec<FunnelStep<'_>> {
    let steps = &facts.manifest.steps;
    let widest = steps.iter().map(|step| step.rows_in.max(step.rows_out)).max().unwrap_or(0);
    let step = |step: &'_ siyu_dataset::StepRecord| (share(step.rows_out, widest), share(step.dropped, widest));
    steps
        .iter()
        .map(|record| {
            let (number, name) = record.step.split_once(' ').unwrap_or(("", &record.step));
            let (width, lost) = step(record);
            FunnelStep {
                number,
                name,
                rows_out: record.rows_out,
                dropped: record.dropped,
                created: record.created,
                width: rounded(width * 100.0),
                lost: rounded(lost * 100.0),
            }
        })
        .collect()
}

fn drops(facts: &ReportFacts) -> Vec<Drops<'_>> {
    let mut drops = Vec::new();
    for step in facts.manifest.steps.iter().filter(|step| step.dropped > 0) {
        let reasons = facts.drop_reasons.get(&step.step).into_iter().flatten();
        let named = reasons.filter(|(reason, _)| !reason.is_empty());
        drops.push(Drops {
            step: &step.step,
            count: step.dropped,
            reasons: bars(named.map(|(reason, &count)| (reason.clone(), count))),
        });
    }
    drops
}

/// The sides in the order in which they are used.
fn sides(facts: &ReportFacts) -> Vec<Side<'_>> {
    let manifest = &facts.manifest;
    let mut shards: BTreeMap<&str, (usize, u64)> = BTreeMap::new();
    for shard in &manifest.shards {
        let side = shards.entry(&shard.split).or_default();
        side.0 += 1;
        side.1 += shard.document_count();
    }
    let order = |name: &str| ["train", "validation", "test"].iter().position(|known| *known == name).unwrap_or(3);
    let mut sides: Vec<_> = shards.into_iter().collect();
    sides.sort_by_key(|&(name, _)| (order(name), name));
    let side = |(name, (shards, rows))| {
        let totals = facts.statistics.splits.get(name).copied().unwrap_or_default();
        Side {
            name,
            rows,
            share: share(rows, manifest.rows.written),
            wanted: manifest.split.as_ref().and_then(|split| split.shares.get(name).copied()),
            characters: totals.characters,
            tokens: totals.tokens,
            shards,
        }
    };
    sides.into_iter().map(side).collect()
}

fn share(part: u64, whole: u64) -> f64 {
    if whole == 0 { 0.0 } else { part as f64 / whole as f64 }
}

/// To hundredths, as coordinates are written.
fn rounded(value: f64) -> f64 {
    (value * 100.0).round() / 100.0
}
