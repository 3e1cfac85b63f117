//! Verification: every file of a dataset is read again and compared with the manifest.

use std::{collections::BTreeSet, fs, io::Read};

use arrow::{
    array::{Array, AsArray, RecordBatch},
    compute::{cast, sum},
    datatypes::{DataType, Field, FieldRef, Schema, SchemaRef, UInt64Type},
};
use rayon::prelude::*;

use crate::{
    ColumnRecord, Dataset, Error, LEDGER, LeakProof, PartRecord, Result, ShardRecord, SplitRecord,
    dataset::{decoded, describe},
    leak::{self, Content},
    ledger, near, packing,
};

/// What a verification read, all of it as the manifest says.
#[derive(Clone, Debug, PartialEq)]
pub struct Verification {
    /// Shards read.
    pub shards: u64,
    /// Rows in them.
    pub rows: u64,
    /// Documents in the rows, where rows hold several.
    pub documents: Option<u64>,
    /// Tokens in them, where the rows are tokenized.
    pub tokens: Option<u64>,
    /// Bytes of the shards and of the lists beside them.
    pub bytes: u64,
    /// The proof that the sides share no content, where there is more than one.
    pub leak: Option<LeakProof>,
    /// The proof that no row resembles one of another side, where the manifest says so and the shards have the columns
    /// for it.
    pub near: Option<LeakProof>,
    /// Pairs of rows on two sides that share a band of their sketches and so were compared.
    pub compared: u64,
    /// What the manifest says of the split and the shards cannot show, and why; each half a sentence.
    pub unproven: Vec<String>,
}

impl Dataset {
    /// Reads every file again and compares it with the manifest: sizes, hashes, columns, rows, tokens,
    /// the manifest's own sums, the boundaries of packed documents, files too many, the same content on two sides of the split, content on two sides
    /// that is more alike than the split allows, and contents that the split's ledger has on another side.
    ///
    /// `progress` is called with the size of each file that has passed, from several threads. Memory is
    /// a batch a thread, at most 32 bytes a row where there is a split, and about a kilobyte for each row that is not
    /// on the largest side where likeness is checked.
    ///
    /// # Errors
    /// The first thing that does not match, in the order of the manifest; never with text of a document.
    pub fn verify(&self, progress: impl Fn(u64) + Sync) -> Result<Verification> {
        let manifest = self.manifest();
        manifest.check_sums()?;
        self.refuse_surplus()?;
        let (sides, content) = (leak::sides(self), Content::of(manifest));
        let hashed = sides.len() > 1 || matches!(content, Content::Split(_));
        let shards: Vec<ShardFacts> = manifest
            .shards
            .par_iter()
            .map(|shard| {
                let side = sides.binary_search(&shard.split.as_str()).unwrap_or(sides.len());
                let facts = self.verify_shard(shard, hashed.then_some((&content, side)))?;
                progress(shard.bytes);
                Ok(facts)
            })
            .collect::<Vec<Result<_>>>()
            .into_iter()
            .collect::<Result<_>>()?;
        self.same_schema(&shards)?;
        for (part, columns) in self.parts() {
            self.verify_part(part, columns)?;
            progress(part.bytes);
        }
        let mut hashes: Vec<u128> = shards.into_iter().flat_map(|facts| facts.hashes).collect();
        let leak = leak::prove(self, &content, &mut hashes)?;
        let near::Proven { proof: near, compared, mut unproven } = near::prove(self)?;
        match (&manifest.split, &content) {
            (Some(SplitRecord { ledger: Some(ledger), .. }), Content::Split(_)) => {
                ledger::prove(self, ledger, &content, &hashes)?;
            }
            (Some(SplitRecord { ledger: Some(_), .. }), Content::Shards) => unproven.push(format!(
                "that `{LEDGER}` has each content on its side: the shards lack a column that the split went by"
            )),
            (Some(SplitRecord { ledger: None, leak: LeakProof { near: Some(_), .. }, .. }), _) => unproven.push(format!(
                "that `{LEDGER}` and the number of pairs are those of the run: the manifest is from before they were recorded"
            )),
            _ => {}
        }
        let files = manifest.shards.iter().map(|shard| shard.bytes);
        Ok(Verification {
            shards: manifest.shards.len() as u64,
            rows: manifest.row_count(),
            documents: manifest.packing.as_ref().map(|_| manifest.document_count()),
            tokens: manifest.shards.iter().map(|shard| shard.tokens).sum(),
            bytes: files.chain(self.parts().map(|(part, _)| part.bytes)).sum(),
            leak: (sides.len() > 1).then_some(leak),
            near,
            compared,
            unproven,
        })
    }

