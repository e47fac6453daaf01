"""From the script `solutions/<stem>.py` to the notebooks: nbgrader's source version and the student's.

The script is jupytext's percent format. A code cell with a solution block becomes an answer cell; a cell of the form
`check.name(name)  # 4 points` becomes a grade cell worth 4 points. Ids follow from the names, so that a release
repeats byte for byte.
"""

import re
from pathlib import Path

import jupytext
import nbformat
from nbconvert.exporters import NotebookExporter
from nbgrader.preprocessors import (
    CheckCellMetadata,
    ClearHiddenTests,
    ClearOutput,
    ClearSolutions,
    ComputeChecksums,
    LockCells,
)
from traitlets.config import Config

from autograde.units import CHECK_CELL, exercise_path, script_path

KERNELSPEC = {"display_name": "Python 3", "language": "python", "name": "python3"}
SOLUTION = "### BEGIN SOLUTION"
# What nbgrader's generate_assignment does to a notebook, without its database.
STRIPPING = (LockCells, ClearSolutions, ClearOutput, CheckCellMetadata, ComputeChecksums, ClearHiddenTests)
STRIPPING_AGAIN = (ComputeChecksums, CheckCellMetadata)  # since hidden tests are gone


class ReleaseError(ValueError):
    """The script cannot be released; the message says where and why."""


def source_notebook(stem):
    """nbgrader's source notebook of a unit: solutions, points and stable ids."""
    script = jupytext.read(script_path(stem), fmt="py:percent")
    cells, taken, answers = [], set(), set()
    count = {"given": 0, "text": 0}
    for number, cell in enumerate(script.cells):
        match = CHECK_CELL.fullmatch(cell.source.strip()) if cell.cell_type == "code" else None
        if match:
            name, points = match["name"], float(match["points"])
            if name not in answers:
                raise ReleaseError(f"solutions/{stem}.py: check.{name} comes before a cell that defines {name}")
            grade_id, role = f"check-{name}", _grader_metadata(f"check-{name}", grade=True, locked=True, points=points)
        elif cell.cell_type == "code" and SOLUTION in cell.source:
            name = _defined(cell.source, stem, number)
            answers.add(name)
            grade_id, role = name, _grader_metadata(name, solution=True)
        elif cell.cell_type == "code":
            count["given"] += 1
            grade_id = f"given-{count['given']}"
            role = _grader_metadata(grade_id, locked=True)
        else:
            count["text"] += 1
            grade_id, role = f"text-{count['text']}", None
        if grade_id in taken:
            raise ReleaseError(f"solutions/{stem}.py: two cells would have the id {grade_id}")
        taken.add(grade_id)
        make = nbformat.v4.new_code_cell if cell.cell_type == "code" else nbformat.v4.new_markdown_cell
        metadata = {"nbgrader": role} if role else {}
        cells.append(make(cell.source, id=f"{stem}-{grade_id}"[:64], metadata=metadata))
    if not answers:
        raise ReleaseError(f"solutions/{stem}.py: no cell holds {SOLUTION}")
    metadata = {"kernelspec": KERNELSPEC, "language_info": {"name": "python"}, "through_time": {"unit": stem}}
    return nbformat.v4.new_notebook(cells=cells, metadata=metadata)


def student_notebook(stem):
    """The student's notebook: nbgrader's own preprocessors take the solutions out."""
    notebook = source_notebook(stem)
    config = Config()
    config.NotebookExporter.preprocessors = []
    config.Exporter.default_preprocessors = []
    exporter = NotebookExporter(config=config)
    for preprocessor in (*STRIPPING, *STRIPPING_AGAIN):
        exporter.register_preprocessor(preprocessor, enabled=True)
    text, _ = exporter.from_notebook_node(notebook, resources={"nbgrader": {"notebook": stem}})
    return nbformat.reads(text, as_version=4)


def as_text(notebook):
    """The bytes of a notebook file, the same for the same notebook."""
    return nbformat.writes(notebook, version=nbformat.NO_CONVERT) + "\n"


def release(stem, root=Path()):
    """Write `exercises/<stem>/<stem>.ipynb` if it changed; returns (path, whether it was written)."""
    path = Path(root) / exercise_path(stem)
    text = as_text(student_notebook(stem))
    if path.exists() and path.read_text(encoding="utf-8") == text:
        return path, False
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path, True


def _grader_metadata(grade_id, *, grade=False, solution=False, locked=False, points=None):
    metadata = {
        "schema_version": 3,
        "grade_id": grade_id,
        "grade": grade,
        "solution": solution,
        "locked": locked,
        "task": False,
    }
    return metadata if points is None else {**metadata, "points": points}


def _defined(source, stem, number):
    names = re.findall(r"^def (\w+)\(", source, flags=re.MULTILINE)
    if len(names) != 1:
        raise ReleaseError(f"solutions/{stem}.py: cell {number} must define one function, it defines {names or 'none'}")
    return names[0]
