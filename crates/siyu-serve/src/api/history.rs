//! As much of a conversation as a model can read.

use siyu_text::chat::{Message, Role};

/// The prompt of what was said before and now. Where it has more than `room` tokens, it is without the oldest turns of
/// what was said before: without so many that the next few prompts begin alike, and find their beginning computed.
/// System messages stay, and what is left begins with a turn of the user.
///
/// `count` tells the tokens of a text, `encode` makes the prompt.
pub(super) fn prompt<E>(
    before: &[Message],
    now: &[Message],
    room: usize,
    count: impl Fn(&str) -> usize,
    encode: impl Fn(&[Message]) -> Result<Vec<u32>, E>,
) -> Result<Vec<u32>, E> {
    let ids = encode(&[before, now].concat())?;
    if ids.len() <= room || before.is_empty() {
        return Ok(ids);
    }
    let sizes = sizes(before, now, ids.len(), count);
    let step = (room / 4).max(1);
    let mut gone = (ids.len() - room).next_multiple_of(step);
    loop {
        let kept = without_oldest(before, &sizes, gone);
        let is_least = kept.iter().all(|message| message.role == Role::System);
        let ids = encode(&[kept.as_slice(), now].concat())?;
        if ids.len() <= room || is_least {
            return Ok(ids);
        }
        gone = (gone + ids.len() - room).next_multiple_of(step);
    }
}

/// Roughly how many of a prompt's tokens each of the messages `before` has, with its share of the template's own.
fn sizes(before: &[Message], now: &[Message], all: usize, count: impl Fn(&str) -> usize) -> Vec<usize> {
    let texts: Vec<usize> = before.iter().chain(now).map(|message| count(&message.content)).collect();
    let around = all.saturating_sub(texts.iter().sum()) / texts.len().max(1);
    texts.into_iter().take(before.len()).map(|text| text + around).collect()
}

/// The messages without the oldest that have `gone` tokens together.
fn without_oldest(messages: &[Message], sizes: &[usize], gone: usize) -> Vec<Message> {
    let (mut left, mut begun) = (gone, false);
    let stays = |(message, size): &(&Message, &usize)| {
        if message.role == Role::System {
            return true;
        }
        if left > 0 {
            left = left.saturating_sub((**size).max(1));
            return false;
        }
        begun |= message.role == Role::User;
        begun
    };
    messages.iter().zip(sizes).filter(stays).map(|(message, _)| message.clone()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::convert::Infallible;

    fn message(role: Role, content: &str) -> Message {
        Message { role, content: content.to_owned() }
    }

    /// A system message and so many turns, each of ten characters.
    fn conversation(turns: usize) -> Vec<Message> {
        let turn = |turn: usize| {
            [message(Role::User, &format!("question{turn:2}")), message(Role::Assistant, &format!("answer{turn:4}"))]
        };
        std::iter::once(message(Role::System, "be polite!")).chain((0..turns).flat_map(turn)).collect()
    }

    /// A token for each character, and two around each message.
    fn encode(messages: &[Message]) -> Vec<u32> {
        messages
            .iter()
            .flat_map(|one| format!("[{}]", one.content).chars().map(u32::from).collect::<Vec<_>>())
            .collect()
    }

    fn read(before: &[Message], now: &str, room: usize) -> String {
        let now = [message(Role::User, now)];
        let ids = prompt(before, &now, room, str::len, |all| Ok::<_, Infallible>(encode(all))).unwrap();
        ids.into_iter().filter_map(char::from_u32).collect()
    }

    #[test]
    fn what_fits_is_read_whole() {
        let whole = "[be polite!][question 0][answer   0][now]";
        assert_eq!(read(&conversation(1), "now", whole.len()), whole);
    }

    #[test]
    fn the_oldest_turns_go_and_system_messages_stay() {
        for turns in 2..40 {
            let text = read(&conversation(turns), "now", 90);
            assert!(text.len() <= 90, "{text}");
            assert!(text.starts_with("[be polite!][question"), "{text}");
            assert!(text.ends_with(&format!("[answer{:4}][now]", turns - 1)), "{text}");
        }
    }

    #[test]
    fn prompts_begin_alike_for_some_turns() {
        let first =
            |turns| read(&conversation(turns), "now", 490).split("[answer").next().unwrap_or_default().to_owned();
        let beginnings: Vec<String> = (30..60).map(first).collect();
        let changes = beginnings.windows(2).filter(|pair| pair[0] != pair[1]).count();
        // Thirty turns of 24 tokens, by steps of 122.
        assert!((5..=6).contains(&changes), "{beginnings:?}");
    }

    #[test]
    fn what_is_said_now_is_never_cut() {
        assert_eq!(read(&conversation(3), "a long question", 10), "[be polite!][a long question]");
    }
}
