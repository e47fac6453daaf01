"""Checks of the unit `gru`: the gated recurrent unit and its relatives.

Oracles: `torch.nn.GRU` with the case's weights loaded into it, torch's automatic differentiation, central differences,
limits in which every gate is open or shut, bisection, and the dense linear system whose solution a recurrence is.
"""

import numpy as np

from autograde.checking import Agrees, Case, Check, Holds, sequence_sizes
from autograde.differences import agree
from autograde.oracles import DIFFERENCES_TOLERANCE, Oracle, central_differences, torch_gradients

# Weights carried into torch must give the same states and gradients to ten digits.
TORCH_TOLERANCE = 1e-10
NAMES = ("x", "h0", "W_hx", "W_hh", "b_hx", "b_hh")
WEIGHTS = ("W_hx", "W_hh", "b_hx", "b_hh")

# The network in torch


def _network(rng, T, B, D, H, scale=1.5):
    return {
        "x": rng.normal(size=(T, B, D)),
        "h0": rng.normal(size=(B, H)),
        "W_hx": scale * rng.normal(size=(3 * H, D)) / np.sqrt(D),
        "W_hh": scale * rng.normal(size=(3 * H, H)) / np.sqrt(H),
        "b_hx": 0.7 * rng.normal(size=3 * H),
        "b_hh": 0.7 * rng.normal(size=3 * H),
    }


def _tensors(network):
    import torch

    return {name: torch.as_tensor(np.asarray(value)) for name, value in network.items()}


def _after(x, h0, W_hx, W_hh, b_hx, b_hh):
    """States 1 to T of torch's own GRU, as a tensor."""
    import torch

    return torch.gru(x, h0[None], (W_hx, W_hh, b_hx, b_hh), True, 1, 0.0, False, False, False)[0]


def _before(x, h0, W_hx, W_hh, b_hx, b_hh):
    """The same with the reset gate on the state: torch's GRU with open gates gives the candidate of a scaled state."""
    import torch
    from torch.nn.functional import linear

    H = h0.shape[1]
    wide = torch.zeros_like(b_hx)
    wide[:H], wide[H : 2 * H] = 1e3, -1e3  # r = 1 and z = 0
    both = torch.cat([W_hx, W_hh], 1)[: 2 * H]
    candidate = (torch.cat([0 * W_hx[: 2 * H], W_hx[2 * H :]]), torch.cat([0 * W_hh[: 2 * H], W_hh[2 * H :]]))
    rest = torch.cat([0 * b_hx[: 2 * H], (b_hx + b_hh)[2 * H :]])
    states, h = [], h0
    for x_t in x:
        opened = torch.sigmoid(linear(torch.cat([x_t, h], 1), both, (b_hx + b_hh)[: 2 * H]))
        n = torch.gru_cell(x_t, opened[:, :H] * h, *candidate, rest + wide, torch.zeros_like(rest))
        h = torch.lerp(n, h, opened[:, H:])
        states.append(h)
    return torch.stack(states)


PLACES = {"after": _after, "before": _before}


def _states(network, reset):
    """h_0 .. h_T of a case as an array."""
    import torch

    with torch.no_grad():
        h = PLACES[reset](**_tensors(network)).numpy()
    return np.concatenate([network["h0"][None], h])


# Forward


def _step_by_torch(x_t, h, reset, **weights):
    return {"h": _states({"x": x_t[None], "h0": h, **weights}, reset)[1]}


def _limit(x_t, h, W_hx, W_hh, b_hx, b_hh, reset):
    """What is left of a step when the reset gates are shut and each update gate is fully open or shut."""
    H = h.shape[1]
    bias = b_hx[2 * H :] + (b_hh[2 * H :] if reset == "before" else 0)
    written = np.tanh(np.einsum("bd,hd->bh", x_t, W_hx[2 * H :]) + bias)
    return {"h": np.where((b_hx + b_hh)[H : 2 * H] > 0, h, written)}


