//! One request from the moment it is understood to its record.

mod held;
mod record;

use super::{
    ApiError, Service,
    format::{Form, spelled},
    sampling::Sampling,
};
use crate::{
    contract::{AnswerFilter, Caller, Ending, Refusal, Release, Usage},
    engine::{Event, Ticket, TokenLogprobs},
    model::Model,
    settings::Limits,
};
use axum::http::StatusCode;
use held::Held;
use record::Record;
use siyu_text::chat::Message;
use std::{
    sync::Arc,
    time::{Duration, Instant},
};

/// What a request is about, checked and laid out.
pub(super) struct Prompt {
    pub(super) ids: Vec<u32>,
    /// Its text, for the record.
    pub(super) text: String,
    /// Why nothing of it goes to the model.
    pub(super) refusal: Option<Refusal>,
    pub(super) session: Option<Session>,
}

/// The conversation that a request belongs to.
pub(super) struct Session {
    pub(super) id: String,
    /// What the caller says with this request.
    pub(super) said: Vec<Message>,
}

/// Who asks for what, and since when.
pub(super) struct Origin {
    pub(super) caller: Caller,
    pub(super) form: Form,
    pub(super) since: Instant,
}

/// The next piece of an answer.
pub(super) enum Piece {
    /// More of it.
    Text(String, Vec<TokenLogprobs>),
    /// It is whole.
    End(Finish, Usage),
    /// It broke off.
    Broken(ApiError),
}

/// Why an answer is whole.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Finish {
    Stop,
    Length,
    Refused,
}

impl Finish {
    /// `OpenAI`'s word for it.
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Stop => "stop",
            Self::Length => "length",
            Self::Refused => "content_filter",
        }
    }
}

/// An answer that is being made. Dropping it frees what it holds and records how far it came.
pub(super) struct Exchange {
    ticket: Option<Ticket>,
    filter: Box<dyn AnswerFilter>,
    held: Held,
    /// What is handed out next, before the engine is asked for more.
    ready: Vec<Piece>,
    over: bool,
    record: Record,
}

impl Exchange {
    /// Hands the prompt to the engine.
    ///
    /// # Errors
    /// Where the prompt is too long, or the caller, the queue or the service cannot take it now.
    pub(super) fn begin(
        service: Arc<Service>,
        model: &Arc<Model>,
        origin: Origin,
        id: String,
        prompt: Prompt,
        sampling: &Sampling,
    ) -> Result<Self, ApiError> {
        let filter = service.hooks.filter.answer();
        let limits = service.limits.clone();
        if prompt.refusal.is_none() {
            check_length(prompt.ids.len(), most_tokens(model, &limits), origin.form)?;
        }
        let mut record = Record {
            model: model.clone(),
            origin,
            id,
            prompt: prompt.text,
            answer: String::new(),
            session: prompt.session,
            reserved: 0,
            ending: Ending::TurnedAway,
            rule: None,
            usage: Usage::default(),
            service,
        };
        let mut ready = Vec::new();
        let mut ticket = None;
        if let Some(refusal) = prompt.refusal {
            // Kept, it would reach the model with the next prompt.
            if let Some(session) = &mut record.session {
                session.said.clear();
            }
            record.refuse(refusal, &mut ready);
        } else {
            let scope =
                if limits.share_beginnings { "" } else { record.origin.caller.subject.as_deref().unwrap_or_default() };
            let request = sampling.request(prompt.ids, scope, model.engine.context(), &limits);
            let tokens = (request.prompt.len() + request.settings.max_tokens) as u64;
            let ledger = &record.service.hooks.ledger;
            ledger.reserve(&record.origin.caller, tokens).map_err(|wait| {
                let message = "you have used up your tokens for now; try again later";
                ApiError::new(StatusCode::TOO_MANY_REQUESTS, message).code("token_limit").retry_after(wait.retry_after)
            })?;
            record.reserved = tokens;
            let read = request.prompt.len() as u64;
            ticket = Some(model.engine.submit(request).map_err(|rejected| record.reject(rejected))?);
            record.usage.prompt_tokens = read;
            record.ending = Ending::Cancelled;
        }
        ready.reverse();
        let over = ticket.is_none();
        Ok(Self { ticket, filter, held: Held::default(), ready, over, record })
    }

