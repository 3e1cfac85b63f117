//! `report.html`: the curves of a run on one page, without network or script.

mod chart;

use std::path::Path;

use minijinja::{Environment, syntax::SyntaxConfig, value::Serde};
use serde::Serialize;

use crate::{
    Result, files,
    metrics::{EvaluationMetrics, Line, StepMetrics},
    record::Record,
};
use chart::{Chart, Curve, decimal, grouped};

/// Writes the page into a run's folder.
pub(crate) fn write(folder: &Path, record: &Record, lines: &[Line]) -> Result<()> {
    files::replace(&folder.join("report.html"), render(record, lines).as_bytes())
}

/// What the template reads.
#[derive(Serialize)]
struct View<'a> {
    record: &'a Record,
    charts: [Chart; 4],
    judged: Vec<&'a EvaluationMetrics>,
    settings: String,
    first: Option<&'a StepMetrics>,
    last: Option<&'a StepMetrics>,
    seconds: f64,
    tokens: u64,
    /// Share of the time that went into waiting for rows.
    waited: f64,
    /// Tokens a second.
    speed: f64,
}

fn render(record: &Record, lines: &[Line]) -> String {
    let steps: Vec<&StepMetrics> =
        lines.iter().filter_map(|line| if let Line::Step(step) = line { Some(step) } else { None }).collect();
    let judged: Vec<&EvaluationMetrics> =
        lines.iter().filter_map(|line| if let Line::Evaluation(judged) = line { Some(judged) } else { None }).collect();
    let curve = |name: &'static str, class: &'static str, value: fn(&StepMetrics) -> Option<f64>| Curve {
        name,
        class,
        points: steps.iter().filter_map(|step| Some((step.step as f64, value(step)?))).collect(),
    };
    let validation = Curve {
        name: "validation",
        class: "second",
        points: judged.iter().map(|judged| (judged.step as f64, judged.validation_loss)).collect(),
    };
    let charts = [
        Chart::of("Loss", "nats a label", &[curve("train", "first", |step| Some(step.loss)), validation]),
        Chart::of("Learning rate", "", &[curve("rate", "first", |step| Some(step.learning_rate))]),
        Chart::of("Gradient norm", "before clipping", &[curve("norm", "first", |step| step.gradient_norm)]),
        Chart::of("Speed", "tokens a second", &[curve("tokens", "first", |step| Some(step.tokens_per_second))]),
    ];
    let seconds: f64 = steps.iter().map(|step| step.seconds).sum();
    let tokens: u64 = steps.iter().map(|step| step.tokens).sum();
    let waited: f64 = steps.iter().map(|step| step.data_wait_seconds).sum();
    let mut pages = Environment::new();
    let lines = SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).build();
    pages.set_syntax(lines.expect("the usual delimiters are no prefixes of each other"));
    pages.add_filter("grouped", grouped);
    pages.add_filter("decimal", decimal);
    pages.add_template("report.html", include_str!("report/report.html")).expect("the template parses");
    pages.add_template("style.css", include_str!("report/style.css")).expect("the style is plain text");
    let share = |part: f64| if seconds > 0.0 { part / seconds } else { 0.0 };
    let view = View {
        record,
        charts,
        judged,
        settings: serde_json::to_string_pretty(&record.settings.to_json()).unwrap_or_default(),
        first: steps.first().copied(),
        last: steps.last().copied(),
        seconds,
        tokens,
        waited: share(waited),
        speed: share(tokens as f64),
    };
    let page = pages.get_template("report.html").and_then(|page| page.render(Serde(view)));
    page.expect("the view has every name that the template uses")
}

#[cfg(test)]
mod tests;
