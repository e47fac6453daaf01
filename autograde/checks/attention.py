"""Checks of the unit `attention`: weights, scores, masks, heads, positions, the Transformer block, random features.

Oracles: torch's own attention, `nn.MultiheadAttention` and `nn.TransformerEncoderLayer` with the case's weights loaded
into them, torch's automatic differentiation, central differences, complex exponentials, and sums over single entries.
"""

import numpy as np

from autograde.checking import Agrees, Case, Check, Holds
from autograde.oracles import DIFFERENCES_TOLERANCE, Oracle, central_differences, torch_gradients

# Weights carried into torch must give the same outputs and gradients to ten digits.
TORCH_TOLERANCE = 1e-10
# What may not be seen holds numbers of this size: a mask that subtracts a mere thousand lets them through.
UNSEEN = 1e6


def _torch(*arrays):
    import torch

    return [torch.as_tensor(np.asarray(array, dtype=float)) for array in arrays]


def _random_mask(rng, T, B, S, share=0.6):
    """Each query sees at least one key, and somewhere one does not see another."""
    mask = (rng.uniform(size=(T, B, S)) < share).astype(float)
    t, b = np.meshgrid(np.arange(T), np.arange(B), indexing="ij")
    mask[t, b, rng.integers(S, size=(T, B))] = 1.0
    return mask


# Softmax under a mask


def _entry_by_entry(scores, mask):
    """Each weight as one over a sum of differences; what may not be seen is left out of the row."""
    alpha = np.zeros(scores.shape)
    for row in np.ndindex(scores.shape[:-1]):
        seen = np.flatnonzero(mask[row])
        for j in seen:
            alpha[(*row, j)] = np.exp(-np.logaddexp.reduce(scores[row][seen] - scores[row][j]))
    return {"alpha": alpha}


def _softmax_cases(rng):
    oracle = Oracle("the sum over what may be seen", _entry_by_entry)
    cases = []
    for shape, names, scale, group in (
        ((3, 2, 5), "TBS", 1, "open"), ((4, 6), "BS", 2, "open"), ((7,), "S", 1, "open"), ((2, 3, 1), "TBS", 1, "open"),
        ((2, 3, 4, 5), "TBNS", 1.5, "open"), ((4, 3, 6), "TBS", 1, "masked"), ((5, 4), "BS", 2, "masked"),
        ((3, 4, 4), "TBS", 1, "masked"), ((3, 2, 5), "TBS", 3000, "large"), ((6, 4), "BS", 5000, "large"),
        ((4, 3, 5), "TBS", 1, "hostile"), ((3, 6), "BS", 800, "hostile"),
    ):  # fmt: skip
        scores, mask = scale * rng.normal(size=shape), np.ones(shape)
        if group in ("masked", "hostile"):
            mask = _random_mask(rng, 1, int(np.prod(shape[:-1])), shape[-1])[0].reshape(shape)
            scores[mask == 0] = UNSEEN * rng.normal(size=int(np.sum(mask == 0)))
        if group == "hostile":
            unseen = np.argwhere(mask == 0)
            for value, at in zip((np.nan, np.inf, -np.inf), unseen, strict=False):
                scores[tuple(at)] = value
            mask[(0,) * (len(shape) - 1)] = 0.0  # here nothing may be seen
        cases.append(Case({"scores": scores, "mask": mask}, dict(zip(names, shape, strict=True)), oracle, group))
    return cases


# Pooling


def _pooled(x, scores, mask):
    import torch

    T, B, D = x.shape
    alpha, a = np.zeros((T, B)), np.zeros((B, D))
    for b in range(B):
        real = mask[:, b] > 0
        values, fit = _torch(x[real, b], scores[real, b])
        weight = torch.softmax(fit, dim=0)
        alpha[real, b], a[b] = weight.numpy(), (weight @ values).numpy()
    return {"alpha": alpha, "a": a}


