//! `sample`.

use crate::error::{Error, Result};
use crate::operator::{Action, Kernel, Key, RowOperator, TableOperator, Verdict, text_column};
use crate::step::Operator;
use arrow::array::{Array, BooleanArray};
use arrow::datatypes::Field;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::xxh3_64_with_seed;

/// Keeps a seeded random sample of the documents: a share of them, or a number.
///
/// # Why
/// A small, fair piece of a corpus is enough to try a pipeline or a recipe on.
/// # Example
/// `sample: { ratio: 0.1, seed: 7 }`
/// # Nulls
/// Rows are drawn whatever they hold.
/// # Source
/// A keyed hash of the id decides each row (Bernoulli sampling), or orders them and the first `rows` stay (bottom-k
/// sampling, Cohen and Kaplan 2007). Adding documents does not change the draw of the others.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Sample {
    /// Share of the documents to keep, 0 to 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ratio: Option<f64>,
    /// Number of documents to keep.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rows: Option<u64>,
    /// Another seed draws another sample.
    #[serde(default)]
    pub seed: u64,
}

impl Sample {
    /// A share is decided row by row, a number needs them all.
    pub(crate) fn operator(&self) -> Operator<'_> {
        if self.rows.is_some() && self.ratio.is_none() { Operator::Table(self) } else { Operator::Row(self) }
    }
}

impl RowOperator for Sample {
    fn reads(&self, _: &[String]) -> Result<Vec<String>> {
        Ok(vec!["id".to_owned()])
    }

    fn writes(&self, _: &[Field]) -> Result<Vec<Field>> {
        match (self.ratio, self.rows) {
            (Some(ratio), None) if (0.0..=1.0).contains(&ratio) => Ok(Vec::new()),
            (Some(ratio), None) => Err(Error::setting("sample", "ratio", format!("`{ratio}` is not between 0 and 1"))),
            _ => Err(Error::setting("sample", "ratio", "give either `ratio` or `rows`")),
        }
    }

    fn build(&self, _: &[Field]) -> Result<Kernel> {
        let (ratio, seed) = (self.ratio.unwrap_or(1.0), self.seed);
        Ok(Box::new(move |columns| {
            let ids = text_column(&columns[0])?;
            let keep = (0..ids.len())
                .map(|row| Some(unit_interval(xxh3_64_with_seed(ids.value(row).as_bytes(), seed)) < ratio));
            Ok(Verdict::keep(keep.collect::<BooleanArray>()))
        }))
    }
}

impl TableOperator for Sample {
    fn reads(&self) -> Vec<String> {
        Vec::new()
    }

    fn key(&self) -> Key {
        Key::Position { seed: self.seed.wrapping_add(0x5341_4d50) }
    }

    fn action(&self) -> Action {
        Action::Limit { rows: self.rows.unwrap_or(u64::MAX) }
    }
}

/// A hash as a number in 0..1.
pub(crate) fn unit_interval(hash: u64) -> f64 {
    // 53 bits: all that a float holds.
    (hash >> 11) as f64 / (1u64 << 53) as f64
}

#[cfg(test)]
mod tests {
    use super::Sample;
    use crate::testing::kept_ids;

    #[test]
    fn keeps_about_the_share_and_the_same_rows_each_time() {
        let step = Sample { ratio: Some(0.25), rows: None, seed: 3 };
        let ids: Vec<String> = (0..4000).map(|number| format!("doc-{number}")).collect();
        let kept = kept_ids(&step, &ids);
        assert!((900..1100).contains(&kept.len()), "{}", kept.len());
        assert_eq!(kept, kept_ids(&step, &ids));
    }
}
