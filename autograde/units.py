"""Which units there are, and where the files of a unit stand."""

import importlib
import re
from pathlib import Path

# A check cell: `check.rnn_backward(rnn_backward)  # 4 points`
CHECK_CELL = re.compile(r"check\.(?P<name>\w+)\((?P=name)\)  # (?P<points>\d+(?:\.\d+)?) points?")


def script_path(stem):
    """The reference solution, from the root of the repository."""
    return Path("solutions") / f"{stem}.py"


def exercise_path(stem):
    """The student's notebook, from the root of the repository."""
    return Path("exercises") / stem / f"{stem}.ipynb"


def released(root=Path()):
    """Stems of the units that have an exercise below the root."""
    return sorted(path.parent.name for path in Path(root).glob("exercises/*/*.ipynb") if path.stem == path.parent.name)


def written(root=Path()):
    """Stems of the units that have a reference solution below the root."""
    return sorted(path.stem for path in Path(root).glob("solutions/*.py") if path.stem != "__init__")


def check_of(stem, name):
    """The check of one function of a unit."""
    return getattr(importlib.import_module(f"autograde.checks.{stem}"), name)
