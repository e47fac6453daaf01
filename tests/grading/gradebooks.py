"""Classes for tests of what is done with grades: a gradebook and records, without any grading."""

import warnings

from nbgrader.api import Gradebook
from sqlalchemy.exc import SAWarning

from autograde.grading.course import Course, hand_in
from autograde.grading.records import write_record
from autograde.release import as_text, student_notebook

UNIT = "bptt"
QUESTIONS = {"neuron_forward": 1, "rnn_backward": 5, "rtrl": 3}


def fabricated(root, students, unit=UNIT, questions=QUESTIONS):
    """A `Course` with `students` {id: {question: points, or None if pending}, or None if nothing was handed in}."""
    course = Course(root)
    course.root.mkdir(parents=True, exist_ok=True)
    release = course.root / "release" / unit / f"{unit}.ipynb"
    release.parent.mkdir(parents=True)
    release.write_text(as_text(student_notebook(UNIT)), encoding="utf-8")
    gradebook = Gradebook(course.directory.db_url, course.directory.course_id)
    with warnings.catch_warnings(), gradebook:
        warnings.simplefilter("ignore", SAWarning)  # of nbgrader's own add_submission
        gradebook.add_assignment(unit)
        gradebook.add_notebook(unit, unit)
        for name, points in questions.items():
            gradebook.add_grade_cell(f"check-{name}", unit, unit, max_score=points, cell_type="code")
        for student, points in students.items():
            gradebook.add_student(student)
            if points is None:
                continue
            gradebook.add_submission(unit, student)
            for name, value in points.items():
                grade = gradebook.find_grade(f"check-{name}", unit, unit, student)
                grade.auto_score, grade.needs_manual_grade = value, value is None
            gradebook.db.commit()
    return course


def recorded(course, student, unit=UNIT, **fields):
    """Write the record that a grading would have left."""
    write_record(course.root, unit, student, {"verdicts": [], "events": [], "flags": [], **fields})


def handed_in(course, student, notebook=None, unit=UNIT):
    """Put a notebook (by default the exercise as released) into class/submitted."""
    return hand_in(course.root, student, unit, as_text(notebook or student_notebook(unit)))
