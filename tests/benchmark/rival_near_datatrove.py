"""datatrove's four MinHash stages on one JSONL file, one process a stage.

Shingles are five characters, as siyu's are: datatrove's own are words, which its tokenizers do not find in Han text
reliably. Everything else is as datatrove has it, with 25 buckets of 5 hashes.
"""

import argparse
import os
import shutil

import numpy as np
from datatrove.executor import LocalPipelineExecutor
from datatrove.pipeline.dedup import MinhashDedupBuckets, MinhashDedupCluster, MinhashDedupFilter, MinhashDedupSignature
from datatrove.pipeline.dedup import minhash
from datatrove.pipeline.dedup.minhash import MinhashConfig
from datatrove.pipeline.readers import JsonlReader
from datatrove.pipeline.writers.jsonl import JsonlWriter
from datatrove.utils.hashing import HashConfig, create_hash_func
from datatrove.utils.text import simplify_text


# The base class loads a word tokenizer, which this one does not use and which costs a package more.
minhash.load_word_tokenizer = lambda language: None


class CharacterSignature(MinhashDedupSignature):
    """Signatures of character shingles."""

    def get_shingles(self, text):
        text = simplify_text(text, self.config.norm_config)
        length = self.config.n_grams
        hashed = create_hash_func(self.config.hash_config)
        shingles = {text[start : start + length] for start in range(max(1, len(text) - length + 1))}
        return np.fromiter((hashed(shingle.encode()) for shingle in shingles), dtype=np.uint64).reshape(-1, 1)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("source", help="JSONL with `text` and `id`")
    parser.add_argument("output", help="folder to write to")
    arguments, _ = parser.parse_known_args()
    shutil.rmtree(arguments.output, ignore_errors=True)
    folder = lambda name: os.path.join(arguments.output, name)
    config = MinhashConfig(n_grams=5, num_buckets=25, hashes_per_bucket=5, hash_config=HashConfig(precision=64))
    source, name = os.path.split(os.path.abspath(arguments.source))
    reader = lambda: JsonlReader(source, glob_pattern=name)
    stages = [
        [reader(), CharacterSignature(output_folder=folder("signatures"), config=config)],
        [MinhashDedupBuckets(input_folder=folder("signatures"), output_folder=folder("buckets"), config=config)],
        [MinhashDedupCluster(input_folder=folder("buckets"), output_folder=folder("removed"), config=config)],
        [reader(), MinhashDedupFilter(input_folder=folder("removed")), JsonlWriter(folder("kept"), compression=None)],
    ]
    tasks = [1, config.num_buckets, 1, 1]
    for number, (stage, count) in enumerate(zip(stages, tasks)):
        LocalPipelineExecutor(stage, tasks=count, workers=1, logging_dir=folder(f"logs/{number}")).run()


if __name__ == "__main__":
    main()
