"""Does the report say what the gradebook and the records hold, whatever they hold?"""

import csv
import html.parser
import re

import pytest
from click.testing import CliRunner
from nbgrader.api import Gradebook

from autograde.cli import main
from autograde.grading.course import Course
from autograde.grading.report import LOST, NOTE, TIMED_OUT, UnitReport, kind_of, make_report, percent
from autograde.grading.scores import read_scores
from tests.grading.gradebooks import UNIT, fabricated, handed_in, recorded

pytestmark = pytest.mark.xdist_group("report")  # what its fixtures made serves all
EVIL = "<script>alert('x')</script>[bold]\x1b[2J$\\frac$&amp;"
FULL = {"neuron_forward": 1, "rnn_backward": 5, "rtrl": 3}
TRANSPOSED = "W_hh is transposed"


@pytest.fixture(scope="module")
def course(tmp_path_factory):
    course = fabricated(
        tmp_path_factory.mktemp("report") / "class",
        {
            "full": FULL,
            "half": {"neuron_forward": 1, "rnn_backward": 2.5, "rtrl": 0},
            "none": {"neuron_forward": 0, "rnn_backward": 0, "rtrl": 0},
            "pending": {"neuron_forward": 1, "rnn_backward": None, "rtrl": 3},
            EVIL: FULL,
            "absent": None,
        },
    )
    wrong = {"name": "rnn_backward", "misconception": TRANSPOSED}
    recorded(course, "half", verdicts=[wrong, {"name": "rtrl", "misconception": EVIL}])
    recorded(course, "none", verdicts=[wrong], events=["rtrl: the call did not return within 20 s"])
    recorded(
        course, "full", events=["rtrl: the cell ended the Python process"], flags=["rtrl: line 3 uses torch.autograd"]
    )
    handed_in(course, "later")
    return course


@pytest.fixture(scope="module")
def report(course):
    return make_report(course)


def test_shares_are_those_of_the_gradebook(report):
    (unit,) = report.units
    shares = {q.question: (q.mean, q.full) for q in unit.questions}
    assert shares == {"neuron_forward": (0.8, 0.8), "rnn_backward": (0.5, 0.4), "rtrl": (0.6, 0.6)}
    assert unit.summary == "5 hand-ins: mean 5.1, median 4.0, from 0 to 9 of 9"


def test_misconceptions_are_counted_over_hand_ins(report):
    assert report.units[0].misconceptions == [("rnn_backward", TRANSPOSED, 2), ("rtrl", EVIL, 1)]


def test_only_frequent_misconceptions_are_listed_and_the_others_counted():
    unit = UnitReport(UNIT, [], misconceptions=[("rtrl", f"mistake {i}", 14 - i) for i in range(12)])
    assert [count for *_, count in unit.frequent] == list(range(14, 4, -1))
    assert unit.rarer == "2 more, in at most 4 hand-ins each."
    assert UnitReport(UNIT, [], misconceptions=unit.frequent).rarer == ""


def test_whoever_needs_a_person_is_listed_with_the_reason(report):
    rows = {(student, kind): text for student, kind, text in report.units[0].attention}
    assert "grade bptt" in rows["later", "not graded yet"]
    assert rows["pending", "manual grade pending"] == "rnn_backward"
    assert rows["full", "flag"] == "rtrl: line 3 uses torch.autograd"
    assert rows["full", LOST].endswith("ended the Python process")
    assert rows["none", TIMED_OUT].endswith("within 20 s")
    assert len(rows) == 5


@pytest.mark.parametrize(
    ("event", "kind"),
    [
        ("helper: the cell did not finish within 30 s", TIMED_OUT),
        ("when its cells were run again, one did not finish within 30 s", TIMED_OUT),
        ("rtrl: the call ended the Python process", LOST),
        ("bptt.ipynb: the worker that examined it ended, several times. It needs a person.", LOST),
        ('bptt.ipynb: the cell "x" is there twice; the first copy counts.', NOTE),
    ],
)
def test_events_are_sorted_into_kinds(event, kind):
    assert kind_of(event) == kind


