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

from autograde import phrases, tasks
from solutions import bptt, lstm

pytestmark = pytest.mark.xdist_group("corrections")  # what its fixtures made serves all
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


@claim("gru-logistic-candidate")
def deck_as_candidate_never_goes_below_zero(glued, rng):
    """Deck A's formula in its own letters, with its sigma for the candidate."""

    def sigma(a):
        return 1 / (1 + np.exp(-a))

    U, W, b = (rng.normal(size=shape) for shape in ((3, 4, 2), (3, 4, 4), (3, 4)))
    h, least, least_tanh = np.zeros(4), np.inf, np.inf
    h_tanh = h
    for x in rng.normal(size=(1000, 2)):
        states = []
        for old, phi in ((h, sigma), (h_tanh, np.tanh)):
            u, r = (sigma(b[k] + U[k] @ x + W[k] @ old) for k in (0, 1))
            states.append(u * old + (1 - u) * phi(b[2] + U[2] @ x + W[2] @ (r * old)))
        h, h_tanh = states
        least, least_tanh = min(least, h.min()), min(least_tanh, h_tanh.min())
    assert least >= 0 > -0.5 > least_tanh
    assert glued["gru-logistic-least"] >= 0
    assert glued["gru-tanh-least"] < -0.5
    assert glued["gru-logistic-T"] == 1000


@claim("gru-gate-index")
def gates_of_the_step_before_are_not_those_of_torch(glued, rng):
    D, H = 2, 4
    cell = torch.nn.GRUCell(D, H, dtype=torch.float64)
    with torch.no_grad():
        for p in cell.parameters():
            p.copy_(torch.as_tensor(rng.normal(size=p.shape)))
        cell.weight_hh[2 * H :] = torch.diag(cell.weight_hh[2 * H :].diagonal())
        cell.bias_hh[2 * H :] = 0
    (U, W, b_x, b_h) = (p.detach().numpy() for p in cell.parameters())
    blocks = [(U[k * H : (k + 1) * H], W[k * H : (k + 1) * H], (b_x + b_h)[k * H : (k + 1) * H]) for k in range(3)]
    xs = rng.normal(size=(30, D))

    def states(last):
        """h^(t) with the gates of step t - last."""
        h, gates = [np.zeros(H)], [(np.full(H, 0.5), np.full(H, 0.5))]
        for x in xs:
            gates.append(tuple(1 / (1 + np.exp(-(U_k @ x + W_k @ h[-1] + b_k))) for U_k, W_k, b_k in blocks[:2]))
            r, u = gates[-1 - last]
            U_n, W_n, b_n = blocks[2]
            h.append(u * h[-1] + (1 - u) * np.tanh(U_n @ x + W_n @ (r * h[-1]) + b_n))
        return np.array(h[1:])

    h, expected = torch.zeros(1, H, dtype=torch.float64), []
    with torch.no_grad():
        for x in xs:
            h = cell(torch.as_tensor(x)[None], h)
            expected.append(h[0].numpy())
    assert np.abs(states(0) - expected).max() < 1e-14
    assert np.abs(states(1) - expected).max() > 0.3
    assert glued["gru-index-right"] < 1e-14
    assert glued["gru-index-printed"] > 0.3


@claim("gru-conventions")
def gate_conventions_convert_and_reset_placements_do_not(glued, rng):
    assert glued["gru-conventions-back"] == 0
    assert glued["gru-conventions-misread"] > 0.3
    assert glued["gru-conventions-same"] < 1e-8
    assert glued["gru-conventions-place"] > 0.03
    # On h = (0, s) the preactivations of a cell that resets the state and the constant 1 are linearly dependent, since
    # both units hear the one sender through the one gate; those of the cell that resets the product are not.
    s = np.linspace(-6, 6, 61)
    receivers = np.stack([s / (1 + np.exp(-s)), s / (1 + np.exp(s)), np.ones_like(s)])
    sender = s / (1 + np.exp(-(0.7 * s - 0.2)))
    dependent = np.stack([1.3 * sender + 0.4, -0.6 * sender - 2.0, np.ones_like(s)])
    assert np.linalg.svd(receivers, compute_uv=False)[-1] > 0.5
    assert np.linalg.svd(dependent, compute_uv=False)[-1] < 1e-12


