//! What a line says.

use serde::Serialize;

/// What happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Event {
    /// The service began to write.
    Opened,
    /// A line before this one broke off, because the service was killed while it wrote.
    Recovered,
    /// A request to a model is over.
    Request,
    /// A request was not let in.
    Refused,
}

/// A line of the record; members without a value are left out.
#[derive(Clone, Debug, Serialize)]
pub struct Record {
    /// When, in seconds since 1970-01-01 UTC.
    #[serde(serialize_with = "calendar")]
    pub time: u64,
    /// What happened.
    pub event: Event,
    /// Who asked, where a token proved it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
    /// Where it came from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
    /// The request's id, as its response has it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// The route.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub route: Option<&'static str>,
    /// The model.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// How it ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ending: Option<String>,
    /// The rule by which it was refused.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rule: Option<String>,
    /// Tokens of the prompt.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub prompt_tokens: Option<u64>,
    /// Tokens of the answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub completion_tokens: Option<u64>,
    /// Milliseconds from the request's first byte to the answer's last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub took_ms: Option<u64>,
    /// The prompt, where texts are recorded.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub prompt: Option<String>,
    /// The answer, where texts are recorded.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub answer: Option<String>,
    /// Hash of the line that broke off.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub torn: Option<String>,
    /// Records that could not be written before this one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lost: Option<u64>,
}

impl Record {
    /// A record with nothing but what happened.
    pub const fn new(event: Event, time: u64) -> Self {
        Self {
            time,
            event,
            subject: None,
            address: None,
            id: None,
            route: None,
            model: None,
            ending: None,
            rule: None,
            prompt_tokens: None,
            completion_tokens: None,
            took_ms: None,
            prompt: None,
            answer: None,
            torn: None,
            lost: None,
        }
    }

    /// The members of the line's object, without braces.
    pub(super) fn members(&self) -> String {
        let object = serde_json::to_string(self).unwrap_or_default();
        object.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')).unwrap_or_default().to_owned()
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it so")]
fn calendar<S: serde::Serializer>(unix: &u64, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&rfc3339(*unix))
}

/// `2026-11-26T17:18:45Z`.
///
/// # Source
/// Hinnant, "chrono-Compatible Low-Level Date Algorithms", `civil_from_days`.
fn rfc3339(unix: u64) -> String {
    let (days, seconds) = (unix / 86_400, unix % 86_400);
    let shifted = days + 719_468;
    let (era, day_of_era) = (shifted / 146_097, shifted % 146_097);
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
    let year = era * 400 + year_of_era + u64::from(month <= 2);
    format!("{year:04}-{month:02}-{day:02}T{:02}:{:02}:{:02}Z", seconds / 3_600, seconds / 60 % 60, seconds % 60)
}

#[cfg(test)]
mod tests {
    use super::rfc3339;

    #[test]
    fn seconds_are_told_as_the_calendar_does() {
        // By GNU date: `date -u -d @N +%FT%TZ`.
        let known = [
            (0, "1970-01-01T00:00:00Z"),
            (951_782_399, "2000-02-28T23:59:59Z"),
            (951_868_800, "2000-03-01T00:00:00Z"),
            (1_795_713_525, "2026-11-26T17:18:45Z"),
            (4_107_542_400, "2100-03-01T00:00:00Z"),
        ];
        for (unix, text) in known {
            assert_eq!(rfc3339(unix), text);
        }
    }
}
