"""What is special to the unit `hopfield`: the page's proofs and numbers in another way, the task."""

import itertools
import math

import numpy as np
import pytest
import torch

from autograde import tasks
from autograde.checks import hopfield as check
from solutions import hopfield


def signs(rng, *shape):
    return rng.choice([-1.0, 1.0], size=shape)


# Classic network


@pytest.mark.parametrize("D", [2, 5, 8])
def test_energy_of_every_state_is_that_of_the_patterns_overlaps(D):
    """By hand, E = -(1/2D) sum of squared overlaps + P/2 for Hebb's weights without thresholds."""
    rng = np.random.default_rng(D)
    X = signs(rng, 3, D)
    states = np.array(list(itertools.product([-1.0, 1.0], repeat=D)))
    E = hopfield.hopfield_energy(states, hopfield.hebbian_weights(X), np.zeros(D))
    np.testing.assert_allclose(E, -np.sum((states @ X.T) ** 2, axis=1) / (2 * D) + 3 / 2, rtol=0, atol=1e-12)
    np.testing.assert_allclose(E, E[::-1], rtol=0, atol=1e-12)  # a state and its opposite


def test_recall_ends_in_a_local_minimum_among_all_neighbours():
    rng = np.random.default_rng(1)
    for _ in range(30):
        half = np.triu(rng.normal(size=(9, 9)), 1)
        W, b = half + half.T, rng.normal(size=9)
        found = hopfield.hopfield_recall(signs(rng, 9), W, b, np.tile(rng.permutation(9), 40))
        assert np.all(np.diff(found["E"]) <= 1e-12)
        (E,) = hopfield.hopfield_energy(found["xi"][None], W, b)
        assert found["E"][-1] == pytest.approx(E, abs=1e-10)
        for i in range(9):
            neighbour = found["xi"].copy()
            neighbour[i] *= -1
            assert hopfield.hopfield_energy(neighbour[None], W, b)[0] >= E


def test_a_recall_by_plain_loops_is_right_too():
    def answer(xi, W, b, order):
        xi, energy = np.array(xi), lambda s: -0.5 * s @ W @ s + b @ s
        E = [energy(xi)]
        for i in order:
            field = W[i] @ xi
            if field > b[i]:
                xi[i] = 1.0
            elif field < b[i]:
                xi[i] = -1.0
            E.append(energy(xi))
        return {"xi": xi, "E": np.array(E)}

    assert check.hopfield_recall.run(answer, 7, hopfield.hopfield_recall).right


def test_error_rate_with_weights_of_floating_point_is_right_too():
    def answer(X):
        field = X @ hopfield.hebbian_weights(X)
        return {
            "measured": np.mean(X * field < 0),
            "predicted": 0.5 - 0.5 * math.erf(math.sqrt(X.shape[1] / (2 * len(X)))),
        }

    for seed in range(2):
        assert check.one_step_error_rate.run(answer, seed, hopfield.one_step_error_rate).right


def test_ties_occur_in_every_run_of_the_check():
    for seed in range(20):
        cases = [c for c in check.one_step_error_rate.cases(np.random.default_rng(seed)) if c.group == "ties"]
        silent = 0
        for case in cases:
            X = case.inputs["X"]
            field = X @ (X.T @ X) - len(X) * X
            silent += np.sum(field == 0)
        assert silent > 0


def test_one_step_error_follows_the_error_function():
    rng = np.random.default_rng(2)
    for load in (0.2, 0.5, 1.0):
        rate = hopfield.one_step_error_rate(signs(rng, round(400 * load), 400))
        assert rate["measured"] == pytest.approx(rate["predicted"], rel=0.12)


def test_capacity_of_the_page_is_the_maximum_of_its_equation():
    """eq. hopfield-ags by Newton's method on the derivative: at the border y, sqrt(2 alpha) is stationary."""

    def side(y):
        return math.erf(y) / y - 2 / math.sqrt(math.pi) * math.exp(-(y**2))

    low, high = 0.5, 4.0
    for _ in range(200):  # golden section
        a, b = high - 0.618034 * (high - low), low + 0.618034 * (high - low)
        low, high = (low, b) if side(a) > side(b) else (a, high)
    assert side(low) ** 2 / 2 == pytest.approx(0.1379, abs=5e-5)
    assert math.erf(low) == pytest.approx(0.967, abs=1e-3)  # the overlap just before the memory breaks


def test_overload_breaks_the_memory():
    rng = np.random.default_rng(3)
    overlap = {}
    for load in (0.05, 0.3):
        X = signs(rng, round(400 * load), 400)
        order = np.concatenate([rng.permutation(400) for _ in range(20)])
        found = hopfield.hopfield_recall(X[0], hopfield.hebbian_weights(X), np.zeros(400), order)
        overlap[load] = found["xi"] @ X[0] / 400
    assert overlap[0.05] > 0.99
    assert overlap[0.3] < 0.6


