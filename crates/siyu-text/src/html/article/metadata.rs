//! Title, author and date of a page: from its `meta` elements, its linked data, its headings and bylines, in that order.

use std::sync::LazyLock;

use regex::Regex;
use serde_json::Value;

use super::super::attributes;
use super::date;
use super::hints::Hints;
use super::page::Page;
use super::tags;
use super::title::Title;

/// What stands about the article beside its text.
#[derive(Default)]
pub(super) struct Metadata {
    pub(super) title: Option<String>,
    pub(super) author: Option<String>,
    pub(super) date: Option<String>,
}

/// Names of `meta` elements, the most telling first.
const TITLES: &[&str] = &["og:title", "twitter:title", "dc.title", "dcterms.title", "articletitle", "parsely-title"];
const AUTHORS: &[&str] = &[
    "article:author",
    "og:article:author",
    "author",
    "dc.creator",
    "dcterms.creator",
    "parsely-author",
    "byl",
    "contentsource",
];
const DATES: &[&str] = &[
    "article:published_time",
    "og:article:published_time",
    "og:published_time",
    "datepublished",
    "pubdate",
    "publishdate",
    "publish_time",
    "dc.date",
    "dc.date.issued",
    "dcterms.date",
    "dcterms.created",
    "parsely-pub-date",
    "sailthru.date",
    "weibo:article:create_at",
    "date",
];

impl Metadata {
    pub(super) fn of(page: &Page<'_>, page_title: &Title) -> Self {
        let metas = metas(page);
        let linked: Vec<Value> =
            page.tree.linked_data.iter().filter_map(|script| serde_json::from_str(script.trim()).ok()).collect();
        let meta = |names: &[&str]| {
            let value = |name: &&str| metas.iter().find(|(known, _)| known == name).map(|(_, value)| value.clone());
            names.iter().filter_map(value).collect::<Vec<_>>()
        };
        let is_name = |author: &String| !author.contains("://") && !author.is_empty() && author.chars().count() <= 100;
        let visible = Visible::of(page);
        Self {
            title: meta(TITLES)
                .into_iter()
                .next()
                .or_else(|| find(&linked, "headline").and_then(text_of))
                .map(|title| page_title.shortened(&title))
                .or_else(|| headline(page, page_title))
                .filter(|title| !title.is_empty()),
            author: meta(AUTHORS)
                .into_iter()
                .find(is_name)
                .or_else(|| find(&linked, "author").and_then(text_of).filter(is_name))
                .or_else(|| byline(page))
                .or_else(|| visible.author()),
            date: meta(DATES)
                .iter()
                .find_map(|value| date::iso(value))
                .or_else(|| find(&linked, "datePublished").and_then(text_of).and_then(|value| date::iso(&value)))
                .or_else(|| time(page))
                .or_else(|| visible.date()),
        }
    }
}

/// Names in lower case and values of the `meta` elements.
fn metas(page: &Page<'_>) -> Vec<(String, String)> {
    let read = |source: &&str| {
        let name = ["property", "name", "itemprop"].iter().find_map(|name| attributes::value(source, name))?;
        let value = attributes::value(source, "content")?;
        let value = joined(&value);
        (!value.is_empty()).then(|| (name.trim().to_ascii_lowercase(), value))
    };
    page.tree.metas.iter().filter_map(read).collect()
}

/// The value of the first `key` in linked data, without recursion.
fn find<'v>(linked: &'v [Value], key: &str) -> Option<&'v Value> {
    let mut queue: std::collections::VecDeque<_> = linked.iter().collect();
    while let Some(value) = queue.pop_front() {
        match value {
            Value::Object(fields) => {
                if let Some(found) = fields.get(key) {
                    return Some(found);
                }
                queue.extend(
                    fields.iter().filter(|(name, _)| *name == "@graph" || *name == "mainEntity").map(|(_, v)| v),
                );
            }
            Value::Array(values) => queue.extend(values),
            _ => {}
        }
    }
    None
}

/// The text of a value of linked data: itself, its name, or those of its members.
fn text_of(value: &Value) -> Option<String> {
    let one = |value: &Value| match value {
        Value::String(text) => Some(joined(text)),
        Value::Object(fields) => fields.get("name").and_then(Value::as_str).map(joined),
        _ => None,
    };
    let text = match value {
        Value::Array(values) => values.iter().filter_map(one).collect::<Vec<_>>().join(", "),
        value => one(value)?,
    };
    (!text.is_empty()).then_some(text)
}

