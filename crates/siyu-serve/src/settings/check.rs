//! Values that no service could use.

use super::Settings;
use crate::sessions;
use siyu_text::chat::ChatTemplate;
use siyu_yaml::Problem;

/// The first setting that no service could use.
pub(super) fn problem(settings: &Settings) -> Option<Problem> {
    zero(settings)
        .or_else(|| huge(settings))
        .or_else(|| template(settings))
        .or_else(|| openness(settings))
        .or_else(|| threshold(settings))
}

fn zero(settings: &Settings) -> Option<Problem> {
    let (engine, limits) = (&settings.engine, &settings.limits);
    let zero: [(&'static [&'static str], bool); 14] = [
        (&["engine", "threads"], engine.threads == Some(0)),
        (&["engine", "slots"], engine.slots == 0),
        (&["engine", "context"], engine.context == Some(0)),
        (&["engine", "prefill_chunk"], engine.prefill_chunk == 0),
        (&["limits", "body_bytes"], limits.body_bytes == 0),
        (&["limits", "header_bytes"], limits.header_bytes < 8192),
        (&["limits", "header_seconds"], limits.header_seconds == 0),
        (&["limits", "body_seconds"], limits.body_seconds == 0),
        (&["limits", "write_seconds"], limits.write_seconds == 0),
        (&["limits", "connections"], limits.connections == 0),
        (&["limits", "connections_per_address"], limits.connections_per_address == 0),
        (&["limits", "prompt_tokens"], limits.prompt_tokens == Some(0)),
        (&["limits", "output_tokens"], limits.output_tokens == 0),
        (&["limits", "answer_seconds"], limits.answer_seconds == 0),
    ];
    let (keys, _) = zero.into_iter().find(|(_, is_zero)| *is_zero)?;
    let name = keys.last().unwrap_or(&"");
    let least = if *name == "header_bytes" { 8192 } else { 1 };
    let message = format!("`{name}` must be at least {least}");
    Some(Problem { keys, message, help: "leave it out for the default; ".to_owned() })
}

/// More than this is meant as no limit at all, and sums with it come to nothing.
const MOST: u64 = 1_000_000_000;

fn huge(settings: &Settings) -> Option<Problem> {
    let (engine, limits) = (&settings.engine, &settings.limits);
    let sessions = |of: fn(&sessions::Settings) -> u64| settings.sessions.as_ref().map_or(0, of);
    let values: [(&'static [&'static str], u64); 14] = [
        (&["engine", "slots"], engine.slots as u64),
        (&["engine", "queue"], engine.queue as u64),
        (&["engine", "context"], engine.context.unwrap_or(0) as u64),
        (&["engine", "prefill_chunk"], engine.prefill_chunk as u64),
        (&["engine", "prefix_cache_megabytes"], engine.prefix_cache_megabytes as u64),
        (&["limits", "header_seconds"], limits.header_seconds),
        (&["limits", "body_seconds"], limits.body_seconds),
        (&["limits", "write_seconds"], limits.write_seconds),
        (&["limits", "connections"], limits.connections as u64),
        (&["limits", "answer_seconds"], limits.answer_seconds),
        (&["limits", "drain_seconds"], limits.drain_seconds),
        (&["sessions", "idle_minutes"], sessions(|sessions| sessions.idle_minutes)),
        (&["sessions", "session_kilobytes"], sessions(|sessions| sessions.session_kilobytes as u64)),
        (&["sessions", "total_megabytes"], sessions(|sessions| sessions.total_megabytes as u64)),
    ];
    let (keys, _) = values.into_iter().find(|(_, value)| *value > MOST)?;
    let message = format!("`{}` must be at most {MOST}", keys.last().unwrap_or(&""));
    Some(Problem { keys, message, help: "leave it out for the default; ".to_owned() })
}

fn template(settings: &Settings) -> Option<Problem> {
    let name = settings.template.as_deref()?;
    if ChatTemplate::named(name).is_some() {
        return None;
    }
    let message = format!("`{name}` is no template, expected one of {}", ChatTemplate::NAMES.join(", "));
    Some(Problem { keys: &["template"], message, help: "leave it out for the model's own template; ".to_owned() })
}

/// Everything is closed that is not opened by a gate, or by a word for this machine alone.
fn openness(settings: &Settings) -> Option<Problem> {
    let problem = |keys: &'static [&'static str], message: &str, help: &str| {
        Some(Problem { keys, message: message.to_owned(), help: help.to_owned() })
    };
    match (&settings.gate, settings.open) {
        (Some(_), true) => problem(&["open"], "`open` and `gate` exclude each other", "keep one of the two; "),
        (None, false) => problem(
            &[],
            "there is no `gate`",
            "say who may come in under `gate`, or write `open: true` for a service that only this machine reaches; ",
        ),
        (None, true) if !settings.listen.ip().is_loopback() => problem(
            &["listen"],
            "an open service may only listen on a loopback address, such as 127.0.0.1:8080",
            "say who may come in under `gate`; ",
        ),
        _ => None,
    }
}

fn threshold(settings: &Settings) -> Option<Problem> {
    let risk = settings.filter.risk.as_ref()?;
    let (label, _) = risk.thresholds.iter().find(|(_, threshold)| !(0.0..=1.0).contains(*threshold))?;
    Some(Problem {
        keys: &["filter", "risk", "thresholds"],
        message: format!("the threshold of `{label}` is no probability"),
        help: "write a number from 0 to 1; ".to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;

    fn refused(more: &str) -> String {
        let text = format!("model: m\nopen: true\n{more}");
        Settings::from_text(&text, Path::new("serve.yaml")).err().map(|error| error.to_string()).unwrap_or_default()
    }

    #[test]
    fn what_no_sum_can_hold_is_refused_where_it_stands() {
        let message = refused("limits: { answer_seconds: 18446744073709551615 }");
        assert!(message.contains("line 3 column 11") || message.contains("serve.yaml:3:"), "{message}");
        assert!(message.contains("`answer_seconds` must be at most 1000000000"), "{message}");
        assert!(refused("sessions: { idle_minutes: 1000000001 }").contains("must be at most"));
        assert_eq!(refused("limits: { answer_seconds: 1000000000 }"), "");
    }
}
