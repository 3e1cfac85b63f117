//! Answers on the wire: as one body, or piece by piece as server-sent events.

use super::{
    ApiError,
    exchange::{Exchange, Piece},
    format::Format,
};
use axum::{
    Json,
    body::{Body, Bytes},
    http::{HeaderValue, header},
    response::{IntoResponse, Response},
};
use futures::{Stream, stream};
use serde_json::Value;
use std::{convert::Infallible, fmt::Write, time::Duration};
use tokio::time::{Interval, MissedTickBehavior, interval};

/// How often a silent stream shows that it lives.
const HEARTBEAT: Duration = Duration::from_secs(15);

/// Answers with the whole text.
pub(super) async fn whole(mut exchange: Exchange, mut format: Format) -> Result<Response, ApiError> {
    let (mut text, mut all) = (String::new(), Vec::new());
    while let Some(piece) = exchange.next().await {
        match piece {
            Piece::Text(more, logprobs) => {
                text.push_str(&more);
                all.extend(logprobs);
            }
            Piece::End(finish, usage) => {
                let mut response = Json(format.whole(&text, &all, finish, usage)).into_response();
                name_session(&mut response, &exchange);
                return Ok(response);
            }
            Piece::Broken(error) => return Err(error),
        }
    }
    Err(ApiError::new(axum::http::StatusCode::INTERNAL_SERVER_ERROR, "the answer has no end"))
}

/// Answers piece by piece.
pub(super) fn streamed(exchange: Exchange, format: Format) -> Response {
    let mut headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static("text/event-stream; charset=utf-8")),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-cache")),
    ];
    headers.reverse();
    let mut response = Response::new(Body::empty());
    response.headers_mut().extend(headers);
    // Proxies such as nginx collect a response before they pass it on, unless told so.
    response.headers_mut().insert("x-accel-buffering", HeaderValue::from_static("no"));
    name_session(&mut response, &exchange);
    *response.body_mut() = Body::from_stream(events(exchange, format));
    response
}

fn name_session(response: &mut Response, exchange: &Exchange) {
    if let Some(id) = exchange.session().and_then(|id| HeaderValue::from_str(id).ok()) {
        response.headers_mut().insert("x-session-id", id);
    }
}

struct Events {
    exchange: Exchange,
    format: Format,
    heartbeat: Interval,
    opened: bool,
    over: bool,
}

fn events(exchange: Exchange, format: Format) -> impl Stream<Item = Result<Bytes, Infallible>> {
    let mut heartbeat = interval(HEARTBEAT);
    heartbeat.set_missed_tick_behavior(MissedTickBehavior::Delay);
    heartbeat.reset();
    let events = Events { exchange, format, heartbeat, opened: false, over: false };
    stream::unfold(events, |mut events| async move { events.next().await.map(|bytes| (Ok(bytes), events)) })
}

impl Events {
    async fn next(&mut self) -> Option<Bytes> {
        if !self.opened {
            self.opened = true;
            if let Some(opening) = self.format.opening() {
                return Some(event(&opening).into());
            }
        }
        if self.over {
            return None;
        }
        tokio::select! {
            piece = self.exchange.next() => piece.map(|piece| self.shown(piece)),
            _ = self.heartbeat.tick() => Some(Bytes::from_static(b": still working\n\n")),
        }
    }

    fn shown(&mut self, piece: Piece) -> Bytes {
        self.heartbeat.reset();
        match piece {
            Piece::Text(text, logprobs) => event(&self.format.text(&text, &logprobs)).into(),
            Piece::End(finish, usage) => {
                self.over = true;
                let mut last: String = self.format.end(finish, usage).iter().map(event).collect();
                last.push_str("data: [DONE]\n\n");
                last.into()
            }
            Piece::Broken(error) => {
                self.over = true;
                event(&error.to_json()).into()
            }
        }
    }
}

fn event(value: &Value) -> String {
    let mut event = String::with_capacity(256);
    // JSON has no line feeds outside of its texts, and escapes them there.
    let _ = write!(event, "data: {value}\n\n");
    event
}
