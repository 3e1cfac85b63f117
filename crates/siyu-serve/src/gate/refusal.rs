//! Why a request was not let in, and what it is told.

use std::net::IpAddr;
use std::time::Duration;

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};

use crate::api::ApiError;

/// Why a request was not let in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
    /// A trusted proxy wrote what is no address.
    Forwarded,
    /// The address is of no network that may come in.
    Network,
    /// The address asks too often; how long it has to wait.
    TooOften(Duration),
    /// There is no token, or more than one.
    NoToken,
    /// The token is none, or not signed by one of the keys.
    BadToken,
    /// The token has ended.
    Expired,
    /// The token has not begun.
    NotYet,
    /// The token is for someone else, or from someone else.
    NotOurs,
    /// The subject is not on the list.
    Subject,
}

/// A request that was not let in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// Why.
    pub cause: Cause,
    /// Where it came from.
    pub address: IpAddr,
    /// Who asked, where the token proved it.
    pub subject: Option<String>,
}

impl Cause {
    /// The rule, for the record.
    pub const fn rule(self) -> &'static str {
        match self {
            Self::Forwarded => "gate/forwarded",
            Self::Network => "gate/network",
            Self::TooOften(_) => "gate/too_often",
            Self::NoToken => "gate/no_token",
            Self::BadToken => "gate/bad_token",
            Self::Expired => "gate/expired",
            Self::NotYet => "gate/not_yet",
            Self::NotOurs => "gate/not_ours",
            Self::Subject => "gate/subject",
        }
    }

    /// The status of the answer.
    pub const fn status(self) -> StatusCode {
        match self {
            Self::Forwarded => StatusCode::BAD_REQUEST,
            Self::Network | Self::Subject => StatusCode::FORBIDDEN,
            Self::TooOften(_) => StatusCode::TOO_MANY_REQUESTS,
            Self::NoToken | Self::BadToken | Self::Expired | Self::NotYet | Self::NotOurs => StatusCode::UNAUTHORIZED,
        }
    }

    const fn message(self) -> &'static str {
        match self {
            Self::Forwarded => "X-Forwarded-For holds what is no address",
            Self::Network => "this address may not use the service",
            Self::TooOften(_) => "too many requests from this address; try again after the time in Retry-After",
            Self::NoToken => "a token is needed: send it as `Authorization: Bearer TOKEN`, once",
            Self::BadToken => "the token is not valid",
            Self::Expired => "the token has expired; get another one",
            Self::NotYet => "the token is not valid yet",
            Self::NotOurs => "the token is from another issuer or for another service",
            Self::Subject => "this subject may not use the service",
        }
    }
}

impl Refusal {
    pub(super) const fn new(cause: Cause, address: IpAddr) -> Self {
        Self { cause, address, subject: None }
    }

    /// The answer, with what its status asks for in the head.
    pub fn response(&self) -> Response {
        let mut error = ApiError::new(self.cause.status(), self.cause.message()).code(self.cause.rule());
        if let Cause::TooOften(wait) = self.cause {
            error = error.retry_after(wait);
        }
        let mut response = error.into_response();
        let challenge = match (self.cause, self.cause.status()) {
            (Cause::NoToken, _) => "Bearer",
            // RFC 6750, section 3.1.
            (_, StatusCode::UNAUTHORIZED) => "Bearer error=\"invalid_token\"",
            _ => return response,
        };
        response.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static(challenge));
        response
    }
}
