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

from autograde import tasks
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


@claim("sequences-codes")
def learned_vectors_know_what_one_hot_codes_cannot(glued, rng):
    """CBOW by torch on another corpus: words of one category are closer than others; codes are all at right angles."""
    corpus = tasks.grammar_corpus(150, rng)
    words = sorted({word for sentence in corpus for word in sentence})
    number = {word: i for i, word in enumerate(words)}
    examples = [
        ([number[s[j]] for j in (t - 2, t - 1, t + 1, t + 2) if 0 <= j < len(s)], number[s[t]])
        for s in corpus
        for t in range(len(s))
    ]
    bags = np.zeros((len(examples), len(words)))
    for row, (context, _) in zip(bags, examples, strict=True):
        np.add.at(row, context, 1 / len(context))
    bags, target = torch.as_tensor(bags), torch.tensor([word for _, word in examples])
    E, W = (torch.as_tensor(0.1 * rng.normal(size=(len(words), 8))).requires_grad_() for _ in range(2))
    optimiser = torch.optim.Adam([E, W], lr=0.05)
    for _ in range(150):
        optimiser.zero_grad()
        torch.nn.functional.cross_entropy(bags @ E @ W.T, target).backward()
        optimiser.step()
    unit = torch.nn.functional.normalize(W.detach(), dim=1)
    cosines = (unit @ unit.T).numpy()
    category = {word: name for name, members in tasks.CATEGORIES.items() for word in members}
    same = np.array([[category.get(a, a) == category.get(b, b) for b in words] for a in words])
    different = ~np.eye(len(words), dtype=bool)
    assert cosines[same & different].mean() > 0.5 > cosines[~same].mean()
    codes = np.eye(len(words))
    assert np.all((codes @ codes.T)[different] == 0)
    assert glued["codes-code"] == 0
    assert glued["codes-vector"] > 0.5
    assert (glued["codes-ones"], glued["codes-dense"]) == (1, glued["codes-D"])
    assert glued["codes-V"] > glued["codes-D"]


@claim("sequences-order-seen")
def a_feed_forward_network_sees_order_but_not_neighbourhood(glued, rng):
    first = torch.nn.Linear(12, 5, dtype=torch.float64)
    with torch.no_grad():
        first.weight.copy_(torch.as_tensor(rng.normal(size=(5, 12))))
    x, y = (torch.as_tensor(np.eye(3)[list(order)].ravel()) for order in ((0, 1, 2, 2), (1, 0, 2, 2)))
    assert (torch.tanh(first(x)) - torch.tanh(first(y))).abs().max() > 0.01
    assert torch.equal(x.reshape(4, 3).sum(0), y.reshape(4, 3).sum(0))  # the bags agree
    places = torch.as_tensor(rng.permutation(12))
    moved = torch.tanh(x[places] @ first.weight[:, places].T + first.bias)
    torch.testing.assert_close(moved, torch.tanh(first(x)), rtol=0, atol=1e-14)
    assert glued["order-seen"] > 0.01
    assert glued["order-moved"] < 1e-13


@claim("sequences-parity-simple")
def random_automata_find_parity_where_no_window_can(glued, rng):
    """Large weights make tanh a threshold: count how many random threshold networks are right on all short strings."""
    count, T = 150_000, 6
    W_hx, W_hh, b_h, W_yh, b_y = (rng.uniform(-1, 1, size=(count, *s)) for s in ((2,), (2, 2), (2,), (2,), ()))
    for n in range(2**T):
        h, odd = np.zeros((len(b_y), 2)), 0
        for t in range(T):
            bit = n >> t & 1
            odd ^= bit
            h = np.sign(W_hx * bit + np.einsum("nij,nj->ni", W_hh, h) + b_h)
            right = ((W_yh * h).sum(axis=1) + b_y > 0) == odd
            W_hx, W_hh, b_h, W_yh, b_y, h = (a[right] for a in (W_hx, W_hh, b_h, W_yh, b_y, h))
    share = len(b_y) / count
    assert 1e-5 < share < 1e-3  # one in some ten thousand
    assert 0.01 / share < glued["parity-tried"] < 20 / share
    assert glued["parity-right"] == glued["parity-fresh"]
    assert glued["parity-share"] == 50
    # The pairing of the proof: flip a bit outside the window
    strings = rng.integers(2, size=(50, glued["parity-T"]))
    flipped = strings ^ np.eye(glued["parity-T"], dtype=int)[0]
    assert np.array_equal(strings[:, -glued["parity-k"] :], flipped[:, -glued["parity-k"] :])
    assert np.all(strings.sum(axis=1) % 2 != flipped.sum(axis=1) % 2)


@claim("gradients-vanishing-radius")
def a_spectral_radius_of_zero_lets_the_gradient_grow(glued, rng):
    """The Jacobian over 50 steps by torch, through the network itself, held by its inputs."""
    W = torch.tensor([[1.5, 3.0], [-0.75, -1.5]], dtype=torch.float64)
    assert torch.linalg.matrix_norm(W @ W) < 1e-15  # nilpotent: all eigenvalues are zero
    h_star = torch.sqrt(1 - torch.tensor([1.0, 0.1], dtype=torch.float64))

    def last_state(h):
        for _ in range(50):
            h = torch.tanh(torch.atanh(h_star) - W @ h_star + W @ h)
        return h

    norm = torch.linalg.matrix_norm(torch.autograd.functional.jacobian(last_state, h_star), 2).item()
    # the state drifts from h_star by rounding times the growth: some 1e-9
    assert glued["radius-held"] == pytest.approx(norm, rel=1e-6)
    assert norm == pytest.approx(8.2e6, rel=0.01)
    assert glued["radius-rate"] == pytest.approx(1.5 * (1 - 0.1))


