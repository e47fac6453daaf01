"""Does every check accept the reference, catch every mutant, and give nothing for nothing?"""

import importlib

import numpy as np
import pytest

from autograde import drivers
from autograde.grading.diagnosis import misconception, mutant_answers, reference_of
from autograde.release import source_notebook
from autograde.units import CHECK_CELL, check_of
from solutions.mutants import mutants_of
from tests.conftest import questions

QUESTIONS = questions()
MUTANTS = [m for stem in dict(QUESTIONS) for m in [(stem, m) for m in mutants_of(stem)]]
SEEDS = (1, 2**63 + 5)


@pytest.mark.parametrize(("stem", "name"), QUESTIONS)
@pytest.mark.parametrize("seed", SEEDS)
def test_the_reference_gets_full_points(stem, name, seed):
    reference = reference_of(stem, name)
    verdict = check_of(stem, name).run(reference, seed, reference)
    assert verdict.right, str(verdict)


@pytest.mark.parametrize(
    ("stem", "mutant"), MUTANTS, ids=lambda v: v if isinstance(v, str) else f"{v.function}-{v.name}"
)
def test_the_mutant_is_caught_and_recognised(stem, mutant):
    check = check_of(stem, mutant.function)
    wrong = mutant.build(importlib.import_module(f"solutions.{stem}"))
    cases = check.cases(np.random.default_rng(3))
    outcomes = [drivers.attempt(wrong, case.inputs, case.driver) for case in cases]
    alone = check.judge(cases, outcomes)
    assert alone.points < alone.max_points, f"the check without the reference misses it: {alone}"
    expected = check.expect(cases, reference_of(stem, mutant.function))
    verdict = check.judge(cases, outcomes, expected)
    assert verdict.points < verdict.max_points
    messages = {m.message for m in mutants_of(stem, mutant.function)}
    assert misconception(mutant_answers(stem, check, cases, expected), outcomes, verdict) in messages


@pytest.mark.slow
@pytest.mark.parametrize("stem", sorted(dict(QUESTIONS)))
def test_no_draw_of_the_inputs_lets_a_mutant_pass_or_the_reference_fail(stem):
    module, missed = importlib.import_module(f"solutions.{stem}"), []
    for name in dict.fromkeys(name for unit, name in QUESTIONS if unit == stem):
        check, reference = check_of(stem, name), reference_of(stem, name)
        for seed in range(100, 106):
            cases = check.cases(np.random.default_rng(seed))
            expected = check.expect(cases, reference)
            answers = {mutant.name: mutant.build(module) for mutant in mutants_of(stem, name)}
            for answer, function in {"the reference": reference, **answers}.items():
                outcomes = [drivers.attempt(function, case.inputs, case.driver) for case in cases]
                if check.judge(cases, outcomes, expected).right != (function is reference):
                    missed.append((name, answer, seed))
    assert not missed


@pytest.mark.parametrize(("stem", "name"), QUESTIONS)
def test_every_question_has_three_mutants(stem, name):
    assert len(mutants_of(stem, name)) >= 3


def test_every_mutant_belongs_to_a_question():
    assert {(stem, m.function) for stem, m in MUTANTS} <= set(QUESTIONS)


@pytest.mark.parametrize("stem", sorted(dict(QUESTIONS)))
def test_a_unit_is_worth_twenty_points(stem):
    cells = (CHECK_CELL.fullmatch(c.source.strip()) for c in source_notebook(stem).cells)
    in_script = {m["name"]: float(m["points"]) for m in cells if m}
    assert sum(in_script.values()) == 20
    assert in_script == {name: check_of(stem, name).points for name in in_script}


def _zeros(value):
    if isinstance(value, dict):
        return {k: _zeros(v) for k, v in value.items()}
    if isinstance(value, (tuple, list)):
        return type(value)(map(_zeros, value))
    return np.zeros_like(value, dtype=float)


@pytest.mark.parametrize(("stem", "name"), QUESTIONS)
@pytest.mark.parametrize("answer", ["zeros", "nothing", "text", "error", "nan"])
def test_an_empty_answer_earns_nothing(stem, name, answer):
    reference = reference_of(stem, name)

    def empty(*args):
        if answer == "zeros":
            return _zeros(reference(*args))
        if answer == "nan":
            return reference(*args) * np.nan if isinstance(reference(*args), np.ndarray) else {"nan": np.nan}
        if answer == "error":
            raise ValueError("on purpose")
        return None if answer == "nothing" else "an answer"

    verdict = check_of(stem, name).run(empty)
    assert verdict.points == 0, str(verdict)


@pytest.mark.parametrize(("stem", "name"), QUESTIONS)
def test_an_unwritten_answer_is_called_so(stem, name):
    def unwritten(*_):
        raise NotImplementedError

    verdict = check_of(stem, name).run(unwritten)
    assert (verdict.points, verdict.problem) == (0, "not implemented yet")


@pytest.mark.parametrize(("stem", "name"), QUESTIONS)
def test_a_right_answer_is_one_line_and_a_wrong_one_shows_no_expected_value(stem, name):
    reference = reference_of(stem, name)
    check = check_of(stem, name)
    assert len(str(check.run(reference)).splitlines()) == 1
    assert len(str(check.run(lambda *_: None)).splitlines()) > 1


@pytest.mark.parametrize(("stem", "name"), QUESTIONS)
def test_changing_an_input_in_place_costs_the_points(stem, name):
    reference = reference_of(stem, name)

    def careless(*args):
        result = reference(*args)
        for arg in args:
            if isinstance(arg, np.ndarray) and arg.size and arg.dtype.kind == "f":
                arg += 1.0
        return result

    check = check_of(stem, name)
    cases = check.cases(np.random.default_rng(0))
    if not any(isinstance(v, np.ndarray) and v.dtype.kind == "f" for c in cases for v in c.inputs.values()):
        return  # nothing that could be changed in place
    assert check.run(careless).points < check.points
