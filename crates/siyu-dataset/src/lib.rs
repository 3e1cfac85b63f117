//! The contract between ingest and train: manifest, shard schema, verification, deterministic reader.
