"""Does every command explain itself and say what to do when something is missing?"""

import pytest
from click.testing import CliRunner

from autograde.cli import main
from autograde.grading.course import Course
from autograde.release import as_text, student_notebook
from tests.grading.gradebooks import fabricated, handed_in


@pytest.fixture
def run():
    return lambda *args: CliRunner().invoke(main, [str(a) for a in args])


@pytest.mark.parametrize("command", [[], *[[name] for name in main.commands]])
def test_every_command_has_help(run, command):
    result = run(*command, "--help")
    assert result.exit_code == 0
    assert len(result.output.splitlines()) > 3


def test_an_unknown_unit_is_named_with_those_that_exist(run, tmp_path):
    result = run("release", "nosuch", "--course", tmp_path)
    assert result.exit_code == 1
    assert "no unit nosuch" in result.output
    assert "bptt" in result.output


def test_grading_an_empty_class_says_where_hand_ins_go(run, tmp_path):
    result = run("grade", "--course", tmp_path)
    assert result.exit_code == 1
    assert "submitted/STUDENT/UNIT" in result.output


def test_exercises_are_current(run):
    assert run("exercises", "--check").exit_code == 0


@pytest.mark.parametrize(
    ("content", "words"),
    [("{", "not a notebook"), ('{"cells": [], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}', "no check cells")],
)
def test_checking_something_else_says_what_is_wrong(run, tmp_path, content, words):
    (tmp_path / "bptt.ipynb").write_text(content)
    result = run("check", tmp_path / "bptt.ipynb")
    assert result.exit_code == 1
    assert words in result.output


def test_checking_an_empty_folder_names_an_example(run, tmp_path):
    result = run("check", tmp_path)
    assert result.exit_code == 1
    assert "exercises/bptt" in result.output


@pytest.mark.slow
def test_a_summary_of_the_unsolved_exercise(run, tmp_path):
    (tmp_path / "bptt.ipynb").write_text(as_text(student_notebook("bptt")))
    result = run("check", tmp_path)
    assert result.exit_code == 1
    assert "0 of 20" in result.output
    assert result.output.count("not implemented yet") == 7


@pytest.fixture
def graded(tmp_path):
    """A class with two grades, and what its folder holds."""
    fabricated(tmp_path / "class", {"ada": {"rtrl": 3}, "bob": None})
    return tmp_path / "class"


def contents(folder):
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file() and path.suffix != ".db"}


@pytest.mark.parametrize(
    ("command", "words"),
    [
        (["release", "bptt"], "would be released"),
        (["report"], "rtrl"),
        (["export"], "6 lines would be written"),
        (["grade", "bptt"], "1 hand-in: ada; 0 graded and unchanged"),
        (["feedback"], "1 page: ada"),
    ],
)
def test_a_dry_run_tells_and_writes_nothing(run, graded, command, words):
    handed_in(Course(graded), "ada").rename(graded / "submitted" / "ada" / "bptt" / "my work.ipynb")
    notebook = graded / "autograded" / "ada" / "bptt" / "bptt.ipynb"
    notebook.parent.mkdir(parents=True)
    notebook.write_text("{}")
    before = contents(graded)
    result = run(*command, "--course", graded, "--dry-run")
    assert result.exit_code == 0, result.output
    assert words in " ".join(result.output.split())
    assert contents(graded) == before


def test_feedback_before_grading_says_what_to_run(run, tmp_path):
    result = run("feedback", "--course", tmp_path)
    assert result.exit_code == 1
    assert "autograde grade" in result.output


@pytest.mark.parametrize("command", ["report", "export", "feedback"])
def test_a_misspelt_class_is_not_made(run, tmp_path, command):
    result = run(command, "--course", tmp_path / "clsas")
    assert result.exit_code == 1
    assert "is no class" in result.output
    assert not (tmp_path / "clsas").exists()


@pytest.mark.parametrize("command", ["feedback", "grade"])
def test_a_unit_without_hand_ins_is_said(run, graded, command):
    result = run(command, "nosuch", "--course", graded, *(["--dry-run"] if command == "grade" else []))
    assert result.exit_code == 1
    assert "nosuch" in result.output