@claim("gradients-exploding-radius")
def a_large_radius_and_large_slopes_let_the_gradient_die(glued, rng):
    W, D = np.array([[1.5, 3.0], [-7.5, -15.0]]), np.diag([1.0, 0.1])
    trace, determinant = W[0, 0] + W[1, 1], W[0, 0] * W[1, 1] - W[0, 1] * W[1, 0]
    assert (trace, determinant) == (-13.5, 0.0)
    assert glued["explode-radius"] == pytest.approx(13.5)
    assert glued["explode-bound"] == pytest.approx(10)
    assert glued["explode-square"] == pytest.approx(0, abs=1e-14)
    np.testing.assert_allclose(D @ W @ D @ W, np.zeros((2, 2)), atol=1e-14)


@claim("gradients-forward-growth")
def a_linear_network_of_radius_below_one_grows_for_a_while(glued, rng):
    state, lengths = np.array([0.0, 1.0]), []
    for _ in range(400):
        state = np.array([0.9 * state[0] + 100 * state[1], 0.9 * state[1]])
        lengths.append(np.hypot(*state))
    assert np.argmax(lengths) == 8  # after nine steps
    assert lengths[8] == pytest.approx(glued["forward-growth"], rel=1e-3)
    assert glued["forward-growth"] == pytest.approx(387, abs=1)
    assert lengths[-1] < 1e-10


@claim("gradients-eigenvectors")
def a_transpose_is_not_an_inverse(glued, rng):
    q = np.array([[1.0, 1.0], [0.0, -0.4]])  # by hand: (W - 0.9) q = 0 and (W - 0.5) q = 0
    q /= np.linalg.norm(q, axis=0)
    printed = q @ np.diag([0.9, 0.5]) @ q.T
    gap = np.linalg.norm(printed - [[0.9, 1.0], [0.0, 0.5]])
    assert glued["eigen-transpose"] == pytest.approx(gap)
    assert gap == pytest.approx(1.33, abs=0.005)
    assert glued["eigen-inverse"] < 1e-14


@claim("gradients-remainder")
def neither_norm_nor_remainder_is_as_the_deck_says(glued, rng):
    state = np.ones(2)
    for _ in range(5):
        state = np.array([0.9 * state[0] + state[1], 0.5 * state[1]])
    assert glued["remainder-true"] == pytest.approx(np.hypot(*state))
    z = np.array([3.5, -np.hypot(1, 0.4) / 0.4])  # (1, 1) = 3.5 (1, 0) - 2.5 (1, -0.4)
    assert glued["remainder-deck"] == pytest.approx(np.hypot(*(z * [0.9**5, 0.5**5])))
    assert abs(glued["remainder-true"] - glued["remainder-deck"]) > 0.05
    assert glued["remainder-mixed"] == pytest.approx(9 * 0.9**8)


@claim("gradients-local-slope")
def a_slope_of_two_leads_to_a_stable_state(glued, rng):
    h, eps = glued["slope-end"], 1e-6
    assert np.tanh(2 * h) == pytest.approx(h, abs=1e-12)
    assert glued["slope-there"] == pytest.approx(
        (np.tanh(2 * (h + eps)) - np.tanh(2 * (h - eps))) / (2 * eps), abs=1e-8
    )
    assert glued["slope-there"] < 1 < (np.tanh(2 * eps) - np.tanh(-2 * eps)) / (2 * eps)
    assert glued["slope-start"] != 0


@claim("gradients-bounded")
def states_stay_bounded_while_the_gradient_grows(glued, rng):
    assert glued["bounded-state"] == pytest.approx(np.sqrt(0.9))
    assert glued["bounded-gradient"] == glued["radius-held"]
    assert glued["bounded-gradient"] > 1e6


@claim("gradients-pascanu")
def no_gradient_exceeds_the_bound_by_singular_values(glued, rng):
    """Once more on networks of its own, with torch's Jacobians."""
    for _ in range(20):
        H = int(rng.integers(2, 5))
        W = torch.as_tensor(rng.normal(size=(H, H)) * rng.uniform(0.3, 2))
        x = torch.as_tensor(rng.normal(size=(6, H)))

        def last_state(h, x=x, W=W):
            for x_t in x:
                h = torch.tanh(x_t + W @ h)
            return h

        start = torch.as_tensor(rng.normal(size=H))
        norm = torch.linalg.matrix_norm(torch.autograd.functional.jacobian(last_state, start), 2)
        assert norm <= torch.linalg.matrix_norm(W, 2) ** 6 * (1 + 1e-12)
    assert glued["pascanu-ratio"] <= 1 + 1e-12
    assert glued["pascanu-radius"] > 10
    assert (glued["pascanu-networks"], glued["pascanu-T"]) == (300, 20)
