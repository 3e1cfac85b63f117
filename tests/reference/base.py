"""Writes golden/tiny-zh.json: what transformers makes of sample-data/models/tiny-zh.

The test `base` of siyu-train compares its loss on statutes and its greedy continuations with it; nothing in the
repository needs this script to run. In the environment that make.py describes:

    /tmp/reference/bin/python tests/reference/base.py
"""

import json
import pathlib

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

ROOT = pathlib.Path(__file__).resolve().parents[2]
BASE = ROOT / "sample-data/models/tiny-zh"
PROMPTS = ["第一条 为了", "违反本条例规定，", "市人民政府应当"]
LENGTH, CONTINUED = 512, 40


def statutes(model, tokenizer):
    """The mean loss of each statute's first tokens, from its first article on."""
    total, labels = 0.0, 0
    for line in (ROOT / "sample-data/laws/laws.jsonl").read_text(encoding="utf-8").splitlines():
        text = json.loads(line)["content"]
        ids = torch.tensor(tokenizer(text[text.index("第一条") :])["input_ids"][:LENGTH])
        logits = model(input_ids=ids[None]).logits[0, :-1]
        total += torch.nn.functional.cross_entropy(logits, ids[1:], reduction="sum").item()
        labels += len(ids) - 1
    return {"loss": total / labels, "labels": labels}


def greedy(model, tokenizer, prompt):
    ids = torch.tensor([tokenizer(prompt)["input_ids"]])
    made = model.generate(ids, attention_mask=torch.ones_like(ids), do_sample=False, max_new_tokens=CONTINUED)
    return {"prompt": prompt, "text": tokenizer.decode(made[0, ids.shape[1] :], skip_special_tokens=True)}


def main():
    torch.set_num_threads(1)
    tokenizer = AutoTokenizer.from_pretrained(BASE)
    model = AutoModelForCausalLM.from_pretrained(BASE, dtype=torch.float32, attn_implementation="eager").eval()
    with torch.no_grad():
        found = {
            "statutes": statutes(model, tokenizer),
            "greedy": [greedy(model, tokenizer, prompt) for prompt in PROMPTS],
        }
    text = json.dumps(found, ensure_ascii=False, indent=1)
    (ROOT / "tests/reference/golden/tiny-zh.json").write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
