"""Checks of the unit `gradients`: why gradients vanish and explode.

Oracles: torch's automatic differentiation, simulation of one input at a time, long matrix powers, torch's own clipping.
The last three questions have no single answer: what counts is measured on whatever network is returned.
"""

import math

import numpy as np

from autograde.checking import Agrees, Case, Check, Holds
from autograde.oracles import Oracle

# An eigenvalue of a triangular matrix is exact; one of a defective matrix in another basis moves by the root of the
# rounding, some 1e-7 for entries of a few units.
RADIUS_TOLERANCE = 1e-6
# torch divides by the norm plus 1e-6; the cases have norms above 3.
TORCH_CLIP_TOLERANCE = 1e-6

# Spectral radius


def _log_norms_of_powers(A, doublings):
    """log ||A^(2^k)|| for k = 0 .. doublings, by squaring and rescaling; -inf once a power is zero."""
    logs, scale = [], 0.0
    for _ in range(doublings + 1):
        size = float(np.max(np.abs(A)))
        if size == 0:
            return logs + [-math.inf] * (doublings + 1 - len(logs))
        A, scale = A / size, scale + math.log(size)
        logs.append(scale + math.log(np.linalg.norm(A, 2)))
        A, scale = A @ A, 2 * scale
    return logs


def _growth_per_step(W, **_):
    """The number that the norm of a very high power is multiplied by at each step (Gelfand's formula)."""
    doublings = 45  # a polynomial factor in front of the exponential is gone by then
    return {"radius": math.exp(_log_norms_of_powers(np.asarray(W, float), doublings)[-1] / 2**doublings)}


def _spectral_radius_cases(rng):
    oracle = Oracle("the growth of a high power", _growth_per_step, RADIUS_TOLERANCE)

    def similar(block, H):
        """The block among smaller eigenvalues, in a random basis."""
        A = np.diag(rng.uniform(-0.3, 0.3, size=H))
        A[: len(block), : len(block)] = block
        basis = np.eye(H) + 0.3 * rng.uniform(-1, 1, size=(H, H)) / H
        return np.linalg.solve(basis, A @ basis)

    turn, size = rng.uniform(0.5, 2.5), rng.uniform(0.8, 1.6)
    rotation = size * np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    shear = np.diag(np.full(3, 0.9)) + np.diag(rng.uniform(5, 50, size=2), 1)
    matrices = [
        similar([[rng.uniform(1, 2)]], 3), similar([[-rng.uniform(1, 2)]], 4), similar(rotation, 5),
        shear, np.triu(rng.normal(size=(4, 4)), 1), rng.normal(size=(1, 1)),
    ]  # fmt: skip
    return [Case({"W": W}, {"H": len(W)}, oracle) for W in matrices]


# Products of Jacobians


def _torch_norms(x, h0, W_hx, W_hh, b_h):
    """||dh_T / dh_{T-k}|| for k = 0 .. T and each sequence, from torch's automatic differentiation."""
    import torch

    x, W_hx, W_hh, b_h = map(torch.as_tensor, (x, W_hx, W_hh, b_h))
    h = [torch.as_tensor(h0).requires_grad_()]
    for x_t in x:
        h.append(torch.nn.functional.linear(h[-1], W_hh, b_h + torch.nn.functional.linear(x_t, W_hx)).tanh())
    rows = [torch.autograd.grad(h[-1][:, i].sum(), h, retain_graph=True) for i in range(len(b_h))]
    jacobians = torch.stack([torch.stack(row) for row in rows], dim=-2)  # (T+1, B, H, H)
    return torch.linalg.svdvals(jacobians)[..., 0].flip(0).numpy()


def _jacobian_case(rng, T, B, H, scale, drive, group):
    D = 2
    network = {
        "x": drive * rng.normal(size=(T, B, D)),
        "h0": 0.4 * rng.normal(size=(B, H)),
        "W_hx": rng.normal(size=(H, D)),
        "W_hh": scale * rng.normal(size=(H, H)) / np.sqrt(H),
        "b_h": 0.2 * rng.normal(size=H),
    }
    h = [network["h0"]]
    for x_t in network["x"]:
        ones = np.ones((B, 1))
        stacked = np.concatenate([x_t, h[-1], ones], axis=1)
        h.append(np.tanh(stacked @ np.concatenate([network["W_hx"], network["W_hh"], network["b_h"][:, None]], 1).T))
    oracle = Oracle("torch", lambda **_: {"norms": _torch_norms(**network)})
    return Case({"h": np.array(h), "W_hh": network["W_hh"]}, {"T": T, "B": B, "H": H}, oracle, group)


