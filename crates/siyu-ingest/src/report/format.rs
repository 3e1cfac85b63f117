//! Numbers and texts as the pages show them.

use minijinja::{Environment, value::Value};

/// Adds the filters that the templates use.
pub(super) fn add_filters(pages: &mut Environment<'_>) {
    pages.add_filter("count", count);
    pages.add_filter("bytes", bytes);
    pages.add_filter("percent", percent);
    pages.add_filter("masked", |text: &str| Value::from_safe_string(masked(text)));
    pages.add_filter("cell", cell);
    pages.add_filter("quoted", |text: &str| Value::from(text).to_string().replace('\\', "\\\\").replace('"', "\\\""));
}

/// `1234567` as `1,234,567`.
pub(super) fn count(number: u64) -> String {
    let digits = number.to_string();
    let mut grouped = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

/// `1500000` as `1.5 MB`.
pub(super) fn bytes(number: u64) -> String {
    let mut size = number as f64;
    for unit in ["B", "kB", "MB", "GB"] {
        if size < 999.5 {
            return if unit == "B" || size >= 99.95 {
                format!("{size:.0} {unit}")
            } else {
                format!("{size:.1} {unit}")
            };
        }
        size /= 1000.0;
    }
    format!("{size:.1} TB")
}

/// `0.1234` as `12.3 %`; what is there is never shown as nothing, and what is left out never as all.
pub(super) fn percent(share: f64) -> String {
    match share * 100.0 {
        0.0 => "0 %".to_owned(),
        share if share < 0.1 => "< 0.1 %".to_owned(),
        share if share > 99.9 && share < 100.0 => "> 99.9 %".to_owned(),
        share if share >= 100.0 => "100 %".to_owned(),
        share => format!("{share:.1} %"),
    }
}

/// `number` in three digits at most, for an axis: `1.5k`.
pub(super) fn short(number: u64) -> String {
    let scaled = |unit: f64, name: &str| {
        let value = format!("{:.1}", number as f64 / unit);
        format!("{}{name}", value.trim_end_matches(".0"))
    };
    match number {
        0..1_000 => number.to_string(),
        1_000..1_000_000 => scaled(1e3, "k"),
        1_000_000..1_000_000_000 => scaled(1e6, "M"),
        _ => scaled(1e9, "G"),
    }
}

/// The text escaped for HTML, with placeholders such as `<MASK>` or `<phone>` marked.
fn masked(text: &str) -> String {
    let mut html = String::with_capacity(text.len() + 64);
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('<') {
        escape(before, &mut html);
        if let Some((name, tail)) = after.split_once('>').filter(|(name, _)| is_placeholder(name)) {
            html.push_str("<mark>&lt;");
            html.push_str(name);
            html.push_str("&gt;</mark>");
            rest = tail;
        } else {
            html.push_str("&lt;");
            rest = after;
        }
    }
    escape(rest, &mut html);
    html
}

fn is_placeholder(name: &str) -> bool {
    let letters = |character: char| character.is_ascii_alphanumeric() || character == '_' || character == ':';
    (2..=40).contains(&name.len()) && name.chars().all(letters)
}

fn escape(text: &str, html: &mut String) {
    for character in text.chars() {
        match character {
            '&' => html.push_str("&amp;"),
            '<' => html.push_str("&lt;"),
            '>' => html.push_str("&gt;"),
            '"' => html.push_str("&quot;"),
            '\'' => html.push_str("&#39;"),
            other => html.push(other),
        }
    }
}

/// A value as a cell of a Markdown table: one line, nothing of it read as markup.
fn cell(text: &str) -> String {
    let mut cell = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '<' => cell.push_str("&lt;"),
            '&' => cell.push_str("&amp;"),
            control if control.is_control() => cell.push(' '),
            mark if "|\\`*[]!#".contains(mark) => cell.extend(['\\', mark]),
            other => cell.push(other),
        }
    }
    cell
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_grouped_and_sizes_have_units() {
        assert_eq!([0, 999, 1000, 1_234_567].map(count), ["0", "999", "1,000", "1,234,567"]);
        assert_eq!([999, 1_500_000, 123_456_789].map(bytes), ["999 B", "1.5 MB", "123 MB"]);
        assert_eq!([7, 1_500, 2_000_000].map(short), ["7", "1.5k", "2M"]);
    }

    #[test]
    fn one_row_in_a_million_is_not_shown_as_none_nor_the_rest_as_all() {
        assert_eq!(
            [0.0, 1e-6, 0.123_4, 0.999_999, 1.0].map(percent),
            ["0 %", "< 0.1 %", "12.3 %", "> 99.9 %", "100 %"]
        );
    }

    #[test]
    fn placeholders_are_marked_and_markup_is_escaped() {
        assert_eq!(masked("电话<MASK>，<b onclick=x>&"), "电话<mark>&lt;MASK&gt;</mark>，&lt;b onclick=x&gt;&amp;");
        assert_eq!(masked("a<b"), "a&lt;b");
    }

    #[test]
    fn a_cell_stays_one_cell() {
        assert_eq!(cell("a|b\n<i>"), "a\\|b &lt;i>");
    }
}
