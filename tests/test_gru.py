"""What is special to the unit `gru`: agreement with torch to ten digits, other right answers, the page's claims."""

import re
from pathlib import Path
from types import FunctionType

import numpy as np
import pytest
import torch

from autograde import drivers
from autograde.checks import gru as check
from solutions import gru

BOOK = Path(__file__).parents[1] / "book"
NAMES = ("W_hx", "W_hh", "b_hx", "b_hh")


def network(rng, T=9, B=3, D=2, H=5):
    """Inputs, first state and torch's GRU with random weights, in float64."""
    module = torch.nn.GRU(D, H, dtype=torch.float64)
    with torch.no_grad():
        for p in module.parameters():
            p.copy_(torch.as_tensor(1.5 * rng.normal(size=p.shape)))
    weights = [p.detach().numpy() for p in module.parameters()]
    return rng.normal(size=(T, B, D)), rng.normal(size=(B, H)), weights, module


# Against torch's module


@pytest.mark.parametrize("seed", range(4))
def test_weights_of_torch_give_its_states_and_every_gradient_to_ten_digits(seed):
    rng = np.random.default_rng(seed)
    x, h0, weights, module = network(rng, T=40)
    dh = rng.normal(size=(40, 3, 5))
    x_t, h0_t = torch.tensor(x, requires_grad=True), torch.tensor(h0, requires_grad=True)
    out, last = module(x_t, h0_t[None])
    (out * torch.tensor(dh)).sum().backward()
    h = gru.gru_forward(x, h0, *weights, "after")
    np.testing.assert_allclose(h[1:], out.detach().numpy(), rtol=0, atol=1e-10)
    np.testing.assert_allclose(h[-1], last[0].detach().numpy(), rtol=0, atol=1e-10)
    mine = gru.gru_backward(x, h, *weights, dh, "after")
    theirs = {"dx": x_t, "dh0": h0_t, **{f"d{n}": p for n, p in zip(NAMES, module.parameters(), strict=True)}}
    for name, tensor in theirs.items():
        scale = max(1.0, float(tensor.grad.abs().max()))
        np.testing.assert_allclose(mine[name], tensor.grad.numpy(), rtol=0, atol=1e-10 * scale, err_msg=name)


def test_gradients_with_the_reset_before_the_product_are_those_of_autograd():
    """The reference's own step, with torch in place of NumPy, differentiated by torch."""
    step = FunctionType(gru.gru_step.__code__, {"np": torch, "logistic": torch.sigmoid})
    rng = np.random.default_rng(7)
    x, h0, weights, _ = network(rng, T=12)
    dh = rng.normal(size=(12, 3, 5))
    tensors = [torch.tensor(v, requires_grad=True) for v in (x, h0, *weights)]
    h, loss = tensors[1], 0.0
    for t in range(12):
        h = step(tensors[0][t], h, *tensors[2:], "before")
        loss = loss + (h * torch.tensor(dh[t])).sum()
    expected = torch.autograd.grad(loss, tensors)
    states = gru.gru_forward(x, h0, *weights, "before")
    mine = gru.gru_backward(x, states, *weights, dh, "before")
    for name, gradient in zip(("x", "h0", *NAMES), expected, strict=True):
        scale = float(gradient.abs().max())
        np.testing.assert_allclose(mine[f"d{name}"], gradient.numpy(), rtol=0, atol=1e-12 * max(1, scale), err_msg=name)


# Conventions and places


def test_conversion_is_exact_and_its_own_inverse():
    rng = np.random.default_rng(1)
    _, _, weights, _ = network(rng)
    there = gru.convert_gate_convention(*weights, "keep", "write")
    back = gru.convert_gate_convention(*there.values(), "write", "keep")
    for name, old in zip(NAMES, weights, strict=True):
        np.testing.assert_array_equal(back[name], old)
        assert not np.shares_memory(back[name], old)
    again = gru.convert_gate_convention(*weights, "write", "keep")
    for name in NAMES:
        np.testing.assert_array_equal(again[name], there[name])


def test_a_conversion_that_moves_biases_to_the_other_side_is_right_too():
    def answer(W_hx, W_hh, b_hx, b_hh, source, target):
        found = gru.convert_gate_convention(W_hx, W_hh, b_hx, b_hh, source, target)
        H = W_hh.shape[1]
        moved = found["b_hh"][: 2 * H].copy()
        found["b_hx"][: 2 * H] += moved
        found["b_hh"][: 2 * H] -= moved
        return found

    assert check.convert_gate_convention.run(answer).right