def _pool_cases(rng):
    oracle = Oracle("torch, sequence by sequence", _pooled)
    cases = []
    for T, B, D, group in (
        (5, 3, 2, "whole"), (1, 2, 4, "whole"), (4, 4, 3, "whole"), (3, 5, 1, "whole"),
        (6, 4, 3, "padded"), (5, 5, 2, "padded"), (4, 2, 5, "padded"),
    ):  # fmt: skip
        x, scores, mask = rng.normal(size=(T, B, D)), 2 * rng.normal(size=(T, B)), np.ones((T, B))
        if group == "padded":
            lengths = np.concatenate([[1, T - 1], rng.integers(1, T + 1, size=B - 2)])
            mask = (np.arange(T)[:, None] < lengths).astype(float)
            x[mask == 0], scores[mask == 0] = UNSEEN, 50.0
            x[-1, 0], scores[-1, 0] = np.nan, np.nan
        cases.append(Case({"x": x, "scores": scores, "mask": mask}, {"T": T, "B": B, "D": D}, oracle, group))
    return cases


# Additive scores


def _additive_by_torch(s, h, mask, W_as, W_ah, u):
    """One pair of states at a time, as one linear layer on both."""
    import torch
    from torch.nn.functional import linear

    s, h, real, both, u = _torch(s, h, mask, np.concatenate([W_as, W_ah], axis=1), u)
    (T, B, _), S = s.shape, len(h)
    scores = torch.full((T, B, S), -torch.inf, dtype=s.dtype)
    for t, b, j in np.ndindex(T, B, S):
        if real[j, b] > 0:
            scores[t, b, j] = torch.dot(u, torch.tanh(linear(torch.cat([s[t, b], h[j, b]]), both)))
    alpha = torch.softmax(scores, dim=2)
    return {"alpha": alpha.numpy(), "a": torch.einsum("tbj,jbd->tbd", alpha, h).numpy()}


def _additive_cases(rng):
    oracle = Oracle("torch", _additive_by_torch, TORCH_TOLERANCE)
    cases = []
    for T, S, B, H, D, A, group in (
        (2, 5, 3, 4, 6, 7, "whole"), (1, 3, 2, 5, 4, 6, "whole"), (3, 1, 2, 4, 5, 2, "whole"),
        (3, 3, 3, 3, 3, 3, "square"), (4, 4, 4, 4, 4, 4, "square"),
        (3, 6, 4, 2, 5, 7, "padded"), (2, 4, 4, 3, 6, 5, "padded"), (4, 4, 4, 3, 3, 3, "padded"),
    ):  # fmt: skip
        s, h, mask = rng.normal(size=(T, B, H)), rng.normal(size=(S, B, D)), np.ones((S, B))
        if group == "padded":
            lengths = np.concatenate([[1, S - 1], rng.integers(1, S + 1, size=B - 2)])
            mask = (np.arange(S)[:, None] < lengths).astype(float)
            h[mask == 0] = UNSEEN * rng.normal(size=(int(np.sum(mask == 0)), D))
        weights = {"W_as": rng.normal(size=(A, H)), "W_ah": rng.normal(size=(A, D)), "u": 2 * rng.normal(size=A)}
        sizes = {"T": T, "B": B, "S": S, "H": H, "D": D, "A": A}
        cases.append(Case({"s": s, "h": h, "mask": mask, **weights}, sizes, oracle, group))
    return cases


# Masks


def _who_sees_whom(real, causal):
    T, B = real.shape
    pairs = [(t, b, j) for t, b, j in np.ndindex(T, B, T) if real[j, b] > 0 and not (causal and j > t)]
    mask = np.zeros((T, B, T))
    mask[tuple(np.array(pairs).T)] = 1.0
    return {"mask": mask}


def _mask_cases(rng):
    oracle = Oracle("the rule, pair by pair", _who_sees_whom)
    cases = []
    for T, B, causal, padded, group in (
        (5, 3, False, True, "padding"), (4, 4, False, True, "padding"), (3, 2, False, False, "padding"),
        (5, 2, True, False, "causal"), (1, 3, True, False, "causal"), (6, 4, True, True, "causal"),
        (4, 4, True, True, "causal"),
    ):  # fmt: skip
        lengths = rng.integers(1, T, size=B) if padded else np.full(B, T)
        real = (np.arange(T)[:, None] < lengths).astype(float)
        cases.append(Case({"real": real, "causal": causal}, {"T": T, "B": B}, oracle, group))
    return cases


# Scaled dot products


def _attention_of_torch(q, k, v, mask):
    """torch's own function on tensors, batch first; a query that sees nothing gets zeros."""
    from torch.nn.functional import scaled_dot_product_attention as attend

    batch_first = (z.transpose(0, 1) for z in (q, k, v))
    return attend(*batch_first, attn_mask=mask.transpose(0, 1) > 0).transpose(0, 1)


