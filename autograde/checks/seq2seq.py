"""Checks of the unit `seq2seq`: encoder, decoder, loss, and the search for a sentence.

Oracles: torch's RNN with the case's weights, sentence by sentence and without padding; torch.autograd and central
differences; enumeration of all sentences; a beam carried as dense arrays over all prefixes.
"""

import itertools

import numpy as np

from autograde.checking import Agrees, Case, Check, Holds
from autograde.oracles import DIFFERENCES_TOLERANCE, Oracle, central_differences, torch_gradients
from autograde.phrases import END, PAD, START

# Weights carried into torch must give the same states to ten digits.
TORCH_TOLERANCE = 1e-10
# A share of n coins differs from its probability by more than six standard deviations twice in 10^9 draws.
COINS = 6.0

# Words as vectors


def _embed_cases(rng):
    def by_one_hot(words, E):
        return {"x": np.einsum("tbv,vd->tbd", words[:, :, None] == np.arange(len(E)), E)}

    oracle = Oracle("one-hot codes times the table", by_one_hot)
    cases = []
    for T, B, V, D in ((4, 3, 6, 2), (1, 2, 5, 3), (7, 1, 4, 5), (3, 5, 2, 4)):
        inputs = {"words": rng.integers(V, size=(T, B)), "E": rng.normal(size=(V, D))}
        cases.append(Case(inputs, {"T": T, "B": B, "V": V, "D": D}, oracle))
    return cases


def _embed_gradients(words, mask, dx, V):
    """The table's gradient by central differences, and by torch."""
    import torch

    weight = np.where(mask[:, :, None] > 0, dx, 0.0)
    table = np.random.default_rng(words.size).normal(size=(V, dx.shape[2]))
    differences = central_differences(lambda E: float(np.sum(weight * E[words])), {"E": table}, ["E"])["E"]
    rows, upstream = torch.as_tensor(words), torch.as_tensor(weight)
    by_torch = torch_gradients(lambda E: (upstream * torch.nn.functional.embedding(rows, E)).sum(), {"E": table}, ["E"])
    return differences, by_torch["E"]


def _embed_backward_case(rng, T, B, V, D, group, lengths, hidden=(0.0,), words=None):
    mask = (np.arange(T)[:, None] < np.array(lengths)).astype(float)
    words = rng.integers(V, size=(T, B)) if words is None else words
    dx = rng.normal(size=(T, B, D)) * np.exp(rng.normal(size=(T, B, 1)))
    dx = np.where(mask[:, :, None] > 0, dx, rng.choice(hidden, size=dx.shape))

    def compute(words, mask, dx, V):
        differences, by_torch = _embed_gradients(words, mask, dx, V)
        # torch is exact here; it is the answer only where central differences agree with it
        near = np.abs(differences - by_torch) <= DIFFERENCES_TOLERANCE * max(1.0, np.abs(by_torch).max())
        return {"dE": np.where(near, by_torch, np.nan)}

    oracle = Oracle("finite differences and torch", compute)
    return Case(
        {"words": words, "mask": mask, "dx": dx, "V": V}, {"T": T, "B": B, "V": V, "D": D}, oracle, group
    )  # fmt: skip


def _embed_backward_cases(rng):
    odd = (np.nan, np.inf, -3.0)
    scattered = rng.permutation(9)[:4, None] + 0
    return [
        _embed_backward_case(rng, 4, 1, 9, 3, "once", (4,), words=scattered),
        _embed_backward_case(rng, 1, 1, 4, 2, "once", (1,)),
        _embed_backward_case(rng, 6, 4, 5, 3, "repeated", (6, 6, 6, 6)),
        _embed_backward_case(rng, 1, 7, 3, 2, "repeated", (1,) * 7),
        _embed_backward_case(rng, 5, 3, 4, 2, "padded", (5, 2, 1), odd),
        _embed_backward_case(rng, 7, 2, 3, 5, "padded", (4, 0), (1.0, 2.0)),
    ]


# The encoder


def _rnn(D, H, weights):
    """torch.nn.RNN in float64; weights: to the state from the input, from the state, and the bias."""
    import torch

    module = torch.nn.RNN(D, H, dtype=torch.float64)
    with torch.no_grad():
        for name, value in zip(("weight_ih_l0", "weight_hh_l0", "bias_ih_l0"), weights, strict=True):
            getattr(module, name).copy_(torch.as_tensor(value))
        module.bias_hh_l0.zero_()
    return module


