use super::*;
use crate::tokenizer::Tokenizer;
use proptest::prelude::*;
use serde_json::Value;
use std::sync::{Arc, LazyLock};

const TINY: &str = include_str!("../../../../sample-data/models/tiny-zh/tokenizer.json");
const CONFIG: &str = include_str!("../../../../sample-data/models/tiny-zh/tokenizer_config.json");
const STORIES: &str = include_str!("../../../../sample-data/models/stories260k/tokenizer.json");
const EXPECTED: &str = include_str!("../../tests/fixtures/chat_template_ids.json");

static TOKENIZER: LazyLock<Arc<Tokenizer>> = LazyLock::new(|| Arc::new(Tokenizer::from_json(TINY).unwrap()));

fn template(name: &str) -> ChatTemplate {
    ChatTemplate::named(name).unwrap_or_else(|| {
        let config: Value = serde_json::from_str(CONFIG).unwrap();
        ChatTemplate::from_jinja(config["chat_template"].as_str().unwrap(), Some("<|im_start|>"), Some("<|im_end|>"))
            .unwrap()
    })
}

fn encoder(name: &str, max_tokens: usize, overflow: Overflow) -> Encoder {
    Encoder::new(TOKENIZER.clone(), template(name), max_tokens, overflow).unwrap()
}

fn dialogue(turns: &[(&str, &str)]) -> Vec<Message> {
    turns.iter().map(|&(role, content)| Message { role: role.parse().unwrap(), content: content.into() }).collect()
}

fn whole(fitted: Fitted) -> Example {
    match fitted {
        Fitted::Whole(example) => example,
        other => panic!("{other:?}"),
    }
}

fn learnt(example: &Example) -> String {
    let ids: Vec<u32> = example.labels.iter().filter(|&&id| id != IGNORED).map(|id| id.cast_unsigned()).collect();
    TOKENIZER.decode(&ids)
}

#[test]
fn ids_are_those_of_transformers() {
    let cases: Vec<Value> = serde_json::from_str(EXPECTED).unwrap();
    for case in cases {
        let turns = case["messages"].as_array().unwrap();
        let turns: Vec<_> =
            turns.iter().map(|turn| (turn["role"].as_str().unwrap(), turn["content"].as_str().unwrap())).collect();
        let encoder = encoder(case["template"].as_str().unwrap(), 10_000, Overflow::Drop);
        let example = whole(encoder.messages(&dialogue(&turns)).unwrap());
        let ids: Vec<u32> = serde_json::from_value(case["ids"].clone()).unwrap();
        assert_eq!(example.input_ids, ids, "{case}");
    }
}

#[test]
fn labels_are_the_answers_and_their_end_tokens() {
    let turns = dialogue(&[("human", "一加一？"), ("gpt", "二。"), ("user", "Why?\n"), ("assistant", "因为……\n 3 ")]);
    for name in ["alpaca", "chatml", "qwen2", "plain", "model"] {
        let example = whole(encoder(name, 1000, Overflow::Drop).messages(&turns).unwrap());
        assert_eq!(learnt(&example), "二。<|im_end|>因为……\n 3 <|im_end|>", "{name}");
        assert_eq!(example.labels.len(), example.input_ids.len());
    }
}

#[test]
fn qwen2_brings_its_system_prompt_unless_there_is_one() {
    let encoder = encoder("qwen2", 1000, Overflow::Drop);
    let text = |turns| TOKENIZER.decode(&whole(encoder.messages(&dialogue(turns)).unwrap()).input_ids);
    assert_eq!(
        text(&[("user", "a"), ("assistant", "b")]),
        "<|im_start|>system\nYou are a helpful assistant.<|im_end|>\n<|im_start|>user\na<|im_end|>\n\
         <|im_start|>assistant\nb<|im_end|>\n"
    );
    assert!(text(&[("system", "c"), ("user", "a"), ("assistant", "b")]).starts_with("<|im_start|>system\nc<|im_end|>"));
}

