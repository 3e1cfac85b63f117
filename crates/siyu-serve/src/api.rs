//! The routes of the service.
//!
//! `/v1/…` as `OpenAI`'s clients speak it, `/generate` for single instructions, `/healthz` and `/readyz` for those who
//! watch. Handlers read and check a request, ask what stands around them ([`crate::contract`]), and turn what the engine
//! makes into the route's form.

mod body;
mod call;
mod chat;
mod completions;
mod error;
mod exchange;
mod fields;
mod format;
mod generate;
mod health;
mod history;
mod path;
mod sampling;
mod service;
mod sse;

pub(crate) use body::read as read_body;
pub use error::ApiError;
pub(crate) use path::InPath;
pub use service::Service;

use axum::{
    Router,
    http::{StatusCode, Uri},
    routing::{get, post},
};
use format::Form;
use std::sync::Arc;

/// The routes that a gate stands before.
pub fn routes(service: Arc<Service>) -> Router {
    Router::new()
        .route(Form::Chat.route(), post(chat::complete))
        .route(Form::Completion.route(), post(completions::complete))
        .route("/v1/models", get(health::models))
        .route("/v1/models/{name}", get(health::model))
        .route(Form::Generate.route(), post(generate::generate))
        .route("/readyz", get(health::ready))
        .fallback(no_route)
        .method_not_allowed_fallback(no_method)
        .with_state(service)
}

/// The one route that anyone may call: is the process alive?
pub fn open_routes() -> Router {
    Router::new().route("/healthz", get(health::alive))
}

async fn no_route(uri: Uri) -> ApiError {
    let known = ["/v1/chat/completions", "/v1/completions", "/v1/models", "/generate", "/healthz", "/readyz"];
    let help =
        siyu_yaml::nearest(uri.path(), &known).map_or_else(String::new, |near| format!("; did you mean `{near}`?"));
    ApiError::new(StatusCode::NOT_FOUND, format!("there is no such route{help}"))
}

pub(crate) async fn no_method() -> ApiError {
    let message = "the route does not take this method; the header `Allow` names those it takes";
    ApiError::new(StatusCode::METHOD_NOT_ALLOWED, message)
}
