//! Dates as pages write them, as ISO 8601.

use std::sync::LazyLock;

use regex::{Captures, Regex};

/// Year first: `2024-10-03T15:20:11+08:00`, `2024年10月3日 15:20`, `2024/10/3`.
static NUMERIC: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(
        r"(?x)(?:^|[^\d.])(?<year>(?:19|20)\d{2})\s*[-/.年]\s*(?<month>\d{1,2})\s*[-/.月]\s*(?<day>\d{1,2})日?
        (?:[T\s,，]{0,4}(?<hour>\d{1,2})[:：时](?<minute>\d{2})分?(?:[:：](?<second>\d{2})(?:\.\d+)?)?\s*(?<zone>Z|[+-]\d{2}:?\d{2})?)?",
    )
    .expect("the pattern is fixed")
});

/// With the month's English name, before or after the day.
static NAMED: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(
        r"(?xi)\b(?:(?<day>\d{1,2})(?:st|nd|rd|th)?\s+)?(?<month>jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*\.?
        \s+(?:(?<other_day>\d{1,2})(?:st|nd|rd|th)?,?\s+)?(?<year>(?:19|20)\d{2})\b",
    )
    .expect("the pattern is fixed")
});

/// The first date of a short text, with its time of day and zone where given; digits alone (`20241003`) count too.
pub(super) fn iso(text: &str) -> Option<String> {
    let text = text.trim();
    if text.len() >= 8
        && text.bytes().take(8).all(|b| b.is_ascii_digit())
        && !text.as_bytes().get(8).is_some_and(u8::is_ascii_digit)
    {
        let (date, _) = text.split_at_checked(8)?;
        let (year, rest) = date.split_at_checked(4)?;
        let (month, day) = rest.split_at_checked(2)?;
        return calendar(year, month.parse().ok()?, day);
    }
    first(text).or_else(|| NAMED.captures(text).and_then(|found| named(&found)))
}

/// The first date in a text that is written in numbers.
pub(super) fn first(text: &str) -> Option<String> {
    let ends = |found: &Captures<'_>| {
        let end = found.get_match().end();
        !text.as_bytes().get(end).is_some_and(u8::is_ascii_digit)
    };
    NUMERIC.captures_iter(text).filter(ends).find_map(|found| numeric(&found))
}

fn numeric(found: &Captures<'_>) -> Option<String> {
    let mut date = calendar(&found["year"], found["month"].parse().ok()?, &found["day"])?;
    let (Some(hour), Some(minute)) = (found.name("hour"), found.name("minute")) else { return Some(date) };
    let hour: u32 = hour.as_str().parse().ok()?;
    let minute = minute.as_str();
    if hour > 23 || minute.parse::<u32>().ok()? > 59 {
        return Some(date);
    }
    date.extend(["T", if hour < 10 { "0" } else { "" }, &hour.to_string(), ":", minute]);
    if let Some(second) = found.name("second") {
        date.push(':');
        date.push_str(second.as_str());
    }
    if let Some(zone) = found.name("zone") {
        match zone.as_str().split_at_checked(3) {
            Some((hours, minutes)) if !minutes.starts_with(':') => date.extend([hours, ":", minutes]),
            _ => date.push_str(zone.as_str()),
        }
    }
    Some(date)
}

fn named(found: &Captures<'_>) -> Option<String> {
    const MONTHS: [&str; 12] = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
    let month = MONTHS.iter().position(|month| found["month"].eq_ignore_ascii_case(month))?;
    let day = found.name("other_day").or_else(|| found.name("day"))?;
    calendar(&found["year"], u32::try_from(month).ok()? + 1, day.as_str())
}

fn calendar(year: &str, month: u32, day: &str) -> Option<String> {
    let (number, day): (u32, u32) = (year.parse().ok()?, day.parse().ok()?);
    let is_leap = number.is_multiple_of(4) && (!number.is_multiple_of(100) || number.is_multiple_of(400));
    let longest = match month {
        4 | 6 | 9 | 11 => 30,
        2 => 28 + u32::from(is_leap),
        1..=12 => 31,
        _ => return None,
    };
    (1..=longest).contains(&day).then(|| format!("{year}-{month:02}-{day:02}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_read_however_they_are_written() {
        for (text, expected) in [
            ("2024-10-03T15:20:11+08:00", "2024-10-03T15:20:11+08:00"),
            ("2024-10-03T15:20:11.123+0800", "2024-10-03T15:20:11+08:00"),
            ("2023-02-06T07:00:00Z", "2023-02-06T07:00:00Z"),
            ("2024年10月3日 15:20", "2024-10-03T15:20"),
            ("发布于 2021-3-1 9:05:07", "2021-03-01T09:05:07"),
            ("2020/2/29", "2020-02-29"),
            ("20241003", "2024-10-03"),
            ("6 February 2023", "2023-02-06"),
            ("Feb. 6th, 2023", "2023-02-06"),
        ] {
            assert_eq!(iso(text).as_deref(), Some(expected), "{text}");
        }
    }

    #[test]
    fn what_is_no_day_of_the_calendar_is_no_date() {
        for text in
            ["", "2023-02-29", "2023-13-01", "192.2023.1.2", "12345678901", "May 2023", "第2023条", "2023-10-123"]
        {
            assert_eq!(iso(text), None, "{text}");
        }
    }
}