def _encoder(rng, V, D, H):
    return {
        "E": rng.normal(size=(V, D)),
        "W_hx": rng.normal(size=(H, D)) / np.sqrt(D),
        "W_hh": rng.normal(size=(H, H)) / np.sqrt(H),
        "b_h": 0.5 * rng.normal(size=H),
    }


def _encode_by_torch(source, mask, E, W_hx, W_hh, b_h):
    """Each sentence alone, without its padding; the states in between repeat."""
    import torch

    S, B = source.shape
    h = np.zeros((S + 1, B, len(b_h)))
    module = _rnn(E.shape[1], len(b_h), (W_hx, W_hh, b_h))
    for b in range(B):
        real = np.flatnonzero(mask[:, b] > 0)
        states = np.zeros((1, len(b_h)))
        if len(real):
            with torch.no_grad():
                states = np.concatenate([states, module(torch.as_tensor(E[source[real, b]]))[0].numpy()])
        h[1:, b] = states[np.cumsum(mask[:, b] > 0)]
    return {"h": h, "context": h[-1]}


def _encode_cases(rng):
    oracle = Oracle("torch.nn.RNN, sentence by sentence", _encode_by_torch, TORCH_TOLERANCE)
    cases = []
    for S, B, V, D, H, group, padding in (
        (5, 3, 7, 2, 4, "whole", None), (1, 2, 4, 3, 5, "whole", None), (6, 1, 5, 4, 2, "whole", None),
        (7, 4, 6, 3, 5, "padded", "behind"), (4, 3, 5, 2, 6, "padded", "front"), (8, 5, 4, 6, 3, "padded", "anywhere"),
        (1, 2, 3, 4, 5, "padded", "first"),
    ):  # fmt: skip
        mask = np.ones((S, B))
        lengths = rng.integers(1, S + 1, size=B)
        if padding == "behind":
            lengths[:2] = 1, S
            mask = (np.arange(S)[:, None] < lengths).astype(float)
        elif padding == "front":
            lengths[:2] = 1, S - 1
            mask = (np.arange(S)[:, None] >= S - lengths).astype(float)
        elif padding == "anywhere":
            mask = (rng.uniform(size=(S, B)) < 0.5).astype(float)
            mask[:, 0] = 0
            mask[1:4, 1] = 1, 0, 1
        elif padding == "first":
            mask[0, 0] = 0
        source = np.where(mask > 0, rng.integers(3, V + 3, size=(S, B)) % V, PAD)
        inputs = {"source": source, "mask": mask, **_encoder(rng, V, D, H)}
        cases.append(Case(inputs, {"S": S, "B": B, "V": V, "D": D, "H": H}, oracle, group))
    return cases


# The decoder


def _decoder(rng, V, D, H):
    return {
        "E": rng.normal(size=(V, D)),
        "W_sx": rng.normal(size=(H, D)) / np.sqrt(D),
        "W_ss": rng.normal(size=(H, H)) / np.sqrt(H),
        "W_sc": rng.normal(size=(H, H)) / np.sqrt(H),
        "b_s": 0.5 * rng.normal(size=H),
        "W_ys": rng.normal(size=(V, H)),
        "b_y": rng.normal(size=V),
    }


def _scores_by_torch(words, context, decoder):
    """Scores (T, V) after each of the words (T,), for one context (H,): torch.nn.RNN hears word and context as one."""
    import torch

    H = len(context)
    W = np.hstack([decoder["W_sx"], decoder["W_sc"]])
    fed = np.hstack([decoder["E"][words], np.tile(context, (len(words), 1))])
    with torch.no_grad():
        s, _ = _rnn(W.shape[1], H, (W, decoder["W_ss"], decoder["b_s"]))(
            torch.as_tensor(fed), torch.as_tensor(context[None].copy())
        )
        return torch.nn.functional.linear(s, *map(torch.as_tensor, (decoder["W_ys"], decoder["b_y"]))).numpy()


def _forced_by_torch(target, context, decoder):
    before = np.vstack([np.full((1, target.shape[1]), START), target])[:-1]
    columns = [_scores_by_torch(before[:, b], context[b], decoder) for b in range(target.shape[1])]
    return {"y": np.stack(columns, axis=1)}


