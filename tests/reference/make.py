"""Writes golden/: tiny models, adapters and what transformers, PEFT and bitsandbytes compute with them.

The tests of siyu-model read the files; nothing in the repository needs this script to run. To write them again:

    python3 -m venv /tmp/reference
    /tmp/reference/bin/pip install -r tests/reference/requirements.txt
    /tmp/reference/bin/python tests/reference/make.py

With `--check FOLDER` it loads an adapter that siyu wrote (the test `adapter` leaves one where `SIYU_ADAPTER_OUT` says)
into PEFT and reports missing and unexpected keys and the largest difference to the golden logits.
"""

import argparse
import json
import pathlib
import shutil
import sys
import types
import warnings

# The kernels of bitsandbytes for the CPU round some statistics to another than the nearest code; the general ones, which
# this leaves in place, do what those for GPUs do.
sys.modules["bitsandbytes.backends.cpu"] = types.SimpleNamespace(ops=None)

import bitsandbytes.functional as bnb
import torch
from peft import LoraConfig, PeftModel, get_peft_model
from safetensors.torch import load_file, save_file
from transformers import AutoConfig, AutoModelForCausalLM
from transformers.utils import logging

GOLDEN = pathlib.Path(__file__).parent / "golden"
SIZES = dict(
    hidden_size=32, intermediate_size=40, num_hidden_layers=2, num_attention_heads=4, num_key_value_heads=2,
    vocab_size=48, max_position_embeddings=64, initializer_range=0.25, bos_token_id=1, eos_token_id=2,
)
MODELS = {
    "llama": dict(model_type="llama", tie_word_embeddings=False, attention_bias=True, mlp_bias=True),
    "qwen2": dict(model_type="qwen2", tie_word_embeddings=True),
    "qwen3": dict(model_type="qwen3", head_dim=16, tie_word_embeddings=False),
    "mistral": dict(model_type="mistral", sliding_window=6, tie_word_embeddings=False),
}
ROPES = {
    "linear": dict(rope_type="linear", factor=4.0),
    "dynamic": dict(rope_type="dynamic", factor=2.0),
    "llama3": dict(
        rope_type="llama3", factor=8.0, low_freq_factor=1.0, high_freq_factor=4.0, original_max_position_embeddings=16
    ),
    "yarn": dict(rope_type="yarn", factor=4.0, original_max_position_embeddings=16),
}
ADAPTERS = {
    "plain": dict(r=4, lora_alpha=8, target_modules=["q_proj", "v_proj"]),
    "patterns": dict(
        r=4, lora_alpha=6, use_rslora=True, target_modules="all-linear",
        rank_pattern={"q_proj": 2, "layers.1.mlp.down_proj": 6}, alpha_pattern={"k_proj": 3},
    ),
    "dora": dict(r=3, lora_alpha=5, use_dora=True, target_modules=["q_proj", "o_proj", "up_proj"]),
    "saved": dict(r=2, lora_alpha=4, target_modules=["k_proj"], modules_to_save=["embed_tokens", "lm_head"]),
}
LENGTHS = (13, 9, 13)