def _scaled_by_torch(q, k, v, mask):
    """The output from torch; the weights are what it gives for the identity as values."""
    S, B = k.shape[:2]
    each = np.repeat(np.eye(S)[:, None], B, axis=1)
    q, k, v, mask, each = _torch(q, k, v, mask, each)
    return {"alpha": _attention_of_torch(q, k, each, mask).numpy(), "a": _attention_of_torch(q, k, v, mask).numpy()}


def _attention_inputs(rng, T, S, B, D, H, group):
    q, k, v = (rng.normal(size=shape) for shape in ((T, B, D), (S, B, D), (S, B, H)))
    mask = np.ones((T, B, S))
    if group in ("masked", "nothing"):
        mask = _random_mask(rng, T, B, S)
        mask[:, :, -1] = 0.0  # the last key is for nobody, and holds anything
        mask[:, :, 0] = 1.0
        k[-1], v[-1] = 1e3 * rng.normal(size=(B, D)), UNSEEN
    if group == "nothing":
        mask[0, 0] = mask[-1, -1] = 0.0
    if group == "large":
        q, k = 60 * q, 60 * k
    return {"q": q, "k": k, "v": v, "mask": mask}


def _attention_sizes(T, S, B, D, H):
    return {"T": T, "B": B, "S": S, "D": D, "H": H}


def _scaled_cases(rng):
    oracle = Oracle("torch", _scaled_by_torch, TORCH_TOLERANCE)
    return [
        Case(_attention_inputs(rng, *sizes, group), _attention_sizes(*sizes), oracle, group)
        for *sizes, group in (
            (2, 5, 3, 4, 6, "open"), (1, 4, 2, 3, 5, "open"), (3, 1, 2, 5, 4, "open"), (4, 4, 4, 4, 4, "open"),
            (3, 5, 2, 16, 4, "large"), (4, 6, 3, 2, 5, "large"),
            (3, 6, 2, 5, 4, "masked"), (5, 4, 3, 2, 6, "masked"), (4, 4, 4, 4, 4, "masked"),
            (4, 3, 2, 6, 5, "nothing"), (3, 5, 4, 2, 6, "nothing"),
        )
    ]  # fmt: skip


# Its gradient


def _backward_case(rng, T, S, B, D, H, group, source):
    inputs = _attention_inputs(rng, T, S, B, D, H, "open" if group == "square" else group)
    da = rng.normal(size=(T, B, H)) * rng.uniform(0.3, 2, size=(T, 1, 1))
    wanted = ("q", "k", "v")

    def by_torch(mask, **_):
        import torch

        def loss(q, k, v, mask):
            return (_attention_of_torch(q, k, v, mask) * torch.as_tensor(da)).sum()

        return {f"d{n}": g for n, g in torch_gradients(loss, inputs, wanted).items()}

    def by_differences(**_):
        def loss(**moved):
            return float(np.sum(_attention_of_torch(*_torch(*moved.values())).numpy() * da))

        return {f"d{n}": g for n, g in central_differences(loss, inputs, wanted).items()}

    oracle = {
        "torch": Oracle("torch", by_torch, TORCH_TOLERANCE),
        "differences": Oracle("finite differences", by_differences, DIFFERENCES_TOLERANCE),
    }[source]
    return Case({**inputs, "da": da}, _attention_sizes(T, S, B, D, H), oracle, group)


def _backward_cases(rng):
    return [
        _backward_case(rng, *sizes, group, source)
        for *sizes, group, source in (
            (2, 3, 1, 2, 4, "open", "differences"), (1, 3, 2, 4, 2, "open", "torch"), (6, 4, 3, 5, 2, "open", "torch"),
            (3, 1, 2, 4, 5, "open", "torch"), (4, 4, 4, 4, 4, "square", "torch"), (9, 9, 2, 9, 9, "square", "torch"),
            (2, 4, 1, 3, 2, "masked", "differences"), (4, 6, 3, 5, 2, "masked", "torch"),
            (5, 3, 2, 4, 6, "nothing", "torch"), (3, 4, 2, 6, 5, "nothing", "torch"),
        )
    ]  # fmt: skip


# Several heads


