//! SQL over the columns of a row, for `filter` and `derive`. It sees one row at a time and fails for none.

use arrow::array::{Array, ArrayRef, AsArray, BooleanArray, Float64Array, Int64Array, RecordBatch, new_null_array};
use arrow::compute::{cast, concat};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use arrow::error::ArrowError;
use datafusion::common::tree_node::TreeNode;
use datafusion::common::utils::datafusion_strsim::levenshtein;
use datafusion::common::{DFSchema, DataFusionError, SchemaError};
use datafusion::logical_expr::{ColumnarValue, Expr, Volatility, create_udf};
use datafusion::physical_plan::PhysicalExpr;
use datafusion::prelude::{SessionConfig, SessionContext};
use datafusion::sql::parser::DFParserBuilder;
use datafusion::sql::sqlparser::ast::{Expr as Syntax, visit_expressions};
use siyu_text::quality::ratios::han_ratio;
use std::ops::ControlFlow;
use std::sync::{Arc, LazyLock};

/// Knows the functions; columns keep the case they are written in, as they do everywhere else in a pipeline.
static SESSION: LazyLock<SessionContext> = LazyLock::new(|| {
    let mut config = SessionConfig::new();
    config.options_mut().sql_parser.enable_ident_normalization = false;
    config.options_mut().sql_parser.map_string_types_to_utf8view = false;
    let session = SessionContext::new_with_config(config);
    session.register_udf(of_text("char_count", DataType::Int64, |texts| {
        let counts = texts.iter().map(|text| text.map(|text| i64::try_from(text.chars().count()).unwrap_or(i64::MAX)));
        Arc::new(counts.collect::<Int64Array>())
    }));
    session.register_udf(of_text("han_ratio", DataType::Float64, |texts| {
        Arc::new(texts.iter().map(|text| text.map(han_ratio)).collect::<Float64Array>())
    }));
    session
});

/// A function of one text.
fn of_text(
    name: &str,
    returns: DataType,
    function: fn(&arrow::array::StringArray) -> ArrayRef,
) -> datafusion::logical_expr::ScalarUDF {
    create_udf(
        name,
        vec![DataType::Utf8],
        returns,
        Volatility::Immutable,
        Arc::new(move |arguments| {
            let constant = matches!(arguments, [ColumnarValue::Scalar(_)]);
            let texts = ColumnarValue::values_to_arrays(arguments)?;
            let values = function(texts[0].as_string::<i32>());
            if constant {
                return Ok(ColumnarValue::Scalar(datafusion::scalar::ScalarValue::try_from_array(&values, 0)?));
            }
            Ok(ColumnarValue::Array(values))
        }),
    )
}

/// Names of the columns that an expression reads, each once; `id` where it reads none, so that rows can be counted.
///
/// # Errors
/// What is wrong with the syntax, and where.
pub(crate) fn columns(sql: &str) -> Result<Vec<String>, String> {
    let parsed = DFParserBuilder::new(sql).build().and_then(|mut parser| parser.parse_into_expr());
    let parsed = parsed.map_err(|error| problem(&error))?;
    let mut names: Vec<String> = Vec::new();
    let _: ControlFlow<()> = visit_expressions(&parsed, |part| {
        let name = match part {
            Syntax::Identifier(name) => Some(name),
            Syntax::CompoundIdentifier(path) => path.first(),
            _ => None,
        };
        if let Some(name) = name.filter(|name| !names.contains(&name.value)) {
            names.push(name.value.clone());
        }
        ControlFlow::Continue(())
    });
    if names.is_empty() {
        names.push("id".to_owned());
    }
    Ok(names)
}

/// An expression ready to be evaluated.
pub(crate) struct Expression {
    compiled: Arc<dyn PhysicalExpr>,
    schema: SchemaRef,
    data_type: DataType,
}

/// The values of an expression, one per row.
pub(crate) struct Evaluated {
    /// Null where the expression is null or could not be computed.
    pub(crate) values: ArrayRef,
    /// Rows for which it could not be computed; absent when there are none.
    pub(crate) failed: Option<BooleanArray>,
}

