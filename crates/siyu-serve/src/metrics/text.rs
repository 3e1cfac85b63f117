//! The text that Prometheus reads.
//!
//! # Source
//! Prometheus text exposition format, version 0.0.4.

use std::fmt::Write;
use std::sync::atomic::{AtomicU64, Ordering};

use super::histogram::Histogram;
use super::{ENDINGS, FILTERS, Metrics, STATUSES};

/// The type of the text, for `Content-Type`.
pub const CONTENT_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// What is counted elsewhere and told here.
#[derive(Clone, Copy, Debug, Default)]
pub struct Elsewhere {
    /// Records of the audit log that could not be written.
    pub audit_lost: u64,
    /// Conversations, and bytes of them.
    pub sessions: (usize, usize),
}

impl Metrics {
    /// All numbers as Prometheus reads them.
    pub fn text(&self, elsewhere: Elsewhere) -> String {
        let mut text = Text(String::new());
        text.histogram("siyu_first_token_seconds", "From a request to its first token.", &self.first_token);
        text.histogram("siyu_between_tokens_seconds", "From one token to the next.", &self.between_tokens);
        text.histogram("siyu_queue_seconds", "Waiting for a slot.", &self.queued);
        text.histogram("siyu_step_seconds", "One step of the model.", &self.step);
        text.histogram("siyu_batch_requests", "Requests in one step of the model.", &self.batch);
        let endings = ENDINGS.iter().map(|ending| ending.1).zip(&self.endings);
        text.counters("siyu_requests_total", "Requests to a model, by how they ended.", "ending", endings);
        let statuses: Vec<String> = STATUSES.iter().map(u16::to_string).collect();
        let refused = statuses.iter().map(String::as_str).zip(&self.refused);
        text.counters(
            "siyu_refused_total",
            "Requests that the gate did not let in, or that had no tokens left.",
            "status",
            refused,
        );
        let filtered = FILTERS.iter().copied().zip(&self.filtered);
        text.counters("siyu_filtered_total", "Texts refused by a rule of the filter, or masked.", "by", filtered);
        let tokens =
            [("prompt", &self.prompt_tokens), ("cached", &self.cached_tokens), ("completion", &self.completion_tokens)];
        text.counters("siyu_tokens_total", "Tokens of prompts and answers.", "of", tokens);
        let reloads = ["done", "failed"].into_iter().zip(&self.reloads);
        text.counters("siyu_reloads_total", "Changed keys and lists that were read again.", "result", reloads);
        text.number("siyu_queue_full_total", "counter", "Requests turned away by a full queue.", &self.turned_away);
        let crowded = "Connections closed at once, as their address had as many as it may.";
        text.number("siyu_connections_refused_total", "counter", crowded, &self.connections_refused);
        text.number("siyu_waiting_requests", "gauge", "Requests that wait for a slot.", &self.waiting);
        text.number("siyu_slots_used", "gauge", "Slots in use.", &self.slots_used);
        text.number("siyu_slots", "gauge", "Slots in all.", &self.slots);
        text.number("siyu_prefix_cache_used_bytes", "gauge", "Bytes of the prefix cache in use.", &self.prefix_used);
        text.number("siyu_prefix_cache_bytes", "gauge", "Bytes of the prefix cache in all.", &self.prefix);
        let (sessions, bytes) = elsewhere.sessions;
        text.value("siyu_audit_lost_total", "counter", "Records that could not be written.", elsewhere.audit_lost);
        text.value("siyu_sessions", "gauge", "Conversations that are kept.", sessions as u64);
        text.value("siyu_sessions_bytes", "gauge", "Bytes of the conversations that are kept.", bytes as u64);
        text.0
    }
}

struct Text(String);

impl Text {
    fn head(&mut self, name: &str, kind: &str, help: &str) {
        let _ = writeln!(self.0, "# HELP {name} {help}\n# TYPE {name} {kind}");
    }

    fn value(&mut self, name: &str, kind: &str, help: &str, value: u64) {
        self.head(name, kind, help);
        let _ = writeln!(self.0, "{name} {value}");
    }

    fn number(&mut self, name: &str, kind: &str, help: &str, value: &AtomicU64) {
        self.value(name, kind, help, value.load(Ordering::Relaxed));
    }

    fn counters<'a>(
        &mut self,
        name: &str,
        help: &str,
        label: &str,
        counters: impl IntoIterator<Item = (&'a str, &'a AtomicU64)>,
    ) {
        self.head(name, "counter", help);
        for (value, counter) in counters {
            let _ = writeln!(self.0, "{name}{{{label}=\"{value}\"}} {}", counter.load(Ordering::Relaxed));
        }
    }

    fn histogram(&mut self, name: &str, help: &str, histogram: &Histogram) {
        self.head(name, "histogram", help);
        let (bounds, count, sum) = histogram.read();
        for (bound, below) in bounds {
            let _ = writeln!(self.0, "{name}_bucket{{le=\"{bound}\"}} {below}");
        }
        let _ = writeln!(self.0, "{name}_bucket{{le=\"+Inf\"}} {count}\n{name}_sum {sum}\n{name}_count {count}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contract::{Ending, Observer, RequestId, Usage};
    use std::time::Duration;

    #[test]
    fn numbers_stand_under_their_names() {
        let metrics = Metrics::default();
        for milliseconds in [1, 10, 90_000] {
            metrics.first_token(RequestId(1), Duration::from_millis(milliseconds));
        }
        let usage = Usage { prompt_tokens: 7, cached_tokens: 3, completion_tokens: 5 };
        metrics.ended(RequestId(1), Ending::Length, usage);
        metrics.refused(429);
        metrics.filtered("words/zh:12");
        metrics.load(2, (3, 16), (10, 100));
        let text = metrics.text(Elsewhere { audit_lost: 4, sessions: (1, 300) });
        for line in [
            "# TYPE siyu_first_token_seconds histogram",
            "siyu_first_token_seconds_bucket{le=\"0.000125\"} 0",
            "siyu_first_token_seconds_bucket{le=\"0.001\"} 1",
            "siyu_first_token_seconds_bucket{le=\"0.016\"} 2",
            "siyu_first_token_seconds_bucket{le=\"65.536\"} 2",
            "siyu_first_token_seconds_bucket{le=\"+Inf\"} 3",
            "siyu_first_token_seconds_sum 90.011",
            "siyu_first_token_seconds_count 3",
            "siyu_requests_total{ending=\"length\"} 1",
            "siyu_refused_total{status=\"429\"} 1",
            "siyu_filtered_total{by=\"words\"} 1",
            "siyu_tokens_total{of=\"completion\"} 5",
            "siyu_slots 16",
            "siyu_audit_lost_total 4",
            "siyu_sessions_bytes 300",
        ] {
            assert!(text.lines().any(|found| found == line), "{line} in\n{text}");
        }
    }
}
