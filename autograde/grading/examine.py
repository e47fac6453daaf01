"""The examination of one rebuilt hand-in: run the student's cells, judge every question here, write the scores."""

import re
import secrets
import time
from dataclasses import asdict, dataclass, field, replace
from functools import cached_property, lru_cache

import nbformat
import numpy as np
from jupyter_core.utils import run_sync

import autograde
from autograde.checking import UNWRITTEN, Verdict
from autograde.grading.diagnosis import misconception, mutant_answers, reference_of
from autograde.grading.flags import flags_of
from autograde.grading.kernel import KernelLostError, Limits, StudentKernel
from autograde.units import CHECK_CELL, check_of

LOST_KERNELS = 2  # after so many, the rest of the hand-in scores 0
# What stands for an answer that ended a kernel: later answers that call it stop with the reason, and cost no kernel.
LOST_ANSWER = """def {name}(*args, **kwargs):
    raise RuntimeError("not called again, since the call {reason}")
"""


@dataclass
class Record:
    """What happened in an examination; kept beside the grades as JSON."""

    unit: str
    seed: int
    version: str = autograde.__version__
    seconds: float = 0.0
    verdicts: list = field(default_factory=list)
    events: list = field(default_factory=list)
    flags: list = field(default_factory=list)  # forbidden names in the answers, for a person to read

    @property
    def points(self):
        return sum(v.points for v in self.verdicts)

    @property
    def max_points(self):
        return sum(v.max_points for v in self.verdicts)

    def as_dict(self):
        return {**asdict(self), "points": self.points, "max_points": self.max_points}


def examine(notebook, unit, *, seed=None, limits=None, kernel_name="python3", cwd=None, with_reference=True):
    """Execute a rebuilt notebook, fill its check cells with verdicts and points, and return its `Record`.

    notebook is changed in place. The inputs of the checks come from `seed`, by default a fresh secret one.
    with_reference=False judges by the oracles alone, as a student's own machine must.
    """
    seed = secrets.randbits(64) if seed is None else seed
    examination = _Examination(notebook, unit, seed, limits or Limits(), kernel_name, cwd, with_reference)
    if with_reference:
        examination.record.flags = flags_of(notebook, unit)
    return run_sync(examination.run)()


class Question:
    """The cases of a question and what is expected of them; the same for every hand-in of a run."""

    def __init__(self, unit, name, seed, number, with_reference):
        self.unit, self.check, self.with_reference = unit, check_of(unit, name), with_reference
        self.cases = self.check.cases(np.random.default_rng([seed, number]))
        self.expected = self.check.expect(self.cases, reference_of(unit, name) if with_reference else None)

    def verdict(self, outcomes):
        """The verdict on a hand-in's outcomes, with the misconception where one is recognised."""
        verdict = self.check.judge(self.cases, outcomes, self.expected)
        if verdict.right or verdict.problem or not self.with_reference:
            return verdict
        return replace(verdict, misconception=misconception(self.mutants, outcomes, verdict))

    @cached_property
    def mutants(self):
        """What the known misconceptions give on these cases."""
        return mutant_answers(self.unit, self.check, self.cases, self.expected)


# A run goes through the questions of a unit again and again; several units and seeds are rare.
prepared = lru_cache(maxsize=256)(Question)