impl Expression {
    /// Resolves the names and types of `sql` against the columns it reads.
    ///
    /// # Errors
    /// What is wrong, where, and what would be right.
    pub(crate) fn compile(sql: &str, inputs: &[Field]) -> Result<Self, String> {
        let nullable = inputs.iter().map(|field| field.clone().with_nullable(true));
        let schema = Arc::new(Schema::new(nullable.collect::<Vec<_>>()));
        let named = DFSchema::try_from(Arc::clone(&schema)).map_err(|error| problem(&error))?;
        let logical = SESSION.parse_sql_expr(sql, &named).map_err(|error| problem(&error))?;
        refuse(&logical)?;
        let compiled = SESSION.create_physical_expr(logical, &named).map_err(|error| problem(&error))?;
        let data_type = plain(compiled.data_type(&schema).map_err(|error| problem(&error))?);
        Ok(Self { compiled, schema, data_type })
    }

    /// Type of the values.
    pub(crate) fn data_type(&self) -> &DataType {
        &self.data_type
    }

    /// The values for these columns. Where the batch as a whole fails, each row is tried by itself.
    pub(crate) fn evaluate(&self, columns: &[ArrayRef]) -> Result<Evaluated, ArrowError> {
        let batch = RecordBatch::try_new(Arc::clone(&self.schema), columns.to_vec())?;
        if let Ok(values) = self.values(&batch) {
            return Ok(Evaluated { values, failed: None });
        }
        let null = new_null_array(&self.data_type, 1);
        let rows: Vec<Option<ArrayRef>> =
            (0..batch.num_rows()).map(|row| self.values(&batch.slice(row, 1)).ok()).collect();
        let values: Vec<&dyn Array> = rows.iter().map(|value| value.as_ref().unwrap_or(&null).as_ref()).collect();
        let failed = rows.iter().map(|value| Some(value.is_none())).collect();
        Ok(Evaluated { values: concat(&values)?, failed: Some(failed) })
    }

    fn values(&self, batch: &RecordBatch) -> Result<ArrayRef, DataFusionError> {
        let values = self.compiled.evaluate(batch)?.into_array(batch.num_rows())?;
        Ok(if values.data_type() == &self.data_type { values } else { cast(&values, &self.data_type)? })
    }
}

/// The type that datasets hold such values as.
fn plain(data_type: DataType) -> DataType {
    match data_type {
        DataType::Utf8View | DataType::LargeUtf8 | DataType::Null => DataType::Utf8,
        DataType::Dictionary(_, values) => plain(*values),
        other => other,
    }
}

/// Refuses what does not follow from the row alone.
fn refuse(expression: &Expr) -> Result<(), String> {
    let is_beyond = |part: &Expr| {
        Ok(matches!(
            part,
            Expr::AggregateFunction(_)
                | Expr::WindowFunction(_)
                | Expr::ScalarSubquery(_)
                | Expr::InSubquery(_)
                | Expr::Exists(_)
        ))
    };
    if expression.exists(is_beyond).unwrap_or(true) {
        return Err("the expression needs other rows; it can use one row's columns and functions of them".to_owned());
    }
    if expression.is_volatile() {
        return Err("the expression gives another value each time, and runs must be reproducible; \
                    `sample` and `split` draw rows by a seed"
            .to_owned());
    }
    Ok(())
}

/// What `DataFusion` found, in our words.
fn problem(error: &DataFusionError) -> String {
    match error.find_root() {
        DataFusionError::SQL(error, _) => syntax(&error.to_string()),
        DataFusionError::SchemaError(error, _) => match error.as_ref() {
            SchemaError::FieldNotFound { field, valid_fields } => {
                let known: Vec<&str> = valid_fields.iter().map(|column| column.name.as_str()).collect();
                unknown_column(&field.name, &known)
            }
            other => other.to_string(),
        },
        other => {
            let text = other.strip_backtrace();
            let text = text.split_once(": ").map_or(text.as_str(), |(_, rest)| rest);
            text.trim_end_matches('.').replace(".\n", "; ").replace('\n', " ")
        }
    }
}

