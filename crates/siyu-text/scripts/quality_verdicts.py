"""Compares the verdicts of datatrove 0.10 with ours, document by document.

    pip install datatrove==0.10.1 spacy numpy jieba
    cargo run --release -p siyu-text --example quality -- DOCS.jsonl --verdicts > ours.jsonl
    python quality_verdicts.py DOCS.jsonl ours.jsonl [LANGUAGE]

Prints for each filter how many verdicts agree, and up to five documents by line number where keep and drop differ.
"""

import json
import sys
from collections import Counter

from datatrove.data import Document
from datatrove.pipeline.filters import (
    C4QualityFilter,
    FineWebQualityFilter,
    GopherQualityFilter,
    GopherRepetitionFilter,
)

OURS = {
    "gopher_short_doc": "too_few_words",
    "gopher_long_doc": "too_many_words",
    "gopher_below_avg_threshold": "mean_word_length",
    "gopher_above_avg_threshold": "mean_word_length",
    "gopher_too_many_hashes": "too_many_hashes",
    "gopher_too_many_ellipsis": "too_many_ellipses",
    "gopher_too_many_bullets": "bullet_lines",
    "gopher_too_many_end_ellipsis": "ellipsis_lines",
    "gopher_below_alpha_threshold": "non_alphabetic_words",
    "gopher_enough_stop_words": "too_few_stop_words",
    "dup_para_frac": "duplicate_paragraphs",
    "dup_para_char_frac": "duplicate_paragraph_characters",
    "dup_line_frac": "duplicate_lines",
    "dup_line_char_frac": "duplicate_line_characters",
    "line_punct_ratio": "line_punctuation",
    "short_line_ratio": "short_lines",
    "char_dup_ratio": "duplicate_line_characters",
    "list_ratio": "new_lines",
}


def code(verdict):
    """Our code of a verdict of datatrove."""
    if verdict is True:
        return None
    reason = verdict[1]
    if reason.startswith("duplicated_"):
        return f"duplicate_{reason.split('_')[1]}_gram"
    return OURS.get(reason, reason)


def main(documents, ours, language="en"):
    filters = {
        "gopher_quality": GopherQualityFilter(language=language),
        "gopher_repetition": GopherRepetitionFilter(language=language),
        "c4_quality": C4QualityFilter(language=language),
        "fineweb_quality": FineWebQualityFilter(language=language),
    }
    counts = {name: Counter() for name in filters}
    shown = Counter()
    for line, (row, verdicts) in enumerate(zip(open(documents), open(ours)), 1):
        text, verdicts = json.loads(row)["text"], json.loads(verdicts)
        for name, judge in filters.items():
            try:
                theirs = code(judge.filter(Document(text=text, id=str(line))))
            except (ZeroDivisionError, AssertionError) as error:
                theirs = f"failed: {error}"
            mine = verdicts[name]
            kind = "same" if mine == theirs else "other code" if mine and theirs else "other verdict"
            counts[name][kind] += 1
            counts[name]["dropped"] += bool(theirs)
            if kind == "other verdict" and shown[name] < 5:
                shown[name] += 1
                print(f"{name}: line {line}: theirs {theirs}, ours {mine}")
    for name, count in counts.items():
        print(name, dict(count))


main(*sys.argv[1:])
