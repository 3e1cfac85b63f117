//! The built-in templates, laid out piece by piece.

use super::{Piece, Role, Turn};

/// Where the template has no end token of its own: the first of these that the tokenizer has.
pub(super) const END_TOKENS: [&str; 5] = ["</s>", "<|im_end|>", "<|endoftext|>", "<|eot_id|>", "<eos>"];

const QWEN_SYSTEM: &str = "You are a helpful assistant.";
const ALPACA: &str = "Below is an instruction that describes a task. \
    Write a response that appropriately completes the request.";
const ALPACA_WITH_INPUT: &str = "Below is an instruction that describes a task, paired with an input that provides \
    further context. Write a response that appropriately completes the request.";

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Style {
    Alpaca,
    ChatMl,
    Qwen2,
    Llama2,
    Llama3,
    Plain,
}

impl Style {
    pub(super) fn named(name: &str) -> Option<Self> {
        Some(match name {
            "alpaca" => Self::Alpaca,
            "chatml" => Self::ChatMl,
            "qwen2" => Self::Qwen2,
            "llama2" => Self::Llama2,
            "llama3" => Self::Llama3,
            "plain" => Self::Plain,
            _ => return None,
        })
    }

    /// The control tokens without which the template cannot be rendered.
    pub(super) fn tokens(self) -> &'static [&'static str] {
        match self {
            Self::Alpaca | Self::Plain => &[],
            Self::ChatMl | Self::Qwen2 => &["<|im_start|>", "<|im_end|>"],
            Self::Llama2 => &["<s>", "</s>"],
            Self::Llama3 => &["<|begin_of_text|>", "<|start_header_id|>", "<|end_header_id|>", "<|eot_id|>"],
        }
    }

    /// The token that ends a turn; `None` leaves it to the tokenizer.
    pub(super) fn end(self) -> Option<&'static str> {
        self.tokens().last().copied()
    }

    pub(super) fn lay_out<'a>(self, turns: &[Turn<'a>], end: &'a str) -> Vec<Piece<'a>> {
        match self {
            Self::Alpaca => alpaca(turns, end),
            Self::ChatMl => chatml(turns),
            Self::Qwen2 if turns.first().is_some_and(|turn| turn.0 == Role::System) => chatml(turns),
            Self::Qwen2 => chatml(&[&[(Role::System, QWEN_SYSTEM)], turns].concat()),
            Self::Llama2 => llama2(turns),
            Self::Llama3 => llama3(turns),
            Self::Plain => plain(turns, end),
        }
    }
}

/// One instruction, perhaps with an input, and its answer.
pub(super) fn alpaca_instruction<'a>(
    instruction: &'a str,
    input: Option<&'a str>,
    output: &'a str,
    end: &'a str,
) -> Vec<Piece<'a>> {
    let preamble = if input.is_some() { ALPACA_WITH_INPUT } else { ALPACA };
    let mut pieces = vec![Piece::prompt(preamble), Piece::prompt("\n\n### Instruction:\n"), Piece::prompt(instruction)];
    if let Some(input) = input {
        pieces.extend([Piece::prompt("\n\n### Input:\n"), Piece::prompt(input)]);
    }
    pieces.extend([Piece::prompt("\n\n### Response:\n"), Piece::answer(output), Piece::end(end)]);
    pieces
}

fn alpaca<'a>(turns: &[Turn<'a>], end: &'a str) -> Vec<Piece<'a>> {
    let mut pieces = Vec::new();
    if turns.first().is_none_or(|turn| turn.0 != Role::System) {
        pieces.push(Piece::prompt(ALPACA));
    }
    for (index, &(role, content)) in turns.iter().enumerate() {
        match role {
            Role::System if index == 0 => pieces.push(Piece::prompt(content)),
            Role::System => pieces.extend([Piece::prompt("\n\n"), Piece::prompt(content)]),
            Role::User => pieces.extend([Piece::prompt("\n\n### Instruction:\n"), Piece::prompt(content)]),
            Role::Assistant => {
                pieces.extend([Piece::prompt("\n\n### Response:\n"), Piece::answer(content), Piece::end(end)]);
            }
        }
    }
    pieces
}

fn chatml<'a>(turns: &[Turn<'a>]) -> Vec<Piece<'a>> {
    let mut pieces = Vec::new();
    for &(role, content) in turns {
        pieces.extend([Piece::control("<|im_start|>"), Piece::prompt(role.as_str()), Piece::prompt("\n")]);
        pieces.extend(spoken(role, content, "<|im_end|>"));
        pieces.push(Piece::prompt("\n"));
    }
    pieces
}

/// Meta's layout: the system's words open the first question, and white space goes from the ends of the two together.
fn llama2<'a>(turns: &[Turn<'a>]) -> Vec<Piece<'a>> {
    let mut pieces = Vec::new();
    let mut system = None;
    for &(role, content) in turns {
        match (role, content.trim()) {
            (Role::System, _) => system = Some(content),
            (Role::User, trimmed) => {
                pieces.extend([Piece::control("<s>"), Piece::prompt("[INST] ")]);
                pieces.extend(match system.take() {
                    Some(system) if trimmed.is_empty() => {
                        vec![Piece::prompt("<<SYS>>\n"), Piece::prompt(system), Piece::prompt("\n<</SYS>>")]
                    }
                    Some(system) => vec![
                        Piece::prompt("<<SYS>>\n"),
                        Piece::prompt(system),
                        Piece::prompt("\n<</SYS>>\n\n"),
                        Piece::prompt(content.trim_end()),
                    ],
                    None => vec![Piece::prompt(trimmed)],
                });
                pieces.push(Piece::prompt(" [/INST]"));
            }
            (Role::Assistant, trimmed) => {
                // A prompt ends with `[/INST]`, so the model has to produce the spaces around its answer itself; the
                // first is one token with the word behind it.
                pieces.extend([Piece::answer(" "), Piece::answer(trimmed), Piece::answer(" "), Piece::end("</s>")]);
            }
        }
    }
    pieces
}

fn llama3<'a>(turns: &[Turn<'a>]) -> Vec<Piece<'a>> {
    let mut pieces = vec![Piece::control("<|begin_of_text|>")];
    for &(role, content) in turns {
        pieces.extend([Piece::control("<|start_header_id|>"), Piece::prompt(role.as_str())]);
        pieces.extend([Piece::control("<|end_header_id|>"), Piece::prompt("\n\n")]);
        pieces.extend(spoken(role, content.trim(), "<|eot_id|>"));
    }
    pieces
}

fn plain<'a>(turns: &[Turn<'a>], end: &'a str) -> Vec<Piece<'a>> {
    let mut pieces = Vec::new();
    for &(role, content) in turns {
        if role == Role::Assistant {
            pieces.extend([Piece::answer(content), Piece::end(end)]);
        } else {
            pieces.extend([Piece::prompt(content), Piece::prompt("\n")]);
        }
    }
    pieces
}

fn spoken<'a>(role: Role, content: &'a str, end: &'a str) -> [Piece<'a>; 2] {
    if role == Role::Assistant {
        [Piece::answer(content), Piece::end(end)]
    } else {
        [Piece::prompt(content), Piece::control(end)]
    }
}
