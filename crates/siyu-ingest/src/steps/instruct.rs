//! `instruct`.

use crate::error::{Error, Result};
use crate::operator::{Kernel, RowOperator, Verdict, text_column};
use arrow::array::{Array, ArrayRef, BooleanArray, ListBuilder, StringArray, StringBuilder, StructBuilder};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Field, Fields};
use arrow::error::ArrowError;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use siyu_text::chat::{Fill, Role};
use std::sync::Arc;

/// Makes training examples: an instruction, an input and an output, or a list of chat messages, from Jinja templates.
///
/// A template sees the document's columns by name. Documents whose output (or last message of the assistant) is blank
/// are dropped.
///
/// # Why
/// A model learns to answer from questions with answers, and most corpora hold neither.
/// # Example
/// `instruct: { instruction: "请对下文生成一段摘要", input: "{{ text }}", output: "{{ text[:150] }}" }`
/// # Nulls
/// A missing column is an empty text in a template.
/// # Source
/// Taori et al. 2023, "Stanford Alpaca" (instruction, input, output); `OpenAI`'s chat format (messages).
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Instruct {
    /// What is asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instruction: Option<String>,
    /// What it is asked about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub input: Option<String>,
    /// The answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub output: Option<String>,
    /// Instead of the three: the messages of a chat, written to the column `messages`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub messages: Vec<MessageTemplate>,
}

/// A message whose content is a template.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MessageTemplate {
    /// Who speaks.
    pub role: Role,
    /// What is said.
    pub content: String,
}

fn role_name(role: Role) -> &'static str {
    match role {
        Role::System => "system",
        Role::User => "user",
        Role::Assistant => "assistant",
    }
}

/// The fields of a chat message in a list column.
pub(crate) fn message_fields() -> Fields {
    Fields::from(vec![Field::new("role", DataType::Utf8, true), Field::new("content", DataType::Utf8, true)])
}

/// The list column that holds the messages of chats.
pub(crate) fn messages_field() -> Field {
    Field::new_list("messages", Field::new("item", DataType::Struct(message_fields()), true), true)
}

impl Instruct {
    /// The templates by setting, in the order of the columns or messages they make.
    fn templates(&self) -> Result<Vec<(&'static str, &str)>> {
        let refuse = |setting, problem: &str| Err(Error::setting("instruct", setting, problem));
        let three = [("instruction", &self.instruction), ("input", &self.input), ("output", &self.output)];
        let single: Vec<_> = three.into_iter().filter_map(|(name, text)| Some((name, text.as_deref()?))).collect();
        match (single.is_empty(), self.messages.is_empty()) {
            (true, true) => refuse("instruction", "give `instruction` and `output`, or `messages`"),
            (false, false) => refuse("messages", "give either `messages` or `instruction`, `input` and `output`"),
            (false, true) if self.instruction.is_none() => refuse("instruction", "missing beside `output`"),
            (false, true) if self.output.is_none() => refuse("output", "missing; without it there is nothing to learn"),
            (false, true) => Ok(single),
            (true, false) if self.answer().is_none() => {
                refuse("messages", "no message has `role: assistant`; without it there is nothing to learn")
            }
            (true, false) => Ok(self.messages.iter().map(|message| ("messages", message.content.as_str())).collect()),
        }
    }

    /// Place of the last message of the assistant.
    fn answer(&self) -> Option<usize> {
        self.messages.iter().rposition(|message| message.role == Role::Assistant)
    }

    fn fills(&self) -> Result<Vec<Fill>> {
        let templates = self.templates()?.into_iter();
        let compile = |(setting, text): (&'static str, &str)| {
            Fill::new(text).map_err(|error| Error::setting("instruct", setting, error.to_string()))
        };
        templates.map(compile).collect()
    }
}

impl RowOperator for Instruct {
    fn reads(&self, _: &[String]) -> Result<Vec<String>> {
        let mut names: Vec<String> = Vec::new();
        for fill in self.fills()? {
            for name in fill.fields() {
                if !names.contains(&name) {
                    names.push(name);
                }
            }
        }
        if names.is_empty() {
            // Rows are counted by a column.
            names.push("id".to_owned());
        }
        Ok(names)
    }

    fn writes(&self, _: &[Field]) -> Result<Vec<Field>> {
        let templates = self.templates()?;
        if !self.messages.is_empty() {
            return Ok(vec![messages_field()]);
        }
        Ok(templates.into_iter().map(|(name, _)| Field::new(name, DataType::Utf8, true)).collect())
    }

    fn build(&self, inputs: &[Field]) -> Result<Kernel> {
        let fills = self.fills()?;
        let names: Vec<String> = inputs.iter().map(|field| field.name().clone()).collect();
        let roles: Vec<&'static str> = self.messages.iter().map(|message| role_name(message.role)).collect();
        let answer = self.answer().unwrap_or(fills.len() - 1);
        Ok(Box::new(move |columns| {
            let filled = Filled::new(&fills, answer, &names, columns)?;
            let columns = if roles.is_empty() { filled.texts() } else { filled.messages(&roles) };
            let keep = filled.reasons.iter().map(|reason| Some(reason.is_none())).collect::<BooleanArray>();
            let reasons = filled.reasons.into_iter().collect::<StringArray>();
            Ok(Verdict { columns, keep: Some(keep), reasons: Some(reasons), ..Verdict::default() })
        }))
    }
}

