"""The examination of one rebuilt hand-in: run the student's cells, judge every question here, write the scores."""

import secrets
import time
from dataclasses import asdict, dataclass, field

import nbformat
import numpy as np
from jupyter_core.utils import run_sync

import autograde
from autograde.checking import Verdict
from autograde.grading.diagnosis import misconception, reference_of
from autograde.grading.kernel import KernelLostError, Limits, StudentKernel
from autograde.units import CHECK_CELL, check_of

LOST_KERNELS = 2  # after so many, the rest of the hand-in scores 0


@dataclass
class Record:
    """What happened in an examination; kept beside the grades as JSON."""

    unit: str
    seed: int
    version: str = autograde.__version__
    seconds: float = 0.0
    verdicts: list = field(default_factory=list)
    events: list = field(default_factory=list)

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
    return run_sync(examination.run)()


class _Examination:
    def __init__(self, notebook, unit, seed, limits, kernel_name, cwd, with_reference):
        self.notebook, self.limits, self.with_reference = notebook, limits, with_reference
        self.kernel = StudentKernel(limits, kernel_name, cwd)
        self.record = Record(unit, seed)
        self.done = []  # code cells that ran, for a fresh kernel
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
                    verdict = await self._question(cell, number)
                    number += 1
                    self.record.verdicts.append(verdict)
                    write_verdict(cell, verdict)
                else:
                    await self._student_cell(cell)
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
            self.done.append(cell)

    async def _question(self, cell, number):
        match = CHECK_CELL.fullmatch(cell.source.strip())
        points = float(cell.metadata["nbgrader"]["points"])
        if not match:
            name = cell.metadata["nbgrader"].get("grade_id", "?")
            return Verdict(name, 0, points, problem="this is not a check of the course; it needs a person")
        check = check_of(self.record.unit, match["name"])
        cases = check.cases(np.random.default_rng([self.record.seed, number]))
        if self.lost >= LOST_KERNELS:
            return Verdict(check.name, 0, points, problem=f"not run, since {self.record.events[-1]}")
        try:
            outcomes = await self.kernel.call(check.name, cases)
        except KernelLostError as error:
            await self._replace_kernel(f"{check.name}: the call {error}")
            return Verdict(check.name, 0, points, problem=f"the call {error}")
        if not self.with_reference:
            return check.judge(cases, outcomes)
        verdict = check.judge(cases, outcomes, reference_of(self.record.unit, check.name))
        if not verdict.right and not verdict.problem:
            found = misconception(self.record.unit, check, cases, outcomes, verdict)
            verdict = Verdict(**{**vars(verdict), "misconception": found})
        return verdict

    async def _replace_kernel(self, event):
        """A fresh kernel in the state that the student's cells give, without the cell that was lost."""
        self.record.events.append(event)
        self.lost += 1
        await self.kernel.stop()
        while self.lost < LOST_KERNELS:
            await self.kernel.start()
            try:
                for cell in self.done:
                    await self.kernel.run(nbformat.v4.new_code_cell(cell.source))
                return
            except KernelLostError as error:
                self.record.events.append(f"when its cells were run again, one {error}")
                self.lost += 1
                await self.kernel.stop()


def write_verdict(cell, verdict):
    """The verdict as the cell's outputs: the words, and the points as the value that nbgrader records."""
    cell.execution_count = None
    cell.outputs = [
        nbformat.v4.new_output("stream", name="stdout", text=f"{verdict}\n"),
        nbformat.v4.new_output("execute_result", data={"text/plain": f"{float(verdict.points)}"}, execution_count=None),
    ]


def _error(text):
    return nbformat.v4.new_output("error", ename="Stopped", evalue=text, traceback=[text])
