//! `POST /v1/completions`.

use super::{ApiError, Service, call::Call, exchange::Prompt, fields::Fields, format::Form, sampling::Sampling};
use crate::{contract::Caller, model::Model};
use axum::{Extension, body::Body, extract::State, http::Request, response::Response};
use serde_json::Value;
use std::sync::Arc;

pub(super) async fn complete(
    State(service): State<Arc<Service>>,
    Extension(caller): Extension<Caller>,
    request: Request<Body>,
) -> Result<Response, ApiError> {
    let (call, mut fields) = Call::read(Form::Completion, service, caller, request).await?;
    call.check_model(&mut fields)?;
    let asked = asked(&mut fields, &call.model)?;
    let mut sampling = Sampling::take(&mut fields, &call.model, &call.service.limits)?;
    sampling.logprobs = fields.whole("logprobs", 0..=20)?;
    fields.unsupported("best_of", |value| value.as_u64() == Some(1), "one answer is made")?;
    fields.unsupported("echo", |value| value == false, "the prompt is yours already")?;
    fields.unsupported("suffix", |value| value == "", "texts are continued at their end")?;
    fields.finish()?;
    call.answer(move |call| prompt(call, asked), &sampling).await
}

/// A text to continue.
pub(super) enum Asked {
    Text(String),
    Ids(Vec<u32>),
}

fn asked(fields: &mut Fields, model: &Model) -> Result<Asked, ApiError> {
    let refused = |message: &'static str| ApiError::field("prompt", message);
    match fields.take("prompt") {
        Some(Value::String(text)) => Ok(Asked::Text(text)),
        Some(Value::Array(mut parts)) => match parts.as_mut_slice() {
            [Value::String(text)] => Ok(Asked::Text(std::mem::take(text))),
            [Value::String(_), ..] => Err(refused("one prompt is taken at a time; send a request for each")),
            [Value::Number(_), ..] => {
                let id = |part: &Value| {
                    let id = part.as_u64().and_then(|id| u32::try_from(id).ok());
                    id.filter(|&id| (id as usize) < model.tokenizer.vocab_size())
                };
                let ids: Option<Vec<u32>> = parts.iter().map(id).collect();
                ids.map(Asked::Ids).ok_or_else(|| refused("`prompt` has an id that is none of the tokenizer's"))
            }
            _ => Err(refused("`prompt` must be a text or a list of token ids")),
        },
        _ => Err(refused("`prompt` must be a text or a list of token ids")),
    }
}

/// The text's tokens, in which the spelling of a control token is that token: the caller lays the text out. Ids stay as
/// they are, unless the filter changes the text that they stand for.
pub(super) fn prompt(call: &Call, asked: Asked) -> Result<Prompt, ApiError> {
    let (record, given) = match asked {
        Asked::Text(text) => (text, None),
        Asked::Ids(ids) => (call.model.tokenizer.decode(&ids), Some(ids)),
    };
    let mut text = record.clone();
    let refusal = call.judge(std::iter::once(&mut text));
    let ids = match given {
        _ if refusal.is_some() => Vec::new(),
        Some(ids) if text == record => ids,
        _ => {
            let mut ids = Vec::new();
            let encoded = call.model.tokenizer.encode_with_special_into(&text, &mut ids);
            encoded.map_err(|_| ApiError::field("prompt", "the tokenizer cannot read the prompt"))?;
            ids
        }
    };
    Ok(Prompt { ids, text: record, refusal, session: None })
}