@claim("gru-half-open")
def half_open_gate_loses_to_the_plain_network(glued, rng):
    h0 = torch.tensor([1.0, 1.0], dtype=torch.float64, requires_grad=True)
    gated, plain = h0
    for _ in range(50):
        gated = (1 - 0.5) * gated + 0.5 * (0.95 * (0.5 * gated))
        plain = 0.95 * plain
    gate, none = torch.autograd.grad(gated + plain, h0)[0].tolist()
    assert glued["gru-half-gate"] == pytest.approx(gate, rel=1e-12)
    assert glued["gru-half-plain"] == pytest.approx(none, rel=1e-12)
    assert f"{gate:.1e} {none:.3f}" == "2.4e-07 0.077"
    low, high = glued["gru-half-from"], glued["gru-half-to"]
    gamma = np.linspace(0.01, 4, 4000)
    loses = np.abs(np.log(0.5 + gamma / 4)) > np.abs(np.log(gamma))
    np.testing.assert_array_equal(loses, (gamma > low) & (gamma < high))
    assert low == pytest.approx(2 / 3)
    assert high == pytest.approx(np.sqrt(5) - 1)


def scalar_kalman(x, v, f, gain=None):
    """Mean of a walk of variance 1 seen through noise, one sequence, by adding precisions; a fixed gain if given."""
    mean, variance, found = 0.0, 1.0, []
    for x_t, v_t in zip(x, v, strict=True):
        before, p = f * mean, f**2 * variance + 1 - f**2
        if gain is None:
            variance = 1 / (1 / p + 1 / v_t)
            mean = variance * (before / p + x_t / v_t)
        else:
            mean = (1 - gain) * before + gain * x_t
        found.append(mean)
    return np.array(found)


@claim("kalman-gate-argument")
def the_printed_gate_never_opens_beyond_one_half(glued, rng):
    assert glued["kf-gate-right"] == pytest.approx(1 / 2)
    assert glued["kf-gate-deck"] == pytest.approx(1 / 3)
    ratio = glued["kf-gate-ratio"]
    assert glued["kf-gate-should"] == pytest.approx(ratio / (1 + ratio))
    assert glued["kf-gate-most"] == pytest.approx(ratio / (2 * ratio + 1))
    for a, p, v in rng.uniform(0.01, 100, size=(200, 3)):
        z = a**2 * p / (a**2 * p + v)
        assert 1 / (1 + np.exp(-np.log(z))) == pytest.approx(z / (1 + z))
        assert z / (1 + z) <= 1 / 2


@claim("kalman-index")
def the_correction_needs_the_covariance_of_this_step(glued, rng):
    assert glued["kf-index-T"] == 8
    assert glued["kf-index-right"] < 1e-13
    assert glued["kf-index-deck"] > 0.02
    # once more in one dimension and three steps, with numbers of its own: the mean by adding precisions
    x, f, r, v = rng.normal(size=3), 0.9, 0.5, 0.3
    mean, late, variance, late_variance, p_last = 0.0, 0.0, 1.0, 1.0, None
    for x_t in x:
        p = f**2 * variance + r
        variance = 1 / (1 / p + 1 / v)
        mean = variance * (f * mean / p + x_t / v)
        late_p = f**2 * late_variance + r
        used = late_p if p_last is None else p_last
        k, p_last = used / (used + v), late_p
        late, late_variance = f * late + k * (x_t - f * late), (1 - k) * used
    assert abs(mean - late) > 1e-3


@claim("kalman-both-sides")
def the_same_mean_on_both_sides_has_no_memory(glued, rng):
    for u in (0.1, 0.5, 0.9):
        mean = 3.0
        for _ in range(500):  # iterated as printed, within one step
            mean = (1 - u) * mean + u * 1.7
        assert mean == pytest.approx(1.7)
    assert glued["kf-sides-f"] == 0.98
    h, x = tasks.walk_in_noise(0.98, np.ones((100, 300)), rng)
    means = np.array([scalar_kalman(column, np.ones(100), 0.98) for column in x.T]).T
    assert glued["kf-sides-ratio"] == pytest.approx(np.mean((x - h) ** 2) / np.mean((means - h) ** 2), rel=0.1)


