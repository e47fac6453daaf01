"""Checks of the unit `hopfield`: associative memories, classic and modern.

Oracles: sums written out over pairs of units, the definition of the energy at every step, counting by loops, torch's
`logsumexp` and `softmax`, the gradient of an energy by torch, limits of the inverse temperature, and torch's own
attention.
"""

import math

import numpy as np

from autograde.checking import Agrees, Case, Check, Holds
from autograde.oracles import Oracle, central_differences

# Both sides are float64 sums of a few dozen numbers of order one.
ATTENTION_TOLERANCE = 1e-12
# A sum of energies over a few hundred steps may lose some digits against the definition.
ENERGY_TOLERANCE = 1e-9
# Central differences of an energy of order 100 with a step of 1e-4.
GRADIENT_TOLERANCE = 1e-6


def _signs(rng, *shape):
    return rng.choice([-1.0, 1.0], size=shape)


def _couplings(rng, D, whole=False):
    """A symmetric matrix with a zero diagonal; of whole numbers, so that fields can be exactly zero, if asked."""
    half = np.triu(rng.integers(-2, 3, size=(D, D)).astype(float) if whole else rng.normal(size=(D, D)), 1)
    return half + half.T


# Classic network


def _hebb_by_pairs(X):
    P, D = X.shape
    W = np.zeros((D, D))
    for i in range(D):
        for j in range(i):
            W[i, j] = W[j, i] = math.fsum(X[m, i] * X[m, j] for m in range(P)) / D
    return {"W": W}


def _hebb_cases(rng):
    oracle = Oracle("the sum over patterns", _hebb_by_pairs)
    cases = [
        Case({"X": _signs(rng, P, D)}, {"P": P, "D": D}, oracle, "several")
        for P, D in ((3, 7), (5, 4), (12, 9), (2, 11), (4, 4))
    ]
    return cases + [Case({"X": _signs(rng, 1, D)}, {"P": 1, "D": D}, oracle, "one") for D in (6, 5, 2)]


def _energy_by_pairs(xi, W, b):
    """Every pair of units once, every unit's threshold once; the diagonal by halves."""
    D = xi.shape[1]
    return {
        "E": [
            math.fsum(-W[i, j] * s[i] * s[j] * (0.5 if i == j else 1.0) for i in range(D) for j in range(i + 1))
            + math.fsum(b[i] * s[i] for i in range(D))
            for s in xi
        ]
    }


def _energy_cases(rng):
    oracle = Oracle("the sum over pairs of units", _energy_by_pairs)
    cases = []
    for B, D, group in ((3, 5, "pairs"), (1, 8, "pairs"), (6, 4, "pairs"), (2, 7, "thresholds"), (4, 3, "thresholds")):
        W = _couplings(rng, D) + (np.diag(rng.normal(size=D)) if B == 6 else 0)
        b = rng.normal(size=D) * (group == "thresholds")
        cases.append(Case({"xi": _signs(rng, B, D), "W": W, "b": b}, {"B": B, "D": D}, oracle, group))
    return cases


def _recall_by_definition(xi, W, b, order):
    """Field and energy anew at every visit."""
    state, D = list(xi), len(xi)

    def energy():
        return _energy_by_pairs(np.array([state]), W, b)["E"][0]

    energies = [energy()]
    for i in order:
        field = math.fsum([W[i, j] * state[j] for j in range(D)] + [-b[i]])
        state[i] = math.copysign(1.0, field) if field != 0 else state[i]
        energies.append(energy())
    return {"xi": state, "E": energies}


def _recall_cases(rng):
    oracle = Oracle("the definition", _recall_by_definition, ENERGY_TOLERANCE)
    cases = []

    def add(D, K, group, W, b):
        order = rng.integers(D, size=K)
        inputs = {"xi": _signs(rng, D), "W": W, "b": b, "order": order}
        cases.append(Case(inputs, {"D": D, "K": K}, oracle, group))

    for D, K in ((7, 20), (12, 30), (5, 1), (9, 0)):
        add(D, K, "visits", _couplings(rng, D), np.zeros(D))
    for D, K in ((6, 18), (11, 40), (8, 25)):
        add(D, K, "thresholds", _couplings(rng, D), 2 * rng.normal(size=D))
    for D, K in ((10, 40), (6, 30), (13, 60)):
        add(D, K, "ties", _couplings(rng, D, whole=True), rng.integers(-1, 2, size=D).astype(float))
    # Two units that feel nothing, one of each sign, visited once: ties that no draw can miss.
    W, b = _couplings(rng, 9, whole=True), np.zeros(9)
    W[:2], W[:, :2] = 0, 0
    xi, order = np.append([-1.0, 1.0], _signs(rng, 7)), np.append([0, 1], rng.integers(2, 9, size=10))
    cases.append(Case({"xi": xi, "W": W, "b": b, "order": order}, {"D": 9, "K": 12}, oracle, "ties"))
    for D, sweeps in ((15, 12), (20, 15)):
        order = np.concatenate([rng.permutation(D) for _ in range(sweeps)])
        inputs = {"xi": _signs(rng, D), "W": _couplings(rng, D), "b": rng.normal(size=D), "order": order}
        cases.append(Case(inputs, {"D": D, "K": len(order)}, oracle, "rest"))
    return cases


