"""Does the explanation name the wrongness that was put in, and keep silent otherwise?"""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from autograde.differences import agree, explain, largest

RNG = np.random.default_rng(8)
SQUARE = RNG.normal(size=(4, 4))
SEQUENCE = RNG.normal(size=(5, 3, 2))
SIZES = {"T": 5, "B": 3, "D": 2, "H": 4}


def shifted(a, by):
    out = RNG.normal(size=a.shape)
    if by > 0:
        out[by:] = a[:-by]
    else:
        out[:by] = a[-by:]
    return out


CASES = [
    ("transposed", SQUARE.T, SQUARE, False, "transposed"),
    ("transposed, not square", SEQUENCE[0].T, SEQUENCE[0], False, "transposed"),
    ("mean over time", SQUARE / 5, SQUARE, False, "scaled by 1/T"),
    ("mean over the batch", SQUARE / 3, SQUARE, False, "scaled by 1/B"),
    ("summed over the batch once more", SQUARE * 3, SQUARE, False, "scaled by B"),
    ("an unnamed factor", SQUARE * 0.7, SQUARE, False, "scaled by 0.7 in every entry"),
    ("negative mean", -SQUARE / 5, SQUARE, False, "scaled by -1/T"),
    ("sign", -SQUARE, SQUARE, False, "the sign is opposite"),
    ("one step late", shifted(SEQUENCE, 1), SEQUENCE, True, "belongs to t - 1"),
    ("one step early", shifted(SEQUENCE, -1), SEQUENCE, True, "belongs to t + 1"),
    ("reversed", SEQUENCE[::-1], SEQUENCE, True, "order of time is reversed"),
    (
        "first step only",
        np.concatenate([SEQUENCE[:1], RNG.normal(size=(4, 3, 2))]),
        SEQUENCE,
        True,
        "only at the first",
    ),
    ("last step only", np.concatenate([RNG.normal(size=(4, 3, 2)), SEQUENCE[-1:]]), SEQUENCE, True, "only at the last"),
    ("one value", np.full_like(SQUARE, 0.3), SQUARE, False, "broadcast?"),
    ("one step for all", np.broadcast_to(SEQUENCE[2], SEQUENCE.shape), SEQUENCE, True, "broadcast along time"),
    ("zero", np.zeros_like(SQUARE), SQUARE, False, "zero everywhere"),
    ("float32", SQUARE.astype(np.float32).astype(float), SQUARE, False, "float32"),
    ("nan", np.where(SQUARE > 0, np.nan, SQUARE), SQUARE, False, "contains nan"),
    ("infinite", np.where(SQUARE > 0, np.inf, SQUARE), SQUARE, False, "infinite"),
    ("a scalar mean", np.array(2.0 / 5), np.array(2.0), False, "scaled by 1/T"),
    ("another shape", SEQUENCE.reshape(-1), SEQUENCE, False, "another shape"),
]


@pytest.mark.parametrize(("actual", "expected", "sequence", "words"), [c[1:] for c in CASES], ids=[c[0] for c in CASES])
def test_the_wrongness_is_named(actual, expected, sequence, words):
    assert any(words in reading for reading in explain(actual, expected, SIZES, sequence))


@pytest.mark.parametrize("expected", [SQUARE, SEQUENCE, np.array(1.5)], ids=["matrix", "sequence", "number"])
def test_noise_has_no_explanation(expected):
    assert explain(expected + 0.1 * RNG.normal(size=expected.shape), expected, SIZES, True) == []


def test_a_factor_that_two_sizes_share_gets_both_readings():
    readings = explain(SQUARE / 3, SQUARE, {"B": 3, "D": 3})
    assert any("1/B" in r for r in readings)
    assert any("1/D" in r for r in readings)


def test_an_input_that_is_a_factor_too_many_or_too_few_is_named():
    inputs = {"gain": 0.7, "gates": SQUARE + 5, "x": SEQUENCE, "zero": 0.0, "name": "keep", "texts": [["a"], []]}
    target = RNG.normal(size=SQUARE.shape)
    for actual, reading in (
        (target * inputs["gates"], "the factor gates once too often"),
        (target / inputs["gates"], "the factor gates is missing"),
        (target * 0.7, "the factor gain once too often"),
    ):
        assert reading in explain(actual, target, inputs=inputs)
    assert explain(target + 0.1 * SQUARE, target, inputs=inputs) == []
    masked = {"scores": np.array([3.0, -np.inf])}  # where an attention weight is 0: no warning, no reading
    assert explain(np.array([1.0, 0.7]), np.array([2.0, 0.0]), inputs=masked) == []


def test_a_symmetric_matrix_is_not_called_transposed():
    symmetric = SQUARE + SQUARE.T
    assert explain(symmetric, symmetric) == []


@given(st.integers(0, 2**32 - 1), st.floats(1e-6, 1e6))
@settings(max_examples=60, deadline=None)
def test_agreement_is_relative_to_the_scale(seed, scale):
    a = scale * np.random.default_rng(seed).normal(size=(3, 2))
    allowed = max(1.0, np.abs(a).max())
    assert agree(a + 0.5e-6 * allowed, a, 1e-6)
    assert not agree(a + 2e-6 * allowed, a, 1e-6)


def test_nan_never_agrees():
    assert not agree(np.array([np.nan]), np.array([np.nan]), 1.0)


def test_the_largest_difference_is_found():
    changed = SQUARE.copy()
    changed[2, 1] += 0.5
    gap, index = largest(changed, SQUARE)
    assert index == (2, 1)
    assert gap == pytest.approx(0.5)
    changed[0, 3] = np.nan
    assert largest(changed, SQUARE) == (np.inf, (0, 3))


def test_an_entry_that_was_given_is_no_merit():
    expected = np.arange(1.0, 19).reshape(6, 3) ** 2
    for rows, words in (
        ([0], "only entry [0] is right, which is given"),
        ([-1], "only the last entry is right"),
        ([0, 1], "right only at the first step: does each step start"),
        ([-1, -2], "right only at the last step"),
    ):
        actual = np.sqrt(expected + 3)
        actual[rows] = expected[rows]
        (reading,) = explain(actual, expected, {}, sequence=True, given=True)
        assert reading.startswith(words)
