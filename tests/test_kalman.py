"""What is special to the unit `kalman`: other right answers count, and what the chapter claims holds."""

import re
from pathlib import Path

import numpy as np
import pytest
import torch
from scipy.linalg import solve_discrete_are

from autograde import tasks
from autograde.checks import kalman as check
from solutions import kalman

NOTATION = Path(__file__).parent.parent / "book" / "notation.md"


def model(rng, T=7, D=2, H=3):
    F = rng.normal(size=(H, H))
    return {
        "h0": rng.normal(size=H),
        "S0": np.diag(rng.uniform(0.5, 2, size=H)),
        "F": 0.9 * F / np.abs(np.linalg.eigvals(F)).max(),
        "A": rng.normal(size=(D, H)),
        "R": np.diag(rng.uniform(0.5, 2, size=H)),
        "V": np.array([np.diag(rng.uniform(0.2, 2, size=D)) for _ in range(T)]),
    }


@pytest.fixture
def rng():
    return np.random.default_rng(0)


# Other answers than the reference's


def test_the_riccati_equation_may_be_solved_by_scipy():
    def answer(F, A, R, V):
        P = solve_discrete_are(F.T, A.T, R, V)
        return {"P": P, "K": P @ A.T @ np.linalg.inv(A @ P @ A.T + V)}

    assert check.steady_state_gain.run(answer).right


def test_the_gate_may_be_computed_without_its_logarithm():
    def answer(p, a, v):
        return {"logit": np.log(a**2 * p / v), "u": a**2 * p / (a**2 * p + v)}

    assert check.kalman_gate.run(answer).right


def test_a_half_open_reset_gate_counts_when_the_weights_undo_it():
    def answer(F, A, K, scale):
        weights = kalman.gru_weights_from_kalman(F, A, K, scale)
        H = len(F)
        weights["b_hx"][:H] = 0.0
        weights["W_hh"][2 * H :] *= 2
        return weights

    assert check.gru_weights_from_kalman.run(answer).right


def test_other_gates_count_with_several_units_and_not_with_one():
    def answer(F, A, K, scale):
        H, u = len(F), 0.3
        weights = kalman.gru_weights_from_kalman(F, A, K, scale)
        weights["b_hx"][H : 2 * H] = np.log((1 - u) / u)
        weights["W_hx"][2 * H :] = scale * K / u
        weights["W_hh"][2 * H :] = ((np.eye(H) - K @ A) @ F - (1 - u) * np.eye(H)) / u
        return weights

    verdict = check.gru_weights_from_kalman.run(answer)
    assert verdict.points == 1
    assert "not the Kalman gate" in str(verdict)


def test_the_short_form_loses_one_point_only():
    def answer(h_bar, P, x_t, A, V):
        result = kalman.kalman_update(h_bar, P, x_t, A, V)
        return result | {"S": (np.eye(len(P)) - result["K"] @ A) @ P}

    verdict = check.kalman_update.run(answer)
    assert verdict.points == 3
    assert "rounding errors" in str(verdict)


def test_a_filter_without_log_likelihood_keeps_half_of_its_points():
    def answer(*args):
        return kalman.kalman_filter(*args) | {"log_likelihood": 0.0}

    assert check.kalman_filter.run(answer).points == 2


# What the chapter derives


def test_joseph_form_is_the_error_of_any_gain(rng):
    P, V, A, K = np.diag([2.0, 0.5, 1.0]), np.diag([0.3, 0.7]), rng.normal(size=(2, 3)), rng.normal(size=(3, 2))
    # (h - h_bar, eta) as one Gaussian vector of independent parts
    to_error = np.hstack([np.eye(3) - K @ A, -K])
    error = to_error @ np.diag(np.concatenate([np.diag(P), np.diag(V)])) @ to_error.T
    keep = np.eye(3) - K @ A
    np.testing.assert_allclose(keep @ P @ keep.T + K @ V @ K.T, error, atol=1e-12)
    best = kalman.kalman_update(np.zeros(3), P, np.zeros(2), A, V)
    extra = K - best["K"]
    np.testing.assert_allclose(error, best["S"] + extra @ (A @ P @ A.T + V) @ extra.T, atol=1e-12)


