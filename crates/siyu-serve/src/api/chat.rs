//! `POST /v1/chat/completions`.

use super::{
    ApiError, Service,
    call::Call,
    exchange::{Prompt, Session, most_tokens},
    fields::Fields,
    format::Form,
    history,
    sampling::Sampling,
};
use crate::contract::{Caller, SessionProblem};
use axum::{
    Extension,
    body::Body,
    extract::State,
    http::{Request, StatusCode},
    response::Response,
};
use serde_json::Value;
use siyu_text::chat::{Message, Role};
use std::sync::Arc;

/// Most messages of one request.
const MESSAGES: usize = 1024;

pub(super) async fn complete(
    State(service): State<Arc<Service>>,
    Extension(caller): Extension<Caller>,
    request: Request<Body>,
) -> Result<Response, ApiError> {
    let (call, mut fields) = Call::read(Form::Chat, service, caller, request).await?;
    call.check_model(&mut fields)?;
    let said = messages(&mut fields)?;
    let mut sampling = Sampling::take(&mut fields, &call.model, &call.service.limits)?;
    let top = fields.whole("top_logprobs", 0..=20)?;
    sampling.logprobs = match (fields.flag("logprobs")?.unwrap_or(false), top) {
        (true, top) => Some(top.unwrap_or(0)),
        (false, None | Some(0)) => None,
        (false, Some(_)) => return Err(ApiError::field("top_logprobs", "`top_logprobs` goes with `logprobs: true`")),
    };
    let session = fields.text("session")?;
    refuse_unsupported(&mut fields)?;
    fields.finish()?;
    let room = sampling.max_tokens();
    call.answer(move |call| prompt(call, said, session.as_deref(), room), &sampling).await
}

fn refuse_unsupported(fields: &mut Fields) -> Result<(), ApiError> {
    let empty = |value: &Value| value.as_array().is_some_and(Vec::is_empty);
    for name in ["tools", "functions"] {
        fields.unsupported(name, empty, "describe what can be done in a message")?;
    }
    for name in ["tool_choice", "function_call"] {
        fields.unsupported(name, |value| value == "none" || value == "auto", "leave it out")?;
    }
    fields.unsupported("parallel_tool_calls", Value::is_boolean, "leave it out")?;
    fields.unsupported("response_format", |value| value["type"] == "text", "ask for the form in a message")?;
    let text_only = |value: &Value| value.as_array().is_some_and(|kinds| kinds.iter().all(|kind| kind == "text"));
    fields.unsupported("modalities", text_only, "answers are text")
}

fn messages(fields: &mut Fields) -> Result<Vec<Message>, ApiError> {
    let refused = |message: String| ApiError::field("messages", message);
    match fields.take("messages") {
        Some(Value::Array(messages)) if messages.len() > MESSAGES => {
            Err(refused(format!("there are {} messages, and at most {MESSAGES} are taken", messages.len())))
        }
        Some(Value::Array(messages)) if !messages.is_empty() => {
            (0..).zip(messages).map(|(index, value)| message(&value, index)).collect()
        }
        _ => Err(refused("`messages` must be a list of at least one message".to_owned())),
    }
}

/// What a message may say beside its text that would be lost here.
const OTHER_THAN_TEXT: [&str; 4] = ["tool_calls", "tool_call_id", "function_call", "audio"];

fn message(value: &Value, index: usize) -> Result<Message, ApiError> {
    let refused = |what: &str| ApiError::field("messages", format!("message {index} {what}"));
    let says = |name: &&&str| !value[**name].is_null() && value[**name] != Value::Array(Vec::new());
    if let Some(name) = OTHER_THAN_TEXT.iter().find(says) {
        return Err(refused(&format!("has `{name}`, which is not supported; say it as text")));
    }
    let role = match value["role"].as_str() {
        Some("system" | "developer") => Role::System,
        Some("user") => Role::User,
        Some("assistant") => Role::Assistant,
        _ => return Err(refused("must have a `role`: system, developer, user or assistant")),
    };
    let content = match &value["content"] {
        Value::String(text) => text.clone(),
        Value::Array(parts) => {
            let text = |part: &Value| (part["type"] == "text").then(|| part["text"].as_str().map(str::to_owned))?;
            let texts: Option<Vec<String>> = parts.iter().map(text).collect();
            texts.ok_or_else(|| refused("has a part that is no text; only text is read"))?.concat()
        }
        _ => return Err(refused("must have a text as `content`")),
    };
    Ok(Message { role, content })
}

/// The conversation as the model reads it; one that the service keeps leaves room for an answer of `answer` tokens, or of
/// a quarter of what the model can read.
fn prompt(call: &Call, mut said: Vec<Message>, session: Option<&str>, answer: usize) -> Result<Prompt, ApiError> {
    let encoder = call.model.encoder.as_ref().ok_or_else(|| {
        let message = "the model has no chat template; use /v1/completions, or set `template` in the service file";
        ApiError::new(StatusCode::BAD_REQUEST, message)
    })?;
    let text = said.iter().map(|message| message.content.as_str()).collect::<Vec<_>>().join("\n");
    let refusal = call.judge(said.iter_mut().map(|message| &mut message.content));
    let mut before = Vec::new();
    let session = session.map(|id| open_session(&call.service, &call.caller, id, &mut before)).transpose()?;
    let ids = if refusal.is_some() {
        Vec::new()
    } else {
        let context = call.model.engine.context();
        let most = most_tokens(&call.model, &call.service.limits).min(context - answer.min(context / 4));
        let count = |text: &str| call.model.tokenizer.count(text).unwrap_or(0);
        history::prompt(&before, &said, most, count, |all| encoder.prompt(all)).map_err(|error| {
            // A template may refuse an order of roles; its words are the model's author's.
            tracing::debug!(error = &error as &dyn std::error::Error, "a template refuses a conversation");
            ApiError::field("messages", "the model's template refuses this order of roles")
        })?
    };
    Ok(Prompt { ids, text, refusal, session: session.map(|id| Session { id, said }) })
}

/// The id of the session, which is a new one for `new`; `before` gets what was said in it.
fn open_session(service: &Service, caller: &Caller, id: &str, before: &mut Vec<Message>) -> Result<String, ApiError> {
    let sessions = service.hooks.sessions.as_ref();
    let sessions =
        sessions.ok_or_else(|| ApiError::field("session", "this service keeps no sessions; leave it out"))?;
    let opened = sessions.open(caller, (id != "new").then_some(id)).map_err(|problem| {
        let status = match problem {
            SessionProblem::Unknown => StatusCode::NOT_FOUND,
            SessionProblem::Expired => StatusCode::GONE,
            SessionProblem::Full => StatusCode::TOO_MANY_REQUESTS,
        };
        ApiError::new(status, problem.to_string()).code("session")
    })?;
    before.extend(opened.messages);
    Ok(opened.id)
}
