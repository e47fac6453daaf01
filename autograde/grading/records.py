"""The JSON record of one graded hand-in: seed, verdicts, events, flags, version, time.

It is written after the grade is committed, so that it marks the hand-in as done.
"""

import json
import os
from pathlib import Path


def record_path(root, unit, student):
    """Where the record of a hand-in stands in the course folder."""
    return Path(root) / "records" / unit / f"{student}.json"


def write_record(root, unit, student, record):
    """Keep the record of a hand-in."""
    write_json(record_path(root, unit, student), {"student": student, **record})


def write_json(path, value):
    """Write it whole or not at all, whatever interrupts us."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_suffix(".part")
    with open(draft, "w", encoding="utf-8") as file:
        json.dump(value, file, indent=1)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)


def read_record(root, unit, student):
    """The record, or an empty dict where there is none that can be read."""
    try:
        return json.loads(record_path(root, unit, student).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