def _step_cases(rng):
    oracles = {
        "after": Oracle("torch.nn.GRU", _step_by_torch, TORCH_TOLERANCE),
        "before": Oracle("torch", _step_by_torch, TORCH_TOLERANCE),
    }
    cases = []
    for B, D, H, reset in (
        (3, 2, 4, "after"), (1, 4, 3, "after"), (5, 3, 2, "after"),
        (2, 3, 4, "before"), (1, 5, 3, "before"), (4, 1, 2, "before"),
    ):  # fmt: skip
        network = _network(rng, 1, B, D, H)
        inputs = {"x_t": network["x"][0], "h": network["h0"], **{n: network[n] for n in WEIGHTS}, "reset": reset}
        cases.append(Case(inputs, {"B": B, "D": D, "H": H}, oracles[reset], reset))
    for B, D, H, reset in ((3, 2, 5, "after"), (2, 4, 3, "before")):
        network = _network(rng, 1, B, D, H)
        network["b_hx"][: 2 * H] = -500.0
        network["b_hx"][H : 2 * H : 2] = 500.0
        inputs = {"x_t": network["x"][0], "h": network["h0"], **{n: network[n] for n in WEIGHTS}, "reset": reset}
        cases.append(Case(inputs, {"B": B, "D": D, "H": H}, Oracle("the limit", _limit), "limit"))
    return cases


def _forward_cases(rng):
    cases = []
    for T, B, D, H, reset, start in (
        (5, 3, 2, 4, "after", 1.0), (1, 2, 3, 5, "after", 1.0), (7, 1, 4, 3, "after", 0.0), (60, 2, 3, 5, "after", 1.0),
        (6, 2, 3, 4, "before", 1.0), (1, 4, 2, 3, "before", 1.0), (8, 3, 1, 2, "before", 0.0),
        (50, 3, 5, 4, "before", 1.0),
    ):  # fmt: skip
        network = _network(rng, T, B, D, H)
        network["h0"] *= start
        oracle = Oracle(
            "torch.nn.GRU" if reset == "after" else "torch",
            lambda reset, **network: {"h": _states(network, reset)},
            TORCH_TOLERANCE,
        )
        cases.append(Case({**network, "reset": reset}, sequence_sizes(T, B, D, H), oracle, reset))
    return cases


# Backward


def _backward_case(rng, T, B, D, H, reset, source, group):
    import torch

    network = _network(rng, T, B, D, H, scale=1.2)
    dh = rng.normal(size=(T, B, H)) * rng.uniform(0.3, 2, size=(T, 1, 1))

    def by_torch(**_):
        def loss(**tensors):
            return (PLACES[reset](**tensors) * torch.as_tensor(dh)).sum()

        return {f"d{name}": g for name, g in torch_gradients(loss, network, NAMES).items()}

    def by_differences(**_):
        def loss(**moved):
            return np.sum(_states(moved, reset)[1:] * dh)

        return {f"d{name}": g for name, g in central_differences(loss, network, NAMES).items()}

    oracle = {
        "torch": Oracle("torch", by_torch, TORCH_TOLERANCE),
        "differences": Oracle("finite differences", by_differences, DIFFERENCES_TOLERANCE),
    }[source]
    inputs = {"x": network["x"], "h": _states(network, reset), **{n: network[n] for n in WEIGHTS}}
    return Case({**inputs, "dh": dh, "reset": reset}, sequence_sizes(T, B, D, H), oracle, group)


def _backward_cases(rng):
    return [
        _backward_case(rng, *sizes, reset, source, group)
        for *sizes, reset, source, group in (
            (3, 2, 1, 3, "after", "differences", "small"),
            (1, 3, 2, 4, "after", "torch", "small"),
            (5, 3, 2, 4, "after", "torch", "small"),
            (6, 1, 3, 2, "after", "torch", "small"),
            (30, 4, 3, 6, "after", "torch", "long"),
            (23, 2, 5, 7, "after", "torch", "long"),
            (3, 1, 2, 3, "before", "differences", "before"),
            (1, 2, 3, 4, "before", "torch", "before"),
            (12, 3, 2, 5, "before", "torch", "before"),
        )
    ]