/// A syntax error with its place in front.
fn syntax(text: &str) -> String {
    let text = text.trim_start_matches("sql parser error: ").trim_start_matches("ParserError(\"");
    let (what, place) = text.rsplit_once(" at Line: ").unwrap_or((text, ""));
    let what = what.replace("Expected:", "expected").replace("found:", "found").replace("found EOF", "found its end");
    match place.split_once(", Column: ") {
        Some((line, column)) => format!("line {line} column {column} of the SQL: {what}"),
        None => format!("the SQL is not complete: {what}"),
    }
}

fn unknown_column(name: &str, known: &[&str]) -> String {
    let near = known.iter().map(|candidate| (levenshtein(name, candidate), candidate)).min();
    let hint = match near {
        Some((distance, near)) if distance <= 1 + name.chars().count() / 3 => format!("; did you mean `{near}`?"),
        _ => String::new(),
    };
    format!("there is no column `{name}`, only {}{hint}", known.join(", "))
}

#[cfg(test)]
mod tests {
    use super::{Expression, columns};
    use arrow::array::{ArrayRef, AsArray, StringArray, UInt32Array};
    use arrow::datatypes::{DataType, Field};
    use std::sync::Arc;

    fn fields() -> Vec<Field> {
        vec![Field::new("text", DataType::Utf8, true), Field::new("token_count", DataType::UInt32, true)]
    }

    fn table() -> Vec<ArrayRef> {
        vec![
            Arc::new(StringArray::from(vec![Some("第一条 合同"), Some("abc"), None])),
            Arc::new(UInt32Array::from(vec![Some(3000), Some(4), Some(5)])),
        ]
    }

    fn judged(sql: &str) -> Vec<Option<bool>> {
        let expression = Expression::compile(sql, &fields()).unwrap();
        expression.evaluate(&table()).unwrap().values.as_boolean().iter().collect()
    }

    fn refused(sql: &str) -> String {
        Expression::compile(sql, &fields()).err().unwrap()
    }

    #[test]
    fn types_are_coerced_as_in_any_sql() {
        assert_eq!(judged("token_count < 2048"), [Some(false), Some(true), Some(true)]);
        assert_eq!(judged("length(text) > 3"), [Some(true), Some(false), None]);
        assert_eq!(judged("text LIKE '%bc' OR text ~ '第.+条'"), [Some(true), Some(true), None]);
        assert_eq!(judged("char_count(text) = 6 AND han_ratio(text) > 0.99"), [Some(true), Some(false), None]);
        assert_eq!(judged("CHAR_COUNT(concat(text, 'x')) >= 4"), [Some(true), Some(true), Some(false)]);
    }

    #[test]
    fn the_columns_read_are_known_without_a_schema() {
        assert_eq!(
            columns("caseNumber = 'a' AND lower(\"My text\") <> caseNumber").unwrap(),
            ["caseNumber", "My text"]
        );
        assert_eq!(columns("1 = 1").unwrap(), ["id"]);
    }

    #[test]
    fn wrong_syntax_is_shown_with_its_place() {
        assert_eq!(
            columns("length(text >").unwrap_err(),
            "the SQL is not complete: expected an expression, found its end"
        );
        assert!(
            columns("a = 1 b").unwrap_err().starts_with("line 1 column 7 of the SQL: "),
            "{:?}",
            columns("a = 1 b")
        );
    }

    #[test]
    fn an_unknown_column_is_named_beside_those_that_exist() {
        assert_eq!(
            refused("tokn_count > 1"),
            "there is no column `tokn_count`, only text, token_count; did you mean `token_count`?"
        );
    }

    #[test]
    fn what_needs_other_rows_or_chance_is_refused() {
        assert!(refused("count(text) > 1").contains("other rows"));
        assert!(refused("uuid() > 'a'").contains("reproducible"));
    }

    #[test]
    fn one_failing_row_does_not_take_its_batch_with_it() {
        let expression = Expression::compile("10 / (token_count - 4)", &fields()).unwrap();
        let evaluated = expression.evaluate(&table()).unwrap();
        assert_eq!(evaluated.failed.unwrap().iter().collect::<Vec<_>>(), [Some(false), Some(true), Some(false)]);
        assert!(evaluated.values.is_null(1) && evaluated.values.is_valid(2));
    }
}
