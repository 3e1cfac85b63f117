"""The whole job as a careful Python programmer writes it: two processes over batches, one pass per text.

HTML to text, Unicode and punctuation, personal data, words, tokens, exact deduplication, split, Parquet with zstd.
"""

import argparse
import hashlib
import json
import multiprocessing
import os
import unicodedata

import pyarrow
import pyarrow.parquet
import regex
import rjieba
from selectolax.lexbor import LexborHTMLParser
from tokenizers import Tokenizer

BATCH = 256
ROWS_PER_SHARD = 4096
PUNCTUATION = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F) if chr(code - 0xFEE0).isalnum()} | {0x3000: " "}
INVISIBLE = dict.fromkeys([0x200B, 0x200C, 0x200D, 0x2060, 0xFEFF, 0xAD, *range(0, 9), 11, 12, *range(14, 32), 127])
TRANSLATION = PUNCTUATION | INVISIBLE | {0x2028: "\n", 0x2029: "\n", 0xA0: " "}
PERSONAL = regex.compile(
    r"(?<!\d)1[3-9]\d[ -]?\d{4}[ -]?\d{4}(?!\d)"
    r"|(?<![\dA-Za-z])[1-9]\d{5}(?:18|19|20)\d{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])\d{3}[\dXx](?![\dA-Za-z])"
    r"|[A-Za-z0-9._%+-]+@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+"
    r"|(?<!\d)(?:4\d{15}|5[1-5]\d{14}|62\d{14,17})(?!\d)"
    r"|[京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼][A-HJ-NP-Z][A-HJ-NP-Z0-9]{5,6}(?![A-Z0-9])"
    r"|(?<!\d)0\d{2,3}-\d{7,8}(?!\d)"
    r"|(?<![\d.])(?:\d{1,3}\.){3}\d{1,3}(?![\d.])"
)
SPACES = regex.compile(r"[ \t]+")
LINES = regex.compile(r" ?\n\s*")
TOKENIZER = None


def start(tokenizer):
    global TOKENIZER
    os.environ["TOKENIZERS_PARALLELISM"] = "false"
    TOKENIZER = Tokenizer.from_file(tokenizer)
    rjieba.cut("预热")


def plain(page):
    tree = LexborHTMLParser(page)
    tree.strip_tags(["script", "style", "template", "noscript", "head"])
    body = tree.body
    return body.text(separator="\n", strip=True) if body else ""


def clean(page):
    text = unicodedata.normalize("NFC", plain(page).replace("\r\n", "\n")).translate(TRANSLATION)
    return PERSONAL.sub("<MASK>", LINES.sub("\n", SPACES.sub(" ", text))).strip()


def work(lines):
    """A batch of JSONL lines as columns; the hash decides copies and the split."""
    rows = [json.loads(line) for line in lines]
    texts = [clean(row["text"]) for row in rows]
    encodings = TOKENIZER.encode_batch_fast(texts)
    hashes = [hashlib.blake2b(text.encode(), digest_size=16).digest() for text in texts]
    return {
        "id": [row["id"] for row in rows],
        "text": texts,
        "words": [rjieba.cut(text) for text in texts],
        "input_ids": pyarrow.array([encoding.ids for encoding in encodings], pyarrow.list_(pyarrow.int32())),
        "hash": hashes,
    }


def batches(path):
    with open(path, "rb") as lines:
        batch = []
        for line in lines:
            batch.append(line)
            if len(batch) == BATCH:
                yield batch
                batch = []
        if batch:
            yield batch


def split_of(digest):
    share = int.from_bytes(digest[:8], "big") / 2**64
    return "train" if share < 0.9 else "validation" if share < 0.95 else "test"


def table(batch):
    return pyarrow.table(
        {
            "id": pyarrow.array(batch["id"], pyarrow.string()),
            "text": pyarrow.array(batch["text"], pyarrow.string()),
            "words": pyarrow.array(batch["words"], pyarrow.list_(pyarrow.string())),
            "input_ids": batch["input_ids"],
            "hash": pyarrow.array(batch["hash"], pyarrow.binary()),
        }
    )


class Shards:
    """One open Parquet file per split, closed at ROWS_PER_SHARD rows."""

    def __init__(self, folder):
        self.folder, self.writers, self.rows, self.counts = folder, {}, {}, {}

    def write(self, split, rows):
        if self.rows.get(split, 0) >= ROWS_PER_SHARD:
            self.writers.pop(split).close()
            self.rows[split] = 0
        if split not in self.writers:
            number = self.counts[split] = self.counts.get(split, -1) + 1
            path = os.path.join(self.folder, f"{split}-{number:05}.parquet")
            self.writers[split] = pyarrow.parquet.ParquetWriter(path, rows.schema, compression="zstd")
        self.writers[split].write_table(rows)
        self.rows[split] = self.rows.get(split, 0) + rows.num_rows

    def close(self):
        for writer in self.writers.values():
            writer.close()


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("input")
    parser.add_argument("output")
    parser.add_argument("--tokenizer", required=True)
    parser.add_argument("--processes", type=int, default=2)
    arguments = parser.parse_args()
    os.makedirs(arguments.output, exist_ok=True)
    shards, seen, kept = Shards(arguments.output), set(), 0
    with multiprocessing.Pool(arguments.processes, start, (arguments.tokenizer,)) as pool:
        for batch in pool.imap(work, batches(arguments.input)):
            splits = {}
            for index, digest in enumerate(batch["hash"]):
                if digest not in seen:
                    seen.add(digest)
                    splits.setdefault(split_of(digest), []).append(index)
            rows = table(batch)
            for split, indices in splits.items():
                kept += len(indices)
                shards.write(split, rows.take(indices))
        # `close` and `join`, not the context's `terminate`: the workers' CPU time must be counted.
        pool.close()
        pool.join()
    shards.close()
    print(f"{kept} rows kept")


if __name__ == "__main__":
    main()
