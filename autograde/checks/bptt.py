"""Checks of the unit `bptt`: gradients through time.

Oracles: central differences of the loss with respect to whatever is asked for, and torch's automatic differentiation
on longer sequences. Neither knows the backward recursion.
"""

import numpy as np

from autograde import tasks
from autograde.checking import Agrees, Case, Check, Holds, sequence_sizes
from autograde.oracles import DIFFERENCES_TOLERANCE, Oracle, central_differences, torch_gradients

PARAMETERS = ("W_hx", "W_hh", "b_h")


def _differences(loss, inputs, names):
    """Oracle: {"d" + name: gradient} by central differences."""

    def compute(**_):
        return {f"d{name}": g for name, g in central_differences(loss, inputs, names).items()}

    return Oracle("finite differences", compute, DIFFERENCES_TOLERANCE)


# One neuron


def _neuron_states(x, u, w, shift):
    """h_1..h_T of the neuron with `shift` added to each preactivation; logistic as half a tanh."""
    h, states = 0.0, []
    for x_t, s_t in zip(x, shift, strict=True):
        h = 0.5 + 0.5 * np.tanh(0.5 * (u * x_t + w * h + s_t))
        states.append(h)
    return np.array(states)


def _neuron_forward_cases(rng):
    def compute(x, u, w):
        return {"h": np.concatenate([[0.0], _neuron_states(x, u, w, np.zeros(len(x)))])}

    oracle = Oracle("an independent computation", compute)
    return [
        Case({"x": rng.normal(size=T), "u": rng.normal(), "w": 2 * rng.normal()}, {"T": T}, oracle)
        for T in (5, 2, 1, 9)
    ]


def _neuron_bptt_cases(rng):
    cases = []
    for T in (5, 2, 1, 7):
        x, target = rng.normal(size=T), rng.uniform(size=T)
        u, w = rng.normal(), 1.5 + rng.normal()

        def loss(u, w, shift, x=x, target=target):
            return 0.5 * np.sum((_neuron_states(x, u, w, shift) - target) ** 2)

        def compute(loss=loss, u=u, w=w, T=T, **_):
            inputs = {"u": u, "w": w, "shift": np.zeros(T)}
            g = central_differences(loss, inputs, ("u", "w", "shift"))
            return {"du": g["u"], "dw": g["w"], "delta": g["shift"]}

        oracle = Oracle("finite differences", compute, DIFFERENCES_TOLERANCE)
        cases.append(Case({"x": x, "target": target, "u": u, "w": w}, {"T": T}, oracle))
    return cases


# Numerical gradient


def _quartic_gradient(x):
    entries = np.ravel(x)
    c = 1 / np.arange(1, entries.size + 1)
    s = c @ entries
    return (2 * s * (entries @ entries) * c + 2 * s**2 * entries).reshape(x.shape)


GRADIENTS = {tasks.log_cosh_sum: np.tanh, tasks.quartic: _quartic_gradient}


def _exact_gradient(f, x, **_):
    return {"gradient": GRADIENTS[f](x)}


def _numerical_gradient_cases(rng):
    oracle = Oracle("the exact derivative", _exact_gradient, DIFFERENCES_TOLERANCE)
    cases = []
    for f, shape in (
        (tasks.log_cosh_sum, (4,)),
        (tasks.quartic, (3,)),
        (tasks.quartic, (2, 3)),
        (tasks.log_cosh_sum, (2, 4, 3)),
    ):
        inputs = {"f": f, "x": rng.normal(size=shape), "eps": 1e-5}
        cases.append(Case(inputs, _axes(shape), oracle, "values"))
    x = 0.5 + rng.uniform(size=(2, 3))
    for eps in (0.1, 0.05):
        cases.append(Case({"f": tasks.log_cosh_sum, "x": x, "eps": eps}, _axes(x.shape), None, "order"))
    return cases


def _axes(shape):
    return {name: shape[i] if i < len(shape) else 0 for i, name in enumerate("nmk") if i < len(shape)}


def _second_order(trials):
    coarse, fine = (np.max(np.abs(t.values["gradient"] - _exact_gradient(**t.case.inputs)["gradient"])) for t in trials)
    if not np.isfinite(coarse + fine):
        return "it contains nan or infinite values"
    ratio = coarse / fine if fine > 0 else np.inf
    if 3.5 < ratio < 4.5:
        return None
    if 1.6 < ratio < 2.5:
        return f"halving eps divides the error by {ratio:.2f}, not by 4: one-sided differences?"
    if 0.9 < ratio < 1.1:
        return "the error does not shrink with eps: a factor is wrong, or eps is not used"
    return f"halving eps divides the error by {ratio:.3g}; central differences divide it by 4"


# The network


