//! Documents from columns: examples, chats or plain texts.

use crate::error::{Error, Result};
use crate::operator::text_column;
use arrow::array::{Array, ArrayRef, AsArray, StringArray, StructArray};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Field};
use arrow::error::ArrowError;
use serde::Deserialize;
use siyu_text::chat::Message;

/// How the columns are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Source {
    /// Instruction, input where there are three, and output.
    Example,
    /// A list of messages.
    Messages,
    /// A list of messages as JSON, as files hold it.
    MessagesJson,
    /// A text.
    Plain,
}

/// A document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Row {
    /// An instruction, its input and the answer.
    Example { instruction: String, input: String, output: String },
    /// The messages of a chat.
    Chat(Vec<Message>),
    /// A text.
    Plain(String),
}

/// A message as JSON files hold it, in `OpenAI`'s words or in `ShareGPT`'s.
#[derive(Deserialize)]
struct Said {
    #[serde(alias = "from")]
    role: String,
    #[serde(alias = "value")]
    content: Option<String>,
}

impl Source {
    /// How columns of these names and types are read.
    pub(super) fn new(inputs: &[Field]) -> Result<Self> {
        match inputs {
            [one] if matches!(one.data_type(), DataType::List(_)) => match one.data_type() {
                DataType::List(item) if holds_messages(item.data_type()) => Ok(Self::Messages),
                _ => Err(Error::setting(
                    "tokenize",
                    "columns",
                    format!("`{}` is a list of something else than messages with role and content", one.name()),
                )),
            },
            [one] if one.name() == "messages" || one.name() == "conversations" => Ok(Self::MessagesJson),
            [_] => Ok(Self::Plain),
            _ => Ok(Self::Example),
        }
    }

    /// Whether ids cannot be made without a template.
    pub(super) fn needs_template(self) -> bool {
        self != Self::Plain
    }

    /// The documents of a batch, or why there is none in a row.
    pub(super) fn rows(self, columns: &[ArrayRef]) -> Result<Vec<Result<Row, &'static str>>, ArrowError> {
        if self == Self::Messages {
            let lists = columns[0].as_list::<i32>();
            return Ok((0..lists.len())
                .map(|row| if lists.is_valid(row) { chat(lists.value(row).as_struct()) } else { Err("no messages") })
                .collect());
        }
        let columns: Vec<ArrayRef> =
            columns.iter().map(|column| cast(column, &DataType::Utf8)).collect::<Result<_, _>>()?;
        let columns: Vec<&StringArray> = columns.iter().map(text_column).collect::<Result<_, _>>()?;
        Ok((0..columns.first().map_or(0, |column| Array::len(*column))).map(|row| self.row(&columns, row)).collect())
    }

    fn row(self, columns: &[&StringArray], row: usize) -> Result<Row, &'static str> {
        let text = |column: &StringArray| column.is_valid(row).then(|| column.value(row).to_owned());
        match (self, columns) {
            (Self::MessagesJson, [messages]) => {
                let json = text(messages).ok_or("no messages")?;
                let messages: Vec<Said> = serde_json::from_str(&json).map_err(|_| "messages cannot be read")?;
                let message = |said: Said| message(&said.role, said.content.as_deref());
                Ok(Row::Chat(messages.into_iter().map(message).collect::<Result<_, _>>()?))
            }
            (_, [instruction, rest @ .., output]) => {
                let instruction = text(instruction).ok_or("no instruction")?;
                let output = text(output).filter(|output| !output.trim().is_empty()).ok_or("no output")?;
                let input = rest.first().and_then(|input| text(input)).unwrap_or_default();
                Ok(Row::Example { instruction, input, output })
            }
            (_, [plain]) => Ok(Row::Plain(text(plain).filter(|text| !text.is_empty()).ok_or("no text")?)),
            (_, []) => Err("no text"),
        }
    }
}

fn holds_messages(data_type: &DataType) -> bool {
    let DataType::Struct(fields) = data_type else { return false };
    ["role", "content"]
        .iter()
        .all(|name| fields.find(name).is_some_and(|(_, field)| field.data_type() == &DataType::Utf8))
}

fn chat(messages: &StructArray) -> Result<Row, &'static str> {
    let column = |name| messages.column_by_name(name).map(AsArray::as_string::<i32>);
    let (Some(roles), Some(contents)) = (column("role"), column("content")) else { return Err("no messages") };
    let message = |place: usize| message(roles.value(place), contents.is_valid(place).then(|| contents.value(place)));
    Ok(Row::Chat((0..messages.len()).map(message).collect::<Result<_, _>>()?))
}

fn message(role: &str, content: Option<&str>) -> Result<Message, &'static str> {
    let role = role.parse().map_err(|_| "unknown role in messages")?;
    Ok(Message { role, content: content.unwrap_or_default().to_owned() })
}

#[cfg(test)]
mod tests {
    use super::{Row, Source};
    use arrow::array::{ArrayRef, StringArray};
    use siyu_text::chat::{Message, Role};
    use std::sync::Arc;

    #[test]
    fn messages_in_a_file_are_read_in_both_common_forms() {
        let json: ArrayRef = Arc::new(StringArray::from(vec![
            Some(r#"[{"role": "user", "content": "甲"}, {"role": "assistant", "content": "乙"}]"#),
            Some(r#"[{"from": "human", "value": "甲"}, {"from": "gpt", "value": "乙"}]"#),
            Some("not json"),
            None,
        ]));
        let rows = Source::MessagesJson.rows(&[json]).unwrap();
        let message = |role, content: &str| Message { role, content: content.to_owned() };
        let chat = Row::Chat(vec![message(Role::User, "甲"), message(Role::Assistant, "乙")]);
        assert_eq!(rows, [Ok(chat.clone()), Ok(chat), Err("messages cannot be read"), Err("no messages")]);
    }
}