@claim("kalman-justifies")
def a_constant_gain_is_enough_until_the_noise_changes(glued, rng):
    assert glued["kf-why-spread"] == 0
    assert 1 <= glued["kf-why-stationary"] < 1.01
    levels = (glued["kf-why-low"], glued["kf-why-high"])
    v = tasks.switching_noise(100, 200, levels, 0.8, rng)
    h, x = tasks.walk_in_noise(0.98, v, rng)

    def cost(gain=None):
        estimates = [scalar_kalman(*columns, 0.98, gain) for columns in zip(x.T, v.T, strict=True)]
        return np.mean((np.array(estimates).T - h) ** 2)

    ratio = min(cost(gain) for gain in np.linspace(0.02, 0.3, 8)) / cost()
    assert glued["kf-why-switching"] == pytest.approx(ratio, rel=0.15)
    assert ratio > 2
    assert (glued["kf-why-B"], glued["kf-why-from"]) == (1000, 21)


# From sequence to sequence


@claim("seq2seq-sampling")
def sampling_and_greedy_search_give_different_sentences(glued, rng):
    first, second = [0.40, 0.35, 0.25], [[0.34, 0.33, 0.33], [0.33, 0.36, 0.31], [0.98, 0.01, 0.01]]
    greedy = (int(np.argmax(first)), int(np.argmax(second[int(np.argmax(first))])))
    assert glued["sampling-p"] == pytest.approx(first[greedy[0]] * second[greedy[0]][greedy[1]]) == pytest.approx(0.136)
    drawn = []
    for _ in range(4000):
        word = rng.choice(3, p=first)
        drawn.append((int(word), int(rng.choice(3, p=second[word]))))
    for name, sentence, p in (("sampling-greedy", greedy, 0.136), ("sampling-best", (2, 0), 0.245)):
        share = drawn.count(sentence) / len(drawn)
        assert share == pytest.approx(p, abs=6 * np.sqrt(p * (1 - p) / len(drawn)))
        assert glued[name] == pytest.approx(p, abs=6 * np.sqrt(p * (1 - p) / glued["sampling-draws"]))
    assert 1 < glued["sampling-distinct"] <= 9


@claim("seq2seq-beam-heuristic")
def a_beam_of_two_misses_the_best_sentence(glued, rng):
    """By hand, and on random tables with a beam that is carried as a set of prefixes."""
    assert glued["beam-found"] == pytest.approx(max(0.40 * 0.34, 0.35 * 0.36)) == pytest.approx(0.136)
    assert glued["beam-best"] == pytest.approx(0.25 * 0.98) == pytest.approx(0.245)
    missed = {2: 0, 5: 0}
    for _ in range(60):
        tables = [rng.dirichlet(np.full(4, 0.3), size=(4,) * t) for t in range(5)]
        total = np.ones(())
        for table in tables:
            total = total[..., None] * table
        for K in missed:
            held = {(): 1.0}
            for table in tables:
                longer = {(*prefix, w): p * table[(*prefix, w)] for prefix, p in held.items() for w in range(4)}
                held = dict(sorted(longer.items(), key=lambda item: item[1])[-K:])
            missed[K] += max(held.values()) < total.max() * (1 - 1e-9)
    assert missed[2] > missed[5]
    assert glued["beam-missed"] > glued["beam-missed-wide"] >= 0
    assert glued["beam-missed"] < glued["beam-tables"]


@claim("seq2seq-rnn-call")
def a_module_returns_a_pair(glued, rng):
    output, h_n = torch.nn.RNN(2, 3)(torch.zeros(4, 1, 2), torch.zeros(1, 1, 3))
    assert torch.equal(output[-1], h_n[0])
    assert glued["call-shapes"] == f"{tuple(output.shape)} and {tuple(h_n.shape)}"
    assert (glued["call-type"], glued["call-parts"]) == ("tuple", 2)
    assert (glued["call-hooked"], glued["call-unhooked"]) == (1, 0)
    assert glued["call-error"] != "nothing"


