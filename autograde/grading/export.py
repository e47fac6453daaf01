"""A class's grades as one table, and its answers as files for a plagiarism tool."""

import csv
import re
import shutil
from datetime import UTC, datetime
from pathlib import Path

import nbformat

from autograde.grading.flags import plain_python
from autograde.grading.rebuild import rebuild
from autograde.grading.scores import read_scores

COLUMNS = ("student", "unit", "question", "points", "max_points", "manual", "pending", "handed_in")


def grade_rows(scores, units):
    """Students x units x questions as dicts of `COLUMNS`; a student without a hand-in has empty points."""
    for unit in units:
        by_student = {hand_in.student: hand_in for hand_in in scores.hand_ins.get(unit, ())}
        for student in scores.students:
            for question, points in scores.questions[unit].items():
                hand_in = by_student.get(student)
                grade = hand_in and hand_in.grades.get(question)
                yield {
                    "student": harmless(student),
                    "unit": unit,
                    "question": question,
                    "points": f"{grade.points:g}" if grade else "",
                    "max_points": f"{points:g}",
                    "manual": _yes(grade and grade.manual),
                    "pending": _yes(grade and grade.pending),
                    "handed_in": _yes(hand_in),
                }


def write_grades(course, path, units=(), dry_run=False):
    """Write the table of some units (default: all); returns the number of rows. Raises KeyError for an unknown unit."""
    scores = read_scores(course)
    for unit in units:
        scores.questions[unit]
    rows = grade_rows(scores, units or scores.questions)
    return sum(1 for _ in rows) if dry_run else write_csv(path, COLUMNS, rows)


def write_csv(path, columns, rows):
    """Write dicts as a table, whole or not at all; returns the number of rows."""
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f"{path.name}.part")
    count = 0
    with open(draft, "w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, columns, lineterminator="\n")
        writer.writeheader()
        for count, row in enumerate(rows, 1):  # noqa: B007 - the number of the last row is what is asked for
            writer.writerow(row)
    draft.replace(path)
    return count


def harmless(value):
    """A text that a spreadsheet takes for text: it would run what begins like a formula."""
    return f"'{value}" if isinstance(value, str) and re.match(r"[=+@\t\r]|-(?![\d.]+$)", value) else value


def write_answers(course, folder, units=()):
    """Write each hand-in's own code to FOLDER/UNIT/submissions/STUDENT/UNIT.py; returns the number of files.

    JPlag reads the folder of submissions as it is; FOLDER/UNIT/template/UNIT.py is what everyone was given, its base
    code. FOLDER/UNIT/info.csv lists both for Dolos. A hand-in without code of its own is left out. What an earlier
    call wrote for the unit is replaced. Raises FileNotFoundError for a unit that has not been released.
    """
    count = 0
    for unit in units or sorted({path.name for path in course.root.glob("submitted/*/*") if path.is_dir()}):
        released = course.root / "release" / unit / f"{unit}.ipynb"
        if not released.exists():
            raise FileNotFoundError(f"{unit} has not been released: run `python -m autograde release {unit}` first")
        release = nbformat.read(released, as_version=4)
        target, name = Path(folder) / unit, f"{unit}.py"
        for old in ("submissions", "template"):
            shutil.rmtree(target / old, ignore_errors=True)
        _write(target / "template" / name, _given(release))
        listed = [{"filename": f"template/{name}", "full_name": "", "label": "", "created_at": "", "ignored": "true"}]
        for student in course.submitted(unit):
            path = course.root / "submitted" / student / unit / f"{unit}.ipynb"
            code = own_code(release, rebuild(release, path).notebook)
            if not code.strip():
                continue
            _write(target / "submissions" / student / name, code)
            listed.append({
                "filename": f"submissions/{student}/{name}", "full_name": student, "label": unit,
                "created_at": datetime.fromtimestamp(path.stat().st_mtime, UTC).isoformat(), "ignored": "false",
            })  # fmt: skip
        write_csv(target / "info.csv", tuple(listed[0]), listed)
        count += len(listed) - 1
    return count


def own_code(release, notebook):
    """The answers and helper cells of a rebuilt notebook as one script; unanswered cells are left out."""
    given = {cell.source.strip() for cell in release.cells if cell.cell_type == "code"}
    return _script(c for c in notebook.cells if c.cell_type == "code" and c.source.strip() not in given)


def _given(release):
    return _script(cell for cell in release.cells if cell.cell_type == "code" and "check." not in cell.source)


def _script(cells):
    return "\n\n".join(plain_python(cell.source).strip() for cell in cells).strip() + "\n"


def _write(path, text):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def _yes(value):
    return "yes" if value else "no"
