//! `POST /generate`: an instruction, laid out as in training, or a text to continue.

use super::{
    ApiError, Service, body,
    chat::judge,
    completions::{self, Asked},
    exchange::{Exchange, Origin, Prompt},
    fields::Fields,
    format::{Form, Format},
    sampling::Sampling,
    sse,
};
use crate::{contract::Caller, model::Model};
use axum::{
    Extension,
    body::Body,
    extract::State,
    http::{Request, StatusCode},
    response::Response,
};
use std::{
    hash::{BuildHasher, RandomState},
    sync::Arc,
    time::{Instant, SystemTime, UNIX_EPOCH},
};

const ROUTE: &str = "/generate";

pub(super) async fn generate(
    State(service): State<Arc<Service>>,
    Extension(caller): Extension<Caller>,
    request: Request<Body>,
) -> Result<Response, ApiError> {
    let origin = Origin { caller, route: ROUTE, since: Instant::now() };
    let mut fields = body::read(request, &service.limits).await?;
    let model = service.model();
    let prompt = prompt(&mut fields, &service, &model)?;
    let sampling = Sampling::take(&mut fields, &model, &service.limits)?;
    fields.finish()?;
    let (id, created) = number("gen");
    let exchange = Exchange::begin(service, &model, origin, id.clone(), prompt, &sampling)?;
    let format = Format::new(Form::Generate, id, created, model, true, false);
    if sampling.stream { Ok(sse::streamed(exchange, format)) } else { sse::whole(exchange, format).await }
}

fn prompt(fields: &mut Fields, service: &Service, model: &Model) -> Result<Prompt, ApiError> {
    let (instruction, input) = (fields.text("instruction")?, fields.text("input")?);
    match (fields.text("prompt")?, instruction) {
        (Some(text), None) if input.is_none() => completions::prompt(service, model, Asked::Text(text)),
        (None, Some(instruction)) => instructed(service, model, instruction, input),
        _ => Err(ApiError::field("instruction", "send either `instruction`, perhaps with `input`, or `prompt`")),
    }
}

fn instructed(
    service: &Service,
    model: &Model,
    mut instruction: String,
    mut input: Option<String>,
) -> Result<Prompt, ApiError> {
    let encoder = model.encoder.as_ref().ok_or_else(|| {
        let message = "the model has no chat template; send `prompt`, or set `template` in the service file";
        ApiError::new(StatusCode::BAD_REQUEST, message)
    })?;
    let text = input.as_ref().map_or_else(|| instruction.clone(), |input| format!("{instruction}\n{input}"));
    let refusal = judge(service, std::iter::once(&mut instruction).chain(&mut input));
    let ids = if refusal.is_some() {
        Vec::new()
    } else {
        let laid_out = encoder.instruction_prompt(&instruction, input.as_deref());
        laid_out.map_err(|_| ApiError::field("instruction", "the model's template refuses the instruction"))?
    };
    Ok(Prompt { ids, text, refusal, session: None })
}

/// A new answer's id, and the time in seconds since 1970.
#[expect(clippy::disallowed_methods, reason = "no two answers have one id, and clients are told the time")]
pub(super) fn number(kind: &str) -> (String, u64) {
    let halves = [0, 1].map(|half| RandomState::new().hash_one(half));
    let created = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
    (format!("{kind}-{:016x}{:016x}", halves[0], halves[1]), created)
}
