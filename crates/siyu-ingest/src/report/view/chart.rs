//! A histogram as columns of an SVG picture.

use serde::Serialize;

use super::{rounded, share};
use crate::{
    report::format::{count, short},
    statistics::Histogram,
};

const WIDTH: f64 = 560.0;
const HEIGHT: f64 = 150.0;
/// Labels need this much room on the axis.
const LABEL_WIDTH: f64 = 46.0;

/// The columns and labels of a histogram, in the picture's own units.
#[derive(Serialize)]
pub(super) struct Chart {
    width: f64,
    height: f64,
    columns: Vec<Column>,
    labels: Vec<Label>,
    mean: u64,
    max: u64,
    count: u64,
}

#[derive(Serialize)]
struct Column {
    x: f64,
    y: f64,
    width: f64,
    height: f64,
    title: String,
}

#[derive(Serialize)]
struct Label {
    x: f64,
    text: String,
}

impl Chart {
    pub(super) fn of(histogram: &Histogram) -> Self {
        let bins = histogram.range();
        let most = bins.iter().map(|&(_, count)| count).max().unwrap_or(0);
        let step = (WIDTH / bins.len().max(1) as f64).min(64.0);
        let every = (LABEL_WIDTH / step).ceil().max(1.0);
        let mut columns = Vec::new();
        let mut labels = Vec::new();
        let mut left = 0.0;
        let mut unlabelled = every;
        for (start, rows) in bins {
            // A bin with a single document must not vanish beside one with a million.
            let height = if rows == 0 { 0.0 } else { (share(rows, most) * HEIGHT).max(1.5) };
            let end = crate::statistics::bin_end(start);
            columns.push(Column {
                x: rounded(left + step * 0.06),
                y: rounded(HEIGHT - height),
                width: rounded(step * 0.88),
                height: rounded(height),
                title: format!("{} to {}: {} documents", count(start), count(end), count(rows)),
            });
            if unlabelled >= every {
                labels.push(Label { x: rounded(left + step * 0.06), text: short(start) });
                unlabelled = 0.0;
            }
            unlabelled += 1.0;
            left += step;
        }
        let mean = histogram.sum.checked_div(histogram.count).unwrap_or(0);
        Self { width: WIDTH, height: HEIGHT, columns, labels, mean, max: histogram.max, count: histogram.count }
    }
}
