"""How a class did: tables for the terminal, a CSV for each unit, and one page in HTML that needs nothing else.

Whatever comes from the gradebook or from a record (ids, events, messages) may hold anything, and is escaped.
"""

import re
import statistics
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from rich.table import Column, Table
from rich.text import Text

from autograde.grading.export import harmless, write_csv
from autograde.grading.records import read_record
from autograde.grading.report_page import page
from autograde.grading.scores import read_scores

TIMED_OUT, LOST, NOTE, FLAG, PENDING, UNGRADED = (
    "time limit", "lost kernel", "note", "flag", "manual grade pending", "not graded yet",
)  # fmt: skip
FREQUENT = 10
KINDS = (UNGRADED, PENDING, FLAG, LOST, TIMED_OUT, NOTE)


@dataclass(frozen=True)
class Difficulty:
    """How a question went: mean share of its points, and share of hand-ins with all of them (None without hand-ins)."""

    question: str
    max_points: float
    mean: float | None
    full: float | None


@dataclass
class UnitReport:
    """One unit of a class."""

    unit: str
    hand_ins: list
    questions: list = field(default_factory=list)  # Difficulty
    misconceptions: list = field(default_factory=list)  # (question, message, number of hand-ins), most frequent first
    attention: list = field(default_factory=list)  # (student, kind, text)

    @property
    def max_points(self):
        return sum(q.max_points for q in self.questions)

    @property
    def points(self):
        return [hand_in.points for hand_in in self.hand_ins]

    @property
    def frequent(self):
        """The misconceptions that are worth a word in class."""
        return self.misconceptions[:FREQUENT]

    @property
    def rarer(self):
        """One line on those that are left, or nothing."""
        left = self.misconceptions[FREQUENT:]
        return f"{len(left)} more, in at most {left[0][2]} hand-in{'s' * (left[0][2] > 1)} each." if left else ""

    @property
    def summary(self):
        """One line on the scores."""
        if not self.hand_ins:
            return "No hand-in has been graded yet."
        count, points = len(self.hand_ins), self.points
        return (
            f"{count} hand-in{'s' if count != 1 else ''}: mean {statistics.mean(points):.1f}, "
            f"median {statistics.median(points):.1f}, from {min(points):g} to {max(points):g} of {self.max_points:g}"
        )

    def tables(self):
        """What a terminal shows: the summary, then tables of questions, misconceptions and who needs attention."""
        yield Text(f"{self.unit}. {self.summary}")
        table = Table()
        table.add_column("question")
        for name in ("points", "mean", "all points"):
            table.add_column(name, justify="right")
        for q in self.questions:
            table.add_row(*_cells(q.question, f"{q.max_points:g}", percent(q.mean), percent(q.full)))
        yield table
        if self.misconceptions:
            table = Table("hand-ins", Column("question", overflow="fold"), "frequent misconception")
            for question, message, count in self.frequent:
                table.add_row(*_cells(str(count), question, message))
            yield table
            if self.rarer:
                yield Text(self.rarer)
        if self.attention:
            table = Table("for a person", "why", "what")
            for row in self.attention:
                table.add_row(*_cells(*row))
            yield table


@dataclass(frozen=True)
class Report:
    """The units, and the files that were written."""

    units: list
    paths: list


def make_report(course, units=(), write=True):
    """Write class/report; returns the `Report`. Raises KeyError for a unit that the gradebook does not know."""
    scores = read_scores(course)
    for unit in units:
        scores.questions[unit]
    reports = [unit_report(course, scores, unit) for unit in units or scores.questions]
    if not write:
        return Report(reports, [])
    folder = Path(course.root) / "report"
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for report in reports:
        path = folder / f"{report.unit}.csv"
        names = [q.question for q in report.questions]
        columns = ("student", *names, "points", "max_points", "pending", *KINDS[2:])
        write_csv(path, columns, _rows(report, names))
        paths.append(path)
    path = folder / "index.html"
    path.write_text(page(reports), encoding="utf-8")
    return Report(reports, [*paths, path])


def unit_report(course, scores, unit):
    """The `UnitReport` from gradebook, records and submitted folders."""
    hand_ins = scores.hand_ins[unit]
    report = UnitReport(unit, hand_ins)
    for question, points in scores.questions[unit].items():
        earned = [h.grades[question].points for h in hand_ins if question in h.grades]
        shares = [e / points for e in earned] if points else []
        full = statistics.mean(share >= 1 for share in shares) if shares else None
        report.questions.append(Difficulty(question, points, statistics.mean(shares) if shares else None, full))
    seen, graded = Counter(), {h.student for h in hand_ins}
    for student in course.submitted(unit):
        if student not in graded:
            report.attention.append((student, UNGRADED, f"run `python -m autograde grade {unit}`"))
    changed = set(course.changed(unit))
    for hand_in in hand_ins:
        record = read_record(course.root, unit, hand_in.student)
        if hand_in.student in changed:
            text = f"what is there now is not what was graded: run `python -m autograde grade {unit}`"
            report.attention.append((hand_in.student, UNGRADED, text))
        pending = [g.question for g in hand_in.grades.values() if g.pending]
        if pending:
            report.attention.append((hand_in.student, PENDING, ", ".join(pending)))
        report.attention += [(hand_in.student, FLAG, line) for line in _texts(record, "flags")]
        report.attention += [(hand_in.student, kind_of(line), line) for line in _texts(record, "events")]
        seen.update(
            (verdict.get("name", ""), verdict["misconception"])
            for verdict in _list(record, "verdicts")
            if isinstance(verdict, dict) and verdict.get("misconception")
        )
    report.misconceptions = [(*key, n) for key, n in sorted(seen.items(), key=lambda item: (-item[1], item[0]))]
    report.attention.sort(key=lambda row: (KINDS.index(row[1]), row[0]))
    return report


def kind_of(event):
    """What an event of a record tells: a time limit, a lost kernel, or a note on the hand-in."""
    if re.search(r"did not (return|finish) within", event):
        return TIMED_OUT
    if re.search("ended the Python process|GB of memory|the worker that examined it", event):
        return LOST
    return NOTE


def percent(share):
    """A share as text; a dash where there is none."""
    return "–" if share is None else f"{100 * share:.0f} %"


def _rows(report, names):
    said = {}
    for student, kind, text in report.attention:
        said.setdefault(student, {}).setdefault(kind, []).append(text)
    for hand_in in report.hand_ins:
        told = said.get(hand_in.student, {})
        yield {
            "student": harmless(hand_in.student),
            **{name: f"{hand_in.grades[name].points:g}" if name in hand_in.grades else "" for name in names},
            "points": f"{hand_in.points:g}",
            "max_points": f"{hand_in.max_points:g}",
            "pending": "yes" if hand_in.pending else "no",
            **{kind: harmless("; ".join(told.get(kind, ()))) for kind in KINDS[2:]},
        }


def _cells(*texts):
    """Cells that rich does not read as markup, and that hold no control characters."""
    return [Text(re.sub(r"[\x00-\x1f\x7f-\x9f]", " ", text)) for text in texts]


def _list(record, name):
    value = record.get(name) if isinstance(record, dict) else None
    return value if isinstance(value, list) else []


def _texts(record, name):
    return [str(value) for value in _list(record, name)]
