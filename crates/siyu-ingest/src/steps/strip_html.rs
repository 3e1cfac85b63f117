//! `strip_html`.

use crate::error::{Error, Result};
use crate::operator::{Kernel, RowOperator, Verdict, map_text, text_column};
use crate::steps::{rewriting, text_columns, text_fields};
use arrow::array::{Array, ArrayRef, StringBuilder};
use arrow::datatypes::{DataType, Field};
use arrow::error::ArrowError;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use siyu_text::html::{Article, StripOptions, article, strip};
use std::borrow::Cow;
use std::sync::Arc;

/// Turns HTML into the text that a reader of the page sees.
///
/// Blocks end lines and inline tags join; entities are decoded once; scripts, styles and comments vanish; preformatted
/// text keeps its white space. `mode: article` keeps the main text alone, without menus, comments, lists of other
/// articles, sharing buttons and legal notices, and can write the page's title, author and date into columns.
///
/// # Why
/// Tags and scripts are a third of a web page and teach a model nothing but to write them.
/// # Example
/// `strip_html: { mode: article, title_into: title, date_into: published }`
/// # Nulls
/// A missing text stays missing; what a page does not tell of itself is missing too.
/// # Source
/// WHATWG HTML Standard, section 13.2.5 (tokenization); for articles the paragraph scores of Arc90's Readability, 2009.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct StripHtml {
    /// How much of the page stays.
    #[serde(default)]
    pub mode: Mode,
    /// Whether images leave their alternative text.
    #[serde(default)]
    pub alt: bool,
    /// Column for the page's title, without the site's name; with `mode: article`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title_into: Option<String>,
    /// Column for the author's name; with `mode: article`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub author_into: Option<String>,
    /// Column for the time of publication as ISO 8601, such as `2024-10-03` or `2024-10-03T15:20:11+08:00`; with
    /// `mode: article`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub date_into: Option<String>,
    /// Text columns that are rewritten; title, author and date are those of the first.
    #[serde(default = "text_columns")]
    pub columns: Vec<String>,
}

/// How much of a page stays.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// All visible text.
    #[default]
    Strip,
    /// The main text.
    Article,
}

/// A fact about an article and where it is written to.
type Fact = fn(Article) -> Option<String>;

impl StripHtml {
    /// The columns for what an article tells of itself, each with its setting and its fact.
    fn facts(&self) -> Vec<(&'static str, &str, Fact)> {
        let facts: [(_, _, Fact); 3] = [
            ("title_into", &self.title_into, |article| article.title),
            ("author_into", &self.author_into, |article| article.author),
            ("date_into", &self.date_into, |article| article.date),
        ];
        facts.into_iter().filter_map(|(setting, name, fact)| Some((setting, name.as_deref()?, fact))).collect()
    }

    /// Refuses columns that a fact cannot be written to.
    fn check(&self) -> Result<()> {
        let facts = self.facts();
        for (at, (setting, name, _)) in facts.iter().enumerate() {
            let problem = if self.mode == Mode::Strip {
                "only `mode: article` finds it; add that or remove this setting".to_owned()
            } else if name.is_empty() || self.columns.iter().any(|column| column == name) {
                format!("`{name}` is not free; name a column that holds no text of this step")
            } else if facts.split_at(at).0.iter().any(|(_, other, _)| other == name) {
                format!("`{name}` is named twice; give each its own column")
            } else {
                continue;
            };
            return Err(Error::setting("strip_html", setting, problem));
        }
        if self.mode == Mode::Article && self.alt {
            let problem = "an article is kept without images; remove this setting or use `mode: strip`";
            return Err(Error::setting("strip_html", "alt", problem.to_owned()));
        }
        Ok(())
    }
}

