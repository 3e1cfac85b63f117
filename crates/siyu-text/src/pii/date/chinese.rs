//! Dates in Chinese numerals.

use super::is_day;

/// Start and end of the date whose year has its second digit at `at`.
pub(super) fn date(text: &str, at: usize) -> Option<(usize, usize)> {
    let head = text.get(..at)?.strip_suffix(if text.get(at..)?.starts_with('九') { '一' } else { '二' })?;
    let (start, mut year) = (head.len(), 0);
    let mut signs = text.get(start..)?.chars();
    for _ in 0..4 {
        year = year * 10 + digit(signs.next()?)?;
    }
    let rest = signs.as_str().strip_prefix('年')?;
    let (month, rest) = number(rest)?;
    let rest = rest.strip_prefix('月')?;
    let (day, rest) =
        number(rest).and_then(|(day, rest)| Some((day, rest.strip_prefix(['日', '号'])?))).unwrap_or((1, rest));
    is_day(year, month, day).then_some((start, text.len() - rest.len()))
}

fn digit(sign: char) -> Option<u32> {
    match sign {
        '〇' | '○' | '零' => Some(0),
        _ => (1..).zip("一二三四五六七八九".chars()).find(|(_, known)| *known == sign).map(|(value, _)| value),
    }
}

/// A number up to thirty-nine, such as `二十一`, and what follows it.
fn number(text: &str) -> Option<(u32, &str)> {
    let unit = |text: &'_ str| text.chars().next().and_then(digit).filter(|value| *value > 0);
    let tens = unit(text);
    let behind = if tens.is_some() { text.get(3..)? } else { text };
    let Some(rest) = behind.strip_prefix('十') else { return tens.map(|value| (value, behind)) };
    let ones = unit(rest);
    Some((tens.unwrap_or(1) * 10 + ones.unwrap_or(0), if ones.is_some() { rest.get(3..)? } else { rest }))
}
