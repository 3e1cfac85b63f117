//! `filter`.

use crate::error::{Error, Result};
use crate::operator::{Kernel, RowOperator, Verdict};
use crate::sql::{self, Expression};
use arrow::array::{AsArray, StringArray};
use arrow::datatypes::{DataType, Field};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Keeps documents for which a SQL condition holds.
///
/// The condition sees the columns by name and every function of `DataFusion`, and besides `char_count(text)` and
/// `han_ratio(text)`.
///
/// # Why
/// Each corpus has rules of its own, and a condition is shorter than a step.
/// # Example
/// `filter: "char_count(text) >= 10"`
/// # Nulls
/// A document for which the condition is null, or cannot be computed, is dropped.
/// # Source
/// SQL's `WHERE`, as `DataFusion` reads it.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Filter(
    /// The condition.
    pub String,
);

fn refused(problem: String) -> Error {
    Error::setting("filter", "condition", problem)
}

impl RowOperator for Filter {
    fn reads(&self, _: &[String]) -> Result<Vec<String>> {
        sql::columns(&self.0).map_err(refused)
    }

    fn writes(&self, _: &[Field]) -> Result<Vec<Field>> {
        Ok(Vec::new())
    }

    fn build(&self, inputs: &[Field]) -> Result<Kernel> {
        let condition = Expression::compile(&self.0, inputs).map_err(refused)?;
        if condition.data_type() != &DataType::Boolean {
            let found = condition.data_type();
            return Err(refused(format!(
                "a condition is true or false but this gives {found}; compare it with something, as in `… > 0`"
            )));
        }
        Ok(Box::new(move |columns| {
            let evaluated = condition.evaluate(columns)?;
            let reasons = evaluated.failed.map(|failed| {
                let reason = |failed: Option<bool>| (failed == Some(true)).then_some("condition cannot be computed");
                failed.iter().map(reason).collect::<StringArray>()
            });
            Ok(Verdict { keep: Some(evaluated.values.as_boolean().clone()), reasons, ..Verdict::default() })
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::Filter;
    use crate::operator::RowOperator;
    use crate::testing::{kept, verdict};
    use arrow::array::Array;
    use arrow::datatypes::{DataType, Field};

    #[test]
    fn keeps_what_the_condition_holds_for_and_no_null() {
        let step = Filter("char_count(text) >= 2".to_owned());
        assert_eq!(kept(&step, &[Some("合同"), Some("甲"), None]), [true, false, false]);
    }

    #[test]
    fn a_row_that_cannot_be_computed_is_dropped_alone_and_with_its_reason() {
        let step = Filter("CAST(text AS INT) > 1".to_owned());
        let texts = [Some("2"), Some("two"), Some("1")];
        assert_eq!(kept(&step, &texts), [true, false, false]);
        let reasons = verdict(&step, &texts).reasons.unwrap();
        assert_eq!(reasons.value(1), "condition cannot be computed");
        assert!(reasons.is_null(2));
    }

    #[test]
    fn a_condition_that_is_no_condition_is_refused() {
        let inputs = [Field::new("text", DataType::Utf8, true)];
        let error = Filter("char_count(text)".to_owned()).build(&inputs).err().unwrap().to_string();
        assert!(error.contains("true or false but this gives Int64"), "{error}");
    }
}