def test_precisions_add_and_the_gain_has_two_forms(rng):
    P, V, A = np.diag([2.0, 0.5, 1.0]) + 0.2, np.diag([0.3, 0.7]), rng.normal(size=(2, 3))
    h_bar, x = rng.normal(size=3), rng.normal(size=2)
    after = kalman.kalman_update(h_bar, P, x, A, V)
    precision = np.linalg.inv(P) + A.T @ np.linalg.inv(V) @ A
    np.testing.assert_allclose(np.linalg.inv(after["S"]), precision, rtol=1e-9)
    linear = np.linalg.solve(P, h_bar) + A.T @ np.linalg.solve(V, x)
    np.testing.assert_allclose(precision @ after["h_hat"], linear, rtol=1e-9)
    np.testing.assert_allclose(after["S"] @ A.T @ np.linalg.inv(V), after["K"], rtol=1e-9)


def test_the_smoothed_path_is_the_most_likely_one_and_its_covariance_the_inverse_curvature(rng):
    m = model(rng)
    _, x = tasks.linear_gaussian(rng=rng, **m)
    found = kalman.kalman_filter(x, **m)
    smooth = kalman.rts_smoother(found["h_hat"], found["S"], m["F"], m["R"])
    t = {name: torch.as_tensor(value) for name, value in m.items()}

    def log_density(path):
        path = path.view(len(x) + 1, -1)
        normal = torch.distributions.MultivariateNormal
        return (
            normal(t["h0"], t["S0"]).log_prob(path[0])
            + normal(path[:-1] @ t["F"].T, t["R"]).log_prob(path[1:]).sum()
            + normal(path[1:] @ t["A"].T, t["V"]).log_prob(torch.as_tensor(x)).sum()
        )

    path = torch.as_tensor(smooth["h_smooth"]).ravel().requires_grad_()
    (slope,) = torch.autograd.grad(log_density(path), path)
    assert slope.abs().max() < 1e-10
    covariance = torch.linalg.inv(-torch.autograd.functional.hessian(log_density, path)).detach().numpy()
    H = len(m["h0"])
    blocks = [covariance[i * H : (i + 1) * H, i * H : (i + 1) * H] for i in range(len(x) + 1)]
    np.testing.assert_allclose(smooth["S_smooth"], blocks, atol=1e-10)


def test_the_data_move_the_mean_alone(rng):
    m = model(rng)
    one, other = (kalman.kalman_filter(rng.normal(size=(7, 2)), **m) for _ in range(2))
    for name in ("S", "P"):
        np.testing.assert_array_equal(one[name], other[name])
    assert np.abs(one["h_hat"] - other["h_hat"]).max() > 0.1


def test_innovations_are_white(rng):
    m = model(rng, T=5, D=1, H=2)
    scaled = []
    for _ in range(500):
        _, x = tasks.linear_gaussian(rng=rng, **m)
        found = kalman.kalman_filter(x, **m)
        e = x - found["h_bar"] @ m["A"].T
        C = np.array([m["A"] @ P @ m["A"].T + V for P, V in zip(found["P"], m["V"], strict=True)])
        scaled.append(e[:, 0] / np.sqrt(C[:, 0, 0]))
    # 500 samples: standard errors of 0.045 for covariances and 0.063 for variances
    np.testing.assert_allclose(np.cov(np.array(scaled).T), np.eye(5), atol=0.25)


