//! What libraries report while they work, a line each on standard error.

use std::fmt::{Debug, Write};
use tracing::field::{Field, Visit};
use tracing::level_filters::LevelFilter;
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Level, Metadata, Subscriber};

/// Shows the workspace's own reports from now on. Those of other crates stay unseen: they may quote what they work on.
pub(crate) fn show() {
    let lines = Lines(|line: &str| drop(std::io::Write::write_all(&mut std::io::stderr(), line.as_bytes())));
    // Only a second call would fail.
    let _ = tracing::subscriber::set_global_default(lines);
}

/// Hands on events as lines; spans are nothing to it.
struct Lines<F>(F);

impl<F: Fn(&str) + 'static> Subscriber for Lines<F> {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.is_event() && *metadata.level() <= Level::INFO && metadata.target().starts_with("siyu")
    }

    fn max_level_hint(&self) -> Option<LevelFilter> {
        Some(LevelFilter::INFO)
    }

    fn event(&self, event: &Event<'_>) {
        let kind = match *event.metadata().level() {
            Level::ERROR => "error",
            Level::WARN => "warning",
            _ => "note",
        };
        let mut said = Said::default();
        event.record(&mut said);
        let fields = if said.fields.is_empty() { String::new() } else { format!(" ({})", said.fields) };
        (self.0)(&format!("{kind}: {}{fields}\n", said.message));
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

/// An event's message, and its other fields.
#[derive(Default)]
struct Said {
    message: String,
    fields: String,
}

impl Visit for Said {
    fn record_str(&mut self, field: &Field, value: &str) {
        self.record_debug(field, &format_args!("{value}"));
    }

    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        let written = if field.name() == "message" {
            write!(self.message, "{value:?}")
        } else {
            let comma = if self.fields.is_empty() { "" } else { ", " };
            write!(self.fields, "{comma}{}: {value:?}", field.name())
        };
        // A `String` takes everything.
        let _ = written;
    }
}

#[cfg(test)]
mod tests {
    use super::Lines;
    use std::sync::{Arc, Mutex};

    #[test]
    fn reports_are_lines_with_what_they_are_about() {
        let lines = Arc::new(Mutex::new(String::new()));
        let seen = lines.clone();
        tracing::subscriber::with_default(Lines(move |line: &str| seen.lock().unwrap().push_str(line)), || {
            tracing::error!(problem = "no keys", lost = 3, "it cannot be used");
            tracing::warn!(path = %std::path::Path::new("a.txt").display(), "left out");
            tracing::info!("read again");
            tracing::debug!("unseen");
            tracing::error!(target: "hyper", "another crate's");
        });
        let expected =
            "error: it cannot be used (problem: no keys, lost: 3)\nwarning: left out (path: a.txt)\nnote: read again\n";
        assert_eq!(*lines.lock().unwrap(), expected);
    }
}
