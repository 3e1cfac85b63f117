//! The title of a page, and whether a heading repeats it.

use super::page::Page;

/// The words of a page's title.
pub(super) struct Title {
    /// As the page says it, without white space at the ends.
    pub(super) text: String,
    words: Vec<String>,
}

impl Title {
    pub(super) fn of(page: &Page<'_>) -> Self {
        let text = page.tree.title.split_whitespace().collect::<Vec<_>>().join(" ");
        Self { words: words(&text), text }
    }

    /// The title without the name of the site and its sections.
    pub(super) fn without_site(&self) -> Option<String> {
        const SEPARATORS: [&str; 12] = [" - ", " | ", "_", " – ", " — ", "--", " · ", " « ", " » ", "｜", "|", "——"];
        let end = SEPARATORS.iter().filter_map(|separator| self.text.find(separator)).filter(|&at| at > 3).min();
        let title = end.map_or(self.text.as_str(), |end| self.text.split_at(end).0).trim();
        (!title.is_empty()).then(|| title.to_owned())
    }

    /// The title that a page declares, without a name of its site that its own title separates.
    pub(super) fn shortened(&self, declared: &str) -> String {
        match self.without_site() {
            Some(short) if declared == self.text => short,
            _ => declared.to_owned(),
        }
    }

    /// Whether `heading` says what the title says: three quarters of its words are there.
    pub(super) fn repeats(&self, heading: &str) -> bool {
        if heading.len() > 2048 {
            return false;
        }
        let heading = words(heading);
        let total: usize = heading.iter().map(String::len).sum();
        let known: usize = heading.iter().filter(|word| self.words.contains(word)).map(String::len).sum();
        let title: usize = self.words.iter().map(String::len).sum();
        total > 0 && known * 4 > total * 3 && total * 3 > title.min(90)
    }
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