def _forced_cases(rng):
    oracle = Oracle("torch.nn.RNN", _forced_by_torch, TORCH_TOLERANCE)
    cases = []
    for T, B, V, D, H, group in (
        (1, 3, 6, 2, 4, "first"), (1, 1, 5, 3, 2, "first"),
        (5, 3, 7, 2, 4, "several"), (6, 1, 4, 5, 3, "several"), (4, 2, 8, 3, 5, "several"),
        # As many inputs as units: no shape gives a mistake away
        (3, 4, 6, 5, 5, "square"), (25, 2, 5, 3, 3, "square"),
    ):  # fmt: skip
        inputs = {
            "target": rng.integers(V, size=(T, B)),
            "context": rng.uniform(-1, 1, size=(B, H)),
            "decoder": _decoder(rng, V, D, H),
        }
        cases.append(Case(inputs, {"T": T, "B": B, "V": V, "D": D, "H": H}, oracle, group))
    return cases


# The loss of the words


def _nll_by_torch(y, target, weight):
    import torch

    V = y.shape[2]
    kept = weight != 0
    scores = np.where(kept[:, :, None], y, 0.0)
    wanted, upstream = torch.as_tensor(target.reshape(-1)), torch.as_tensor(weight.reshape(-1))

    def loss(scores):
        each = torch.nn.functional.cross_entropy(scores.reshape(-1, V), wanted, reduction="none")
        return (upstream * each).sum()

    with torch.no_grad():
        value = loss(torch.as_tensor(scores)).numpy()
    return {"loss": value, "dy": torch_gradients(loss, {"scores": scores}, ["scores"])["scores"]}


def _nll_by_differences(y, target, weight):
    def loss(y):
        T, B, _ = y.shape
        total = 0.0
        for t, b in itertools.product(range(T), range(B)):
            total += weight[t, b] * np.log(np.sum(np.e ** (y[t, b] - y[t, b, target[t, b]])))
        return total

    return {"loss": loss(y), "dy": central_differences(loss, {"y": y}, ["y"])["y"]}


def _nll_case(rng, T, B, V, lengths, group, oracle, scale=1.0, hidden=(0.0,), uniform=False):
    real = np.arange(T)[:, None] < np.array(lengths)
    weight = np.where(real, 1 / B if uniform else rng.uniform(0.2, 2.0, size=(T, B)), 0.0)
    y = scale * rng.normal(size=(T, B, V))
    return Case(
        {"y": np.where(real[:, :, None], y, rng.choice(hidden, size=y.shape)),
         "target": np.where(real, rng.integers(V, size=(T, B)), PAD), "weight": weight},
        {"T": T, "B": B, "V": V}, oracle, group,
    )  # fmt: skip


def _nll_cases(rng):
    differences = Oracle("finite differences", _nll_by_differences, DIFFERENCES_TOLERANCE)
    torch = Oracle("torch", _nll_by_torch)
    odd = (np.nan, np.inf, -np.inf, 1e300)
    return [
        _nll_case(rng, 4, 3, 5, (4, 4, 4), "plain", differences),
        _nll_case(rng, 1, 2, 3, (1, 1), "plain", differences),
        _nll_case(rng, 5, 2, 4, (5, 5), "plain", torch),
        _nll_case(rng, 3, 4, 6, (3,) * 4, "plain", torch, uniform=True),
        _nll_case(rng, 5, 3, 4, (5, 2, 1), "padded", torch, hidden=odd),
        _nll_case(rng, 4, 5, 3, (1, 4, 2, 0, 3), "padded", torch, hidden=odd),
        _nll_case(rng, 5, 3, 4, (2, 5, 3), "padded", differences),
        _nll_case(rng, 4, 3, 7, (4, 4, 4), "large", torch, scale=3000.0),
        _nll_case(rng, 3, 4, 5, (3, 1, 2, 3), "large", torch, scale=400.0),
    ]


# Scheduled sampling


def _scheduled_cases(rng):
    cases = []
    for T, B, epsilon, group in (
        (5, 3, 1.0, "certain"), (6, 4, 0.0, "certain"), (1, 2, 0.5, "certain"), (1, 3, 0.0, "certain"),
        (50, 50, 0.7, "coins"), (40, 60, 0.5, "coins"), (50, 50, 0.25, "coins"),
    ):  # fmt: skip
        V = 10_000  # so that target and own hardly ever agree
        target, own = rng.integers(3, V, size=(2, T, B))
        own = np.where(own == target, own + 1, own)
        inputs = {"target": target, "own": own, "epsilon": epsilon, "rng": np.random.default_rng(rng.integers(2**32))}
        cases.append(Case(inputs, {"T": T, "B": B}, group=group))
    return [*cases, cases[-1]]  # once more from the same state of the generator