    fn parts(&self) -> impl Iterator<Item = (&PartRecord, &'static [&'static str])> {
        const DROPPED: &[&str] = &["id", "source", "source_row", "dropped_by", "detail"];
        const AUDIT: &[&str] = &["kind", "rule", "source", "source_row", "id", "column", "offset", "length"];
        const QUARANTINE: &[&str] = &["source", "source_row", "start", "end", "reason"];
        let manifest = self.manifest();
        let dropped = manifest.dropped.iter().map(|part| (part, DROPPED));
        let audit = manifest.audit.iter().flatten().map(|part| (part, AUDIT));
        let ledger = manifest.split.iter().filter_map(|split| split.ledger.as_ref());
        let lists = dropped.chain(manifest.quarantine.iter().map(|part| (part, QUARANTINE))).chain(audit);
        lists.chain(ledger.map(|part| (part, ledger::COLUMNS)))
    }

    /// A reader of the folder takes every file in it: one too many is a row too many.
    fn refuse_surplus(&self) -> Result<()> {
        let manifest = self.manifest();
        let shards = manifest.shards.iter().map(|shard| shard.path.as_str());
        let listed: BTreeSet<&str> = shards.chain(self.parts().map(|(part, _)| part.path.as_str())).collect();
        for folder in ["data", "dropped", "quarantine", "audit"] {
            let path = self.directory().join(folder);
            let entries = match fs::read_dir(&path) {
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => continue,
                entries => entries.map_err(|source| Error::Read { path: path.clone(), source })?,
            };
            let mut names = BTreeSet::new();
            for entry in entries {
                let entry = entry.map_err(|source| Error::Read { path: path.clone(), source })?;
                names.insert(format!("{folder}/{}", entry.file_name().to_string_lossy()));
            }
            if let Some(path) = names.into_iter().find(|name| !listed.contains(name.as_str())) {
                return Err(Error::Surplus { path });
            }
        }
        Ok(())
    }

    /// Compares one shard with its record.
    pub(crate) fn verify_alone(&self, shard: &ShardRecord) -> Result<()> {
        self.verify_shard(shard, None).map(drop)
    }

    fn verify_shard(&self, shard: &ShardRecord, marks: Option<(&Content<'_>, usize)>) -> Result<ShardFacts> {
        let path = &shard.path;
        self.verify_bytes(path, shard.bytes, &shard.blake3)?;
        let builder = self.parquet(path)?;
        let schema = builder.schema().clone();
        verify_columns(path, &schema, &self.manifest().columns)?;
        let mut names = marks.map_or_else(Vec::new, |(content, _)| content.names(&schema));
        let tokenized = ["token_count", "input_ids"].into_iter().find(|name| schema.index_of(name).is_ok());
        names.extend(tokenized);
        if self.is_packed() {
            names.extend(packing::CHECKED);
        }
        let (mut rows, mut documents, mut tokens, mut hashes) = (0, 0, 0, Vec::new());
        for batch in self.batches(path, Some(&names))? {
            let mut batch = decoded(path, batch)?;
            tokens += tokenized.map_or(Ok(0), |name| decoded(path, count_tokens(&batch, name)))?;
            let before = rows;
            rows += batch.num_rows() as u64;
            if let Some(packing) = &self.manifest().packing {
                let problem = |(row, problem)| Error::Packing { path: path.clone(), row: before + row as u64, problem };
                documents += packing::check(&batch, packing.max_tokens).map_err(problem)?;
                batch = decoded(path, packing::unpacked(&batch))?;
            }
            if let Some((content, side)) = marks {
                let content = decoded(path, content.hashes(&batch))?;
                hashes.extend(content.into_iter().flatten().map(|hash| leak::marked(hash, side)));
            }
        }
        equal_rows(path, rows, shard.rows)?;
        if let Some(expected) = shard.documents.filter(|expected| *expected != documents) {
            return Err(Error::Documents { path: path.clone(), found: documents, expected });
        }
        match shard.tokens {
            Some(expected) if expected != tokens => Err(Error::Tokens { path: path.clone(), found: tokens, expected }),
            None if schema.index_of("token_count").is_ok() => {
                Err(Error::Tokens { path: path.clone(), found: tokens, expected: 0 })
            }
            _ => Ok(ShardFacts { schema, hashes }),
        }
    }

    fn verify_part(&self, part: &PartRecord, columns: &[&str]) -> Result<()> {
        self.verify_bytes(&part.path, part.bytes, &part.blake3)?;
        let builder = self.parquet(&part.path)?;
        let schema = builder.schema();
        if !schema.fields().iter().map(|field| field.name()).eq(columns) {
            let expected = columns.join("`, `");
            return Err(Error::Columns {
                path: part.path.clone(),
                found: describe(schema),
                expected: format!("`{expected}`"),
            });
        }
        let rows = u64::try_from(builder.metadata().file_metadata().num_rows()).unwrap_or(0);
        equal_rows(&part.path, rows, part.rows)
    }

    fn verify_bytes(&self, path: &str, expected: u64, blake3: &str) -> Result<()> {
        let mut file = self.file(path)?;
        let unreadable = |source| Error::Read { path: self.directory().join(path), source };
        let found = file.metadata().map_err(unreadable)?.len();
        if found != expected {
            return Err(Error::Bytes { path: path.to_owned(), found, expected });
        }
        let mut hasher = blake3::Hasher::new();
        let mut buffer = vec![0; 1 << 18];
        loop {
            let count = file.read(&mut buffer).map_err(unreadable)?;
            if count == 0 {
                break;
            }
            hasher.update(&buffer[..count]);
        }
        if hasher.finalize().to_hex().as_str() == blake3 {
            return Ok(());
        }
        Err(Error::Hash { path: path.to_owned() })
    }

    /// The manifest knows names and types; whether a column may be null must be equal as well.
    fn same_schema(&self, shards: &[ShardFacts]) -> Result<()> {
        let Some(first) = shards.first() else { return Ok(()) };
        let records = &self.manifest().shards;
        match records.iter().zip(shards).find(|(_, facts)| facts.schema.fields() != first.schema.fields()) {
            None => Ok(()),
            Some((shard, facts)) => Err(Error::Columns {
                path: shard.path.clone(),
                found: nullability(&facts.schema),
                expected: nullability(&first.schema),
            }),
        }
    }
}

