"""Writes the ids that transformers' apply_chat_template gives, for the tests of siyu_text::chat.

    python crates/siyu-text/scripts/chat_template_ids.py > crates/siyu-text/tests/fixtures/chat_template_ids.json

Needs transformers 5. Run from the repository's root.
"""

import json
from transformers import AutoTokenizer

CHATML = (
    "{% for message in messages %}{{ '<|im_start|>' + message['role'] + '\\n' + message['content']"
    " + '<|im_end|>' + '\\n' }}{% endfor %}"
)
DIALOGUES = [
    [("user", "合同无效后，已付的货款如何处理？"), ("assistant", "因合同取得的财产，应当予以返还。")],
    [("system", "你是一名法律助手。"), ("user", "Hello, 甲方\n\n应当？"), ("assistant", "应当依约付款 (clause 3).")],
    [("user", "一"), ("assistant", "二。\n三。"), ("user", " four? "), ("assistant", "五 6 seven\n")],
]

tokenizer = AutoTokenizer.from_pretrained("sample-data/models/tiny-zh")
cases = []
for dialogue in DIALOGUES:
    messages = [{"role": role, "content": content} for role, content in dialogue]
    for name, template in [("chatml", CHATML), ("model", tokenizer.chat_template)]:
        ids = tokenizer.apply_chat_template(messages, chat_template=template, tokenize=True, return_dict=False)
        cases.append({"template": name, "messages": messages, "ids": ids})
print("[\n" + ",\n".join(json.dumps(case, ensure_ascii=False) for case in cases) + "\n]")