def _certain(trials):
    for trial in trials:
        given, inputs = trial.case.inputs, trial.values["inputs"]
        about = f"({trial.case.about}, epsilon={given['epsilon']:g})"
        if not np.all(inputs[0] == START):
            return f"the first input is not START {about}"
        before = given["target"] if given["epsilon"] == 1 else given["own"]
        if not np.array_equal(inputs[1:], before[:-1]):
            return f"the inputs are not the words before {about}"
    return None


def _coins(trials):
    for trial in trials:
        given, inputs = trial.case.inputs, trial.values["inputs"]
        about = f"({trial.case.about}, epsilon={given['epsilon']:g})"
        right, own = (inputs[1:] == given[name][:-1] for name in ("target", "own"))
        if not np.all(inputs[0] == START) or not np.all(right | own):
            return f"an input is neither START at the first step nor one of the two words before {about}"
        epsilon, n = given["epsilon"], right.size
        if abs(right.mean() - epsilon) > COINS * np.sqrt(epsilon * (1 - epsilon) / n):
            return f"the right word is fed in a share of {right.mean():.2f} {about}"
        if np.any(right.all(axis=1) | own.all(axis=1)):
            return f"all sentences share a coin at some step {about}"
        if np.any(right.all(axis=0) | own.all(axis=0)):
            return f"a sentence has one coin for all its steps {about}"
    first, _, last, again = (trial.values["inputs"] for trial in trials)
    if not np.array_equal(last, again):
        return "the same generator gave other coins: all randomness must come from rng"
    taught = first[1:] == trials[0].case.inputs["target"][:-1]
    late = last[1:] == trials[2].case.inputs["target"][:-1]
    # Two thresholds on the same numbers differ in one direction only; coins of two generators differ in both
    if not np.any(late & ~taught):
        return "two generators gave the same coins: all randomness must come from rng"
    return None


# Greedy decoding


def _greedy_by_torch(context, longest, decoder):
    """Sentence by sentence, and at each step the whole prefix anew."""
    B = len(context)
    words, log_p = np.full((longest, B), PAD), np.zeros(B)
    for b in range(B):
        said = [START]
        while len(said) <= longest and said[-1] != END:
            y = _scores_by_torch(np.array(said), context[b], decoder)[-1]
            said.append(int(np.flatnonzero(y == y.max())[0]))
            log_p[b] -= np.logaddexp.reduce(y - y[said[-1]])
        words[: len(said) - 1, b] = said[1:]
    return {"words": words, "log_p": log_p}


def _greedy_cases(rng):
    oracle = Oracle("torch.nn.RNN, sentence by sentence", _greedy_by_torch, TORCH_TOLERANCE)
    cases = []
    for T, B, V, D, H, group in (
        (6, 3, 7, 2, 4, "endless"), (1, 2, 6, 3, 5, "endless"), (9, 1, 8, 4, 3, "endless"), (5, 4, 9, 3, 2, "endless"),
        (12, 6, 7, 3, 5, "ending"), (8, 9, 6, 2, 4, "ending"), (15, 5, 5, 4, 6, "ending"),
    ):  # fmt: skip
        for _ in range(500):
            decoder, context = _decoder(rng, V, D, H), rng.uniform(-1, 1, size=(B, H))
            decoder["W_ys"] *= 2
            decoder["b_y"][[PAD, START]] = -60.0  # words that are never said
            decoder["b_y"][END] = -60.0 if group == "endless" else decoder["b_y"][END]
            if group == "endless" or len(set(_quick_ends(context, T, decoder))) >= 3:
                break
        inputs = {"context": context, "longest": T, "decoder": decoder}
        cases.append(Case(inputs, {"T": T, "B": B, "V": V, "D": D, "H": H}, oracle, group))
    return cases


def _quick_ends(context, longest, decoder):
    """The step at which each sentence ends, with which the cases are chosen: they are to end at different times."""
    s, word, ends = context, np.full(len(context), START), np.full(len(context), longest)
    fixed = context @ decoder["W_sc"].T + decoder["b_s"]
    for t in range(longest):
        s = np.tanh(fixed + decoder["E"][word] @ decoder["W_sx"].T + s @ decoder["W_ss"].T)
        word = np.argmax(s @ decoder["W_ys"].T + decoder["b_y"], axis=1)
        ends = np.where(word == END, np.minimum(ends, t), ends)
    return ends.tolist()


