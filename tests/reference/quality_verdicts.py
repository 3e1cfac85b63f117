"""Writes what datatrove's filters say of 220 English texts that are made here; or compares them on texts of a file.

    venv/bin/python tests/reference/quality_verdicts.py > crates/siyu-text/tests/fixtures/quality_verdicts.json
    venv/bin/python tests/reference/quality_verdicts.py DOCS.jsonl OURS.jsonl

Run from the repository's root; `chat_labels.py` tells how the environment is made. OURS.jsonl is what
`cargo run --release -p siyu-text --example quality -- DOCS.jsonl --verdicts` writes: for each filter it is printed how
many verdicts agree, and the lines of those that do not.
"""

import collections
import json
import random
import sys

from datatrove.data import Document
from datatrove.pipeline.filters import (
    C4QualityFilter,
    FineWebQualityFilter,
    GopherQualityFilter,
    GopherRepetitionFilter,
)
from datatrove.pipeline.filters import gopher_repetition_filter
from datatrove.utils.text import PUNCTUATION_SET, TERMINAL_PUNCTUATION, split_into_sentences, split_into_words

TOP = gopher_repetition_filter.find_top_duplicate


def top(grams):
    """What occurs once is no repetition to us: datatrove calls a short text one of its own two words."""
    return TOP(grams) if collections.Counter(grams).most_common(1)[0][1] > 1 else 0


gopher_repetition_filter.find_top_duplicate = top

