"""The command line: one command for each thing that a student or an instructor does."""

import sys
from pathlib import Path

import click
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.table import Table
from rich.text import Text

from autograde.units import exercise_path, released, written

console = Console(highlight=False)
COURSE = click.option(
    "--course", type=click.Path(path_type=Path, file_okay=False), default=Path("class"), show_default=True,
    help="The folder of the class, in nbgrader's layout.",
)  # fmt: skip
DRY_RUN = click.option("--dry-run", is_flag=True, help="Say what would be written, and write nothing.")


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
def main():
    """Through Time: exercises, checks and grading."""


@main.command()
@click.argument("path", type=click.Path(exists=True, path_type=Path))
@click.option("--seconds", default=60.0, show_default=True, help="Time limit of one cell or question.")
def check(path, seconds):
    """Run a notebook and its checks; print a summary with points.

    PATH is the notebook or its folder, for instance exercises/bptt. Exit code 0 when every check passes, 1 otherwise.
    """
    from autograde.local import check_notebook

    try:
        record = check_notebook(path, seconds)
    except ValueError as error:
        raise click.ClickException(str(error)) from None
    for verdict in record.verdicts:
        console.print(str(verdict), markup=False, soft_wrap=True)
    for event in record.events:
        console.print(event, markup=False)
    table = Table("question", "points", box=None)
    for verdict in record.verdicts:
        table.add_row(verdict.name, f"{verdict.points:g} of {verdict.max_points:g}")
    table.add_section()
    table.add_row("total", f"{record.points:g} of {record.max_points:g}")
    console.print(table)
    sys.exit(0 if record.points == record.max_points else 1)


@main.command()
@click.option("--check", "only_check", is_flag=True, help="Write nothing; fail when a notebook is stale.")
def exercises(only_check):
    """Write the student's notebooks from the scripts in solutions/."""
    from autograde import release as releasing

    stale = []
    for stem in _units(()):
        if only_check:
            path = exercise_path(stem)
            text = releasing.as_text(releasing.student_notebook(stem))
            if not path.exists() or path.read_text(encoding="utf-8") != text:
                stale.append(str(path))
            continue
        path, changed = releasing.release(stem)
        console.print(f"{path}  {'written' if changed else 'unchanged'}")
    if stale:
        raise click.ClickException(f"stale: {', '.join(stale)}. Run `make exercises` and commit the result.")


@main.command()
@click.argument("units", nargs=-1)
@COURSE
@DRY_RUN
def release(units, course, dry_run):
    """Release UNITS (default: all) to a class: nbgrader's source, release and gradebook entries."""
    room = _course(course)
    for unit in _units(units):
        if dry_run:
            state = "is as it was released" if room.is_released(unit) else "would be released"
            console.print(f"{unit}: {state}", soft_wrap=True)
            continue
        console.print(f"{unit}: {_shown(room.release(unit))}", soft_wrap=True)


@main.command()
@click.argument("source", type=click.Path(path_type=Path))
@click.argument("unit", required=False)
@COURSE
@click.option("--pattern", metavar="REGEX", help="Where a file's path tells the student: groups `student`, `unit`.")
@click.option("--dry-run", is_flag=True, help="Say what would be collected, and write nothing.")
def collect(source, unit, course, pattern, dry_run):
    """Take hand-ins from SOURCE into the class: a folder, or a zip as Moodle or Canvas exports it.

    UNIT says to which unit all of them belong; without it each notebook tells its own. Of several notebooks by one
    student, one of the unit comes before others, then the latest date counts, then the highest number in the name. An
    earlier hand-in moves to DIR/superseded. Exit code 0: everything was taken; 3: some files were left out, each with
    the reason; 1: nothing could be taken.
    """
    from autograde.grading import collect as collecting

    _course(course, begun=True)
    known = {path.parent.name for path in Path(course).glob("release/*/*.ipynb")} | set(written() or released())
    if unit is not None:
        (unit,) = [unit] if unit in known else _units((unit,))
    try:
        lines = collecting.collect(source, course, known, unit, pattern, dry_run)
    except (collecting.SourceError, OSError) as error:
        raise click.ClickException(str(error)) from None
    for line in lines:
        console.print(str(line), markup=False, soft_wrap=True)
    count = {kind: sum(line.kind == kind for line in lines) for kind in collecting.KINDS}
    taken = sum(count[kind] for kind in (collecting.TAKEN, collecting.REPLACED, collecting.AS_BEFORE))
    told = ", ".join(f"{number} {kind}" for kind, number in count.items() if number) or "no files"
    console.print(f"{'would be: ' if dry_run else ''}{told}")
    if not taken:
        raise click.ClickException(f"{source} holds no hand-in that could be taken.")
    sys.exit(3 if count[collecting.LEFT_OUT] else 0)