# Beam search


def _tables(rng, T, V, sharpness=2.0):
    tables = []
    for t in range(1, T + 1):
        scores = sharpness * rng.normal(size=(V,) * t)
        tables.append(scores - np.logaddexp.reduce(scores, axis=-1, keepdims=True))
    return tables


def _sentences(tables, end):
    """All sentences and their log-probabilities, by enumeration."""
    V, T = len(tables[0]), len(tables)
    for L in range(1, T + 1):
        for words in itertools.product(range(V), repeat=L):
            if end in words[:-1] or (L < T and words[-1] != end):
                continue
            yield words, sum(tables[t][words[: t + 1]] for t in range(L))


def _answer(words, log_p, T, alpha):
    shown = np.full(T, -1)
    shown[: len(words)] = words
    return {"words": shown, "log_p": log_p, "score": log_p / len(words) ** alpha}


def _exhaustive(tables, K, alpha, end):
    found = max(_sentences(tables, end), key=lambda pair: pair[1] / len(pair[0]) ** alpha)
    return _answer(*found, len(tables), alpha)


def _always_the_likeliest(tables, K, alpha, end):
    words, log_p = (), 0.0
    while len(words) < len(tables) and (not words or words[-1] != end):
        step = tables[len(words)][words]
        words, log_p = (*words, int(np.argmax(step))), log_p + float(np.max(step))
    return _answer(words, log_p, len(tables), alpha)


def _dense_beam(tables, K, alpha, end):
    """The beam as one array per length, over all prefixes; those outside it are at minus infinity."""
    T, V = len(tables), len(tables[0])
    total, candidates = np.zeros(()), []
    for t in range(T):
        total = total[..., None] + tables[t]
        threshold = np.sort(total, axis=None)[::-1][min(K, total.size) - 1]
        total = np.where(total >= threshold, total, -np.inf)
        ends = np.broadcast_to((np.arange(V) == end) | (t == T - 1), total.shape) & np.isfinite(total)
        candidates += [(tuple(map(int, w)), float(total[tuple(w)])) for w in np.argwhere(ends)]
        total = np.where(ends, -np.inf, total)
        if not np.isfinite(total).any():
            break
    found = max(candidates, key=lambda pair: pair[1] / len(pair[0]) ** alpha)
    return _answer(*found, T, alpha)


def _missed_by_two():
    """The chapter's table: width 2 finds .136 where the best is .245."""
    with np.errstate(divide="ignore"):
        return [
            np.log([0.4, 0.35, 0.25]),
            np.log([[0.34, 0.33, 0.33], [0.33, 0.36, 0.31], [0.98, 0.01, 0.01]]),
        ]


def _likely_word_in_an_unlikely_sentence():
    """A width of 2 keeps 00 and 01, at .25 and .225, although 10 ends on a likelier word: .6, in all .18."""
    third = np.full((3, 3, 3), [0.5, 0.3, 0.2])
    third[0, :2] = [[0.34, 0.33, 0.33], [0.98, 0.01, 0.01]]
    return [
        np.log([0.5, 0.3, 0.2]),
        np.log([[0.5, 0.45, 0.05], [0.6, 0.2, 0.2], [0.4, 0.3, 0.3]]),
        np.log(third),
    ]


def _two_words_with_the_end():
    """With alpha = 1 and the end (word 1) counted, 01 at log(.3)/2 beats 1 at log(.5), and all that is longer."""
    return [np.log([0.5, 0.5]), np.log([[0.4, 0.6], [0.5, 0.5]]), np.log(np.full((2, 2, 2), [0.55, 0.45]))]


def _differs(tables, K, alpha, end, from_alpha=None):
    """Whether a beam of this width finds another sentence than a narrower and a wider one, or than with from_alpha."""
    here = _dense_beam(tables, K, alpha, end)["words"]
    if from_alpha is not None:
        other = [_dense_beam(tables, K, from_alpha, end)]
    else:
        other = [_dense_beam(tables, width, alpha, end) for width in (max(1, K - 1), 4 * K)]
    return all(not np.array_equal(here, o["words"]) for o in other)