@claim("seq2seq-monotone")
def translation_breaks_order_and_length(glued, rng):
    """torch's loss is infinite where there are more labels than inputs; the verb's place is read from the words."""
    S, T = glued["monotone-S"], glued["monotone-T"]
    assert (len(glued["monotone-english"].split()), len(glued["monotone-german"].split())) == (S, T)
    labels = torch.arange(1, T + 1)
    loss = torch.nn.functional.ctc_loss(
        torch.full((S, 1, T + 1), -np.log(T + 1)), labels[None], torch.tensor([S]), torch.tensor([T]), reduction="sum"
    )
    assert torch.isinf(loss)
    assert glued["monotone-p"] == 0
    crossed = longer = 0
    drawn = phrases.corpus(400, rng)
    verbs = {verb.de for verb in phrases.VERBS} | {verb.de_plural for verb in phrases.VERBS} | {"ist", "sind"}
    for sentence in drawn:
        said = phrases.german(sentence)
        longer += len(said) > len(phrases.english(sentence))
        crossed += said[-1] in verbs or (said[1] in verbs and said[0] in phrases.ADVERBS.values())
    for name, count in (("monotone-longer", longer), ("monotone-crossed", crossed)):
        assert glued[name] == pytest.approx(count / len(drawn), abs=0.15)
    assert crossed / len(drawn) > 0.5


def lstm_weights(rng, D, H):
    """Weights of torch.nn.LSTMCell as tensors: input, recurrent, and one bias."""
    return [torch.as_tensor(rng.normal(size=shape)) for shape in ((4 * H, D), (4 * H, H), (4 * H,))]


@claim("lstm-candidate")
def deck_as_lstm_never_goes_below_zero(glued, rng):
    U, W, b = (rng.normal(size=shape) for shape in ((4, 5, 2), (4, 5, 5), (4, 5)))
    s, h, least = np.zeros(5), np.zeros(5), np.inf
    for x in rng.normal(size=(1000, 2)):
        g, f, candidate, q = (1 / (1 + np.exp(-(b[k] + U[k] @ x + W[k] @ h))) for k in range(4))
        s = f * s + g * candidate
        h = np.tanh(s) * q
        least = min(least, s.min())
    assert least >= 0
    assert glued["lstm-candidate-sigma"] >= 0 > -0.5 > glued["lstm-candidate-tanh"]
    assert glued["lstm-candidate-T"] == 1000


@claim("lstm-history")
def without_a_forget_gate_nothing_is_forgotten(glued, rng):
    """Torch's cell with the forget gate held open moves c_0 along unchanged; with a gate of its own it does not."""
    W_hx, _, b = lstm_weights(rng, 3, 4)
    nothing = torch.zeros(16, 4, dtype=torch.float64)

    def last(c, W_hx, b):
        h = torch.zeros(1, 4, dtype=torch.float64)
        for x in torch.as_tensor(rng_x):
            h, c = torch.lstm_cell(x[None], (h, c), W_hx, nothing, b, torch.zeros_like(b))
        return c

    rng_x = rng.normal(size=(40, 3))
    held_W, held_b = W_hx.clone(), b.clone()
    held_W[4:8], held_b[4:8] = 0, 40
    zero = torch.zeros(1, 4, dtype=torch.float64)
    torch.testing.assert_close(last(zero + 1, held_W, held_b) - last(zero, held_W, held_b), zero + 1)
    assert (last(zero + 1, W_hx, b) - last(zero, W_hx, b)).abs().max() < 0.1
    assert glued["lstm-history-1997"] == pytest.approx(1)
    assert glued["lstm-history-2000"] < 1e-3


@claim("lstm-simple-cell")
def a_sum_that_hears_itself_has_no_constant_gradient(glued, rng):
    largest, smallest = [], []
    for _ in range(5):
        W_gx, W_gh, x = (torch.as_tensor(rng.normal(size=shape)) for shape in ((10, 3), (10, 10), (50, 3)))

        def last(c, W_gx=W_gx, W_gh=W_gh, x=x):
            for x_t in x:
                c = c + torch.tanh(W_gx @ x_t + W_gh @ torch.tanh(c))
            return c

        J = torch.autograd.functional.jacobian(last, torch.zeros(10, dtype=torch.float64))
        values = torch.linalg.svdvals(J)
        largest.append(values[0].item())
        smallest.append(values[-1].item())
    assert np.median(largest) > 10
    assert np.median(smallest) < 1e-5
    assert glued["lstm-simple-largest"] > 10
    assert glued["lstm-simple-smallest"] < 1e-6


@claim("lstm-expressivity")
def permuting_the_inputs_of_an_integrator_changes_nothing(glued, rng):
    x, W, b = rng.normal(size=(20, 1, 3)), rng.normal(size=(5, 3)), rng.normal(size=5)
    ends = [lstm.cec_forward(x[order], np.ones((1, 5)), W, b)[-1] for order in (np.arange(20), rng.permutation(20))]
    np.testing.assert_allclose(*ends, rtol=0, atol=1e-12)
    assert glued["lstm-blind-cec"] < 1e-12
    assert glued["lstm-blind-rnn"] > 0.1


