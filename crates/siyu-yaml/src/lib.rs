//! Settings files: YAML read into types, refused with line, column, excerpt and what was probably meant.
//!
//! This crate knows no setting of any file, and reads nothing but the text it is given.

mod diagnostic;
mod file;
mod places;
mod variables;
mod words;

pub use diagnostic::{Diagnostic, moved, nearest};
pub use file::{Problem, parse};
pub use places::{Kind, Places};
pub use variables::expand;
pub use words::{Subject, Words, suggestion};
