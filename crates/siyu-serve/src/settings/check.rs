//! Values that no service could use.

use super::Settings;
use siyu_text::chat::ChatTemplate;

/// What is wrong with a setting.
pub(super) struct Problem {
    /// Where it stands.
    pub(super) keys: &'static [&'static str],
    pub(super) message: String,
    /// What to do, ending in `; `.
    pub(super) help: String,
}

/// The first setting that no service could use.
pub(super) fn problem(settings: &Settings) -> Option<Problem> {
    zero(settings).or_else(|| template(settings))
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