struct ShardFacts {
    schema: SchemaRef,
    hashes: Vec<u128>,
}

fn nullability(schema: &Schema) -> String {
    let describe = |field: &FieldRef| {
        let may = if field.is_nullable() { "may" } else { "may not" };
        format!("`{}` {} that {may} be null", field.name(), field.data_type())
    };
    schema.fields().iter().map(describe).collect::<Vec<_>>().join(", ")
}

fn verify_columns(path: &str, schema: &SchemaRef, columns: &[ColumnRecord]) -> Result<()> {
    if ColumnRecord::of(schema) == columns {
        return Ok(());
    }
    let expected = columns.iter().map(|column| format!("`{}` {}", column.name, column.kind)).collect::<Vec<_>>();
    Err(Error::Columns { path: path.to_owned(), found: describe(schema), expected: expected.join(", ") })
}

fn equal_rows(path: &str, found: u64, expected: u64) -> Result<()> {
    if found == expected { Ok(()) } else { Err(Error::Rows { path: path.to_owned(), found, expected }) }
}

/// The sum of `token_count`, or of the lengths of `input_ids`.
fn count_tokens(batch: &RecordBatch, name: &str) -> std::result::Result<u64, arrow::error::ArrowError> {
    let Some(column) = batch.column_by_name(name) else { return Ok(0) };
    if matches!(column.data_type(), DataType::List(_)) {
        let lists = column.as_list::<i32>();
        return Ok((0..lists.len()).filter(|&row| lists.is_valid(row)).map(|row| lists.value(row).len() as u64).sum());
    }
    if matches!(column.data_type(), DataType::LargeList(_)) {
        let item = Field::new("item", DataType::Int64, true);
        let lists = cast(column, &DataType::List(item.into()))?;
        return Ok(lists.as_list::<i32>().iter().flatten().map(|list| list.len() as u64).sum());
    }
    let counts = cast(column, &DataType::UInt64)?;
    Ok(sum(counts.as_primitive::<UInt64Type>()).unwrap_or(0))
}
