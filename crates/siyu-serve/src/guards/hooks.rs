//! What the model's routes ask and tell, answered by the guards.

use std::sync::Arc;

use siyu_text::chat::{Message, Role};

use super::Kept;
use crate::audit::{Event, Log, Record};
use crate::clock::Clock;
use crate::contract::{
    AnswerFilter, Audit, Caller, Entry, Filter, Ledger, Opened, Refusal, Release, SessionProblem, Sessions, Usage,
    Verdict, Wait,
};
use crate::filter::{Guard, Judgement, Outcome, Stream};
use crate::gate::Budgets;
use crate::metrics::Metrics;
use crate::sessions::Error;

/// The name under which a caller's things are kept: the token's subject. Without a gate there are only addresses.
pub(super) fn owner(caller: &Caller) -> String {
    caller.subject.clone().unwrap_or_else(|| format!("address:{}", caller.address))
}

/// The filter, counted.
pub(super) struct Filtering {
    pub(super) guard: Arc<Guard>,
    pub(super) metrics: Arc<Metrics>,
}

impl Filter for Filtering {
    fn check_prompt(&self, text: &str) -> Verdict {
        match self.guard.prompt(text) {
            Judgement::Pass => Verdict::Pass,
            Judgement::Masked(text) => {
                self.metrics.filtered("masked");
                Verdict::Replace(text)
            }
            Judgement::Refused { rule } => {
                self.metrics.filtered(&rule);
                Verdict::Refuse(Refusal { rule, answer: self.guard.refusal() })
            }
        }
    }

    fn answer(&self) -> Box<dyn AnswerFilter> {
        let metrics = Arc::clone(&self.metrics);
        Box::new(Answering { stream: self.guard.answer(), metrics, refusal: self.guard.refusal(), masked: false })
    }
}

struct Answering {
    stream: Stream,
    metrics: Arc<Metrics>,
    refusal: String,
    masked: bool,
}

impl Answering {
    fn release(&mut self, outcome: Outcome) -> Release {
        if self.stream.has_masked() && !self.masked {
            self.masked = true;
            self.metrics.filtered("masked");
        }
        let refusal = outcome.refused.map(|rule| {
            self.metrics.filtered(&rule);
            Refusal { rule, answer: self.refusal.clone() }
        });
        Release { text: outcome.text, shown: self.stream.take_shown(), refusal }
    }
}

impl AnswerFilter for Answering {
    fn push(&mut self, text: &str) -> Release {
        let outcome = self.stream.push(text);
        self.release(outcome)
    }

    fn finish(&mut self) -> Release {
        let outcome = self.stream.finish();
        self.release(outcome)
    }

    fn hides(&self, text: &str) -> bool {
        self.stream.lists(text)
    }
}

/// Tokens by the minute.
pub(super) struct Books {
    pub(super) budgets: Arc<Budgets>,
    pub(super) metrics: Arc<Metrics>,
    pub(super) clock: Clock,
}

impl Ledger for Books {
    fn reserve(&self, caller: &Caller, tokens: u64) -> Result<(), Wait> {
        let reserved = self.budgets.reserve(&owner(caller), tokens, self.clock.now().steady);
        reserved.map_err(|retry_after| {
            self.metrics.refused(429);
            Wait { retry_after }
        })
    }

    fn settle(&self, caller: &Caller, reserved: u64, used: Usage) {
        let used = used.prompt_tokens + used.completion_tokens;
        self.budgets.settle(&owner(caller), reserved, used, self.clock.now().steady);
    }
}

/// Conversations, and what is kept in mind.
pub(super) struct Remembering {
    pub(super) kept: Kept,
    pub(super) clock: Clock,
}

impl Sessions for Remembering {
    fn open(&self, caller: &Caller, id: Option<&str>) -> Result<Opened, SessionProblem> {
        let owner = owner(caller);
        let opened = self.kept.store.open(&owner, id, self.clock.now().steady).map_err(|error| match error {
            Error::Expired => SessionProblem::Expired,
            Error::Full | Error::Random { .. } => SessionProblem::Full,
            _ => SessionProblem::Unknown,
        })?;
        let mut messages = Vec::new();
        if let Some(memory) = &self.kept.memory {
            let notes = memory.list(&owner).unwrap_or_else(|error| {
                tracing::error!(%error, "notes cannot be read");
                Vec::new()
            });
            if !notes.is_empty() {
                let lines: Vec<String> = notes.iter().map(|note| format!("- {}", note.text)).collect();
                messages.push(Message { role: Role::System, content: lines.join("\n") });
            }
        }
        messages.extend(opened.messages);
        Ok(Opened { id: opened.id, messages })
    }

    fn record(&self, caller: &Caller, id: &str, said: &[Message]) {
        self.kept.store.record(&owner(caller), id, said, self.clock.now().steady);
    }
}

/// The record of requests.
pub(super) struct Recording {
    pub(super) log: Arc<Log>,
    pub(super) clock: Clock,
}

impl Audit for Recording {
    fn record(&self, entry: &Entry<'_>) {
        let ending = serde_json::to_value(entry.ending).ok().and_then(|ending| ending.as_str().map(str::to_owned));
        let text = |text: &str| self.log.texts.then(|| text.to_owned());
        self.log.write(Record {
            subject: entry.caller.subject.clone(),
            address: Some(entry.caller.address.to_string()),
            id: Some(entry.id.to_owned()),
            route: Some(entry.route),
            model: Some(entry.model.to_owned()),
            ending,
            rule: entry.rule.map(str::to_owned),
            prompt_tokens: Some(entry.usage.prompt_tokens),
            completion_tokens: Some(entry.usage.completion_tokens),
            took_ms: u64::try_from(entry.took.as_millis()).ok(),
            prompt: text(entry.prompt),
            answer: text(entry.answer),
            ..Record::new(Event::Request, self.clock.now().unix)
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::Elsewhere;

    #[test]
    fn who_has_no_tokens_left_is_counted() {
        let (budgets, metrics) = (Arc::new(Budgets::new(10.try_into().unwrap())), Arc::<Metrics>::default());
        let books = Books { budgets, metrics: Arc::clone(&metrics), clock: Clock::new() };
        let caller = Caller { subject: Some("alice".to_owned()), address: [127, 0, 0, 1].into() };
        assert!(books.reserve(&caller, 10).is_ok() && books.reserve(&caller, 10).is_err());
        assert!(metrics.text(Elsewhere::default()).contains("siyu_refused_total{status=\"429\"} 1\n"));
    }
}