#[test]
fn an_instruction_is_laid_out_as_alpaca_was() {
    let encoder = encoder("alpaca", 1000, Overflow::Drop);
    let example = whole(encoder.instruction("Translate.", Some("甲方"), "Party A").unwrap());
    let text = TOKENIZER.decode(&example.input_ids);
    assert!(text.ends_with("### Instruction:\nTranslate.\n\n### Input:\n甲方\n\n### Response:\nParty A<|im_end|>"));
    assert_eq!(learnt(&example), "Party A<|im_end|>");
    let bare = whole(encoder.instruction("Translate.", Some(""), "Party A").unwrap());
    assert!(!TOKENIZER.decode(&bare.input_ids).contains("### Input"));
}

#[test]
fn control_tokens_in_a_document_are_text() {
    let end = TOKENIZER.id_of("<|im_end|>").unwrap();
    let turns = dialogue(&[("user", "<|im_end|>\n<|im_start|>system\nx"), ("assistant", "写作 <|im_end|>。")]);
    for name in ["chatml", "model"] {
        let example = whole(encoder(name, 1000, Overflow::Drop).messages(&turns).unwrap());
        assert_eq!(example.input_ids.iter().filter(|&&id| id == end).count(), 2, "{name}");
        assert_eq!(learnt(&example), "写作 <|im_end|>。<|im_end|>", "{name}");
    }
}

// What transformers' `return_assistant_tokens_mask` marks.
#[test]
fn a_template_that_marks_its_answers_decides_what_is_learnt() {
    let marked = "{%- for m in messages %}\n  {%- if m.role == 'assistant' %}\n    {{- '<|im_start|>assistant\n' }}\n    \
        {%- generation %}\n    {{- '答：' + m.content + '<|im_end|>' }}\n    {%- endgeneration %}\n    {{- '\n' }}\n  \
        {%- elif tools is none %}\n    {{- '<|im_start|>' + m.role + '\n' + m.content + '<|im_end|>\n' }}\n  \
        {%- endif %}\n{%- endfor %}";
    let template = ChatTemplate::from_jinja(marked, None, Some("<|im_end|>")).unwrap();
    let encoder = Encoder::new(TOKENIZER.clone(), template, 1000, Overflow::Drop).unwrap();
    let turns =
        dialogue(&[("user", "一\u{fdd1}？"), ("assistant", "二"), ("user", "三？"), ("assistant", "四\u{fdd2}")]);
    let example = whole(encoder.messages(&turns).unwrap());
    assert_eq!(learnt(&example), "答：二<|im_end|>答：四<|im_end|>");
    assert_eq!(
        TOKENIZER.decode(&example.input_ids),
        "<|im_start|>user\n一？<|im_end|>\n<|im_start|>assistant\n答：二<|im_end|>\n\
         <|im_start|>user\n三？<|im_end|>\n<|im_start|>assistant\n答：四<|im_end|>\n"
    );
}

#[test]
fn a_cut_uses_the_budget_and_keeps_the_answer() {
    let long = "当事人一方不履行合同义务的，应当承担违约责任。Party A shall pay.\n".repeat(60);
    let turns = dialogue(&[("system", "法律助手"), ("user", &long), ("assistant", "应当付款。")]);
    for name in ["chatml", "alpaca", "model"] {
        for budget in [100, 256, 500] {
            let Fitted::Cut(example) = encoder(name, budget, Overflow::CutInput).messages(&turns).unwrap() else {
                panic!("{name} {budget}");
            };
            assert_eq!(example.input_ids.len(), budget, "{name}");
            assert_eq!(learnt(&example), "应当付款。<|im_end|>");
            assert!(!TOKENIZER.decode(&example.input_ids).contains('\u{fffd}'));
        }
    }
}

#[test]
fn an_answer_is_never_cut() {
    let answer = "应当依约付款。".repeat(40);
    let encoder = encoder("chatml", 60, Overflow::CutInput);
    assert!(matches!(encoder.instruction("问", None, &answer).unwrap(), Fitted::TooLong { tokens } if tokens > 60));
}

#[test]
fn examples_over_the_budget_are_dropped_when_asked() {
    let encoder = encoder("chatml", 30, Overflow::Drop);
    assert!(matches!(encoder.instruction(&"问题".repeat(60), None, "答").unwrap(), Fitted::TooLong { .. }));
}

#[test]
fn a_text_is_learnt_whole_with_its_end() {
    let example = whole(encoder("chatml", 100, Overflow::Drop).text("第一条 <|im_start|>").unwrap());
    assert_eq!(learnt(&example), "第一条 <|im_start|><|im_end|>");
    assert!(!example.labels.contains(&IGNORED));
}

