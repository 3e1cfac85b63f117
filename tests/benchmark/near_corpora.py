"""Makes corpora on which near-deduplication is hard, and checks what a dataset made of them.

`contracts` writes 10,000 documents from 5 templates, each with parties, amounts and clauses of its own: two contracts of
a template share 0.50 to 0.79 of their shingles, so none may be removed at 0.8. Near-copies of one in twenty are planted,
with ids that start with `copy`. `short` writes short documents in any number, a tenth of them near-copies. `check`
counts what a dataset of `contracts` removed wrongly and what it missed. `truth` compares a dataset with the pairs that
the example `near_truth` of siyu-text found by comparing every document with every other.
"""

import argparse
import glob
import json
import random
import re
import sys


def han(generator, length):
    return "".join(chr(0x4E00 + generator.randrange(6000)) for _ in range(length))


def changed(generator, text, places):
    letters = list(text)
    for place in generator.sample(range(len(letters)), places):
        letters[place] = han(generator, 1)
    return "".join(letters)


def contracts(arguments, out):
    generator = random.Random(arguments.seed)
    templates = [[han(generator, 60) for _ in range(20)] for _ in range(5)]
    for number in range(arguments.count):
        clauses = list(templates[number % 5])
        # Own text in proportion: 0.133 of the template's length leaves 0.79 in common, one half leaves 0.50.
        own = int(1200 * generator.uniform(0.14, 0.5))
        parts = [han(generator, 40) for _ in range(own // 40)]
        for part in parts:
            clauses.insert(generator.randrange(len(clauses) + 1), part)
        text = "。".join(clauses)
        out.write(json.dumps({"id": f"contract{number}", "text": text}, ensure_ascii=False) + "\n")
        if number % 20 == 0:
            copy = changed(generator, text, generator.randrange(1, max(2, len(text) // 60)))
            out.write(json.dumps({"id": f"copy{number}", "text": copy}, ensure_ascii=False) + "\n")


def short(arguments, out):
    generator = random.Random(arguments.seed)
    earlier = ""
    for number in range(arguments.count):
        if number % 10 == 9:
            text = earlier[:-1] + "改"
        else:
            text = f"{generator.getrandbits(200):x}{number}"
        earlier = text
        out.write(f'{{"id": "{number}", "text": "{text}"}}\n')


def dropped(dataset):
    import pyarrow.parquet

    for path in sorted(glob.glob(f"{dataset}/dropped/*.parquet")):
        table = pyarrow.parquet.read_table(path).to_pydict()
        for number, step, detail in zip(table["id"], table["dropped_by"], table["detail"]):
            if step.endswith("near_dedup"):
                yield number, *re.fullmatch(r"near copy: of `(.*)`, similarity ([0-9.]+)", detail, re.DOTALL).groups()


def check(arguments, out):
    removed = {number: mate for number, mate, _ in dropped(arguments.dataset)}
    # Of a contract and its copy either may go: the longer stays.
    pairs = {number[4:] if number.startswith("copy") else number[8:] for number in removed}
    wrong = [number for number, mate in removed.items() if re.sub(r"\D", "", number) != re.sub(r"\D", "", mate)]
    planted = arguments.count // 20
    found = sum(int(pair) % 20 == 0 for pair in pairs)
    out.write(f"{len(removed)} removed, {len(wrong)} wrongly; {found} of {planted} planted copies found\n")
    sys.exit(bool(wrong) or found < 0.99 * planted)


def truth(arguments, out):
    with open(arguments.pairs, encoding="utf-8") as lines:
        pairs = {tuple(line.split("\t")[:2]): float(line.split("\t")[2]) for line in lines}
    removed = {number: mate for number, mate, _ in dropped(arguments.dataset)}
    found = sum(one in removed or other in removed for one, other in pairs)
    right = sum((one, other) in pairs or (other, one) in pairs for one, other in removed.items())
    out.write(f"{len(pairs)} pairs, of {found} at least one was removed; {len(removed)} removed, {right} of them rightly\n")
    sys.exit(right < len(removed) or found < 0.99 * len(pairs))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(required=True)
    for work, count in [(contracts, 10_000), (short, 10_000_000)]:
        command = commands.add_parser(work.__name__)
        command.add_argument("--count", type=int, default=count)
        command.add_argument("--seed", type=int, default=1)
        command.set_defaults(work=work)
    command = commands.add_parser("check")
    command.add_argument("dataset")
    command.add_argument("--count", type=int, default=10_000)
    command.set_defaults(work=check)
    command = commands.add_parser("truth")
    command.add_argument("dataset")
    command.add_argument("pairs", help="the output of near_truth")
    command.set_defaults(work=truth)
    arguments = parser.parse_args()
    arguments.work(arguments, sys.stdout)


if __name__ == "__main__":
    main()