def _jacobian_norms_cases(rng):
    return [
        _jacobian_case(rng, 1, 2, 4, 1.0, 0.5, "one step"),
        _jacobian_case(rng, 1, 3, 2, 1.5, 0.5, "one step"),
        _jacobian_case(rng, 4, 2, 3, 1.2, 0.5, "several"),
        _jacobian_case(rng, 6, 3, 5, 1.2, 0.5, "several"),
        _jacobian_case(rng, 3, 1, 2, 1.5, 0.5, "several"),
        _jacobian_case(rng, 5, 4, 1, 1.0, 0.5, "several"),
        _jacobian_case(rng, 40, 3, 6, 1.0, 2.0, "long"),
        _jacobian_case(rng, 30, 2, 7, 1.0, 2.5, "long"),
    ]


def _tiny_norms_are_right(trials):
    """Relative agreement: norms of 1e-10 must be that, not just small."""
    for trial in trials:
        norms, expected = trial.values["norms"], trial.expected[0][2]["norms"]
        with np.errstate(all="ignore"):
            gap = np.abs(norms / expected - 1)
        if not np.all(gap < 1e-6):
            k, b = np.unravel_index(int(np.argmax(np.where(np.isfinite(gap), gap, np.inf))), gap.shape)
            return (
                f"over long lags the norms are not small in the right way: at lag {k} of sequence {b} yours is"
                f" {norms[k, b] / expected[k, b]:.3g} times what torch finds ({trial.case.about})"
            )
    return None


# The linear network


def _one_at_a_time(x, h0, W_hx, W_hh):
    """Each term by simulation with everything else switched off."""

    def last(x, h):
        for x_t in x:
            h = x_t @ W_hx.T + h @ W_hh.T
        return h

    nothing, parts = np.zeros_like(h0), []
    for t in range(len(x)):
        alone = np.zeros_like(x)
        alone[t] = x[t]
        parts.append(last(alone, nothing))
    return {"h_last": last(x, h0), "from_start": last(np.zeros_like(x), h0), "from_inputs": np.array(parts)}


def _linear_rnn_state_cases(rng):
    oracle = Oracle("simulation of one input at a time", _one_at_a_time)
    cases = []
    for T, B, D, H, group in (
        (5, 3, 2, 4, "general"), (1, 2, 3, 5, "general"), (7, 4, 3, 2, "general"), (6, 2, 4, 3, "defective"),
    ):  # fmt: skip
        W_hh = 1.2 * rng.normal(size=(H, H)) / np.sqrt(H)
        if group == "defective":
            W_hh = np.diag(np.full(H, rng.uniform(0.5, 0.9))) + np.diag(rng.uniform(1, 2, size=H - 1), 1)
        inputs = {
            "x": rng.normal(size=(T, B, D)),
            "h0": rng.normal(size=(B, H)),
            "W_hx": rng.normal(size=(H, D)),
            "W_hh": W_hh,
        }
        cases.append(Case(inputs, {"T": T, "B": B, "D": D, "H": H}, oracle, group))
    return cases


# Clipping

CLIPPED = {"dW_hx": "H D", "dW_hh": "H H", "db_h": "H"}


def _torch_clipped(clip):
    def compute(gradients, bound):
        import torch

        parameters = []
        for g in gradients.values():
            parameters.append(torch.nn.Parameter(torch.zeros(g.shape, dtype=torch.float64)))
            parameters[-1].grad = torch.tensor(g)
        getattr(torch.nn.utils, clip)(parameters, bound)
        return {name: p.grad.numpy() for name, p in zip(gradients, parameters, strict=True)}

    return compute


def _gradients(rng, D, H, norm):
    """Gradients of joint norm `norm`, of which no single one is that long."""
    parts = {name: rng.normal(size=[{"D": D, "H": H}[a] for a in shape.split()]) for name, shape in CLIPPED.items()}
    size = math.hypot(*(float(v) for part in parts.values() for v in part.ravel()))
    return {name: part * norm / size for name, part in parts.items()}


