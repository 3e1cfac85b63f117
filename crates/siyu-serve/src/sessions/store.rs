//! Conversations in memory.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use serde::Serialize;
use siyu_text::chat::{Message, Role};

use super::id::{Number, Seal};
use super::{Error, Settings};

/// Conversations in memory.
pub struct Store {
    settings: Settings,
    seal: Seal,
    kept: Mutex<Kept>,
}

#[derive(Default)]
struct Kept {
    sessions: HashMap<Number, Session>,
    bytes: usize,
}

struct Session {
    subject: String,
    id: String,
    messages: Vec<Message>,
    bytes: usize,
    used: Duration,
}

/// A conversation that is going on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lookup {
    /// Its id.
    pub id: String,
    /// What was said, oldest first.
    pub messages: Vec<Message>,
}

/// One conversation of a subject.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Summary {
    /// Its id.
    pub id: String,
    /// How many turns it has.
    pub turns: usize,
    /// Bytes of its text.
    pub bytes: usize,
    /// Seconds since it was last used.
    pub idle_seconds: u64,
}

/// What a session without text costs, roughly.
const EMPTY: usize = 256;

impl Store {
    /// A store without conversations.
    ///
    /// # Errors
    /// [`Error::Random`] where the system has no random bytes.
    pub fn new(settings: &Settings) -> Result<Self, Error> {
        Ok(Self { settings: settings.clone(), seal: Seal::new()?, kept: Mutex::default() })
    }

    /// The conversation with an id, or a new one without; `now` must not go back.
    ///
    /// # Errors
    /// [`Error::Unknown`] for an id of another subject or of nobody, [`Error::Expired`], [`Error::Full`].
    pub fn open(&self, subject: &str, id: Option<&str>, now: Duration) -> Result<Lookup, Error> {
        let mut kept = self.lock();
        let Some(id) = id else { return self.begin(&mut kept, subject, now) };
        let number = self.seal.open(id, subject).ok_or(Error::Unknown)?;
        self.end_idle(&mut kept, now);
        let session = kept.sessions.get_mut(&number).ok_or(Error::Expired)?;
        session.used = now;
        Ok(Lookup { id: session.id.clone(), messages: session.messages.clone() })
    }

    /// Adds what was said; the oldest turns go where it becomes too much, for the conversation or for all of them
    /// together. Nothing happens to a conversation that ended.
    pub fn record(&self, subject: &str, id: &str, said: &[Message], now: Duration) {
        let Some(number) = self.seal.open(id, subject) else { return };
        let mut kept = self.lock();
        let kept = &mut *kept;
        let Some(session) = kept.sessions.get_mut(&number) else { return };
        let before = session.bytes;
        session.messages.extend_from_slice(said);
        session.used = now;
        let room = self.total().saturating_sub(kept.bytes - before + EMPTY);
        session.shorten(room.min(self.settings.session_kilobytes * 1000));
        kept.bytes = kept.bytes + session.bytes - before;
    }

    /// Ends a conversation.
    ///
    /// # Errors
    /// [`Error::Unknown`] and [`Error::Expired`] as for [`Self::open`].
    pub fn end(&self, subject: &str, id: &str) -> Result<(), Error> {
        let number = self.seal.open(id, subject).ok_or(Error::Unknown)?;
        let mut kept = self.lock();
        let session = kept.sessions.remove(&number).ok_or(Error::Expired)?;
        kept.bytes -= session.bytes;
        Ok(())
    }

    /// The conversations of a subject, the one last used first.
    pub fn list(&self, subject: &str, now: Duration) -> Vec<Summary> {
        let mut kept = self.lock();
        self.end_idle(&mut kept, now);
        let own = kept.sessions.values().filter(|session| session.subject == subject);
        let mut list: Vec<Summary> = own
            .map(|session| Summary {
                id: session.id.clone(),
                turns: session.messages.len(),
                bytes: session.bytes - EMPTY,
                idle_seconds: now.saturating_sub(session.used).as_secs(),
            })
            .collect();
        list.sort_by(|one, other| (one.idle_seconds, &one.id).cmp(&(other.idle_seconds, &other.id)));
        list
    }

    /// How many conversations there are, and bytes of them.
    pub fn size(&self) -> (usize, usize) {
        let kept = self.lock();
        (kept.sessions.len(), kept.bytes)
    }

    fn begin(&self, kept: &mut Kept, subject: &str, now: Duration) -> Result<Lookup, Error> {
        self.end_idle(kept, now);
        let own = kept.sessions.iter().filter(|(_, session)| session.subject == subject);
        let own: Vec<(Duration, Number)> = own.map(|(number, session)| (session.used, *number)).collect();
        if own.len() >= self.settings.per_subject
            && let Some((_, oldest)) = own.iter().min()
            && let Some(session) = kept.sessions.remove(oldest)
        {
            kept.bytes -= session.bytes;
        }
        if kept.bytes + EMPTY > self.total() {
            return Err(Error::Full);
        }
        let (number, id) = self.seal.make(subject)?;
        let session =
            Session { subject: subject.to_owned(), id: id.clone(), messages: Vec::new(), bytes: EMPTY, used: now };
        kept.sessions.insert(number, session);
        kept.bytes += EMPTY;
        Ok(Lookup { id, messages: Vec::new() })
    }