/// The filled templates of a batch.
struct Filled {
    /// By row, then by template.
    texts: Vec<Vec<String>>,
    /// Why a row is dropped.
    reasons: Vec<Option<&'static str>>,
    width: usize,
}

impl Filled {
    fn new(fills: &[Fill], answer: usize, names: &[String], columns: &[ArrayRef]) -> Result<Self, ArrowError> {
        let columns: Vec<ArrayRef> =
            columns.iter().map(|column| cast(column, &DataType::Utf8)).collect::<Result<_, _>>()?;
        let columns: Vec<&StringArray> = columns.iter().map(text_column).collect::<Result<_, _>>()?;
        let (mut texts, mut reasons) = (Vec::new(), Vec::new());
        for row in 0..columns.first().map_or(0, |column| Array::len(*column)) {
            let texts_of_row = columns.iter().map(|column| column.is_valid(row).then(|| column.value(row)));
            let values: Vec<(&str, Option<&str>)> = names.iter().map(String::as_str).zip(texts_of_row).collect();
            let filled: Result<Vec<String>, _> = fills.iter().map(|fill| fill.render(&values)).collect();
            reasons.push(match &filled {
                Err(_) => Some("template cannot be filled"),
                Ok(filled) if filled[answer].trim().is_empty() => Some("empty output"),
                Ok(_) => None,
            });
            texts.push(filled.unwrap_or_else(|_| vec![String::new(); fills.len()]));
        }
        Ok(Self { texts, reasons, width: fills.len() })
    }

    fn texts(&self) -> Vec<ArrayRef> {
        let column = |index: usize| self.texts.iter().map(|row| Some(row[index].as_str())).collect::<StringArray>();
        (0..self.width).map(|index| Arc::new(column(index)) as ArrayRef).collect()
    }

    fn messages(&self, roles: &[&str]) -> Vec<ArrayRef> {
        let message = StructBuilder::from_fields(message_fields(), self.texts.len() * roles.len());
        let mut lists = ListBuilder::new(message);
        for row in &self.texts {
            for (role, content) in roles.iter().zip(row) {
                for (place, text) in [role, content.as_str()].into_iter().enumerate() {
                    let builder = lists.values().field_builder::<StringBuilder>(place);
                    builder.expect("both fields are text").append_value(text);
                }
                lists.values().append(true);
            }
            lists.append(true);
        }
        vec![Arc::new(lists.finish())]
    }
}

#[cfg(test)]
mod tests {
    use super::{Instruct, MessageTemplate, Role};
    use crate::operator::RowOperator;
    use crate::testing::{kept, verdict};
    use arrow::array::AsArray;

    fn three(input: Option<&str>, output: Option<&str>) -> Instruct {
        let text = |text: &str| text.to_owned();
        let messages = Vec::new();
        Instruct { instruction: Some(text("总结")), input: input.map(text), output: output.map(text), messages }
    }

    fn chat(messages: &[(Role, &str)]) -> Instruct {
        let message = |&(role, content): &(Role, &str)| MessageTemplate { role, content: content.to_owned() };
        Instruct { messages: messages.iter().map(message).collect(), ..Instruct::default() }
    }

    #[test]
    fn templates_are_filled_and_slices_count_characters() {
        let columns = verdict(&three(Some("{{ text }}"), Some("{{ text[:2] }}")), &[Some("甲方付款")]).columns;
        let texts: Vec<&str> = columns.iter().map(|column| column.as_string::<i32>().value(0)).collect();
        assert_eq!(texts, ["总结", "甲方付款", "甲方"]);
    }

    #[test]
    fn a_document_without_an_answer_is_dropped_with_the_reason() {
        let step = three(None, Some("{{ text }}"));
        assert_eq!(kept(&step, &[Some("甲"), Some(" \n"), None]), [true, false, false]);
        assert_eq!(verdict(&step, &[Some(" ")]).reasons.unwrap().value(0), "empty output");
    }

    #[test]
    fn messages_are_a_list_of_role_and_content() {
        let step = chat(&[(Role::User, "问：{{ text }}"), (Role::Assistant, "{{ text }}")]);
        let columns = verdict(&step, &[Some("甲")]).columns;
        let messages = columns[0].as_list::<i32>().value(0);
        let field = |name: &str, row| {
            messages.as_struct().column_by_name(name).unwrap().as_string::<i32>().value(row).to_owned()
        };
        assert_eq!((field("role", 0), field("content", 0)), ("user".to_owned(), "问：甲".to_owned()));
        assert_eq!((field("role", 1), field("content", 1)), ("assistant".to_owned(), "甲".to_owned()));
    }

    #[test]
    fn the_columns_read_are_those_the_templates_name() {
        let step = three(Some("{{ title }}"), Some("{% if text %}{{ text }}{% endif %}"));
        assert_eq!(step.reads(&[]).unwrap(), ["title", "text"]);
    }

    #[test]
    fn settings_that_leave_nothing_to_learn_are_refused() {
        assert!(three(None, None).writes(&[]).is_err());
        assert!(Instruct::default().writes(&[]).is_err());
        assert!(chat(&[(Role::User, "{{ text }}")]).writes(&[]).is_err());
        assert!(three(None, Some("{{ text")).reads(&[]).is_err());
    }
}
