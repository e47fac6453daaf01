"""A large class of made hand-ins, graded whole: rate, memory, and whether every hand-in got its row and its points.

Most are right, others hold a known mistake, some are unfinished, crash, never end, or are no notebooks.
`python -m benchmarks.large_class --help`
"""

import importlib
import tempfile
import time
from pathlib import Path

import click
import numpy as np
import psutil

from autograde.grading import demo
from autograde.grading.course import Course, hand_in
from autograde.grading.executor import cores
from autograde.grading.kernel import Limits
from autograde.grading.report import make_report
from autograde.release import as_text, source_notebook, student_notebook
from autograde.units import written

LIMITS = Limits(cell_seconds=10, question_seconds=5)
KINDS = {
    "right": 0.5,
    "mistaken": 0.25,
    "unfinished": 0.12,
    "blank": 0.05,
    "crashing": 0.04,
    "endless": 0.01,
    "garbage": 0.03,
}
CRASH = "    import os\n    os._exit(1)\n"
LOOP = "    while True:\n        pass\n"


class Maker:
    """Texts of hand-ins of one unit."""

    def __init__(self, unit, rng):
        from solutions.mutants import mutants_of

        self.unit, self.rng = unit, rng
        self.module, self.mutants = importlib.import_module(f"solutions.{unit}"), mutants_of(unit)
        self.right, self.blank = as_text(source_notebook(unit)), as_text(student_notebook(unit))
        answers = (c for c in student_notebook(unit).cells if c.metadata.get("nbgrader", {}).get("solution"))
        self.questions = {c.metadata.nbgrader.grade_id: c.source for c in answers}

    def text(self, kind):
        names = list(self.questions)
        if kind == "right":
            return self.right
        if kind == "blank":
            return self.blank
        if kind == "garbage":
            return self.right[: self.rng.integers(len(self.right))]
        if kind == "unfinished":
            return as_text(demo.answered({}, only=names[: self.rng.integers(1, len(names))], unit=self.unit))
        if kind == "mistaken":
            mutant = self.mutants[self.rng.integers(len(self.mutants))]
            return as_text(demo.answered({mutant.function: mutant.source(self.module)}, unit=self.unit))
        name = names[-1]
        signature = self.questions[name].split('"""')[0].rstrip()
        body = CRASH if kind == "crashing" else LOOP
        return as_text(demo.answered({name: f"{signature}\n{body}"}, unit=self.unit))


def make_class(course, units, count, rng):
    """Release the units and hand in `count` notebooks for each; returns {(unit, student): kind}."""
    kinds = {}
    for unit in units:
        course.release(unit)
        maker = Maker(unit, rng)
        for number, kind in enumerate(rng.choice(list(KINDS), size=count, p=list(KINDS.values()))):
            kinds[unit, f"s{number:05d}"] = str(kind)
            hand_in(course.root, f"s{number:05d}", unit, maker.text(kind))
    return kinds


def megabytes():
    """(resident memory of this process, of all its children together)."""
    this = psutil.Process()
    children = 0
    for child in this.children(recursive=True):
        try:
            memory = child.memory_full_info()
            children += getattr(memory, "pss", memory.rss)
        except (psutil.NoSuchProcess, psutil.AccessDenied):
            continue
    return this.memory_info().rss / 2**20, children / 2**20


def expected(kind, row):
    """Whether a hand-in of this kind may have these points."""
    points, most = row.points, row.max_points
    return {"right": points == most, "blank": points == 0, "garbage": points == 0}.get(kind, 0 <= points < most)


@click.command()
@click.option("--hand-ins", "count", default=200, show_default=True, help="Hand-ins of each unit.")
@click.option("--unit", "units", multiple=True, help="A unit; may be given several times  [default: all]")
@click.option("--workers", default=cores(), show_default=True)
@click.option("--course", type=click.Path(path_type=Path), help="Keep the class there  [default: a scratch folder]")
@click.option("--seed", default=0, show_default=True)
def main(count, units, workers, course, seed):
    """Make a class, grade it, write its report, and check every row."""
    with tempfile.TemporaryDirectory() as scratch:
        room = Course(course or Path(scratch) / "class", LIMITS)
        units = units or written()
        kinds = make_class(room, units, count, np.random.default_rng(seed))
        wrong, begun = 0, time.perf_counter()
        for unit in units:
            start = time.perf_counter()
            for done, _ in enumerate(room.grade_all(unit, workers=workers), 1):
                if done % max(1, count // 8) == 0:
                    own, children = megabytes()
                    rate = done / (time.perf_counter() - start)
                    click.echo(
                        f"{unit:10} {done:6} of {count}  {60 * rate:5.0f} a minute  "
                        f"memory: this process {own:.0f} MB, workers and kernels {children:.0f} MB"
                    )
            rows = {row.student: row for row in room.rows(unit)}
            for (of, student), kind in kinds.items():
                if of == unit and (student not in rows or not expected(kind, rows[student])):
                    wrong += 1
                    click.echo(f"{unit} {student} ({kind}): {rows.get(student)}")
        seconds = time.perf_counter() - begun
        click.echo(
            f"{len(kinds)} hand-ins in {seconds:.0f} s, {60 * len(kinds) / seconds:.0f} a minute, {workers} workers"
        )
        for path in make_report(room, units).paths:
            if course:
                click.echo(str(path))
        if wrong:
            raise SystemExit(f"{wrong} rows are not as they must be")
        click.echo("every hand-in has its row, and points that its kind can have")


if __name__ == "__main__":
    main()
