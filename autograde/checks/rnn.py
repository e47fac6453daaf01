"""Checks of the unit `rnn`: the simple recurrent network, forward.

Oracles: torch's cells and modules with the case's weights loaded into them, states that the case has planted, and
probabilities multiplied directly. The network written by hand is run here, on strings that only the judge knows.
"""

import itertools

import numpy as np

from autograde.checking import Agrees, Case, Check, Holds
from autograde.oracles import Oracle
from autograde.relu_network import LONG, MAX_UNITS, WEIGHTS, readouts

# Weights carried into torch must give the same states to ten digits.
TORCH_TOLERANCE = 1e-10

# One step and a sequence


def _parameters(rng, D, H, scale=1.0):
    return {
        "W_hx": rng.normal(size=(H, D)) / np.sqrt(D),
        "W_hh": scale * rng.normal(size=(H, H)) / np.sqrt(H),
        "b_h": 0.5 * rng.normal(size=H),
    }


def _module(layers):
    """torch.nn.RNN in float64 with these parameters. Its two biases per layer share ours."""
    import torch

    H, D = layers[0]["W_hx"].shape
    module = torch.nn.RNN(D, H, num_layers=len(layers), dtype=torch.float64)
    with torch.no_grad():
        for n, layer in enumerate(layers):
            getattr(module, f"weight_ih_l{n}").copy_(torch.as_tensor(layer["W_hx"]))
            getattr(module, f"weight_hh_l{n}").copy_(torch.as_tensor(layer["W_hh"]))
            getattr(module, f"bias_ih_l{n}").copy_(torch.as_tensor(0.75 * layer["b_h"]))
            getattr(module, f"bias_hh_l{n}").copy_(torch.as_tensor(0.25 * layer["b_h"]))
    return module


def _by_module(x, h0, layers):
    """(states 1 to T of the top layer, last state of each layer) by torch.nn.RNN."""
    import torch

    with torch.no_grad():
        output, h_n = _module(layers)(torch.as_tensor(x), torch.as_tensor(h0))
    return output.numpy(), h_n.numpy()


def _step_by_torch(x_t, h, **parameters):
    return {"h": _by_module(x_t[None], h[None], [parameters])[1][0]}


def _step_cases(rng):
    oracle = Oracle("torch.nn.RNN", _step_by_torch, TORCH_TOLERANCE)
    cases = []
    for B, D, H, group in ((3, 2, 4, "still"), (1, 3, 5, "still"), (2, 5, 3, "moving"), (4, 1, 2, "moving"),
                           (1, 2, 3, "moving")):  # fmt: skip
        parameters = _parameters(rng, D, H)
        h = rng.normal(size=(B, H))
        if group == "still":
            h = np.zeros((B, H))
        inputs = {"x_t": rng.normal(size=(B, D)), "h": h, **parameters}
        cases.append(Case(inputs, {"B": B, "D": D, "H": H}, oracle, group))
    return cases


def _forward_by_torch(x, h0, **parameters):
    return {"h": np.concatenate([h0[None], _by_module(x, h0[None], [parameters])[0]])}


def _forward_cases(rng):
    oracle = Oracle("torch.nn.RNN", _forward_by_torch, TORCH_TOLERANCE)
    cases = []
    for T, B, D, H, group, scale in (
        (5, 3, 2, 4, "zero", 1.0), (1, 2, 3, 5, "zero", 1.0), (7, 1, 4, 3, "zero", 1.0),
        (6, 2, 3, 4, "start", 1.0), (1, 3, 2, 5, "start", 1.0), (4, 5, 1, 2, "start", 1.0),
        (60, 2, 3, 5, "long", 0.8), (90, 4, 5, 7, "long", 0.9),
    ):  # fmt: skip
        h0 = np.zeros((B, H)) if group == "zero" else rng.normal(size=(B, H))
        inputs = {"x": rng.normal(size=(T, B, D)), "h0": h0, **_parameters(rng, D, H, scale)}
        cases.append(Case(inputs, {"T": T, "B": B, "D": D, "H": H}, oracle, group))
    return cases


