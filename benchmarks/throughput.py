"""Throughput of grading against plain `nbgrader autograde` on the same hand-ins, interleaved in one run.

Plain nbgrader runs the same checks in the student's kernel, where their points are the value of the check cell.
`python -m benchmarks.throughput --help`
"""

import os
import platform
import subprocess
import sys
import sysconfig
import tempfile
import time
from pathlib import Path

import click

from autograde.grading.course import Course, hand_in
from autograde.grading.executor import cores
from autograde.release import as_text, source_notebook, student_notebook
from autograde.units import CHECK_CELL

PLAIN_CONFIG = "c = get_config()\nc.CourseDirectory.root = {root!r}\n"
TRAINING = "import time\n_end = time.process_time() + {seconds}\nwhile time.process_time() < _end:\n    pass\n"


def with_points_as_values(notebook):
    """The notebook for plain nbgrader: each check cell's value is its points."""
    for cell in notebook.cells:
        match = CHECK_CELL.fullmatch(cell.source.strip())
        if match:
            cell.source = f"float(check.{match['name']}.run({match['name']}).points)"
    return notebook


class Plain:
    """A course graded by nbgrader alone."""

    def __init__(self, root, unit):
        self.root, self.unit = Path(root), unit
        source = self.root / "source" / unit / f"{unit}.ipynb"
        source.parent.mkdir(parents=True)
        source.write_text(as_text(with_points_as_values(source_notebook(unit))))
        (self.root / "nbgrader_config.py").write_text(PLAIN_CONFIG.format(root=str(self.root)))
        self._nbgrader("generate_assignment", unit)

    def grade(self, texts):
        """Seconds for the hand-ins {student: notebook}."""
        for student, notebook in texts.items():
            hand_in(self.root, student, self.unit, as_text(with_points_as_values(notebook)))
        start = time.perf_counter()
        self._nbgrader("autograde", self.unit, "--force")
        return time.perf_counter() - start

    def scores(self):
        from nbgrader.api import Gradebook

        with Gradebook(f"sqlite:///{self.root}/gradebook.db") as gradebook:
            return {s.student.id: s.score for s in gradebook.find_assignment(self.unit).submissions}

    def _nbgrader(self, *command):
        scripts = sysconfig.get_path("scripts")
        environment = {**os.environ, "PATH": f"{scripts}{os.pathsep}{os.environ['PATH']}"}
        line = [sys.executable, "-m", "nbgrader", *command]
        subprocess.run(line, cwd=self.root, env=environment, check=True, capture_output=True)


def hand_ins(unit, count, seconds, rng_offset=0):
    """{student: notebook}: every fourth one blank, the others solved; each trains for so many seconds."""
    import nbformat

    made = {}
    for number in range(count):
        notebook = student_notebook(unit) if number % 4 == 3 else source_notebook(unit)
        if seconds:
            notebook.cells.insert(0, nbformat.v4.new_code_cell(TRAINING.format(seconds=seconds)))
        made[f"s{number + rng_offset:05d}"] = notebook
    return made


@click.command()
@click.option("--unit", default="bptt", show_default=True)
@click.option(
    "--plain", "plain_count", default=6, show_default=True, help="Hand-ins that plain nbgrader grades a round."
)
@click.option("--ours", "our_count", default=200, show_default=True, help="Hand-ins that we grade a round.")
@click.option("--rounds", default=2, show_default=True)
@click.option("--training", default=0.0, show_default=True, help="Seconds of CPU that each hand-in trains for.")
@click.option("--workers", default=cores(), show_default=True)
def main(unit, plain_count, our_count, rounds, training, workers):
    """Measure both ways of grading, a round of one after a round of the other, and print the ratio."""
    with tempfile.TemporaryDirectory() as folder:
        plain = Plain(Path(folder) / "plain", unit)
        course = Course(Path(folder) / "ours")
        course.release(unit)
        plain_seconds, our_seconds = [], []
        for number in range(rounds):
            plain_seconds.append(plain.grade(hand_ins(unit, plain_count, training)) / plain_count)
            for student, notebook in hand_ins(unit, our_count, training).items():
                hand_in(course.root, student, unit, as_text(notebook))
            start = time.perf_counter()
            for _ in course.grade_all(unit, force=True, workers=workers):
                pass
            our_seconds.append((time.perf_counter() - start) / our_count)
            click.echo(
                f"round {number + 1}: plain nbgrader {plain_seconds[-1]:.2f} s a hand-in, ours {our_seconds[-1]:.3f} s"
            )
        theirs = plain.scores()
        same = all(course.row(unit, student).points == theirs[student] for student in theirs)
        click.echo(f"{platform.machine()}, {cores()} cores, {workers} workers, {time.strftime('%Y-%m-%d')}")
        click.echo(f"ratio {sum(plain_seconds) / sum(our_seconds):.1f}, scores {'identical' if same else 'DIFFER'}")
        if not same:
            raise SystemExit(1)


if __name__ == "__main__":
    main()
