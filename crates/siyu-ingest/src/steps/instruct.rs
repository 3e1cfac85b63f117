//! `instruct`.

use crate::error::{Error, Result};
use crate::operator::{Kernel, RowOperator, Verdict, text_column};
use arrow::array::{Array, ArrayRef, BooleanArray, StringArray};
use arrow::datatypes::{DataType, Field};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use siyu_text::chat::Fill;
use std::sync::Arc;

/// Makes an instruction, its input and its answer from templates over the columns.
///
/// # Why
/// A model learns to do a task from examples of the task, and a document is not one yet.
/// # Example
/// `instruct: { instruction: "请对下文生成一段摘要", input: "{{ text }}", output: "{{ text[:150] }}" }`
/// # Nulls
/// A missing column is an empty one; a row whose output comes out empty is dropped.
/// # Source
/// The three fields of Stanford Alpaca (Taori et al. 2023); templates are Jinja.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Instruct {
    /// Template of what is asked.
    pub instruction: String,
    /// Template of what it is asked about.
    #[serde(default)]
    pub input: String,
    /// Template of the answer.
    pub output: String,
}

impl Instruct {
    fn fills(&self) -> Result<[Fill; 3]> {
        let fill = |setting, template: &str| {
            Fill::new(template).map_err(|error| Error::setting("instruct", setting, error.to_string()))
        };
        Ok([fill("instruction", &self.instruction)?, fill("input", &self.input)?, fill("output", &self.output)?])
    }
}

impl RowOperator for Instruct {
    fn reads(&self, _: &[String]) -> Result<Vec<String>> {
        let mut names: Vec<String> = self.fills()?.iter().flat_map(Fill::fields).collect();
        names.sort();
        names.dedup();
        Ok(names)
    }

    fn writes(&self, _: &[Field]) -> Result<Vec<Field>> {
        self.fills()?;
        Ok(["instruction", "input", "output"].map(|name| Field::new(name, DataType::Utf8, true)).to_vec())
    }

    fn build(&self, inputs: &[Field]) -> Result<Kernel> {
        let fills = self.fills()?;
        if let Some(field) = inputs.iter().find(|field| field.data_type() != &DataType::Utf8) {
            let problem = format!("column `{}` is not text", field.name());
            return Err(Error::setting("instruct", "instruction", problem));
        }
        let names: Vec<String> = inputs.iter().map(|field| field.name().clone()).collect();
        Ok(Box::new(move |columns| {
            let texts: Vec<&StringArray> = columns.iter().map(text_column).collect::<Result<_, _>>()?;
            let rows = texts.first().map_or(0, |column| column.len());
            let mut made: [Vec<Option<String>>; 3] = [Vec::new(), Vec::new(), Vec::new()];
            for row in 0..rows {
                let cells = names.iter().zip(&texts);
                let fields: Vec<(&str, Option<&str>)> = cells
                    .map(|(name, column)| (name.as_str(), column.is_valid(row).then(|| column.value(row))))
                    .collect();
                for (fill, column) in fills.iter().zip(&mut made) {
                    column.push(fill.render(&fields).ok());
                }
            }
            let answered = |text: &Option<String>| Some(text.as_ref().is_some_and(|text| !text.trim().is_empty()));
            let keep: BooleanArray = made[2].iter().map(answered).collect();
            let columns = made.into_iter().map(|column| Arc::new(StringArray::from(column)) as ArrayRef).collect();
            Ok(Verdict { columns, keep: Some(keep), ..Verdict::default() })
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::Instruct;
    use crate::testing::kept;

    #[test]
    fn a_row_without_an_answer_is_dropped() {
        let step = Instruct { instruction: "问".into(), input: "{{ text }}".into(), output: "{{ text[:2] }}".into() };
        assert_eq!(kept(&step, &[Some("甲乙丙"), Some(""), None]), [true, false, false]);
    }
}
