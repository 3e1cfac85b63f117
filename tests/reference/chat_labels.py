"""Writes what transformers and TRL make of 500 dialogues: ids, and labels as the spans that are learnt.

    python -m venv venv && venv/bin/pip install -r tests/reference/requirements.txt
    venv/bin/python tests/reference/chat_labels.py > crates/siyu-text/tests/fixtures/chat_labels.json

Run from the repository's root. Every dialogue is made here. Ids are `apply_chat_template`'s, labels those of TRL's
`SFTTrainer`: with `assistant_only_loss` for dialogues, of prompt and completion for instructions. Ids are written as
their number and the beginning of their SHA-256, so that the file stays small.
"""

import hashlib
import json
import os
import pathlib
import random
import sys
import types

os.environ["HF_HUB_OFFLINE"] = "1"
os.environ["HF_DATASETS_DISABLE_PROGRESS_BARS"] = "1"

import datasets
import trl
from transformers import PreTrainedTokenizerFast
from trl import SFTConfig, SFTTrainer

TEMPLATES = pathlib.Path(trl.__file__).parent / "chat_templates"
LLAMA3 = ["<|begin_of_text|>", "<|start_header_id|>", "<|end_header_id|>", "<|eot_id|>"]

CHATML = (
    "{% for message in messages %}{{ '<|im_start|>' + message.role + '\n' }}"
    "{% if message.role == 'assistant' %}{% generation %}{{ message.content + '<|im_end|>' }}{% endgeneration %}"
    "{% else %}{{ message.content + '<|im_end|>' }}{% endif %}{{ '\n' }}{% endfor %}"
)
# Meta's layout: the system's words stand inside the first question, and what is stripped is the two together. A prompt
# ends with `[/INST]`, so the space behind it is the model's, as it is in TRL's prompts and completions.
LLAMA2 = (
    "{% set system = messages[0].content if messages[0].role == 'system' else none %}"
    "{% set turns = messages[1:] if system is not none else messages %}"
    "{% for message in turns %}{% if message.role == 'user' %}"
    "{% set said = '<<SYS>>\n' + system + '\n<</SYS>>\n\n' + message.content if loop.first and system is not none else message.content %}"
    "{{ bos_token + '[INST] ' + said.strip() + ' [/INST]' }}"
    "{% else %}{% generation %}{{ ' ' + message.content.strip() + ' ' + eos_token }}{% endgeneration %}{% endif %}{% endfor %}"
)
ALPACA = (
    "Below is an instruction that describes a task. "
    "Write a response that appropriately completes the request.\n\n### Instruction:\n{instruction}\n\n### Response:\n"
)
ALPACA_WITH_INPUT = (
    "Below is an instruction that describes a task, paired with an input that provides further context. "
    "Write a response that appropriately completes the request.\n\n### Instruction:\n{instruction}"
    "\n\n### Input:\n{input}\n\n### Response:\n"
)

WORDS = """甲方 乙方 应当 依约 付款 合同 解除 违约金 第三条 自然人 法院 管辖 請求權 時效 诉讼 如何 为什么 吗 吧 the party shall
pay within 30 days clause 3.2 don't it's résumé naïve 😀 👩‍💻 α β ∑ 2024-01-02 12:30 http://a.example/b?c=d e-mail ¥1,234.50
１２３ ＡＢＣ "quoted" (see above) [1] {x} <b> & * _ # `code` \\ / | ~ … —— 「」 《民法典》""".split()


def text(random, most):
    """Words with all kinds of white space between them, some of it at the ends."""
    parts = []
    for _ in range(random.randint(1, most)):
        parts += [random.choice(WORDS), random.choice(["", "", " ", " ", "，", "。", ", ", ".\n", "\n\n", "\t", "  "])]
    return "".join(parts)


def answer(random, most):
    """A text that does not begin with white space: see `border` for those that do."""
    return text(random, most)


def dialogue(random):
    messages = []
    if random.random() < 0.4:
        messages.append({"role": "system", "content": text(random, 8)})
    for _ in range(random.choice([1, 1, 1, 2, 2, 3])):
        lead = random.choice(["", "", "", " ", "\n", "  \n"])
        messages.append({"role": "user", "content": lead + text(random, 12)})
        messages.append({"role": "assistant", "content": answer(random, 16)})
    return messages


