"""rensa's MinHash and LSH with every proposed pair verified in Python by exact Jaccard similarity.

Five characters a shingle, 125 permutations in 25 bands, 0.8; a document is dropped when it resembles one that is kept,
the longest first, as siyu does by default.
"""

import argparse
import json
import os

from rensa import RMinHash, RMinHashLSH

SIMILARITY = 0.8


def shingles(text):
    text = " ".join(text.lower().split())
    return {text[start : start + 5] for start in range(max(1, len(text) - 4))} if text else set()


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("source", help="JSONL with `text` and `id`")
    parser.add_argument("output", help="folder to write to")
    arguments, _ = parser.parse_known_args()
    with open(arguments.source, encoding="utf-8") as lines:
        documents = [json.loads(line) for line in lines]
    documents.sort(key=lambda document: -len(document["text"]))
    index = RMinHashLSH(threshold=SIMILARITY, num_perm=125, num_bands=25)
    kept = {}
    os.makedirs(arguments.output, exist_ok=True)
    with open(os.path.join(arguments.output, "kept.jsonl"), "w", encoding="utf-8") as out:
        for number, document in enumerate(documents):
            own = shingles(document["text"])
            sketch = RMinHash(num_perm=125, seed=42)
            sketch.update(list(own))
            alike = lambda other: len(own & kept[other]) >= SIMILARITY * len(own | kept[other])
            if own and any(alike(other) for other in index.query(sketch)):
                continue
            if own:
                index.insert(number, sketch)
                kept[number] = own
            out.write(json.dumps(document, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main()
