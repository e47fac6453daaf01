"""Which known misconception a wrong answer shows: the mutant of the reference that gives the same output.

Imports `solutions` when asked, never at load time: the grading process has it, a student's machine does not.
"""

import importlib

import numpy as np

from autograde import drivers

# A mutant's and a student's arithmetic may differ in the order of a sum; two different mistakes differ by far more.
SAME_OUTPUT = 1e-7


def reference_of(stem, name):
    """The reference solution of a function."""
    return getattr(importlib.import_module(f"solutions.{stem}"), name)


def misconception(stem, check, cases, outcomes, verdict):
    """The message of the mutant that explains the outcomes of a wrong answer, or None."""
    from solutions.mutants import mutants_of

    module = importlib.import_module(f"solutions.{stem}")
    pattern = _pattern(verdict)
    for mutant in mutants_of(stem, check.name):
        function = mutant.build(module)
        with np.errstate(all="ignore"):
            answers = []
            for case, outcome in zip(cases, outcomes, strict=True):
                answers.append(drivers.attempt(function, case.inputs, case.driver))
                if not _same(answers[-1], outcome):
                    break
            else:
                if _pattern(check.judge(cases, answers)) == pattern:
                    return mutant.message
    return None


def _pattern(verdict):
    return [finding.ok for finding in verdict.findings]


def _same(one, other):
    if "error" in one or "error" in other:
        return one.get("error") == other.get("error")
    return one["mutated"] == other["mutated"] and _close(one["value"], other["value"])


def _close(one, other):
    if isinstance(one, dict):
        # a measurement differs from run to run; the pattern of the verdict compares it
        names = {k for k in one if k != "peak_bytes"}
        return isinstance(other, dict) and names <= set(other) and all(_close(one[k], other[k]) for k in names)
    if isinstance(one, (list, tuple)):
        return isinstance(other, (list, tuple)) and len(one) == len(other) and all(map(_close, one, other))
    try:
        one, other = np.asarray(one, dtype=float), np.asarray(other, dtype=float)
    except (TypeError, ValueError):
        return one == other
    if one.shape != other.shape:
        return False
    scale = max(1.0, float(np.max(np.abs(one[np.isfinite(one)]), initial=0.0)))
    return bool(np.allclose(one, other, rtol=0, atol=SAME_OUTPUT * scale, equal_nan=True))