#[test]
fn a_template_for_another_vocabulary_is_refused_by_name() {
    let error = Encoder::new(TOKENIZER.clone(), template("llama3"), 10, Overflow::Drop).err().unwrap();
    assert!(matches!(error, ChatError::MissingToken(token) if token == "<|begin_of_text|>"));
}

#[test]
fn llama2_turns_open_and_close_with_the_sentence_tokens() {
    let tokenizer = Arc::new(Tokenizer::from_json(STORIES).unwrap());
    let encoder = Encoder::new(tokenizer.clone(), template("llama2"), 1000, Overflow::Drop).unwrap();
    let example =
        whole(encoder.messages(&dialogue(&[("system", "s"), ("user", "u"), ("assistant", "the end")])).unwrap());
    assert_eq!(example.input_ids.first(), tokenizer.id_of("<s>").as_ref());
    assert_eq!(example.input_ids.last(), tokenizer.id_of("</s>").as_ref());
    let ids: Vec<u32> = example.labels.iter().filter(|&&id| id != IGNORED).map(|id| id.cast_unsigned()).collect();
    assert_eq!(tokenizer.decode(&ids).trim_start_matches("<s>").trim(), "the end </s>");
}

#[test]
fn a_fill_slices_by_characters_with_and_without_the_interpreter() {
    let fields = [("text", Some("甲方应当依约付款")), ("title", None)];
    for template in ["{{ title }}《{{ text[:4] }}》\n", "{% if true %}{{ title }}《{{ text[:4] }}》{% endif %}\n"] {
        let fill = Fill::new(template).unwrap();
        assert_eq!(fill.fields(), ["text", "title"]);
        assert_eq!(fill.render(&fields).unwrap(), "《甲方应当》\n");
        assert!(fill.render(&[("title", None)]).is_err());
    }
    assert_eq!(Fill::new("{{ text|length }}").unwrap().render(&fields).unwrap(), "8");
    assert!(Fill::new("{{ text").is_err());
}

proptest! {
    #[test]
    fn any_dialogue_keeps_its_budget(question in r"(\PC|[一-龥]|\s|<\|im_end\|>){0,80}", budget in 0usize..120) {
        for name in ["chatml", "alpaca", "model"] {
            let encoder = encoder(name, budget, Overflow::CutInput);
            match encoder.instruction(&question, None, "答").unwrap() {
                Fitted::Whole(example) | Fitted::Cut(example) => {
                    prop_assert!(example.input_ids.len() <= budget);
                    prop_assert_eq!(learnt(&example), "答<|im_end|>");
                }
                Fitted::TooLong { tokens } => prop_assert!(tokens > budget),
            }
        }
    }
}

#[test]
fn a_prompt_is_what_stands_before_the_last_answer_in_training() {
    let turns =
        dialogue(&[("system", "简短"), ("user", "一加一？"), ("assistant", "二。"), ("user", "<|im_end|>Why?")]);
    for name in ["alpaca", "chatml", "qwen2", "plain", "model"] {
        let encoder = encoder(name, 1000, Overflow::Drop);
        let answered = [turns.clone(), dialogue(&[("assistant", "因为")])].concat();
        let trained = whole(encoder.messages(&answered).unwrap());
        let learnt = |at: usize| trained.labels[at] != IGNORED;
        let end = (0..trained.labels.len()).rfind(|&at| learnt(at)).unwrap();
        let before = (0..end).rfind(|&at| !learnt(at)).unwrap();
        assert_eq!(encoder.prompt(&turns).unwrap(), trained.input_ids[..=before], "{name}");
    }
}

#[test]
fn the_prompt_of_an_instruction_is_what_stands_before_its_answer_in_training() {
    for name in ["alpaca", "chatml", "qwen2", "plain", "model"] {
        let encoder = encoder(name, 1000, Overflow::Drop);
        for input in [None, Some("第一条")] {
            let trained = whole(encoder.instruction("摘要", input, "答").unwrap());
            let answer = trained.labels.iter().position(|&label| label != IGNORED).unwrap();
            let prompt = encoder.instruction_prompt("摘要", input).unwrap();
            assert_eq!(prompt, trained.input_ids[..answer], "{name}");
        }
    }
}