class Page(html.parser.HTMLParser):
    """The elements, references and ids of a page."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.links, self.ids, self.open = [], [], [], []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        self.tags.append(tag)
        for name, value in attributes:
            assert not name.startswith("on"), f"a handler in <{tag}>"
            if name in ("href", "src", "xlink:href"):
                self.links.append(value)
            if name == "id":
                self.ids.append(value)


def test_the_page_holds_pictures_nothing_foreign_and_no_markup_of_a_student(report):
    text = report.paths[-1].read_text(encoding="utf-8")
    page = Page(text)
    assert page.tags.count("svg") == 2
    assert not {"script", "img", "iframe", "link", "object"} & set(page.tags)
    assert all(link.startswith("#") or link == f"{UNIT}.csv" for link in page.links)
    assert not re.search(r"url\((?!#)", text)
    assert len(page.ids) == len(set(page.ids))
    assert {link[1:] for link in page.links if link.startswith("#")} <= set(page.ids)
    assert "default-src 'none'" in text
    assert "alert(&#39;x&#39;)" in text
    assert TRANSPOSED in text


def test_the_table_of_a_unit_has_a_line_for_each_hand_in(report):
    with open(report.paths[0], encoding="utf-8", newline="") as file:
        rows = {row["student"]: row for row in csv.DictReader(file)}
    assert set(rows) == {"full", "half", "none", "pending", EVIL}
    assert (rows["half"]["points"], rows["half"]["max_points"], rows["half"]["rnn_backward"]) == ("3.5", "9", "2.5")
    assert rows["pending"]["pending"] == "yes"
    assert rows["full"]["flag"] == "rtrl: line 3 uses torch.autograd"


def test_the_terminal_shows_the_same_and_no_control_character(course, report):
    result = CliRunner().invoke(main, ["report", "--course", str(course.root)])
    assert result.exit_code == 0, result.output
    assert "5 hand-ins: mean 5.1" in result.output
    assert "\x1b" not in result.output
    assert "index.html" in result.output


def test_an_empty_class_is_said_and_no_gradebook_is_made(tmp_path):
    (tmp_path / "class").mkdir()
    result = CliRunner().invoke(main, ["report", "--course", str(tmp_path / "class")])
    assert result.exit_code == 0
    assert "no unit has been released" in result.output
    assert "No unit has been released" in (tmp_path / "class/report/index.html").read_text(encoding="utf-8")
    assert not (tmp_path / "class/gradebook.db").exists()


def test_a_released_unit_without_hand_ins_is_said(tmp_path):
    course = fabricated(tmp_path / "class", {"absent": None})
    report = make_report(course)
    assert report.units[0].summary == "No hand-in has been graded yet."
    assert "No hand-in has been graded yet" in report.paths[-1].read_text(encoding="utf-8")
    assert percent(report.units[0].questions[0].mean) == "–"


def test_an_unknown_unit_is_an_error_that_names_it(course):
    result = CliRunner().invoke(main, ["report", "nosuch", "--course", str(course.root)])
    assert result.exit_code == 1
    assert "nosuch" in result.output


@pytest.mark.parametrize("content", ["", "{", "[]", '{"events": 3, "flags": null, "verdicts": [1, {}]}'])
def test_a_damaged_record_costs_only_its_notes(tmp_path, content):
    course = fabricated(tmp_path / "class", {"lee": FULL})
    recorded(course, "lee")
    (course.root / f"records/{UNIT}/lee.json").write_text(content)
    assert make_report(course).units[0].points == [9]


def test_a_class_of_plain_nbgrader_with_two_notebooks_in_an_assignment(tmp_path):
    course = Course(tmp_path)
    with Gradebook(course.directory.db_url, course.directory.course_id) as gradebook:
        gradebook.add_assignment("hw1")
        for notebook in ("a", "b"):
            gradebook.add_notebook(notebook, "hw1")
            gradebook.add_grade_cell("test1", notebook, "hw1", max_score=2, cell_type="code")
        gradebook.add_task_cell("essay", "b", "hw1", max_score=4, cell_type="markdown")
    assert read_scores(course).questions == {"hw1": {"a/test1": 2, "b/test1": 2, "b/essay": 4}}
