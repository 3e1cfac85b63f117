//! What a run shows while it goes on: a bar on a terminal, plain lines elsewhere.

use std::{
    io::IsTerminal,
    path::Path,
    time::{Duration, Instant},
};

use indicatif::{ProgressBar, ProgressStyle};
use siyu_train::{
    Event, Run,
    metrics::{EvaluationMetrics, StepMetrics},
    record::Outcome,
};

/// Time between two plain lines.
const LINE_EVERY: Duration = Duration::from_secs(10);

/// Shows a run on standard error.
pub(crate) struct Show {
    bar: Option<ProgressBar>,
    begun: Instant,
    /// Steps that an earlier call did.
    before: u64,
    said: Option<Instant>,
}

impl Show {
    pub(crate) fn new() -> Self {
        Self { bar: None, begun: Instant::now(), before: 0, said: None }
    }

    /// What the run is and needs.
    pub(crate) fn forecast(run: &Run) {
        let (forecast, machine, record) = (run.forecast(), run.machine(), run.record());
        eprintln!(
            "{} rows, {} tokens; {} numbers of {} trained; {} on {}",
            record.train.rows,
            record.train.tokens,
            short(forecast.trained_numbers as f64),
            short(forecast.model_numbers as f64),
            machine.precision(),
            machine.device_name()
        );
        let free =
            forecast.memory_available.map_or_else(String::new, |free| format!(" of {}B free", short(free as f64)));
        let time = forecast.seconds.map_or_else(
            || "; the time shows after the first step".to_owned(),
            |seconds| format!("; about {}", duration(seconds)),
        );
        eprintln!(
            "{} steps, {} tokens, {}FLOP; about {}B of memory{free}{time}",
            forecast.steps,
            short(forecast.tokens as f64),
            short(forecast.operations),
            short(forecast.memory_bytes as f64)
        );
        for note in run.notes() {
            eprintln!("note: {note}");
        }
    }

    /// Something happened.
    pub(crate) fn event(&mut self, event: &Event<'_>) {
        match event {
            Event::Note(note) => self.line(&format!("note: {note}")),
            Event::Continued(steps) => {
                self.before = *steps;
                self.line(&format!("continues after step {steps}"));
            }
            Event::Step(metrics, total) => self.step(metrics, *total),
            Event::Evaluated(metrics) => self.evaluated(metrics),
            Event::Saved(_) => {}
        }
    }

    fn step(&mut self, metrics: &StepMetrics, total: u64) {
        let text = format!(
            "loss {:.4}  rate {:.2e}  norm {}  {} tokens/s",
            metrics.loss,
            metrics.learning_rate,
            metrics.gradient_norm.map_or_else(|| "none".to_owned(), |norm| format!("{norm:.3}")),
            short(metrics.tokens_per_second)
        );
        if std::io::stderr().is_terminal() {
            let before = self.before;
            let bar = self.bar.get_or_insert_with(|| bar(total, before));
            bar.set_message(text);
            bar.set_position(metrics.step);
            return;
        }
        let last = metrics.step == total;
        if last || self.said.is_none_or(|said| said.elapsed() >= LINE_EVERY) {
            let done = metrics.step - self.before;
            let left = self.begun.elapsed().as_secs_f64() / done as f64 * (total - metrics.step) as f64;
            eprintln!("step {}/{total}  {text}  {} left", metrics.step, duration(left));
            self.said = Some(Instant::now());
        }
    }

    fn evaluated(&self, metrics: &EvaluationMetrics) {
        let when = if metrics.step == 0 { "at the start".to_owned() } else { format!("after step {}", metrics.step) };
        self.line(&format!(
            "{when}: validation loss {:.4}, perplexity {:.2}, {:.1} % of tokens right{}",
            metrics.validation_loss,
            metrics.validation_perplexity,
            metrics.validation_token_accuracy * 100.0,
            if metrics.best && metrics.step > 0 { ", the best so far" } else { "" }
        ));
    }

    /// How it ended.
    pub(crate) fn outcome(&self, outcome: &Outcome, output: &Path) {
        if let Some(bar) = &self.bar {
            bar.finish();
        }
        let early = if outcome.stopped_early { ", stopped early" } else { "" };
        let best = outcome.best.map_or_else(String::new, |(loss, step)| {
            format!("; the best of validation, {loss:.4} after step {step}, is in `{}`", output.join("best").display())
        });
        eprintln!("{} steps done{early}: `{}`{best}", outcome.steps, output.display());
    }

    fn line(&self, text: &str) {
        match &self.bar {
            Some(bar) => bar.suspend(|| eprintln!("{text}")),
            None => eprintln!("{text}"),
        }
    }
}

fn bar(total: u64, before: u64) -> ProgressBar {
    let style =
        ProgressStyle::with_template("{pos}/{len} [{bar:30}] {eta} left  {msg}").expect("the template is right");
    let bar = ProgressBar::new(total).with_position(before);
    bar.set_style(style);
    bar.reset_eta();
    bar
}

/// `1500000` as `1.5 M`.
fn short(value: f64) -> String {
    let units = [(1e18, "E"), (1e15, "P"), (1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k")];
    units
        .iter()
        .find(|(size, _)| value >= *size)
        .map_or_else(|| format!("{value:.0} "), |(size, unit)| format!("{:.1} {unit}", value / size))
}

/// Seconds as people say them.
fn duration(seconds: f64) -> String {
    let minutes = (seconds / 60.0).floor();
    match seconds {
        seconds if seconds < 120.0 => format!("{seconds:.0} s"),
        seconds if seconds < 7200.0 => format!("{minutes:.0} min"),
        seconds => format!("{:.1} h", seconds / 3600.0),
    }
}
