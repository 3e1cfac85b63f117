//! What searches for near-duplicates found, as the page shows it.

use super::{Bar, bars, rounded};
use crate::near::{Example, NearReport};
use serde::Serialize;
use similar::{Algorithm, DiffTag, capture_diff_slices};

/// The picture of the probability curve.
const WIDTH: f64 = 560.0;
const HEIGHT: f64 = 150.0;

/// Characters of a shared passage that are shown at each of its ends.
const CONTEXT: usize = 40;

/// Characters of passages that are compared character by character; comparing longer ones that have little in common
/// takes time by the square of their length.
const CLOSELY: usize = 300;

/// One search.
#[derive(Serialize)]
pub(super) struct Near<'a> {
    report: &'a NearReport,
    pairs: u64,
    clusters: Vec<Bar>,
    similarities: Vec<Bar>,
    /// Points of the curve that tells how likely a pair is compared.
    curve: String,
    least_alike: Option<String>,
    bound: f64,
    at_bound: f64,
    width: f64,
    height: f64,
    examples: Vec<Pair<'a>>,
}

/// Two documents and where they differ.
#[derive(Serialize)]
struct Pair<'a> {
    example: &'a Example,
    similarity: String,
    parts: Vec<Part>,
}

/// A passage of both or of one.
#[derive(Serialize)]
struct Part {
    kind: &'static str,
    text: String,
}

impl<'a> Near<'a> {
    pub(super) fn of(report: &'a NearReport) -> Self {
        let point = |step: u32| {
            let similarity = f64::from(step) / 50.0;
            let (x, y) = (similarity * WIDTH, HEIGHT * (1.0 - report.bands.probability(similarity)));
            format!("{},{}", rounded(x), rounded(y))
        };
        let sizes = [
            (2, 2, "2"),
            (3, 3, "3"),
            (4, 5, "4 to 5"),
            (6, 10, "6 to 10"),
            (11, 100, "11 to 100"),
            (101, u64::MAX, "more"),
        ];
        let clusters = sizes.map(|(least, most, name)| {
            let counts = report.clusters.range(least..=most).map(|(_, count)| count);
            (format!("{name} documents"), counts.sum::<u64>())
        });
        Self {
            report,
            pairs: report.histogram.iter().sum(),
            clusters: bars(clusters.into_iter().filter(|(_, count)| *count > 0)),
            similarities: similarities(&report.histogram),
            curve: (0..=50).map(point).collect::<Vec<_>>().join(" "),
            least_alike: report.least_alike.map(|similarity| format!("{similarity:.2}")),
            bound: rounded(report.similarity * WIDTH),
            at_bound: report.bands.probability(report.similarity),
            width: WIDTH,
            height: HEIGHT,
            examples: report.examples.iter().map(Pair::of).collect(),
        }
    }
}

/// Pairs by similarity, in steps of five hundredths and in their order.
fn similarities(histogram: &[u64]) -> Vec<Bar> {
    let whole = histogram.iter().sum();
    let mut steps: Vec<(String, u64)> = Vec::new();
    for (number, counts) in (0u32..).zip(histogram.chunks(5)) {
        let name = if number == 20 { "1.00".to_owned() } else { format!("{:.2}", f64::from(number) / 20.0) };
        let count = counts.iter().sum();
        if count > 0 || !steps.is_empty() {
            steps.push((name, count));
        }
    }
    steps.into_iter().map(|(name, count)| Bar::of(name, count, whole)).collect()
}