def _comes_to_rest(trials):
    """After many sweeps: no unit wants to turn, and the energy never rose on the way."""
    for trial in trials:
        xi, E, given = trial.values["xi"], trial.values["E"], trial.case.inputs
        if np.any(np.abs(np.abs(xi) - 1) > 0):
            return f"the state holds other numbers than 1 and -1 ({trial.case.about})"
        if np.any(np.diff(E) > ENERGY_TOLERANCE):
            return f"the energy rises at a visit, by {np.diff(E).max():.2g}: no visit can do that ({trial.case.about})"
        restless = int(np.sum(xi * (np.einsum("ij,j->i", given["W"], xi) - given["b"]) < 0))
        if restless:
            return f"after {len(E) - 1} visits {restless} units would still turn ({trial.case.about})"
    return None


def _errors_by_counting(X):
    """Measured by loops over units; theory by integrating the normal density beyond the signal."""
    P, D = X.shape
    wrong = 0
    for x in X:
        agreeing = np.einsum("md,d->m", X, x)
        for i in range(D):
            field = sum(int(X[m, i]) * int(agreeing[m] - X[m, i] * x[i]) for m in range(P))
            wrong += field * x[i] < 0
    z = np.linspace(0, 40, 400_001)
    a = math.sqrt(D / P)
    density = np.exp(-((a + z) ** 2) / 2) / math.sqrt(2 * math.pi)
    weights = np.where(np.arange(len(z)) % 2, 4.0, 2.0)
    weights[[0, -1]] = 1
    return {"measured": wrong / (P * D), "predicted": float(weights @ density) * (z[1] - z[0]) / 3}


def _error_cases(rng):
    oracle = Oracle("counting and integration", _errors_by_counting)
    sizes = ((7, 10), (31, 20), (15, 24), (3, 40), (21, 6), (45, 30))
    cases = [Case({"X": _signs(rng, P, D)}, {"P": P, "D": D}, oracle, "random") for P, D in sizes]
    # Orthogonal patterns: every unit stays; one pattern and its opposites: every unit stays.
    hadamard = np.ones((1, 1))
    for _ in range(3):
        hadamard = np.block([[hadamard, hadamard], [hadamard, -hadamard]])
    scrambled = (hadamard * _signs(rng, 1, 8))[rng.permutation(8)][:5]
    again = _signs(rng, 1, 12) * _signs(rng, 4, 1)
    for X in (scrambled, again):
        cases.append(Case({"X": X}, dict(zip("PD", X.shape, strict=True)), oracle, "quiet"))
    # Fields of exactly zero, also when they are divided by D, a power of two. For a parity of all signs none can be
    # zero; turning one sign gives the other parity.
    X = _signs(rng, 20, 16)
    turned = X.copy()
    turned[0, 0] *= -1
    cases += [Case({"X": some}, {"P": 20, "D": 16}, oracle, "ties") for some in (X, turned)]
    return cases


def _measured(trials):
    return _compare(trials, "measured", "a count of the units")


def _predicted(trials):
    return _compare(trials, "predicted", "the integral over the normal density beyond the signal")


def _compare(trials, name, source):
    """Relative agreement for rates, however small."""
    for trial in trials:
        expected = float(trial.expected[0][2][name])
        if not abs(float(trial.values[name]) - expected) <= 1e-9 + 1e-6 * expected:
            found = float(trial.values[name])
            off = f", {found / expected:.3g} times as much" if expected and np.isfinite(found) else ""
            return f"differs from {source}{off} ({trial.case.about})"
    return None


# Modern network


def _energy_by_torch(xi, X, beta):
    import torch

    xi, X = torch.as_tensor(xi), torch.as_tensor(X)
    lse = torch.logsumexp(beta * torch.einsum("bd,pd->bp", xi, X), 1) / beta
    constant = math.log(len(X)) / beta + X.pow(2).sum(1).max() / 2
    return {"E": (xi.pow(2).sum(1) / 2 - lse + constant).numpy()}


