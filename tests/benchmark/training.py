"""Times LoRA steps of siyu-train and of PyTorch with PEFT: same model, rows, recipe, threads and precision (f32, CPU).

    python tests/benchmark/training.py --siyu-train target/release/siyu-train --model MODEL --dataset out/legal

MODEL is a folder that siyu-train and transformers both read; `--random CONFIG` makes one with weights of chance from a
config.json and the dataset's tokenizer first. The environment is that of tests/reference/requirements.txt with pyarrow;
training.yaml beside this file makes the dataset. The peer does what its users do: a padded batch, `model(**batch).loss`,
AdamW, clipping. Prints seconds a step and tokens a second, padding not counted, the first step left out, and the peak
of memory. The two read the rows in different orders: tokens a second are the fair comparison.
"""

import argparse
import json
import os
import pathlib
import resource
import subprocess
import tempfile
import time


def siyu(arguments, folder):
    file = folder / "train.yaml"
    recipe = {
        "model": str(arguments.model), "dataset": str(arguments.dataset), "output": str(folder / "out"),
        "device": "cpu", "batch": arguments.batch, "accumulation": arguments.accumulation, "epochs": 1000,
        "max_steps": arguments.steps, "warm_up": 1, "state_every_steps": 1000000,
        "evaluation": {"max_rows": 1}, "lora": {"dropout": arguments.dropout},
    }
    if arguments.pack:
        recipe["batch_tokens"] = arguments.pack
    file.write_text(json.dumps(recipe))
    environment = {**os.environ, "OMP_NUM_THREADS": str(arguments.threads), "MKL_NUM_THREADS": str(arguments.threads)}
    subprocess.run([arguments.siyu_train, "train", file], check=True, env=environment)
    memory = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    lines = [json.loads(line) for line in (folder / "out/metrics.jsonl").read_text().splitlines()]
    steps = [line for line in lines if "loss" in line][1:]
    seconds, tokens = sum(step["seconds"] for step in steps), sum(step["tokens"] for step in steps)
    return {"seconds_per_step": seconds / len(steps), "tokens_per_second": tokens / seconds, "peak_kb": memory}


def peer(arguments):
    import pyarrow.dataset
    import torch
    from peft import LoraConfig, get_peft_model
    from transformers import AutoModelForCausalLM

    torch.set_num_threads(arguments.threads)
    files = sorted(str(path) for path in (arguments.dataset / "data").glob("train-*.parquet"))
    table = pyarrow.dataset.dataset(files).to_table(columns=["input_ids", "labels"]).to_pylist()
    model = AutoModelForCausalLM.from_pretrained(arguments.model, dtype=torch.float32)
    config = LoraConfig(r=16, lora_alpha=32, lora_dropout=arguments.dropout, target_modules=["q_proj", "v_proj"])
    model = get_peft_model(model, config)
    model.train()
    trained = [value for value in model.parameters() if value.requires_grad]
    optimizer = torch.optim.AdamW(trained, lr=2e-4)
    step_rows = arguments.batch * arguments.accumulation
    times, tokens = [], 0
    for step in range(arguments.steps):
        rows = [table[(step * step_rows + index) % len(table)] for index in range(step_rows)]
        begin = time.perf_counter()
        for start in range(0, step_rows, arguments.batch):
            batch = rows[start : start + arguments.batch]
            longest = max(len(row["input_ids"]) for row in batch)
            pad = lambda values, fill: values + [fill] * (longest - len(values))
            made = {
                "input_ids": torch.tensor([pad(row["input_ids"], 0) for row in batch]),
                "attention_mask": torch.tensor([pad([1] * len(row["input_ids"]), 0) for row in batch]),
                "labels": torch.tensor([pad(row["labels"], -100) for row in batch]),
            }
            (model(**made).loss / arguments.accumulation).backward()
        torch.nn.utils.clip_grad_norm_(trained, 1.0)
        optimizer.step()
        optimizer.zero_grad()
        if step:
            times.append(time.perf_counter() - begin)
            tokens += sum(len(row["input_ids"]) for row in rows)
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return {"seconds_per_step": sum(times) / len(times), "tokens_per_second": tokens / sum(times), "peak_kb": memory}


def random_model(arguments):
    import torch
    from transformers import AutoConfig, AutoModelForCausalLM

    torch.manual_seed(0)
    config = AutoConfig.from_pretrained(arguments.random)
    AutoModelForCausalLM.from_config(config, dtype=torch.float32).save_pretrained(arguments.model)
    tokenizer = json.loads((arguments.dataset / "manifest.json").read_text())["tokenizer"]["path"]
    (arguments.model / "tokenizer.json").write_bytes(pathlib.Path(tokenizer).read_bytes())


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--siyu-train", required=True)
    parser.add_argument("--model", type=pathlib.Path, required=True)
    parser.add_argument("--dataset", type=pathlib.Path, required=True)
    parser.add_argument("--random", type=pathlib.Path)
    parser.add_argument("--batch", type=int, default=4)
    parser.add_argument("--accumulation", type=int, default=1)
    parser.add_argument("--pack", type=int, help="siyu packs the rows of a step into batches of so many tokens")
    parser.add_argument("--steps", type=int, default=6)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--dropout", type=float, default=0.05)
    parser.add_argument("--only", choices=["siyu", "peer"])
    arguments = parser.parse_args()
    if arguments.random:
        random_model(arguments)
    with tempfile.TemporaryDirectory() as folder:
        if arguments.only != "peer":
            print("siyu", json.dumps(siyu(arguments, pathlib.Path(folder))), flush=True)
    if arguments.only != "siyu":
        print("peer", json.dumps(peer(arguments)), flush=True)


if __name__ == "__main__":
    main()
