"""A course folder in nbgrader's layout, and what is done with it: release, grade, feedback, scores."""

import json
import os
import shutil
import sysconfig
import warnings
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from nbconvert.preprocessors import ClearMetadataPreprocessor
from nbgrader.api import Gradebook, MissingEntry
from nbgrader.apps import NbGraderAPI
from nbgrader.coursedir import CourseDirectory
from nbgrader.preprocessors import (
    AssignLatePenalties,
    CheckCellMetadata,
    IgnorePattern,
    LimitOutput,
    SaveAutoGrades,
)
from sqlalchemy.exc import SAWarning
from traitlets.config import Config

from autograde import release as releasing
from autograde.grading.kernel import Limits
from autograde.grading.nbgrader_parts import Examination, RebuildingExporter, record_path
from autograde.units import exercise_path


class CourseError(RuntimeError):
    """Something about the course folder that the instructor can mend; the message says how."""


def course_config(root, limits=None):
    """The nbgrader configuration of a course folder; `nbgrader_config.py` uses it too."""
    limits = limits or Limits()
    config = Config()
    config.CourseDirectory.root = str(Path(root).resolve())
    config.Autograde.exporter_class = RebuildingExporter
    config.Autograde.autograde_preprocessors = [
        Examination,  # in the place of Execute
        IgnorePattern,
        ClearMetadataPreprocessor,
        LimitOutput,
        SaveAutoGrades,
        AssignLatePenalties,
        CheckCellMetadata,
    ]
    config.Examination.cell_seconds = float(limits.cell_seconds)
    config.Examination.question_seconds = float(limits.question_seconds)
    return config


@dataclass(frozen=True)
class Graded:
    """One row of a graded class."""

    student: str
    points: float
    max_points: float
    by_question: dict
    needs_person: bool
    events: tuple


class Course:
    """The folder of one class."""

    def __init__(self, root, limits=None):
        self.root = Path(root).resolve()
        _alembic_on_path()
        config = course_config(self.root, limits)
        self.directory = CourseDirectory(config=config)
        self.api = NbGraderAPI(self.directory, config=config)

    def release(self, unit):
        """Put a unit's source and release notebook into the class and its questions into the gradebook.

        Returns the path of the release. A release that students already have is only replaced when it changed.
        """
        self.root.mkdir(parents=True, exist_ok=True)
        source = self.root / "source" / unit / f"{unit}.ipynb"
        text = releasing.as_text(releasing.source_notebook(unit))
        released = self.root / "release" / unit / f"{unit}.ipynb"
        if not (released.exists() and source.exists() and source.read_text(encoding="utf-8") == text):
            source.parent.mkdir(parents=True, exist_ok=True)
            source.write_text(text, encoding="utf-8")
            self._run(partial(self.api.generate_assignment, unit, force=True, create=True), f"release of {unit}")
        return released

    def submitted(self, unit):
        """The students who have a folder for the unit."""
        return sorted(path.parent.name for path in self.root.glob(f"submitted/*/{unit}") if path.is_dir())

    def grade(self, unit, student, force=False):
        """Grade one hand-in by nbgrader's autograde; returns its row."""
        self._require_release(unit)
        folder = self.root / "submitted" / student / unit
        notebook = folder / f"{unit}.ipynb"
        if not notebook.exists() and not notebook.is_symlink():
            # nbgrader skips a folder without the notebook; an empty file gets a row, and a message.
            candidates = sorted(p.name for p in folder.glob("*.ipynb"))
            if len(candidates) == 1:
                shutil.copyfile(folder / candidates[0], notebook)
            else:
                notebook.touch()
        self._run(partial(self.api.autograde, unit, student, force=force, create=True), f"{student}: {unit}")
        return self.row(unit, student)

    def feedback(self, unit, student=None, force=True):
        """Write nbgrader's feedback pages of a unit; returns their paths."""
        for name in [student] if student else self.graded(unit):
            self._run(partial(self.api.generate_feedback, unit, name, force=force), f"feedback for {name}: {unit}")
        return sorted(self.root.glob(f"feedback/{student or '*'}/{unit}/*.html"))

    def graded(self, unit):
        """The students who have an autograded hand-in for the unit."""
        return sorted(path.parent.name for path in self.root.glob(f"autograded/*/{unit}") if path.is_dir())

    def row(self, unit, student):
        """What the gradebook holds of one hand-in, with the events of its record."""
        with Gradebook(self.directory.db_url, self.directory.course_id) as gradebook:
            try:
                submission = gradebook.find_submission(unit, student)
            except MissingEntry:
                raise CourseError(
                    f"{student} has no graded hand-in for {unit}: run `python -m autograde grade {unit}`"
                ) from None
            grades = [g for notebook in submission.notebooks for g in notebook.grades]
            questions = {g.name.removeprefix("check-"): (g.score, g.max_score) for g in grades}
            row = Graded(
                student,
                submission.score,
                submission.max_score,
                questions,
                submission.needs_manual_grade,
                tuple(self._record(unit, student).get("events", ())),
            )
        return row

    def rows(self, unit):
        """All rows of a unit."""
        return [self.row(unit, student) for student in self.graded(unit)]

    def _record(self, unit, student):
        path = record_path(self.root, unit, student)
        return json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}

    def _require_release(self, unit):
        if not (self.root / "release" / unit / f"{unit}.ipynb").exists():
            raise CourseError(
                f"{self.root} holds no release of {unit}: run `python -m autograde release {unit} --course {self.root}`"
            )

    @staticmethod
    def _run(call, what):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", SAWarning)  # of nbgrader's own queries; nothing that one could act on
            result = call()
        if not result["success"]:
            log = str(result.get("error") or result.get("log") or "no reason given").strip().splitlines()
            # the last line of nbgrader's log points upwards; the line before a traceback's end is the reason
            reasons = [line for line in log if line.split(":")[0].endswith(("Error", "Exception"))] or log
            raise CourseError(f"{what} failed: {reasons[0]}")


def _alembic_on_path():
    """nbgrader creates its gradebook by the command `alembic`, which stands beside our Python."""
    scripts = sysconfig.get_path("scripts")
    if scripts not in os.environ.get("PATH", "").split(os.pathsep):
        os.environ["PATH"] = os.pathsep.join([scripts, os.environ.get("PATH", "")])


def hand_in(root, student, unit, notebook_text):
    """Place a hand-in into the class as if it had been collected; returns its path."""
    path = Path(root) / "submitted" / student / exercise_path(unit).relative_to("exercises")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(notebook_text, encoding="utf-8")
    return path
