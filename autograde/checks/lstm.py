"""Checks of the unit `lstm`: long short-term memory.

Oracles: torch's LSTM with the case's weights loaded into it, torch's automatic differentiation, central differences of
a forward pass in another form, unit by unit loops, and decimal arithmetic with fifty digits.
"""

import decimal
import math

import numpy as np

from autograde.checking import Agrees, Case, Check, sequence_sizes
from autograde.oracles import DIFFERENCES_TOLERANCE, Oracle, central_differences, torch_gradients

# Weights carried into torch must give the same states and gradients to ten digits.
TORCH_TOLERANCE = 1e-10


def _weights(rng, blocks, D, H, scale=1.0):
    """Parameters for `blocks` blocks of H rows. Biases of order one: half-open gates would hide an exchange."""
    return {
        "W_hx": rng.normal(size=(blocks * H, D)) / np.sqrt(D),
        "W_hh": scale * rng.normal(size=(blocks * H, H)) / np.sqrt(H),
        "b_h": rng.normal(size=blocks * H),
    }


# The carousel


def _running_sums(x, c0, W_gx, b_g):
    increments = np.tanh(np.einsum("tbd,hd->tbh", x, W_gx) + b_g)
    return {"c": np.concatenate([c0[None], c0 + np.cumsum(increments, axis=0)])}


def _cec_cases(rng):
    oracle = Oracle("running sums", _running_sums)
    cases = []
    for T, B, D, H in ((5, 3, 2, 4), (1, 2, 3, 5), (7, 1, 4, 3), (60, 4, 3, 2)):
        inputs = {
            "x": rng.normal(size=(T, B, D)),
            "c0": rng.normal(size=(B, H)),
            "W_gx": rng.normal(size=(H, D)),
            "b_g": rng.normal(size=H),
        }
        cases.append(Case(inputs, sequence_sizes(T, B, D, H), oracle))
    return cases


# One step


def _torch_cell(W_hx, W_hh, b_h):
    """torch.nn.LSTMCell in float64 with these parameters. Its two biases share ours."""
    import torch

    cell = torch.nn.LSTMCell(W_hx.shape[1], W_hh.shape[1], dtype=torch.float64)
    with torch.no_grad():
        for name, value in (("weight_ih", W_hx), ("weight_hh", W_hh), ("bias_ih", 0.75 * b_h), ("bias_hh", 0.25 * b_h)):
            getattr(cell, name).copy_(torch.as_tensor(value))
    return cell


def _step_by_torch(x_t, h, c, W_hx, W_hh, b_h):
    import torch

    with torch.no_grad():
        new = _torch_cell(W_hx, W_hh, b_h)(torch.as_tensor(x_t), (torch.as_tensor(h), torch.as_tensor(c)))
    return {"h": new[0].numpy(), "c": new[1].numpy()}


# sigma(40) differs from 1 by 4e-18, less than float64 can hold: a forget gate with this bias is open for good.
OPEN = 40.0


def _step_1997_by_torch(x_t, h, c, W_hx, W_hh, b_h):
    """torch's cell with a forget gate that hears nothing and is held open."""
    H = h.shape[1]
    dead = {"W_hx": np.zeros((H, x_t.shape[1])), "W_hh": np.zeros((H, H)), "b_h": np.full(H, OPEN)}
    given = {"W_hx": W_hx, "W_hh": W_hh, "b_h": b_h}
    four = {name: np.concatenate([given[name][:H], dead[name], given[name][H:]]) for name in given}
    return _step_by_torch(x_t, h, c, **four)


def _step_1997_cases(rng):
    oracle = Oracle("torch with the forget gate held open", _step_1997_by_torch, TORCH_TOLERANCE)
    return [_step_case(rng, 3, B, D, H, oracle) for B, D, H in ((3, 2, 4), (1, 3, 5), (4, 1, 2), (2, 5, 3))]


def _step_case(rng, blocks, B, D, H, oracle, group="", states=1.5):
    inputs = {
        "x_t": rng.normal(size=(B, D)),
        "h": np.tanh(states * rng.normal(size=(B, H))),
        "c": states * rng.normal(size=(B, H)),
        **_weights(rng, blocks, D, H),
    }
    return Case(inputs, {"B": B, "D": D, "H": H}, oracle, group)


def _step_cases(rng):
    oracle = Oracle("torch.nn.LSTMCell", _step_by_torch, TORCH_TOLERANCE)
    still = [_step_case(rng, 4, B, D, H, oracle, "still", states=0.0) for B, D, H in ((3, 2, 4), (1, 3, 5))]
    moved = ((2, 5, 3), (4, 1, 2), (1, 2, 3), (5, 3, 4))
    cases = still + [_step_case(rng, 4, B, D, H, oracle, "moving") for B, D, H in moved]
    wide = _step_case(rng, 4, 3, 2, 5, oracle, "moving")
    wide.inputs["b_h"] *= 40  # gates fully open and fully shut
    return [*cases, wide]


