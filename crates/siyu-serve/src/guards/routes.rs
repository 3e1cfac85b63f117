//! The guards' own routes: the page, metrics, and what a user may read and delete of what is kept.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Extension, State};
use axum::http::{Request, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{delete, get};
use axum::{Json, Router};
use serde_json::json;
use siyu_text::chat::{Message, Role};

use super::hooks::owner;
use super::{Guards, Kept};
use crate::api::{ApiError, InPath, no_method, read_body};
use crate::clock::Clock;
use crate::contract::Caller;
use crate::filter::{Guard, Judgement};
use crate::metrics::{CONTENT_TYPE, Elsewhere};
use crate::page::page;
use crate::sessions::{Error, Memory, Note};
use crate::settings::Limits;

/// The routes for these guards; those of what is not kept are not there.
pub(super) fn routes(guards: &Guards) -> Router {
    all(guards).method_not_allowed_fallback(no_method)
}

fn all(guards: &Guards) -> Router {
    let mut router = Router::new().route("/metrics", get(metrics).with_state(guards.clone()));
    if guards.page {
        router = router.route("/", get(async || page()));
    }
    let Some(kept) = &guards.kept else { return router };
    let conversations = Conversations { kept: kept.clone(), clock: guards.clock };
    router = router
        .route("/v1/sessions", get(list_sessions).with_state(conversations.clone()))
        .route("/v1/sessions/{id}", get(read_session).delete(end_session).with_state(conversations));
    let Some(memory) = &kept.memory else { return router };
    let notes = Notes {
        memory: Arc::clone(memory),
        filter: Arc::clone(&guards.filter),
        clock: guards.clock,
        limits: guards.limits.clone(),
    };
    router
        .route("/v1/memory", get(list_notes).post(add_note).delete(forget_all).with_state(notes.clone()))
        .route("/v1/memory/{id}", delete(forget_note).with_state(notes))
}

async fn metrics(State(guards): State<Guards>) -> Response {
    let elsewhere = Elsewhere {
        audit_lost: guards.log.as_ref().map_or(0, |log| log.losses().count()),
        sessions: guards.kept.as_ref().map_or((0, 0), |kept| kept.store.size()),
    };
    ([(header::CONTENT_TYPE, CONTENT_TYPE)], guards.metrics.text(elsewhere)).into_response()
}

#[derive(Clone)]
struct Conversations {
    kept: Kept,
    clock: Clock,
}

async fn list_sessions(State(here): State<Conversations>, Extension(caller): Extension<Caller>) -> Response {
    Json(json!({ "data": here.kept.store.list(&owner(&caller), here.clock.now().steady) })).into_response()
}

async fn read_session(
    State(here): State<Conversations>,
    Extension(caller): Extension<Caller>,
    InPath(id): InPath,
) -> Result<Response, ApiError> {
    let opened = here.kept.store.open(&owner(&caller), Some(&id), here.clock.now().steady).map_err(told)?;
    let turn = |message: &Message| json!({ "role": role(message.role), "content": message.content });
    let messages: Vec<_> = opened.messages.iter().map(turn).collect();
    Ok(Json(json!({ "id": opened.id, "messages": messages })).into_response())
}

async fn end_session(
    State(here): State<Conversations>,
    Extension(caller): Extension<Caller>,
    InPath(id): InPath,
) -> Result<StatusCode, ApiError> {
    here.kept.store.end(&owner(&caller), &id).map_err(told)?;
    Ok(StatusCode::NO_CONTENT)
}

#[derive(Clone)]
struct Notes {
    memory: Arc<Memory>,
    filter: Arc<Guard>,
    clock: Clock,
    limits: Limits,
}

/// Files are read and written apart from the threads that answer.
async fn apart<T: Send + 'static>(work: impl FnOnce() -> Result<T, ApiError> + Send + 'static) -> Result<T, ApiError> {
    let failed = |_| ApiError::new(StatusCode::INTERNAL_SERVER_ERROR, "the notes cannot be used");
    tokio::task::spawn_blocking(work).await.map_err(failed)?
}

async fn list_notes(
    State(here): State<Notes>,
    Extension(caller): Extension<Caller>,
) -> Result<Json<serde_json::Value>, ApiError> {
    let notes = apart(move || here.memory.list(&owner(&caller)).map_err(told)).await?;
    Ok(Json(json!({ "data": notes })))
}

/// What goes to the model before every prompt is judged like a prompt.
async fn add_note(
    State(here): State<Notes>,
    Extension(caller): Extension<Caller>,
    request: Request<Body>,
) -> Result<(StatusCode, Json<Note>), ApiError> {
    let mut fields = read_body(request, &here.limits).await?;
    let text = fields.text("text")?.ok_or_else(|| ApiError::field("text", "`text` must be the note's text"))?;
    fields.finish()?;
    let judged = move || {
        let text = match here.filter.prompt(&text) {
            Judgement::Pass => text,
            Judgement::Masked(text) => text,
            Judgement::Refused { .. } => {
                return Err(ApiError::new(StatusCode::BAD_REQUEST, here.filter.refusal()).code("content_filter"));
            }
        };
        here.memory.add(&owner(&caller), &text, here.clock.now().unix).map_err(told)
    };
    let note = apart(judged).await?;
    Ok((StatusCode::CREATED, Json(note)))
}

async fn forget_all(State(here): State<Notes>, Extension(caller): Extension<Caller>) -> Result<StatusCode, ApiError> {
    apart(move || here.memory.forget(&owner(&caller), None).map_err(told)).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn forget_note(
    State(here): State<Notes>,
    Extension(caller): Extension<Caller>,
    InPath(id): InPath,
) -> Result<StatusCode, ApiError> {
    let none = || ApiError::new(StatusCode::NOT_FOUND, "there is no such note");
    let id = id.parse().map_err(|_| none())?;
    let found = apart(move || here.memory.forget(&owner(&caller), Some(id)).map_err(told)).await?;
    found.then_some(StatusCode::NO_CONTENT).ok_or_else(none)
}

#[expect(clippy::needless_pass_by_value, reason = "`map_err` hands it over")]
fn told(error: Error) -> ApiError {
    let status = match &error {
        Error::Unknown | Error::Expired => StatusCode::NOT_FOUND,
        Error::Note { .. } => StatusCode::BAD_REQUEST,
        Error::Full => StatusCode::SERVICE_UNAVAILABLE,
        Error::File { .. } | Error::Random { .. } => {
            // The path is the operator's business, not the caller's.
            tracing::error!(%error, "what is kept cannot be used");
            return ApiError::new(StatusCode::INTERNAL_SERVER_ERROR, "what is kept cannot be used");
        }
    };
    ApiError::new(status, error.to_string())
}

const fn role(role: Role) -> &'static str {
    match role {
        Role::System => "system",
        Role::User => "user",
        Role::Assistant => "assistant",
    }
}