def _multi_head_by_torch(x, y, mask, W_qkv, b_qkv, W_o, b_o, heads):
    import torch

    layer = torch.nn.MultiheadAttention(x.shape[2], heads, dtype=torch.float64)
    state = {"in_proj_weight": W_qkv, "in_proj_bias": b_qkv, "out_proj.weight": W_o, "out_proj.bias": b_o}
    layer.load_state_dict({name: _torch(value)[0] for name, value in state.items()})
    hidden = torch.as_tensor(mask == 0).transpose(0, 1).repeat_interleave(heads, dim=0)
    x, y = _torch(x, y)
    with torch.no_grad():
        out, alpha = layer(x, y, y, attn_mask=hidden, average_attn_weights=False)
    return {"alpha": alpha.permute(2, 0, 1, 3).numpy(), "out": out.numpy()}


def _attention_weights(rng, D):
    return {
        "W_qkv": 1.5 * rng.normal(size=(3 * D, D)) / np.sqrt(D),
        "b_qkv": 0.7 * rng.normal(size=3 * D),
        "W_o": rng.normal(size=(D, D)) / np.sqrt(D),
        "b_o": rng.normal(size=D),
    }


def _multi_head_cases(rng):
    oracle = Oracle("torch.nn.MultiheadAttention", _multi_head_by_torch, TORCH_TOLERANCE)
    cases = []
    for T, S, B, D, N, group in (
        (2, 4, 3, 5, 1, "one"), (1, 3, 2, 4, 1, "one"), (5, 5, 4, 3, 1, "one"),
        (3, 5, 4, 6, 2, "several"), (4, 3, 2, 12, 3, "several"), (1, 2, 3, 8, 4, "several"), (2, 4, 3, 6, 6, "several"),
        (3, 4, 2, 6, 3, "masked"), (5, 3, 4, 8, 2, "masked"), (4, 4, 3, 12, 4, "masked"),
    ):  # fmt: skip
        x, y = rng.normal(size=(T, B, D)), rng.normal(size=(S, B, D))
        mask = np.ones((T, B, S))
        if group == "masked":
            mask = _random_mask(rng, T, B, S, 0.5)
            mask[:, 0, -1], mask[:, 0, 0] = 0.0, 1.0
            y[-1, 0] = 1e3 * rng.normal(size=D)
        sizes = {"T": T, "B": B, "S": S, "D": D, "N": N}
        inputs = {"x": x, "y": y, "mask": mask, **_attention_weights(rng, D), "heads": N}
        cases.append(Case(inputs, sizes, oracle, group))
    return cases


# Positions


