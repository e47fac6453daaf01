"""What is special to the unit `gradients`: any counter-example counts, others do not, and the page's formulas hold."""

import re
from pathlib import Path

import numpy as np
import pytest
import torch

from autograde import tasks
from autograde.checks import gradients as check
from solutions import gradients

NOTATION = Path(__file__).parent.parent / "book" / "notation.md"


# Other counter-examples than the reference's


def mixed(matrix, rng):
    """The matrix in a random orthonormal basis."""
    Q = np.linalg.qr(rng.normal(size=matrix.shape))[0]
    return Q @ matrix @ Q.T


def opposite_pair(H, radius):
    """Two units that copy each other with opposite signs: eigenvalues of W imaginary, of DW no longer small."""
    W = np.zeros((H, H))
    a = np.sqrt(16 - 0.25 * radius**2)
    W[-2:, -2:] = [[4.0, a], [-a, -4.0]]  # trace 0, determinant a^2 - 16: modulus radius / 2
    slopes = np.full(H, 0.7)
    slopes[-1] = 0.01
    return {"W": W, "slopes": slopes}


def exactly_kept(H, radius):
    """The norm neither grows nor vanishes: DW has the eigenvalue 1."""
    W = np.zeros((H, H))
    W[:2, :2] = [[2.0, 2.0], [-2.0, -2.0]]
    slopes = np.ones(H)
    slopes[1] = 0.5
    return {"W": W, "slopes": slopes}


def found_at_random(H, radius, rng=None):
    """Search: matrices of a small radius in random bases, with random slopes, until one grows."""
    rng = rng or np.random.default_rng(0)
    while True:
        W = mixed(0.5 * radius * np.eye(H) + np.triu(rng.normal(size=(H, H)), 1) * 8, rng)
        slopes = rng.uniform(0.01, 1, size=H)
        if np.abs(np.linalg.eigvals(slopes[:, None] * W)).max() > 1.1:
            return {"W": W, "slopes": slopes}


@pytest.mark.parametrize("answer", [opposite_pair, exactly_kept, found_at_random])
def test_any_network_that_breaks_the_first_claim_counts(answer):
    verdict = check.break_vanishing.run(answer)
    assert verdict.right, str(verdict)


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (lambda H, radius: {"W": 2 * np.eye(H), "slopes": np.ones(H)}, "premise fails: the spectral radius"),
        (lambda H, radius: {"W": 2 * np.eye(H), "slopes": np.full(H, 0.3)}, "premise fails: the spectral radius"),
        (lambda H, radius: {"W": radius * np.eye(H), "slopes": np.full(H, 5.0)}, "premise fails: the slopes"),
        (lambda H, radius: {"W": radius * np.eye(H), "slopes": np.zeros(H)}, "premise fails: the slopes"),
        (lambda H, radius: {"W": radius * np.eye(H), "slopes": np.ones(H)}, "the claim survives"),
        (lambda H, radius: {"W": np.triu(np.full((H, H), 900.0), 1), "slopes": np.ones(H)}, "the claim survives"),
        (lambda H, radius: {"W": 1e9 * np.eye(H), "slopes": np.ones(H)}, "entries beyond"),
        (lambda H, radius: {"W": np.full((H, H), np.nan), "slopes": np.ones(H)}, "not finite"),
    ],
)
def test_what_does_not_break_the_first_claim_earns_nothing_and_hears_why(answer, why):
    verdict = check.break_vanishing.run(answer)
    assert verdict.points == 0
    assert why in str(verdict)