def _deep_by_torch(x, h0, layers):
    output, h_n = _by_module(x, h0, layers)
    return {"output": output, "h_n": h_n}


def _deep_cases(rng):
    oracle = Oracle("torch.nn.RNN", _deep_by_torch, TORCH_TOLERANCE)
    cases = []
    for T, B, D, H, N, group in (
        (5, 3, 4, 2, 1, "one"), (1, 2, 3, 4, 1, "one"),
        (6, 3, 2, 5, 4, "several"), (1, 4, 5, 3, 2, "several"), (5, 2, 4, 6, 3, "several"),
        # As many inputs as units, and as many layers as steps: no shape gives a mistake away
        (3, 2, 4, 4, 3, "square"), (2, 3, 5, 5, 2, "square"),
    ):  # fmt: skip
        layers = [_parameters(rng, D if n == 0 else H, H, 0.8) for n in range(N)]
        inputs = {"x": rng.normal(size=(T, B, D)), "h0": rng.normal(size=(N, B, H)), "layers": layers}
        cases.append(Case(inputs, {"T": T, "B": B, "D": D, "H": H, "N": N}, oracle, group))
    return cases


# Which state, and what it costs


def _last_case(rng, steps, T, H, group):
    """steps: for each sequence, its real steps (counted from 1). The state that must come back is drawn first."""
    B = len(steps)
    answer, h, mask = rng.normal(size=(B, H)), rng.normal(size=(T + 1, B, H)), np.zeros((T, B))
    for b, real in enumerate(steps):
        for t in real:
            mask[t - 1, b] = 1
        h[real[-1] if real else 0, b] = answer[b]
    oracle = Oracle("the state planted there", lambda h, mask: {"state": answer})
    return Case({"h": h, "mask": mask}, {"T": T, "B": B, "H": H}, oracle, group)


def _until(*lengths):
    return [list(range(1, length + 1)) for length in lengths]


def _last_cases(rng):
    T = 9
    first, odd = int(rng.integers(2, 6)), sorted(int(t) for t in rng.choice(np.arange(1, T), size=4, replace=False))
    return [
        _last_case(rng, _until(5, 2, 4), 5, 4, "behind"),
        _last_case(rng, _until(1, 7, 3, 6, 2), 7, 3, "behind"),
        _last_case(rng, _until(1, 1), 1, 3, "behind"),
        _last_case(rng, _until(3, 0, 2), 4, 5, "empty"),
        _last_case(rng, _until(0, 1), 1, 4, "empty"),
        _last_case(rng, [list(range(first, T + 1)), odd, [T]], T, 5, "anywhere"),
        _last_case(rng, [[4, 5], [2, 3], [1, 3], [6], [2]], 6, 2, "anywhere"),
    ]


def _nll_by_torch(y, target, mask):
    import torch
    from torch.nn import functional

    T, B, C = y.shape
    where = torch.as_tensor(np.where(mask > 0, target, -100).reshape(-1))
    scores = torch.as_tensor(np.where(mask[:, :, None] > 0, y, 0.0).reshape(-1, C))
    each = functional.cross_entropy(scores, where, reduction="none", ignore_index=-100)
    return {"nll": each.reshape(T, B).sum(0).numpy()}


def _nll_by_products(y, target, mask):
    """Minus the logarithm of the product of the probabilities."""
    T, B, _ = y.shape
    product = np.ones(B)
    for t, b in itertools.product(range(T), range(B)):
        if mask[t, b]:
            odds = np.e ** (y[t, b] - y[t, b, target[t, b]])
            product[b] /= odds.sum()
    return {"nll": -np.log(product)}


def _nll_case(rng, lengths, T, C, oracle, group, scale=1.0, padding=(0.0,)):
    B = len(lengths)
    y = scale * rng.normal(size=(T, B, C))
    mask = (np.arange(T)[:, None] < np.array(lengths)).astype(float)
    target = np.where(mask > 0, rng.integers(C, size=(T, B)), -1)
    hidden = rng.choice(padding, size=y.shape)
    return Case(
        {"y": np.where(mask[:, :, None] > 0, y, hidden), "target": target, "mask": mask},
        {"T": T, "B": B, "C": C}, oracle, group,
    )  # fmt: skip


