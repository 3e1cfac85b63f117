//! `fix_mojibake`.

use crate::error::Result;
use crate::operator::{Kernel, RowOperator};
use crate::steps::{rewriting, text_columns, text_fields};
use arrow::datatypes::Field;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use siyu_text::mojibake::fix;

/// Repairs text whose UTF-8 was read in another encoding, such as `schÃ¶n` or `浣犲ソ`.
///
/// It undoes Windows code pages, Latin-1 and -2, Mac Roman, code page 437 and GBK, also applied twice, also in a part of
/// a line only. What is not surely garbled stays. Put it before `normalize_unicode`, `normalize_punctuation` and
/// `convert_chinese`, in this order: then running them again changes nothing.
///
/// # Why
/// Garbled characters cost several tokens each and teach a model nothing.
/// # Example
/// `fix_mojibake: {}`
/// # Nulls
/// A missing text stays missing.
/// # Source
/// RFC 3629 (UTF-8); the WHATWG Encoding Standard for the code pages.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FixMojibake {
    /// Text columns that are rewritten.
    #[serde(default = "text_columns")]
    pub columns: Vec<String>,
}

impl RowOperator for FixMojibake {
    fn reads(&self, _: &[String]) -> Result<Vec<String>> {
        Ok(self.columns.clone())
    }

    fn writes(&self, _: &[Field]) -> Result<Vec<Field>> {
        Ok(text_fields(&self.columns))
    }

    fn build(&self, _: &[Field]) -> Result<Kernel> {
        Ok(rewriting(fix))
    }
}

#[cfg(test)]
mod tests {
    use super::FixMojibake;
    use crate::testing::rewritten;

    #[test]
    fn garbled_text_is_repaired_and_other_text_stays() {
        let step = FixMojibake { columns: vec!["text".to_owned()] };
        let texts = [Some("schÃ¶n"), Some("浣犲ソ"), Some("schön，你好"), None];
        let expected = [Some("schön"), Some("你好"), Some("schön，你好"), None].map(|text| text.map(str::to_owned));
        assert_eq!(rewritten(&step, &texts), expected);
    }
}
