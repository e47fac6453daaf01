"""A course folder in nbgrader's layout, and what is done with it: release, grade, feedback, scores."""

import contextlib
import os
import secrets
import shutil
import signal
import sysconfig
import threading
import warnings
from concurrent.futures import Future
from dataclasses import dataclass
from functools import lru_cache, partial
from pathlib import Path
from unittest import mock

import nbgrader.api
import sqlalchemy
from nbconvert.preprocessors import ClearMetadataPreprocessor
from nbgrader.api import Gradebook, MissingEntry
from nbgrader.apps import NbGraderAPI
from nbgrader.coursedir import CourseDirectory
from nbgrader.preprocessors import (
    AssignLatePenalties,
    IgnorePattern,
    LimitOutput,
    SaveAutoGrades,
)
from sqlalchemy.exc import SAWarning
from traitlets.config import Config

from autograde import release as releasing
from autograde.grading.executor import cores, dask_executor, fingerprint, job_for, local_executor, run_all
from autograde.grading.kernel import Limits
from autograde.grading.nbgrader_parts import EXAMINED, Examination, FeedbackExporter, RebuildingExporter
from autograde.grading.records import read_record, write_record
from autograde.sandbox.doctor import require_sandbox
from autograde.units import exercise_path

DATABASE = "NBGRADER_DB_URL"


class CourseError(RuntimeError):
    """Something about the course folder that the instructor can mend; the message says how."""


