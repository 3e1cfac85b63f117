"""Decoding with a random Llama of 32 million parameters, beside transformers and onnxruntime-genai.

    python tests/benchmark/serving.py model OUT            writes the model
    python tests/benchmark/serving.py transformers OUT     tokens a second of `generate`
    python tests/benchmark/serving.py genai EXPORTED       the same of onnxruntime-genai on the exported folder
    python tests/benchmark/serving.py stream URL           first byte and gaps of a running `siyu serve`

Between the first two and the third, `cargo run --release -p siyu-serve --example decode_bench -- OUT EXPORTED 1`
exports the model and measures the engine. All use as many threads as THREADS says, 1 by default.
"""

import json
import os
import sys
import time

THREADS = int(os.environ.get("THREADS", "1"))
PROMPT, ANSWER = 64, 192
IDS = [at * 31 % 500 + 3 for at in range(PROMPT)]


def model(out):
    import torch
    from tokenizers import Tokenizer, models
    from transformers import LlamaConfig, LlamaForCausalLM

    torch.manual_seed(0)
    config = LlamaConfig(
        vocab_size=8192, hidden_size=512, intermediate_size=1408, num_hidden_layers=8, num_attention_heads=8,
        num_key_value_heads=4, max_position_embeddings=2048, tie_word_embeddings=False,
        bos_token_id=1, eos_token_id=2,
    )
    made = LlamaForCausalLM(config)
    print(f"{sum(weight.numel() for weight in made.parameters()):,} parameters")
    made.save_pretrained(out)
    words = {f"w{number} ": number for number in range(8192)}
    Tokenizer(models.WordLevel(words, unk_token="w0 ")).save(os.path.join(out, "tokenizer.json"))


def transformers(out):
    import torch
    from transformers import LlamaForCausalLM

    torch.set_num_threads(THREADS)
    made = LlamaForCausalLM.from_pretrained(out).eval()
    prompt = torch.tensor([IDS])

    def run(count):
        began = time.perf_counter()
        with torch.no_grad():
            made.generate(prompt, attention_mask=torch.ones_like(prompt), do_sample=False, max_new_tokens=count,
                          min_new_tokens=count, pad_token_id=0)
        return time.perf_counter() - began

    run(8)
    prefill = run(1)
    print(f"transformers: {(ANSWER - 1) / (run(ANSWER) - prefill):.1f} tokens/s")


def genai(exported):
    import numpy
    import onnxruntime_genai

    path = os.path.join(exported, "genai_config.json")
    config = json.load(open(path))
    config["model"]["decoder"].setdefault("session_options", {})["intra_op_num_threads"] = THREADS
    json.dump(config, open(path, "w"))
    made = onnxruntime_genai.Model(exported)

    def run():
        parameters = onnxruntime_genai.GeneratorParams(made)
        parameters.set_search_options(do_sample=False, max_length=PROMPT + ANSWER, min_length=PROMPT + ANSWER)
        generator = onnxruntime_genai.Generator(made, parameters)
        generator.append_tokens(numpy.array([IDS], dtype=numpy.int32))
        generator.generate_next_token()
        began, count = time.perf_counter(), 0
        while not generator.is_done() and count < ANSWER - 1:
            generator.generate_next_token()
            count += 1
        return count / (time.perf_counter() - began)

    run()
    print(f"onnxruntime-genai: {run():.1f} tokens/s")


def stream(url):
    import http.client
    import urllib.parse

    parts = urllib.parse.urlparse(url)
    body = {"prompt": IDS, "max_tokens": ANSWER, "temperature": 0, "stream": True}
    for _ in range(2):
        connection = http.client.HTTPConnection(parts.hostname, parts.port)
        began = time.perf_counter()
        connection.request("POST", "/v1/completions", json.dumps(body), {"Content-Type": "application/json"})
        response = connection.getresponse()
        times = []
        while line := response.readline():
            if line.startswith(b"data: {"):
                times.append(time.perf_counter() - began)
    print(f"first byte {times[0] * 1e3:.2f} ms, then {(len(times) - 1) / (times[-1] - times[0]):.1f} tokens/s")


if __name__ == "__main__":
    {"model": model, "transformers": transformers, "genai": genai, "stream": stream}[sys.argv[1]](sys.argv[2])
