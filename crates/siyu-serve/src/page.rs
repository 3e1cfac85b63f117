//! The chat page: one file without anything from elsewhere, and rules that keep it so.

use axum::http::{HeaderName, HeaderValue, header};
use axum::response::{Html, IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};

const PAGE: &str = include_str!("page/index.html");

/// The page with its head: what it may load and run is its own style and script, by their hashes, and nothing else; and
/// it may ask nobody but this service.
pub(crate) fn page() -> Response {
    let mut response = Html(PAGE).into_response();
    let head = response.headers_mut();
    if let Ok(policy) = HeaderValue::from_str(&policy()) {
        head.insert(header::CONTENT_SECURITY_POLICY, policy);
    }
    let fixed: [(HeaderName, &'static str); 4] = [
        (header::REFERRER_POLICY, "no-referrer"),
        (header::X_FRAME_OPTIONS, "DENY"),
        (header::CACHE_CONTROL, "no-cache"),
        (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
    ];
    for (name, value) in fixed {
        head.insert(name, HeaderValue::from_static(value));
    }
    response
}

/// The content security policy (W3C, CSP level 3).
fn policy() -> String {
    let hash = |tag: &str| {
        let inner = PAGE.split_once(&format!("<{tag}>")).and_then(|(_, rest)| rest.split_once(&format!("</{tag}>")));
        STANDARD.encode(Sha256::digest(inner.map_or("", |(inner, _)| inner)))
    };
    format!(
        "default-src 'none'; script-src 'sha256-{}'; style-src 'sha256-{}'; connect-src 'self'; base-uri 'none'; \
         form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'",
        hash("script"),
        hash("style")
    )
}

#[cfg(test)]
mod tests {
    use super::PAGE;

    #[test]
    fn the_page_loads_nothing_from_elsewhere_and_writes_no_markup() {
        for sign in ["http:", "https:", "src=", "@import", "url(", "innerHTML", "document.write", "eval(", " style="] {
            assert!(!PAGE.contains(sign), "{sign}");
        }
    }

    #[test]
    fn both_languages_have_every_word() {
        let keys = |language: &str| -> Vec<String> {
            let line = PAGE.lines().find(|line| line.trim_start().starts_with(language)).unwrap();
            let mut keys: Vec<String> =
                line.split(": \"").map(|part| part.rsplit([' ', '{']).next().unwrap().into()).collect();
            keys.pop();
            keys
        };
        assert_eq!(keys("zh:"), keys("en:"));
        assert!(keys("zh:").len() > 20);
    }
}
