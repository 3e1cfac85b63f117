//! `strip_html`.

use crate::error::Result;
use crate::operator::{Kernel, RowOperator};
use crate::steps::{rewriting, text_columns, text_fields};
use arrow::datatypes::Field;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use siyu_text::html::{StripOptions, strip};

/// Turns HTML into the text that a reader of the page sees.
///
/// Blocks end lines and inline tags join; entities are decoded once; scripts, styles and comments vanish; preformatted
/// text keeps its white space.
///
/// # Why
/// Tags and scripts are a third of a web page and teach a model nothing but to write them.
/// # Example
/// `strip_html: { mode: strip }`
/// # Nulls
/// A missing text stays missing.
/// # Source
/// WHATWG HTML Standard, section 13.2.5 (tokenization).
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct StripHtml {
    /// How much of the page stays.
    #[serde(default)]
    pub mode: Mode,
    /// Whether images leave their alternative text.
    #[serde(default)]
    pub alt: bool,
    /// Text columns that are rewritten.
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
}

impl RowOperator for StripHtml {
    fn reads(&self, _: &[String]) -> Result<Vec<String>> {
        Ok(self.columns.clone())
    }

    fn writes(&self, _: &[Field]) -> Result<Vec<Field>> {
        Ok(text_fields(&self.columns))
    }

    fn build(&self, _: &[Field]) -> Result<Kernel> {
        let Mode::Strip = self.mode;
        let options = StripOptions { alt: self.alt };
        Ok(rewriting(move |text| strip(text, &options)))
    }
}

#[cfg(test)]
mod tests {
    use super::{Mode, StripHtml};
    use crate::testing::rewritten;

    #[test]
    fn tags_go_and_entities_are_decoded_once() {
        let step = StripHtml { mode: Mode::Strip, alt: false, columns: vec!["text".to_owned()] };
        let pages = [Some("<p>甲方<b>支付</b>&amp;lt;</p><script>x()</script>"), None];
        let texts: Vec<Option<String>> = rewritten(&step, &pages);
        assert_eq!(texts[0].as_deref().map(str::trim), Some("甲方支付&lt;"));
        assert_eq!(texts[1], None);
    }
}
