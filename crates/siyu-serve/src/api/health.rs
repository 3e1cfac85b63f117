//! What the service has, and how it is.

use super::{ApiError, Service};
use crate::model::Model;
use axum::{
    Json,
    extract::{Path, State},
    http::StatusCode,
};
use serde_json::{Value, json};
use std::sync::Arc;

/// `GET /healthz`: the process answers.
pub(super) async fn alive() -> &'static str {
    "ok\n"
}

/// `GET /readyz`: the model is there, and the service is not going down.
pub(super) async fn ready(State(service): State<Arc<Service>>) -> Result<&'static str, ApiError> {
    if service.is_draining() {
        return Err(ApiError::new(StatusCode::SERVICE_UNAVAILABLE, "the service is going down"));
    }
    Ok("ok\n")
}

/// `GET /v1/models`.
pub(super) async fn models(State(service): State<Arc<Service>>) -> Json<Value> {
    Json(json!({"object": "list", "data": [shown(&service.model())]}))
}

/// `GET /v1/models/{name}`.
pub(super) async fn model(
    State(service): State<Arc<Service>>,
    Path(name): Path<String>,
) -> Result<Json<Value>, ApiError> {
    let model = service.model();
    if name == model.name {
        return Ok(Json(shown(&model)));
    }
    let message = format!("there is no such model; this service has `{}`", model.name);
    Err(ApiError::new(StatusCode::NOT_FOUND, message).code("model_not_found"))
}

fn shown(model: &Model) -> Value {
    json!({"id": model.name, "object": "model", "created": model.created, "owned_by": "siyu"})
}
