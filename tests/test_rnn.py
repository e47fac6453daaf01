"""Does the unit `rnn` accept what is right in another form, and do its networks agree with torch to ten digits?"""

import itertools

import numpy as np
import pytest
import torch

from autograde import tasks
from autograde.checks import rnn as check
from solutions import rnn

SEEDS = (0, 1, 2)
TORCH = {"rtol": 0, "atol": 1e-10}


def layer(rng, D, H):
    return {
        "W_hx": rng.normal(size=(H, D)),
        "W_hh": rng.normal(size=(H, H)) / np.sqrt(H),
        "b_h": rng.normal(size=H),
    }


def loaded(layers):
    """torch.nn.RNN with these weights, by the names of its state dict; each bias split in two random parts."""
    H, D = layers[0]["W_hx"].shape
    weights, rng = {}, np.random.default_rng(9)
    for n, parameters in enumerate(layers):
        part = rng.normal(size=H)
        weights[f"weight_ih_l{n}"] = torch.as_tensor(parameters["W_hx"])
        weights[f"weight_hh_l{n}"] = torch.as_tensor(parameters["W_hh"])
        weights[f"bias_ih_l{n}"] = torch.as_tensor(part)
        weights[f"bias_hh_l{n}"] = torch.as_tensor(parameters["b_h"] - part)
    module = torch.nn.RNN(D, H, num_layers=len(layers), dtype=torch.float64)
    module.load_state_dict(weights)
    return module


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("N", [1, 2, 4])
def test_weights_load_into_torch_and_agree_to_ten_digits(seed, N):
    rng = np.random.default_rng(seed)
    T, B, D, H = 40, 3, 2, 5
    layers = [layer(rng, D if n == 0 else H, H) for n in range(N)]
    x, h0 = rng.normal(size=(T, B, D)), rng.normal(size=(N, B, H))
    with torch.no_grad():
        output, h_n = loaded(layers)(torch.as_tensor(x), torch.as_tensor(h0))
    ours = rnn.deep_rnn_forward(x, h0, layers)
    np.testing.assert_allclose(ours["output"], output.numpy(), **TORCH)
    np.testing.assert_allclose(ours["h_n"], h_n.numpy(), **TORCH)
    if N == 1:
        np.testing.assert_allclose(rnn.rnn_forward(x, h0[0], **layers[0])[1:], output.numpy(), **TORCH)


@pytest.mark.parametrize("seed", SEEDS)
def test_last_valid_state_is_what_torch_gives_for_a_packed_batch(seed):
    rng = np.random.default_rng(seed)
    T, B, D, H = 9, 6, 3, 4
    parameters, x = layer(rng, D, H), rng.normal(size=(T, B, D))
    lengths = rng.integers(1, T + 1, size=B)
    packed = torch.nn.utils.rnn.pack_padded_sequence(torch.as_tensor(x), torch.as_tensor(lengths), enforce_sorted=False)
    with torch.no_grad():
        _, h_n = loaded([parameters])(packed)
    h = rnn.rnn_forward(x, np.zeros((B, H)), **parameters)
    mask = (np.arange(T)[:, None] < lengths).astype(float)
    np.testing.assert_allclose(rnn.last_valid_state(h, mask), h_n[0].numpy(), **TORCH)


def test_loss_of_one_step_is_the_entropy_of_a_fair_choice():
    C = 7
    nll = rnn.sequence_nll(np.full((1, 2, C), 1e4), np.array([[0, 3]]), np.ones((1, 2)))
    np.testing.assert_allclose(nll, np.log(C), rtol=1e-12)


# Other ways to the same answer


def step_by_loops(x_t, h, W_hx, W_hh, b_h):
    B, H = h.shape
    after = np.empty((B, H))
    for b, i in itertools.product(range(B), range(H)):
        a = b_h[i] + sum(W_hx[i, d] * x_t[b, d] for d in range(x_t.shape[1]))
        after[b, i] = np.tanh(a + sum(W_hh[i, j] * h[b, j] for j in range(H)))
    return after


def step_by_torch(x_t, h, W_hx, W_hh, b_h):
    x_t, h, W_hx, W_hh, b_h = map(torch.as_tensor, (x_t, h, W_hx, W_hh, b_h))
    return torch.tanh(torch.nn.functional.linear(x_t, W_hx, b_h) + h @ W_hh.T)


def forward_with_one_product(x, h0, W_hx, W_hh, b_h):
    drive, h = x @ W_hx.T + b_h, [h0]
    for a in drive:
        h.append(np.tanh(a + h[-1] @ W_hh.T))
    return h


def deep_step_by_step(x, h0, layers):
    h, output = list(h0), []
    for x_t in x:
        below = x_t
        for n, parameters in enumerate(layers):
            below = h[n] = rnn.rnn_step(below, h[n], **parameters)
        output.append(below)
    return {"h_n": h, "output": output}


def last_by_carrying(h, mask):
    state = h[0]
    for t, m in enumerate(mask):
        state = np.where(m[:, None] > 0, h[t + 1], state)
    return state