def test_the_two_places_agree_for_a_diagonal_candidate_and_differ_otherwise():
    rng = np.random.default_rng(2)
    x, h0, (W_hx, W_hh, b_hx, b_hh), _ = network(rng)
    diagonal, no_bias = W_hh.copy(), b_hh.copy()
    diagonal[10:], no_bias[10:] = np.diag(np.diag(W_hh[10:])), 0
    one, other = (gru.gru_forward(x, h0, W_hx, diagonal, b_hx, no_bias, place) for place in ("after", "before"))
    np.testing.assert_allclose(one, other, rtol=0, atol=1e-13)
    one, other = (gru.gru_forward(x, h0, W_hx, W_hh, b_hx, b_hh, place) for place in ("after", "before"))
    assert np.abs(one - other).max() > 0.5


def test_states_stay_within_the_bound_of_the_page():
    rng = np.random.default_rng(3)
    x, h0, weights, _ = network(rng, T=200)
    for place in ("after", "before"):
        h = gru.gru_forward(x, h0, *weights, place)
        assert np.all(np.abs(h) <= np.maximum(1, np.abs(h[0])))


def test_every_cell_of_the_chapter_gives_other_states():
    """One set of blocks in every cell, each in its own convention: all different, after one step already."""
    rng = np.random.default_rng(4)
    x, h0, (W_hx, W_hh, b_hx, b_hh), _ = network(rng)
    H = h0.shape[1]
    r, z, n = (slice(k * H, (k + 1) * H) for k in range(3))
    b = b_hx + b_hh
    logistic_candidate = FunctionType(
        gru.gru_step.__code__,
        {"np": type("Names", (), {"tanh": staticmethod(gru.logistic)}), "logistic": gru.logistic},
    )
    stacked = (W_hx, W_hh, b_hx, b_hh)
    states = [
        gru.gru_step(x[0], h0, *stacked, "after"),
        gru.gru_step(x[0], h0, *stacked, "before"),
        gru.gru_step(x[0], h0, *gru.convert_gate_convention(*stacked, "keep", "write").values(), "before"),
        logistic_candidate(x[0], h0, *stacked, "before"),
        gru.mut1_step(x[0], h0, -W_hx[z], -b[z], W_hx[r], W_hh[r], b[r], W_hx[n], W_hh[n], b[n]),
        gru.mgu_step(x[0], h0, -W_hx[z], -W_hh[z], -b[z], W_hx[n], W_hh[n], b[n]),
    ]
    for i, one in enumerate(states):
        for other in states[:i]:
            assert np.abs(one - other).max() > 0.05


def test_counts_of_the_page_are_those_of_torch_less_the_biases_that_add():
    def size(kind, D, H):
        return sum(p.numel() for p in getattr(torch.nn, kind)(D, H).parameters())

    D, H = 3, 7
    assert size("GRU", D, H) - 2 * H == 3 * (H * H + H * D + H) + H
    assert size("LSTM", D, H) - 4 * H == 4 * (H * H + H * D + H)
    assert size("RNN", D, H) - H == H * H + H * D + H


def converted(change):
    """The reference's conversion, then `change(weights, given, H)` in place."""

    def answer(*args):
        given = dict(zip(NAMES, args, strict=False))
        found = gru.convert_gate_convention(*args)
        change(found, given, args[1].shape[1], args[4] == args[5])
        return found

    return answer


def nothing(found, given, H, same):
    found.update({name: value.copy() for name, value in given.items()})


def always(found, given, H, same):
    if same:
        for value in found.values():
            value[H : 2 * H] *= -1


def reset_as_well(found, given, H, same):
    for value in found.values():
        value[:H] *= 1 if same else -1


def reset_instead(found, given, H, same):
    nothing(found, given, H, same)
    reset_as_well(found, given, H, same)


def old_biases(found, given, H, same):
    found.update(b_hx=given["b_hx"].copy(), b_hh=given["b_hh"].copy())


def one_minus(found, given, H, same):
    if not same:
        found["W_hh"][H : 2 * H] += 1


CONVERSIONS = [
    (nothing, "they are the weights that were given"),
    (always, "there is nothing to convert here, and the block of z has changed"),
    (reset_as_well, "the block of r has changed; which gate do the conventions differ in?"),
    (reset_instead, "the block of r has changed, that of z has not; which gate"),
    (old_biases, "the block of z has changed in W_hx, W_hh and not in b_hx, b_hh; which of them stand inside σ?"),
    (one_minus, "the block of z in W_hh is one minus the old one; is 1 - σ(a) = σ(1 - a)?"),
]