@claim("lstm-odd")
def a_network_without_bias_turns_its_sign_with_the_input(glued, rng):
    module = torch.nn.RNN(2, 4, bias=False, dtype=torch.float64)
    with torch.no_grad():
        for weight in module.parameters():
            weight.copy_(torch.as_tensor(rng.normal(size=weight.shape)))
        x = torch.as_tensor(rng.normal(size=(25, 2)))
        torch.testing.assert_close(module(x)[0], -module(-x)[0], rtol=0, atol=1e-13)
    assert glued["lstm-odd-without"] == 0
    assert glued["lstm-odd-with"] > 0.1


@claim("lstm-who-forgets")
def both_cells_forget_as_their_gate_says(glued, rng):
    gru_cell, lstm_cell = (kind(1, 1, dtype=torch.float64) for kind in (torch.nn.GRUCell, torch.nn.LSTMCell))
    nothing, one = torch.zeros(1, 1, dtype=torch.float64), torch.ones(1, 1, dtype=torch.float64)
    with torch.no_grad():
        for cell in (gru_cell, lstm_cell):
            for p in cell.parameters():
                p.zero_()
        gru_cell.bias_ih[1] = 10  # the update gate of torch: 1 keeps
        h, state = one, (nothing, one)
        for _ in range(1000):
            h = gru_cell(nothing, h)
        for _ in range(100):
            state = lstm_cell(nothing, state)
    assert glued["lstm-who-gru"] == pytest.approx(h.item(), rel=1e-10)
    assert glued["lstm-who-gru"] == pytest.approx(0.956, abs=5e-4)
    assert glued["lstm-who-lstm"] == pytest.approx(state[1].item(), rel=1e-10)
    assert glued["lstm-who-lstm"] == pytest.approx(8e-31, rel=0.02)
    assert (glued["lstm-who-bias"], glued["lstm-who-gru-T"], glued["lstm-who-lstm-T"]) == (10, 1000, 100)


@claim("lstm-forget-gate")
def a_cell_that_never_forgets_fills_up(glued, rng):
    """The variance of a sum of independent terms, from the variance of one: by quadrature, not by simulation."""
    z = np.linspace(-8, 8, 4001)
    weight = np.exp(-(z**2) / 2)
    one = np.sum(weight * (0.5 * np.tanh(z)) ** 2) / np.sum(weight)
    # the standard deviation of 200 cells is itself uncertain by some 5 %
    assert glued["lstm-stream-std"] == pytest.approx(np.sqrt(1e5 * one), rel=0.2)
    f = 0.5**0.01
    assert glued["lstm-stream-std-f"] == pytest.approx(np.sqrt(one / (1 - f**2)), rel=0.2)
    assert glued["lstm-stream-share"] > 90 > 60 > glued["lstm-stream-share-f"]
    assert (glued["lstm-stream-cells"], glued["lstm-stream-T"]) == (200, "100,000")


def lstm_jacobian(rng, bias, H=8, T=30):
    """d(h_T, c_T)/dc_0 of a random LSTM by torch, with the given forget bias."""
    W_hx, W_hh, b = lstm_weights(rng, 3, H)
    W_hx, W_hh, b = W_hx / 3**0.5, 2 * W_hh / H**0.5, torch.zeros_like(b)
    b[H : 2 * H] = bias
    x = torch.as_tensor(rng.normal(size=(T, 3)))

    def last(c):
        h, c = torch.zeros(1, H, dtype=torch.float64), c[None]
        for x_t in x:
            h, c = torch.lstm_cell(x_t[None], (h, c), W_hx, W_hh, b, torch.zeros_like(b))
        return torch.cat([h, c], dim=1)[0]

    return torch.autograd.functional.jacobian(last, torch.zeros(H, dtype=torch.float64)).numpy()


@claim("lstm-direct-path")
def open_forget_gates_do_not_make_the_jacobian_the_identity(glued, rng):
    spread = []
    for _ in range(5):
        values = np.linalg.svd(lstm_jacobian(rng, 40.0), compute_uv=False)
        spread.append(values[0] / values[-1])
    assert np.median(spread) > 10
    assert glued["lstm-direct-most"] > 2
    assert glued["lstm-direct-least"] < 0.5
    assert glued["lstm-direct-H"] == 8