/// The only heading of the first rank, or else the title of the page without the site's name.
fn headline(page: &Page<'_>, title: &Title) -> Option<String> {
    let headings = (1..page.tree.nodes.len()).filter(|&at| matches!(page.tree.nodes[at].name, tags::H1 | tags::H2));
    let texts: Vec<_> =
        headings.take(200).map(|at| joined(page.tree.inner_text(at).trim_end_matches(['¶', '#']))).collect();
    let is_part = |text: &&String| text.chars().count() > 1 && title.text.contains(text.as_str());
    texts
        .iter()
        .filter(is_part)
        .max_by_key(|text| text.len())
        .filter(|text| title.has_part(text) || title.text.is_empty())
        .cloned()
        .or_else(|| title.without_site())
}

fn byline(page: &Page<'_>) -> Option<String> {
    static LABEL: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"(?i)^\s*(by|作者|文|撰文|记者|通讯员|posted by|written by|由|发表于|发布于)\s*[:：/]?\s*|\s*[,|·•]?\s*((on\s+)?(jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*\.?\s+\d|\d{1,2}\s+(jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)|(19|20)\d{2}\s*[-/.年]).*$")
            .expect("the pattern is fixed")
    });
    let named = |at: usize| {
        let lines = lines(page, at).filter(|lines| lines.chars().count() < 100)?;
        let name = lines.lines().map(|line| LABEL.replace_all(&joined(line), "").trim().to_owned());
        let is_name = |name: &String| {
            (2..60).contains(&name.chars().count()) && !name.contains(['：', ':']) && date::iso(name).is_none()
        };
        name.filter(|name| !name.is_empty()).take(2).find(is_name)
    };
    (1..page.tree.nodes.len())
        .filter(|&at| page.hints[at].has(Hints::BYLINE) && !page.hints[at].has(Hints::COMMENT))
        .take(20)
        .find_map(named)
}

/// The text of an element, with an end of line where a block begins or ends; none of a long one.
fn lines(page: &Page<'_>, element: usize) -> Option<String> {
    const LONGEST: usize = 1000;
    let mut text = String::new();
    let mut ends = Vec::new();
    for at in element..page.tree.nodes[element].end as usize {
        while ends.last().is_some_and(|&end| end <= at) {
            ends.pop();
            text.push('\n');
        }
        let node = &page.tree.nodes[at];
        if node.element.is_some_and(super::tree::is_block) {
            text.push('\n');
            ends.push(node.end as usize);
        }
        text.push_str(page.tree.text(at));
        if text.len() > LONGEST {
            return None;
        }
    }
    Some(text.trim().to_owned())
}

fn time(page: &Page<'_>) -> Option<String> {
    (1..page.tree.nodes.len())
        .filter(|&at| page.tree.nodes[at].name == tags::TIME && !page.hints[at].has(Hints::COMMENT))
        .take(20)
        .find_map(|at| page.tree.attribute(at, "datetime").and_then(|value| date::iso(&value)))
}

/// The text at the head of a page, where Chinese sites name source and date.
struct Visible(String);

impl Visible {
    fn of(page: &Page<'_>) -> Self {
        let mut text = String::new();
        for at in 1..page.tree.nodes.len() {
            if text.len() > 1 << 15 {
                break;
            }
            let node = &page.tree.nodes[at];
            if node.name == tags::TEXT {
                text.push_str(page.tree.text(at));
            } else if node.element.is_some_and(super::tree::is_block) {
                text.push('\n');
            }
        }
        Self(text)
    }

    fn author(&self) -> Option<String> {
        static AUTHOR: LazyLock<Regex> = LazyLock::new(|| {
            Regex::new(r"(?:作\s*者|撰文|记者|通讯员)\s*[:：/]\s*([\p{Han}A-Za-z][\p{Han}A-Za-z·.]{1,19})")
                .expect("the pattern is fixed")
        });
        AUTHOR.captures(&self.0).map(|found| found[1].to_owned())
    }

    fn date(&self) -> Option<String> {
        static LABELLED: LazyLock<Regex> = LazyLock::new(|| {
            Regex::new(r"(?:发布时间|发布日期|发表时间|发表日期|发表于|发布于|时间|日期|posted @)\s*[:：]?\s*((?:19|20)\d{2}.{4,30})")
                .expect("the pattern is fixed")
        });
        LABELLED.captures(&self.0).and_then(|found| date::iso(&found[1])).or_else(|| date::first(&self.0))
    }
}

/// The text with its white space collapsed.
fn joined(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