@pytest.mark.parametrize("change", [change for change, _ in CONVERSIONS])
def test_each_wrong_conversion_hears_what_became_of_its_blocks_and_nothing_else(change):
    text = " ".join(str(check.convert_gate_convention.run(converted(change))).split())
    assert [c for c, said in CONVERSIONS if said in text] == [change]


# One unit


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        (lambda factor, gamma, u, r, T: 2 * factor, "scaled by 2 in every entry"),
        (lambda factor, gamma, u, r, T: factor * gamma, "the factor gamma once too often"),
        (lambda factor, gamma, u, r, T: factor / u, "the factor u is missing"),
        (lambda factor, gamma, u, r, T: factor * (1 - u + u * gamma * r), "it is as if T were one more"),
        (lambda factor, gamma, u, r, T: (1 - u + u * gamma * r) ** (T - 1), "it is as if T were one less"),
        (lambda factor, gamma, u, r, T: 1 - u + u * gamma * r, "it is as if T were 1"),
        (lambda factor, gamma, u, r, T: (u + (1 - u) * gamma * r) ** T, "it is as if u were 1 - u"),
        (lambda factor, gamma, u, r, T: (1 - u + u * gamma) ** T, "it is as if r were 1"),
        (lambda factor, gamma, u, r, T: (1 - u + gamma * r) ** T, "it is as if γ r were not multiplied by u"),
    ],
)
def test_a_wrong_factor_hears_what_is_wrong_with_it(changed, said):
    def answer(*args):
        right = gru.scalar_gradient_factor(*args)
        return {**right, "factor": changed(right["factor"], *args)}

    verdict = check.scalar_gradient_factor.run(answer)
    assert verdict.points == 1
    assert verdict.findings[1].text.endswith(said), verdict.findings[1].text


def test_the_gate_loses_exactly_between_the_borders():
    gamma = np.geomspace(1e-3, 20, 5000)
    for u in (0.05, 0.5, 0.93):
        for r in (0.0, 0.3, 1.0):
            found = gru.scalar_gradient_factor(gamma, np.full_like(gamma, u), np.full_like(gamma, r), 1)
            loses = np.abs(np.log(found["factor"])) > np.abs(np.log(gamma)) + 1e-9
            inside = (gamma > found["loses_from"]) & (gamma < found["loses_to"])
            near = np.minimum(abs(gamma / found["loses_from"] - 1), abs(gamma / found["loses_to"] - 1)) < 1e-2
            np.testing.assert_array_equal(loses[~near], inside[~near])


def test_numbers_of_the_scalar_analysis():
    half = np.array([0.5])
    found = gru.scalar_gradient_factor(np.array([0.95]), half, half, 50)
    assert found["factor"][0] == pytest.approx(2.44e-7, rel=5e-3)
    assert found["loses_from"][0] == pytest.approx(2 / 3)
    assert found["loses_to"][0] == pytest.approx(np.sqrt(5) - 1)
    assert gru.logistic(np.array(10.0)) ** 1000 == pytest.approx(0.956, abs=5e-4)
    assert gru.logistic(np.array([-800.0, 800.0])).tolist() == [0.0, 1.0]


# The scan


@pytest.mark.parametrize("T", [1, 2, 3, 7, 8, 9, 64, 65])
def test_the_scan_is_the_loop(T):
    rng = np.random.default_rng(T)
    a, b, h0 = rng.uniform(-1, 1, size=(T, 2, 3)), rng.normal(size=(T, 2, 3)), rng.normal(size=(2, 3))
    h = [h0]
    for a_t, b_t in zip(a, b, strict=True):
        h.append(a_t * h[-1] + b_t)
    np.testing.assert_allclose(gru.linear_recurrence_scan(a, b, h0), h, rtol=0, atol=1e-12)


def test_operations_of_the_doubling_are_those_of_the_page():
    """Counts the entries that a reference scan computes: one product more than the two of a fused step."""
    for T in (1, 2, 5, 8, 100, 1024):
        counted, length = 0, 1
        while length < T:
            counted += 3 * (T - length)
            length *= 2
        K = int(np.ceil(np.log2(T)))
        assert counted == 3 * (K * T - 2**K + 1)


def tree(a, b, h0):
    """A schedule that works on pairs and calls itself: fewer operations than doubling."""
    b = b.copy()
    b[0] = b[0] + a[0] * h0

    def scan(a, b):
        T = len(a)
        if T == 1:
            return b
        even = T - T % 2
        pairs = scan(a[1:even:2] * a[:even:2], a[1:even:2] * b[:even:2] + b[1:even:2])
        h = np.empty_like(b)
        h[1:even:2], h[0] = pairs, b[0]
        later = len(h[2::2])
        h[2::2] = a[2::2] * pairs[:later] + b[2::2]
        return h

    return np.concatenate([h0[None], scan(a, b)])