# What 1 means


def _written(x, h0, W_hx, W_hh, b_hx, b_hh):
    """States 1 to T of a GRU whose update gate writes where it is 1, one block of weights at a time."""
    import torch
    from torch.nn.functional import linear

    h, states = h0, []
    for x_t in x:
        for_x = linear(x_t, W_hx, b_hx).chunk(3, 1)
        for_h = linear(h, W_hh, b_hh).chunk(3, 1)
        n = torch.tanh(torch.addcmul(for_x[2], torch.sigmoid(for_x[0] + for_h[0]), for_h[2]))
        h = torch.lerp(h, n, torch.sigmoid(for_x[1] + for_h[1]))
        states.append(h)
    return torch.stack(states)


CONVENTIONS = {"keep": _after, "write": _written}


def _convert_cases(rng):
    cases = []
    for B, D, H, source, target in (
        (3, 2, 4, "keep", "write"), (2, 4, 3, "keep", "write"), (2, 3, 4, "keep", "keep"),
        (3, 4, 2, "write", "keep"), (2, 1, 5, "write", "keep"), (4, 2, 3, "write", "write"),
    ):  # fmt: skip
        network = _network(rng, 6, B, D, H)
        inputs = {**{n: network[n] for n in WEIGHTS}, "source": source, "target": target}
        judging = {"x": network["x"], "h0": network["h0"]}
        cases.append(Case(inputs, {"D": D, "H": H}, None, source, judging=judging))
    return cases


def _same_states(trials):
    """Do the converted weights, run in their own convention, give the states of the originals?"""
    import torch

    for trial in trials:
        given = trial.case.inputs
        start, old = _tensors(trial.case.judging), {n: given[n] for n in WEIGHTS}
        with torch.no_grad():
            expected = CONVENTIONS[given["source"]](**start, **_tensors(old))
            actual = CONVENTIONS[given["target"]](**start, **_tensors({n: trial.values[n] for n in WEIGHTS}))
        gap = float((actual - expected).abs().max())
        if not gap < TORCH_TOLERANCE:
            return (
                f"from {given['source']!r} to {given['target']!r}: run in the convention {given['target']!r}, your"
                f" weights give other states than the originals, by up to {gap:.2g} ({trial.case.about})"
                f"{_what_was_done(given, trial.values)}"
            )
    return None


def _what_was_done(given, found):
    """What became of each block of weights, as far as it says something: "" or ": ..."."""
    old, new = _by_block(given), _by_block(found)
    changed = {b: [n for n in WEIGHTS if not agree(new[b][n], old[b][n], TORCH_TOLERANCE)] for b in old}
    blocks = [block for block in old if changed[block]]
    if not blocks:
        return ": they are the weights that were given"
    if given["source"] == given["target"]:
        return f": there is nothing to convert here, and the block of {', '.join(blocks)} has changed"
    hints = []
    others = [block for block in blocks if block != "z"]
    if others:
        z = "" if changed["z"] else ", that of z has not"
        hints.append(f"the block of {', '.join(others)} has changed{z}; which gate do the conventions differ in?")
    kept = [name for name in WEIGHTS if name not in changed["z"]]
    if changed["z"] and kept:
        new_in, old_in = ", ".join(changed["z"]), ", ".join(kept)
        hints.append(f"the block of z has changed in {new_in} and not in {old_in}; which of them stand inside σ?")
    ones = [name for name in WEIGHTS if agree(new["z"][name], 1 - old["z"][name], TORCH_TOLERANCE)]
    if ones:
        hints.append(f"the block of z in {', '.join(ones)} is one minus the old one; is 1 - σ(a) = σ(1 - a)?")
    return f": {'; '.join(hints)}" if hints else ""


