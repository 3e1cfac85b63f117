//! `POST /generate`: an instruction, laid out as in training, or a text to continue.

use super::{
    ApiError, Service,
    call::Call,
    completions::{self, Asked},
    exchange::Prompt,
    fields::Fields,
    format::Form,
    sampling::Sampling,
};
use crate::contract::Caller;
use axum::{
    Extension,
    body::Body,
    extract::State,
    http::{Request, StatusCode},
    response::Response,
};
use std::sync::Arc;

pub(super) async fn generate(
    State(service): State<Arc<Service>>,
    Extension(caller): Extension<Caller>,
    request: Request<Body>,
) -> Result<Response, ApiError> {
    let (call, mut fields) = Call::read(Form::Generate, service, caller, request).await?;
    let asked = asked(&mut fields)?;
    let sampling = Sampling::take(&mut fields, &call.model, &call.service.limits)?;
    fields.finish()?;
    let prompt = move |call: &Call| match asked {
        Wish::Text(text) => completions::prompt(call, Asked::Text(text)),
        Wish::Instruction(instruction, input) => instructed(call, instruction, input),
    };
    call.answer(prompt, &sampling).await
}

/// What is asked for.
enum Wish {
    Text(String),
    /// Perhaps with its input.
    Instruction(String, Option<String>),
}

fn asked(fields: &mut Fields) -> Result<Wish, ApiError> {
    let (instruction, input) = (fields.text("instruction")?, fields.text("input")?);
    match (fields.text("prompt")?, instruction, input) {
        (Some(text), None, None) => Ok(Wish::Text(text)),
        (None, Some(instruction), input) => Ok(Wish::Instruction(instruction, input)),
        _ => Err(ApiError::field("instruction", "send either `instruction`, perhaps with `input`, or `prompt`")),
    }
}

fn instructed(call: &Call, mut instruction: String, mut input: Option<String>) -> Result<Prompt, ApiError> {
    let encoder = call.model.encoder.as_ref().ok_or_else(|| {
        let message = "the model has no chat template; send `prompt`, or set `template` in the service file";
        ApiError::new(StatusCode::BAD_REQUEST, message)
    })?;
    let text = input.as_ref().map_or_else(|| instruction.clone(), |input| format!("{instruction}\n{input}"));
    let refusal = call.judge(std::iter::once(&mut instruction).chain(&mut input));
    // The model reads both as one text, and a word may be written over both.
    let over_both = || call.judge(input.as_ref().map(|input| format!("{instruction}\n{input}")).iter_mut());
    let refusal = refusal.or_else(over_both);
    let ids = if refusal.is_some() {
        Vec::new()
    } else {
        let laid_out = encoder.instruction_prompt(&instruction, input.as_deref());
        laid_out.map_err(|_| ApiError::field("instruction", "the model's template refuses the instruction"))?
    };
    Ok(Prompt { ids, text, refusal, session: None })
}
