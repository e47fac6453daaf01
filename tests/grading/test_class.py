"""Does a whole class get the right points, and does no hand-in harm another?"""

import importlib
import json
import os
import subprocess
import sys
import sysconfig

import nbformat
import pytest
from click.testing import CliRunner
from nbgrader.api import Gradebook

from autograde.cli import main
from autograde.grading import demo
from autograde.grading.course import Course, CourseError, hand_in
from autograde.grading.examine import examine
from autograde.grading.kernel import Limits
from autograde.grading.report import make_report
from autograde.release import as_text, source_notebook, student_notebook
from solutions.mutants import mutants_of
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


ENDLESS = "def neuron_forward(x, u, w):\n    while True:\n        pass\n"
CALLS_IT = "def neuron_bptt(x, target, u, w):\n    return neuron_forward(x, u, w)\n"


def test_an_answer_that_calls_one_that_never_returned_costs_no_second_kernel():
    notebook = demo.answered(
        {"neuron_forward": ENDLESS, "neuron_bptt": CALLS_IT}, only=["numerical_gradient", "rtrl", "checkpointed_bptt"]
    )
    record = examine(notebook, UNIT, limits=Limits(cell_seconds=4, question_seconds=2))
    points = {verdict.name: verdict.points for verdict in record.verdicts}
    assert (points["numerical_gradient"], points["rtrl"], points["checkpointed_bptt"]) == (2, 3, 3)
    said = " ".join(str(record.verdicts[1]).split())
    assert "not called again, since the call did not return within 2 s" in said
    assert "`neuron_forward` is a question of its own" in said
    assert len(record.events) == 1


def test_a_mistake_that_comes_back_in_a_later_answer_is_told_to_be_the_earlier_one():
    module = importlib.import_module("solutions.bptt")
    (mutant,) = (m for m in mutants_of(UNIT, "rnn_backward") if m.name == "state_after")
    only = ["rnn_backward", "truncated_bptt"]
    record = examine(demo.answered({"rnn_backward": mutant.source(module)}, only=only), UNIT, limits=demo.LIMITS)
    verdicts = {verdict.name: verdict for verdict in record.verdicts}
    assert str(verdicts["truncated_bptt"]).endswith("It calls rnn_backward: what is wrong there comes back here.")
    assert verdicts["rnn_backward"].calls == verdicts["rtrl"].calls == ()


def test_what_was_not_run_and_a_cell_that_stops_are_told_to_a_person():
    stops = nbformat.v4.new_code_cell("import numpyy")
    notebook = demo.answered({"neuron_forward": ENDLESS, "neuron_bptt": ENDLESS.replace("forward(x, ", "bptt(x, y, ")})
    notebook.cells.insert(0, stops)
    record = examine(notebook, UNIT, limits=Limits(cell_seconds=4, question_seconds=2))
    *_, stopped, last = record.events
    assert stopped == "a cell of the student's own stops with ModuleNotFoundError: No module named 'numpyy'"
    assert last.startswith("not run after that: numerical_gradient, rnn_backward")
    assert record.points == 0


def test_force_is_for_all_units_also_after_an_interruption(tmp_path, monkeypatch):
    course = Course(tmp_path, kernel_name="python3")
    for unit in ("bptt", "rnn"):
        course.release(unit)
        hand_in(course.root, "ada", unit, as_text(student_notebook(unit)))
        course.grade(unit, "ada")
    assert [course.pending(unit) for unit in ("bptt", "rnn")] == [[], []]

    def interrupted(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr(Course, "grade_all", interrupted)
    result = CliRunner().invoke(main, ["grade", "--force", "--trust-submissions", "--course", str(tmp_path)])
    assert result.exit_code == 130
    assert [course.pending(unit) for unit in ("bptt", "rnn")] == [["ada"], ["ada"]]


def test_the_report_tells_of_a_hand_in_that_was_collected_after_it_was_graded(tmp_path):
    course = Course(tmp_path, kernel_name="python3")
    course.release(UNIT)
    hand_in(course.root, "ada", UNIT, as_text(student_notebook(UNIT)))
    course.grade(UNIT, "ada")
    assert make_report(course, write=False).units[0].attention == []
    hand_in(course.root, "ada", UNIT, SOLVED)
    ((student, kind, _),) = make_report(course, write=False).units[0].attention
    assert (student, kind) == ("ada", "not graded yet")
