//! The list of what was masked where: `audit/`.

use super::list::List;
use crate::audit::AUDIT_ID;
use crate::error::Result;
use arrow::array::{ArrayRef, AsArray, RecordBatch, StringArray};
use arrow::datatypes::{DataType, Field, UInt32Type};
use siyu_dataset::PartRecord;
use std::path::Path;
use std::sync::Arc;

/// Writes the list from the rows of a run's scratch files, which come in their order.
pub(crate) struct AuditList {
    names: Vec<String>,
    list: List,
}

impl AuditList {
    /// The list under `staging`; `names` are the sources.
    pub(crate) fn new(names: Vec<String>, staging: &Path) -> Self {
        let text = |name: &str| Field::new(name, DataType::Utf8, true);
        let count = |name: &str| Field::new(name, DataType::UInt64, false);
        let fields = vec![
            text("kind"),
            text("rule"),
            text("source"),
            count("source_row"),
            text("id"),
            text("column"),
            count("offset"),
            count("length"),
        ];
        Self { names, list: List::new("audit", staging, fields) }
    }

    /// Takes rows.
    pub(crate) fn push(&mut self, batch: &RecordBatch) -> Result<()> {
        let files = batch.column(0).as_primitive::<UInt32Type>();
        let sources = files.values().iter().map(|&file| Some(&self.names[file as usize])).collect::<StringArray>();
        let slot = |slot: usize| Arc::clone(batch.column(slot));
        let columns: Vec<ArrayRef> =
            vec![slot(6), slot(7), Arc::new(sources), slot(1), slot(AUDIT_ID), slot(3), slot(4), slot(5)];
        self.list.push(columns)
    }

    /// Closes the list; one without rows leaves no file.
    pub(crate) fn finish(self) -> Result<Vec<PartRecord>> {
        self.list.finish()
    }
}
