//! Reading a request's body: as much as is allowed, in as much time, and JSON.

use super::{ApiError, fields::Fields};
use crate::settings::Limits;
use axum::{
    body::Body,
    http::{HeaderMap, Request, StatusCode, header},
};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use serde_json::Value;
use std::time::Duration;

/// The fields of the body's object.
pub(crate) async fn read(request: Request<Body>, limits: &Limits) -> Result<Fields, ApiError> {
    let (head, body) = request.into_parts();
    expect_json(&head.headers)?;
    let too_long = || {
        let message = format!("the body is longer than {} bytes", limits.body_bytes);
        ApiError::new(StatusCode::PAYLOAD_TOO_LARGE, message)
    };
    let told = head.headers.get(header::CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse::<u64>().ok());
    if told.is_some_and(|length| length > limits.body_bytes as u64) {
        return Err(too_long());
    }
    let collected = Limited::new(body, limits.body_bytes).collect();
    let bytes = match tokio::time::timeout(Duration::from_secs(limits.body_seconds), collected).await {
        Ok(Ok(collected)) => collected.to_bytes(),
        Ok(Err(error)) if error.is::<LengthLimitError>() => return Err(too_long()),
        Ok(Err(_)) => return Err(ApiError::new(StatusCode::BAD_REQUEST, "the body ended before its length")),
        Err(_) => return Err(ApiError::new(StatusCode::REQUEST_TIMEOUT, "the body did not come in time")),
    };
    parse(&bytes)
}

fn expect_json(headers: &HeaderMap) -> Result<(), ApiError> {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    let kind = kind.split(';').next().unwrap_or_default().trim();
    if kind.eq_ignore_ascii_case("application/json") {
        return Ok(());
    }
    Err(ApiError::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "send JSON, with `Content-Type: application/json`"))
}

/// The body as an object. Deep nesting is refused by the parser.
pub(super) fn parse(bytes: &[u8]) -> Result<Fields, ApiError> {
    match serde_json::from_slice(bytes) {
        Ok(Value::Object(fields)) => Ok(Fields::new(fields)),
        Ok(_) => Err(ApiError::new(StatusCode::BAD_REQUEST, "the body is no JSON object")),
        // The parser's words may quote the text, its place does not.
        Err(error) => {
            let place = format!("line {} column {}", error.line(), error.column());
            let message = match (error.classify(), std::str::from_utf8(bytes)) {
                (_, Err(_)) => "the body is not UTF-8".to_owned(),
                (serde_json::error::Category::Eof, _) => "the body ends within its JSON".to_owned(),
                _ => format!("the body is not JSON, or nests too deep, at {place}"),
            };
            Err(ApiError::new(StatusCode::BAD_REQUEST, message))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(bytes: &[u8]) -> String {
        parse(bytes).err().unwrap().to_json()["error"]["message"].as_str().unwrap().to_owned()
    }

    #[test]
    fn what_is_no_object_is_refused_without_quoting_it() {
        assert_eq!(refused(b"\"secret\""), "the body is no JSON object");
        assert_eq!(refused(b"{\"a\": secret}"), "the body is not JSON, or nests too deep, at line 1 column 7");
        assert_eq!(refused(b"{\"a\": "), "the body ends within its JSON");
        assert_eq!(refused(b"{\"a\": \"\xff\"}"), "the body is not UTF-8");
        assert!(refused("[".repeat(1 << 20).as_bytes()).contains("nests too deep"));
    }
}
