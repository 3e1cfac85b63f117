//! The gate in front of a router.

use std::net::IpAddr;
use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::uri::Authority;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::{Admitted, Cause, Gate};
use crate::api::ApiError;
use crate::audit::{Event, Log, Record};
use crate::clock::Clock;
use crate::contract::{Caller, Peer};
use crate::metrics::Metrics;

/// What judges each request before any route sees it.
pub(crate) struct Door {
    /// None where everyone may come in.
    pub(crate) gate: Option<Arc<Gate>>,
    pub(crate) metrics: Arc<Metrics>,
    pub(crate) log: Option<Arc<Log>>,
    pub(crate) clock: Clock,
}

/// Lets a request through to its route, with the [`Caller`] that it comes from, or answers it.
pub(crate) async fn pass(State(door): State<Arc<Door>>, mut request: Request, next: Next) -> Response {
    let mut response = match door.judge(&request) {
        Ok(caller) => {
            // No route needs the token, so that none can show it.
            request.headers_mut().remove(header::AUTHORIZATION);
            request.extensions_mut().insert(caller);
            next.run(request).await
        }
        Err(response) => *response,
    };
    let head = response.headers_mut();
    head.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    head.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    response
}

/// Whether a request asks for a host that can only be this machine. A page from elsewhere whose name was made to point
/// here (DNS rebinding) has that name in the head, and could else ask with its visitor's browser.
fn names_this_machine(headers: &HeaderMap) -> bool {
    headers.get_all(header::HOST).iter().all(|host| {
        let Ok(host) = Authority::try_from(host.as_bytes()) else { return false };
        let name = host.host().trim_matches(['[', ']']);
        let is_local = |name: &str| name == "localhost" || name.ends_with(".localhost");
        is_local(&name.to_ascii_lowercase())
            || name.parse::<IpAddr>().is_ok_and(|address| address.to_canonical().is_loopback())
    })
}

impl Door {
    fn judge(&self, request: &Request) -> Result<Caller, Box<Response>> {
        let Some(Peer(peer)) = request.extensions().get() else {
            self.metrics.refused(500);
            let error = ApiError::new(StatusCode::INTERNAL_SERVER_ERROR, "the connection has no address");
            return Err(Box::new(error.into_response()));
        };
        let Some(gate) = &self.gate else {
            if !names_this_machine(request.headers()) {
                self.metrics.refused(403);
                let message = "without a gate, the service answers only who asks for it as localhost or 127.0.0.1";
                return Err(Box::new(ApiError::new(StatusCode::FORBIDDEN, message).into_response()));
            }
            return Ok(Caller { subject: None, address: peer.ip().to_canonical() });
        };
        let now = self.clock.now();
        let admitted = gate.admit(peer.ip(), request.method(), request.uri().path(), request.headers(), now);
        let refusal = match admitted {
            Ok(Admitted { subject, address }) => return Ok(Caller { subject, address }),
            Err(refusal) => refusal,
        };
        self.metrics.refused(refusal.cause.status().as_u16());
        // A flood is counted, and does not fill the disk.
        if let Some(log) = self.log.as_ref().filter(|_| !matches!(refusal.cause, Cause::TooOften(_))) {
            log.write(Record {
                subject: refusal.subject.clone(),
                address: Some(refusal.address.to_string()),
                rule: Some(refusal.cause.rule().to_owned()),
                ..Record::new(Event::Refused, now.unix)
            });
        }
        Err(Box::new(refusal.response()))
    }
}
