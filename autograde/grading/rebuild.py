"""A hand-in rebuilt on the release: only answers and helper cells come from the student.

Nothing of the submitted structure is trusted (metadata, tags, points, order of the given cells, outputs). Whatever
the file is, the result is a notebook with every cell of the release, and notes that say what was found and what to do.
"""

import copy
import json
import re
from dataclasses import dataclass, field
from pathlib import Path

import nbformat

MAX_FILE_BYTES = 20 * 2**20  # a unit's notebook has some 30 kB; pictures in the outputs may add a few MB
MAX_SOURCE_BYTES = 2**20  # of all cells together
MAX_CELLS = 1000


@dataclass
class Rebuilt:
    """The rebuilt notebook, what was noted, the questions that have no answer cell, and why nothing could be read."""

    notebook: nbformat.NotebookNode
    notes: list = field(default_factory=list)
    unanswered: list = field(default_factory=list)
    unreadable: str = ""


class UnreadableError(ValueError):
    """The file holds no notebook; the message says what was found and what to do."""


def rebuild(release, path):
    """The hand-in at `path` rebuilt on the release notebook, a `Rebuilt`.

    The file may be anything: nothing but a missing release raises.
    """
    path = Path(path)
    try:
        content = read_hand_in(path)
    except UnreadableError as error:
        return blank(release, path.name, error)
    return rebuild_content(release, path.name, content)


def rebuild_content(release, name, content):
    """The same from the bytes of the file."""
    answers = _answers(release)
    try:
        cells = _cells(content)
        if not any(_grade_id(c) in answers or _cell_id(c) in _ids(release) for c in cells):
            raise UnreadableError(_stranger(release, cells))
    except UnreadableError as error:
        return blank(release, name, error)
    return _assemble(release, answers, cells, name)


def blank(release, name, reason):
    """What takes the place of a file that cannot be read: the release itself, with a note."""
    notebook = copy.deepcopy(release)
    note = f"{name}: {reason} Graded as unanswered. "
    note += f"Hand in the notebook that began as exercises/{_unit(release)}/{_unit(release)}.ipynb."
    _add_notes(notebook, [note])
    return Rebuilt(notebook, [note], list(_answers(release)), str(reason))


def read_hand_in(path):
    """The bytes of a submitted file that is a file of its own and not too large. Raises UnreadableError."""
    if not path.exists() and not path.is_symlink():
        raise UnreadableError("there is no notebook of this name, nor exactly one of another name.")
    # submitted/STUDENT/UNIT/UNIT.ipynb: neither the file nor the two folders may lead elsewhere
    if any(p.is_symlink() for p in (path, *list(path.parents)[:2])) or not path.is_file():
        raise UnreadableError("this is a link or a folder, not a file.")
    size = path.stat().st_size
    if size > MAX_FILE_BYTES:
        raise UnreadableError(
            f"the file has {size / 2**20:.0f} MB; the limit is {MAX_FILE_BYTES / 2**20:.0f} MB. Clear the outputs."
        )
    return path.read_bytes()


def _answers(release):
    return {c.metadata.nbgrader.grade_id: c for c in release.cells if _role(c) == "answer"}


def _cells(content):
    """The cells of a notebook's bytes as plain dicts with checked fields. Raises UnreadableError."""
    if not content:
        raise UnreadableError("the file is empty.")
    try:
        content = json.loads(content.decode("utf-8-sig"))
    except UnicodeDecodeError:
        raise UnreadableError("the file is not text in UTF-8, so it is not a notebook.") from None
    except (ValueError, RecursionError) as error:
        raise UnreadableError(f"the file is not a notebook (JSON: {str(error)[:100]}).") from None
    if not isinstance(content, dict):
        raise UnreadableError("the file is JSON, but not a notebook.")
    if isinstance(content.get("worksheets"), list):
        raise UnreadableError("the notebook has the format of 2014 (nbformat 3): open and save it in JupyterLab.")
    if not isinstance(content.get("cells"), list):
        raise UnreadableError("the file is JSON, but it has no list of cells.")
    if len(content["cells"]) > MAX_CELLS:
        raise UnreadableError(f"the notebook has {len(content['cells'])} cells; the limit is {MAX_CELLS}.")
    cells = [cell for cell in content["cells"] if isinstance(cell, dict)]
    if not cells:
        raise UnreadableError("the notebook has no cells.")
    for cell in cells:
        cell["source"] = _text(cell.get("source", ""))
    if sum(len(cell["source"].encode("utf-8", "replace")) for cell in cells) > MAX_SOURCE_BYTES:
        raise UnreadableError(f"the cells hold more than {MAX_SOURCE_BYTES / 2**20:.0f} MB of text.")
    return cells


def _text(source):
    if isinstance(source, list):
        source = "".join(part for part in source if isinstance(part, str))
    if not isinstance(source, str):
        return ""
    return source.encode("utf-8", "replace").decode("utf-8")  # lone surrogates would stop every later writer