@main.command()
@click.argument("units", nargs=-1)
@COURSE
@click.option("--force", is_flag=True, help="Grade again what has been graded; manual grades are kept.")
@click.option("--workers", type=click.IntRange(min=1), help="Hand-ins at a time  [default: the cores of this machine]")
@click.option("--scheduler", help="Address of a running Dask cluster, such as tcp://host:8786.")
@click.option(
    "--seconds", type=click.FloatRange(min=0, min_open=True), default=20.0, show_default=True,
    help="Time limit of one question.",
)  # fmt: skip
@click.option("--trust-submissions", is_flag=True, help="Run hand-ins without a sandbox. Only for code that you trust.")
@click.option("--dry-run", is_flag=True, help="Say what would be graded, and grade nothing.")
def grade(units, course, force, workers, scheduler, seconds, trust_submissions, dry_run):
    """Grade the collected hand-ins of UNITS (default: all that were handed in).

    Hand-ins that are graded already and have not changed are left alone; a run that was interrupted goes on.
    """
    from autograde.grading.course import Course, CourseError
    from autograde.grading.kernel import KernelStartError, Limits
    from autograde.sandbox.doctor import NoSandboxError

    limits = Limits(cell_seconds=1.5 * seconds, question_seconds=seconds)
    room = Course(course, limits, "python3" if trust_submissions else None)
    handed_in = sorted({p.name for p in room.root.glob("submitted/*/*") if p.is_dir()})
    units = units or handed_in
    if not set(units) & set(handed_in):
        what = f" for {', '.join(_units(units))}" if units else ""
        raise click.ClickException(
            f"{course} holds no hand-ins{what}: run `python -m autograde collect` first, or put them into "
            f"{course}/submitted/STUDENT/UNIT/"
        )
    if trust_submissions:
        console.print("Hand-ins run without a sandbox: they can read and change what you can.", style="yellow")
    if force and not dry_run:  # all at once: a run that is interrupted goes on without it
        for unit in units:
            room.forget(unit)
    for unit in units:
        students = room.submitted(unit)
        try:
            if dry_run:
                todo = room.pending(unit, force=force)
                rest = f"; {len(students) - len(todo)} graded and unchanged"
                console.print(f"{unit}: {_count(todo, 'hand-in')}{rest}", soft_wrap=True)
                continue
            with _progress() as progress:
                task = progress.add_task(f"{unit}: starting", total=len(students))
                for _ in room.grade_all(unit, workers=workers, scheduler=scheduler):
                    progress.update(task, advance=1, description=unit)
        except (CourseError, NoSandboxError, KernelStartError) as error:
            raise click.ClickException(str(error)) from None
        except KeyboardInterrupt:
            console.print("Stopped. What was graded is kept; `grade`, without --force, goes on from there.")
            sys.exit(130)
        console.print(_table(unit, room.rows(unit)))


@main.command()
def doctor():
    """Say what this machine offers for sandboxed grading, and what to install."""
    from autograde.sandbox import doctor as sandbox

    items = sandbox.examine_machine()
    for item in items:
        line = f"{'ok     ' if item.ok else 'MISSING'}  {item.name:24} {item.detail}"
        console.print(line if item.ok else f"{line}\n         {item.remedy}", markup=False, soft_wrap=True)
    ready = all(item.ok for item in items)
    console.print(
        f"grading as {sandbox.user()}: {'sandboxed kernels work' if ready else 'hand-ins cannot be sandboxed here'}"
    )
    sys.exit(0 if ready else 1)


@main.command()
@click.argument("units", nargs=-1)
@COURSE
@DRY_RUN
def feedback(units, course, dry_run):
    """Write nbgrader's feedback pages of UNITS (default: all that were graded)."""
    room = _course(course, begun=True)
    graded = units or sorted({p.name for p in room.root.glob("autograded/*/*") if p.is_dir()})
    if not graded:
        raise click.ClickException(f"{course} holds no graded hand-ins: run `python -m autograde grade` first")
    for unit in graded:
        students = room.graded(unit)
        if not students:
            raise click.ClickException(f"{course} holds no graded hand-ins of {unit}: run `grade {unit}` first")
        if dry_run:
            console.print(f"{unit}: {_count(students, 'page')}", soft_wrap=True)
            continue
        pages = room.feedback(unit)
        console.print(f"{unit}: {len(pages)} pages in {_shown(room.root / 'feedback')}", soft_wrap=True)


@main.command()
@click.argument("units", nargs=-1)
@COURSE
@click.option("--dry-run", is_flag=True, help="Show the tables, and write nothing.")
def report(units, course, dry_run):
    """Show how UNITS (default: all) went, and write DIR/report: a table for each unit and one page for all.

    Scores, difficulty of each question, frequent misconceptions, and the hand-ins that a person should look at.
    """
    from autograde.grading.collect import LEFT_BEHIND
    from autograde.grading.report import make_report

    try:
        pages = make_report(_course(course, begun=True), units, write=not dry_run)
    except KeyError as error:
        raise click.ClickException(f"{course} has no unit {error.args[0]}: run `release` first") from None
    if not pages.units:
        console.print(f"{course}: no unit has been released yet: run `python -m autograde release`", soft_wrap=True)
    for unit in pages.units:
        for table in unit.tables():
            console.print(table)
    for path in pages.paths:
        console.print(str(_shown(path)), markup=False, soft_wrap=True)
    left_out = course / LEFT_BEHIND
    if left_out.exists():
        console.print(f"What `collect` left out: {_shown(left_out)}", markup=False, soft_wrap=True)


