"""The demonstration class: hand-ins made from the reference and from mutants, with the points they must get."""

import importlib
import re
import shutil
from pathlib import Path

from autograde.grading.course import Course, hand_in
from autograde.grading.kernel import Limits
from autograde.release import as_text, source_notebook, student_notebook
from autograde.sandbox.doctor import best_kernel

UNIT = "bptt"
# student: (what is handed in, points that it must get)
STUDENTS = {
    "perfect": ("the reference itself", 20),
    "blank": ("the exercise as it was released", 0),
    "misconception": ("h_t for h_{t-1} in rnn_backward, on which truncated_bptt builds", 15),
    "partial": ("the first three questions", 6),
    "crashing": ("rtrl ends the Python process", 17),
    "endless": ("checkpointed_bptt never returns", 17),
}
# The hand-in that never ends is given up after this time; the others need a fraction of it.
LIMITS = Limits(cell_seconds=10, question_seconds=5)


def hand_ins():
    """{student: text of the notebook}."""
    from solutions.mutants import mutants_of

    module = importlib.import_module(f"solutions.{UNIT}")
    (mutant,) = (m for m in mutants_of(UNIT, "rnn_backward") if m.name == "state_after")
    first_three = {"neuron_forward", "neuron_bptt", "numerical_gradient"}
    return {
        "perfect": as_text(source_notebook(UNIT)),
        "blank": as_text(student_notebook(UNIT)),
        "misconception": as_text(answered({"rnn_backward": mutant.source(module)})),
        "partial": as_text(answered({}, only=first_three)),
        "crashing": as_text(answered({"rtrl": _body_of("rtrl", "import os\n\n    os._exit(1)")})),
        "endless": as_text(answered({"checkpointed_bptt": _body_of("checkpointed_bptt", "while True:\n        pass")})),
    }


def answered(answers, only=None, unit=UNIT):
    """The solved notebook with some answers replaced ({name: source}), or with `only` some of them given."""
    solved, blank = source_notebook(unit), student_notebook(unit)
    sources = {
        c.metadata.nbgrader.grade_id: c.source for c in solved.cells if c.metadata.get("nbgrader", {}).get("solution")
    }
    sources = {name: source for name, source in sources.items() if only is None or name in only} | answers
    for cell in blank.cells:
        name = cell.metadata.get("nbgrader", {}).get("grade_id")
        cell.source = sources.get(name, cell.source)
    return blank


def _body_of(name, body):
    """The released answer cell of a function with another body."""
    cell = next(c for c in student_notebook(UNIT).cells if c.id == f"{UNIT}-{name}")
    return re.sub(r"# YOUR CODE HERE\n\s+raise NotImplementedError\(\)", body, cell.source)


def make_class(root, progress=lambda done, total, student: None, workers=None):
    """Create, grade and give feedback to the demonstration class; returns (course, rows)."""
    root = Path(root)
    if root.exists():
        shutil.rmtree(root)
    # These hand-ins are our own: where there is no sandbox they may run without.
    course = Course(root, LIMITS, best_kernel() or "python3")
    course.release(UNIT)
    texts = hand_ins()
    for student, text in texts.items():
        hand_in(root, student, UNIT, text)
    for number, (student, _) in enumerate(course.grade_all(UNIT, workers=workers)):
        progress(number, len(texts), student)
        course.feedback(UNIT, student)
    progress(len(texts), len(texts), "")
    return course, [course.row(UNIT, student) for student in texts]