@pytest.mark.parametrize(("f", "a", "r", "v"), [(1.0, 1.0, 1.0, 2.0), (0.95, 2.0, 0.1, 0.5), (1.2, -0.7, 0.3, 4.0)])
def test_scalar_riccati_its_root_and_its_rate(f, a, r, v):
    b = v * (1 - f**2) - a**2 * r
    root = (-b + np.sqrt(b**2 + 4 * a**2 * r * v)) / (2 * a**2)  # eq. kalman-scalar-rest
    rest = kalman.steady_state_gain(*(np.array([[value]]) for value in (f, a, r, v)))
    P, u = rest["P"][0, 0], a * rest["K"][0, 0]
    assert pytest.approx(root, rel=1e-12) == P
    assert u == pytest.approx(kalman.kalman_gate(np.array([P]), np.array([a]), np.array([v]))["u"][0])
    eps = 1e-5
    moved = [f**2 * q * v / (a**2 * q + v) + r for q in (P + eps, P - eps)]
    assert (moved[0] - moved[1]) / (2 * eps) == pytest.approx(f**2 * (1 - u) ** 2, rel=1e-6)


def test_worked_examples_by_hand():
    one = np.ones((1, 1))
    found = kalman.kalman_filter(
        np.array([[8.0], [-3.0]]), np.zeros(1), 5 * one, one, one, one, np.full((2, 1, 1), 2.0)
    )
    np.testing.assert_allclose(found["h_hat"].ravel(), [0, 6, 1], atol=1e-12)
    np.testing.assert_allclose(found["S"].ravel(), [5, 3 / 2, 10 / 9])
    np.testing.assert_allclose(found["P"].ravel(), [6, 5 / 2])
    smooth = kalman.rts_smoother(found["h_hat"], found["S"], one, one)
    np.testing.assert_allclose([smooth["h_smooth"][1, 0], smooth["S_smooth"][1, 0, 0]], [3, 1])
    squared = kalman.kalman_update(np.ones(1), one / 2, np.array([2.0 - 1.0 + 2.0]), 2 * one, 2 * one)
    assert (squared["h_hat"][0], squared["S"][0, 0], squared["K"][0, 0]) == pytest.approx((5 / 4, 1 / 4, 1 / 4))


def test_torch_gru_follows_the_filter_with_an_error_of_second_order(rng):
    F, A = np.array([[0.9, 0.2], [-0.1, 0.7]]), rng.normal(size=(1, 2))
    K = kalman.steady_state_gain(F, A, np.eye(2), np.eye(1))["K"]
    x = rng.normal(size=(30, 1))
    wanted = [np.zeros(2)]
    for x_t in x:
        wanted.append(F @ wanted[-1] + K @ (x_t - A @ F @ wanted[-1]))
    gaps = []
    for s in (1e-2, 1e-3):
        states = check._torch_gru(x, **kalman.gru_weights_from_kalman(F, A, K, s)) / s
        gaps.append(np.abs(states - wanted[1:]).max())
    assert gaps[0] / gaps[1] == pytest.approx(100, rel=0.05)
    assert gaps[1] < 1e-3


# The data


def test_runs_have_the_moments_of_the_model(rng):
    m = model(rng, T=3, D=2, H=2)
    runs = [tasks.linear_gaussian(rng=rng, **m) for _ in range(1500)]
    h, x = (np.array(part) for part in zip(*runs, strict=True))
    assert (h.shape, x.shape) == ((1500, 4, 2), (1500, 3, 2))
    mean, covariance = m["h0"], m["S0"]
    for _ in range(3):
        mean, covariance = m["F"] @ mean, m["F"] @ covariance @ m["F"].T + m["R"]
    np.testing.assert_allclose(h[:, 3].mean(axis=0), mean, atol=0.25)
    np.testing.assert_allclose(np.cov(h[:, 3].T), covariance, rtol=0.2, atol=0.2)
    np.testing.assert_allclose(np.cov((x[:, 2] - h[:, 3] @ m["A"].T).T), m["V"][2], rtol=0.15, atol=0.15)