def _turning(T, D):
    """Each pair of entries as a complex number that turns by a fixed angle from place to place."""
    turn = np.exp(1j * 1e4 ** (-2 * np.arange(D // 2) / D))
    places = np.cumprod(np.concatenate([np.ones((1, D // 2), complex), np.tile(turn, (T - 1, 1))]), axis=0)
    P = np.empty((T, D))
    P[:, 0::2], P[:, 1::2] = places.imag, places.real
    return {"P": P}


def _position_cases(rng):
    oracle = Oracle("complex numbers that turn", _turning)
    sizes = [(5, 8), (1, 4), (7, 2), (40, 6), (int(rng.integers(8, 30)), 2 * int(rng.integers(5, 12)))]
    return [Case({"T": T, "D": D}, {"T": T, "D": D}, oracle) for T, D in sizes]


# The block

IN_TORCH = {
    "W_qkv": "self_attn.in_proj_weight", "b_qkv": "self_attn.in_proj_bias",
    "W_o": "self_attn.out_proj.weight", "b_o": "self_attn.out_proj.bias",
    "W_1": "linear1.weight", "b_1": "linear1.bias", "W_2": "linear2.weight", "b_2": "linear2.bias",
    "gain_1": "norm1.weight", "shift_1": "norm1.bias", "gain_2": "norm2.weight", "shift_2": "norm2.bias",
}  # fmt: skip


def _block_by_torch(x, mask, block, heads, norm):
    import torch

    D, F = x.shape[2], len(block["b_1"])
    layer = torch.nn.TransformerEncoderLayer(D, heads, F, dropout=0.0, norm_first=norm == "before", dtype=torch.float64)
    layer.load_state_dict({IN_TORCH[name]: _torch(value)[0] for name, value in block.items()})
    hidden = torch.as_tensor(mask == 0).transpose(0, 1).repeat_interleave(heads, dim=0)
    with torch.no_grad():
        return {"out": layer(_torch(x)[0], src_mask=hidden).numpy()}


def _block_cases(rng):
    oracle = Oracle("torch.nn.TransformerEncoderLayer", _block_by_torch, TORCH_TOLERANCE)
    cases = []
    for T, B, D, F, N, norm in (
        (3, 2, 4, 7, 2, "after"), (1, 3, 6, 5, 3, "after"), (5, 4, 6, 9, 2, "after"), (4, 3, 8, 6, 4, "after"),
        (4, 2, 6, 5, 3, "before"), (1, 3, 4, 7, 2, "before"), (5, 3, 4, 8, 1, "before"), (3, 5, 8, 10, 2, "before"),
    ):  # fmt: skip
        block = {
            **_attention_weights(rng, D),
            "W_1": rng.normal(size=(F, D)) / np.sqrt(D),
            "b_1": 0.5 * rng.normal(size=F),
            "W_2": rng.normal(size=(D, F)) / np.sqrt(F),
            "b_2": 0.5 * rng.normal(size=D),
        }
        for i in (1, 2):
            block[f"gain_{i}"], block[f"shift_{i}"] = rng.uniform(0.5, 2, size=D), rng.normal(size=D)
        inputs = {"x": rng.normal(size=(T, B, D)), "mask": _random_mask(rng, T, B, T, 0.7), "block": block}
        cases.append(Case({**inputs, "heads": N, "norm": norm}, {"T": T, "B": B, "D": D, "F": F}, oracle, norm))
    return cases


# Random features

FEATURES = (8, 32, 128, 512, 2048)
SLOPES = (-0.75, -0.25)


def _feature_attention(q, k, v, omega):
    """The weights from sums in the logarithm, as an explicit matrix."""
    import torch

    q, k, v, omega = _torch(q, k, v, omega)
    D = q.shape[2]
    for_q = torch.einsum("tbd,md->tbm", q, omega) / D**0.25
    for_k = torch.einsum("jbd,md->jbm", k, omega) / D**0.25 - (k * k).sum(2, keepdim=True) / (2 * D**0.5)
    log_weight = torch.logsumexp(for_q[:, None] + for_k[None], dim=3)  # (T, S, B)
    return {"a": torch.einsum("tjb,jbh->tbh", torch.softmax(log_weight, dim=1), v).numpy()}


def _performer_cases(rng):
    oracle = Oracle("the same features, as a matrix", _feature_attention)
    cases = []
    for T, S, B, D, H, M, size, group in (
        (3, 5, 2, 4, 6, 7, 1.0, "values"), (1, 4, 3, 2, 5, 9, 0.5, "values"), (4, 1, 2, 3, 2, 5, 1.0, "values"),
        (4, 4, 4, 4, 4, 4, 1.5, "values"), (5, 3, 2, 16, 4, 6, 1.0, "values"),
        (3, 4, 2, 16, 5, 8, 45.0, "large"), (2, 5, 3, 9, 4, 6, 42.0, "large"),
    ):  # fmt: skip
        q, k, v = (rng.normal(size=shape) for shape in ((T, B, D), (S, B, D), (S, B, H)))
        q, k = size * q, size * k
        if group == "large":  # of length `size` where features are made; keys so close that all of them count
            q, k = (z * size * D**0.25 / np.linalg.norm(z, axis=2, keepdims=True) for z in (q, k))
            k = k[:1] + 0.003 * (k - k[:1])
        inputs = {"q": q, "k": k, "v": v, "omega": rng.normal(size=(M, D))}
        cases.append(Case(inputs, {"T": T, "B": B, "S": S, "D": D, "H": H, "M": M}, oracle, group))
    T, S, B, D, H = 7, 12, 8, 6, 2
    q, k, v = (rng.normal(size=shape) for shape in ((T, B, D), (S, B, D), (S, B, H)))
    for M in FEATURES:
        inputs = {"q": 0.3 * q, "k": 0.3 * k, "v": v, "omega": rng.normal(size=(M, D))}
        cases.append(Case(inputs, {"T": T, "B": B, "S": S, "D": D, "H": H, "M": M}, None, "error"))
    return cases


def _falls_like_a_root(trials):
    """The slope of the error, against attention itself, on log-log axes."""
    errors = []
    for trial in trials:
        q, k, v, _ = trial.case.inputs.values()
        exact = _attention_of_torch(*_torch(q, k, v, np.ones((len(q), q.shape[1], len(k))))).numpy()
        error = np.sqrt(np.mean((trial.values["a"] - exact) ** 2))
        if not (np.isfinite(error) and error > 0):
            return f"the output has an error of {error:g} ({trial.case.about})"
        errors.append(error)
    slope = np.polyfit(np.log(FEATURES), np.log(errors), 1)[0]
    if not SLOPES[0] < slope < SLOPES[1]:
        return f"for small inputs the error against attention should fall like M^-0.5; it goes like M^{slope:.2f}"
    return None


masked_softmax = Check(
    "masked_softmax", 2, {"alpha": "*"}, _softmax_cases,
    [
        Agrees("everything visible", 0.5, ["alpha"], "open"),
        Agrees("under a mask", 0.5, ["alpha"], "masked"),
        Agrees("large scores", 0.5, ["alpha"], "large"),
        Agrees("nan, inf, nothing to see", 0.5, ["alpha"], "hostile"),
    ],
)  # fmt: skip

attention_pool = Check(
    "attention_pool", 1, {"alpha": "T B", "a": "B D"}, _pool_cases,
    [
        Agrees("without padding", 0.5, ["alpha", "a"], "whole"),
        Agrees("with padding", 0.5, ["alpha", "a"], "padded"),
    ],
)  # fmt: skip

additive_attention = Check(
    "additive_attention", 2, {"alpha": "T B S", "a": "T B D"}, _additive_cases,
    [
        Agrees("without padding", 0.5, ["alpha", "a"], "whole"),
        Agrees("square weights", 0.5, ["alpha", "a"], "square"),
        Agrees("with padding", 1, ["alpha", "a"], "padded"),
    ],
)  # fmt: skip

attention_mask = Check(
    "attention_mask", 1, {"mask": "T B T"}, _mask_cases,
    [Agrees("padding", 0.5, ["mask"], "padding"), Agrees("causal", 0.5, ["mask"], "causal")],
)  # fmt: skip

scaled_dot_product_attention = Check(
    "scaled_dot_product_attention", 2, {"alpha": "T B S", "a": "T B H"}, _scaled_cases,
    [
        Agrees("everything visible", 0.5, ["alpha", "a"], "open"),
        Agrees("large scores", 0.5, ["alpha", "a"], "large"),
        Agrees("under a mask", 0.5, ["alpha", "a"], "masked"),
        Agrees("queries that see nothing", 0.5, ["alpha", "a"], "nothing"),
    ],
)  # fmt: skip

scaled_dot_product_attention_backward = Check(
    "scaled_dot_product_attention_backward", 4, {"dq": "T B D", "dk": "S B D", "dv": "S B H"}, _backward_cases,
    [
        Agrees("dv", 0.5, ["dv"], "open"),
        Agrees("dq", 0.5, ["dq"], "open"),
        Agrees("dk", 0.5, ["dk"], "open"),
        Agrees("all of equal size", 1, ["dq", "dk", "dv"], "square"),
        Agrees("under a mask", 1, ["dq", "dk", "dv"], "masked"),
        Agrees("queries that see nothing", 0.5, ["dq", "dk", "dv"], "nothing"),
    ],
)  # fmt: skip

multi_head_attention = Check(
    "multi_head_attention", 3, {"alpha": "T B N S", "out": "T B D"}, _multi_head_cases,
    [
        Agrees("one head", 1, ["alpha", "out"], "one"),
        Agrees("several heads", 1, ["alpha", "out"], "several"),
        Agrees("several heads, masked", 1, ["alpha", "out"], "masked"),
    ],
)  # fmt: skip

sinusoidal_positions = Check(
    "sinusoidal_positions", 1, {"P": "T D"}, _position_cases, [Agrees("sines and cosines", 1, ["P"])]
)

transformer_block = Check(
    "transformer_block", 2, {"out": "T B D"}, _block_cases,
    [
        Agrees("normalised after", 1, ["out"], "after"),
        Agrees("normalised before", 1, ["out"], "before"),
    ],
)  # fmt: skip

performer_attention = Check(
    "performer_attention", 2, {"a": "T B H"}, _performer_cases,
    [
        Agrees("values", 1, ["a"], "values"),
        Agrees("large inputs", 0.5, ["a"], "large"),
        Holds("more features, smaller error", 0.5, _falls_like_a_root, "the error falls like M^-0.5", "error"),
    ],
)  # fmt: skip