def test_other_networks_break_the_second_claim():
    def nilpotent_in_another_place(H, gamma):
        slopes = np.full(H, 1.0)
        slopes[-1] = gamma
        product = np.zeros((H, H))
        product[-1, -1], product[-1, 0], product[0, -1], product[0, 0] = -5.0, -5.0, 5.0, 5.0
        W = product / slopes[:, None]
        return {"W": W * 1.2 / (gamma * gradients.spectral_radius(W)), "slopes": slopes}

    def turning(H, gamma):
        """DW is a rotation: bounded for ever. W is not normal, and its radius large."""
        slopes, product = np.full(H, 1.0), np.zeros((H, H))
        slopes[1] = gamma
        a = 3 / (1 - gamma)
        product[:2, :2] = [[a, (1 + a**2) / a], [-a, -a]]  # trace 0, determinant 1: eigenvalues +-i
        return {"W": product / slopes[:, None], "slopes": slopes}

    for answer in (nilpotent_in_another_place, turning):
        verdict = check.break_exploding.run(answer)
        assert verdict.right, f"{answer.__name__}: {verdict}"


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (lambda H, gamma: {"W": np.eye(H), "slopes": np.ones(H)}, "premise fails: the spectral radius"),
        (lambda H, gamma: {"W": 9 / gamma * np.eye(H), "slopes": np.full(H, gamma / 99)}, "premise fails: the slopes"),
        (lambda H, gamma: {"W": 9 / gamma * np.eye(H), "slopes": np.full(H, 9.0)}, "premise fails: the slopes"),
        (lambda H, gamma: {"W": 2 / gamma * np.eye(H), "slopes": np.full(H, gamma)}, "the claim survives"),
    ],
)
def test_what_does_not_break_the_second_claim_earns_nothing_and_hears_why(answer, why):
    verdict = check.break_exploding.run(answer)
    assert verdict.points == 0
    assert why in str(verdict)


def test_slow_polynomial_growth_is_growth():
    """A Jordan block with eigenvalue 1 under D W grows like k: not bounded."""

    def answer(H, gamma):
        slopes, product = np.ones(H), np.zeros((H, H))
        slopes[1] = gamma
        a = 3 / (1 - gamma)
        product[:2, :2] = [[1 + a, a], [-a, 1 - a]]
        return {"W": product / slopes[:, None], "slopes": slopes}

    verdict = check.break_exploding.run(answer)
    assert verdict.points == 0
    assert "the claim survives" in str(verdict)


def test_another_start_and_matrix_break_the_third_claim():
    def rotated(H, radius, steps, growth):
        answer = gradients.break_forward(H, radius, steps, growth)
        Q = np.linalg.qr(np.random.default_rng(1).normal(size=(H, H)))[0]
        return {"W": Q @ answer["W"] @ Q.T, "h0": -3 * Q @ answer["h0"]}

    verdict = check.break_forward.run(rotated)
    assert verdict.right, str(verdict)


# Accepted variations


def test_jacobian_norms_may_use_torch_and_loops():
    def answer(h, W_hh):
        T = len(h) - 1
        W, norms = torch.as_tensor(W_hh), torch.ones(T + 1, h.shape[1], dtype=torch.float64)
        for b in range(h.shape[1]):
            product = torch.eye(len(W), dtype=torch.float64)
            for k in range(1, T + 1):
                product = product @ (torch.diag(1 - torch.as_tensor(h[T - k + 1, b]) ** 2) @ W)
                norms[k, b] = torch.linalg.svdvals(product)[0]
        return norms

    assert check.jacobian_norms.run(answer).right


def test_orthogonal_matrices_may_come_from_a_singular_value_decomposition():
    def answer(H, gain, rng):
        U, _, V = np.linalg.svd(rng.normal(size=(H, H)))
        return gain * U @ V

    assert check.orthogonal_init.run(answer).right


def test_signed_permutations_are_orthogonal_and_not_uniform():
    def answer(H, gain, rng):
        return gain * np.eye(H)[rng.permutation(H)] * rng.choice([-1.0, 1.0], size=H)

    verdict = check.orthogonal_init.run(answer)
    assert [f.ok for f in verdict.findings if f.title == "uniform"] == [False]


def test_clipping_may_use_one_long_vector():
    def answer(gradients, max_norm):
        g = np.concatenate([v.ravel() for v in gradients.values()])
        g = g * min(1, max_norm / max(np.linalg.norm(g), np.finfo(float).tiny))
        parts = np.split(g, np.cumsum([v.size for v in gradients.values()])[:-1])
        return {name: part.reshape(v.shape) for (name, v), part in zip(gradients.items(), parts, strict=True)}

    assert check.clip_by_norm.run(answer).right


