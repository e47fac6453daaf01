"""Is every correction on the page Corrections shown by a counter-example, and does the page print what it computed?

The page runs its own counter-examples and glues the numbers. Here the page's code cells are run again with glue
replaced by a recorder, and each claim is computed a second time in another way.
"""

import re
import tracemalloc
from pathlib import Path

import myst_nb
import numpy as np
import pytest
import torch

from solutions import bptt

PAGE = Path(__file__).parent.parent / "book" / "corrections.md"
TEXT = PAGE.read_text(encoding="utf-8")
CLAIMS = {}


def claim(label):
    """Registers a test function as the counter-example of a correction."""

    def register(function):
        CLAIMS[label] = function
        return function

    return register


def rows():
    """Labels of the corrections: the targets that stand before a heading of the third level."""
    return re.findall(r"^\(([a-z0-9-]+)\)=\n### ", TEXT, flags=re.MULTILINE)


def fields(label):
    """The entry's fields (Deck, Says, Correct, Counter-example) as a dictionary."""
    entry = re.search(
        rf"^\({label}\)=\n### .*?\n(.*?)(?=^\([a-z0-9-]+\)=|^## |\Z)", TEXT, flags=re.MULTILINE | re.DOTALL
    )
    entry = re.sub(r"^```.*?^```$", "", entry[1], flags=re.MULTILINE | re.DOTALL)
    return {
        name: body.strip() for name, body in re.findall(r"^(\S+)\n: (.*?)(?=\n\n|\Z)", entry, re.MULTILINE | re.DOTALL)
    }


@pytest.fixture(scope="module")
def glued():
    """What the page's code glues, by name."""
    recorded = {}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(myst_nb, "glue", lambda name, value, display=True: recorded.update({name: value}))
        names = {}
        for cell in re.findall(r"^```\{code-cell\} python\n(.*?)^```$", TEXT, flags=re.MULTILINE | re.DOTALL):
            source = re.sub(r"\A(:.*\n)+", "", cell)
            exec(compile(source, str(PAGE), "exec"), names)
    return recorded


def test_every_correction_has_a_counter_example_here_and_every_counter_example_its_correction():
    assert sorted(rows()) == sorted(CLAIMS)


@pytest.mark.parametrize("label", rows())
def test_correction_names_a_deck_and_says_what_is_correct(label):
    entry = fields(label)
    assert list(entry) == ["Deck", "Says", "Correct", "Counter-example"]
    assert re.fullmatch(r"[A-E](, [A-E])*", entry["Deck"])
    assert "{glue:text}" in entry["Counter-example"]


def test_no_number_is_glued_in_vain_and_none_is_missing(glued):
    assert set(re.findall(r"\{glue:text\}`([a-zA-Z0-9-]+)", TEXT)) == set(glued)


@pytest.mark.parametrize("label", rows())
def test_counter_example_holds(label, glued):
    CLAIMS[label](glued, np.random.default_rng(1))


@claim("bptt-per-step")
def one_sweep_gives_the_same_gradient_for_a_fraction_of_the_steps(glued, rng):
    T = glued["per-step-T"]
    W_hx, W_hh = rng.normal(size=(3, 2)), rng.normal(size=(3, 3)) / 2
    x, dh = rng.normal(size=(T, 1, 2)), rng.normal(size=(T, 1, 3))
    h = bptt.truncated_bptt(x, np.zeros((1, 3)), W_hx, W_hh, np.zeros(3), dh, window=T)["h"]
    total, steps = np.zeros((3, 3)), 0
    for t in range(1, T + 1):
        only_last = np.zeros((t, 1, 3))
        only_last[-1] = dh[t - 1]
        total += bptt.rnn_backward(x[:t], h[: t + 1], W_hx, W_hh, only_last)["dW_hh"]
        steps += t
    np.testing.assert_allclose(total, bptt.rnn_backward(x, h, W_hx, W_hh, dh)["dW_hh"], rtol=1e-10, atol=1e-12)
    assert glued["per-step-many"] == steps == T * (T + 1) // 2
    assert glued["per-step-one"] == T
    assert glued["per-step-gap"] < 1e-11


