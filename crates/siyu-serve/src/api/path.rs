//! What a route's path names.

use super::ApiError;
use axum::{
    extract::{FromRequestParts, Path},
    http::{StatusCode, request::Parts},
};

/// The one part of a route's path that varies, decoded. What cannot be decoded is refused as everything else is, not in
/// the router's own words.
pub(crate) struct InPath(pub(crate) String);

impl<S: Send + Sync> FromRequestParts<S> for InPath {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        let refused = |_| ApiError::new(StatusCode::BAD_REQUEST, "the path is not UTF-8 once it is decoded");
        Path::<String>::from_request_parts(parts, state).await.map(|Path(name)| Self(name)).map_err(refused)
    }
}
