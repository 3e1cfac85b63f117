//! `split`.

use crate::content::folded_hash;
use crate::error::{Error, Result};
use crate::operator::{Kernel, RowOperator, Verdict, text_column};
use crate::steps::sample::unit_interval;
use crate::steps::text_columns;
use arrow::array::{Array, ArrayRef, StringArray};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Field};
use arrow::error::ArrowError;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use xxhash_rust::xxh3::xxh3_64_with_seed;

/// Divides the documents into training, validation and test parts, named in the column `split`.
///
/// Equal texts always land on the same side, and so does every document with the same `group_by` values. A document
/// stays on its side when others are added.
///
/// # Why
/// A copy of a training document in the test part makes the test's score worthless.
/// # Example
/// `split: { train: 0.9, validation: 0.05, test: 0.05 }`
/// # Nulls
/// A document without any `group_by` value goes by its text; a missing text counts as an empty one.
/// # Source
/// A seeded XXH3 hash of the content or the group as a number in 0..1, compared with the shares.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Split {
    /// Share of the training part, 0 to 1.
    #[serde(default)]
    pub train: f64,
    /// Share of the validation part, 0 to 1.
    #[serde(default)]
    pub validation: f64,
    /// Share of the test part, 0 to 1.
    #[serde(default)]
    pub test: f64,
    /// Columns that together are the content.
    #[serde(default = "text_columns")]
    pub columns: Vec<String>,
    /// Columns whose equal values stay together, such as a case number.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub group_by: Vec<String>,
    /// Another seed divides otherwise.
    #[serde(default)]
    pub seed: u64,
}

impl Split {
    fn check(&self) -> Result<()> {
        for (setting, share) in [("train", self.train), ("validation", self.validation), ("test", self.test)] {
            if !(0.0..=1.0).contains(&share) {
                return Err(Error::setting("split", setting, format!("`{share}` is not between 0 and 1")));
            }
        }
        let sum = self.train + self.validation + self.test;
        if (sum - 1.0).abs() > 1e-9 {
            let sum = (sum * 1e9).round() / 1e9;
            let problem = format!("`train`, `validation` and `test` add up to {sum}; they must add up to 1");
            return Err(Error::setting("split", "train", problem));
        }
        if self.columns.is_empty() {
            return Err(Error::setting("split", "columns", "name at least one column"));
        }
        Ok(())
    }

    /// The side of a document by its hash.
    fn side(&self, hash: u128) -> &'static str {
        let place = unit_interval(xxh3_64_with_seed(&hash.to_le_bytes(), self.seed));
        // The last part with a share takes what rounding leaves at the upper end.
        let last = if self.test > 0.0 { "test" } else { "validation" };
        if place < self.train || self.train >= 1.0 {
            "train"
        } else if place < self.train + self.validation {
            "validation"
        } else {
            last
        }
    }
}

impl RowOperator for Split {
    fn reads(&self, _: &[String]) -> Result<Vec<String>> {
        let mut names = self.group_by.clone();
        names.extend(self.columns.iter().cloned());
        Ok(names)
    }

    fn writes(&self, _: &[Field]) -> Result<Vec<Field>> {
        self.check()?;
        Ok(vec![Field::new("split", DataType::Utf8, true)])
    }

    fn build(&self, _: &[Field]) -> Result<Kernel> {
        self.check()?;
        let step = self.clone();
        Ok(Box::new(move |columns| {
            let columns: Vec<ArrayRef> =
                columns.iter().map(|column| cast(column, &DataType::Utf8)).collect::<Result<_, _>>()?;
            let texts: Vec<&StringArray> = columns.iter().map(text_column).collect::<Result<_, ArrowError>>()?;
            let (groups, contents) = texts.split_at(step.group_by.len());
            let rows = texts.first().map_or(0, |column| Array::len(*column));
            let mut parts: Vec<Option<&str>> = Vec::new();
            let sides = (0..rows).map(|row| {
                let grouped = groups.iter().any(|column| column.is_valid(row));
                let identity = if grouped { groups } else { contents };
                parts.clear();
                parts.extend(identity.iter().map(|column| column.is_valid(row).then(|| column.value(row))));
                Some(step.side(folded_hash(&parts)))
            });
            Ok(Verdict::columns(vec![Arc::new(sides.collect::<StringArray>())]))
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::Split;
    use crate::operator::RowOperator;
    use crate::testing::rewritten;
    use arrow::array::{ArrayRef, AsArray, Int32Array, StringArray};
    use std::sync::Arc;

    fn step(train: f64, validation: f64, test: f64) -> Split {
        Split { train, validation, test, columns: vec!["text".to_owned()], group_by: Vec::new(), seed: 0 }
    }

    #[test]
    fn the_shares_are_kept_about() {
        let texts: Vec<String> = (0..10_000).map(|number| format!("第{number}条")).collect();
        let texts: Vec<Option<&str>> = texts.iter().map(|text| Some(text.as_str())).collect();
        let sides = rewritten(&step(0.8, 0.1, 0.1), &texts);
        let count = |name: &str| sides.iter().filter(|side| side.as_deref() == Some(name)).count();
        assert!((7_800..8_200).contains(&count("train")), "{}", count("train"));
        assert!((850..1_150).contains(&count("validation")) && (850..1_150).contains(&count("test")));
    }

    #[test]
    fn texts_that_differ_in_white_space_only_are_on_one_side() {
        for number in 0..100 {
            let (plain, spaced) = (format!("第 {number} 条"), format!(" 第\n{number}\u{3000}条"));
            let sides = rewritten(&step(0.5, 0.0, 0.5), &[Some(&plain), Some(&spaced)]);
            assert_eq!(sides[0], sides[1]);
        }
    }

    #[test]
    fn a_group_stays_together_whatever_the_type_of_its_column() {
        let split = Split { group_by: vec!["case".to_owned()], ..step(0.5, 0.5, 0.0) };
        let kernel = split.build(&[]).unwrap();
        let cases: ArrayRef = Arc::new(Int32Array::from((0..200).map(|row| row / 20).collect::<Vec<_>>()));
        let texts: ArrayRef = Arc::new((0..200).map(|row| Some(row.to_string())).collect::<StringArray>());
        let columns = kernel(&[cases, texts]).unwrap().columns;
        let sides: Vec<&str> = columns[0].as_string::<i32>().iter().flatten().collect();
        assert!(sides.chunks(20).all(|group| group.iter().all(|side| side == &group[0])));
        assert!(sides.contains(&"train") && sides.contains(&"validation") && !sides.contains(&"test"));
    }

    #[test]
    fn shares_that_do_not_add_up_are_refused() {
        assert!(step(0.9, 0.1, 0.1).writes(&[]).is_err());
        assert!(step(1.5, -0.5, 0.0).writes(&[]).is_err());
        assert!(step(0.7, 0.2, 0.1).writes(&[]).is_ok());
    }
}