def test_walks_keep_their_variance_and_noise_its_level(rng):
    v = tasks.switching_noise(50, 4000, (0.01, 4.0), 0.8, rng)
    assert set(np.unique(v)) == {0.01, 4.0}
    assert np.mean(v[1:] == v[:-1]) == pytest.approx(0.8, abs=0.01)
    assert np.mean(v[0] == 4.0) == pytest.approx(0.5, abs=0.04)
    h, x = tasks.walk_in_noise(0.98, v, rng)
    assert np.var(h[[0, -1]], axis=1) == pytest.approx([1, 1], abs=0.1)
    assert np.mean(h[1:] * h[:-1]) == pytest.approx(0.98, abs=0.05)
    for level in (0.01, 4.0):
        assert np.var((x - h)[v == level]) == pytest.approx(level, rel=0.05)


def test_one_step_walks_and_levels_exist(rng):
    v = tasks.switching_noise(1, 3, (1.0, 2.0), 0.5, rng)
    assert v.shape == (1, 3)
    assert tasks.walk_in_noise(0.5, v, rng)[1].shape == (1, 3)


def test_the_ladder_of_gates(rng):
    """Fixed gain, a gain for each level, Kalman: each is better than the last, by factors like those of the chapter."""
    f, v = 0.98, tasks.switching_noise(100, 500, (0.01, 4.0), 0.8, rng)
    h, x = tasks.walk_in_noise(f, v, rng)

    def cost(gate):
        mean, variance, total = np.zeros(500), np.ones(500), 0.0
        for t in range(100):
            p = f**2 * variance + 1 - f**2
            u = gate(p, v[t])
            mean, variance = (1 - u) * f * mean + u * x[t], (1 - u) ** 2 * p + u**2 * v[t]
            total += np.mean((mean - h[t]) ** 2)
        return total

    best = cost(lambda p, v_t: p / (p + v_t))
    one = min(cost(lambda p, v_t, u=u: u) for u in (0.09, 0.13, 0.17))
    two = cost(lambda p, v_t: np.where(v_t < 1, 0.9, 0.045))
    assert 1.04 < two / best < 1.15
    assert 2.4 < one / best < 3.4


def test_symbols_on_the_notation_page_have_the_shapes_of_the_arrays(rng):
    sizes = {"T": 7, "D": 2, "H": 3}
    m = model(rng, **sizes)
    x = rng.normal(size=(7, 2))
    arrays = {"x": x, **m, **kalman.kalman_filter(x, **m)}
    arrays |= kalman.rts_smoother(arrays["h_hat"], arrays["S"], m["F"], m["R"])
    arrays |= {"K": kalman.kalman_update(arrays["h_bar"][0], arrays["P"][0], x[0], m["A"], m["V"][0])["K"]}
    arrays |= {"u": kalman.kalman_gate(*rng.uniform(1, 2, size=(3, 7)))["u"]}
    section = re.search(r"^### The Kalman filter\n(.*?)^\(notation-decks", NOTATION.read_text("utf-8"), re.M | re.S)[1]
    section = re.split(r"^### ", section, flags=re.M)[0]
    rows = re.findall(r"`\(([^`]*)\)` \| `(\w+)`", section)
    assert len(rows) == 13
    for shape, name in rows:
        expected = tuple(sum(sizes.get(part, 1) for part in size.split("+")) for size in re.findall(r"[\w+]+", shape))
        assert np.shape(arrays[name]) == expected, name


def test_the_reference_passes_whatever_the_seed():
    for seed in (*range(150), 333, 334, 345, 668):  # the last four drew filters that grow until tanh bends
        verdict = check.gru_weights_from_kalman.run(kalman.gru_weights_from_kalman, seed)
        assert verdict.right, f"seed {seed}: {verdict}"


def test_a_missing_term_is_not_taken_for_rounding():
    def short(h_bar, P, x_t, A, V):
        right = kalman.kalman_update(h_bar, P, x_t, A, V)
        rest = np.eye(len(P)) - right["K"] @ A
        return {**right, "S": rest @ P @ rest.T}

    assert "is the term K V K^T missing?" in " ".join(str(check.kalman_update.run(short)).split())
