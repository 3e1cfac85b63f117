//! The template that a model's folder brings.

use super::{ChatError, ChatTemplate};
use serde_json::Value;

impl ChatTemplate {
    /// The template of a model's `tokenizer_config.json`; `file` is the text of the `chat_template.jinja` beside it,
    /// which goes before. `None` where neither has one.
    pub fn from_config(config: &str, file: Option<&str>) -> Result<Option<Self>, ChatError> {
        let config: Value = serde_json::from_str(config).map_err(ChatError::Config)?;
        let own = match config.get("chat_template") {
            Some(Value::String(text)) => Some(text.as_str()),
            // Some models have several, by name.
            Some(Value::Array(named)) => {
                let default = named.iter().find(|one| one.get("name").and_then(Value::as_str) == Some("default"));
                default.and_then(|one| one.get("template")).and_then(Value::as_str)
            }
            _ => None,
        };
        let (bos, eos) = (token(&config, "bos_token"), token(&config, "eos_token"));
        file.or(own).map(|text| Self::from_jinja(text, bos, eos)).transpose()
    }
}

/// A special token, written as a text or as an object with its content.
fn token<'a>(config: &'a Value, name: &str) -> Option<&'a str> {
    let token = config.get(name)?;
    token.as_str().or_else(|| token.get("content")?.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        chat::{Encoder, Message, Overflow, Role},
        tokenizer::Tokenizer,
    };
    use std::sync::Arc;

    fn prompt(config: &str, file: Option<&str>) -> String {
        let json = include_str!("../../../../sample-data/models/tiny-zh/tokenizer.json");
        let tokenizer = Arc::new(Tokenizer::from_json(json).unwrap());
        let template = ChatTemplate::from_config(config, file).unwrap().unwrap();
        let encoder = Encoder::new(tokenizer.clone(), template, 100, Overflow::Drop).unwrap();
        tokenizer.decode(&encoder.prompt(&[Message { role: Role::User, content: "甲".into() }]).unwrap())
    }

    #[test]
    fn the_file_goes_before_the_configuration_and_the_default_before_other_names() {
        let one =
            r#"{"chat_template": "{{ messages[0].content }}{{ eos_token }}", "eos_token": {"content": "<|im_end|>"}}"#;
        assert_eq!(prompt(one, None), "甲<|im_end|>");
        assert_eq!(prompt(one, Some("问{{ messages[0].content }}")), "问甲");
        let several =
            r#"{"chat_template": [{"name": "tool_use", "template": "a"}, {"name": "default", "template": "b"}]}"#;
        assert_eq!(prompt(several, None), "b");
        assert!(ChatTemplate::from_config("{}", None).unwrap().is_none());
        assert!(matches!(ChatTemplate::from_config("", None), Err(ChatError::Config(_))));
    }
}
