//! Near-duplicates: which documents share most of their shingles.
//!
//! A document becomes a set of hashed shingles ([`Shingler`]), the set a sketch ([`Sketcher`]), the sketch a few band
//! keys ([`Bands`]). Documents with an equal key are candidates; [`Signature`] refuses most of the unlike ones cheaply,
//! and [`jaccard_at_least`] decides on the sets themselves. [`Linker`] makes clusters of what it found.
//!
//! Nothing here reads a file or knows where documents come from; documents are numbered by who calls.
//!
//! ```
//! use siyu_text::near::{Shingler, Shingles, jaccard};
//! let mut shingler = Shingler::new(Shingles::Char(5));
//! let one = shingler.set("当事人应当遵循公平原则确定各方的权利和义务。").to_vec();
//! let other = shingler.set("当事人应当遵循公平原则，确定各方的权利和义务。").to_vec();
//! assert!(jaccard(&one, &other) > 0.6);
//! ```

mod bands;
mod components;
mod crossing;
mod fold;
mod groups;
mod jaccard;
mod link;
mod met;
mod overlap;
mod shingle;
mod signature;
mod sketch;

pub use bands::Bands;
pub use components::Components;
pub use crossing::Crossing;
pub use fold::{fold, folded};
pub use groups::{Group, Groups, LARGE, PAIR_LIMIT, divide};
pub use jaccard::{jaccard, jaccard_at_least};
pub use link::{Documents, Link, Linker, Links, group_record, pair_record};
pub use overlap::{Overlap, Sought};
pub use shingle::{Shingler, Shingles};
pub use signature::{Filter, Signature, Signatures};
pub use sketch::Sketcher;

/// A good 64-bit mixing function: every bit of the result depends on every bit of `value`.
///
/// # Source
/// The finalizer of `SplitMix64`, Steele, Lea and Flood 2014; constants of David Stafford's variant 13.
pub(crate) fn mix(value: u64) -> u64 {
    let value = (value ^ (value >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let value = (value ^ (value >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    value ^ (value >> 31)
}