impl<'a> Pair<'a> {
    fn of(example: &'a Example) -> Self {
        let [one, other] = [0, 1].map(|index| clauses(&example.texts[index]));
        let mut parts = Vec::new();
        for step in capture_diff_slices(Algorithm::Myers, &one, &other) {
            let (gone, added) = (one[step.old_range()].concat(), other[step.new_range()].concat());
            let lengths = [&gone, &added].map(|text| text.chars().count());
            match step.tag() {
                DiffTag::Replace if lengths.iter().all(|length| *length <= CLOSELY) => {
                    compare(&gone, &added, &mut parts);
                }
                DiffTag::Equal => parts.push(Part { kind: "same", text: shortened(&gone) }),
                _ => differ(gone, added, &mut parts),
            }
        }
        Self { example, similarity: format!("{:.4}", (example.similarity * 1e4).floor() / 1e4), parts }
    }
}

/// A text cut behind punctuation and line ends.
fn clauses(text: &str) -> Vec<&str> {
    const ENDS: &[char] = &['\n', '。', '，', '；', '：', '、', '！', '？', '.', ',', ';', ':', '!', '?', ' '];
    text.split_inclusive(ENDS).collect()
}

/// Compares two short passages character by character.
fn compare(gone: &str, added: &str, parts: &mut Vec<Part>) {
    let [one, other] = [gone, added].map(|text| text.chars().collect::<Vec<char>>());
    for step in capture_diff_slices(Algorithm::Myers, &one, &other) {
        let gone: String = one[step.old_range()].iter().collect();
        match step.tag() {
            DiffTag::Equal => parts.push(Part { kind: "same", text: shortened(&gone) }),
            _ => differ(gone, other[step.new_range()].iter().collect(), parts),
        }
    }
}

fn differ(gone: String, added: String, parts: &mut Vec<Part>) {
    let sides = [("gone", gone), ("added", added)].into_iter().filter(|(_, text)| !text.is_empty());
    parts.extend(sides.map(|(kind, text)| Part { kind, text }));
}

/// The beginning and the end of a text.
fn shortened(text: &str) -> String {
    let count = text.chars().count();
    if count <= 3 * CONTEXT {
        return text.to_owned();
    }
    let (head, tail) = (text.chars().take(CONTEXT), text.chars().skip(count - CONTEXT));
    head.chain(" … ".chars()).chain(tail).collect()
}

#[cfg(test)]
mod tests {
    use super::{Near, Pair, similarities};
    use crate::near::{Example, NearReport};
    use siyu_text::near::Bands;

    fn example() -> Example {
        let texts = ["甲方应当在三日内付款。", "甲方应当在五日内付清款项。"].map(str::to_owned);
        Example { similarity: 0.8, ids: ["a", "b"].map(str::to_owned), texts }
    }

    #[test]
    fn the_parts_of_a_pair_make_up_both_texts() {
        let example = example();
        let pair = Pair::of(&example);
        let joined = |kinds: [&str; 2]| {
            let parts = pair.parts.iter().filter(|part| kinds.contains(&part.kind));
            parts.map(|part| part.text.as_str()).collect::<String>()
        };
        assert_eq!([joined(["same", "gone"]), joined(["same", "added"])], example.texts);
    }

    #[test]
    fn pairs_are_shown_from_the_first_step_that_has_any() {
        let mut histogram = vec![0; 101];
        (histogram[83], histogram[100]) = (3, 1);
        let bars = serde_json::to_value(similarities(&histogram)).unwrap();
        assert_eq!(bars[0]["name"], "0.80");
        assert_eq!((&bars[4]["name"], bars[4]["count"].as_u64()), (&"1.00".into(), Some(1)));
    }

    #[test]
    fn a_search_without_results_can_be_shown() {
        let report = NearReport {
            step: "1 near_dedup".to_owned(),
            documents: 0,
            similarity: 0.8,
            bands: Bands { bands: 25, rows: 5 },
            copies: 0,
            compared: 0,
            histogram: vec![0; 101],
            clusters: std::collections::BTreeMap::new(),
            least_alike: None,
            examples: vec![example()],
            divided: None,
        };
        let near = Near::of(&report);
        assert!(near.similarities.is_empty() && near.clusters.is_empty() && near.at_bound > 0.999);
    }
}