@claim("bptt-delta-end")
def the_sweep_starts_from_zero(glued, rng):
    """autograd of torch agrees with the recursion that starts from 0, and from no other value."""
    x, target = rng.normal(size=5), rng.uniform(size=5)
    w = torch.tensor(2.0, dtype=torch.float64, requires_grad=True)
    h, loss = torch.zeros((), dtype=torch.float64), 0.0
    for x_t, wanted in zip(x, target, strict=True):
        h = torch.sigmoid(1.5 * x_t + w * h)
        loss = loss + 0.5 * (h - wanted) ** 2
    loss.backward()

    def recursion(delta):
        h, dw = bptt.neuron_forward(x, 1.5, 2.0), 0.0
        for t in range(5, 0, -1):
            delta = (h[t] - target[t - 1] + delta * 2.0) * h[t] * (1 - h[t])
            dw += delta * h[t - 1]
        return dw

    assert recursion(0.0) == pytest.approx(w.grad.item(), abs=1e-14)
    assert abs(recursion(1.0) - w.grad.item()) > 1e-3
    assert glued["end-zero"] < 1e-9  # central differences
    assert glued["end-one"] > 0.01  # so that two printed decimals show it


@claim("bptt-sum")
def averaging_is_another_objective(glued, rng):
    """The gradient of the summed loss is the sum over the copies: a copy's own weight is moved alone."""
    x, target, u, w = rng.normal(size=7), rng.uniform(size=7), 1.5, 2.0

    def loss(copies):
        h, total = 0.0, 0.0
        for x_t, wanted, w_t in zip(x, target, copies, strict=True):
            h = 1 / (1 + np.exp(-(u * x_t + w_t * h)))
            total += 0.5 * (h - wanted) ** 2
        return total

    copies = bptt.numerical_gradient(loss, np.full(7, w))
    assert copies.sum() == pytest.approx(bptt.neuron_bptt(x, target, u, w)["dw"], abs=1e-9)
    assert abs(copies.mean()) < abs(copies.sum()) / 6  # the mean is the seventh part
    assert (glued["sum-short"], glued["sum-long"]) == (10, 1000)
    assert glued["sum-factor"] == pytest.approx(100)
    assert glued["sum-angle"] > 1  # two directions, not one


@claim("bptt-rtrl-cost")
def work_of_rtrl_grows_with_time_and_its_memory_does_not(glued, rng):
    def peak(function, T, **case):
        x, dh = rng.normal(size=(T, *case.pop("inner_x"))), rng.normal(size=(T, *case.pop("inner_h")))
        tracemalloc.start()
        function(x=x, dh=dh, **case)
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return peak

    weights = {"W_hx": rng.normal(size=(8, 2)), "W_hh": rng.normal(size=(8, 8)) / 3, "b_h": np.zeros(8)}
    one = {"h0": np.zeros(8), "inner_x": (2,), "inner_h": (8,), **weights}
    batch = {"h0": np.zeros((1, 8)), "inner_x": (1, 2), "inner_h": (1, 8), **weights}
    rtrl = [peak(bptt.rtrl, T, **one) for T in (200, 1600)]
    full = [peak(lambda **case: bptt.truncated_bptt(window=len(case["x"]), **case), T, **batch) for T in (200, 1600)]
    assert rtrl[1] < 1.1 * rtrl[0]
    assert full[1] > 4 * full[0]
    assert glued["rtrl-2T"] == 2 * glued["rtrl-T"]
    assert glued["rtrl-work-T"] == pytest.approx(2)
    assert glued["rtrl-memory-T"] == pytest.approx(1, abs=0.1)
    # For D = 2 inputs: H (H + D + 1) sensitivities per unit, H products each, and H (H + D + 1) H for the gradient
    assert 8 < glued["rtrl-work-H"] < 16


@claim("bptt-second-input")
def the_second_state_depends_on_the_second_input(glued, rng):
    x = rng.normal(size=2)
    moved = x + np.array([0.0, 1.0])
    assert bptt.neuron_forward(x, 1.5, 2.0)[2] != bptt.neuron_forward(moved, 1.5, 2.0)[2]
    assert glued["second-deck"] == 0
    x_right = bptt.neuron_forward([-0.5, 0.0], 1.5, 2.0)[2] - bptt.neuron_forward([-0.5, -1.0], 1.5, 2.0)[2]
    assert glued["second-right"] == pytest.approx(x_right, abs=1e-14)
