//! Texts continued token by token.

use crate::error::Result;
use crate::model::Model;
use crate::seed;
use crate::session::Session;
use siyu_checkpoint::{GenerateSettings, choose};
use std::ops::ControlFlow;

/// Why a text ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// The model ended it.
    EndToken,
    /// It has as many tokens as were asked for.
    MaxTokens,
    /// The caller wanted no more.
    Caller,
}

impl Model {
    /// Continues `prompt`; hands each token to `each` as soon as it is there.
    ///
    /// # Errors
    /// [`siyu_checkpoint::Error::Generate`] for settings that make no sense; [`Error::Batch`](crate::Error::Batch) for an empty prompt or a token outside the
    /// vocabulary.
    pub fn generate(
        &self,
        prompt: &[i64],
        settings: &GenerateSettings,
        mut each: impl FnMut(i64) -> ControlFlow<()>,
    ) -> Result<End> {
        settings.check()?;
        let mut session = Session::new(self, prompt.len() + settings.max_tokens)?;
        let mut text = prompt.to_vec();
        let mut unread = prompt.len();
        for step in 0..settings.max_tokens {
            let logits = Vec::<f32>::try_from(session.read(&text[text.len() - unread..])?)?;
            let draw = seed::mix(settings.seed, step as u64);
            let token = choose(&logits, &text, settings, draw);
            if settings.end_tokens.contains(&token) {
                return Ok(End::EndToken);
            }
            text.push(token);
            unread = 1;
            if each(token).is_break() {
                return Ok(End::Caller);
            }
        }
        Ok(End::MaxTokens)
    }
}
