//! Conversations that the service keeps, and what it knows of a user.
//!
//! A conversation lives in memory under an id that nobody can make up: a random number, and a code over it and the
//! subject, so that one subject's id is none for another. What a user asked the service to keep in mind lies in a file
//! of the user's own, which the user can read and delete.

mod error;
mod id;
mod memory;
mod settings;
mod store;

pub use error::Error;
pub use memory::{Memory, Note};
pub use settings::{MemorySettings, Settings};
pub use store::{Lookup, Store, Summary};
