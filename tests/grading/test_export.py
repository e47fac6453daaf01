"""Are grades and answers exported whole, and does nbgrader's own exporter read the class?"""

import ast
import csv
import os
import subprocess
import sys
import sysconfig

import pytest
from click.testing import CliRunner
from nbgrader.api import Gradebook

from autograde.cli import main
from autograde.grading.demo import answered
from autograde.grading.export import harmless
from tests.conftest import ROOT
from tests.grading.gradebooks import UNIT, fabricated, handed_in

pytestmark = pytest.mark.xdist_group("export")  # what its fixtures made serves all
CODE = {"neuron_forward": "def neuron_forward(x, u, w):\n    %time\n    return helper(x)\n"}


@pytest.fixture(scope="module")
def course(tmp_path_factory):
    course = fabricated(
        tmp_path_factory.mktemp("export") / "class",
        {
            "lee": {"neuron_forward": 1, "rnn_backward": 2.5, "rtrl": 3},
            "=cmd()": {"neuron_forward": 0, "rnn_backward": None, "rtrl": 3},
            "absent": None,
        },
    )
    with Gradebook(course.directory.db_url, course.directory.course_id) as gradebook:
        grade = gradebook.find_grade("check-rtrl", UNIT, UNIT, "lee")
        grade.manual_score, grade.extra_credit = 2, 0.5
        gradebook.db.commit()
    handed_in(course, "lee", answered(CODE, only={"rtrl"}))
    handed_in(course, "kim", answered({}, only={"rnn_backward"}))
    handed_in(course, "blank")
    (course.root / "submitted/kim/bptt/notes.txt").write_text("not for the tool")
    return course


def export(course, *args):
    return CliRunner().invoke(main, ["export", "--course", str(course.root), *map(str, args)])


def test_every_student_unit_and_question_has_a_line(course):
    result = export(course)
    assert result.exit_code == 0, result.output
    with open(course.root / "grades.csv", encoding="utf-8", newline="") as file:
        rows = {(row["student"], row["question"]): row for row in csv.DictReader(file)}
    assert len(rows) == 3 * 3
    assert {row["unit"] for row in rows.values()} == {UNIT}
    lee = rows["lee", "rtrl"]
    assert (lee["points"], lee["max_points"], lee["manual"], lee["pending"]) == ("2.5", "3", "yes", "no")
    assert rows["lee", "rnn_backward"]["points"] == "2.5"
    assert rows["lee", "rnn_backward"]["manual"] == "no"
    assert rows["'=cmd()", "rnn_backward"]["pending"] == "yes"
    absent = rows["absent", "rtrl"]
    assert (absent["points"], absent["max_points"], absent["handed_in"]) == ("", "3", "no")


@pytest.mark.parametrize(
    ("text", "safe"), [("=1+1", "'=1+1"), ("@x", "'@x"), ("-x", "'-x"), ("-1.5", "-1.5"), ("lee", "lee")]
)
def test_a_spreadsheet_takes_no_text_for_a_formula(text, safe):
    assert harmless(text) == safe


def test_answers_are_folders_of_plain_python_for_a_plagiarism_tool(course, tmp_path):
    result = export(course, UNIT, "--plagiarism", tmp_path)
    assert result.exit_code == 0, result.output
    files = {p.relative_to(tmp_path).as_posix() for p in tmp_path.rglob("*") if p.is_file()}
    assert files == {
        "bptt/info.csv", "bptt/template/bptt.py",
        "bptt/submissions/lee/bptt.py", "bptt/submissions/kim/bptt.py",
    }  # fmt: skip
    for path in tmp_path.rglob("*.py"):
        ast.parse(path.read_text(encoding="utf-8"))
    lee = (tmp_path / "bptt/submissions/lee/bptt.py").read_text(encoding="utf-8")
    assert "return helper(x)" in lee
    assert "# %time" in lee
    assert "def rtrl" in lee
    assert "def rnn_backward" not in lee, "an unanswered cell is in the export"
    assert "NotImplementedError" in (tmp_path / "bptt/template/bptt.py").read_text(encoding="utf-8")
    with open(tmp_path / "bptt/info.csv", encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert {row["filename"] for row in rows} == {name.removeprefix("bptt/") for name in files if name.endswith(".py")}
    assert [row["filename"] for row in rows if row["ignored"] == "true"] == ["template/bptt.py"]


def test_a_second_export_leaves_nothing_of_the_first(course, tmp_path):
    (tmp_path / "bptt/submissions/gone").mkdir(parents=True)
    (tmp_path / "bptt/submissions/gone/bptt.py").write_text("")
    export(course, UNIT, "--plagiarism", tmp_path)
    assert not (tmp_path / "bptt/submissions/gone").exists()


@pytest.mark.parametrize("args", [["nosuch"], ["nosuch", "--plagiarism", "x"]])
def test_an_unknown_unit_is_an_error_that_names_it(course, args):
    result = export(course, *args)
    assert result.exit_code == 1
    assert "nosuch" in result.output


def test_nbgraders_own_exporter_reads_the_class(course, tmp_path):
    environment = {
        **os.environ,
        "THROUGH_TIME_COURSE": str(course.root),
        "PATH": os.pathsep.join([sysconfig.get_path("scripts"), os.environ["PATH"]]),
    }
    command = [sys.executable, "-m", "nbgrader", "export", "--to", str(tmp_path / "grades.csv")]
    done = subprocess.run(command, env=environment, cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    with open(tmp_path / "grades.csv", encoding="utf-8", newline="") as file:
        rows = {row["student_id"]: row for row in csv.DictReader(file)}
    assert (rows["lee"]["assignment"], rows["lee"]["score"], rows["lee"]["max_score"]) == (UNIT, "6.0", "9.0")
    assert rows["absent"]["score"] == "0.0"
