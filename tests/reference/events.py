"""Reads a run's curves with TensorBoard's own reader and compares them with its metrics.jsonl.

    pip install tensorboard==2.21.0 && python tests/reference/events.py out/legal-adapter
"""

import json
import pathlib
import sys

from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

folder = pathlib.Path(sys.argv[1])
curves = EventAccumulator(str(folder), size_guidance={"scalars": 0}).Reload()
lines = [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]
steps = [line for line in lines if "loss" in line]
judged = [line for line in lines if "validation_loss" in line]
for tag, rows, key in [
    ("train/loss", steps, "loss"),
    ("train/learning_rate", steps, "learning_rate"),
    ("validation/loss", judged, "validation_loss"),
]:
    points = curves.Scalars(tag) if tag in curves.Tags()["scalars"] else []
    assert [point.step for point in points] == [row["step"] for row in rows], tag
    assert all(abs(point.value - row[key]) <= 1e-6 * abs(row[key]) for point, row in zip(points, rows)), tag
    print(f"{tag}: {len(points)} points agree")
