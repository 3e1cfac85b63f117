//! `OpenAI`'s own client for Python against the service.

#![allow(clippy::unwrap_used, reason = "a test that meets what it does not expect has failed")]

mod running;

use running::start;
use std::process::Command;

const SCRIPT: &str = r#"
import sys, openai
client = openai.OpenAI(base_url=sys.argv[1], api_key="none", max_retries=0, timeout=120)
assert [model.id for model in client.models.list()] == ["stories"]
assert client.models.retrieve("stories").object == "model"
messages = [{"role": "system", "content": "Tell a story."}, {"role": "user", "content": "Once upon a time"}]
settings = dict(model="stories", messages=messages, max_tokens=32, seed=5, temperature=0.8)

whole = client.chat.completions.create(**settings, logprobs=True, top_logprobs=3)
choice = whole.choices[0]
assert choice.finish_reason in ("stop", "length") and choice.message.role == "assistant"
assert choice.message.content and whole.usage.total_tokens == whole.usage.prompt_tokens + whole.usage.completion_tokens
assert len(choice.logprobs.content[0].top_logprobs) == 3
assert client.chat.completions.create(**settings).choices[0].message.content == choice.message.content, "one seed"

chunks = list(client.chat.completions.create(**settings, stream=True, stream_options={"include_usage": True}))
text = "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)
assert text == choice.message.content, (text, choice.message.content)
assert chunks[0].choices[0].delta.role == "assistant"
assert chunks[-1].usage.completion_tokens == whole.usage.completion_tokens
assert [chunk.choices[0].finish_reason for chunk in chunks if chunk.choices][-1] == choice.finish_reason

parts = [{"type": "text", "text": "Once upon "}, {"type": "text", "text": "a time"}]
same = client.chat.completions.create(**{**settings, "messages": [messages[0], {"role": "user", "content": parts}]})
assert same.choices[0].message.content == choice.message.content

completion = client.completions.create(model="stories", prompt="The dog", max_tokens=24, temperature=0)
stopped = client.completions.create(model="stories", prompt="The dog", max_tokens=24, temperature=0,
                                    stop=[completion.choices[0].text[8:11]], logprobs=2)
assert stopped.choices[0].finish_reason == "stop"
assert completion.choices[0].text.startswith(stopped.choices[0].text)
assert len(stopped.choices[0].logprobs.top_logprobs[0]) == 2

with client.chat.completions.create(**settings, stream=True) as stream:
    next(iter(stream))

for error, change in [
    (openai.BadRequestError, {"n": 2}),
    (openai.BadRequestError, {"temperature": 9}),
    (openai.NotFoundError, {"model": "other"}),
]:
    try:
        client.chat.completions.create(**{**settings, **change})
    except error as refused:
        assert refused.body["message"], refused
    else:
        raise AssertionError(change)
"#;

#[test]
#[ignore = "needs Python with openai: `cargo xtask test` installs it and runs this"]
fn the_client_of_openai_gets_answers_streams_and_errors() {
    let service = start("");
    let python = std::env::var("SIYU_TEST_PYTHON").expect("SIYU_TEST_PYTHON names a Python with openai");
    let url = format!("http://{}/v1", service.address);
    let run = Command::new(python).args(["-c", SCRIPT, &url]).env("NO_PROXY", "127.0.0.1").output().unwrap();
    assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stderr));
}