def _ends_outside(rng):
    """A table on which ending at once (word 1) would be best in the end, but is not the best of the first step."""
    later = np.array([0.36, 0.33, 0.31]) + rng.uniform(-0.01, 0.01, size=(3, 3, 3))
    return [np.log(p / p.sum(axis=-1, keepdims=True)) for p in (np.array([0.5, 0.3, 0.2]), later[0], later)]


def _short_wins(tables, K, alpha, end):
    return _dense_beam(tables, K, alpha, end)["words"][-1] == -1


def _chosen_tables(rng, T, V, wanted, end=None):
    for _ in range(60):
        tables = _tables(rng, T, V)
        if end is not None:
            tables = _ending(tables, end)
        if wanted(tables):
            break
    return tables


def _ending(tables, end):
    """The same with the word `end` neither rare nor certain: a probability of about one third."""
    changed = []
    for table in tables:
        scores = table.copy()
        scores[..., end] = np.logaddexp.reduce(np.delete(scores, end, axis=-1), axis=-1) - 0.7
        changed.append(scores - np.logaddexp.reduce(scores, axis=-1, keepdims=True))
    return changed


def _beam_case(tables, K, alpha, end, oracle, group):
    inputs = {"tables": tables, "K": K, "alpha": alpha, "end": end}
    return Case(inputs, {"T": len(tables), "V": len(tables[0]), "K": K}, oracle, group)


def _beam_cases(rng):
    greedy = Oracle("the likeliest word at every step", _always_the_likeliest)
    every = Oracle("all sentences, one by one", _exhaustive)
    dense = Oracle("a beam over all prefixes", _dense_beam)
    cases = []
    for T, V, K in ((1, 5, 1), (4, 3, 1), (5, 4, 1)):
        cases.append(_beam_case(_tables(rng, T, V), K, 0.0, -1, greedy, "edges"))
    for T, V in ((2, 5), (4, 3), (5, 2)):
        cases.append(_beam_case(_tables(rng, T, V, 1.0), V**T, 0.0, -1, every, "edges"))
    cases.append(_beam_case(_missed_by_two(), 2, 0.0, -1, dense, "narrow"))
    cases.append(_beam_case(_missed_by_two(), 3, 0.0, -1, every, "narrow"))
    cases.append(_beam_case(_likely_word_in_an_unlikely_sentence(), 2, 0.0, -1, dense, "narrow"))
    for T, V, K in ((4, 5, 2), (5, 4, 3), (6, 3, 2)):
        tables = _chosen_tables(rng, T, V, lambda tables, K=K: _differs(tables, K, 0.0, -1))
        cases.append(_beam_case(tables, K, 0.0, -1, dense, "narrow"))
    zero = [np.where(table < np.quantile(table, 0.3), -np.inf, table) for table in _tables(rng, 4, 4)]
    zero = [table - np.logaddexp.reduce(table, axis=-1, keepdims=True) for table in _revived(zero)]
    cases.append(_beam_case(zero, 200, 0.0, -1, every, "narrow"))
    for T, V, K, end in ((4, 4, 3, 2), (5, 3, 2, 0), (3, 5, 4, 4), (6, 3, 3, 1)):
        tables = _chosen_tables(rng, T, V, lambda tables, K=K, end=end: _differs(tables, K, 0.0, end), end)
        cases.append(_beam_case(tables, K, 0.0, end, dense, "ending"))
    cases.append(_beam_case(_ends_outside(rng), 1, 0.0, 1, dense, "ending"))
    cases.append(_beam_case(_ending(_tables(rng, 4, 3), 2), 200, 0.0, 2, every, "ending"))
    for T, V, K, end, alpha in ((5, 3, 4, 2, 1.0), (4, 4, 3, 0, 0.6), (6, 3, 3, 1, 0.8)):
        tables = _chosen_tables(
            rng, T, V, lambda tables, K=K, end=end, a=alpha: _differs(tables, K, a, end, from_alpha=0.0), end
        )
        cases.append(_beam_case(tables, K, alpha, end, dense, "normalised"))
    tables = _chosen_tables(rng, 5, 3, lambda tables: _short_wins(tables, 2, 0.7, 0), 0)
    cases.append(_beam_case(tables, 2, 0.7, 0, dense, "normalised"))
    cases.append(_beam_case(_two_words_with_the_end(), 3, 1.0, 1, dense, "normalised"))
    cases.append(_beam_case(_ending(_tables(rng, 4, 3), 1), 200, 0.7, 1, every, "normalised"))
    return cases


