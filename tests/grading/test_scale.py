"""Does grading many give what grading one gives: parallel, on a cluster, on PostgreSQL, after an interruption?"""

import glob
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import psutil
import pytest
from nbgrader.api import Gradebook
from nbgrader.preprocessors import AssignLatePenalties

from autograde.grading import demo
from autograde.grading.course import Course, CourseError, hand_in
from autograde.grading.kernel import Limits
from autograde.release import as_text, source_notebook, student_notebook
from autograde.sandbox.doctor import best_kernel
from tests.conftest import ROOT

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("scale")]  # what its fixtures graded serves all
UNIT = "bptt"
LIMITS = Limits(cell_seconds=20, question_seconds=10)


def texts(count):
    """Quick hand-ins of different worth: each answers so many of the small questions."""
    small = ["neuron_forward", "neuron_bptt", "numerical_gradient"]
    return {
        f"s{i}": as_text(student_notebook(UNIT) if i % 4 == 0 else demo.answered({}, only=small[: i % 4]))
        for i in range(count)
    }


POINTS = [0, 1, 4, 6]


def make_course(root, count=6):
    course = Course(root, LIMITS, best_kernel() or "python3")
    course.release(UNIT)
    for student, text in texts(count).items():
        hand_in(course.root, student, UNIT, text)
    return course


def gradebook(course):
    """All that the gradebook holds of scores, as plain values."""
    with Gradebook(course.directory.db_url) as book:
        rows = {}
        for submission in book.find_assignment(UNIT).submissions:
            for notebook in submission.notebooks:
                for grade in notebook.grades:
                    rows[submission.student.id, grade.name] = (
                        grade.auto_score,
                        grade.manual_score,
                        grade.needs_manual_grade,
                    )
        return rows


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    course = make_course(tmp_path_factory.mktemp("undisturbed"))
    assert all(now for _, now in course.grade_all(UNIT, workers=2))
    return course


def test_every_hand_in_has_its_points(undisturbed):
    assert {r.student: r.points for r in undisturbed.rows(UNIT)} == {f"s{i}": POINTS[i % 4] for i in range(6)}


def test_a_second_run_grades_nothing_again(undisturbed):
    before = gradebook(undisturbed)
    assert [now for _, now in undisturbed.grade_all(UNIT, workers=2)] == [False] * 6
    assert gradebook(undisturbed) == before


def test_an_interrupted_regrade_goes_on_without_force(undisturbed, tmp_path):
    course = Course(shutil.copytree(undisturbed.root, tmp_path / "class"), LIMITS, best_kernel() or "python3")
    run = course.grade_all(UNIT, force=True, workers=1)
    first, _ = next(run)
    run.close()
    assert sorted(s for s, now in course.grade_all(UNIT, workers=2) if now) == sorted(
        {f"s{i}" for i in range(6)} - {first}
    )
    assert gradebook(course) == gradebook(undisturbed)


def test_a_changed_hand_in_is_graded_again_alone(undisturbed, tmp_path):
    course = Course(shutil.copytree(undisturbed.root, tmp_path / "class"), LIMITS, best_kernel() or "python3")
    hand_in(course.root, "s0", UNIT, as_text(source_notebook(UNIT)))
    assert sorted(s for s, now in course.grade_all(UNIT, workers=1) if now) == ["s0"]
    assert course.row(UNIT, "s0").points == 20


def test_a_regrade_changes_nothing_and_keeps_manual_grades(undisturbed, tmp_path):
    course = Course(shutil.copytree(undisturbed.root, tmp_path / "class"), LIMITS, best_kernel() or "python3")
    with Gradebook(course.directory.db_url) as book:
        book.find_grade("check-rtrl", UNIT, UNIT, "s1").manual_score = 2.5
        book.find_comment("rtrl", UNIT, UNIT, "s1").manual_comment = "a good beginning"
        book.db.commit()
    list(course.grade_all(UNIT, force=True, workers=2))
    with Gradebook(course.directory.db_url) as book:
        assert book.find_grade("check-rtrl", UNIT, UNIT, "s1").score == 2.5
        assert book.find_comment("rtrl", UNIT, UNIT, "s1").comment == "a good beginning"
    auto = {key: row[0] for key, row in gradebook(course).items()}
    assert auto == {key: row[0] for key, row in gradebook(undisturbed).items()}


def test_a_grade_that_fails_in_the_middle_of_its_recording_leaves_the_old_one(undisturbed, tmp_path, monkeypatch):
    course = Course(shutil.copytree(undisturbed.root, tmp_path / "class"), LIMITS, best_kernel() or "python3")
    before = gradebook(course)
    hand_in(course.root, "s1", UNIT, as_text(source_notebook(UNIT)))

    def full(*_):
        raise OSError("no space left on device")

    monkeypatch.setattr(AssignLatePenalties, "preprocess", full)  # after the new scores went to the database
    with pytest.raises(CourseError, match="s1: bptt failed: OSError: no space left"):
        list(course.grade_all(UNIT, ["s1"], workers=1))
    assert gradebook(course) == before
    monkeypatch.undo()
    assert list(course.grade_all(UNIT, ["s1"], workers=1)) == [("s1", True)]
    assert course.row(UNIT, "s1").points == 20


