//! What the service has, and how it is.

use super::{ApiError, InPath, Service};
use crate::model::Model;
use axum::{Json, extract::State, http::StatusCode};
use serde_json::{Value, json};
use std::sync::Arc;

/// `GET /healthz`: the process answers.
pub(super) async fn alive() -> &'static str {
    "ok\n"
}

/// `GET /readyz`: the model is there and runs, and the service is not going down.
pub(super) async fn ready(State(service): State<Arc<Service>>) -> Result<&'static str, ApiError> {
    if service.is_draining() {
        return Err(ApiError::new(StatusCode::SERVICE_UNAVAILABLE, "the service is going down"));
    }
    if service.loaded()?.engine.is_dead() {
        return Err(dead());
    }
    Ok("ok\n")
}

/// Nobody is answered before the model is loaded again.
pub(super) fn dead() -> ApiError {
    let message = "the model has stopped and must be started again by those who run the service";
    ApiError::new(StatusCode::SERVICE_UNAVAILABLE, message).code("model_stopped")
}

/// `GET /v1/models`.
pub(super) async fn models(State(service): State<Arc<Service>>) -> Result<Json<Value>, ApiError> {
    Ok(Json(json!({"object": "list", "data": [shown(&*service.loaded()?)]})))
}

/// `GET /v1/models/{name}`.
pub(super) async fn model(State(service): State<Arc<Service>>, InPath(name): InPath) -> Result<Json<Value>, ApiError> {
    let model = service.loaded()?;
    if name == model.name {
        return Ok(Json(shown(&model)));
    }
    let message = format!("there is no such model; this service has `{}`", model.name);
    Err(ApiError::new(StatusCode::NOT_FOUND, message).code("model_not_found"))
}

fn shown(model: &Model) -> Value {
    json!({"id": model.name, "object": "model", "created": model.created, "owned_by": "siyu"})
}