def documents():
    """Ids of three documents, two of them equally long, and labels that leave out the first third."""
    generator = torch.Generator().manual_seed(7)
    for length in LENGTHS:
        ids = torch.randint(3, SIZES["vocab_size"], (length,), generator=generator)
        labels = ids.clone()
        labels[: length // 3] = -100
        yield ids, labels


def tiny(name, **changes):
    settings = {**SIZES, **MODELS[name], **changes}
    config = AutoConfig.for_model(settings.pop("model_type"), **settings)
    torch.manual_seed(11)
    model = AutoModelForCausalLM.from_config(config, attn_implementation="eager").eval()
    with torch.no_grad():
        for key, value in model.named_parameters():
            if "norm" in key:
                value.add_(torch.randn_like(value) * 0.1)
            elif key.endswith("bias"):
                value.copy_(torch.randn_like(value) * 0.1)
            # Rounded so that the file may hold 16-bit numbers and both sides compute with the same ones.
            value.copy_(value.bfloat16().float())
    return model


def logits(model):
    with torch.no_grad():
        return {f"logits.{n}": model(ids[None]).logits[0] for n, (ids, _) in enumerate(documents())}


def gradients(model):
    """Mean loss over the labels of all documents and its gradient in everything that is trained."""
    total = sum(int((labels[1:] != -100).sum()) for _, labels in documents())
    model.zero_grad()
    loss = 0.0
    for ids, labels in documents():
        rows = model(ids[None]).logits[0, :-1]
        part = torch.nn.functional.cross_entropy(rows, labels[1:], ignore_index=-100, reduction="sum") / total
        part.backward()
        loss += part.item()
    found = {f"gradient.{key}": value.grad for key, value in model.named_parameters() if value.grad is not None}
    return {"loss": torch.tensor([loss], dtype=torch.float64), **found}


def write(folder, tensors):
    save_file({key: value.detach().clone().contiguous() for key, value in tensors.items()}, folder / "golden.safetensors")


def save_model(model, folder):
    model.save_pretrained(folder)
    stored = {key: value.bfloat16() for key, value in load_file(folder / "model.safetensors").items()}
    save_file(stored, folder / "model.safetensors", metadata={"format": "pt"})
    (folder / "generation_config.json").unlink(missing_ok=True)


def models():
    ids = {f"ids.{n}": ids for n, (ids, _) in enumerate(documents())}
    labels = {f"labels.{n}": labels for n, (_, labels) in enumerate(documents())}
    write(GOLDEN, {**ids, **labels})
    for name in MODELS:
        folder = GOLDEN / name
        folder.mkdir()
        model = tiny(name)
        save_model(model, folder)
        write(folder, {**logits(model), **(gradients(model) if name == "qwen2" else {})})


def ropes():
    """The Llama with other angles: only the last row of logits of a text longer than the first training's."""
    weights = tiny("llama").state_dict()
    ids = torch.arange(40) % 45 + 3
    for name, rope in ROPES.items():
        folder = GOLDEN / f"rope-{name}"
        folder.mkdir()
        model = tiny("llama", max_position_embeddings=24, rope_parameters={"rope_theta": 10000.0, **rope})
        model.load_state_dict(weights)
        model.config.save_pretrained(folder)
        with torch.no_grad():
            write(folder, {"ids": ids, "logits": model(ids[None]).logits[0, -1:]})


def adapters():
    for name, settings in ADAPTERS.items():
        folder = GOLDEN / f"adapter-{name}"
        base = "qwen2" if name == "saved" else "llama"
        torch.manual_seed(13)
        model = get_peft_model(tiny(base), LoraConfig(task_type="CAUSAL_LM", lora_dropout=0.0, **settings))
        with torch.no_grad():
            for key, value in model.named_parameters():
                if "lora_" in key or "modules_to_save" in key:
                    value.add_(torch.randn_like(value) * 0.1)
        model.save_pretrained(folder)
        (folder / "README.md").unlink(missing_ok=True)
        found = gradients(model.train())
        renamed = {
            key.replace(".modules_to_save.default", "").replace(".default.weight", ".weight")
            .replace("lora_magnitude_vector.weight", "lora_magnitude_vector"): value
            for key, value in found.items()
        }
        write(folder, {**logits(model.eval()), **renamed})


def quantized():
    """Codes and statistics of bitsandbytes for a matrix, as it stores them, and a whole model made of them."""
    folder = GOLDEN / "nf4"
    folder.mkdir()
    model = tiny("llama")
    stored = {}
    for key, value in model.state_dict().items():
        if "_proj.weight" not in key:
            stored[key] = value.bfloat16()
            continue
        # The statistics of these fill less than a block of their own; those of `large` below fill one and a half.
        codes, state = bnb.quantize_4bit(value, blocksize=64, compress_statistics=True, quant_type="nf4")
        stored[key] = codes
        stored.update({f"{key}.{suffix}": part for suffix, part in state.as_dict(packed=True).items()})
        value.copy_(bnb.dequantize_4bit(codes, state))
    save_file(stored, folder / "model.safetensors", metadata={"format": "pt"})
    config = model.config.to_dict()
    config["quantization_config"] = dict(
        quant_method="bitsandbytes", load_in_4bit=True, bnb_4bit_quant_type="nf4", bnb_4bit_use_double_quant=True,
        bnb_4bit_compute_dtype="float32",
    )
    (folder / "config.json").write_text(json.dumps(config, indent=1))
    generator = torch.Generator().manual_seed(17)
    large = (torch.randn(192, 128, generator=generator) * torch.rand(192, 1, generator=generator)).bfloat16().float()
    codes, state = bnb.quantize_4bit(large, blocksize=64, compress_statistics=True, quant_type="nf4")
    parts = {f"large.weight.{suffix}": part for suffix, part in state.as_dict(packed=True).items()}
    write(folder, {**logits(model), "large.weight": codes, **parts, "large": large.bfloat16()})


def check(folder):
    """What PEFT says of an adapter that siyu wrote for the tiny Llama."""
    base = tiny("llama")
    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        model = PeftModel.from_pretrained(base, folder)
        again = model.load_adapter(folder, adapter_name="again")
    print("missing keys:", [key for key in again.missing_keys if "lora" in key or "modules_to_save" in key])
    print("unexpected keys:", again.unexpected_keys)
    print("warnings:", [str(warning.message) for warning in warned])
    golden = load_file(GOLDEN / "adapter-plain" / "golden.safetensors")
    found = logits(model.eval())
    print("largest difference:", max((found[key] - golden[key]).abs().max().item() for key in found))


if __name__ == "__main__":
    logging.set_verbosity_error()
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", metavar="FOLDER", help="load an adapter that siyu wrote")
    arguments = parser.parse_args()
    if arguments.check:
        check(arguments.check)
    else:
        shutil.rmtree(GOLDEN, ignore_errors=True)
        GOLDEN.mkdir()
        models()
        ropes()
        adapters()
        quantized()