def _clip_by_norm_cases(rng):
    compute = _torch_clipped("clip_grad_norm_")
    oracle = Oracle("torch", lambda gradients, max_norm: compute(gradients, max_norm), TORCH_CLIP_TOLERANCE)
    cases = []
    for D, H, norm, share, group in (
        (2, 3, 8.0, 0.4, "long"), (1, 4, 5.0, 0.95, "long"), (3, 2, 1e4, 1e-4, "long"), (2, 5, 60.0, 0.02, "long"),
        (3, 4, 4.0, 1.6, "short"), (2, 3, 3.0, 30.0, "short"), (4, 2, 0.0, 1.0, "short"),
    ):  # fmt: skip
        norm *= rng.uniform(1, 1.2)
        inputs = {"gradients": _gradients(rng, D, H, norm), "max_norm": share * norm or 1.0}
        cases.append(Case(inputs, {"D": D, "H": H}, oracle, group))
    return cases


def _clip_by_value_cases(rng):
    compute = _torch_clipped("clip_grad_value_")
    oracle = Oracle("torch", lambda gradients, limit: compute(gradients, limit))
    cases = []
    for D, H, share in ((2, 3, 0.3), (1, 4, 0.7), (3, 2, 0.05), (4, 5, 2.0)):
        gradients = _gradients(rng, D, H, 10.0)
        largest = max(float(np.max(np.abs(g))) for g in gradients.values())
        cases.append(Case({"gradients": gradients, "limit": share * largest}, {"D": D, "H": H}, oracle))
    return cases


# Orthogonal matrices

DRAWS = 100
# Kolmogorov: the largest gap between 100 draws and their distribution exceeds this once in 1e8 times.
LARGEST_GAP = 0.33


def _orthogonal_init_cases(rng):
    def draw(H, gain, group, seed=None):
        seed = int(rng.integers(2**62)) if seed is None else seed
        inputs = {"H": H, "gain": gain, "rng": np.random.default_rng(seed)}
        return Case(inputs, {"H": H}, None, group)

    shapes = [draw(H, rng.uniform(0.5, 2), "orthogonal") for H in (2, 3, 5, 8)]
    shapes.append(draw(1, 1.0, "orthogonal"))
    seed = int(rng.integers(2**62))
    again = [draw(4, 1.3, "generator", s) for s in (seed, seed, seed + 1)]
    return shapes + again + [draw(3, 1.0, "uniform") for _ in range(DRAWS)]


def _not_orthogonal(trial):
    W, gain, H = trial.values["W"], trial.case.inputs["gain"], trial.case.inputs["H"]
    if not np.all(np.isfinite(W)):
        return f"W is not finite ({trial.case.about})"
    gap = float(np.max(np.abs(W.T @ W - gain**2 * np.eye(H))))
    if gap < 1e-10:
        return None
    if np.max(np.abs(W.T @ W - np.eye(H))) < 1e-10:
        return f"Wᵀ W is the identity; with the gain it would be gain² I ({trial.case.about})"
    return f"Wᵀ W misses gain² I by up to {gap:.2g} ({trial.case.about})"


def _orthogonal(trials):
    wrong = next(filter(None, map(_not_orthogonal, trials)), None)
    if wrong:
        return wrong
    if any(np.allclose(np.abs(t.values["W"]), t.case.inputs["gain"] * np.eye(t.case.inputs["H"])) for t in trials[:4]):
        return "W is the identity up to signs and gain: orthogonal, but not drawn at random"
    return None


def _follows_the_generator(trials):
    wrong = next(filter(None, map(_not_orthogonal, trials)), None)
    if wrong:
        return wrong
    first, again, other = (t.values["W"] for t in trials)
    if not np.array_equal(first, again):
        return "two generators in the same state give two different matrices: does all randomness come from rng?"
    if np.allclose(first, other):
        return "two generators in different states give the same matrix: is rng used?"
    return None