def _by_block(weights):
    """{"r", "z" or "n": {name: its block}}."""
    split = {name: np.split(weights[name], 3) for name in WEIGHTS}
    return {block: {name: split[name][i] for name in WEIGHTS} for i, block in enumerate("rzn")}


# One unit


def _factor_by_torch(gamma, u, r, T, **_):
    """d h_T / d h_0 of the unit with frozen gates, by torch: the slope of the candidate is gamma."""
    import torch

    gamma, u, r = map(torch.as_tensor, (gamma, u, r))
    start = torch.zeros_like(u, requires_grad=True)
    h = start
    for _ in range(T):
        h = torch.lerp(h, gamma * (r * h) + 0.3, u)
    return torch.autograd.grad(h.sum(), start)[0].numpy()


def _loses(gamma, u, r):
    return abs(np.log((1 - u) + u * gamma * r)) > abs(np.log(gamma))


def _borders(u, r):
    """Both ends of the interval of gamma in which the gate loses, by bisection from gamma = 1, where it does."""
    ends = []
    for outside in (0.0, 1 / (1 - u)):
        inside = 1.0
        for _ in range(80):
            middle = (inside + outside) / 2
            inside, outside = (middle, outside) if _loses(middle, u, r) else (inside, middle)
        ends.append((inside + outside) / 2)
    return ends


def _factor_oracle(gamma, u, r, T):
    ends = np.array([_borders(*pair) for pair in zip(u, r, strict=True)])
    return {"factor": _factor_by_torch(gamma, u, r, T), "loses_from": ends[:, 0], "loses_to": ends[:, 1]}


def _factor_cases(rng):
    oracle = Oracle("torch and bisection", _factor_oracle)
    cases = []
    for N, T in ((4, 1), (5, 3), (3, 8), (6, 2), (2, 5)):
        r = rng.uniform(0.05, 1, size=N)
        if N == 6:
            r[:2] = 0.0, 1.0
        inputs = {"gamma": rng.uniform(-1.5, 2.5, size=N), "u": rng.uniform(0.1, 0.9, size=N), "r": r, "T": T}
        cases.append(Case(inputs, {"N": N, "T": T}, oracle))
    return cases


def _small_factors(trials):
    """Relative agreement, so that a product of many small factors must be that, not just small."""
    for trial in trials:
        expected = trial.expected[0][2]["factor"]
        if not np.allclose(trial.values["factor"], expected, rtol=1e-8, atol=0):
            return f"differs from torch's derivative ({trial.case.about})"
    return None


# Relatives


def _mut1_by_torch(x_t, h, W_zx, b_z, W_rx, W_rh, b_r, W_hx, W_hh, b_h):
    import torch
    from torch.nn.functional import linear

    x_t, h, W_zx, b_z, W_rx, W_rh, b_r, W_hx, W_hh, b_h = map(
        torch.as_tensor, (x_t, h, W_zx, b_z, W_rx, W_rh, b_r, W_hx, W_hh, b_h)
    )
    r = torch.sigmoid(linear(torch.cat([x_t, h], 1), torch.cat([W_rx, W_rh], 1), b_r))
    n = torch.tanh(linear(x_t, W_hx).tanh() + linear(h.mul(r), W_hh, b_h))
    return {"h": torch.lerp(h, n, torch.sigmoid(linear(x_t, W_zx, b_z))).numpy()}


def _mgu_by_torch(x_t, h, W_fx, W_fh, b_f, W_hx, W_hh, b_h):
    """torch's GRU cell with both gates tied computes it, with the gate's rows taken as r, and their negative as z."""
    import torch

    H = h.shape[1]
    stacked = {
        "x": x_t[None],
        "h0": h,
        "W_hx": np.concatenate([W_fx, -W_fx, W_hx]),
        "W_hh": np.concatenate([W_fh, -W_fh, W_hh]),
        "b_hx": np.concatenate([b_f, -b_f, b_h]),
        "b_hh": np.zeros(3 * H),
    }
    with torch.no_grad():
        return {"h": _before(**_tensors(stacked))[0].numpy()}


