//! Progress on standard error: a bar for each stage on a terminal, a line now and then elsewhere.

use indicatif::{ProgressBar, ProgressStyle};
use siyu_ingest::Error;
use siyu_ingest::run::progress::Progress;
use std::io::{IsTerminal, Write};
use std::sync::atomic::Ordering::Relaxed;
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::{Duration, Instant};

/// How often the counters are read.
const TICK: Duration = Duration::from_millis(200);
/// How often a line is written where there is no terminal.
const LINE: Duration = Duration::from_secs(10);

/// Shows progress while `work` runs.
pub(super) fn show_while<T: Send>(
    progress: &Progress,
    work: impl FnOnce() -> Result<T, Error> + Send,
) -> Result<T, Error> {
    let (done, finished) = channel::<()>();
    std::thread::scope(|scope| {
        scope.spawn(move || {
            let mut shown = Shown::new(std::io::stderr().is_terminal());
            while let Err(RecvTimeoutError::Timeout) = finished.recv_timeout(TICK) {
                shown.update(&State::of(progress));
            }
            shown.end();
        });
        let result = work();
        drop(done);
        result
    })
}

/// The counters at a moment.
#[derive(Clone, Debug, Default)]
struct State {
    stage: String,
    number: u64,
    stages: u64,
    rows: u64,
    bad: u64,
    /// Bytes of input, or units of the stage.
    done: u64,
    total: u64,
    reading: bool,
    /// What the units are.
    units: &'static str,
}

impl State {
    fn of(progress: &Progress) -> Self {
        let units = progress.units_total.load(Relaxed);
        let reading = units == 0;
        let (done, total) =
            if reading { (&progress.bytes, &progress.bytes_total) } else { (&progress.units, &progress.units_total) };
        Self {
            stage: progress.stage.lock().unwrap_or_else(std::sync::PoisonError::into_inner).clone(),
            number: progress.stages.0.load(Relaxed),
            stages: progress.stages.1.load(Relaxed),
            rows: progress.rows.load(Relaxed),
            bad: progress.bad.load(Relaxed),
            done: done.load(Relaxed),
            total: total.load(Relaxed),
            reading,
            units: if progress.compares.load(Relaxed) { "documents compared" } else { "buckets" },
        }
    }

    fn title(&self) -> String {
        format!("[{}/{}] {}", self.number, self.stages, self.stage)
    }

    fn rows(&self) -> String {
        let bad = if self.bad > 0 { format!(", {} unreadable", self.bad) } else { String::new() };
        format!("{} rows{bad}", self.rows)
    }

    /// What is done of a stage that began `elapsed` ago with `before` done.
    fn line(&self, before: u64, elapsed: Duration) -> String {
        let share = self.done as f64 * 100.0 / self.total.max(1) as f64;
        let rate = self.done.saturating_sub(before) as f64 / elapsed.as_secs_f64().max(0.001);
        let left = self.total.saturating_sub(self.done) as f64 / rate.max(0.001);
        let left = if rate > 0.0 { format!(", {left:.0} s left") } else { String::new() };
        if self.reading {
            let (total, rate) = (self.total as f64 / 1e6, rate / 1e6);
            return format!("{}: {share:.0} % of {total:.0} MB, {}, {rate:.1} MB/s{left}", self.title(), self.rows());
        }
        format!("{}: {share:.0} %, {} of {} {}{left}", self.title(), self.done, self.total, self.units)
    }
}

/// What is on the screen.
struct Shown {
    terminal: bool,
    bar: ProgressBar,
    last: State,
    /// When the stage began, and what of it was done then by an earlier run.
    began: (Instant, u64),
    written: Instant,
}

impl Shown {
    fn new(terminal: bool) -> Self {
        let now = Instant::now();
        Self { terminal, bar: ProgressBar::hidden(), last: State::default(), began: (now, 0), written: now }
    }

    fn update(&mut self, state: &State) {
        if state.number != self.last.number || state.reading != self.last.reading {
            self.begin(state);
        } else if state.units != self.last.units {
            self.began = (Instant::now(), state.done);
            self.bar.reset_eta();
        }
        if self.terminal {
            self.bar.set_length(state.total);
            self.bar.set_position(state.done);
            self.bar.set_message(if state.reading { state.rows() } else { state.units.to_owned() });
        } else if self.written.elapsed() >= LINE {
            self.say(&state.line(self.began.1, self.began.0.elapsed()));
            self.written = Instant::now();
        }
        self.last = state.clone();
    }

    /// A stage begins: the last one leaves a line, and a bar of its own appears.
    fn begin(&mut self, state: &State) {
        self.leave();
        self.began = (Instant::now(), state.done);
        if self.terminal && state.number > 0 {
            let template = if state.reading {
                "{prefix} {bar:30} {percent:>3} %  {msg}  {decimal_bytes_per_sec}  {eta} left"
            } else {
                "{prefix} {bar:30} {percent:>3} %  {pos} of {len} {msg}  {eta} left"
            };
            let style = ProgressStyle::with_template(template).expect("a template of known fields");
            self.bar = ProgressBar::new(state.total).with_style(style.progress_chars("=> ")).with_prefix(state.title());
            self.bar.set_position(state.done);
            self.bar.reset_eta();
            self.bar.enable_steady_tick(TICK);
        }
    }

    /// Says that a stage is done, on a terminal; elsewhere the lines say enough.
    fn leave(&mut self) {
        self.bar.finish_and_clear();
        if self.terminal && self.last.number > 0 {
            let line = format!("{}: {:.1} s", self.last.title(), self.began.0.elapsed().as_secs_f64());
            self.say(&line);
        }
    }

    fn end(&mut self) {
        self.bar.finish_and_clear();
    }

    fn say(&self, line: &str) {
        self.bar.suspend(|| {
            let _ = writeln!(std::io::stderr(), "{line}");
        });
    }
}

#[cfg(test)]
mod tests {
    use super::State;
    use std::time::Duration;

    #[test]
    fn a_line_says_how_much_how_fast_and_how_long() {
        let state = State {
            stage: "reading and cleaning".to_owned(),
            number: 1,
            stages: 3,
            rows: 1200,
            bad: 2,
            done: 50_000_000,
            total: 100_000_000,
            reading: true,
            units: "buckets",
        };
        // An earlier run had read 20 MB: they count as done and not as speed.
        let line = state.line(20_000_000, Duration::from_secs(10));
        assert_eq!(line, "[1/3] reading and cleaning: 50 % of 100 MB, 1200 rows, 2 unreadable, 3.0 MB/s, 17 s left");
        let state = State { done: 8, total: 32, reading: false, number: 2, stage: "6 exact_dedup".to_owned(), ..state };
        let line = state.line(0, Duration::from_secs(4));
        assert_eq!(line, "[2/3] 6 exact_dedup: 25 %, 8 of 32 buckets, 12 s left");
        let line = State { units: "documents compared", ..state }.line(0, Duration::from_secs(4));
        assert_eq!(line, "[2/3] 6 exact_dedup: 25 %, 8 of 32 documents compared, 12 s left");
    }
}