def course_config(root, limits=None):
    """The nbgrader configuration of a course folder; `nbgrader_config.py` uses it too."""
    limits = limits or Limits()
    config = Config()
    config.CourseDirectory.root = str(Path(root).resolve())
    # The course that nbgrader's assignments refer to by default; PostgreSQL, unlike SQLite, insists that it exists.
    config.CourseDirectory.course_id = "default_course"
    if DATABASE in os.environ:
        config.CourseDirectory.db_url = os.environ[DATABASE]
    # Only the notebook of a hand-in counts: nbgrader would copy other files too, and follow their links.
    config.CourseDirectory.ignore = ["*"]
    config.HTMLExporter.sanitize_html = True  # what students write must not run in the feedback page
    config.GenerateFeedback.exporter_class = FeedbackExporter
    config.Autograde.exporter_class = RebuildingExporter
    # A hand-in is rebuilt on the release: there is nothing left in it to be sanitised, and its metadata is ours.
    config.Autograde.sanitize_preprocessors = []
    config.Autograde.autograde_preprocessors = [
        Examination,  # in the place of Execute
        IgnorePattern,
        ClearMetadataPreprocessor,
        LimitOutput,
        SaveAutoGrades,
        AssignLatePenalties,
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

    def __init__(self, root, limits=None, kernel_name=None):
        """kernel_name is the kernel for hand-ins: by default the sandboxed one, `python3` for trusted ones."""
        self.root, self.limits, self.kernel_name = Path(root).resolve(), limits or Limits(), kernel_name
        _alembic_on_path()
        config = course_config(self.root, limits)
        self.directory = CourseDirectory(config=config)
        self.api = NbGraderAPI(self.directory, config=config)

    def release(self, unit):
        """Put a unit's source and release notebook into the class and its questions into the gradebook.

        Returns the path of the release. A release that students already have is only replaced when it changed.
        """
        self.root.mkdir(parents=True, exist_ok=True)
        if not self.is_released(unit):
            source = self._source(unit)
            source.parent.mkdir(parents=True, exist_ok=True)
            source.write_text(releasing.as_text(releasing.source_notebook(unit)), encoding="utf-8")
            self._run(partial(self.api.generate_assignment, unit, force=True, create=True), f"release of {unit}")
        return self._release(unit)

    def is_released(self, unit):
        """Whether students have the unit as it is now."""
        source, now = self._source(unit), releasing.as_text(releasing.source_notebook(unit))
        return self._release(unit).exists() and source.exists() and source.read_text(encoding="utf-8") == now

    def _source(self, unit):
        return self.root / "source" / unit / f"{unit}.ipynb"

    def _release(self, unit):
        return self.root / "release" / unit / f"{unit}.ipynb"

    def submitted(self, unit):
        """The students who have a folder for the unit."""
        return sorted(path.parent.name for path in self.root.glob(f"submitted/*/{unit}") if path.is_dir())

    def grade(self, unit, student, force=False):
        """Grade one hand-in in this process; returns its row."""
        for _ in self.grade_all(unit, [student], force=force, workers=0):
            pass
        return self.row(unit, student)

    def grade_all(self, unit, students=None, *, force=False, workers=None, scheduler=None):
        """Grade hand-ins of a unit, several at a time; yields (student, whether it was graded now) as they are done.

        A hand-in whose record speaks of the same file and release is left alone unless force is given. workers are
        processes on this machine (by default as many as cores; 0: in this process), scheduler the address of a Dask
        cluster. A grade is committed before the record of its hand-in is written, so that an interrupted run can be
        repeated.
        """
        students = self.submitted(unit) if students is None else students
        todo = dict.fromkeys(self.pending(unit, students, force))
        kernel_name = self.kernel_name or require_sandbox()
        job_of = self._jobs(unit, secrets.randbits(63), kernel_name)
        self.forget(unit, todo)
        yield from ((student, False) for student in students if student not in todo)
        workers = cores() if workers is None else workers
        if scheduler:
            make, count = partial(dask_executor, scheduler), max(cores(), 16)
        elif workers:
            make, count = partial(local_executor, workers, kernel_name), workers
        else:
            make, count = InlineExecutor, 1
        for result in run_all(map(job_of, todo), make, count):
            self._record(result)
            yield result.student, True

    def pending(self, unit, students=None, force=False):
        """The students whose hand-in `grade_all` would grade; nothing is written."""
        job_of = self._jobs(unit)
        students = self.submitted(unit) if students is None else students
        return [student for student in students if force or not self._is_graded(job_of(student))]

    def changed(self, unit):
        """The students whose hand-in, or its release, is not the one that was graded."""
        graded = [s for s in self.submitted(unit) if read_record(self.root, unit, s).get("hand_in")]
        return self.pending(unit, graded) if graded else []

    def _jobs(self, unit, seed=0, kernel_name=""):
        """The function that makes a student's job. It reads the file, so that a large class stays out of memory."""
        self._require_release(unit)
        release = self._release(unit).read_text(encoding="utf-8")
        return lambda student: job_for(
            self._hand_in(unit, student), unit, student, release, seed, self.limits, kernel_name
        )

    def _is_graded(self, job):
        """Whether the record of a hand-in speaks of this file and this release."""
        graded = (self.root / "autograded" / job.student / job.unit / f"{job.unit}.ipynb").exists()
        return graded and read_record(self.root, job.unit, job.student).get("hand_in") == fingerprint(job)

    def forget(self, unit, students=None):
        """Have hand-ins graded again by the next run, or by the one that goes on after an interruption of this one."""
        for student in self.submitted(unit) if students is None else students:
            record = read_record(self.root, unit, student)
            if record.pop("hand_in", None):
                write_record(self.root, unit, student, record)

    def _record(self, result):
        """Put an examined hand-in into the gradebook by nbgrader's own converter, then write its record."""
        self._name_for_nbgrader(result.unit, result.student)
        key = (result.unit, result.student)
        EXAMINED[key] = result
        with _uninterrupted():
            try:
                with _one_transaction(self.directory.db_url):
                    call = partial(self.api.autograde, result.unit, result.student, force=True, create=True)
                    self._run(call, f"{result.student}: {result.unit}")
            finally:
                del EXAMINED[key]
            write_record(self.root, result.unit, result.student, result.record)

    def _hand_in(self, unit, student):
        """The file that counts as the hand-in: the one with the unit's name, or the only notebook."""
        folder = self.root / "submitted" / student / unit
        named = folder / f"{unit}.ipynb"
        others = [p for p in folder.glob("*.ipynb") if not p.is_symlink()]
        return others[0] if len(others) == 1 and not named.is_symlink() else named

    def _name_for_nbgrader(self, unit, student):
        """nbgrader needs a file with the unit's name; without one, the hand-in would get no row."""
        found, named = self._hand_in(unit, student), self.root / "submitted" / student / unit / f"{unit}.ipynb"
        if found != named:
            shutil.copyfile(found, named)
        elif not named.exists() and not named.is_symlink():
            named.touch()

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
                tuple(read_record(self.root, unit, student).get("events", ())),
            )
        return row

    def rows(self, unit):
        """All rows of a unit."""
        return [self.row(unit, student) for student in self.graded(unit)]

    def _require_release(self, unit):
        if not self._release(unit).exists():
            raise CourseError(
                f"{self.root} holds no release of {unit}: run `python -m autograde release {unit} --course {self.root}`"
            )

    @staticmethod
    def _run(call, what):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", SAWarning)  # of nbgrader's own queries; nothing that one could act on
            result = call()
        if not result["success"]:
            told = "\n".join(str(result[name]) for name in ("log", "error") if result.get(name))
            log = [line.strip() for line in told.splitlines() if line.strip()] or ["no reason given"]
            # the last line of nbgrader's log points upwards; the line before a traceback's end is the reason
            reasons = [line for line in log if line.split(":")[0].endswith(("Error", "Exception"))] or log
            raise CourseError(f"{what} failed: {reasons[0]}")


class InlineExecutor:
    """The shape of `concurrent.futures` without processes."""

    def submit(self, call, *args):
        future = Future()
        try:
            future.set_result(call(*args))
        except Exception as error:
            future.set_exception(error)
        return future

    def shutdown(self, wait=True):
        """Nothing is running."""


@contextlib.contextmanager
def _uninterrupted():
    """Ctrl-C waits until a hand-in is recorded: nbgrader would take it for a failure of that hand-in."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    asked = []
    before = signal.signal(signal.SIGINT, lambda *_: asked.append(True))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before or signal.default_int_handler)
    if asked:
        raise KeyboardInterrupt


@contextlib.contextmanager
def _one_transaction(url):
    """All that nbgrader writes of a hand-in is committed at once, or not at all.

    It opens the gradebook some nine times for a hand-in and commits some thirty times. Sessions that join this
    transaction do not end it. Nor need they look for missing tables each time: the release of the unit has made them.
    """
    with (
        _engine(url).begin() as connection,
        mock.patch.object(nbgrader.api, "create_engine", return_value=connection),
        mock.patch.object(nbgrader.api.Base.metadata, "create_all"),
        mock.patch.object(Gradebook, "close", lambda gradebook: gradebook.db.remove()),
    ):
        yield


_engine = lru_cache(maxsize=8)(sqlalchemy.create_engine)


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