def _relative_cases(oracle, names):
    """Cases for a step of a cell with these parameters, by name: b is (H,), W_.h is (H, H), W_.x is (H, D)."""

    def cases(rng):
        found = []
        for B, D, H, group in (
            (3, 2, 4, "still"), (1, 4, 3, "still"), (2, 5, 3, "moving"), (4, 1, 2, "moving"), (1, 3, 5, "moving"),
        ):  # fmt: skip
            shapes = {n: (H,) if n[0] == "b" else (H, H) if n[-1] == "h" else (H, D) for n in names}
            inputs = {
                "x_t": rng.normal(size=(B, D)),
                "h": rng.normal(size=(B, H)) * (group == "moving"),
                **{n: rng.normal(size=shape) for n, shape in shapes.items()},
            }
            found.append(Case(inputs, {"B": B, "D": D, "H": H}, oracle, group))
        return found

    return cases


# Scan

LONG = {"T": 700, "B": 2, "H": 3}
# Doubling takes about 4 lines a round; other schedules go up and down a tree, or call themselves.
LINES_PER_ROUND, OTHER_LINES = 25, 60


def _dense(a, b, h0):
    """The recurrence as one system of linear equations for each entry: h_t - a_t h_{t-1} = b_t."""
    T, B, H = a.shape
    h = np.empty((T + 1, B, H))
    h[0] = h0
    steps = np.arange(1, T)
    for i in np.ndindex(B, H):
        system = np.eye(T)
        system[steps, steps - 1] = -a[(slice(1, None), *i)]
        right = b[(slice(None), *i)].copy()
        right[0] += a[(0, *i)] * h0[i]
        h[(slice(1, None), *i)] = np.linalg.solve(system, right)
    return {"h": h}


def _scan_cases(rng):
    oracle = Oracle("the linear system", _dense)
    cases = []
    for T, B, H, group in (
        (5, 3, 2, "values"), (1, 2, 3, "values"), (8, 1, 4, "values"), (13, 4, 3, "values"), (2, 3, 5, "values"),
        (3, 2, 4, "values"), (6, 2, 3, "forgetting"), (21, 3, 2, "forgetting"), (33, 2, 5, "forgetting"),
    ):  # fmt: skip
        a = rng.uniform(0.3, 1.2, size=(T, B, H))
        if group == "forgetting":
            a = rng.choice([0.0, 1e-200, -0.9, 0.5, 1.0], size=(T, B, H))
        inputs = {"a": a, "b": rng.normal(size=(T, B, H)), "h0": rng.normal(size=(B, H))}
        cases.append(Case(inputs, {"T": T, "B": B, "H": H}, oracle, group))
    shape = tuple(LONG.values())
    inputs = {"a": rng.uniform(0.5, 1, size=shape), "b": rng.normal(size=shape), "h0": rng.normal(size=shape[1:])}
    cases.append(Case(inputs, LONG, oracle, "rounds", "executed_lines"))
    return cases


def _few_rounds(trials):
    T = LONG["T"]
    lines, most = trials[0].values["_lines"], LINES_PER_ROUND * np.ceil(np.log2(T)) + OTHER_LINES
    if lines > most:
        return (
            f"{lines} lines of Python run for T={T}: a loop over the steps? {np.ceil(np.log2(T)):.0f} rounds of"
            f" whole-array operations suffice; up to {most:.0f} lines are accepted"
        )
    return None


STACKED = {"W_hx": "H+H+H D", "W_hh": "H+H+H H", "b_hx": "H+H+H", "b_hh": "H+H+H"}
GRADIENTS = {"dx": "T B D", "dh0": "B H", **{f"d{name}": shape for name, shape in STACKED.items()}}

