"""Does a whole class get the right points, and does no hand-in harm another?"""

import json
import os
import subprocess
import sys
import sysconfig

import nbformat
import pytest
from nbgrader.api import Gradebook

from autograde.grading import demo
from autograde.grading.course import Course, CourseError, hand_in
from autograde.release import as_text, source_notebook, student_notebook
from tests.conftest import ROOT

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("class")]  # what its fixtures graded serves all
UNIT = "bptt"
SOLVED = as_text(source_notebook(UNIT))


@pytest.fixture(scope="module")
def demonstration(tmp_path_factory):
    course, rows = demo.make_class(tmp_path_factory.mktemp("demo") / "class")
    return course, {row.student: row for row in rows}


@pytest.mark.parametrize("student", demo.STUDENTS)
def test_the_demonstration_gets_the_points_that_were_designed(demonstration, student):
    _, rows = demonstration
    assert (rows[student].points, rows[student].max_points) == (demo.STUDENTS[student][1], 20)


def test_the_points_are_rows_of_nbgraders_gradebook(demonstration):
    course, rows = demonstration
    with Gradebook(f"sqlite:///{course.root}/gradebook.db") as gradebook:
        for student, row in rows.items():
            assert gradebook.find_submission(UNIT, student).score == row.points
            assert not row.needs_person


def test_feedback_shows_message_and_misconception(demonstration):
    course, _ = demonstration
    page = (course.root / "feedback/misconception/bptt/bptt.html").read_text(encoding="utf-8")
    assert "2 of 5 points" in page
    assert "differs from finite differences in every case" in page
    assert "h_t in place of h_{t-1}" in page
    assert "each δ_t meets the state before it" in page
    assert '<a href="#check-rnn_backward">rnn_backward</a> (Score: 2.0 / 5.0)' in page
    assert "Test cell" not in page


def test_what_ended_the_kernel_is_said_and_the_rest_was_graded(demonstration):
    _, rows = demonstration
    assert rows["crashing"].by_question["rtrl"] == (0, 3)
    assert rows["crashing"].by_question["checkpointed_bptt"] == (3, 3)
    assert "ended the Python process" in rows["crashing"].events[0]
    assert "did not return within" in rows["endless"].events[0]


def test_the_record_replays_the_grading(demonstration):
    from autograde.grading.examine import examine

    course, _ = demonstration
    record = json.loads((course.root / "records/bptt/misconception.json").read_text())
    notebook = nbformat.reads(demo.hand_ins()["misconception"], as_version=4)
    again = examine(notebook, UNIT, seed=record["seed"]).as_dict()
    assert json.loads(json.dumps(again["verdicts"])) == record["verdicts"]


def test_no_reference_value_stands_in_the_graded_notebook(demonstration):
    course, _ = demonstration
    text = (course.root / "autograded/blank/bptt/bptt.ipynb").read_text()
    assert "BEGIN SOLUTION" not in text


BAD = {
    "notjson": ("{", 0),
    "empty": ("", 0),
    "otherunit": (json.dumps({"cells": [{"cell_type": "code", "id": "rnn-check-x", "source": "1"}]}), 0),
    "withoutchecks": (None, 20),
    "twice": (None, 20),
    "deleted": (None, 17),
    "wrongname": (SOLVED, 20),
    "good": (SOLVED, 20),
}


def _bad(kind):
    text, _ = BAD[kind]
    if text is not None:
        return text
    notebook = source_notebook(UNIT)
    if kind == "withoutchecks":
        notebook.cells = [c for c in notebook.cells if "-check-" not in c.id]
    elif kind == "twice":
        notebook.cells += [nbformat.from_dict({**c, "id": f"{c.id}-2"}) for c in notebook.cells]
    elif kind == "deleted":
        notebook.cells = [c for c in notebook.cells if c.id != "bptt-rtrl"]
    return as_text(notebook)


@pytest.fixture(scope="module")
def bad_class(tmp_path_factory):
    course = Course(tmp_path_factory.mktemp("bad"), demo.LIMITS)
    course.release(UNIT)
    for kind in BAD:
        path = hand_in(course.root, kind, UNIT, _bad(kind))
        if kind == "wrongname":
            path.rename(path.with_name("my homework.ipynb"))
    return course, {kind: course.grade(UNIT, kind) for kind in BAD}


@pytest.mark.parametrize("kind", BAD)
def test_a_bad_hand_in_gets_a_row_and_the_others_are_graded(bad_class, kind):
    _, rows = bad_class
    assert rows[kind].points == BAD[kind][1]
    if kind not in ("good", "wrongname"):
        assert rows[kind].events, "nobody was told"
        assert rows[kind].events[0].startswith("bptt.ipynb: ")


def test_the_message_is_in_the_feedback(bad_class):
    course, _ = bad_class
    (page,) = course.feedback(UNIT, "deleted")
    assert "is missing; graded as unanswered (0 of 3)" in page.read_text(encoding="utf-8").replace("&quot;", '"')


def test_plain_nbgrader_goes_the_same_way(bad_class):
    course, rows = bad_class
    environment = {
        **os.environ,
        "THROUGH_TIME_COURSE": str(course.root),
        "PATH": os.pathsep.join([sysconfig.get_path("scripts"), os.environ["PATH"]]),
    }
    command = [sys.executable, "-m", "nbgrader", "autograde", UNIT, "--force", "--student", "twice"]
    done = subprocess.run(command, env=environment, cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    assert course.row(UNIT, "twice").by_question == rows["twice"].by_question
    record = json.loads((course.root / "records/bptt/twice.json").read_text())
    assert [v["points"] for v in record["verdicts"]] == [1, 3, 2, 5, 3, 3, 3]


def test_a_manual_grade_survives_a_regrade(bad_class):
    course, _ = bad_class
    with Gradebook(f"sqlite:///{course.root}/gradebook.db") as gradebook:
        grade = gradebook.find_grade("check-rtrl", UNIT, UNIT, "deleted")
        grade.manual_score, grade.extra_credit = 2.0, 0.5
        gradebook.db.commit()
    row = course.grade(UNIT, "deleted", force=True)
    assert row.by_question["rtrl"][0] == 2.5


def test_grading_before_a_release_says_what_to_run(tmp_path):
    hand_in(tmp_path, "someone", UNIT, as_text(student_notebook(UNIT)))
    with pytest.raises(CourseError, match="python -m autograde release bptt"):
        Course(tmp_path).grade(UNIT, "someone")


def test_a_kernel_that_cannot_answer_stops_the_run_and_grades_nobody(tmp_path, monkeypatch):
    from autograde.grading import kernel

    course = Course(tmp_path, demo.LIMITS, "python3")
    course.release(UNIT)
    hand_in(tmp_path, "someone", UNIT, SOLVED)
    monkeypatch.setattr(kernel.responder, "__name__", "autograde.grading.not_there")
    with pytest.raises(kernel.KernelStartError, match="doctor"):
        course.grade(UNIT, "someone")
    assert course.graded(UNIT) == []
