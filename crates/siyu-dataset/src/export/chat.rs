//! Chats in the words of other programs.

use serde_json::{Value, json};

/// A chat: who speaks, in ShareGPT's words, and what is said.
#[derive(Debug, PartialEq)]
pub(super) struct Chat(Vec<(String, String)>);

impl Chat {
    /// The messages of a cell, a list of `role` and `content` or of `from` and `value`, or such a list as a JSON text.
    pub(super) fn of_messages(cell: &Value) -> Option<Self> {
        let parsed;
        let messages = match cell {
            Value::String(json) => {
                parsed = serde_json::from_str::<Value>(json).ok()?;
                parsed.as_array()?
            }
            other => other.as_array()?,
        };
        let message = |message: &Value| {
            let role = message.get("role").or_else(|| message.get("from"))?.as_str()?;
            let content = message.get("content").or_else(|| message.get("value"))?;
            Some((speaker(role).to_owned(), content.as_str().unwrap_or_default().to_owned()))
        };
        messages.iter().map(message).collect::<Option<Vec<_>>>().map(Self)
    }

    /// The chat of an Alpaca object: its system, its history, then instruction and input as one question.
    pub(super) fn of_example(example: &Value) -> Self {
        let text = |name: &str| example.get(name).and_then(Value::as_str).unwrap_or_default();
        let mut said = Vec::new();
        if !text("system").is_empty() {
            said.push(("system".to_owned(), text("system").to_owned()));
        }
        for turn in example.get("history").and_then(Value::as_array).into_iter().flatten() {
            for (speaker, place) in [("human", 0), ("gpt", 1)] {
                let words = turn.get(place).and_then(Value::as_str).unwrap_or_default();
                said.push((speaker.to_owned(), words.to_owned()));
            }
        }
        let question: Vec<&str> =
            [text("instruction"), text("input")].into_iter().filter(|part| !part.is_empty()).collect();
        said.push(("human".to_owned(), question.join("\n")));
        said.push(("gpt".to_owned(), text("output").to_owned()));
        Self(said)
    }

    pub(super) fn sharegpt(&self) -> Value {
        let said = self.0.iter().map(|(from, value)| json!({ "from": from, "value": value }));
        json!({ "conversations": said.collect::<Vec<Value>>() })
    }

    /// The last answer as output, the question before it as instruction, and earlier turns as history.
    pub(super) fn alpaca(&self) -> Value {
        let system = self.0.iter().find(|(speaker, _)| speaker == "system").map_or("", |(_, words)| words);
        let mut turns: Vec<(String, String)> = Vec::new();
        for (speaker, words) in self.0.iter().filter(|(speaker, _)| speaker != "system") {
            match turns.last_mut() {
                // Several messages of one side in a row are one.
                Some((_, answer)) if speaker == "gpt" => join(answer, words),
                Some((question, answer)) if answer.is_empty() => join(question, words),
                _ if speaker == "gpt" => turns.push((String::new(), words.clone())),
                _ => turns.push((words.clone(), String::new())),
            }
        }
        let (instruction, output) = turns.pop().unwrap_or_default();
        let history: Vec<Value> = turns.into_iter().map(|(question, answer)| json!([question, answer])).collect();
        json!({ "instruction": instruction, "input": "", "output": output, "system": system, "history": history })
    }
}

fn join(text: &mut String, more: &str) {
    if !text.is_empty() {
        text.push('\n');
    }
    text.push_str(more);
}

/// A role in ShareGPT's words.
fn speaker(role: &str) -> &str {
    match role {
        "user" => "human",
        "assistant" | "model" | "bot" => "gpt",
        "tool" | "function" => "observation",
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::Chat;
    use serde_json::json;

    #[test]
    fn messages_become_conversations_and_back_an_example() {
        let messages = json!([
            { "role": "system", "content": "你是律师" },
            { "role": "user", "content": "甲" },
            { "role": "assistant", "content": "乙" },
            { "role": "user", "content": "丙" },
            { "role": "assistant", "content": "丁" },
        ]);
        let chat = Chat::of_messages(&messages).unwrap();
        assert_eq!(chat.sharegpt()["conversations"][1], json!({ "from": "human", "value": "甲" }));
        let alpaca = json!({ "instruction": "丙", "input": "", "output": "丁", "system": "你是律师", "history": [["甲", "乙"]] });
        assert_eq!(chat.alpaca(), alpaca);
        assert_eq!(Chat::of_example(&alpaca), chat);
        assert_eq!(Chat::of_messages(&json!(messages.to_string())).unwrap(), chat);
    }

    #[test]
    fn instruction_and_input_are_one_question() {
        let example = json!({ "instruction": "总结", "input": "全文", "output": "要点", "system": "", "history": [] });
        let said = json!({ "conversations": [{ "from": "human", "value": "总结\n全文" }, { "from": "gpt", "value": "要点" }] });
        assert_eq!(Chat::of_example(&example).sharegpt(), said);
    }

    #[test]
    fn what_is_no_list_of_messages_is_none() {
        assert_eq!(Chat::of_messages(&json!("not json")), None);
        assert_eq!(Chat::of_messages(&json!(null)), None);
        assert_eq!(Chat::of_messages(&json!([{ "text": "甲" }])), None);
    }
}