def _energy_when_cold(xi, X, beta):
    """For very large beta only the best fit counts: half a squared distance, up to the lengths of the patterns."""
    best = np.array([max(math.fsum(x * s) for x in X) for s in xi])
    M2 = max(math.fsum(x * x) for x in X)
    return {"E": np.array([math.fsum(s * s) for s in xi]) / 2 - best + M2 / 2 + math.log(len(X)) / beta}


def _modern_energy_cases(rng):
    torch_oracle = Oracle("torch.logsumexp", _energy_by_torch)
    cases = []
    for B, D, P, beta in ((3, 5, 4, 1.0), (1, 7, 3, 0.3), (4, 2, 6, 2.5), (2, 6, 1, 0.7), (5, 3, 8, 0.05)):
        inputs = {"xi": rng.normal(size=(B, D)), "X": rng.normal(size=(P, D)) * rng.uniform(0.5, 2), "beta": beta}
        cases.append(Case(inputs, {"B": B, "D": D, "P": P}, torch_oracle, "values"))
    cold = Oracle("the limit of a cold network", _energy_when_cold)
    for B, D, P in ((3, 4, 6), (2, 5, 3)):
        inputs = {"xi": 3 * rng.normal(size=(B, D)), "X": 4 * rng.normal(size=(P, D)), "beta": 5e4}
        cases.append(Case(inputs, {"B": B, "D": D, "P": P}, cold, "cold"))
    return cases


def _energy_is_bounded(trials):
    """0 <= E inside the ball of the patterns: a property of the whole formula, constants included."""
    for trial in trials:
        given = trial.case.inputs
        M = max(math.sqrt(math.fsum(x * x)) for x in given["X"])
        lowest = 0.5 * np.maximum(np.linalg.norm(given["xi"], axis=1) - M, 0) ** 2
        if np.any(trial.values["E"] < np.where(np.linalg.norm(given["xi"], axis=1) < M, -1e-9, lowest - 1e-9)):
            return f"falls below the bound of eq. hopfield-bounded ({trial.case.about})"
    return None


def _update_by_torch(xi, X, beta):
    import torch

    xi, X = torch.as_tensor(xi), torch.as_tensor(X)
    p = torch.softmax(beta * torch.einsum("bd,pd->bp", xi, X), 1)
    return {"xi": torch.einsum("bp,pd->bd", p, X).numpy()}


def _update_by_differences(xi, X, beta):
    """The update is where the gradient of the energy sends a state: xi - dE/dxi."""

    def total(xi):
        return float(np.sum(_energy_by_torch(xi, X, beta)["E"]))

    return {"xi": xi - central_differences(total, {"xi": xi}, ["xi"])["xi"]}


def _update_limits(xi, X, beta):
    if beta == 0:
        return {"xi": np.tile([math.fsum(column) / len(X) for column in X.T], (len(xi), 1))}
    return {"xi": np.array([max(X, key=lambda x: math.fsum(x * s)) for s in xi])}


def _update_cases(rng):
    by_torch = Oracle("torch.softmax", _update_by_torch)
    slopes = Oracle("finite differences of the energy", _update_by_differences, GRADIENT_TOLERANCE)
    limits = Oracle("the limit", _update_limits)
    cases = []
    for B, D, P, beta, group, oracle in (
        (3, 5, 4, 1.0, "values", by_torch), (1, 7, 3, 0.3, "values", by_torch), (4, 2, 6, 2.5, "values", by_torch),
        (2, 6, 1, 0.7, "values", by_torch), (2, 3, 5, 0.8, "energy", slopes), (3, 4, 2, 1.7, "energy", slopes),
        (3, 4, 6, 0.0, "limits", limits), (2, 5, 3, 1e5, "limits", limits), (4, 3, 7, 1e5, "limits", limits),
    ):  # fmt: skip
        inputs = {"xi": rng.normal(size=(B, D)), "X": 1.5 * rng.normal(size=(P, D)), "beta": beta}
        cases.append(Case(inputs, {"B": B, "D": D, "P": P}, oracle, group))
    return cases


def _layer_by_torch(R, Y, W_Q, W_K, W_V, beta):
    import torch

    R, Y, W_Q, W_K, W_V = map(torch.as_tensor, (R, Y, W_Q, W_K, W_V))
    X = torch.nn.functional.linear(Y, W_K)
    p = torch.softmax(beta * torch.einsum("sd,pd->sp", torch.nn.functional.linear(R, W_Q), X), 1)
    return {"Z": torch.einsum("sp,pd,cd->sc", p, X, W_V).numpy()}


