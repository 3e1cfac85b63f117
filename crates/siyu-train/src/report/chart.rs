//! Curves as lines of an SVG picture.

use std::fmt::Write;

use serde::Serialize;

const WIDTH: f64 = 520.0;
const HEIGHT: f64 = 190.0;
/// Points of a line at most: more than a screen can show.
const POINTS: usize = 400;

/// A curve before it is drawn.
pub(super) struct Curve {
    pub(super) name: &'static str,
    /// The style of its line.
    pub(super) class: &'static str,
    /// Steps and values, steps rising.
    pub(super) points: Vec<(f64, f64)>,
}

/// A picture with its curves.
#[derive(Serialize)]
pub(super) struct Chart {
    title: &'static str,
    unit: &'static str,
    width: f64,
    height: f64,
    lines: Vec<Line>,
    top: String,
    bottom: String,
    last_step: String,
}

#[derive(Serialize)]
struct Line {
    name: &'static str,
    class: &'static str,
    /// `x,y` pairs.
    path: String,
    last: String,
}

impl Chart {
    /// Draws curves on common axes; values that are no numbers are passed over.
    pub(super) fn of(title: &'static str, unit: &'static str, curves: &[Curve]) -> Self {
        let shown: Vec<Vec<(f64, f64)>> = curves.iter().map(|curve| thinned(&curve.points)).collect();
        let all = || shown.iter().flatten();
        let most_step = all().map(|point| point.0).fold(1.0, f64::max);
        let (least, most) = all()
            .fold((f64::INFINITY, f64::NEG_INFINITY), |(least, most), point| (least.min(point.1), most.max(point.1)));
        let (least, most) = if least.is_finite() { (least, most) } else { (0.0, 1.0) };
        // Learning rates and speeds are read from nothing, losses from their own range.
        let bottom = if least > 0.0 && least < most / 2.0 { 0.0 } else { least };
        let range = if most > bottom { most - bottom } else { 1.0 };
        let mut lines = Vec::new();
        for (curve, points) in curves.iter().zip(&shown) {
            let Some(last) = points.last() else { continue };
            let mut path = String::new();
            for (step, value) in points {
                let (x, y) = (step / most_step * WIDTH, HEIGHT - (value - bottom) / range * HEIGHT);
                let _ = write!(path, "{x:.1},{y:.1} ");
            }
            lines.push(Line {
                name: curve.name,
                class: curve.class,
                path: path.trim_end().to_owned(),
                last: decimal(last.1),
            });
        }
        Self {
            title,
            unit,
            width: WIDTH,
            height: HEIGHT,
            lines,
            top: decimal(most),
            bottom: decimal(bottom),
            last_step: grouped(most_step),
        }
    }
}

/// At most so many points, each the mean of its neighbours.
fn thinned(points: &[(f64, f64)]) -> Vec<(f64, f64)> {
    let finite: Vec<(f64, f64)> = points.iter().copied().filter(|point| point.1.is_finite()).collect();
    let size = finite.len().div_ceil(POINTS).max(1);
    let mean = |points: &[(f64, f64)]| {
        let count = points.len() as f64;
        let sum = points.iter().fold((0.0, 0.0), |sum, point| (sum.0 + point.0, sum.1 + point.1));
        (sum.0 / count, sum.1 / count)
    };
    finite.chunks(size).map(mean).collect()
}

/// A number with as many places as tell something.
pub(super) fn decimal(value: f64) -> String {
    match value.abs() {
        0.0 => "0".to_owned(),
        size if size < 1e-3 => format!("{value:.2e}"),
        size if size < 1.0 => format!("{value:.4}"),
        size if size < 1000.0 => format!("{value:.3}"),
        _ => grouped(value),
    }
}

/// `1234567` as `1,234,567`.
pub(super) fn grouped(value: f64) -> String {
    let digits = format!("{value:.0}");
    let mut grouped = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && digit.is_ascii_digit() && (digits.len() - index).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}
