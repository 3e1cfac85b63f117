"""Writes golden/curve/: an adapter and the losses of 200 steps of PyTorch with PEFT.

The test `curve` of siyu-train trains the same adapter on the same rows in the same order and reads the losses; nothing
in the repository needs this script to run. The order of rows is siyu's own: `SIYU_CURVE_OUT=tests/reference/golden/curve
cargo test -p siyu-train --test curve` writes `rows.json`, then

    /tmp/reference/bin/python tests/reference/curve.py

makes the rest of it, in the environment that make.py describes.
"""

import json
import pathlib

import torch
from peft import LoraConfig, get_peft_model
from transformers import AutoModelForCausalLM, get_linear_schedule_with_warmup

GOLDEN = pathlib.Path(__file__).parent / "golden"
FOLDER = GOLDEN / "curve"
STEPS, ACCUMULATION, WARM_UP, RATE, CLIP, DECAY = 200, 8, 20, 5e-3, 1.0, 0.01


def adapted():
    model = AutoModelForCausalLM.from_pretrained(GOLDEN / "llama", dtype=torch.float32, attn_implementation="eager")
    torch.manual_seed(3)
    config = LoraConfig(r=4, lora_alpha=8, target_modules=["q_proj", "v_proj"], task_type="CAUSAL_LM")
    return get_peft_model(model, config)


def loss_of(model, ids, labels):
    """The summed loss of one row, computed from its logits."""
    logits = model(input_ids=torch.tensor([ids])).logits[0, :-1].float()
    targets = torch.tensor(labels[1:])
    return torch.nn.functional.cross_entropy(logits, targets, ignore_index=-100, reduction="sum")


def main():
    torch.set_num_threads(1)
    model = adapted()
    model.save_pretrained(FOLDER / "adapter")
    (FOLDER / "adapter/README.md").unlink(missing_ok=True)
    file = FOLDER / "adapter/adapter_config.json"
    file.write_text(json.dumps({**json.loads(file.read_text()), "base_model_name_or_path": "llama"}, indent=2) + "\n")
    model.train()
    trained = [value for value in model.parameters() if value.requires_grad]
    optimizer = torch.optim.AdamW(trained, lr=RATE, weight_decay=DECAY)
    schedule = get_linear_schedule_with_warmup(optimizer, WARM_UP, STEPS)
    feed = json.loads((FOLDER / "rows.json").read_text())
    rows = [feed["rows"][index] for index in feed["order"]]
    assert len(rows) == STEPS * ACCUMULATION
    losses, norms = [], []
    for step in range(STEPS):
        batch = rows[step * ACCUMULATION : (step + 1) * ACCUMULATION]
        count = sum(label != -100 for row in batch for label in row["labels"][1:])
        total = 0.0
        for row in batch:
            loss = loss_of(model, row["ids"], row["labels"])
            (loss / count).backward()
            total += loss.item()
        norms.append(torch.nn.utils.clip_grad_norm_(trained, CLIP).item())
        optimizer.step()
        schedule.step()
        optimizer.zero_grad()
        losses.append(total / count)
    text = json.dumps({"losses": losses, "norms": norms}, indent=1)
    (FOLDER / "losses.json").write_text(text + "\n")


if __name__ == "__main__":
    main()
