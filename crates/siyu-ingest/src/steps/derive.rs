//! `derive`.

use crate::error::{Error, Result};
use crate::operator::{Kernel, RowOperator, Verdict};
use crate::sql::{self, Expression};
use arrow::datatypes::Field;
use arrow::error::ArrowError;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Makes columns from SQL expressions over the others.
///
/// Each expression sees the columns as they were before the step. A column that exists is replaced.
///
/// # Why
/// A year cut from a case number, or two columns joined into one text, need no step of their own.
/// # Example
/// `derive: { chars: "char_count(text)", year: "substr(text, 1, 4)" }`
/// # Nulls
/// As SQL has it; an expression that cannot be computed for a row is null there.
/// # Source
/// SQL's `SELECT`, as `DataFusion` reads it.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Derive(
    /// SQL expressions by the names of the columns they make.
    pub BTreeMap<String, String>,
);

/// Columns that say where a row came from.
const RESERVED: &[&str] = &["id", "source", "source_row"];

impl Derive {
    fn refused(name: &str, problem: &str) -> Error {
        Error::setting("derive", "columns", format!("`{name}`: {problem}"))
    }

    /// The compiled expressions, in the order of their names.
    fn compile(&self, inputs: &[Field]) -> Result<Vec<Expression>> {
        let compile = |(name, sql): (&String, &String)| {
            let refused = |problem: String| Self::refused(name, &problem);
            if RESERVED.contains(&name.as_str()) || name.starts_with("__") || name.trim().is_empty() {
                return Err(refused("this name is taken or empty; choose another".to_owned()));
            }
            Expression::compile(sql, inputs).map_err(refused)
        };
        self.0.iter().map(compile).collect()
    }
}

impl RowOperator for Derive {
    fn reads(&self, _: &[String]) -> Result<Vec<String>> {
        let mut names = Vec::new();
        for (name, sql) in &self.0 {
            let read = sql::columns(sql).map_err(|problem| Self::refused(name, &problem))?;
            for column in read {
                if !names.contains(&column) {
                    names.push(column);
                }
            }
        }
        Ok(names)
    }

    fn writes(&self, inputs: &[Field]) -> Result<Vec<Field>> {
        let expressions = self.compile(inputs)?;
        let fields = self.0.keys().zip(expressions);
        Ok(fields.map(|(name, expression)| Field::new(name, expression.data_type().clone(), true)).collect())
    }

    fn makes(&self) -> Vec<String> {
        self.0.keys().cloned().collect()
    }

    fn only_adds(&self) -> bool {
        true
    }

    fn build(&self, inputs: &[Field]) -> Result<Kernel> {
        let expressions = self.compile(inputs)?;
        Ok(Box::new(move |columns| {
            let made = expressions.iter().map(|expression| Ok(expression.evaluate(columns)?.values));
            Ok(Verdict::columns(made.collect::<Result<_, ArrowError>>()?))
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::Derive;
    use crate::operator::RowOperator;
    use crate::testing::{rewritten, verdict};
    use arrow::array::AsArray;
    use arrow::datatypes::{DataType, Field, Int32Type};
    use std::collections::BTreeMap;

    fn derive(name: &str, sql: &str) -> Derive {
        Derive(BTreeMap::from([(name.to_owned(), sql.to_owned())]))
    }

    #[test]
    fn text_that_is_made_is_plain_text() {
        let step = derive("year", "substr(text, 2, 4)");
        assert_eq!(rewritten(&step, &[Some("(2021)京01民终1号"), None]), [Some("2021".to_owned()), None]);
    }

    #[test]
    fn a_row_that_cannot_be_computed_is_null_and_the_others_are_not() {
        let step = derive("number", "CAST(text AS INT)");
        let numbers = verdict(&step, &[Some("2"), Some("two"), Some("1")]);
        let numbers = numbers.columns[0].as_primitive::<Int32Type>();
        assert_eq!(numbers.iter().collect::<Vec<_>>(), [Some(2), None, Some(1)]);
    }

    #[test]
    fn the_columns_of_origin_are_not_replaced() {
        let inputs = [Field::new("text", DataType::Utf8, true)];
        let error = derive("id", "text").writes(&inputs).unwrap_err().to_string();
        assert!(error.contains("`id`: this name is taken"), "{error}");
    }

    #[test]
    fn what_is_wrong_is_said_with_the_column_it_was_for() {
        let error = derive("year", "substr(text,").reads(&[]).unwrap_err().to_string();
        assert!(error.contains("`year`: "), "{error}");
    }
}
