"""Which known misconception a wrong answer shows: the mutant of the reference that gives the same output.

Imports `solutions` when asked, never at load time: the grading process has it, a student's machine does not.
"""

import importlib

import numpy as np

from autograde import drivers

# A mutant's and a student's arithmetic may differ in the order of a sum; two different mistakes differ by far more.
SAME_OUTPUT = 1e-7
MEASUREMENTS = {"peak_bytes", "lines"}


def reference_of(stem, name):
    """The reference solution of a function."""
    return getattr(importlib.import_module(f"solutions.{stem}"), name)


def mutant_answers(stem, check, cases, expected):
    """[(mutant, its outcomes, its verdict)] of a question."""
    from solutions.mutants import mutants_of

    module = importlib.import_module(f"solutions.{stem}")
    answers = []
    with np.errstate(all="ignore"):
        for mutant in mutants_of(stem, check.name):
            function = mutant.build(module)
            outcomes = [drivers.attempt(function, case.inputs, case.driver) for case in cases]
            answers.append((mutant, outcomes, check.judge(cases, outcomes, expected)))
    return answers


def misconception(mutants, outcomes, verdict):
    """The message of the mutant (from `mutant_answers`) that explains the outcomes of a wrong answer, or None."""
    for mutant, answers, judged in mutants:
        if _pattern(judged) == _pattern(verdict) and all(map(_same, answers, outcomes)):
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
        names = set(one) - MEASUREMENTS
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
