"""Writes golden/merged/: what PEFT's merge_and_unload makes of the tiny bases and adapters in golden/.

The tests of siyu-export read the files; make.py has made what they start from. To write them again:

    python3 -m venv /tmp/reference
    /tmp/reference/bin/pip install -r tests/reference/requirements.txt
    /tmp/reference/bin/python tests/reference/merge.py
"""

import pathlib
import shutil

import torch
from peft import PeftModel
from safetensors.torch import save_file
from transformers import AutoModelForCausalLM
from transformers.utils import logging

GOLDEN = pathlib.Path(__file__).parent / "golden"
BASES = {"plain": "llama", "patterns": "llama", "dora": "llama", "saved": "qwen2"}
PRECISIONS = {"f32": torch.float32, "bf16": torch.bfloat16, "f16": torch.float16}


def merged(adapter, precision):
    """The tensors that the merge changed, in the kind of number that the base is held in."""
    folder = GOLDEN / BASES[adapter]
    base = AutoModelForCausalLM.from_pretrained(folder, dtype=precision)
    before = {name: tensor.clone() for name, tensor in base.state_dict().items()}
    model = PeftModel.from_pretrained(base, GOLDEN / f"adapter-{adapter}").merge_and_unload()
    after = {name: tensor.to(precision) for name, tensor in model.state_dict().items()}
    return {name: tensor.contiguous() for name, tensor in after.items() if not torch.equal(tensor, before[name])}


if __name__ == "__main__":
    logging.set_verbosity_error()
    shutil.rmtree(GOLDEN / "merged", ignore_errors=True)
    (GOLDEN / "merged").mkdir()
    for adapter in BASES:
        for name, precision in PRECISIONS.items():
            save_file(merged(adapter, precision), GOLDEN / "merged" / f"{adapter}-{name}.safetensors")