    fn total(&self) -> usize {
        self.settings.total_megabytes * 1_000_000
    }

    fn end_idle(&self, kept: &mut Kept, now: Duration) {
        let longest = Duration::from_secs(self.settings.idle_minutes * 60);
        let bytes = &mut kept.bytes;
        kept.sessions.retain(|_, session| {
            let stays = now.saturating_sub(session.used) < longest;
            if !stays {
                *bytes -= session.bytes;
            }
            stays
        });
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Session {
    /// Forgets the oldest turns until the rest fits; what is left begins with a turn of the user.
    fn shorten(&mut self, most: usize) {
        let size = |message: &Message| message.content.len() + 32;
        let mut bytes: usize = EMPTY + self.messages.iter().map(size).sum::<usize>();
        let mut gone = 0;
        while let Some(first) = self.messages.get(gone)
            && (bytes > EMPTY + most || gone > 0 && first.role == Role::Assistant)
        {
            bytes -= size(first);
            gone += 1;
        }
        self.messages.drain(..gone);
        self.bytes = bytes;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn minutes(count: u64) -> Duration {
        Duration::from_secs(count * 60)
    }

    fn said(role: Role, text: &str) -> Message {
        Message { role, content: text.to_owned() }
    }

    fn store() -> Store {
        Store::new(&Settings { session_kilobytes: 1, per_subject: 2, ..Settings::default() }).unwrap()
    }

    #[test]
    fn a_conversation_goes_on_under_its_id() {
        let store = store();
        let first = store.open("a", None, minutes(0)).unwrap();
        let turns = [said(Role::User, "你好"), said(Role::Assistant, "您好")];
        store.record("a", &first.id, &turns, minutes(1));
        assert_eq!(store.open("a", Some(&first.id), minutes(2)).unwrap().messages, turns);
    }

    #[test]
    fn ids_of_others_and_invented_ones_are_unknown() {
        let store = store();
        let id = store.open("a", None, minutes(0)).unwrap().id;
        let flipped = format!("{}{}", if id.starts_with('0') { '1' } else { '0' }, id.get(1..).unwrap());
        for (subject, id) in [("b", id.as_str()), ("a", &flipped), ("a", ""), ("a", "x"), ("a", &format!("{id}0"))] {
            assert!(matches!(store.open(subject, Some(id), minutes(0)), Err(Error::Unknown)), "{id}");
            store.record(subject, id, &[said(Role::User, "x")], minutes(0));
        }
        assert!(store.open("a", Some(&id), minutes(0)).unwrap().messages.is_empty());
        assert!(matches!(store.end("b", &id), Err(Error::Unknown)));
    }

    #[test]
    fn idle_conversations_end_and_free_their_memory() {
        let store = store();
        let id = store.open("a", None, minutes(0)).unwrap().id;
        store.record("a", &id, &[said(Role::User, "x")], minutes(1));
        assert!(store.open("a", Some(&id), minutes(60)).is_ok());
        assert!(matches!(store.open("a", Some(&id), minutes(120)), Err(Error::Expired)));
        assert_eq!(store.size(), (0, 0));
    }

    #[test]
    fn the_oldest_turns_and_the_oldest_conversations_go_first() {
        let store = store();
        let first = store.open("a", None, minutes(0)).unwrap().id;
        for number in 0..40 {
            let turns = [said(Role::User, &format!("q{number}")), said(Role::Assistant, "a")];
            store.record("a", &first, &turns, minutes(1));
        }
        let messages = store.open("a", Some(&first), minutes(2)).unwrap().messages;
        assert_eq!(messages[0].role, Role::User);
        assert_eq!(messages.last().map(|last| last.content.as_str()), Some("a"));
        assert!(messages.iter().map(|one| one.content.len() + 32).sum::<usize>() <= 1000);
        let second = store.open("a", None, minutes(3)).unwrap().id;
        let third = store.open("a", None, minutes(4)).unwrap().id;
        assert!(matches!(store.open("a", Some(&first), minutes(4)), Err(Error::Expired)));
        let mut kept: Vec<String> = store.list("a", minutes(5)).into_iter().map(|one| one.id).collect();
        kept.sort();
        let mut expected = vec![second, third];
        expected.sort();
        assert_eq!(kept, expected);
    }

    #[test]
    fn conversations_that_began_in_time_take_no_more_memory_than_all_may() {
        let settings = Settings { total_megabytes: 1, session_kilobytes: 256, per_subject: 16, ..Settings::default() };
        let store = Store::new(&settings).unwrap();
        let ids: Vec<String> = (0..16).map(|_| store.open("a", None, minutes(0)).unwrap().id).collect();
        for id in &ids {
            store.record("a", id, &[said(Role::User, &"x".repeat(200_000)), said(Role::Assistant, "y")], minutes(1));
        }
        assert!(store.size().1 <= 1_000_000, "{:?}", store.size());
        assert_eq!(store.open("a", Some(&ids[0]), minutes(2)).unwrap().messages.len(), 2);
    }

    #[test]
    fn no_conversation_begins_when_memory_is_full() {
        let store = Store::new(&Settings { total_megabytes: 0, ..Settings::default() }).unwrap();
        assert!(matches!(store.open("a", None, minutes(0)), Err(Error::Full)));
    }
}
