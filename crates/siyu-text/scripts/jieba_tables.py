"""Writes the tables of jieba that siyu_text::segment reads: words, hidden Markov model, inverse document frequencies.

    pip install jieba==0.42.1 zstandard
    python crates/siyu-text/scripts/jieba_tables.py

Run from the repository's root. The tables are jieba's own (MIT, see data/jieba/LICENSE), sorted so that they load fast.
"""

import pathlib
import zstandard
import jieba
from jieba import analyse
from jieba.finalseg.prob_emit import P as emit

folder = pathlib.Path("crates/siyu-text/data/jieba")


def write(name, lines):
    text = "".join(line + "\n" for line in lines)
    (folder / name).write_bytes(zstandard.ZstdCompressor(level=19).compress(text.encode()))
    print(name, len(lines), "lines", len(text.encode()), "bytes")


jieba.setLogLevel(60)
jieba.initialize()
words = {word: count for word, count in jieba.dt.FREQ.items() if count}
# The total comes first: jieba counts a word that its list has twice both times.
write("words.txt.zst", [str(jieba.dt.total)] + [f"{word} {count}" for word, count in sorted(words.items())])

characters = sorted(set().union(*emit.values()))
write("hmm.txt.zst", [" ".join([c] + [repr(emit[s][c]) if c in emit[s] else "-" for s in "BMES"]) for c in characters])

idf = analyse.default_tfidf.idf_freq
write("idf.txt.zst", [f"{word} {value!r}" for word, value in sorted(idf.items())])