def _nll_cases(rng):
    products, torch = Oracle("the product of the probabilities", _nll_by_products), Oracle("torch", _nll_by_torch)
    odd = (np.nan, np.inf, -np.inf, 1e300)
    cases = [
        _nll_case(rng, (4, 4, 4), 4, 5, products, "whole"),
        _nll_case(rng, (1, 1), 1, 3, products, "whole"),
        _nll_case(rng, (6,), 6, 2, products, "whole"),
        _nll_case(rng, (5, 5, 5), 5, 7, torch, "large", scale=3000.0),
        _nll_case(rng, (3, 3, 3, 3), 3, 2, torch, "large", scale=300.0),
        _nll_case(rng, (5, 2, 3), 5, 4, products, "padded"),
        _nll_case(rng, (1, 6, 0, 4), 6, 3, products, "padded"),
        _nll_case(rng, (2, 7, 3), 7, 5, torch, "odd", padding=odd),
        _nll_case(rng, (3, 1, 4, 0), 4, 6, torch, "odd", scale=100.0, padding=odd),
    ]
    low = _nll_case(rng, (4, 4), 4, 3, torch, "large")
    low.inputs["y"] += -2000.0 * np.arange(1, 5)[:, None, None]  # all scores of a step far below zero
    return [*cases, low]


# Brackets

DEEP = 500


def _balanced(x):
    """Which prefixes of the brackets x (T, B) are balanced, by taking out matched pairs with a stack of positions."""
    answer = np.zeros(x.shape, dtype=bool)
    for b in range(x.shape[1]):
        waiting, unmatched = [], 0
        for t in range(len(x)):
            if x[t, b] > 0:
                waiting.append(t)
            elif waiting:
                waiting.pop()
            else:
                unmatched += 1
            answer[t, b] = not waiting and not unmatched
    return answer


def _array(*strings):
    return np.array([[1.0 if bracket == "(" else -1.0 for bracket in string] for string in strings]).T


def _all_strings(T):
    return _array(*("".join(s) for s in itertools.product("()", repeat=T)))


def _random_balanced(rng, pairs):
    """A balanced string of that many pairs: opens with a chance that keeps the rest closable."""
    string, depth, opens = [], 0, pairs
    for left in range(2 * pairs, 0, -1):
        opened = depth == 0 or (opens > 0 and rng.uniform() < 0.3 + 0.4 * opens / left)
        string.append("(" if opened else ")")
        depth += 1 if opened else -1
        opens -= opened
    return "".join(string)


def _spoilt(rng, string):
    """The string with one bracket turned round."""
    t = int(rng.integers(len(string)))
    return string[:t] + ("(" if string[t] == ")" else ")") + string[t + 1 :]