def test_a_scan_over_a_tree_is_right_too():
    verdict = check.linear_recurrence_scan.run(tree)
    assert verdict.right, str(verdict)


def comprehension(a, b, h0):
    h = [h0]
    [h.append(a[t] * h[t] + b[t]) for t in range(len(a))]
    return np.array(h)


def accumulated(a, b, h0):
    from itertools import accumulate

    steps = [None, *zip(a, b, strict=True)]
    return np.array(list(accumulate(steps[1:], lambda h, s: s[0] * h + s[1], initial=h0)))


@pytest.mark.parametrize("answer", [comprehension, accumulated])
def test_a_loop_in_disguise_is_a_loop(answer):
    verdict = check.linear_recurrence_scan.run(answer)
    assert [f.title for f in verdict.findings if not f.ok] == ["rounds"]
    assert "a loop over the steps?" in str(verdict)


def test_counting_lines_leaves_the_tracer_as_it_was_even_after_an_error():
    import sys

    before = sys.gettrace()
    outcome = drivers.attempt(lambda x: 1 / x, {"x": 0}, "executed_lines")
    assert outcome["error"] == "ZeroDivisionError"
    assert sys.gettrace() is before
    counted = drivers.attempt(lambda n: [k for k in range(n)], {"n": 50}, "executed_lines")["value"]
    assert len(counted["result"]) == 50 <= counted["lines"]


# The pages


def test_worked_example_holds_to_the_printed_digits():
    ln3 = np.log(3)
    weights = (np.zeros((6, 1)), np.zeros((6, 2)), np.array([ln3, -ln3, ln3, ln3, 0, 0]), np.zeros(6))
    weights[1][4:] = [[0, 1], [1, 0]]
    x, old = np.zeros((1, 1, 1)), np.array([[0.8, 0.4]])
    after, before = (gru.gru_forward(x, old, *weights, place) for place in ("after", "before"))
    np.testing.assert_allclose(after[1, 0], [0.6728, 0.3493], atol=5e-5)
    np.testing.assert_allclose(before[1, 0], [0.6249, 0.4343], atol=5e-5)
    back = gru.gru_backward(x, after, *weights, np.array([[[1.0, 0.0]]]), "after")
    np.testing.assert_allclose(back["db_hx"], [0.0172, 0, 0.0954, 0, 0.2288, 0], atol=5e-5)
    np.testing.assert_allclose(back["dh0"][0], [0.75, 0.1716], atol=5e-5)


def test_symbols_of_the_chapter_have_the_shapes_on_the_page():
    section = (BOOK / "notation.md").read_text(encoding="utf-8").split("### Gated recurrent units")[1].split("\n#")[0]
    section = section.split("\n(notation-decks)")[0]
    rows = [(s, n.split("`, `")) for s, n in re.findall(r"\| `\(([^)]*)\)` \| `(.*?)` \|", section)]
    sizes = {"T": 6, "B": 3, "D": 2, "H": 4, "3H": 12, "N": 5}
    rng = np.random.default_rng(0)
    x, h0, weights, _ = network(rng, T=6, H=4)
    gate = np.full(5, 0.5)
    found = {
        **dict(zip(NAMES, weights, strict=True)),
        **{name: gru.gru_step(x[0], h0, *weights, "after") for name in "rzn"},
        "u": gate,
        "gamma": gate,
        "factor": gru.scalar_gradient_factor(gate, gate, gate, 3)["factor"],
        "a": gru.linear_recurrence_scan(*(rng.normal(size=s) for s in ((6, 3, 4), (6, 3, 4), (3, 4))))[1:],
        "b": np.zeros((6, 3, 4)),
    }
    assert {name for _, names in rows for name in names} == set(found)
    for shape, names in rows:
        expected = tuple(sizes[axis.strip()] for axis in shape.split(",") if axis.strip())
        for name in names:
            assert np.shape(found[name]) == expected, name


def test_array_operations_are_no_loop_whatever_library_they_run_in():
    def padded(a, b, h0):
        a, b, shift = a.copy(), b.copy(), 1
        while shift < len(a):
            widths = [(shift, 0)] + [(0, 0)] * (a.ndim - 1)
            before_a = np.pad(a, widths, constant_values=1.0)[: len(a)]
            before_b = np.pad(b, widths)[: len(b)]
            a, b, shift = a * before_a, a * before_b + b, 2 * shift
        return np.concatenate([h0[None], a * h0 + b])

    assert check.linear_recurrence_scan.run(padded).right
