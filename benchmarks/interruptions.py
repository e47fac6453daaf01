"""A class whose grading is killed again and again, at random moments: does it end with the undisturbed gradebook?

`python -m benchmarks.interruptions --help`
"""

import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import click
import numpy as np
from nbgrader.api import Gradebook

from autograde.grading.course import Course, hand_in
from autograde.grading.records import read_record
from benchmarks.large_class import Maker

KINDS = ("right", "mistaken", "unfinished", "blank", "crashing", "garbage")


def command(root, unit):
    """The command that an instructor would run again."""
    return [sys.executable, "-m", "autograde", "grade", unit, "--course", str(root), "--seconds", "10"]


def outcome(course, unit):
    """Everything that a run leaves of scores: gradebook rows, and what the records say."""
    rows = {}
    with Gradebook(course.directory.db_url) as book:
        for submission in book.find_assignment(unit).submissions:
            student = submission.student.id
            record = read_record(course.root, unit, student)
            rows[student, "record"] = (record.get("points"), len(record.get("verdicts", ())))
            for grade in submission.notebooks[0].grades:
                rows[student, grade.name] = (grade.auto_score, grade.needs_manual_grade)
    return rows


def killed_run(root, unit, seconds):
    """Start grading and kill it, with all its processes, after so many seconds; whether it was still running."""
    run = subprocess.Popen(
        command(root, unit), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
    )
    try:
        run.wait(seconds)
        return False
    except subprocess.TimeoutExpired:
        os.killpg(run.pid, signal.SIGKILL)
        run.wait()
        return True


@click.command()
@click.option("--kills", default=100, show_default=True, help="Random moments at which grading is killed.")
@click.option("--hand-ins", "count", default=30, show_default=True, help="Hand-ins of the class.")
@click.option("--unit", default="bptt", show_default=True)
@click.option("--seed", default=0, show_default=True)
def main(kills, count, unit, seed):
    """Grade once undisturbed; then the same class with kills, resumed each time until it is done."""
    rng = random.Random(seed)
    with tempfile.TemporaryDirectory() as scratch:
        original = Course(Path(scratch) / "original")
        original.release(unit)
        maker = Maker(unit, np.random.default_rng(seed))
        for number in range(count):
            hand_in(original.root, f"s{number:03d}", unit, maker.text(KINDS[number % len(KINDS)]))
        undisturbed = Course(shutil.copytree(original.root, Path(scratch) / "undisturbed"))
        start = time.perf_counter()
        subprocess.run(command(undisturbed.root, unit), check=True, capture_output=True)
        whole = time.perf_counter() - start
        expected = outcome(undisturbed, unit)
        done, classes, graded = 0, 0, []  # graded: how many hand-ins were, at each kill
        while done < kills:
            classes += 1
            course = Course(shutil.copytree(original.root, Path(scratch) / "disturbed"))
            while done < kills and killed_run(course.root, unit, rng.uniform(0.2, whole)):
                done += 1
                graded.append(len(list(course.root.glob("records/*/*.json"))))
            subprocess.run(command(course.root, unit), check=True, capture_output=True)
            if outcome(course, unit) != expected:
                raise SystemExit(f"after {done} kills the gradebook of class {classes} differs: {course.root}")
            shutil.rmtree(course.root)
            click.echo(f"{done} kills, {classes} classes: the same gradebook each time")
        early = sum(number == 0 for number in graded)
        click.echo(
            f"undisturbed {whole:.0f} s; {early} kills before the first grade, then after {sorted(graded)[early:]}"
        )


if __name__ == "__main__":
    main()