# A sequence


def _forward_by_torch(x, h0, c0, W_hx, W_hh, b_h):
    """States by torch.nn.LSTM, the cell states in between by its cell, the gates from those states."""
    import torch

    H = h0.shape[1]
    module, cell = torch.nn.LSTM(x.shape[2], H, dtype=torch.float64), _torch_cell(W_hx, W_hh, b_h)
    with torch.no_grad():
        for name in ("weight_ih", "weight_hh", "bias_ih", "bias_hh"):
            getattr(module, f"{name}_l0").copy_(getattr(cell, name))
        h, c = torch.as_tensor(h0), [torch.as_tensor(c0)]
        output, (_, c_T) = module(torch.as_tensor(x), (h[None], c[0][None]))
        states = torch.cat([h[None], output])
        for x_t, h_t in zip(torch.as_tensor(x), states, strict=False):
            c.append(cell(x_t, (h_t, c[-1]))[1])
        a = torch.as_tensor(x) @ torch.as_tensor(W_hx).T + states[:-1] @ torch.as_tensor(W_hh).T + torch.as_tensor(b_h)
        i, f, g, o = a.split(H, dim=2)
        gates = torch.cat([i.sigmoid(), f.sigmoid(), g.tanh(), o.sigmoid()], dim=2)
    return {"h": states.numpy(), "c": np.concatenate([torch.stack(c[:-1]), c_T]), "gates": gates.numpy()}


def _network(rng, T, B, D, H, scale=1.0):
    return {
        "x": rng.normal(size=(T, B, D)),
        "h0": np.tanh(rng.normal(size=(B, H))),
        "c0": rng.normal(size=(B, H)),
        **_weights(rng, 4, D, H, scale),
    }


def _stacked_sizes(T, B, D, H):
    return {**sequence_sizes(T, B, D, H), "4H": 4 * H}


def _forward_cases(rng):
    oracle = Oracle("torch.nn.LSTM", _forward_by_torch, TORCH_TOLERANCE)
    return [
        Case(_network(rng, *sizes), _stacked_sizes(*sizes), oracle)
        for sizes in ((5, 3, 2, 4), (1, 2, 3, 5), (6, 1, 4, 3), (3, 5, 1, 2), (60, 2, 3, 5))
    ]


# Backward


def _states(x, h0, c0, W_hx, W_hh, b_h):
    """(h, c, gates): input, state and bias in one matrix, every gate by itself, the logistic function as it is."""
    H = h0.shape[1]
    W = np.concatenate([W_hx, W_hh, b_h[:, None]], axis=1)
    h, c, gates = [h0], [c0], []
    for x_t in x:
        rows = np.concatenate([x_t, h[-1], np.ones((len(x_t), 1))], axis=1)
        a_i, a_f, a_g, a_o = (rows @ W[k * H : (k + 1) * H].T for k in range(4))
        i, f, o = (1 / (1 + np.exp(-a)) for a in (a_i, a_f, a_o))
        g = np.tanh(a_g)
        c.append(c[-1] * f + g * i)
        h.append(np.tanh(c[-1]) * o)
        gates.append(np.concatenate([i, f, g, o], axis=1))
    return np.array(h), np.array(c), np.array(gates)


def _backward_inputs(network, dh, dc_T):
    h, c, gates = _states(**network)
    given = {"x": network["x"], "h": h, "c": c, "gates": gates, "W_hx": network["W_hx"], "W_hh": network["W_hh"]}
    return {**given, "dh": dh, "dc_T": dc_T}


def _backward_by_differences(network):
    def compute(dh, dc_T, **_):
        def loss(**moved):
            h, c, _ = _states(**moved)
            return np.sum(h[1:] * dh) + np.sum(c[-1] * dc_T)

        return {f"d{name}": g for name, g in central_differences(loss, network, tuple(network)).items()}

    return Oracle("finite differences", compute, DIFFERENCES_TOLERANCE)


def _backward_by_torch(network):
    def compute(dh, dc_T, **_):
        def loss(x, h0, c0, W_hx, W_hh, b_h):
            import torch

            states, parameters = (h0[None], c0[None]), (W_hx, W_hh, b_h, torch.zeros_like(b_h))
            h, _, c_T = torch.lstm(x, states, parameters, True, 1, 0.0, False, False, False)
            return (h * torch.as_tensor(dh)).sum() + (c_T * torch.as_tensor(dc_T)).sum()

        return {f"d{name}": g for name, g in torch_gradients(loss, network, tuple(network)).items()}

    return Oracle("torch.nn.LSTM", compute, TORCH_TOLERANCE)