def _states(x, h0, W_hx, W_hh, b_h):
    """h_0..h_T in the form of decks B and C: one matrix for input, state and bias together."""
    ones = np.ones((x.shape[1], 1))
    W = np.concatenate([W_hx, W_hh, b_h[:, None]], axis=1)
    h = [h0]
    for x_t in x:
        h.append(np.tanh(np.concatenate([x_t, h[-1], ones], axis=1) @ W.T))
    return np.array(h)


def _network(rng, T, B, D, H, scale=0.8):
    return {
        "x": rng.normal(size=(T, B, D)),
        "h0": 0.5 * rng.normal(size=(B, H)),
        "W_hx": rng.normal(size=(H, D)) / np.sqrt(D),
        "W_hh": scale * rng.normal(size=(H, H)) / np.sqrt(H),
        "b_h": 0.3 * rng.normal(size=H),
    }


def _torch_oracle(network, dh):
    """Gradients of sum_t <dh_t, h_t> by torch, which has its own tanh network."""

    def loss(x, h0, W_hx, W_hh, b_h):
        import torch

        zero = torch.zeros_like(b_h)
        h = torch.rnn_tanh(x, h0[None], (W_hx, W_hh, b_h, zero), True, 1, 0.0, False, False, False)[0]
        return (h * torch.as_tensor(dh)).sum()

    def compute(**_):
        return {f"d{name}": g for name, g in torch_gradients(loss, network, tuple(network)).items()}

    return Oracle("torch", compute)


def _full_loss(dh):
    return lambda **network: np.sum(_states(**network)[1:] * dh)


def _rnn_backward_cases(rng):
    cases = []
    for T, B, D, H in ((5, 3, 2, 4), (1, 2, 3, 5), (4, 1, 2, 3), (6, 5, 3, 2)):
        network, dh = _network(rng, T, B, D, H), rng.normal(size=(T, B, H)) * rng.uniform(0.2, 2, size=(T, 1, 1))
        oracle = _differences(_full_loss(dh), network, tuple(network))
        cases.append(Case(_backward_inputs(network, dh), sequence_sizes(T, B, D, H), oracle, "small"))
    for T, B, D, H in ((30, 4, 3, 6), (23, 2, 5, 7)):
        network, dh = _network(rng, T, B, D, H, scale=1.0), rng.normal(size=(T, B, H))
        oracle = _torch_oracle(network, dh)
        cases.append(Case(_backward_inputs(network, dh), sequence_sizes(T, B, D, H), oracle, "long"))
    return cases


def _backward_inputs(network, dh):
    return {"x": network["x"], "h": _states(**network), "W_hx": network["W_hx"], "W_hh": network["W_hh"], "dh": dh}


def _truncated_oracle(network, dh, window):
    """Central differences inside each window, with the state at its start held fixed."""

    def compute(**_):
        h, T = _states(**network), len(dh)
        total = {}
        for start in range(0, T, window):
            part = {**network, "x": network["x"][start : start + window], "h0": h[start]}
            for name, g in central_differences(_full_loss(dh[start : start + window]), part, PARAMETERS).items():
                total[f"d{name}"] = total.get(f"d{name}", 0) + g
        return {"h": h, **total}

    return Oracle("finite differences", compute, DIFFERENCES_TOLERANCE)


def _truncated_bptt_cases(rng):
    shapes = [
        (6, 2, 3, 4, 6, "whole"), (4, 3, 2, 5, 9, "whole"),
        (6, 3, 2, 4, 2, "windows"), (7, 2, 3, 5, 3, "windows"), (5, 3, 1, 2, 1, "windows"),
    ]  # fmt: skip
    cases = []
    for T, B, D, H, window, group in shapes:
        network, dh = _network(rng, T, B, D, H), rng.normal(size=(T, B, H))
        inputs = {**network, "dh": dh, "window": window}
        oracle = _truncated_oracle(network, dh, window)
        cases.append(Case(inputs, {**sequence_sizes(T, B, D, H), "window": window}, oracle, group))
    return cases


def _rtrl_cases(rng):
    cases = []
    for T, D, H in ((5, 2, 3), (1, 3, 4), (7, 3, 2)):
        network, dh = _network(rng, T, 1, D, H), rng.normal(size=(T, 1, H))
        oracle = _differences(_full_loss(dh), network, PARAMETERS)
        cases.append(Case(_one_sequence(network, dh), {"T": T, "D": D, "H": H}, oracle, "values"))
    for T, D, H in ((40, 3, 5), (25, 2, 6)):
        network, dh = _network(rng, T, 1, D, H), rng.normal(size=(T, 1, H))
        sizes = {"T": T, "D": D, "H": H}
        cases.append(Case(_one_sequence(network, dh), sizes, _torch_oracle(network, dh), "long"))
    return cases


def _one_sequence(network, dh):
    inputs = {**network, "x": network["x"][:, 0], "h0": network["h0"][0], "dh": dh[:, 0]}
    return inputs


