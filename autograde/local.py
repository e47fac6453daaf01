"""A student's own check of a whole notebook: the way of grading, on the student's machine, without the reference."""

from pathlib import Path

import nbformat

from autograde.grading.examine import examine
from autograde.grading.kernel import Limits
from autograde.units import CHECK_CELL


def check_notebook(path, seconds):
    """The record of a notebook or of the folder that holds it. Raises ValueError with what to do."""
    path = Path(path)
    if path.is_dir():
        candidates = [path / f"{path.resolve().name}.ipynb", *sorted(path.glob("*.ipynb"))]
        found = [c for c in candidates if c.exists()]
        if not found:
            raise ValueError(f"{path} holds no notebook; name the folder of an exercise, such as exercises/bptt")
        path = found[0]
    try:
        notebook = nbformat.read(path, as_version=4)
    except Exception as error:
        raise ValueError(f"{path} is not a notebook that can be read ({str(error).splitlines()[0][:100]})") from None
    unit = notebook.metadata.get("through_time", {}).get("unit") or path.stem
    for cell in notebook.cells:
        if cell.cell_type != "code" or not CHECK_CELL.fullmatch(cell.source.strip()):
            continue
        cell.metadata.setdefault("nbgrader", {}).update(grade=True, solution=False)
        cell.metadata.nbgrader.setdefault("points", float(CHECK_CELL.fullmatch(cell.source.strip())["points"]))
    if not any(c.metadata.get("nbgrader", {}).get("grade") for c in notebook.cells):
        raise ValueError(f"{path} holds no check cells; copy them from the exercise as it was released")
    limits = Limits(seconds, seconds)
    return examine(notebook, unit, seed=0, limits=limits, cwd=str(path.parent), with_reference=False)