def _assemble(release, answers, cells, name):
    notes, restored, found, free, seen = [], [], {}, {}, set()
    anchor = -1
    position = {_grade_id(c) or c.id: i for i, c in enumerate(release.cells)} | {
        c.id: i for i, c in enumerate(release.cells)
    }
    for cell in cells:
        key = _grade_id(cell) if _grade_id(cell) in position else _cell_id(cell)
        if key not in position:
            free.setdefault(anchor, []).append(cell)
            continue
        anchor = position[key]
        original = release.cells[anchor]
        key = _grade_id(original) or original.id
        role = _role(original)
        if key in seen and role != "text":
            notes.append(f'{name}: the cell "{key}" is there twice; the first copy counts.')
            continue
        seen.add(key)
        if role == "answer":
            found[key] = cell["source"]
        elif role in ("check", "given") and cell["source"].strip() != original.source.strip():
            restored.append(key)
    if restored:
        several = len(restored) > 1
        cells = ", ".join(f'"{key}"' for key in restored)
        notes.append(
            f"{name}: the {'cells' if several else 'cell'} {cells} {'were' if several else 'was'} changed; the "
            f"{'originals were' if several else 'original was'} used instead."
        )
    for key in answers:
        if key in found:
            continue
        source = _adopt(key, free)
        if source is not None:
            found[key] = source
            notes.append(
                f'{name}: the cell that answers "{key}" had lost its mark; the cell that defines it was taken.'
            )
    unanswered = [key for key in answers if key not in found]
    worth = {
        _grade_id(c).removeprefix("check-"): c.metadata.nbgrader.points for c in release.cells if _role(c) == "check"
    }
    for key in unanswered:
        others = len(answers) - len(unanswered)
        notes.append(
            f'{name}: the cell that answers "{key}" is missing; graded as unanswered (0 of {worth.get(key, 0):g}). '
            f"The other {others} "
            f"question{'s were' if others != 1 else ' was'} graded. To restore it, copy the cell from "
            f"exercises/{_unit(release)}/{_unit(release)}.ipynb and hand in again."
        )
    missing = [_grade_id(c) for c in release.cells if _role(c) in ("check", "given") and _grade_id(c) not in seen]
    if missing:
        notes.append(f"{name}: these cells were missing and have been put back: {', '.join(missing)}.")
    notebook = copy.deepcopy(release)
    notebook.cells = list(_helpers(free.get(-1, []), -1))
    for i, original in enumerate(release.cells):
        cell = copy.deepcopy(original)
        if _role(original) == "answer" and _grade_id(original) in found:
            source = found[_grade_id(original)]
            cell.source = source if original.cell_type == "code" else _without_html(source)
        notebook.cells.append(cell)
        notebook.cells.extend(_helpers(free.get(i, []), i))
    _add_notes(notebook, notes)
    return Rebuilt(notebook, notes, unanswered)


def _adopt(name, free):
    """Takes the first free code cell that defines the function out of `free`, and returns its source."""
    for cells in free.values():
        for cell in cells:
            if cell.get("cell_type") == "code" and re.search(
                rf"^(?:async )?def {name}\(", cell["source"], re.MULTILINE
            ):
                cells.remove(cell)
                return cell["source"]
    return None


def _helpers(cells, anchor):
    """The student's own cells as bare cells with ids that do not repeat."""
    for number, cell in enumerate(cells):
        identity = f"helper-{anchor + 1}-{number}"
        if cell.get("cell_type") == "code":
            yield nbformat.v4.new_code_cell(cell["source"], id=identity)
        else:
            yield nbformat.v4.new_markdown_cell(_without_html(cell["source"]), id=identity)


def _without_html(text):
    """Markdown whose HTML and links are shown, not obeyed: feedback pages and formgrader render it."""
    text = text.replace("&", "&amp;").replace("<", "&lt;")
    return text.replace("](", "] (").replace("]:", "] :").replace("][", "] [")


def _add_notes(notebook, notes):
    if notes:
        text = "**Notes of the grader**\n\n" + "\n".join(f"- {note}" for note in notes)
        notebook.cells.insert(0, nbformat.v4.new_markdown_cell(text, id="notes-of-the-grader"))


def _stranger(release, cells):
    """Words for a notebook none of whose cells belong to the release."""
    units = {i.split("-")[0] for c in cells if isinstance(i := _cell_id(c), str) and "-check-" in i}
    units.discard(_unit(release))
    if units:
        return f'this is the notebook of the unit "{min(units)}", not of "{_unit(release)}".'
    return f'no cell of the unit "{_unit(release)}" was found in this notebook.'


def _unit(release):
    return release.metadata.get("through_time", {}).get("unit", "")


def _ids(release):
    return {cell.id for cell in release.cells}


def _cell_id(cell):
    identity = cell.get("id")
    return identity if isinstance(identity, str) else None


def _grade_id(cell):
    metadata = cell.get("metadata")
    mark = metadata.get("nbgrader") if isinstance(metadata, dict) else None
    grade_id = mark.get("grade_id") if isinstance(mark, dict) else None
    return grade_id if isinstance(grade_id, str) else None


def _role(cell):
    """answer, check, given or text, for a cell of the release."""
    mark = cell.metadata.get("nbgrader")
    if not mark:
        return "text"
    if mark.get("solution"):
        return "answer"
    return "check" if mark.get("grade") else "given"
