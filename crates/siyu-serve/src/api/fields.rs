//! The fields of a request, each taken once, with errors that name it.

use super::ApiError;
use serde_json::{Map, Value};
use std::ops::RangeInclusive;

/// What clients may send although nothing depends on it here: labels for their own accounts.
const LABELS: [&str; 6] = ["user", "metadata", "store", "service_tier", "safety_identifier", "prompt_cache_key"];

pub(crate) struct Fields {
    left: Map<String, Value>,
    known: Vec<&'static str>,
}

impl Fields {
    pub(super) fn new(fields: Map<String, Value>) -> Self {
        Self { left: fields, known: Vec::new() }
    }

    /// The field's value; `null` is as good as none.
    pub(super) fn take(&mut self, name: &'static str) -> Option<Value> {
        self.known.push(name);
        self.left.remove(name).filter(|value| !value.is_null())
    }

    pub(crate) fn text(&mut self, name: &'static str) -> Result<Option<String>, ApiError> {
        match self.take(name) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(_) => Err(ApiError::field(name, format!("`{name}` must be a text"))),
        }
    }

    pub(super) fn flag(&mut self, name: &'static str) -> Result<Option<bool>, ApiError> {
        let flag = |value: Value| {
            value.as_bool().ok_or_else(|| ApiError::field(name, format!("`{name}` must be true or false")))
        };
        self.take(name).map(flag).transpose()
    }

    /// A number within bounds.
    pub(super) fn number(&mut self, name: &'static str, bounds: RangeInclusive<f64>) -> Result<Option<f64>, ApiError> {
        let number = |value: Value| {
            value.as_f64().filter(|number| bounds.contains(number)).ok_or_else(|| {
                let (low, high) = (bounds.start(), bounds.end());
                ApiError::field(name, format!("`{name}` must be a number from {low} to {high}"))
            })
        };
        self.take(name).map(number).transpose()
    }

    /// A whole number within bounds.
    pub(super) fn whole(&mut self, name: &'static str, bounds: RangeInclusive<u64>) -> Result<Option<usize>, ApiError> {
        let whole = |value: Value| {
            let number = value.as_u64().filter(|number| bounds.contains(number));
            number.and_then(|number| usize::try_from(number).ok()).ok_or_else(|| {
                let (low, high) = (bounds.start(), bounds.end());
                ApiError::field(name, format!("`{name}` must be a whole number from {low} to {high}"))
            })
        };
        self.take(name).map(whole).transpose()
    }

    /// Refuses a field unless it asks for nothing.
    pub(super) fn unsupported(
        &mut self,
        name: &'static str,
        nothing: impl Fn(&Value) -> bool,
        help: &str,
    ) -> Result<(), ApiError> {
        match self.take(name) {
            Some(value) if !nothing(&value) => {
                Err(ApiError::field(name, format!("`{name}` is not supported; {help}")).code("unsupported_parameter"))
            }
            _ => Ok(()),
        }
    }

    /// Refuses what is left.
    pub(crate) fn finish(mut self) -> Result<(), ApiError> {
        for label in LABELS {
            self.left.remove(label);
        }
        let Some((unknown, _)) = self.left.into_iter().find(|(_, value)| !value.is_null()) else { return Ok(()) };
        // A name is shown, and compared with others, only if it can be one.
        let plain = unknown.len() <= 40 && unknown.chars().all(|each| each.is_ascii_alphanumeric() || each == '_');
        let shown = if plain { format!("`{unknown}`") } else { "a name of another form".to_owned() };
        let near = plain.then(|| siyu_yaml::nearest(&unknown, &self.known)).flatten();
        let help = near.map_or_else(|| "leave it out".to_owned(), |near| format!("did you mean `{near}`?"));
        let message = format!("the request has an unknown field, {shown}; {help}");
        Err(ApiError::new(axum::http::StatusCode::BAD_REQUEST, message).code("unknown_parameter"))
    }
}
