//! The routes of the service.

mod error;

pub use error::ApiError;