def nll_by_torch(y, target, mask):
    y = torch.as_tensor(np.where(mask[:, :, None] > 0, y, 0))
    log_p = torch.log_softmax(y, dim=2).gather(2, torch.as_tensor(np.maximum(target, 0))[:, :, None])[:, :, 0]
    return -(log_p * torch.as_tensor(mask)).sum(0)


def brackets_by_minimum():
    """Opened, closed, and the largest surplus of closed ones so far, in the form of another pair of eyes."""
    # units: opened, closed, surplus that is new at this step, surplus before
    return {
        "W_hx": np.array([[0.5], [-0.5], [-1.0], [0.0]]),
        "W_hh": np.array([[1.0, 0, 0, 0], [0, 1, 0, 0], [-1, 1, -1, -1], [0, 0, 1, 1]]),
        "b_h": np.array([0.5, 0.5, 0, 0]),
        # balanced: opened - closed = 0 (never negative unless there is a surplus) and no surplus
        "W_yh": np.array([[-1.0, 1, -2, -2]]),
        "b_y": np.array([0.5]),
    }


VARIATIONS = [
    ("rnn_step", step_by_loops),
    ("rnn_step", step_by_torch),
    ("rnn_forward", forward_with_one_product),
    ("deep_rnn_forward", deep_step_by_step),
    ("last_valid_state", last_by_carrying),
    ("sequence_nll", nll_by_torch),
    ("bracket_counter_rnn", brackets_by_minimum),
]


@pytest.mark.parametrize(("name", "variation"), VARIATIONS)
def test_another_way_gets_full_points(name, variation):
    for seed in SEEDS:
        verdict = getattr(check, name).run(variation, seed, getattr(rnn, name))
        assert verdict.right, str(verdict)


# Brackets


def rectified(weights, string):
    h, y = np.zeros(len(weights["b_h"])), []
    for bracket in string:
        x_t = np.array([1.0 if bracket == "(" else -1.0])
        h = np.maximum(0, weights["W_hx"] @ x_t + weights["W_hh"] @ h + weights["b_h"])
        y.append((weights["W_yh"] @ h + weights["b_y"])[0])
    return np.array(y)


def by_taking_out_pairs(string):
    while "()" in string:
        string = string.replace("()", "")
    return not string


@pytest.mark.parametrize("T", range(1, 13))
def test_brackets_are_judged_as_by_taking_out_pairs(T):
    weights = rnn.bracket_counter_rnn()
    for string in map("".join, itertools.product("()", repeat=T)):
        assert (rectified(weights, string)[-1] > 0) == by_taking_out_pairs(string), string


def test_a_stack_in_one_bounded_number_is_not_deep_enough():
    """The chapter's way of storing depth, 1 - 2**-k, put into rectifiers: right on short strings, wrong deep down."""
    halves = {
        "W_hx": np.array([[0.5], [-0.5], [-0.5], [0.0]]),
        "W_hh": np.array([[0.5, 0.5, 0, 0], [2, 2, 0, 0], [-2, -2, 0, 0], [0, 0, 1, 1]]),
        "b_h": np.array([0.0, -1.5, 0.5, 0.0]),
        "W_yh": np.array([[-1.0, -1, -1, -1]]),
        "b_y": np.array([0.25]),
    }
    verdict = check.bracket_counter_rnn.run(lambda: halves)
    assert verdict.points == 1
    (short,) = (f for f in verdict.findings if f.title.startswith("all strings"))
    assert short.ok


@pytest.mark.parametrize("answer", [True, False])
def test_always_the_same_judgement_about_brackets_earns_nothing(answer):
    def constant():
        flat = {name: np.zeros(shape) for name, shape in (("W_hx", (3, 1)), ("W_hh", (3, 3)), ("b_h", 3))}
        return {**flat, "W_yh": np.zeros((1, 3)), "b_y": np.array([1.0 if answer else -1.0])}

    assert check.bracket_counter_rnn.run(constant).points == 0


# Reviews


def verdict_by_reading(text):
    """The verdict by the rules of the grammar: the main clause's adjective, turned round by `not`."""
    for aside in sorted(tasks.REVIEW_WORDS["aside"], key=len):
        text = text.replace(aside, "")
    text = text.replace(".", "").strip()
    if " but " in text:
        main = text.split(" but ")[1]
    elif text.startswith("although"):
        main = text.split(" , ")[1]
    else:
        main = text.split(" although ")[0]
    words = main.split(" was ")[-1].split()
    negated = words[0] == "not"
    return (words[negated] in tasks.REVIEW_WORDS["praise"]) != negated


@pytest.mark.parametrize("details", [1, 3])
def test_reviews_mean_what_their_label_says(details):
    texts, good, form = tasks.reviews(400, np.random.default_rng(3), details)
    assert set(form) == {0, 1, 2, 3}
    assert 0.4 < np.mean(good) < 0.6
    for text, label in zip(texts, good, strict=True):
        assert verdict_by_reading(" ".join(text)) == label, " ".join(text)
