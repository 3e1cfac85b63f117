//! The title of a page, and whether a heading repeats it.

use super::page::Page;

/// The words of a page's title.
pub(super) struct Title {
    /// As the page says it, without white space at the ends.
    pub(super) text: String,
    /// The same without the name of the site and its sections.
    short: Option<String>,
    words: Vec<String>,
}

/// What parts the title of an article from the name of a site or section.
const SEPARATORS: [&str; 12] = [" - ", " | ", "_", " – ", " — ", "--", " · ", " « ", " » ", "｜", "|", "——"];

impl Title {
    pub(super) fn of(page: &Page<'_>) -> Self {
        let text = page.tree.title.split_whitespace().collect::<Vec<_>>().join(" ");
        Self { words: words(&text), short: without_site(&text), text }
    }

    /// The title without the name of the site and its sections.
    pub(super) fn without_site(&self) -> Option<String> {
        self.short.clone()
    }

    /// The title that a page declares, without a name of its site that its own title separates.
    pub(super) fn shortened(&self, declared: &str) -> String {
        match self.without_site() {
            Some(short) if declared == self.text => short,
            _ => declared.to_owned(),
        }
    }

    /// Whether `heading` is the start of the title or stands between two separators of it.
    pub(super) fn has_part(&self, heading: &str) -> bool {
        let is_end = |rest: &str| rest.is_empty() || SEPARATORS.iter().any(|separator| rest.starts_with(separator));
        let is_start = |rest: &str| SEPARATORS.iter().any(|separator| rest.ends_with(separator));
        self.text.match_indices(heading).any(|(at, _)| {
            let (before, rest) = self.text.split_at(at);
            before.is_empty() || is_start(before) && is_end(rest.split_at(heading.len()).1)
        })
    }

    /// Whether `heading` says what the title says: all before the site's name, or three quarters of its words.
    pub(super) fn repeats(&self, heading: &str) -> bool {
        if heading.len() > 2048 {
            return false;
        }
        if self.short.as_deref() == Some(heading.trim()) {
            return true;
        }
        let heading = words(heading);
        let total: usize = heading.iter().map(String::len).sum();
        let known: usize = heading.iter().filter(|word| self.words.contains(word)).map(String::len).sum();
        let title: usize = self.words.iter().map(String::len).sum();
        total > 0 && known * 4 > total * 3 && total * 3 > title.min(90)
    }
}

fn without_site(text: &str) -> Option<String> {
    let end = SEPARATORS.iter().filter_map(|separator| text.find(separator)).filter(|&at| at > 3).min();
    let title = end.map_or(text, |end| text.split_at(end).0).trim();
    (!title.is_empty()).then(|| title.to_owned())
}

/// Words, and single characters of scripts that have none.
fn words(text: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    let mut is_open = false;
    for character in text.chars().flat_map(char::to_lowercase) {
        let is_wide = matches!(character, '\u{2E80}'..='\u{9FFF}' | '\u{AC00}'..='\u{D7A3}');
        if !character.is_alphanumeric() {
            is_open = false;
        } else if is_open
            && !is_wide
            && let Some(word) = words.last_mut()
        {
            word.push(character);
        } else {
            words.push(character.to_string());
            is_open = !is_wide;
        }
    }
    words
}
