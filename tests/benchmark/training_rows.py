"""Writes the articles of the statutes in sample-data as JSONL, one article a row: short samples of unequal lengths.

    python tests/benchmark/training_rows.py out/articles.jsonl
"""

import json
import pathlib
import re
import sys

ARTICLE = re.compile(r"\n(?=第[一二三四五六七八九十百零]+条)")


def main():
    rows = []
    for line in pathlib.Path("sample-data/laws/laws.jsonl").read_text().splitlines():
        law = json.loads(line)
        articles = ARTICLE.split(law["content"])[1:]
        rows += [{"id": f"{law['law_id']}-{number}", "text": text.strip()} for number, text in enumerate(articles)]
    target = pathlib.Path(sys.argv[1])
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows))
    lengths = sorted(len(row["text"]) for row in rows)
    print(f"{len(rows)} articles, characters: median {lengths[len(rows) // 2]}, longest {lengths[-1]}")


if __name__ == "__main__":
    main()
