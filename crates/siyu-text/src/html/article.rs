//! The main text of a page, without its frame.

mod boilerplate;
mod clean;
mod date;
mod hints;
mod metadata;
mod page;
mod score;
mod select;
mod tags;
mod title;
mod tree;

use super::layout::Layout;
use super::tokenizer::{InitialState, Sink};
use metadata::Metadata;
use page::Page;
use score::{Scores, statistics};
use title::Title;

/// A shorter article is looked for once more, with fewer prejudices.
const SHORT: u32 = 500;

/// A laxer search wins if it finds so many times the text of a stricter one.
const MORE: u32 = 2;

/// What [`article`] finds in a page.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Article {
    /// The text, laid out as [`super::strip`] does.
    pub text: String,
    /// The title, without the site's name.
    pub title: Option<String>,
    /// The author's name.
    pub author: Option<String>,
    /// When the article was published, as ISO 8601: a date, with the time of day and its zone where the page gives them.
    pub date: Option<String>,
}

/// The main text of a page; with `describes`, its title, author and date as well.
///
/// Paragraphs vote for the elements that hold them; the best of these is the article, without what names, links and
/// hidden boxes show to be part of the site's frame. What has no blocks and no head is no page: all its text stays.
pub fn article(html: &str, describes: bool) -> Article {
    let whole = || {
        let text = super::strip(html, &super::StripOptions::default()).into_owned();
        Article { text, ..Article::default() }
    };
    if memchr::memchr(b'<', html.as_bytes()).is_none() {
        return whole();
    }
    let page = Page::of(html);
    if page.tree.is_mere_text() {
        return whole();
    }
    let title = Title::of(&page);
    let mut best: Option<(u32, Vec<usize>, Vec<bool>)> = None;
    for (strict, uses_names, cleans) in
        [(true, true, true), (false, true, true), (false, false, true), (false, false, false)]
    {
        let mut alive = clean::prune(&page, &title, strict);
        let stats = statistics(&page, &alive);
        let scores = Scores::of(&page, &alive, &stats, uses_names);
        let roots = select::select(&page, &alive, &stats, &scores);
        if cleans {
            clean::clean(&page, &roots, &mut alive, &title, uses_names);
        }
        let mut kept = statistics(&page, &alive);
        if cleans {
            boilerplate::drop_offers(&page, &roots, &mut alive, &kept);
            kept = statistics(&page, &alive);
        }
        let chars = roots.iter().map(|&root| kept[root].text.chars).sum();
        if best.as_ref().is_none_or(|(most, ..)| chars > *most * MORE) {
            best = Some((chars, roots, alive));
        }
        if chars >= SHORT {
            break;
        }
    }
    let Some((_, roots, alive)) = best else { return Article::default() };
    let text = render(&page, &roots, &alive);
    let text = boilerplate::without_labels(&text).unwrap_or(text).trim().to_owned();
    let Metadata { title, author, date } = if describes { Metadata::of(&page, &title) } else { Metadata::default() };
    Article { text, title, author, date }
}

/// Lays out what is alive in `roots`.
fn render(page: &Page<'_>, roots: &[usize], alive: &[bool]) -> String {
    let mut layout = Layout::of_page(1024);
    let mut open: Vec<usize> = Vec::new();
    for &root in roots {
        let mut at = root;
        while at < page.tree.nodes[root].end as usize {
            let node = &page.tree.nodes[at];
            while let Some(&last) = open.last()
                && page.tree.nodes[last].end as usize <= at
            {
                open.pop();
                if let Some(element) = page.tree.nodes[last].element {
                    layout.end(element);
                }
            }
            if !alive[at] {
                at = node.end as usize;
                continue;
            }
            if node.name == tags::TEXT {
                layout.text(page.tree.text(at), InitialState::Data);
            } else if let Some(element) = node.element {
                layout.start(node.attributes, element);
                open.push(at);
            }
            at += 1;
        }
        while let Some(last) = open.pop() {
            if let Some(element) = page.tree.nodes[last].element {
                layout.end(element);
            }
        }
    }
    layout.finish()
}

#[cfg(test)]
mod tests;
