//! The documents of a dataset, whether its rows hold one or several.

use super::{COUNT, SEQ_LENGTHS, TOKENS, unpacked};
use crate::{
    Dataset, Error, Result,
    dataset::{batches_of, decoded},
};
use arrow::array::{AsArray, RecordBatch};
use arrow::error::ArrowError;

/// Some documents of a shard in their order.
#[derive(Clone, Debug)]
pub struct Documents {
    /// The documents, one a row.
    pub batch: RecordBatch,
    /// The shard's row that each is in, from 0, and its place in that row, from 0.
    pub places: Vec<(u64, u64)>,
}

impl Dataset {
    /// Whether the rows of shards hold several documents.
    pub fn is_packed(&self) -> bool {
        self.manifest().packing.is_some()
    }

    /// The documents of a shard in their order, with the named columns that it has, or all if none is named.
    ///
    /// Where rows are packed each is taken apart, so that a column has the type it had before packing and a document
    /// its own tokens; elsewhere these are the rows.
    pub fn documents(&self, shard: &str, names: &[&str]) -> Result<impl Iterator<Item = Result<Documents>> + use<>> {
        self.rows_or_documents(shard, names, true)
    }

    /// The rows of a shard, packed ones taken apart if that is asked for.
    pub(crate) fn rows_or_documents(
        &self,
        shard: &str,
        names: &[&str],
        apart: bool,
    ) -> Result<impl Iterator<Item = Result<Documents>> + use<>> {
        let apart = apart && self.is_packed() && self.parquet(shard)?.schema().index_of(SEQ_LENGTHS).is_ok();
        let mut wanted = names.to_vec();
        if apart && names.iter().any(|name| TOKENS.contains(name) || *name == COUNT) {
            wanted.push(SEQ_LENGTHS);
        }
        let reader = self.batches(shard, (!names.is_empty()).then_some(&*wanted))?;
        let (path, mut passed) = (shard.to_owned(), 0);
        Ok(batches_of(shard, reader).map(move |batch| {
            let rows = batch?;
            let before = passed;
            passed += rows.num_rows() as u64;
            decoded(
                &path,
                if apart { Documents::of_packed(&rows, before) } else { Ok(Documents::of_rows(rows, before)) },
            )
        }))
    }

    /// One document of a shard by its number among the shard's documents, as a batch of one, and the row it is in.
    ///
    /// # Errors
    /// [`Error::Rows`] where the shard ends before it.
    pub fn document(&self, shard: &str, number: u64) -> Result<(RecordBatch, u64)> {
        let mut ahead = usize::try_from(number).unwrap_or(usize::MAX);
        let mut passed = 0;
        for documents in self.documents(shard, &[])? {
            let documents = documents?;
            if let Some((row, _)) = documents.places.get(ahead) {
                return Ok((documents.batch.slice(ahead, 1), *row));
            }
            ahead -= documents.batch.num_rows();
            passed += documents.batch.num_rows() as u64;
        }
        Err(Error::Rows { path: shard.to_owned(), found: passed, expected: number.saturating_add(1) })
    }
}

impl Documents {
    /// The documents of rows that are one each; `before` rows of the shard lie before them.
    pub fn of_rows(rows: RecordBatch, before: u64) -> Self {
        let places = (before..).take(rows.num_rows()).map(|row| (row, 0)).collect();
        Self { batch: rows, places }
    }

    /// The documents of packed rows; `before` rows of the shard lie before them. Their tokens need the column
    /// [`SEQ_LENGTHS`].
    ///
    /// # Errors
    /// Where lists that must be equally long are not: the rows were changed.
    pub fn of_packed(rows: &RecordBatch, before: u64) -> std::result::Result<Self, ArrowError> {
        let batch = unpacked(rows)?;
        let lengths = rows.column_by_name(SEQ_LENGTHS);
        // Any list but those of tokens has an entry a document.
        let others = rows.schema_ref().fields().iter().zip(rows.columns());
        let mut others = others.filter(|(field, _)| !TOKENS.contains(&field.name().as_str()) && field.name() != COUNT);
        let lists = lengths.or_else(|| others.next().map(|(_, column)| column));
        let Some(lists) = lists.and_then(|column| column.as_list_opt::<i32>()) else {
            return Ok(Self { batch, places: Vec::new() });
        };
        let mut places = Vec::with_capacity(batch.num_rows());
        for (row, documents) in (before..).zip(lists.offsets().lengths()) {
            places.extend((0..documents as u64).map(|place| (row, place)));
        }
        Ok(Self { batch, places })
    }
}