def _prefers_no_direction(trials):
    """Each entry of a uniform rotation or reflection of space is uniform on [-1, 1] (Archimedes)."""
    wrong = next(filter(None, map(_not_orthogonal, trials)), None)
    if wrong:
        return wrong
    entries = np.sort(np.array([t.values["W"] for t in trials]), axis=0)
    below = (entries + 1) / 2
    steps = np.arange(DRAWS + 1)[:, None, None] / DRAWS
    gap = np.maximum(np.abs(below - steps[1:]), np.abs(below - steps[:-1])).max(axis=0)
    if np.max(gap) < LARGEST_GAP:
        return None
    i, j = np.unravel_index(int(np.argmax(gap)), gap.shape)
    negative = np.mean(entries[:, i, j] < 0)
    if negative in (0, 1):
        sign = "negative" if negative else "positive"
        return f"W[{i}, {j}] is {sign} in all of {DRAWS} draws: some directions are preferred"
    return f"W[{i}, {j}] over {DRAWS} draws is not spread as it would be if no direction were preferred"


# Claims to break

LARGEST_ENTRY = 1000
# Eigenvalues of a defective matrix are accurate to a root of the rounding only.
RADIUS_MARGIN = 1e-3
# The asymptotic behaviour is read off between 2^29 and 2^30 steps: by then a transient is over, and an eigenvalue that
# should be 1 and is wrong by rounding has changed the norm by less than 1 %.
DOUBLINGS = 30
STEADY = 0.01


def _unusable(trial, names):
    for name in names:
        if not np.all(np.isfinite(trial.values[name])):
            return f"{name} is not finite ({trial.case.about})"
    if np.max(np.abs(trial.values["W"])) > LARGEST_ENTRY:
        return f"W has entries beyond {LARGEST_ENTRY} ({trial.case.about})"
    return None


def _radius(W):
    return float(np.abs(np.linalg.eigvals(W)).max())


def _last_doubling(trial):
    """log of the factor by which the norm of (DW)^k changes from k = 2^29 to 2^30; nan when it is zero."""
    before, after = _log_norms_of_powers(trial.values["slopes"][:, None] * trial.values["W"], DOUBLINGS)[-2:]
    return after - before


def _first_wrong(examine):
    def test(trials):
        return next(filter(None, map(examine, trials)), None)

    return test


def _still_vanishes(trial):
    wrong = _unusable(trial, ("W", "slopes"))
    if wrong:
        return wrong
    W, slopes, radius = trial.values["W"], trial.values["slopes"], trial.case.inputs["radius"]
    if not (np.all(slopes > 0) and np.all(slopes <= 1)):
        return f"the premise fails: the slopes of tanh lie in (0, 1], yours reach {_outside(slopes, 0, 1):.3g}"
    if _radius(W) > radius + RADIUS_MARGIN:
        return f"the premise fails: the spectral radius of W is {_radius(W):.3f}, and at most {radius:.3f} is allowed"
    change = _last_doubling(trial)
    if not change >= -STEADY:
        return f"the claim survives: the norm of (DW)^k goes to zero as k grows ({trial.case.about})"
    return None


def _still_explodes(trial):
    wrong = _unusable(trial, ("W", "slopes"))
    if wrong:
        return wrong
    W, slopes, gamma = trial.values["W"], trial.values["slopes"], trial.case.inputs["gamma"]
    if not (np.all(slopes >= gamma * (1 - 1e-12)) and np.all(slopes <= 1)):
        return (
            f"the premise fails: the slopes must lie in [γ, 1], γ = {gamma:.3f}; yours reach"
            f" {_outside(slopes, gamma, 1):.3g}"
        )
    if _radius(W) < 1.01 / gamma * (1 - 1e-9):
        return f"the premise fails: the spectral radius of W is {_radius(W):.3f}, and 1.01/γ is {1.01 / gamma:.3f}"
    change = _last_doubling(trial)
    if change > STEADY:
        return f"the claim survives: the norm of (DW)^k grows without bound ({trial.case.about})"
    return None


def _outside(values, low, high):
    """The value that is farthest outside [low, high]."""
    return values[np.argmax(np.maximum(low - values, values - high))]


def _does_not_grow(trial):
    wrong = _unusable(trial, ("W", "h0"))
    if wrong:
        return wrong
    W, h0 = trial.values["W"], trial.values["h0"]
    radius, steps, growth = (trial.case.inputs[name] for name in ("radius", "steps", "growth"))
    if _radius(W) > radius + RADIUS_MARGIN:
        return f"the premise fails: the spectral radius of W is {_radius(W):.3f}, and at most {radius:.3f} is allowed"
    if not np.any(h0):
        return f"h0 is zero, and stays so ({trial.case.about})"
    state = h0 / np.linalg.norm(h0)
    for _ in range(steps):
        state = W @ state
    reached = float(np.linalg.norm(state))
    if reached < growth * (1 - 1e-9):
        times = f"{reached:.3g} times as long after {steps} steps, not {growth:.3g} times"
        return f"the claim survives: the state is {times} ({trial.case.about})"
    return None