@claim("lstm-plus-times")
def cells_reach_each_other(glued, rng):
    block = np.abs(lstm_jacobian(rng, 3.0)[8:])
    beside = block - np.diag(np.diag(block))
    assert beside.max() > 0.05
    assert glued["lstm-plus-beside"] > 0.05
    assert glued["lstm-plus-diagonal"] > 0
    assert glued["lstm-plus-direct"] < 1
    assert glued["lstm-plus-bias"] == 3


@claim("lstm-forget-bias")
def usual_forget_biases_last_a_handful_of_steps(glued, rng):
    for bias, left in ((1, 2.5e-14), (2, 3.1e-6)):
        f = 1 / (1 + np.exp(-bias))
        assert glued[f"lstm-bias-left-{bias}"] == pytest.approx(f**100)
        assert f**100 == pytest.approx(left, rel=0.02)
        assert f ** glued[f"lstm-bias-half-{bias}"] == pytest.approx(0.5)
    assert glued["lstm-bias-half-1"] == pytest.approx(2.2, abs=0.05)
    assert glued["lstm-bias-half-2"] == pytest.approx(5.5, abs=0.05)
    assert (1 / (1 + np.exp(-glued["lstm-bias-100"]))) ** 100 == pytest.approx(0.5)


@claim("lstm-rows")
def a_transposed_row_does_not_fit(glued, rng):
    row, square = torch.ones(1, 4), torch.ones(4, 4)
    assert (row @ square).shape == (1, 4)
    with pytest.raises(RuntimeError):
        row.T @ square
    assert (glued["lstm-rows-H"], glued["lstm-rows-right"]) == (4, "1 × 4")
    assert glued["lstm-rows-wrong"] == "does not exist"


@claim("lstm-tanh-output")
def a_squashed_readout_cannot_reach_its_targets(glued, rng):
    """The best that tanh can do, by gradient descent in torch on one target of 3."""
    a = torch.zeros(1, dtype=torch.float64, requires_grad=True)
    optimiser = torch.optim.SGD([a], lr=0.5)
    for _ in range(200):
        optimiser.zero_grad()
        loss = ((torch.tanh(a) - 3) ** 2).sum()
        loss.backward()
        optimiser.step()
    assert 4 < loss.item() < 4.1
    assert glued["lstm-tanh-floor"] > 3
    assert glued["lstm-tanh-linear"] < 1e-20
    assert (glued["lstm-tanh-N"], glued["lstm-tanh-target"]) == (200, 3)


# Hopfield networks


@claim("attention-index-set")
def a_sum_that_leaves_out_an_instance_is_no_mean(glued, rng):
    """The softmax of torch over all instances, and the deck's sum over all but the first."""
    T = glued["index-T"]
    alpha = torch.softmax(torch.as_tensor(rng.normal(size=(200, T + 1))), dim=1)
    assert alpha[:, 1:].sum(1).max() < 1
    torch.testing.assert_close(alpha.sum(1), torch.ones(200, dtype=torch.float64))
    assert glued["index-sum"] < 1
    assert glued["index-alike"] == pytest.approx(glued["index-sum"])
    assert 0 < glued["index-least"] < 1 - glued["index-sum"] < glued["index-most"] < 1
    score = glued["index-score"]
    assert glued["index-retrieved"] == pytest.approx(1 / (1 + T * np.exp(-score)))
    assert (T, glued["index-bags"]) == (5, 200)


@claim("hopfield-gram")
def all_inner_products_are_not_a_sum_of_outer_products(glued, rng):
    X = rng.normal(size=(7, 3))
    gram, outer = np.einsum("id,jd->ij", X, X), np.einsum("id,ie->de", X, X)
    assert glued["gram-shape"] == f"{gram.shape[0]} × {gram.shape[1]}"
    assert glued["gram-outer-shape"] == f"{outer.shape[0]} × {outer.shape[1]}"
    assert np.sum(np.linalg.eigvalsh(gram) > 1e-9) == glued["gram-rank"] == glued["gram-D"] == 3
    assert (glued["gram-one"], glued["gram-T"]) == (1, 7)
    assert 0 <= glued["gram-gap"] < 1e-14


