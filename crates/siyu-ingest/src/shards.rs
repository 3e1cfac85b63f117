//! Shards: parts written bucket by bucket on all cores, then joined into files without decoding them again.
//!
//! Only this module writes datasets.

mod audit;
mod dead;
mod join;
mod list;
mod pack;
mod part;
mod row_groups;
mod side;

pub(crate) use audit::AuditList;
pub(crate) use dead::{Dead, DeadLists};
pub(crate) use join::{join_shards, seal};
pub(crate) use pack::packing;
pub(crate) use part::{Part, PartWriter, parquet_error, written_columns};

use parquet::basic::{Compression, ZstdLevel};
use parquet::file::properties::{EnabledStatistics, WriterProperties};

/// How all our Parquet files are written.
///
/// Dictionaries and page statistics are left out: documents do not repeat, and their first bytes help nobody. It saves
/// a quarter of the encoding time.
///
/// # Panics
/// Never: level 1 is a level of zstd.
pub fn properties() -> WriterProperties {
    WriterProperties::builder()
        .set_compression(Compression::ZSTD(ZstdLevel::try_new(1).expect("1 is a level of zstd")))
        .set_dictionary_enabled(false)
        .set_statistics_enabled(EnabledStatistics::None)
        // Row groups taken over from a part come without one, and a file must have it for all or none.
        .set_offset_index_disabled(true)
        .set_created_by(format!("siyu {}", env!("CARGO_PKG_VERSION")))
        .build()
}