def tiny():
    tokenizer = PreTrainedTokenizerFast(tokenizer_file="sample-data/models/tiny-zh/tokenizer.json")
    tokenizer.add_special_tokens({"additional_special_tokens": LLAMA3})
    return tokenizer


def settings(tokenizer, template, bos, eos):
    tokenizer.bos_token, tokenizer.eos_token = bos, eos
    return tokenizer, template


def prepared(tokenizer, template, rows, assistant_only):
    """What SFTTrainer trains on, by its own preparation of a dataset."""
    trainer = types.SimpleNamespace(_tokenizer=tokenizer, chat_template=template, completion_only_loss=not assistant_only)
    arguments = types.SimpleNamespace(
        dataset_num_proc=None,
        dataset_text_field="text",
        assistant_only_loss=assistant_only,
        max_length=None,
        shuffle_dataset=False,
        seed=0,
    )
    dataset = datasets.Dataset.from_list(rows)
    return SFTTrainer._prepare_dataset(trainer, dataset, tokenizer, arguments, False, None, "reference")


def row(prepared):
    """Number and hash of the ids, and where labels begin and end."""
    ids, labels = prepared["input_ids"], prepared["labels"]
    assert all(label in (-100, id) for id, label in zip(ids, labels, strict=True))
    spans, start = [], None
    for place, label in enumerate([*labels, -100]):
        if label != -100 and start is None:
            start = place
        elif label == -100 and start is not None:
            spans += [start, place]
            start = None
    digest = hashlib.sha256(",".join(map(str, ids)).encode()).hexdigest()[:12]
    return [len(ids), digest, *spans]


def main():
    source = random.Random(20261126)
    dialogues = [dialogue(source) for _ in range(500)]
    llama3 = (TEMPLATES / "llama3_training.jinja").read_text(encoding="utf-8")
    qwen = (TEMPLATES / "qwen2_5_training.jinja").read_text(encoding="utf-8")
    # Qwen2 has this sentence, Qwen2.5 another.
    qwen2 = qwen.replace("You are Qwen, created by Alibaba Cloud. You are a helpful assistant.", "You are a helpful assistant.")
    assert qwen2 != qwen
    stories = PreTrainedTokenizerFast(tokenizer_file="sample-data/models/stories260k/tokenizer.json")
    by_template = {
        "chatml": settings(tiny(), CHATML, None, "<|im_end|>"),
        "qwen2": settings(tiny(), qwen2, None, "<|im_end|>"),
        "llama2": settings(stories, LLAMA2, "<s>", "</s>"),
        "llama3": settings(tiny(), llama3, "<|begin_of_text|>", "<|eot_id|>"),
    }
    chats = [{"messages": messages} for messages in dialogues]
    templates = {
        name: [row(one) for one in prepared(tokenizer, template, chats, True)]
        for name, (tokenizer, template) in by_template.items()
    }
    # The first question and answer of each, as an instruction; every other one has an input.
    tokenizer, _ = settings(tiny(), None, None, "<|im_end|>")
    instructions, prompts = [], []
    for number, messages in enumerate(dialogues[:200]):
        question, said = [message["content"] for message in messages if message["role"] != "system"][:2]
        given = {"instruction": question, "input": text(source, 10) if number % 2 else "", "output": said}
        instructions.append(given)
        form = ALPACA_WITH_INPUT if given["input"] else ALPACA
        prompts.append({"prompt": form.format(**given), "completion": said})
    alpaca = [row(one) for one in prepared(tokenizer, None, prompts, False)]
    made = {
        "made_by": f"transformers {__import__('transformers').__version__}, trl {trl.__version__}",
        "dialogues": [[[message["role"], message["content"]] for message in messages] for messages in dialogues],
        "templates": templates,
        "inputs": [one["input"] for one in instructions],
        "alpaca": alpaca,
    }
    lines = ["{"]
    for last, (name, value) in ((name == "alpaca", item) for name, item in [(key, (key, made[key])) for key in made]):
        lines.append(f" {json.dumps(name)}: {json.dumps(value, ensure_ascii=False, separators=(',', ':'))}{'' if last else ','}")
    lines.append("}")
    print("\n".join(lines))


if __name__ == "__main__":
    sys.exit(main())