/// The first column's articles, then the columns of their facts.
fn described(column: &ArrayRef, facts: &[Fact]) -> Result<Vec<ArrayRef>, ArrowError> {
    let texts = text_column(column)?;
    let mut articles = StringBuilder::with_capacity(texts.len(), texts.values().len() / 4);
    let mut columns: Vec<StringBuilder> = facts.iter().map(|_| StringBuilder::new()).collect();
    for text in texts {
        let found = text.map(|text| article(text, true));
        articles.append_option(found.as_ref().map(|found| found.text.as_str()));
        for (fact, column) in facts.iter().zip(&mut columns) {
            column.append_option(found.clone().and_then(fact));
        }
    }
    let facts = columns.iter_mut().map(|column| Arc::new(column.finish()) as ArrayRef);
    Ok(std::iter::once(Arc::new(articles.finish()) as ArrayRef).chain(facts).collect())
}

impl RowOperator for StripHtml {
    fn reads(&self, _: &[String]) -> Result<Vec<String>> {
        Ok(self.columns.clone())
    }

    fn writes(&self, _: &[Field]) -> Result<Vec<Field>> {
        self.check()?;
        let mut fields = text_fields(&self.columns);
        fields.extend(self.facts().iter().map(|(_, name, _)| Field::new(*name, DataType::Utf8, true)));
        Ok(fields)
    }

    fn build(&self, _: &[Field]) -> Result<Kernel> {
        let facts: Vec<Fact> = self.facts().into_iter().map(|(.., fact)| fact).collect();
        let options = StripOptions { alt: self.alt };
        match self.mode {
            Mode::Strip => Ok(rewriting(move |text| strip(text, &options))),
            Mode::Article if facts.is_empty() => Ok(rewriting(|text| Cow::Owned(article(text, false).text))),
            Mode::Article => Ok(Box::new(move |columns| {
                let Some((first, others)) = columns.split_first() else { return Ok(Verdict::default()) };
                let mut described = described(first, &facts)?;
                let facts = described.split_off(1);
                for column in others {
                    described.push(map_text(column, |text| Cow::Owned(article(text, false).text))?);
                }
                described.extend(facts);
                Ok(Verdict::columns(described))
            })),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::StripHtml;
    use crate::operator::RowOperator;
    use crate::testing::{rewritten, verdict};
    use arrow::array::{Array, AsArray};

    fn step(yaml: &str) -> StripHtml {
        serde_json::from_str(yaml).unwrap()
    }

    #[test]
    fn tags_go_and_entities_are_decoded_once() {
        let pages = [Some("<p>甲方<b>支付</b>&amp;lt;</p><script>x()</script>"), None];
        let texts: Vec<Option<String>> = rewritten(&step("{}"), &pages);
        assert_eq!(texts[0].as_deref().map(str::trim), Some("甲方支付&lt;"));
        assert_eq!(texts[1], None);
    }

    #[test]
    fn an_article_comes_with_its_title_and_date() {
        let step = step(r#"{"mode": "article", "title_into": "title", "date_into": "day"}"#);
        let line = "这一段文字足够长，可以算作一篇文章的正文，而不是页面上的菜单。".repeat(8);
        let page = format!(
            "<title>春日 - 某站</title><meta name=pubdate content=2024-04-05><ul><li><a href=/>首页</a></ul><p>{line}</p>"
        );
        let found = verdict(&step, &[Some(&page), None]).columns;
        let texts: Vec<_> = found.iter().map(|column| column.as_string::<i32>().value(0)).collect();
        assert_eq!(texts, [line.as_str(), "春日", "2024-04-05"]);
        assert!(found.iter().all(|column| column.is_null(1)));
    }

    #[test]
    fn columns_that_cannot_be_written_are_refused() {
        for settings in [
            r#"{"title_into": "title"}"#,
            r#"{"mode": "article", "title_into": "text"}"#,
            r#"{"mode": "article", "title_into": "a", "author_into": "a"}"#,
            r#"{"mode": "article", "alt": true}"#,
        ] {
            assert!(step(settings).writes(&[]).is_err(), "{settings}");
        }
    }
}