# A case of the checkpoint question in which states dominate the memory: few inputs, many units, many steps.
DEEP = {"T": 256, "B": 16, "D": 1, "H": 16}


# 2 sqrt(T) are needed; a segment as a list, as an array and once more as a slope still counts as the right schedule.
MOST = 8


def _checkpointed_cases(rng):
    cases = []
    for T, B, D, H in ((9, 3, 2, 4), (1, 2, 3, 5), (7, 4, 3, 2), (11, 2, 1, 3)):
        network, dh = _network(rng, T, B, D, H), rng.normal(size=(T, B, H))
        oracle = _differences(_full_loss(dh), network, tuple(network))
        cases.append(Case({**network, "dh": dh}, sequence_sizes(T, B, D, H), oracle, "values"))
    network, dh = _network(rng, **DEEP, scale=0.9), rng.normal(size=(DEEP["T"], DEEP["B"], DEEP["H"]))
    oracle = _torch_oracle(network, dh)
    cases.append(Case({**network, "dh": dh}, DEEP, oracle, "memory", "peak_memory"))
    return cases


def _few_states(trials):
    T = DEEP["T"]
    state = DEEP["B"] * DEEP["H"] * 8
    stored = (trials[0].values["_peak_bytes"] - T * DEEP["B"] * DEEP["D"] * 8) / state
    if stored > MOST * np.sqrt(T):
        return (
            f"about {stored:.0f} states are in use at the peak (T={T}); 2 √T would be {2 * np.sqrt(T):.0f}, and up to "
            f"{MOST * np.sqrt(T):.0f} are accepted: is an old segment still alive, or a list and its array at once?"
        )
    if stored < np.log2(T):  # no schedule manages with fewer: they must be where the measurement does not look
        return "fewer states are in use than any schedule needs: keep them in NumPy arrays, which can be measured"
    return None


RNN_GRADIENTS = {"dx": "T B D", "dh0": "B H", "dW_hx": "H D", "dW_hh": "H H", "db_h": "H"}
PARAMETER_GRADIENTS = {"dW_hx": "H D", "dW_hh": "H H", "db_h": "H"}

neuron_forward = Check("neuron_forward", 1, {"h": "T+1"}, _neuron_forward_cases, [Agrees("h", 1, ["h"])], float32=True)

neuron_bptt = Check(
    "neuron_bptt", 3, {"delta": "T", "du": "", "dw": ""}, _neuron_bptt_cases,
    [Agrees("delta", 2, ["delta"]), Agrees("du, dw", 1, ["du", "dw"])],
)  # fmt: skip

numerical_gradient = Check(
    "numerical_gradient", 2, {"gradient": "*"}, _numerical_gradient_cases,
    [Agrees("values", 1, ["gradient"], "values"), Holds("order", 1, _second_order, "second order in eps", "order")],
)  # fmt: skip

rnn_backward = Check(
    "rnn_backward", 5, RNN_GRADIENTS, _rnn_backward_cases,
    [
        Agrees("dx, dh0", 1, ["dx", "dh0"], "small"),
        Agrees("dW_hx, db_h", 1, ["dW_hx", "db_h"], "small"),
        Agrees("dW_hh", 2, ["dW_hh"], "small"),
        Agrees("long sequences", 1, list(RNN_GRADIENTS), "long"),
    ],
)  # fmt: skip

truncated_bptt = Check(
    "truncated_bptt", 3, {"h": "T+1 B H", **PARAMETER_GRADIENTS}, _truncated_bptt_cases,
    [
        Agrees("h", 1, ["h"]),
        Agrees("one window", 1, list(PARAMETER_GRADIENTS), "whole"),
        Agrees("several windows", 1, list(PARAMETER_GRADIENTS), "windows"),
    ],
)  # fmt: skip

rtrl = Check(
    "rtrl", 3, PARAMETER_GRADIENTS, _rtrl_cases,
    [
        Agrees("dW_hx, db_h", 1, ["dW_hx", "db_h"], "values"),
        Agrees("dW_hh", 1, ["dW_hh"], "values"),
        Agrees("long sequences", 1, list(PARAMETER_GRADIENTS), "long"),
    ],
)  # fmt: skip

checkpointed_bptt = Check(
    "checkpointed_bptt", 3, RNN_GRADIENTS, _checkpointed_cases,
    [
        Agrees("gradients", 2, list(RNN_GRADIENTS), "values"),
        Holds("memory", 1, _few_states, "a few times the root of T", "memory", list(RNN_GRADIENTS)),
    ],
)  # fmt: skip

# Automatic differentiation instead of the backward pass: a person reads such an answer (see autograde.grading.flags).
AUTOMATIC = ("torch.autograd", "torch.func", ".backward")
FLAGS = {
    name: AUTOMATIC for name in ("neuron_bptt", "rnn_backward", "truncated_bptt", "rtrl", "checkpointed_bptt")
}  # fmt: skip