class _Examination:
    def __init__(self, notebook, unit, seed, limits, kernel_name, cwd, with_reference):
        self.notebook, self.limits, self.with_reference = notebook, limits, with_reference
        self.kernel = StudentKernel(limits, kernel_name, cwd)
        self.record = Record(unit, seed)
        self.done = []  # code cells that ran, for a fresh kernel; for an answer that was lost, what stands for it
        self.failed = {}  # name of an answer cell -> the error with which it stopped
        self.answers = {}  # source of each answer cell so far
        self.stopped = []  # cells that stopped with an error, in words
        self.not_run = []  # questions that came after the last kernel
        self.lost = 0

    async def run(self):
        started = time.monotonic()
        async with self.kernel:
            number = 0
            for cell in self.notebook.cells:
                if cell.cell_type != "code":
                    continue
                mark = cell.metadata.get("nbgrader", {})
                if mark.get("grade") and not mark.get("solution"):
                    verdict = self._with_calls(await self._question(cell, number))
                    number += 1
                    self.record.verdicts.append(verdict)
                    write_verdict(cell, verdict)
                else:
                    if mark.get("solution"):
                        self.answers[mark.get("grade_id")] = cell.source
                    await self._student_cell(cell)
        if any(not v.right and v.problem != UNWRITTEN for v in self.record.verdicts):
            self.record.events += self.stopped  # an experiment that fails is nobody's business where answers are right
        if self.not_run:
            self.record.events.append(f"not run after that: {', '.join(self.not_run)}")
        self.record.seconds = round(time.monotonic() - started, 3)
        return self.record

    async def _student_cell(self, cell):
        cell.outputs = []
        if self.lost >= LOST_KERNELS or not cell.source.strip():
            return
        try:
            await self.kernel.run(cell)
        except KernelLostError as error:
            name = cell.metadata.get("nbgrader", {}).get("grade_id", "a helper cell")
            cell.outputs.append(_error(f"The cell {error}."))
            await self._replace_kernel(f"{name}: the cell {error}")
        else:
            self.done.append(cell.source)
            name = cell.metadata.get("nbgrader", {}).get("grade_id")
            errors = [f"{o.ename}: {o.evalue}" for o in cell.outputs if o.output_type == "error"]
            if errors:
                error = re.sub(r"\(\d+\.py, line", "(line", errors[0])[:200]  # the file is the kernel's own
                self.failed[name] = error
                whose = f"{name}: its cell" if name else "a cell of the student's own"
                self.stopped.append(f"{whose} stops with {error}")

    async def _question(self, cell, number):
        match = CHECK_CELL.fullmatch(cell.source.strip())
        points = float(cell.metadata["nbgrader"]["points"])
        if not match:
            name = cell.metadata["nbgrader"].get("grade_id", "?")
            return Verdict(name, 0, points, problem="this is not a check of the course; it needs a person")
        question = prepared(self.record.unit, match["name"], self.record.seed, number, self.with_reference)
        if self.lost >= LOST_KERNELS:
            self.not_run.append(match["name"])
            return Verdict(match["name"], 0, points, problem=f"not run, since {self.record.events[-1]}")
        try:
            outcomes = await self.kernel.call(match["name"], question.cases)
        except KernelLostError as error:
            self.done.append(LOST_ANSWER.format(name=match["name"], reason=str(error)))
            await self._replace_kernel(f"{match['name']}: the call {error}")
            return Verdict(match["name"], 0, points, problem=f"the call {error}")
        if match["name"] in self.failed and all(o.get("error") == "NameError" for o in outcomes):
            return Verdict(match["name"], 0, points, problem=f"its cell stops with {self.failed[match['name']]}")
        return question.verdict(outcomes)

    def _with_calls(self, verdict):
        """A mistake in an earlier answer that this one calls is not made twice."""
        if verdict.right or verdict.problem:
            return verdict
        source = self.answers.get(verdict.name, "")
        wrong = [v.name for v in self.record.verdicts if not v.right]
        return replace(verdict, calls=tuple(name for name in wrong if re.search(rf"\b{name}\(", source)))

    async def _replace_kernel(self, event):
        """A fresh kernel in the state that the student's cells give, without the cell that was lost."""
        self.record.events.append(event)
        self.lost += 1
        await self.kernel.stop()
        while self.lost < LOST_KERNELS:
            await self.kernel.start()
            try:
                for source in self.done:
                    await self.kernel.run(nbformat.v4.new_code_cell(source))
                return
            except KernelLostError as error:
                self.record.events.append(f"when its cells were run again, one {error}")
                self.lost += 1
                await self.kernel.stop()


def zero(notebook, record, reason):
    """Every question of a notebook that could not be examined: no points, for this reason."""
    for cell in notebook.cells:
        mark = cell.metadata.get("nbgrader", {})
        if cell.cell_type == "code" and mark.get("grade") and not mark.get("solution"):
            name = mark["grade_id"].removeprefix("check-")
            record.verdicts.append(Verdict(name, 0, float(mark["points"]), problem=reason))
            write_verdict(cell, record.verdicts[-1])


def write_verdict(cell, verdict):
    """The verdict as the cell's outputs: the words, and the points as the value that nbgrader records."""
    cell.execution_count = None
    cell.outputs = [
        nbformat.v4.new_output("stream", name="stdout", text=f"{verdict}\n"),
        nbformat.v4.new_output("execute_result", data={"text/plain": f"{float(verdict.points)}"}, execution_count=None),
    ]


def _error(text):
    return nbformat.v4.new_output("error", ename="Stopped", evalue=text, traceback=[text])
