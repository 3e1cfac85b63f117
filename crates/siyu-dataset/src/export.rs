//! Rows for other trainers, one JSON object a line.

mod chat;

use crate::dataset::describe;
use crate::{Dataset, Documents, Error, Result, json_value};
use arrow::array::RecordBatch;
use arrow::datatypes::Schema;
use chat::Chat;
use serde_json::{Map, Value, json};
use std::io::{self, Write};
use std::sync::Arc;

/// A form of rows that other programs read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExportFormat {
    /// Every column under its own name.
    Jsonl,
    /// `instruction`, `input`, `output`, `system`, `history`, as Stanford Alpaca has it and `LLaMA-Factory` reads it.
    Alpaca,
    /// `conversations` of `from` and `value`, as `ShareGPT` has it and `LLaMA-Factory` reads it.
    Sharegpt,
}

/// How a row of this dataset becomes an object of the format.
enum Shape {
    /// All columns.
    Columns,
    /// The columns `instruction`, `output` and what there is of `input`, `system` and `history`.
    Example,
    /// The column of this name, a list of messages.
    Messages(&'static str),
}

impl Dataset {
    /// Writes the rows of one side, or of all sides one after another, as lines of JSON; returns how many.
    ///
    /// Packed rows stay packed in [`ExportFormat::Jsonl`]; the other formats have a line a document.
    ///
    /// # Errors
    /// [`Error::NoSide`] for a side that does not exist, [`Error::NotExportable`] where the columns do not make the
    /// format, [`Error::Messages`] for a row whose messages cannot be read, and [`Error::Output`] where `out` fails.
    pub fn export(&self, format: ExportFormat, side: Option<&str>, out: &mut impl Write) -> Result<u64> {
        let sides = self.sides_named(side)?;
        let mut written = 0;
        for shard in sides.iter().flat_map(|side| self.shards(side)) {
            let shape = Shape::of(self.parquet(&shard.path)?.schema(), format)?;
            for documents in self.rows_or_documents(&shard.path, &[], format != ExportFormat::Jsonl)? {
                let Documents { batch, places } = documents?;
                for (index, (place, _)) in places.iter().enumerate() {
                    let object = shape.object(&batch, index, format);
                    let object = object.ok_or_else(|| Error::Messages { path: shard.path.clone(), row: *place })?;
                    let line = serde_json::to_writer(&mut *out, &object).map_err(io::Error::from);
                    line.and_then(|()| out.write_all(b"\n")).map_err(|source| Error::Output { source })?;
                    written += 1;
                }
            }
        }
        out.flush().map_err(|source| Error::Output { source })?;
        Ok(written)
    }

    fn sides_named(&self, side: Option<&str>) -> Result<Vec<String>> {
        let mut sides: Vec<String> = Vec::new();
        for known in ["train", "validation", "test"]
            .into_iter()
            .chain(self.manifest().shards.iter().map(|shard| shard.split.as_str()))
        {
            if self.shards(known).next().is_some() && !sides.iter().any(|side| side == known) {
                sides.push(known.to_owned());
            }
        }
        match side {
            None => Ok(sides),
            Some(side) if sides.iter().any(|known| known == side) => Ok(vec![side.to_owned()]),
            Some(side) => Err(Error::NoSide { side: side.to_owned(), known: sides.join(", ") }),
        }
    }
}

impl Shape {
    fn of(schema: &Arc<Schema>, format: ExportFormat) -> Result<Self> {
        if format == ExportFormat::Jsonl {
            return Ok(Self::Columns);
        }
        let has = |name: &str| schema.index_of(name).is_ok();
        if has("instruction") && has("output") {
            return Ok(Self::Example);
        }
        if let Some(name) = ["messages", "conversations"].into_iter().find(|name| has(name)) {
            return Ok(Self::Messages(name));
        }
        let missing = match (has("instruction"), has("output")) {
            (true, false) => "`output`",
            (false, true) => "`instruction`",
            _ => "`instruction` and `output`, or `messages`",
        };
        Err(Error::NotExportable { missing, columns: describe(schema) })
    }

    /// The row as an object; none where its messages cannot be read.
    fn object(&self, batch: &RecordBatch, row: usize, format: ExportFormat) -> Option<Value> {
        match self {
            Self::Columns => Some(cells(batch, row).into()),
            Self::Example if format == ExportFormat::Alpaca => Some(alpaca(batch, row)),
            Self::Example => Some(Chat::of_example(&alpaca(batch, row)).sharegpt()),
            Self::Messages(name) => {
                let chat = Chat::of_messages(&cell(batch, name, row))?;
                Some(if format == ExportFormat::Alpaca { chat.alpaca() } else { chat.sharegpt() })
            }
        }
    }
}

fn cells(batch: &RecordBatch, row: usize) -> Map<String, Value> {
    let columns = batch.schema_ref().fields().iter().zip(batch.columns());
    columns.map(|(field, column)| (field.name().clone(), json_value(column, row))).collect()
}

fn cell(batch: &RecordBatch, name: &str, row: usize) -> Value {
    batch.column_by_name(name).map_or(Value::Null, |column| json_value(column, row))
}

/// A row of the columns `instruction` and `output`; what is missing is empty.
fn alpaca(batch: &RecordBatch, row: usize) -> Value {
    let text = |name: &str| match cell(batch, name, row) {
        Value::Null => Value::String(String::new()),
        Value::String(text) => Value::String(text),
        other => Value::String(other.to_string()),
    };
    let history = match cell(batch, "history", row) {
        // Input files hold lists as JSON texts.
        Value::String(json) => serde_json::from_str(&json).unwrap_or(Value::Null),
        other => other,
    };
    json!({
        "instruction": text("instruction"),
        "input": text("input"),
        "output": text("output"),
        "system": text("system"),
        "history": if history.is_array() { history } else { json!([]) },
    })
}