# Modern network


def draws(seed, many=60):
    rng = np.random.default_rng(seed)
    for _ in range(many):
        D, P, beta = int(rng.integers(1, 9)), int(rng.integers(1, 12)), float(10 ** rng.uniform(-1.5, 1))
        yield rng.normal(size=(7, D)) * 10 ** rng.uniform(-1, 1), rng.normal(size=(P, D)), beta


def test_energy_falls_by_half_the_squared_step_at_least_and_stays_above_its_bound():
    for xi, X, beta in draws(4):
        new = hopfield.modern_hopfield_update(xi, X, beta)
        before, after = (hopfield.modern_hopfield_energy(s, X, beta) for s in (xi, new))
        assert np.all(before - after >= 0.5 * np.sum((xi - new) ** 2, axis=1) - 1e-9 * (1 + before))
        M = np.linalg.norm(X, axis=1).max()
        assert np.all(before >= 0.5 * (np.linalg.norm(xi, axis=1) - M) ** 2 - 1e-9)


def test_update_minimises_the_bound_of_the_proof():
    """1/2 s.s - new.s over s, by moving the new state in every direction."""
    rng = np.random.default_rng(5)
    for xi, X, beta in draws(6, 10):
        new = hopfield.modern_hopfield_update(xi, X, beta)
        at = 0.5 * np.sum(new**2, axis=1) - np.sum(new * new, axis=1)
        for _ in range(20):
            moved = new + rng.normal(size=new.shape)
            assert np.all(0.5 * np.sum(moved**2, axis=1) - np.sum(new * moved, axis=1) >= at)


def test_one_step_bound_holds():
    for xi, X, beta in draws(7):
        if len(X) == 1:
            continue
        score = xi @ X.T
        best, M = score.argmax(axis=1), np.linalg.norm(X, axis=1).max()
        margin = score.max(axis=1) - np.sort(score, axis=1)[:, -2]
        gap = np.linalg.norm(hopfield.modern_hopfield_update(xi, X, beta) - X[best], axis=1)
        assert np.all(gap <= 2 * M * (len(X) - 1) * np.exp(-beta * margin) + 1e-12)


def test_layer_is_attention_to_twelve_digits():
    rng = np.random.default_rng(8)
    for _ in range(20):
        S, P, A, N, d, C = rng.integers(1, 9, 6)
        R, Y = rng.normal(size=(S, A)), rng.normal(size=(P, N))
        W_Q, W_K, W_V = rng.normal(size=(d, A)), rng.normal(size=(d, N)), rng.normal(size=(C, d))
        found = hopfield.hopfield_as_attention(R, Y, W_Q / 3, W_K / 3, W_V / 3, 0.7)
        Q, K, V = (torch.tensor(found[name])[None] for name in "QKV")
        by_torch = torch.nn.functional.scaled_dot_product_attention(Q, K, V)[0].numpy()
        np.testing.assert_allclose(found["Z"], by_torch, rtol=0, atol=1e-12)


def test_the_scale_may_stand_with_the_keys():
    def answer(*layer):
        found = hopfield.hopfield_as_attention(*layer)
        return found | {"Q": found["Q"] / 2, "K": found["K"] * 2}

    assert check.hopfield_as_attention.run(answer, 3, hopfield.hopfield_as_attention).right


# The task


def test_a_positive_bag_has_one_moved_instance_and_a_negative_one_none():
    quiet, target = tasks.signal_bags(40, 200, 5, 0.0, np.random.default_rng(9))
    moved, same = tasks.signal_bags(40, 200, 5, 30.0, np.random.default_rng(9))
    np.testing.assert_array_equal(target, same)
    shift = moved - quiet
    counts = np.sum(np.abs(shift).max(axis=2) > 0, axis=0)
    np.testing.assert_array_equal(counts, target)
    assert shift.max() == pytest.approx(30 / math.sqrt(5))
    assert shift.shape == (40, 200, 5)
    assert 0.35 < target.mean() < 0.65


def test_best_rule_of_the_page_beats_the_best_threshold_on_the_mean():
    x, target = tasks.signal_bags(50, 3000, 8, 6.0, np.random.default_rng(10))
    along = x.sum(axis=2) / np.sqrt(8)
    best = np.mean((np.log(np.mean(np.exp(6 * along - 18), axis=0)) > 0) != target)
    mean = min(np.mean((along.mean(axis=0) > level) != target) for level in np.linspace(-0.2, 0.3, 51))
    assert best < 0.02
    assert mean > 0.25