def _revived(tables):
    """Where every next word had become impossible, all are equally likely."""
    dead = [np.all(np.isneginf(table), axis=-1, keepdims=True) for table in tables]
    return [np.where(d, 0.0, table) for d, table in zip(dead, tables, strict=True)]


def _trap_cases(rng):
    return [Case({}, {"V": 3})]


def _defeats(trials):
    given = [trials[0].values[name] for name in ("first", "second", "third")]
    for name, table in zip(("first", "second", "third"), given, strict=True):
        if not np.all(np.isfinite(table)) or np.any(table < 0) or np.any(np.abs(table.sum(axis=-1) - 1) > 1e-9):
            return f"{name} does not hold probabilities: numbers from 0 on, the last axis summing to 1"
    with np.errstate(divide="ignore"):
        tables = [np.log(table) for table in given]
    total = np.ones(())
    for t, table in enumerate(given):
        total = total[..., None] * table
        ranked = np.sort(total, axis=None)[::-1]
        if ranked[1] < 1.01 * ranked[2]:
            return f"at step {t + 1} the second and the third extension are too close to call"
        total = np.where(total >= ranked[1], total, 0.0)
    found, best = float(total.max()), float(np.exp(_exhaustive(tables, 0, 0.0, -1)["log_p"]))
    if best < 2 * found:
        return f"a beam of width 2 finds a sentence of probability {found:.3f}; the best has {best:.3f}"
    return None


embed = Check("embed", 1, {"x": "T B D"}, _embed_cases, [Agrees("rows of the table", 1, ["x"])])

embed_backward = Check(
    "embed_backward", 2, {"dE": "V D"}, _embed_backward_cases,
    [
        Agrees("each word once", 0.5, ["dE"], "once"),
        Agrees("repeated words", 1, ["dE"], "repeated"),
        Agrees("with padding", 0.5, ["dE"], "padded"),
    ],
)  # fmt: skip

encode = Check(
    "encode", 2, {"h": "S+1 B H", "context": "B H"}, _encode_cases,
    [
        Agrees("without padding", 1, ["h", "context"], "whole"),
        Agrees("with padding", 1, ["h", "context"], "padded"),
    ],
)  # fmt: skip

decode_teacher_forced = Check(
    "decode_teacher_forced", 3, {"y": "T B V"}, _forced_cases,
    [
        Agrees("the first step", 1, ["y"], "first"),
        Agrees("several steps", 1, ["y"], "several"),
        Agrees("square weights, long", 1, ["y"], "square"),
    ],
)  # fmt: skip

token_nll_and_grad = Check(
    "token_nll_and_grad", 3, {"loss": "", "dy": "T B V"}, _nll_cases,
    [
        Agrees("loss", 0.5, ["loss"], "plain"),
        Agrees("gradient", 1, ["dy"], "plain"),
        Agrees("with padding", 1, ["loss", "dy"], "padded"),
        Agrees("large scores", 0.5, ["loss", "dy"], "large"),
    ],
)  # fmt: skip

scheduled_inputs = Check(
    "scheduled_inputs", 2, {"inputs": "T B"}, _scheduled_cases,
    [
        Holds("epsilon 0 and 1", 1, _certain, "the words before, START first", "certain"),
        Holds("a coin for every word", 1, _coins, "independent, with the right share", "coins"),
    ],
    unique=False,
)  # fmt: skip

greedy_decode = Check(
    "greedy_decode", 2, {"words": "T B", "log_p": "B"}, _greedy_cases,
    [
        Agrees("sentences without END", 1, ["words", "log_p"], "endless"),
        Agrees("sentences that end", 1, ["words", "log_p"], "ending"),
    ],
)  # fmt: skip

beam_search = Check(
    "beam_search", 4, {"words": "T", "log_p": "", "score": ""}, _beam_cases,
    [
        Agrees("width 1, and all", 1, ["words", "log_p", "score"], "edges"),
        Agrees("narrow beams", 1, ["words", "log_p", "score"], "narrow"),
        Agrees("sentences that end", 1, ["words", "log_p", "score"], "ending"),
        Agrees("length normalisation", 1, ["words", "log_p", "score"], "normalised"),
    ],
)  # fmt: skip

beam_trap = Check(
    "beam_trap", 1, {"first": "V", "second": "V V", "third": "V V V"}, _trap_cases,
    [Holds("width 2 misses the best", 1, _defeats, "by a factor of two")],
    unique=False,
)  # fmt: skip
