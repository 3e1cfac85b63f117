//! Values that no service could use.

use super::Settings;
use siyu_text::chat::ChatTemplate;
use siyu_yaml::Problem;

/// The first setting that no service could use.
pub(super) fn problem(settings: &Settings) -> Option<Problem> {
    zero(settings).or_else(|| template(settings)).or_else(|| openness(settings)).or_else(|| threshold(settings))
}

fn zero(settings: &Settings) -> Option<Problem> {
    let (engine, limits) = (&settings.engine, &settings.limits);
    let zero: [(&'static [&'static str], bool); 13] = [
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
