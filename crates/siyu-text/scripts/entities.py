#!/usr/bin/env python3
"""Writes the HTML standard's named character references to src/html/entities.tsv.

The table is the one that Python carries in `html.entities.html5`, made from the standard's entities.json: a line per
name, sorted by bytes; names end in `;` but for the few that the standard also knows without it. Values are written as
hexadecimal code points, because some are white space.
"""

import html.entities
import pathlib

target = pathlib.Path(__file__).resolve().parent.parent / "src" / "html" / "entities.tsv"
lines = (
    f"{name}\t{' '.join(f'{ord(character):X}' for character in value)}\n"
    for name, value in sorted(html.entities.html5.items(), key=lambda item: item[0].encode())
)
target.write_text("".join(lines), encoding="ascii", newline="\n")
