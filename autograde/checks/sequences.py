"""Checks of the unit `sequences`: what order means.

Oracles: definitions written entry by entry, central differences and torch for the word vectors, enumeration of all
alignments and torch for CTC. The two networks written by hand are run here, on strings that only the judge knows.
"""

import itertools

import numpy as np

from autograde.checking import Agrees, Case, Check, Holds
from autograde.oracles import DIFFERENCES_TOLERANCE, Oracle, central_differences, torch_gradients
from autograde.relu_network import LONG, MAX_UNITS, WEIGHTS, readouts

# Codes, padding, windows


def _one_hot_cases(rng):
    def compute(ids, V):
        code = np.zeros((*ids.shape, V))
        for index in np.ndindex(ids.shape):
            code[(*index, ids[index])] = 1
        return {"code": code}

    oracle = Oracle("the definition", compute)
    cases = [
        Case({"ids": rng.integers(V, size=T), "V": V}, {"T": T, "V": V}, oracle) for T, V in ((1, 4), (6, 3), (5, 9))
    ]
    T, B, V = 4, 3, 5
    return [*cases, Case({"ids": rng.integers(V, size=(T, B)), "V": V}, {"T": T, "B": B, "V": V}, oracle)]


def _pad_cases(rng):
    def compute(sequences):
        T, B, D = max(len(s) for s in sequences), len(sequences), sequences[0].shape[1]
        x = [[sequences[b][t] if t < len(sequences[b]) else np.zeros(D) for b in range(B)] for t in range(T)]
        return {"x": x, "mask": [[t < len(s) for s in sequences] for t in range(T)]}

    oracle = Oracle("the definition", compute)
    cases = []
    for lengths, D in (((3, 5, 2, 4), 6), ((1,), 3), ((2, 7), 4), ((4, 1, 0), 2)):
        sequences = [rng.normal(size=(length, D)) for length in lengths]
        sequences[0][-1] = 0  # a real step that is zero: the mask cannot be read off the data
        cases.append(Case({"sequences": sequences}, {"T": max(lengths), "B": len(lengths), "D": D}, oracle))
    return cases


