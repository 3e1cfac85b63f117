"""Checks wheels by SHA-256 and unpacks the few files of them that the build needs.

usage: unpack.py TARGET WHEELS < PLAN

Each line of PLAN is `sha256<TAB>wheel<TAB>prefix in the wheel<TAB>prefix under TARGET`.
"""

import hashlib
import pathlib
import shutil
import sys
import zipfile

target, wheels = map(pathlib.Path, sys.argv[1:3])
checked = set()
for line in sys.stdin:
    wanted, name, source, destination = line.rstrip("\n").split("\t")
    wheel = wheels / name
    if not wheel.is_file():
        sys.exit(f"`{wheels}` holds no `{name}`")
    if name not in checked:
        digest = hashlib.sha256()
        with wheel.open("rb") as stream:
            while block := stream.read(1 << 20):
                digest.update(block)
        if digest.hexdigest() != wanted:
            sys.exit(f"`{wheel}` is not the wheel it is named after: its SHA-256 is {digest.hexdigest()}, not {wanted}")
        checked.add(name)
    with zipfile.ZipFile(wheel) as archive:
        found = [entry for entry in archive.namelist() if entry.startswith(source) and not entry.endswith("/")]
        if not found:
            sys.exit(f"`{name}` holds no `{source}`")
        for entry in found:
            path = target / (destination + entry[len(source) :])
            path.parent.mkdir(parents=True, exist_ok=True)
            with archive.open(entry) as packed, path.open("wb") as unpacked:
                shutil.copyfileobj(packed, unpacked, 1 << 20)