def _backward_cases(rng):
    cases = []
    shapes = [
        (1, 3, 2, 4, "one"), (1, 2, 3, 5, "one"),
        (4, 3, 2, 3, "small"), (5, 2, 3, 4, "small"), (3, 4, 1, 2, "small"),
        (40, 4, 3, 6, "long"), (25, 2, 5, 7, "long"),
    ]  # fmt: skip
    for T, B, D, H, group in shapes:
        network = _network(rng, T, B, D, H)
        dh = rng.normal(size=(T, B, H)) * rng.uniform(0.2, 2, size=(T, 1, 1))
        dc_T = rng.normal(size=(B, H))
        if group == "long":
            network["b_h"][H : 2 * H] += 2  # so that something reaches back that far
        oracle = (_backward_by_torch if group == "long" else _backward_by_differences)(network)
        cases.append(Case(_backward_inputs(network, dh, dc_T), _stacked_sizes(T, B, D, H), oracle, group))
    return cases


# Peepholes


def _peepholes_unit_by_unit(x_t, h, c, W_hx, W_hh, b_h, p):
    from scipy.special import expit

    B, H = h.shape
    new_h, new_c = np.empty((B, H)), np.empty((B, H))
    for n in range(B):
        for k in range(H):
            a_i, a_f, a_g, a_o = (
                math.fsum([*(W_hx[r] * x_t[n]), *(W_hh[r] * h[n]), b_h[r]]) for r in (k, H + k, 2 * H + k, 3 * H + k)
            )
            kept = c[n, k] * expit(a_f + p[1, k] * c[n, k])
            new_c[n, k] = kept + math.tanh(a_g) * expit(a_i + p[0, k] * c[n, k])
            new_h[n, k] = math.tanh(new_c[n, k]) * expit(a_o + p[2, k] * new_c[n, k])
    return {"h": new_h, "c": new_c}


def _peephole_cases(rng):
    oracle = Oracle("a computation unit by unit", _peepholes_unit_by_unit)
    cases = []
    for B, D, H, group in ((3, 2, 4, "before"), (1, 3, 5, "before"), (2, 5, 3, "before"),
                           (4, 1, 2, "all"), (2, 3, 5, "all"), (5, 2, 3, "all")):  # fmt: skip
        case = _step_case(rng, 4, B, D, H, oracle, group)
        case.inputs["p"] = rng.normal(size=(3, H))
        if group == "before":
            case.inputs["p"][2] = 0
        cases.append(case)
    return cases


# Half-lives


def _bias_in_decimals(half_life):
    """b_h with sigma(b_h) to the power half_life equal to 1/2, in decimal arithmetic with fifty digits."""
    flat = []
    with decimal.localcontext() as context:
        context.prec = 50
        for steps in np.ravel(half_life):
            f = decimal.Decimal("0.5") ** (1 / decimal.Decimal(float(steps)))
            flat.append(float((f / (1 - f)).ln()))
    return {"b_f": np.reshape(flat, np.shape(half_life))}


def _half_life_cases(rng):
    oracle = Oracle("decimal arithmetic", _bias_in_decimals)
    return [
        Case({"half_life": half_life}, {name: n for name, n in zip("nm", half_life.shape, strict=False)}, oracle, group)
        for half_life, group in (
            (rng.uniform(1, 100, size=5), "usual"),
            (rng.uniform(0.05, 3, size=(2, 3)), "usual"),
            (np.array([rng.uniform(50, 60)]), "usual"),
            (np.concatenate([10 ** rng.uniform(9, 12, size=4), rng.uniform(0.4, 3, size=2)]), "long"),
        )
    ]


# Jacobian


def _jacobian_by_torch(x_t, h, c, W_hx, W_hh, b_h):
    import torch

    H = len(h)
    x, W_hx, W_hh, b_h = map(torch.as_tensor, (x_t, W_hx, W_hh, b_h))

    def step(state):
        new = torch.lstm_cell(x[None], (state[None, :H], state[None, H:]), W_hx, W_hh, b_h, torch.zeros_like(b_h))
        return torch.cat(new, dim=1)[0]

    state = torch.as_tensor(np.concatenate([h, c]))
    return {"J": torch.autograd.functional.jacobian(step, state).numpy()}