    /// The next piece; `None` behind the last.
    pub(super) async fn next(&mut self) -> Option<Piece> {
        loop {
            if let Some(piece) = self.ready.pop() {
                return Some(piece);
            }
            if self.over {
                return None;
            }
            let event = match &mut self.ticket {
                Some(ticket) => ticket.next().await,
                None => None,
            };
            self.take(event);
            self.ready.reverse();
        }
    }

    /// The session's id, where there is one.
    pub(super) fn session(&self) -> Option<&str> {
        self.record.session.as_ref().map(|session| session.id.as_str())
    }

    fn take(&mut self, event: Option<Event>) {
        match event {
            Some(Event::Text { text, logprobs, made }) => {
                self.held.extend(logprobs);
                self.record.usage.completion_tokens = made as u64;
                let release = self.filter.push(&text);
                self.release(release);
            }
            Some(Event::Ended { ending, usage }) => {
                self.record.usage = usage;
                self.record.ending = ending;
                self.over = true;
                self.end(ending);
            }
            None => {
                self.record.ending = Ending::Failed;
                self.over = true;
                self.end(Ending::Failed);
            }
        }
    }

    /// Hands out what the filter lets go, and stops the model where it refuses.
    fn release(&mut self, release: Release) {
        let mut logprobs = self.held.shown(release.shown);
        self.drop_hidden(&mut logprobs);
        if !release.text.is_empty() || !logprobs.is_empty() {
            self.record.answer.push_str(&release.text);
            self.ready.push(Piece::Text(release.text, logprobs));
        }
        if let Some(refusal) = release.refusal {
            if let Some(ticket) = self.ticket.take() {
                ticket.end(Ending::Refused);
            }
            self.over = true;
            self.record.refuse(refusal, &mut self.ready);
        }
    }

    /// Drops the alternatives that must not be shown by themselves. What was chosen is part of what is shown.
    fn drop_hidden(&self, tokens: &mut [TokenLogprobs]) {
        let tokenizer = &self.record.model.tokenizer;
        for token in tokens {
            let chosen = token.chosen.token;
            token.top.retain(|likely| likely.token == chosen || !self.filter.hides(&spelled(tokenizer, likely.token)));
        }
    }

    fn end(&mut self, ending: Ending) {
        let finish = match ending {
            Ending::Stop => Finish::Stop,
            Ending::Length => Finish::Length,
            Ending::Refused => Finish::Refused,
            Ending::Timeout | Ending::Cancelled | Ending::Shutdown | Ending::TurnedAway | Ending::Failed => {
                self.ready.push(Piece::Broken(broken(ending)));
                return;
            }
        };
        let release = self.filter.finish();
        let refused = release.refusal.is_some();
        self.release(release);
        if !refused {
            self.ready.push(Piece::End(finish, self.record.usage));
        }
    }
}

/// Most tokens of a prompt.
pub(super) fn most_tokens(model: &Model, limits: &Limits) -> usize {
    // There must be room for an answer.
    let most = model.engine.context() - 1;
    limits.prompt_tokens.map_or(most, |limit| limit.min(most))
}

fn check_length(tokens: usize, most: usize, form: Form) -> Result<(), ApiError> {
    if tokens == 0 {
        return Err(ApiError::field(form.prompt_field(), "the prompt has no tokens"));
    }
    if tokens > most {
        let message = format!("the prompt has {tokens} tokens, and at most {most} are taken");
        return Err(ApiError::field(form.prompt_field(), message).code("context_length_exceeded"));
    }
    Ok(())
}

fn broken(ending: Ending) -> ApiError {
    match ending {
        Ending::Timeout => ApiError::new(StatusCode::GATEWAY_TIMEOUT, "the answer took too long").code("timeout"),
        Ending::Shutdown => {
            let message = "the service is going down; try again soon";
            ApiError::new(StatusCode::SERVICE_UNAVAILABLE, message).code("shutdown").retry_after(Duration::from_secs(5))
        }
        _ => ApiError::new(StatusCode::INTERNAL_SERVER_ERROR, "the model could not be run").code("model_failed"),
    }
}