gru_step = Check(
    "gru_step", 3, {"h": "B H"}, _step_cases,
    [
        Agrees("reset after the product", 1, ["h"], "after"),
        Agrees("reset before the product", 1, ["h"], "before"),
        Agrees("gates open or shut", 1, ["h"], "limit"),
    ],
)  # fmt: skip

gru_forward = Check(
    "gru_forward", 2, {"h": "T+1 B H"}, _forward_cases,
    [
        Agrees("reset after the product", 1, ["h"], "after"),
        Agrees("reset before the product", 1, ["h"], "before"),
    ],
)  # fmt: skip

gru_backward = Check(
    "gru_backward", 5, GRADIENTS, _backward_cases,
    [
        Agrees("dx, dh0", 1, ["dx", "dh0"], "small"),
        Agrees("dW_hx, db_hx", 1, ["dW_hx", "db_hx"], "small"),
        Agrees("dW_hh, db_hh", 1, ["dW_hh", "db_hh"], "small"),
        Agrees("long sequences", 1, list(GRADIENTS), "long"),
        Agrees("reset before the product", 1, list(GRADIENTS), "before"),
    ],
    blocks=("r", "z", "n"),
)  # fmt: skip

convert_gate_convention = Check(
    "convert_gate_convention", 2, STACKED, _convert_cases,
    [
        Holds("weights of a gate that keeps", 1, _same_states, "give the same states", "keep"),
        Holds("weights of a gate that writes", 1, _same_states, "give the same states", "write"),
    ],
    unique=False,  # a bias may stand on either side
)  # fmt: skip

scalar_gradient_factor = Check(
    "scalar_gradient_factor", 2, {"factor": "N", "loses_from": "N", "loses_to": "N"}, _factor_cases,
    [
        Holds("factor", 1, _small_factors, "agrees with torch's derivative", outputs=["factor"]),
        Agrees("loses_from, loses_to", 1, ["loses_from", "loses_to"]),
    ],
    as_if={
        "T were one more": lambda T, **_: {"T": T + 1},
        "T were one less": lambda T, **_: {"T": T - 1},
        "T were 1": lambda **_: {"T": 1},
        "u were 1 - u": lambda u, **_: {"u": 1 - u},
        "r were 1": lambda r, **_: {"r": 0 * r + 1},
        "γ r were not multiplied by u": lambda gamma, u, **_: {"gamma": gamma / u},
    },
)  # fmt: skip

mut1_step = Check(
    "mut1_step", 2, {"h": "B H"},
    _relative_cases(
        Oracle("the same formula written in torch", _mut1_by_torch, TORCH_TOLERANCE),
        ("W_zx", "b_z", "W_rx", "W_rh", "b_r", "W_hx", "W_hh", "b_h"),
    ),
    [Agrees("from the zero state", 1, ["h"], "still"), Agrees("from any state", 1, ["h"], "moving")],
)  # fmt: skip

mgu_step = Check(
    "mgu_step", 1, {"h": "B H"},
    _relative_cases(
        Oracle("the same formula written in torch", _mgu_by_torch, TORCH_TOLERANCE),
        ("W_fx", "W_fh", "b_f", "W_hx", "W_hh", "b_h"),
    ),
    [Agrees("h", 1, ["h"])],
)  # fmt: skip

linear_recurrence_scan = Check(
    "linear_recurrence_scan", 3, {"h": "T+1 B H"}, _scan_cases,
    [
        Agrees("values", 1, ["h"], "values"),
        Agrees("factors that are zero, tiny or negative", 1, ["h"], "forgetting"),
        Holds("rounds", 1, _few_rounds, "no loop over the steps", "rounds", ["h"]),
    ],
)  # fmt: skip

# Automatic differentiation or torch's own cell instead of the answer: a person reads it (see autograde.grading.flags).
FLAGS = {"gru_backward": ("torch.autograd", "torch.func", ".backward"), "gru_forward": ("torch.nn", "torch.gru")}