def _jacobian_by_differences(x_t, h, c, W_hx, W_hh, b_h):
    H = len(h)

    def new(state, weights):
        network = {
            "x": x_t[None, None],
            "h0": state[None, :H],
            "c0": state[None, H:],
            "W_hx": W_hx,
            "W_hh": W_hh,
            "b_h": b_h,
        }
        after = _states(**network)
        return weights @ np.concatenate([after[0][1, 0], after[1][1, 0]])

    state = np.concatenate([h, c])
    rows = [
        central_differences(lambda state, e=e: new(state, e), {"state": state}, ("state",))["state"]
        for e in np.eye(2 * H)
    ]
    return {"J": np.array(rows)}


def _jacobian_cases(rng):
    by_torch = Oracle("torch", _jacobian_by_torch, TORCH_TOLERANCE)
    by_differences = Oracle("finite differences", _jacobian_by_differences, DIFFERENCES_TOLERANCE)
    cases = []
    for D, H, group, oracle in (
        (2, 4, "direct", by_torch), (3, 2, "direct", by_differences),
        (2, 4, "all", by_torch), (5, 3, "all", by_torch), (4, 1, "all", by_torch), (1, 5, "all", by_differences),
    ):  # fmt: skip
        case = _step_case(rng, 4, 1, D, H, oracle)
        inputs = {name: value[0] if name in ("x_t", "h", "c") else value for name, value in case.inputs.items()}
        if group == "direct":
            inputs["W_hh"] = np.zeros((4 * H, H))
        cases.append(Case(inputs, {"D": D, "H": H, "2H": 2 * H}, oracle, group))
    return cases


STATES = {"h": "B H", "c": "B H"}
GRADIENTS = {"dx": "T B D", "dh0": "B H", "dc0": "B H", "dW_hx": "4H D", "dW_hh": "4H H", "db_h": "4H"}

cec_forward = Check("cec_forward", 1, {"c": "T+1 B H"}, _cec_cases, [Agrees("c", 1, ["c"])])

lstm_1997_step = Check(
    "lstm_1997_step", 2, STATES, _step_1997_cases, [Agrees("c", 1, ["c"]), Agrees("h", 1, ["h"])],
)  # fmt: skip

lstm_step = Check(
    "lstm_step", 3, STATES, _step_cases,
    [
        Agrees("from zero states", 1, ["h", "c"], "still"),
        Agrees("c from any states", 1, ["c"], "moving"),
        Agrees("h from any states", 1, ["h"], "moving"),
    ],
)  # fmt: skip

lstm_forward = Check(
    "lstm_forward", 2, {"h": "T+1 B H", "c": "T+1 B H", "gates": "T B 4H"}, _forward_cases,
    [Agrees("h, c", 1, ["h", "c"]), Agrees("gates", 1, ["gates"])],
    blocks=("i", "f", "g", "o"),
)  # fmt: skip

lstm_backward = Check(
    "lstm_backward", 5, GRADIENTS, _backward_cases,
    [
        Agrees("a single step", 1, list(GRADIENTS), "one"),
        Agrees("dx, dh0, dc0", 1, ["dx", "dh0", "dc0"], "small"),
        Agrees("dW_hx, db_h", 1, ["dW_hx", "db_h"], "small"),
        Agrees("dW_hh", 1, ["dW_hh"], "small"),
        Agrees("long sequences", 1, list(GRADIENTS), "long"),
    ],
    blocks=("i", "f", "g", "o"),
    as_if={"dc_T were zero": lambda dc_T, **_: {"dc_T": 0 * dc_T}},
)  # fmt: skip

peephole_lstm_step = Check(
    "peephole_lstm_step", 2, STATES, _peephole_cases,
    [Agrees("input and forget gate", 1, ["h", "c"], "before"), Agrees("all three", 1, ["h", "c"], "all")],
)  # fmt: skip

forget_bias_for_half_life = Check(
    "forget_bias_for_half_life", 2, {"b_f": "*"}, _half_life_cases,
    [Agrees("up to 100 steps", 1, ["b_f"], "usual"), Agrees("from half a step to a trillion", 1, ["b_f"], "long")],
)  # fmt: skip

cell_jacobian = Check(
    "cell_jacobian", 3, {"J": "2H 2H"}, _jacobian_cases,
    [Agrees("direct path, W_hh = 0", 1, ["J"], "direct"), Agrees("all paths", 2, ["J"], "all")],
    blocks=(("∂h_t/∂h_{t-1}", "∂h_t/∂c_{t-1}"), ("∂c_t/∂h_{t-1}", "∂c_t/∂c_{t-1}")),
)  # fmt: skip

# Automatic differentiation instead of the derivation: a person reads such an answer (see autograde.grading.flags).
AUTOMATIC = ("torch.autograd", "torch.func", ".backward")
FLAGS = {name: AUTOMATIC for name in ("lstm_backward", "cell_jacobian")}