def _windows_cases(rng):
    def compute(x, k, stride):
        N = (len(x) - k) // stride + 1
        out = np.empty((N, k, x.shape[1]))
        for n, j in np.ndindex(N, k):
            out[n, j] = x[n * stride + j]
        return {"windows": out}

    oracle = Oracle("the definition", compute)
    cases = []
    for T, k, stride, D in ((7, 3, 1, 2), (1, 1, 1, 3), (5, 5, 1, 2), (9, 4, 2, 3), (11, 2, 3, 4), (6, 1, 5, 2)):
        sizes = {"N": (T - k) // stride + 1, "k": k, "D": D, "T": T, "stride": stride}
        group = "neighbours" if stride == 1 else "strides"
        cases.append(Case({"x": rng.normal(size=(T, D)), "k": k, "stride": stride}, sizes, oracle, group))
    return cases


# Word vectors


def _bags(context, mask, V):
    """(N, V): the share of each word in each context. A mean of vectors is this matrix times the table."""
    bags = np.zeros((len(context), V))
    for n, (words, real) in enumerate(zip(context, mask, strict=True)):
        for word in words[real > 0]:
            bags[n, word] += 1
    return bags / bags.sum(axis=1, keepdims=True)


def _cbow_by_differences(context, mask, target, E, W):
    bags = _bags(context, mask, len(E))

    def loss(E, W):
        scores = bags @ E @ W.T
        return sum(np.logaddexp.reduce(row) - row[word] for row, word in zip(scores, target, strict=True))

    gradients = central_differences(loss, {"E": E, "W": W}, ("E", "W"))
    return {"loss": loss(E, W), "dE": gradients["E"], "dW": gradients["W"]}


def _cbow_by_torch(context, mask, target, E, W):
    import torch
    from torch.nn import functional

    share = torch.as_tensor(mask / mask.sum(axis=1, keepdims=True))

    def loss(E, W):
        h = functional.embedding_bag(torch.as_tensor(context), E, mode="sum", per_sample_weights=share)
        return functional.cross_entropy(h @ W.T, torch.as_tensor(target), reduction="sum")

    gradients = torch_gradients(loss, {"E": E, "W": W}, ("E", "W"))
    value = loss(torch.as_tensor(E), torch.as_tensor(W))
    return {"loss": float(value), "dE": gradients["E"], "dW": gradients["W"]}


def _cbow_case(rng, N, C, V, D, scale, oracle, group):
    mask = np.zeros((N, C))
    for n in range(N):
        mask[n, : rng.integers(1, C + 1)] = 1
        rng.shuffle(mask[n])
    context = np.where(mask > 0, rng.integers(V, size=(N, C)), 0)
    full = int(rng.integers(N))
    mask[full], context[full] = 1, int(rng.integers(1, V))  # one context holds the same word C times
    inputs = {
        "context": context,
        "mask": mask,
        "target": rng.integers(V, size=N),
        "E": scale * rng.normal(size=(V, D)),
        "W": scale * rng.normal(size=(V, D)),
    }
    return Case(inputs, {"N": N, "C": C, "V": V, "D": D}, oracle, group)


def _cbow_cases(rng):
    differences = Oracle("finite differences", _cbow_by_differences, DIFFERENCES_TOLERANCE)
    torch = Oracle("torch", _cbow_by_torch)
    small = [(5, 4, 6, 3), (1, 2, 5, 4), (7, 3, 4, 2), (4, 1, 5, 3)]
    return [
        *(_cbow_case(rng, *sizes, 1.0, differences, "small") for sizes in small),
        _cbow_case(rng, 40, 6, 12, 5, 1.0, torch, "torch"),
        _cbow_case(rng, 9, 5, 7, 6, 60.0, torch, "torch"),  # scores of some thousands
    ]


# Networks with weights written by hand


def _all_strings(T):
    return np.array(list(itertools.product((0.0, 1.0), repeat=T))).T


def _random_strings(rng):
    chances = np.repeat((0.5, 0.05, 0.95), 8)
    return (rng.uniform(size=(LONG, len(chances))) < chances).astype(float)


def _hard_strings(rng):
    """Strings for which a network that forgets, drifts or looks through a window gives itself away."""
    t = np.arange(LONG)
    late, early = rng.integers(LONG - 20, LONG), rng.integers(1, 20)
    return {
        "all ones": np.ones(LONG),
        "all zeros": np.zeros(LONG),
        "alternating, from 0": t % 2,
        "alternating, from 1": (t + 1) % 2,
        "a single one at the start": t == 0,
        "a single one, early": t == early,
        "a single one, late": t == late,
        "a single zero among ones": t != early,
        "pairs of ones": t // 2 % 2,
        "ones, then zeros": t < LONG // 2,
        "zeros, then ones": t >= LONG // 2,
    }


def _network_cases(rng):
    hard = _hard_strings(rng)
    judging = {
        "short": _all_strings(9),
        "random": _random_strings(rng),
        "hard": np.array(list(hard.values()), dtype=float).T,
        "names": list(hard),
    }
    return [Case({}, {"D": 1, "K": 1}, judging=judging)]


def _right_at_every_step(strings, wrong_at):
    """A test: does the network of weights answer every prefix of these strings? wrong_at(y, bits) -> (T, B) bool."""

    def test(trials):
        trial = trials[0]
        units = len(trial.values["b_h"])
        if not 1 <= units <= MAX_UNITS:
            return f"has {units} units; 1 to {MAX_UNITS} are allowed"
        bits = trial.case.judging[strings]
        with np.errstate(over="ignore", invalid="ignore"):
            y = readouts(trial.values, bits)
            wrong = wrong_at(y, bits) | ~np.isfinite(y)
        if not wrong.any():
            return None
        t, b = (int(i) for i in np.argwhere(wrong)[0])
        if strings == "hard":
            where = f"the string with {trial.case.judging['names'][b]}"
        elif t < 12:
            where = f"the string {''.join(str(int(bit)) for bit in bits[: t + 1, b])}"
        else:
            where = f"a random string with {bits[:, b].mean():.0%} ones"
        return f"in {where} the first wrong answer comes after {t + 1} steps, where y is {y[t, b]:.4g}"

    return test


def _count_is_wrong(y, bits):
    return np.abs(y - np.cumsum(bits == 0, axis=0)) >= 0.5


def _parity_is_wrong(y, bits):
    return (y > 0.5) != (np.cumsum(bits, axis=0) % 2 == 1)


# CTC


def _by_enumeration(log_y, labels, blank):
    """Log of the sum over all paths of T symbols that give the labels when repeats are merged and blanks removed."""
    total = -np.inf
    for path in itertools.product(range(log_y.shape[1]), repeat=len(log_y)):
        if [s for s, _ in itertools.groupby(path) if s != blank] == list(labels):
            total = np.logaddexp(total, sum(log_y[t, s] for t, s in enumerate(path)))
    return {"log_p": total}


def _ctc_by_torch(log_y, labels, blank):
    import torch
    from torch.nn import functional

    loss = functional.ctc_loss(
        torch.as_tensor(log_y)[:, None], torch.as_tensor(labels)[None], (len(log_y),), (len(labels),), blank, "sum"
    )
    return {"log_p": -float(loss)}


def _ctc_case(rng, T, V, labels, blank, oracle, group, spread=1.5):
    scores = spread * rng.normal(size=(T, V))
    log_y = scores - np.logaddexp.reduce(scores, axis=1, keepdims=True)
    inputs = {"log_y": log_y, "labels": np.array(labels, dtype=int), "blank": blank}
    return Case(inputs, {"T": T, "V": V, "L": len(labels)}, oracle, group)


def _labels(rng, V, L, blank):
    """L labels, about a third of them equal to the one before."""
    symbols = [s for s in range(V) if s != blank]
    labels = [int(rng.choice(symbols))]
    while len(labels) < L:
        labels.append(labels[-1] if rng.uniform() < 1 / 3 else int(rng.choice(symbols)))
    return labels


def _ctc_cases(rng):
    enumeration, torch = Oracle("enumeration of all paths", _by_enumeration), Oracle("torch", _ctc_by_torch)
    small = [(4, 3, [1, 2], 0), (5, 3, [1, 1], 0), (5, 4, [0, 2, 0], 3), (6, 3, [2, 2, 0], 1), (3, 4, [1, 2, 3], 0)]
    long = [(40, 7, 12, 0), (30, 5, 9, 4), (500, 6, 60, 0)]
    # What lies at the border: one step, nothing to say, just enough room, too little room
    edges = [(1, 3, [2], 0), (1, 4, [1], 3), (3, 4, [], 0), (5, 3, [1, 1, 2, 2], 0), (6, 3, [1, 1, 2, 2], 0),
             (2, 3, [1, 1], 0), (2, 4, [1, 2, 3], 0), (1, 3, [], 2)]  # fmt: skip
    return [
        *(_ctc_case(rng, *sizes, enumeration, "short") for sizes in small),
        *(_ctc_case(rng, T, V, _labels(rng, V, L, blank), blank, torch, "long") for T, V, L, blank in long),
        *(_ctc_case(rng, *sizes, enumeration, "edges") for sizes in edges),
    ]


one_hot = Check("one_hot", 1, {"code": "*"}, _one_hot_cases, [Agrees("codes", 1, ["code"])])

pad_and_mask = Check(
    "pad_and_mask", 2, {"x": "T B D", "mask": "T B"}, _pad_cases, [Agrees("x", 1, ["x"]), Agrees("mask", 1, ["mask"])]
)

windows = Check(
    "windows", 2, {"windows": "N k D"}, _windows_cases,
    [Agrees("stride 1", 1, ["windows"], "neighbours"), Agrees("longer strides", 1, ["windows"], "strides")],
)  # fmt: skip

cbow_loss_and_grad = Check(
    "cbow_loss_and_grad", 5, {"loss": "", "dE": "V D", "dW": "V D"}, _cbow_cases,
    [
        Agrees("loss", 1, ["loss"], "small"),
        Agrees("dW", 1, ["dW"], "small"),
        Agrees("dE", 2, ["dE"], "small"),
        Agrees("many words, large scores", 1, ["loss", "dE", "dW"], "torch"),
    ],
)  # fmt: skip

count_zeros_rnn = Check(
    "count_zeros_rnn", 2, WEIGHTS, _network_cases,
    [
        Holds("all strings of 9 bits", 1, _right_at_every_step("short", _count_is_wrong), "counted"),
        Holds("random strings, 1000 bits", 0.5, _right_at_every_step("random", _count_is_wrong), "counted"),
        Holds("hard strings, 1000 bits", 0.5, _right_at_every_step("hard", _count_is_wrong), "counted"),
    ],
    unique=False,
)  # fmt: skip

parity_rnn = Check(
    "parity_rnn", 3, WEIGHTS, _network_cases,
    [
        Holds("all strings of 9 bits", 1, _right_at_every_step("short", _parity_is_wrong), "told apart"),
        Holds("random strings, 1000 bits", 1, _right_at_every_step("random", _parity_is_wrong), "told apart"),
        Holds("hard strings, 1000 bits", 1, _right_at_every_step("hard", _parity_is_wrong), "told apart"),
    ],
    unique=False,
)  # fmt: skip

ctc_forward = Check(
    "ctc_forward", 5, {"log_p": ""}, _ctc_cases,
    [
        Agrees("short, all paths", 2, ["log_p"], "short"),
        Agrees("long", 2, ["log_p"], "long"),
        Agrees("border cases", 1, ["log_p"], "edges"),
    ],
)  # fmt: skip