def _break_vanishing_cases(rng):
    return [
        Case({"H": H, "radius": float(rng.uniform(low, low + 0.2))}, {"H": H}, None, "two" if H == 2 else "more")
        for H, low in ((2, 0.7), (2, 0.1), (3, 0.4), (6, 0.1))
    ]


def _break_exploding_cases(rng):
    return [
        Case({"H": H, "gamma": float(rng.uniform(low, low + 0.1))}, {"H": H}, None, "two" if H == 2 else "more")
        for H, low in ((2, 0.1), (2, 0.6), (3, 0.3), (5, 0.1))
    ]


def _break_forward_cases(rng):
    cases = []
    # steps radius^(steps-1) < 1 but for one step: else a block that is right for one step would do for all
    for H, low, steps, growth in ((2, 0.7, 1, 3.0), (2, 0.5, 9, 10.0), (4, 0.5, 5, 20.0), (3, 0.75, 20, 30.0)):
        inputs = {
            "H": H,
            "radius": float(rng.uniform(low, low + 0.1)),
            "steps": steps,
            "growth": float(growth * rng.uniform(1, 2)),
        }
        cases.append(Case(inputs, {"H": H, "steps": steps}, None, "two" if H == 2 else "more"))
    return cases


def _broken(examine, why):
    return [
        Holds("two units", 1, _first_wrong(examine), why, "two"),
        Holds("more units", 1, _first_wrong(examine), why, "more"),
    ]


spectral_radius = Check("spectral_radius", 1, {"radius": ""}, _spectral_radius_cases, [Agrees("radius", 1, ["radius"])])

jacobian_norms = Check(
    "jacobian_norms", 4, {"norms": "T+1 B"}, _jacobian_norms_cases,
    [
        Agrees("one step", 1, ["norms"], "one step"),
        Agrees("several steps", 2, ["norms"], "several"),
        Holds("long lags", 1, _tiny_norms_are_right, "right to the last digits", "long"),
    ],
)  # fmt: skip

linear_rnn_state = Check(
    "linear_rnn_state", 3, {"h_last": "B H", "from_start": "B H", "from_inputs": "T B H"}, _linear_rnn_state_cases,
    [
        Agrees("terms", 1, ["from_start", "from_inputs"], "general"),
        Agrees("h_last", 1, ["h_last"], "general"),
        Agrees("few eigenvectors", 1, ["h_last", "from_start", "from_inputs"], "defective"),
    ],
)  # fmt: skip

clip_by_norm = Check(
    "clip_by_norm", 2, CLIPPED, _clip_by_norm_cases,
    [Agrees("too long", 1, list(CLIPPED), "long"), Agrees("short enough", 1, list(CLIPPED), "short")],
)  # fmt: skip

clip_by_value = Check("clip_by_value", 1, CLIPPED, _clip_by_value_cases, [Agrees("entries", 1, list(CLIPPED))])

orthogonal_init = Check(
    "orthogonal_init", 3, {"W": "H H"}, _orthogonal_init_cases,
    [
        Holds("orthogonal", 1, _orthogonal, "Wᵀ W = gain² I", "orthogonal"),
        Holds("generator", 1, _follows_the_generator, "the same state gives the same matrix", "generator"),
        Holds("uniform", 1, _prefers_no_direction, "no direction is preferred", "uniform"),
    ],
    unique=False,
)  # fmt: skip

break_vanishing = Check(
    "break_vanishing", 2, {"W": "H H", "slopes": "H"}, _break_vanishing_cases,
    _broken(_still_vanishes, "small spectral radius, and the gradient stays"), unique=False,
)  # fmt: skip

break_exploding = Check(
    "break_exploding", 2, {"W": "H H", "slopes": "H"}, _break_exploding_cases,
    _broken(_still_explodes, "large slopes and radius, and the gradient stays bounded"), unique=False,
)  # fmt: skip

break_forward = Check(
    "break_forward", 2, {"W": "H H", "h0": "H"}, _break_forward_cases,
    _broken(_does_not_grow, "small spectral radius, and the state grows"), unique=False,
)  # fmt: skip