@main.command()
@click.argument("units", nargs=-1)
@COURSE
@click.option("--output", type=click.Path(path_type=Path, dir_okay=False), help="The table  [default: DIR/grades.csv]")
@DRY_RUN
@click.option(
    "--plagiarism", type=click.Path(path_type=Path, file_okay=False), metavar="FOLDER",
    help="Write the students' own code there instead, for JPlag or Dolos.",
)  # fmt: skip
def export(units, course, output, plagiarism, dry_run):
    """Write the grades of UNITS (default: all) as CSV: one line for each student, unit and question."""
    from autograde.grading import export as exporting

    room = _course(course, begun=True)
    output = output or course / "grades.csv"
    try:
        if plagiarism and dry_run:
            raise click.UsageError(
                "--dry-run shows the table of grades; --plagiarism only ever writes to its own folder"
            )
        if plagiarism:
            count = exporting.write_answers(room, plagiarism, units)
            console.print(f"{_shown(plagiarism)}: {count} hand-ins", soft_wrap=True)
            return
        count = exporting.write_grades(room, output, units, dry_run)
    except KeyError as error:
        raise click.ClickException(f"{course} has no unit {error.args[0]}: run `release` first") from None
    except OSError as error:
        raise click.ClickException(str(error)) from None
    console.print(f"{_shown(output)}: {count} lines{' would be written' if dry_run else ''}", soft_wrap=True)


@main.command()
@click.option(
    "--output", type=click.Path(path_type=Path), default=Path("_build/through-time-student.zip"), show_default=True
)
def bundle(output):
    """Make the zip for students: book, exercises, checks, a page on how to start; no solutions."""
    from autograde.bundle import make_bundle

    path, count = make_bundle(output)
    console.print(f"{_shown(path)}  ({count} files)", soft_wrap=True)


@main.command()
@click.option(
    "--course",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("_build/demo-class"),
    show_default=True,
    help="Scratch folder; it is emptied first.",
)
def demo(course):
    """Make, grade and show a class of six hand-ins, from perfect to never-ending."""
    from autograde.grading.demo import STUDENTS, UNIT, make_class

    with _progress() as progress:
        task = progress.add_task("grading", total=len(STUDENTS))
        room, rows = make_class(
            course, lambda done, total, student: progress.update(task, completed=done, description=student or "done")
        )
    console.print(_table(UNIT, rows, {student: what for student, (what, _) in STUDENTS.items()}))
    wrong = [r.student for r in rows if r.points != STUDENTS[r.student][1]]
    console.print(f"Book       {_shown('_build/html/index.html')}", soft_wrap=True)
    console.print(f"Gradebook  {_shown(room.root / 'gradebook.db')}", soft_wrap=True)
    console.print(
        f"Feedback   {_shown(room.root / 'feedback' / 'misconception' / UNIT / f'{UNIT}.html')}", soft_wrap=True
    )
    if wrong:
        raise click.ClickException(f"not the points that were designed: {', '.join(wrong)}")


def _units(units):
    known = written() or released()
    unknown = [u for u in units if u not in known]
    if unknown:
        raise click.ClickException(
            f"no unit {', '.join(unknown)}; there are {', '.join(known) or 'none here: run this in the course folder'}"
        )
    return units or known


def _course(root, begun=False):
    """The class in a folder; begun: it must be there, so that a misspelt name makes no new one."""
    from autograde.grading.course import Course

    if begun and not root.is_dir():
        raise click.ClickException(f"{root} is no class: run `python -m autograde release --course {root}` first")
    return Course(root)


class RateColumn(ProgressColumn):
    """Hand-ins a minute."""

    def render(self, task):
        return Text(f"{60 * task.speed:.0f} a minute" if task.speed else "")


def _progress():
    return Progress(
        TextColumn("{task.description:14}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        RateColumn(),
        TimeRemainingColumn(),
        console=console,
        transient=True,
    )


def _table(unit, rows, about=None):
    table = Table(title=unit, title_justify="left")
    table.add_column("student")
    table.add_column("points", justify="right")
    table.add_column("what happened" if about is None else "handed in")
    for row in rows:
        happened = about[row.student] if about else "; ".join(row.events)
        table.add_row(row.student, f"{row.points:g} of {row.max_points:g}", happened)
    return table


def _count(students, what):
    """How many, and who: "2 pages: ada, bob"."""
    number = f"{len(students)} {what}{'' if len(students) == 1 else 's'}"
    return f"{number}: {', '.join(students)}" if students else number


def _shown(path):
    """A path as one can open it: relative to here when it is below."""
    path = Path(path).resolve()
    return path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path