def _bracket_cases(rng):
    half = LONG // 2
    good = [_random_balanced(rng, half) for _ in range(6)]
    any_order = ["".join(rng.choice(["(", ")"], size=LONG)) for _ in range(4)]
    # Closed too often somewhere, and made up for later: every one of these ends with as many ( as )
    late = int(rng.integers(10, 90))
    made_up = [
        "())(" + "()" * (half - 2),
        ")(" * half,
        ")" + "()" * (half - 1) + "(",
        "()" * late + ")(" + "()" * (half - late - 1),
        ")" * 200 + "(" * 200 + "()" * (half - 200),
        "(" * 100 + ")" * 101 + "(" + "()" * (half - 101),
        ")" * half + "(" * half,
        _random_balanced(rng, 100) + ")" + _random_balanced(rng, half - 101) + "(",
        # One that never does it, so that the answer is not always no
        "(())" * (half // 2),
    ]
    deepest = "(" * DEEP + ")" * DEEP
    nested = [
        deepest,
        "(" * (DEEP - 1) + "()" + ")" * (DEEP - 1),
        "(" * (DEEP - 1) + ")" * (DEEP + 1),
        "(" * (DEEP + 1) + ")" * (DEEP - 1),
        "(" * 250 + "()" * 250 + ")" * 250,
        "(" * LONG,
        "()" * half,
    ]
    judging = {
        "short": _all_strings(10),
        "for good": _array(*made_up),
        "deep": _array(*nested),
        "random": _array(*good, *(_spoilt(rng, s) for s in good), *any_order),
    }
    return [Case({}, {"D": 1, "K": 1}, judging=judging)]


def _judges(strings):
    """A test: does the network of weights judge every prefix of these strings rightly?"""

    def test(trials):
        trial = trials[0]
        units = len(trial.values["b_h"])
        if not 1 <= units <= MAX_UNITS:
            return f"has {units} units; 1 to {MAX_UNITS} are allowed"
        x = trial.case.judging[strings]
        with np.errstate(over="ignore", invalid="ignore"):
            y = readouts(trial.values, x)
        answer = _balanced(x)
        wrong = ((y > 0) != answer) | ~np.isfinite(y)
        if not wrong.any():
            return None
        t, b = (int(i) for i in np.argwhere(wrong)[0])
        kind = "balanced" if answer[t, b] else "not balanced"
        if t < 24:
            string = "".join("(" if bracket > 0 else ")" for bracket in x[: t + 1, b])
        else:
            depth = np.maximum.accumulate(np.cumsum(x[: t + 1, b]))[-1]
            string = f"a string of {t + 1} brackets, nested up to {depth:.0f} deep"
        return f"{string} is {kind}, and y is {y[t, b]:.4g}"

    return test


SEQUENCE = {"h": "T+1 B H"}

rnn_step = Check(
    "rnn_step", 2, {"h": "B H"}, _step_cases,
    [Agrees("from the zero state", 1, ["h"], "still"), Agrees("from any state", 1, ["h"], "moving")],
)  # fmt: skip

rnn_forward = Check(
    "rnn_forward", 3, SEQUENCE, _forward_cases,
    [
        Agrees("from h0 = 0", 1, ["h"], "zero"),
        Agrees("from any h0", 1, ["h"], "start"),
        Agrees("long sequences", 1, ["h"], "long"),
    ],
)  # fmt: skip

deep_rnn_forward = Check(
    "deep_rnn_forward", 4, {"output": "T B H", "h_n": "N B H"}, _deep_cases,
    [
        Agrees("one layer", 1, ["output", "h_n"], "one"),
        Agrees("output", 1, ["output"], "several"),
        Agrees("h_n", 1, ["h_n"], "several"),
        Agrees("square layers", 1, ["output", "h_n"], "square"),
    ],
)  # fmt: skip

last_valid_state = Check(
    "last_valid_state", 3, {"state": "B H"}, _last_cases,
    [
        Agrees("padding behind", 1, ["state"], "behind"),
        Agrees("empty sequences", 1, ["state"], "empty"),
        Agrees("padding anywhere", 1, ["state"], "anywhere"),
    ],
)  # fmt: skip

sequence_nll = Check(
    "sequence_nll", 4, {"nll": "B"}, _nll_cases,
    [
        Agrees("without padding", 1, ["nll"], "whole"),
        Agrees("large scores", 1, ["nll"], "large"),
        Agrees("with padding", 1, ["nll"], "padded"),
        Agrees("anything at padded steps", 1, ["nll"], "odd"),
    ],
)  # fmt: skip

bracket_counter_rnn = Check(
    "bracket_counter_rnn", 4, WEIGHTS, _bracket_cases,
    [
        Holds("all strings of 10 brackets", 1, _judges("short"), "judged rightly"),
        Holds("rejected for good", 1, _judges("for good"), "rejected for good"),
        Holds("nested 500 deep", 1, _judges("deep"), "judged rightly"),
        Holds("random, 1000 brackets", 1, _judges("random"), "judged rightly"),
    ],
    unique=False,
)  # fmt: skip
