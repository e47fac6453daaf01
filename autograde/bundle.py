"""The zip that students get: book, exercises, checks, exact versions and a page on how to start; no solutions."""

import zipfile
from pathlib import Path

from autograde.units import exercise_path, released

NAME = "through-time"
FILES = ("pyproject.toml", "constraints.txt", "LICENSE", "LICENSE-text")
# The book as pages to read: its sources compute with the solutions, which students do not have.
BOOK = Path("_build/html")
MOMENT = (2020, 1, 1, 0, 0, 0)  # one date for all files, so that the same content gives the same zip

START = """\
# Through Time: how to start

You need Python 3.11 or later (python.org) and some 2 GB of disk. In this folder:

    python -m venv .venv
    .venv/bin/pip install -c constraints.txt .          on Windows: .venv\\Scripts\\pip install -c constraints.txt .
    .venv/bin/jupyter lab                               on Windows: .venv\\Scripts\\jupyter lab

On Linux without a graphics card, install the CPU build of torch 2.13.0 into `.venv` before the second line, as
pytorch.org describes: the usual build brings gigabytes of GPU libraries.

1. Read the chapter: open `book/index.html` in a browser. It needs no network. Addresses in the notebooks, such as
   `book/rnn.html#equation-rnn-state`, begin inside that folder.
2. Open `exercises/UNIT/UNIT.ipynb` in JupyterLab (or VS Code with the kernel of `.venv`) and write your answers.
   Each check cell says what is right and what is not yet.
3. For a summary with points, in a terminal:

       .venv/bin/python -m autograde check exercises/UNIT

4. Hand in the notebook `exercises/UNIT/UNIT.ipynb` itself, under its name.

The units of this bundle, in the order of the book: {units}.
"""


def make_bundle(output, root=Path()):
    """Write the zip; returns (path, number of files). Raises FileNotFoundError with what to run first."""
    root, output = Path(root), Path(output)
    if not (root / BOOK / "index.html").exists():
        raise FileNotFoundError("the book is not built: run `make book` first")
    members = {name: root / name for name in FILES if (root / name).exists()}
    for path in sorted((root / "autograde").rglob("*.py")):
        members[path.relative_to(root).as_posix()] = path
    for stem in released(root):
        members[exercise_path(stem).as_posix()] = root / exercise_path(stem)
    for path in sorted((root / BOOK).rglob("*")):
        relative = path.relative_to(root / BOOK)
        if path.is_file() and relative.parts[0] not in ("reports", ".doctrees") and path.name != ".buildinfo":
            members[f"book/{relative.as_posix()}"] = path
    output.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(output, "w", zipfile.ZIP_DEFLATED) as archive:
        start = START.format(units=", ".join(_in_order(root))).encode()
        _add(archive, "START.md", start)
        _add(archive, "README.md", start)  # which the installer of the package reads
        for name, path in sorted(members.items()):
            _add(archive, name, path.read_bytes())
    return output, len(members) + 2


def _in_order(root):
    """The released units in the order of the book."""
    contents = root / "_toc.yml"
    order = contents.read_text(encoding="utf-8") if contents.exists() else ""
    return sorted(released(root), key=lambda stem: order.find(f"book/{stem}"))


def _add(archive, name, content):
    archive.writestr(zipfile.ZipInfo(f"{NAME}/{name}", MOMENT), content, zipfile.ZIP_DEFLATED)