FILTERS = {
    "gopher_quality": GopherQualityFilter(),
    "gopher_repetition": GopherRepetitionFilter(),
    "c4_quality": C4QualityFilter(),
    # Quotes ended a line when FineWeb was made, and do so with us; datatrove has dropped them since.
    "fineweb_quality": FineWebQualityFilter(stop_chars=(*TERMINAL_PUNCTUATION, '"', "'")),
}
# Our names of their reasons.
CODES = {
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


def code(name, document):
    verdict = FILTERS[name].filter(document)
    if verdict is True:
        return None
    reason = verdict[1]
    if reason.startswith("duplicated_"):
        return f"duplicate_{reason.split('_')[1]}_gram"
    return CODES.get(reason, reason)


def judged(text):
    """Verdicts, and the counts behind them, which tell more than a verdict does."""
    row = {name: code(name, Document(text=text, id="0")) for name in FILTERS}
    # C4 changes its document; sentences are those of the lines it keeps.
    cleaned = Document(text=text, id="0")
    if C4QualityFilter(min_num_sentences=-1).filter(cleaned) is True:
        lines = cleaned.text.splitlines()
        row["sentences"] = sum(len(split_into_sentences(line, "en")) for line in lines)
        row["lines"] = len(lines)
    words = split_into_words(text, "en")
    written = [word for word in words if any(letter not in PUNCTUATION_SET for letter in word)]
    row["words"] = len(written)
    row["letters"] = sum(map(len, written))
    row["all"] = len(words)
    row["alphabetic"] = sum(any(letter.isalpha() for letter in word) for word in words)
    return row


SUBJECTS = "the court,a buyer,Mr. Hale,Dr. Voss,the U.S. office,our firm,Ms. Lind of Acme Inc.,J. Doe,they,nobody,the D.C. branch,Acme Co.".split(",")
VERBS = "pays,must deliver,has sent,will not accept,can't return,reviewed,signs,doesn't keep,won't lose,keeps".split(",")
OBJECTS = (
    "the goods|a letter of 3.5 pages|$4,200.50|its records (see Fig. 2)|what was owed to the seller|30% of the price"
    "|the file at example.com|e.g. the first part|a well-known state-of-the-art device|mail to a.b@example.org"
    "|the U.S. claim|and/or the other part|the 1990s' rules|No. 5 of the list|the naïve café’s bill"
).split("|")
TAILS = (
    "by 5 p.m.|in Jan. 2020|with all that follows|at 10:30 a.m. on the day|because of it|to be safe|and so on, etc."
    "|within 30 days|as I said|for the record|after that, i.e. later|on p. 7|of which little is known"
).split("|")
# Not `.)`: C4's list of ends has no bracket, and to us a line may end with one that is closed behind a full stop.
ENDS = [".", ".", ".", ".", "!", "?", "...", ".\"", "?!", "…", ";", "!!"]
MENU = "Home,About,Contact us,Read more...,Sign in,Terms of use,Next >,Share,© 2020 Acme,Privacy Policy,[edit],See also,» News".split(",")
ODD = (
    "Please enable JavaScript to view this page.|This site uses cookies to improve your visit.|Lorem ipsum dolor sit amet, consectetur."
    "|function run() { return 1; }|See the notes.[12] They are short.[citation needed]|Some people say so.Others do not agree.|He asked \"why?\" She knew.|(It is so.) [But not here.] So it goes.|It was I. Then he came."
    "|Wait... what?! No — not now.|A. First item of the list.|It cost 3.|Version 2.0.1 is out!|Is it? Yes. No.|It rose by 5 %. It fell.|'Twas so.' said he.|Go to http://www.example.com/Path.Next?x=1. Then stop."
    "|NASA. It flew to the moon.|Use vol. 3 of it, p. 4.|x = y + 2. Then z.|She said: “Stop.” He did.|One sentence; another one: a third.|I like it :) It is good.|50 € was paid. 10$ too."
).split("|")


PLAIN = (
    "the people who live in this part of the town have known the old mill by the river for a long time"
    "|we walked to the end of the field and sat down under a tree that gave us some shade"
    "|most of them work with their hands and do not have much to say about it"
    "|it is not easy to tell the one from the other when the light is low"
    "|what she wanted to be was a doctor and nothing could change her mind about that"
    "|a ship came into the harbour and brought letters from the other side of the sea"
    "|he put the book back with the rest and went to look for his brother"
    "|nobody had thought of asking where all of this water comes from"
).split("|")


def sentence(source):
    if source.random() < 0.5:
        text = source.choice(["", "", "then ", "and so "]) + source.choice(PLAIN)
        return text[0].upper() + text[1:] + source.choice(ENDS[:7])
    parts = [source.choice(SUBJECTS), source.choice(VERBS), source.choice(OBJECTS)]
    if source.random() < 0.6:
        parts.append(source.choice(TAILS))
    text = " ".join(parts)
    return text[0].upper() + text[1:] + source.choice(ENDS)


def paragraph(source):
    kind = source.random()
    if kind < 0.72:
        return " ".join(sentence(source) if source.random() < 0.9 else source.choice(ODD) for _ in range(source.randint(1, 5)))
    if kind < 0.82:
        return "\n".join(source.choice(["- ", "• ", "", "* "]) + source.choice(MENU) for _ in range(source.randint(2, 6)))
    if kind < 0.88:
        return " ".join(str(source.randint(1, 9999)) for _ in range(source.randint(3, 30)))
    if kind < 0.92:
        return " ".join(source.choice(["#", "##", "...", "|", "--", "&", "=>"]) for _ in range(source.randint(2, 12)))
    return source.choice(ODD)


def page(source):
    # No CRLF: to datatrove its CR is a character of the line. Most pages are of prose; some of few words, some of the same again and again.
    number = source.choice([1, 3, 5, 6, 7, 8])
    paragraphs = [paragraph(source) for _ in range(number)]
    repeat = source.random()
    if repeat < 0.1:
        paragraphs += [paragraphs[0]] * source.randint(1, 3)
    elif repeat < 0.15:
        paragraphs = [sentence(source)] * source.randint(2, 6)
    return source.choice(["\n", "\n\n", "\n\n"]).join(paragraphs)


def compare(documents, ours):
    counts = {name: collections.Counter() for name in FILTERS}
    for line, (row, verdicts) in enumerate(zip(open(documents), open(ours), strict=True), 1):
        text = json.loads(row)["text"] if row.startswith("{") else row.rstrip("\n")
        verdicts = json.loads(verdicts)
        for name in FILTERS:
            try:
                theirs = code(name, Document(text=text, id=str(line)))
            except (ZeroDivisionError, AssertionError):
                theirs = "empty"
            mine = verdicts[name]
            kind = "same" if mine == theirs else "other code" if mine and theirs else "other verdict"
            counts[name][kind] += 1
            if kind != "same":
                print(f"{name}: line {line}: theirs {theirs}, ours {mine}")
    for name, count in counts.items():
        print(name, dict(count))


def main():
    if len(sys.argv) == 3:
        return compare(*sys.argv[1:])
    source = random.Random(20261126)
    pages = [page(source) for _ in range(220)] + ODD
    rows = [json.dumps({"text": text, **judged(text)}, ensure_ascii=False) for text in pages]
    print("[\n" + ",\n".join(rows) + "\n]")


if __name__ == "__main__":
    sys.exit(main())