@pytest.mark.parametrize("point", range(2))
def test_a_run_that_is_killed_goes_on_where_it_was(point, undisturbed, tmp_path):
    course = make_course(tmp_path)
    command = [sys.executable, "-m", "autograde", "grade", UNIT, "--course", str(tmp_path), "--workers", "2"]
    if best_kernel() is None:
        command.append("--trust-submissions")
    rng = random.Random(point)
    for _ in range(2):
        run = subprocess.Popen(
            command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
        )
        time.sleep(rng.uniform(1, 9))
        os.killpg(run.pid, signal.SIGKILL)
        run.wait()
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True, timeout=300)
    assert gradebook(course) == gradebook(undisturbed)
    assert len(course.rows(UNIT)) == 6


def test_an_interrupted_run_ends_at_once_although_a_hand_in_never_does(undisturbed, tmp_path):
    course = make_course(tmp_path)
    endless = "def neuron_forward(x, u, w):\n    while True:\n        pass\n"
    hand_in(course.root, "s9", UNIT, as_text(demo.answered({"neuron_forward": endless}, only=())))
    command = [sys.executable, "-m", "autograde", "grade", UNIT, "--course", str(tmp_path), "--seconds", "300"]
    if best_kernel() is None:
        command.append("--trust-submissions")
    run = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, start_new_session=True)
    records = tmp_path / "records" / UNIT
    deadline = time.monotonic() + 120
    while len(list(records.glob("*.json"))) < 6 and time.monotonic() < deadline:
        time.sleep(0.1)
    os.killpg(run.pid, signal.SIGINT)  # as Ctrl-C in a terminal does, to all of them
    said, _ = run.communicate(timeout=60)
    assert run.returncode == 130
    assert "`grade`, without --force, goes on" in said
    time.sleep(1)
    left = [p.cmdline() for p in psutil.process_iter() if p.status() != "zombie" and os.getsid(p.pid) == run.pid]
    assert left == []
    scores = gradebook(course)
    assert {key: row for key, row in scores.items() if key[0] != "s9"} == gradebook(undisturbed)


def test_an_interruption_waits_until_a_hand_in_is_recorded(tmp_path, monkeypatch):
    course = Course(tmp_path, LIMITS, "python3")
    course.release(UNIT)
    hand_in(course.root, "ada", UNIT, as_text(student_notebook(UNIT)))

    def preprocess(self, nb, resources):
        os.kill(os.getpid(), signal.SIGINT)
        return nb, resources

    monkeypatch.setattr(AssignLatePenalties, "preprocess", preprocess)
    with pytest.raises(KeyboardInterrupt):
        course.grade(UNIT, "ada")
    assert course.pending(UNIT) == []
    assert course.row(UNIT, "ada").max_points == 20


def test_a_dask_cluster_gives_the_same_gradebook_though_a_worker_is_killed(undisturbed, tmp_path):
    from distributed import LocalCluster

    course = make_course(tmp_path)
    with LocalCluster(n_workers=3, threads_per_worker=1, processes=True, dashboard_address=None) as cluster:
        killed = False
        for _ in course.grade_all(UNIT, scheduler=cluster.scheduler_address):
            if not killed:
                os.kill(next(iter(cluster.workers.values())).pid, signal.SIGKILL)
                killed = True
    assert gradebook(course) == gradebook(undisturbed)


@pytest.fixture(scope="module")
def postgresql(tmp_path_factory, in_ci):
    """The URL of a database on a PostgreSQL server that lives as long as the tests."""
    tools = sorted(glob.glob("/usr/lib/postgresql/*/bin"))
    if not tools:
        if in_ci:
            pytest.fail("PostgreSQL must be installed in CI")
        pytest.skip("no PostgreSQL server here; on Debian and Ubuntu: sudo apt-get install postgresql")
    folder = tmp_path_factory.mktemp("postgresql")
    for path in (folder, *folder.parents):
        if path == Path(tempfile.gettempdir()):
            break
        path.chmod(0o755)
    become = {}
    if os.geteuid() == 0:  # the server refuses to run as root
        become = {"user": "postgres", "group": "postgres", "extra_groups": []}
        shutil.chown(folder, "postgres", "postgres")
    data = folder / "data"
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "cwd": folder, **become}
    subprocess.run(
        [f"{tools[-1]}/initdb", "-D", data, "-U", "postgres", "-A", "trust", "--no-sync"], check=True, **quiet
    )
    # -F: nothing here has to outlive a power cut, and a slow disk would take minutes
    options = f"-F -c listen_addresses= -c unix_socket_directories={folder}"
    server = [f"{tools[-1]}/pg_ctl", "-D", str(data), "-w", "-t", "180", "-o", options]
    subprocess.run([*server, "start"], check=True, **quiet)
    yield f"postgresql+psycopg://postgres@/postgres?host={folder}"
    subprocess.run([*server, "-m", "immediate", "stop"], check=True, **quiet)


def test_the_gradebook_works_on_postgresql_as_on_sqlite(postgresql, undisturbed, tmp_path, monkeypatch):
    monkeypatch.setenv("NBGRADER_DB_URL", postgresql)
    course = make_course(tmp_path)
    list(course.grade_all(UNIT, workers=2))
    assert not (tmp_path / "gradebook.db").exists()
    assert gradebook(course) == gradebook(undisturbed)
    assert list(course.feedback(UNIT, "s1"))