# Against other sources, tighter


def test_linear_state_is_that_of_the_loop():
    rng = np.random.default_rng(0)
    x, h0 = rng.normal(size=(40, 3, 2)), rng.normal(size=(3, 5))
    W_hx, W_hh = rng.normal(size=(5, 2)), rng.normal(size=(5, 5)) / 3
    h = h0
    for x_t in x:
        h = x_t @ W_hx.T + h @ W_hh.T
    np.testing.assert_allclose(gradients.linear_rnn_state(x, h0, W_hx, W_hh)["h_last"], h, rtol=1e-10, atol=1e-12)


def test_clipped_norm_is_exact_and_the_direction_stays():
    rng = np.random.default_rng(1)
    g = {"a": rng.normal(size=(3, 4)), "b": rng.normal(size=5)}
    clipped = gradients.clip_by_norm(g, 0.1)
    assert np.sqrt(sum(np.sum(v**2) for v in clipped.values())) == pytest.approx(0.1, rel=1e-14)
    assert len({round(float(r), 12) for name in g for r in (clipped[name] / g[name]).ravel()}) == 1


@pytest.mark.parametrize("T", [10, 23, 50])
def test_temporal_order_has_two_marked_symbols_and_four_equal_classes(T):
    x, target = tasks.temporal_order(T, 4000, np.random.default_rng(0))
    assert x.shape == (T, 4000, 6)
    assert np.all(x.sum(axis=2) == 1)
    marked = x[:, :, :2].sum(axis=2)
    assert np.all(marked.sum(axis=0) == 2)
    first, last = np.argmax(marked, axis=0), T - 1 - np.argmax(marked[::-1], axis=0)
    assert np.all((first >= T // 10) & (first < 2 * T // 10))
    assert np.all((last >= 4 * T // 10) & (last < 5 * T // 10))
    is_y = x[:, :, 1]
    rows = np.arange(4000)
    np.testing.assert_array_equal(target, 2 * is_y[first, rows] + is_y[last, rows])
    assert np.all(np.abs(np.bincount(target, minlength=4) / 4000 - 0.25) < 0.04)


def test_temporal_order_refuses_sequences_without_room():
    with pytest.raises(ValueError, match="at least 10"):
        tasks.temporal_order(9, 2, np.random.default_rng(0))


# The page Notation


def test_symbols_of_the_chapter_have_the_shapes_on_the_page():
    section = NOTATION.read_text(encoding="utf-8").split("### Products of Jacobians")[1].split("\n#")[0]
    named = {n: shape for shape, names in re.findall(r"\| `\((.*?)\)` \| (.*?) \|", section) for n in names.split(", ")}
    sizes = {"T": 6, "B": 3, "D": 2, "H": 4, "T+1": 7}
    rng = np.random.default_rng(0)
    x, h0, W_hx, W_hh = (rng.normal(size=s) for s in ((6, 3, 2), (3, 4), (4, 2), (4, 4)))
    found = {
        **gradients.linear_rnn_state(x, h0, W_hx, W_hh),
        "slopes": gradients.break_vanishing(4, 0.5)["slopes"],
        "norms": gradients.jacobian_norms(np.tanh(rng.normal(size=(7, 3, 4))), W_hh),
        "radius": gradients.spectral_radius(W_hh),
        "gain": 1.0,
        "max_norm": 1.0,
        "limit": 1.0,
    }
    assert {n.strip("`") for n in named} == set(found) - {"h_last"}
    for name, shape in named.items():
        expected = tuple(sizes[part.strip()] for part in shape.split(",") if part.strip())
        assert np.shape(found[name.strip("`")]) == expected, name


def test_bounds_of_the_slopes_are_those_that_deck_b_gives():
    a = np.linspace(-8, 8, 100_001)
    assert np.max(1 - np.tanh(a) ** 2) == pytest.approx(1)
    logistic = 1 / (1 + np.exp(-a))
    assert np.max(logistic * (1 - logistic)) == pytest.approx(1 / 4)
