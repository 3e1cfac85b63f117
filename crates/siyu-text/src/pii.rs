//! Personal data: finding and masking it.
//!
//! One scan over the bytes stops at digits, `@` and a few other signs; hand-written validators then judge the
//! neighbourhood: shape, check digit, and the words around it. Boundaries are digits and letters around a match, never
//! `\b`, which does not hold between Han and digits. Nothing here knows files, columns or reports.
//!
//! ```
//! use siyu_text::pii::{Kind, Masker, Replacement};
//!
//! let masker = Masker::new(Kind::DEFAULT, Replacement::Fixed("<MASK>".into()));
//! assert_eq!(masker.mask("电话13800138000").text, "电话<MASK>");
//! ```

mod account;
mod address;
mod bank_card;
mod chunk;
mod cn_id;
mod context;
mod date;
mod detector;
mod email;
mod extension;
mod foreign_permit;
mod hardware;
mod iban;
mod ip;
mod kind;
mod landline;
mod mask;
mod mobile;
mod overseas_id;
mod person;
mod phone;
mod places;
mod plate;
mod scan;
mod secret;
mod sequence;
mod travel;
mod us;
mod uscc;

pub use detector::{Detector, Found};
pub use kind::{Kind, UnknownKind};
pub use mask::{Masked, Masker, Replacement};