@claim("hopfield-diagonal")
def with_a_diagonal_nearly_every_state_rests(glued, rng):
    """Visited one at a time, by a loop over units, with the vote for itself added or not."""
    D, P, states = 100, 1000, 60
    X = rng.choice([-1, 1], size=(P, D))
    rests = {"kept": 0, "zero": 0}
    for xi in rng.choice([-1, 1], size=(states, D)):
        field = sum(x * int(x @ xi) for x in X)  # whole numbers
        rests["kept"] += bool(np.all(xi * field >= 0))
        rests["zero"] += bool(np.all(xi * (field - P * xi) >= 0))
    assert rests["zero"] == glued["diagonal-zero"] == 0
    assert glued["diagonal-kept"] == pytest.approx(rests["kept"] / states, abs=0.15)
    assert glued["diagonal-kept"] > 0.8
    assert (glued["diagonal-P"], glued["diagonal-D"], glued["diagonal-states"]) == (P, D, 500)


@claim("hopfield-synchronous")
def two_units_that_turn_together_never_agree(glued, rng):
    xi, path = (1, 1), ["(+1, +1)"]
    for _ in range(3):
        xi = tuple(int(np.sign(-other)) for other in reversed(xi))
        path.append("({:+d}, {:+d})".format(*xi))
    assert glued["sync-states"] == " → ".join(path)
    assert len(set(path)) == 2
    assert (glued["sync-energy"], glued["sync-rest-energy"]) == (0.5, -0.5)
    assert glued["sync-rest"] in ("(+1, -1)", "(-1, +1)")
    assert glued["sync-alone"] == 0
    assert glued["sync-circles"] > 0.3 * glued["sync-networks"]
    assert glued["sync-D"] == 20


@claim("hopfield-order")
def pooling_ignores_the_order_and_self_attention_follows_it(glued, rng):
    bag, query, shuffle = (
        torch.tensor(rng.normal(size=(6, 4))),
        torch.tensor(rng.normal(size=(1, 4))),
        rng.permutation(6),
    )

    def attention(asks, stored):
        return torch.nn.functional.scaled_dot_product_attention(asks[None], stored[None], stored[None], scale=1.0)[0]

    assert (attention(query, bag) - attention(query, bag[shuffle])).abs().max() < 1e-12
    shuffled = attention(bag[shuffle], bag[shuffle])
    assert (shuffled - attention(bag, bag)[shuffle]).abs().max() < 1e-12
    assert (shuffled - attention(bag, bag)).abs().max() > 0.1
    assert glued["permuted-pooled"] < 1e-12
    assert glued["permuted-back"] < 1e-12
    assert glued["permuted-moved"] > 0.1
    assert glued["permuted-T"] == 6


@claim("hopfield-credits")
def constants_of_the_theorem_are_those_of_ramsauer(glued, rng):
    """c solves (b / c) exp(b / c) = exp(a + log b): found by bisection."""

    def constant(K, d, p=0.001):
        a, b = 2 / (d - 1) * (1 + np.log(2 * K**2 * p * (d - 1))), 2 * K**2 / 5
        low, high = 1e-3, 50.0
        for _ in range(200):
            c = (low + high) / 2
            low, high = (c, high) if (b / c) * np.exp(b / c) > np.exp(a) * b else (low, c)
        return c

    assert glued["credit-c"] == pytest.approx(constant(3, 20), rel=1e-9) == pytest.approx(3.1546, abs=5e-5)
    assert glued["credit-c-75"] == pytest.approx(constant(1, 75), rel=1e-9) == pytest.approx(1.3719, abs=5e-5)
    assert (glued["credit-translation"], glued["credit-hydrology"], glued["credit-p"]) == (0, 5, 0.001)


@claim("hopfield-statespace")
def the_last_output_does_not_tell_the_depth(glued, rng):
    """By rewriting: a string is balanced if taking out () again and again leaves nothing."""

    def balanced(text):
        while "()" in text:
            text = text.replace("()", "")
        return not text

    following = {}
    for length in range(1, 7):
        for n in range(2**length):
            text = "".join("()"[n >> k & 1] for k in range(length))
            following.setdefault((balanced(text[:-1]), text[-1]), set()).add(balanced(text))
    assert len(following) == glued["statespace-pairs"]
    assert sum(len(outputs) > 1 for outputs in following.values()) == glued["statespace-open"] == 1
    assert glued["statespace-strings"] == 2 ** glued["statespace-T"]
