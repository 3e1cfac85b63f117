//! What all routes to the model have in common: how a request begins, and how its answer does.

use super::{
    ApiError, Service, body,
    exchange::{Exchange, Origin, Prompt},
    fields::Fields,
    format::{Form, Format},
    sampling::Sampling,
    sse,
};
use crate::{
    contract::{Caller, Refusal, Verdict},
    model::Model,
};
use axum::{
    body::Body,
    http::{Request, StatusCode},
    response::Response,
};
use std::{
    hash::{BuildHasher, RandomState},
    sync::Arc,
    time::{Instant, SystemTime, UNIX_EPOCH},
};
use tokio::task;

/// A request whose body was read.
pub(super) struct Call {
    pub(super) service: Arc<Service>,
    pub(super) model: Arc<Model>,
    pub(super) caller: Caller,
    form: Form,
    since: Instant,
}

impl Call {
    /// Reads the body's fields.
    pub(super) async fn read(
        form: Form,
        service: Arc<Service>,
        caller: Caller,
        request: Request<Body>,
    ) -> Result<(Self, Fields), ApiError> {
        let since = Instant::now();
        let fields = body::read(request, &service.limits).await?;
        Ok((Self { model: service.loaded()?, service, caller, form, since }, fields))
    }

    /// Refuses a request for another model.
    pub(super) fn check_model(&self, fields: &mut Fields) -> Result<(), ApiError> {
        match fields.text("model")? {
            Some(name) if name != self.model.name => {
                let message = format!("there is no such model; this service has `{}`", self.model.name);
                Err(ApiError::new(StatusCode::NOT_FOUND, message).code("model_not_found"))
            }
            _ => Ok(()),
        }
    }

    /// Asks the filter about each text; masks what it masks.
    pub(super) fn judge<'a>(&self, texts: impl Iterator<Item = &'a mut String>) -> Option<Refusal> {
        for text in texts {
            match self.service.hooks.filter.check_prompt(text) {
                Verdict::Pass => (),
                Verdict::Replace(masked) => *text = masked,
                Verdict::Refuse(refusal) => return Some(refusal),
            }
        }
        None
    }

    /// Makes the prompt, hands it to the engine, and answers in the route's form.
    ///
    /// Filter and tokenizer read a long prompt for many milliseconds, apart from the threads that hand out answers.
    pub(super) async fn answer(
        self,
        prompt: impl FnOnce(&Self) -> Result<Prompt, ApiError> + Send + 'static,
        sampling: &Sampling,
    ) -> Result<Response, ApiError> {
        let made = task::spawn_blocking(move || {
            let prompt = prompt(&self);
            (self, prompt)
        });
        let failed = |_| ApiError::new(StatusCode::INTERNAL_SERVER_ERROR, "the prompt could not be read");
        let (call, prompt) = made.await.map_err(failed)?;
        let (id, created) = number(call.form);
        let origin = Origin { caller: call.caller, form: call.form, since: call.since };
        let exchange = Exchange::begin(call.service, &call.model, origin, id.clone(), prompt?, sampling)?;
        let logprobs = sampling.logprobs.is_some();
        let format = Format::new(call.form, id, created, call.model, sampling.include_usage, logprobs);
        if sampling.stream { Ok(sse::streamed(exchange, format)) } else { sse::whole(exchange, format).await }
    }
}

/// A new answer's id, and the time in seconds since 1970.
#[expect(clippy::disallowed_methods, reason = "no two answers have one id, and clients are told the time")]
fn number(form: Form) -> (String, u64) {
    let halves = [0, 1].map(|half| RandomState::new().hash_one(half));
    let created = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
    (format!("{}-{:016x}{:016x}", form.id_prefix(), halves[0], halves[1]), created)
}