def _layer_cases(rng):
    oracle = Oracle("torch", _layer_by_torch, ATTENTION_TOLERANCE)
    cases = []
    for S, P, A, N, d, C in (
        (3, 5, 4, 2, 6, 7),
        (1, 4, 3, 5, 2, 6),
        (6, 2, 5, 3, 4, 1),
        (2, 7, 1, 4, 3, 5),
        (4, 1, 2, 6, 5, 3),
    ):
        inputs = {
            "R": rng.normal(size=(S, A)),
            "Y": rng.normal(size=(P, N)),
            "W_Q": rng.normal(size=(d, A)) / math.sqrt(A),
            "W_K": rng.normal(size=(d, N)) / math.sqrt(N),
            "W_V": rng.normal(size=(C, d)) / math.sqrt(d),
            "beta": float(rng.uniform(0.2, 1.5)),
        }
        cases.append(Case(inputs, dict(zip("SPANdC", (S, P, A, N, d, C), strict=True)), oracle))
    return cases


def _same_attention(trials):
    """torch's attention of the returned queries, keys and values is the layer."""
    import torch

    for trial in trials:
        Q, K, V = (torch.as_tensor(trial.values[name])[None] for name in "QKV")
        actual = torch.nn.functional.scaled_dot_product_attention(Q, K, V)[0].numpy()
        expected = trial.expected[0][2]["Z"]
        gap = float(np.abs(actual - expected).max())
        if not gap <= ATTENTION_TOLERANCE * max(1.0, float(np.abs(expected).max())):
            return f"attention with your Q, K, V gives another Z, by up to {gap:.2g} ({trial.case.about})"
    return None


hebbian_weights = Check(
    "hebbian_weights", 2, {"W": "D D"}, _hebb_cases,
    [Agrees("one pattern", 1, ["W"], "one"), Agrees("several patterns", 1, ["W"], "several")],
)  # fmt: skip

hopfield_energy = Check(
    "hopfield_energy", 2, {"E": "B"}, _energy_cases,
    [Agrees("couplings", 1, ["E"], "pairs"), Agrees("with thresholds", 1, ["E"], "thresholds")],
)  # fmt: skip

hopfield_recall = Check(
    "hopfield_recall", 4, {"xi": "D", "E": "K+1"}, _recall_cases,
    [
        Agrees("without thresholds", 1, ["xi", "E"], "visits"),
        Agrees("with thresholds", 1, ["xi", "E"], "thresholds"),
        Agrees("fields that are exactly zero", 1, ["xi", "E"], "ties"),
        Holds("comes to rest", 1, _comes_to_rest, "the energy never rises and no unit would turn", "rest", ["xi", "E"]),
    ],
)  # fmt: skip

one_step_error_rate = Check(
    "one_step_error_rate", 3, {"measured": "", "predicted": ""}, _error_cases,
    [
        Holds("measured", 2, _measured, "agrees with a count of the units"),
        Holds("predicted", 1, _predicted, "agrees with the integral over the normal density"),
    ],
)  # fmt: skip

modern_hopfield_energy = Check(
    "modern_hopfield_energy", 3, {"E": "B"}, _modern_energy_cases,
    [
        Agrees("values", 1, ["E"], "values"),
        Agrees("very cold", 1, ["E"], "cold"),
        Holds("bounded", 1, _energy_is_bounded, "stays above its bound", "values", ["E"]),
    ],
)  # fmt: skip

modern_hopfield_update = Check(
    "modern_hopfield_update", 3, {"xi": "B D"}, _update_cases,
    [
        Agrees("values", 1, ["xi"], "values"),
        Agrees("where the energy sends it", 1, ["xi"], "energy"),
        Agrees("very warm and very cold", 1, ["xi"], "limits"),
    ],
)  # fmt: skip

hopfield_as_attention = Check(
    "hopfield_as_attention", 3, {"Q": "S d", "K": "P d", "V": "P C", "Z": "S C"}, _layer_cases,
    [
        Agrees("Z", 1, ["Z"]),
        Holds("Q, K, V", 2, _same_attention, "give the same Z in torch's attention"),
    ],
    unique=False,  # a factor may stand with the queries or with the keys
)  # fmt: skip

# A library's softmax or attention instead of the answer: a person reads it (see autograde.grading.flags).
FLAGS = {"hopfield_as_attention": ("torch.nn", "scaled_dot_product_attention")}
