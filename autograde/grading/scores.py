"""What a class's gradebook holds, read in one query for each unit."""

import json
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path

from nbgrader.api import (
    Assignment,
    BaseCell,
    Gradebook,
    GradeCell,
    Notebook,
    Student,
    SubmittedAssignment,
    SubmittedNotebook,
    TaskCell,
)
from nbgrader.api import Grade as GradeRow
from sqlalchemy import func, select
from sqlalchemy.engine import make_url
from sqlalchemy.orm import aliased


@dataclass(frozen=True)
class Grade:
    """The grade of one question of one hand-in. manual: a person gave or changed it; pending: a person has to."""

    question: str
    points: float
    max_points: float
    manual: bool = False
    pending: bool = False


@dataclass
class HandIn:
    """One student's grades of a unit."""

    unit: str
    student: str
    grades: dict = field(default_factory=dict)  # question -> Grade, in the order of the unit

    @property
    def points(self):
        return sum(grade.points for grade in self.grades.values())

    @property
    def max_points(self):
        return sum(grade.max_points for grade in self.grades.values())

    @property
    def pending(self):
        return any(grade.pending for grade in self.grades.values())


@dataclass
class Scores:
    """The gradebook of a class: questions {unit: {question: points}}, hand_ins {unit: [HandIn]}, all students."""

    questions: dict = field(default_factory=dict)
    hand_ins: dict = field(default_factory=dict)
    students: list = field(default_factory=list)


def read_scores(course):
    """The `Scores` of a `Course`; empty where there is no gradebook yet, which is not created."""
    url = make_url(course.directory.db_url)
    if url.get_backend_name() == "sqlite" and not (url.database and Path(url.database).exists()):
        return Scores()
    with Gradebook(course.directory.db_url, course.directory.course_id) as gradebook:
        return _scores(gradebook.db, course.root)


def _scores(session, root):
    graded_cell, task = aliased(GradeCell, flat=True), aliased(TaskCell, flat=True)
    scores = Scores(students=list(session.scalars(select(Student.id).order_by(Student.id))))
    units = session.scalars(select(Assignment.name).order_by(Assignment.name)).all()
    for unit in units:
        scores.questions[unit] = {}
        for kind in (GradeCell, TaskCell):
            cells = select(kind.name, Notebook.name, kind.max_score).join(Notebook, kind.notebook_id == Notebook.id)
            for name, notebook, points in session.execute(cells.join(Assignment).where(Assignment.name == unit)):
                scores.questions[unit][_question(name, notebook, unit)] = points
        scores.questions[unit] = _ordered(scores.questions[unit], root, unit)
    rows = session.execute(
        select(
            Assignment.name, SubmittedAssignment.student_id, BaseCell.name, Notebook.name,
            func.coalesce(graded_cell.max_score, task.max_score, 0.0),
            GradeRow.score, GradeRow.manual_score, GradeRow.extra_credit, GradeRow.needs_manual_grade,
        )
        .select_from(SubmittedAssignment)
        .join(Assignment, SubmittedAssignment.assignment_id == Assignment.id)
        .join(SubmittedNotebook, SubmittedNotebook.assignment_id == SubmittedAssignment.id)
        .join(Notebook, SubmittedNotebook.notebook_id == Notebook.id)
        .join(GradeRow, GradeRow.notebook_id == SubmittedNotebook.id)
        .join(BaseCell, GradeRow.cell_id == BaseCell.id)
        .outerjoin(graded_cell, graded_cell.id == BaseCell.id)
        .outerjoin(task, task.id == BaseCell.id)
    )  # fmt: skip
    found = defaultdict(dict)
    for unit, student, name, notebook, maximum, points, manual, extra, pending in rows:
        grade = Grade(
            _question(name, notebook, unit), points, maximum, manual is not None or bool(extra), bool(pending)
        )
        found[unit].setdefault(student, HandIn(unit, student)).grades[grade.question] = grade
    for unit in units:
        order = list(scores.questions[unit])
        for hand_in in found[unit].values():
            hand_in.grades = {q: hand_in.grades[q] for q in order if q in hand_in.grades}
        scores.hand_ins[unit] = [found[unit][student] for student in sorted(found[unit])]
    return scores


def _question(name, notebook, unit):
    """The name of a graded cell; with its notebook's where a class of plain nbgrader has several in an assignment."""
    name = name.removeprefix("check-")
    return name if notebook == unit else f"{notebook}/{name}"


def _ordered(questions, root, unit):
    """The questions in the order of the released notebook; a database may give them in any."""
    try:
        cells = json.loads((root / "release" / unit / f"{unit}.ipynb").read_text(encoding="utf-8"))["cells"]
        ids = [cell["metadata"].get("nbgrader", {}).get("grade_id", "") for cell in cells]
    except (OSError, ValueError, KeyError, AttributeError, TypeError):
        ids = []
    place = {grade_id.removeprefix("check-"): i for i, grade_id in enumerate(ids)}
    return dict(sorted(questions.items(), key=lambda item: (place.get(item[0], len(ids)), item[0])))
