"""A practitioner's script: per line, tags by regex, two replacements, encode, cut, decode, and one JSONL per process."""

import argparse
import json
import multiprocessing
import os
import re

TAG = re.compile(r"<[^>]+>")
TOKENIZER = None
MAX_TOKENS = 0


def start(tokenizer, max_tokens):
    global TOKENIZER, MAX_TOKENS
    os.environ["TOKENIZERS_PARALLELISM"] = "false"
    from transformers import PreTrainedTokenizerFast

    TOKENIZER, MAX_TOKENS = PreTrainedTokenizerFast(tokenizer_file=tokenizer), max_tokens


def clean(line):
    text = TAG.sub("", line).strip().replace("，", ",").replace("。", ".")
    ids = TOKENIZER.encode(text, max_length=MAX_TOKENS, truncation=True)
    return TOKENIZER.decode(ids, skip_special_tokens=True)


def work(task):
    """The lines of one part of the file to one JSONL file."""
    path, first, last, output = task
    kept = 0
    with open(path, "rb") as lines, open(output, "w", encoding="utf-8") as rows:
        lines.seek(first)
        while lines.tell() < last:
            for line in json.loads(lines.readline())["text"].split("\n"):
                text = clean(line)
                if len(text) >= 10:
                    row = {"instruction": "请对下文生成一段摘要", "input": text, "output": text[:150]}
                    rows.write(json.dumps(row, ensure_ascii=False) + "\n")
                    kept += 1
    return kept


def parts(path, count):
    """Byte ranges of the file that start and end at lines."""
    size = os.path.getsize(path)
    with open(path, "rb") as lines:
        cuts = [0]
        for number in range(1, count):
            lines.seek(size * number // count)
            lines.readline()
            cuts.append(lines.tell())
    return list(zip(cuts, cuts[1:] + [size]))


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("input")
    parser.add_argument("output")
    parser.add_argument("--tokenizer", required=True)
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--max-tokens", type=int, default=1024)
    arguments = parser.parse_args()
    os.makedirs(arguments.output, exist_ok=True)
    tasks = [
        (arguments.input, first, last, os.path.join(arguments.output, f"part-{number}.jsonl"))
        for number, (first, last) in enumerate(parts(arguments.input, arguments.processes * 4))
    ]
    with multiprocessing.Pool(arguments.processes, start, (arguments.tokenizer, arguments.max_tokens)) as pool:
        kept = sum(pool.imap_unordered(work, tasks))
        pool.close()
        pool.join()
    print(f"{kept} rows kept")


if __name__ == "__main__":
    main()
