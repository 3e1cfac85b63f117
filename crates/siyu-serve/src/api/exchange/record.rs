//! What is kept of a request: its tokens are settled, its conversation goes on, and a line is written down.

use super::{ApiError, Finish, Origin, Piece, Session, broken};
use crate::{
    api::{Service, health::dead},
    contract::{Ending, Entry, Refusal, Usage},
    engine::Rejected,
    model::Model,
};
use axum::http::StatusCode;
use siyu_text::chat::{Message, Role};
use std::{sync::Arc, time::Duration};

/// What is known of a request; dropping it tells all who keep something of it.
pub(super) struct Record {
    pub(super) service: Arc<Service>,
    pub(super) model: Arc<Model>,
    pub(super) origin: Origin,
    pub(super) id: String,
    pub(super) prompt: String,
    pub(super) answer: String,
    pub(super) session: Option<Session>,
    pub(super) reserved: u64,
    pub(super) ending: Ending,
    pub(super) rule: Option<String>,
    pub(super) usage: Usage,
}

impl Record {
    /// The answer ends with the refusal's words.
    pub(super) fn refuse(&mut self, refusal: Refusal, ready: &mut Vec<Piece>) {
        self.ending = Ending::Refused;
        self.answer.push_str(&refusal.answer);
        self.rule = Some(refusal.rule);
        ready.push(Piece::Text(refusal.answer, Vec::new()));
        ready.push(Piece::End(Finish::Refused, self.usage));
    }

    pub(super) fn reject(&mut self, rejected: Rejected) -> ApiError {
        match rejected {
            Rejected::QueueFull => {
                let message = "too many requests wait already; try again later";
                ApiError::new(StatusCode::TOO_MANY_REQUESTS, message)
                    .code("queue_full")
                    .retry_after(Duration::from_secs(1))
            }
            Rejected::Closing => {
                self.ending = Ending::Shutdown;
                broken(Ending::Shutdown)
            }
            Rejected::Dead => {
                self.ending = Ending::Failed;
                dead()
            }
        }
    }
}

impl Drop for Record {
    fn drop(&mut self) {
        let hooks = &self.service.hooks;
        if self.reserved > 0 {
            hooks.ledger.settle(&self.origin.caller, self.reserved, self.usage);
        }
        // What was not answered will be said again.
        let is_whole = matches!(self.ending, Ending::Stop | Ending::Length | Ending::Refused);
        let is_answered = is_whole || !self.answer.is_empty();
        let session = self.session.as_mut().filter(|session| is_answered && !session.said.is_empty());
        if let (Some(session), Some(sessions)) = (session, &hooks.sessions) {
            let mut said = std::mem::take(&mut session.said);
            said.push(Message { role: Role::Assistant, content: self.answer.clone() });
            sessions.record(&self.origin.caller, &session.id, &said);
        }
        hooks.audit.record(&Entry {
            caller: &self.origin.caller,
            id: &self.id,
            route: self.origin.form.route(),
            model: &self.model.name,
            ending: self.ending,
            rule: self.rule.as_deref(),
            usage: self.usage,
            took: self.origin.since.elapsed(),
            prompt: &self.prompt,
            answer: &self.answer,
        });
    }
}
