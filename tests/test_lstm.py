"""What is special to the unit `lstm`: agreement with torch to ten digits, its cells' relations, the page's claims."""

import re
from pathlib import Path

import numpy as np
import pytest
import torch

from autograde import tasks
from autograde.checks import lstm as check
from solutions import bptt, lstm

PAGE = (Path(__file__).parents[1] / "book" / "lstm.md").read_text(encoding="utf-8")
SAME = {"rtol": 0, "atol": 1e-10}


def network(rng, T=7, B=3, D=2, H=4):
    return {
        "x": rng.normal(size=(T, B, D)),
        "h0": np.tanh(rng.normal(size=(B, H))),
        "c0": rng.normal(size=(B, H)),
        "W_hx": rng.normal(size=(4 * H, D)),
        "W_hh": rng.normal(size=(4 * H, H)) / np.sqrt(H),
        "b_h": rng.normal(size=4 * H),
    }


def step_case(rng, B=3, D=2, H=4):
    case = network(rng, 1, B, D, H)
    return [case["x"][0], case["h0"], case["c0"], case["W_hx"], case["W_hh"], case["b_h"]]


def block(array, k):
    H = len(array) // 4
    return array[k * H : (k + 1) * H]


# Against torch's module


@pytest.mark.parametrize("sizes", [(7, 3, 2, 4), (1, 2, 3, 5), (30, 1, 5, 3)])
def test_weights_load_into_torch_forward_and_backward(sizes):
    rng = np.random.default_rng(0)
    T, B, D, H = sizes
    case = network(rng, *sizes)
    dh, dc_T = rng.normal(size=(T, B, H)), rng.normal(size=(B, H))
    module = torch.nn.LSTM(D, H, dtype=torch.float64)
    with torch.no_grad():
        values = (case["W_hx"], case["W_hh"], 0.3 * case["b_h"], 0.7 * case["b_h"])
        for parameter, value in zip(module.parameters(), values, strict=True):
            parameter.copy_(torch.as_tensor(value))
    x, h0, c0 = (torch.tensor(case[name], requires_grad=True) for name in ("x", "h0", "c0"))
    output, (h_n, c_n) = module(x, (h0[None], c0[None]))
    ((output * torch.as_tensor(dh)).sum() + (c_n[0] * torch.as_tensor(dc_T)).sum()).backward()

    run = lstm.lstm_forward(**case)
    np.testing.assert_allclose(run["h"][1:], output.detach(), **SAME)
    np.testing.assert_allclose(run["h"][-1], h_n[0].detach(), **SAME)
    np.testing.assert_allclose(run["c"][-1], c_n[0].detach(), **SAME)
    back = lstm.lstm_backward(case["x"], **run, W_hx=case["W_hx"], W_hh=case["W_hh"], dh=dh, dc_T=dc_T)
    expected = {
        "dx": x.grad, "dh0": h0.grad, "dc0": c0.grad, "dW_hx": module.weight_ih_l0.grad,
        "dW_hh": module.weight_hh_l0.grad, "db_h": module.bias_hh_l0.grad,
    }  # fmt: skip
    assert back.keys() == expected.keys()
    for name, gradient in expected.items():
        np.testing.assert_allclose(back[name], gradient, err_msg=name, **SAME)


def test_jacobian_is_what_the_backward_pass_applies():
    rng = np.random.default_rng(1)
    case = network(rng, T=5, B=1)
    run = lstm.lstm_forward(**case)
    dh, dc_T = np.zeros((5, 1, 4)), rng.normal(size=(1, 4))
    dh[-1] = rng.normal(size=(1, 4))
    row = np.concatenate([dh[-1, 0], dc_T[0]])
    for t in reversed(range(5)):
        weights = (case["W_hx"], case["W_hh"], case["b_h"])
        row = row @ lstm.cell_jacobian(case["x"][t, 0], run["h"][t, 0], run["c"][t, 0], *weights)
    back = lstm.lstm_backward(case["x"], **run, W_hx=case["W_hx"], W_hh=case["W_hh"], dh=dh, dc_T=dc_T)
    np.testing.assert_allclose(row, np.concatenate([back["dh0"][0], back["dc0"][0]]), **SAME)


# One cell and another


def test_cell_of_1997_is_the_lstm_with_its_forget_gate_held_open():
    x_t, h, c, W_hx, W_hh, b_h = step_case(np.random.default_rng(2))
    three = np.r_[0:4, 8:16]
    open_b = b_h.copy()
    open_b[4:8] = 40
    W_x, W_h = W_hx.copy(), W_hh.copy()
    W_x[4:8] = W_h[4:8] = 0
    new, old = (
        lstm.lstm_step(x_t, h, c, W_x, W_h, open_b),
        lstm.lstm_1997_step(x_t, h, c, W_hx[three], W_hh[three], b_h[three]),
    )
    for name in ("h", "c"):
        np.testing.assert_allclose(new[name], old[name], rtol=0, atol=1e-15)


def test_carousel_is_the_cell_of_1997_with_its_input_gate_held_open():
    rng = np.random.default_rng(3)
    x, c0, W_gx, b_g = rng.normal(size=(6, 2, 3)), rng.normal(size=(2, 4)), rng.normal(size=(4, 3)), rng.normal(size=4)
    zeros = np.zeros((4, 3))
    W_x, b = np.concatenate([zeros, W_gx, zeros]), np.concatenate([np.full(4, 40.0), b_g, np.zeros(4)])
    h, c = np.zeros((2, 4)), c0
    for x_t, expected in zip(x, lstm.cec_forward(x, c0, W_gx, b_g)[1:], strict=True):
        new = lstm.lstm_1997_step(x_t, h, c, W_x, np.zeros((12, 4)), b)
        h, c = new["h"], new["c"]
        np.testing.assert_allclose(c, expected, rtol=0, atol=1e-13)


def test_coupled_gates_are_tied_weights():
    """eq. lstm-coupled, written out, against an LSTM whose input gate has minus the weights of its forget gate."""
    x_t, h, c, W_hx, W_hh, b_h = step_case(np.random.default_rng(4))
    for array in (W_hx, W_hh, b_h):
        array[:4] = -array[4:8]
    a = x_t @ W_hx.T + h @ W_hh.T + b_h
    f, g, o = 1 / (1 + np.exp(-a[:, 4:8])), np.tanh(a[:, 8:12]), 1 / (1 + np.exp(-a[:, 12:]))
    new = lstm.lstm_step(x_t, h, c, W_hx, W_hh, b_h)
    np.testing.assert_allclose(new["c"], f * c + (1 - f) * g, rtol=0, atol=1e-14)
    np.testing.assert_allclose(new["h"], o * np.tanh(f * c + (1 - f) * g), rtol=0, atol=1e-14)


def test_peepholes_of_zero_are_no_peepholes():
    case = step_case(np.random.default_rng(5))
    with_holes, without = lstm.peephole_lstm_step(*case, np.zeros((3, 4))), lstm.lstm_step(*case)
    for name in ("h", "c"):
        np.testing.assert_array_equal(with_holes[name], without[name])


def test_peepholes_see_the_cell_behind_a_shut_output_gate():
    x_t, _, c, W_hx, W_hh, b_h = step_case(np.random.default_rng(6))
    b_h[12:] = -40  # h is zero, whatever the cell holds
    p = np.ones((3, 4))
    kept = [lstm.peephole_lstm_step(x_t, 0 * c, c + s, W_hx, W_hh, b_h, p)["c"] / (c + s) for s in (0.0, 3.0)]
    assert np.abs(kept[1] - kept[0]).min() > 1e-3


def test_deck_as_candidate_is_half_a_tanh_shifted():
    """The page writes deck A's sigma as (1 + tanh(a / 2)) / 2, with halved weights."""
    a = np.linspace(-5, 5, 41)
    np.testing.assert_allclose(lstm.sigmoid(a), (1 + np.tanh(a / 2)) / 2, rtol=0, atol=1e-15)
    np.testing.assert_allclose(lstm.sigmoid(a), 1 / (1 + np.exp(-a)), rtol=0, atol=1e-15)
    assert np.all(np.isfinite(lstm.sigmoid(np.array([-1e6, 1e6]))))


# Memory


@pytest.mark.parametrize("half_life", [0.2, 1.0, 7.5, 100.0, 1e5])
def test_cell_with_this_bias_halves_in_this_time(half_life):
    f = lstm.sigmoid(lstm.forget_bias_for_half_life(np.array(half_life)))
    assert f**half_life == pytest.approx(0.5, rel=1e-9)


def test_noise_in_a_cell_has_the_variance_of_the_page():
    """eq. lstm-noise by simulation: constant gates, independent candidates of variance 1/3."""
    rng = np.random.default_rng(7)
    T, cells = 60, 20_000
    for i, f in ((0.5, 1.0), (0.5, 0.9), (0.1, 0.9)):
        c = np.zeros(cells)
        for _ in range(T):
            c = f * c + i * rng.uniform(-1, 1, size=cells)
        v = i**2 / 3 * (T if f == 1 else (1 - f ** (2 * T)) / (1 - f**2))
        assert c.var() == pytest.approx(v, rel=0.05)
        if i == 1 - f:
            assert v < (1 - f) / (1 + f) / 3


def test_reach_grows_with_the_forget_bias():
    """What the border experiment rests on: the gradient that arrives from early steps, by differences of the loss."""
    rng = np.random.default_rng(8)
    T, H = 20, 6
    x, _ = tasks.temporal_order(T, 1, rng)
    W_hx, W_hh = rng.uniform(-0.4, 0.4, size=(4 * H, 6)), rng.uniform(-0.4, 0.4, size=(4 * H, H))
    ratios = []
    for bias in (-1.0, 1.0, 3.0):
        b_h = np.zeros(4 * H)
        b_h[H : 2 * H] = bias
        zero = np.zeros((1, H))
        run = lstm.lstm_forward(x, zero, zero, W_hx, W_hh, b_h)
        dh = np.zeros((T, 1, H))
        dh[-1] = 1
        dx = lstm.lstm_backward(x, **run, W_hx=W_hx, W_hh=W_hh, dh=dh, dc_T=zero)["dx"][:, 0]
        moved = bptt.numerical_gradient(
            lambda first, b_h=b_h, zero=zero: lstm.lstm_forward(
                np.concatenate([first, x[1:]]), zero, zero, W_hx, W_hh, b_h
            )["h"][-1].sum(),
            x[:1],
        )
        np.testing.assert_allclose(moved[0, 0], dx[0], rtol=0, atol=1e-9)
        ratios.append(np.linalg.norm(dx[2]) / np.linalg.norm(dx[-1]))
    assert ratios[0] < 1e-4 < 1e-2 < ratios[2]
    assert ratios == sorted(ratios)


# The worked example


def test_worked_example_has_the_numbers_of_the_page():
    log3 = np.log(3)
    W_hx, W_hh = np.array([[2 * log3], [0], [log3], [0]]), np.array([[0.0], [0], [1], [0]])
    zero = np.zeros((1, 1))
    x = np.array([1.0, 0.0])[:, None, None]
    run = lstm.lstm_forward(x, zero, zero, W_hx, W_hh, np.array([-log3, log3, 0, 0]))
    np.testing.assert_allclose(run["gates"][0, 0], [3 / 4, 3 / 4, 4 / 5, 1 / 2], rtol=1e-12)
    np.testing.assert_allclose(run["gates"][1, 0], [1 / 4, 3 / 4, 0.2623, 1 / 2], atol=5e-5)
    np.testing.assert_allclose(run["c"][1:, 0, 0], [0.6, 0.5156], atol=5e-5)
    back = lstm.lstm_backward(x, **run, W_hx=W_hx, W_hh=W_hh, dh=np.zeros((2, 1, 1)), dc_T=zero + 1)
    second = lstm.lstm_backward(
        x[1:], run["h"][1:], run["c"][1:], run["gates"][1:], W_hx, W_hh, np.zeros((1, 1, 1)), zero + 1
    )
    np.testing.assert_allclose(second["db_h"], [0.0492, 0.1125, 0.2328, 0], atol=5e-5)
    # what step 2 says about c_1: directly, and through h_1
    through = second["dh0"].item() * 0.5 * (1 - np.tanh(0.6) ** 2)
    assert second["dc0"].item() == pytest.approx(0.75)
    assert second["dc0"].item() + through == pytest.approx(0.8328, abs=5e-5)
    assert back["dx"][0, 0, 0] == pytest.approx(0.5215, abs=5e-5)
    for number in ("0.2685", "0.2623", "0.5156", "0.0492", "0.1125", "0.2328", "0.8328", "0.5215"):
        assert number in PAGE


# The task


def test_sines_are_sines_and_noise_is_noise():
    x, mask, is_sine = tasks.sine_or_noise(300, np.random.default_rng(9))
    assert (x.shape, mask.shape) == ((50, 300, 1), (50, 300))
    lengths = mask.sum(axis=0).astype(int)
    assert (lengths.min(), lengths.max()) == (10, 50)
    assert np.all(x[:, :, 0][mask == 0] == 0)
    assert np.all(np.diff(mask, axis=0) <= 0)
    assert 0.4 < is_sine.mean() < 0.6
    for n, length in enumerate(lengths):
        # x[t+1] + x[t-1] = 2 cos(w) x[t] holds for a sampled sine and for nothing else
        middle, sides = x[1 : length - 1, n, 0], x[2:length, n, 0] + x[: length - 2, n, 0]
        slope = middle @ sides / (middle @ middle)
        gap = np.abs(sides - slope * middle).max()
        assert (gap < 1e-8) == bool(is_sine[n])
    with pytest.raises(ValueError, match="in this order"):
        tasks.sine_or_noise(3, np.random.default_rng(0), 20, 10)


# Other right answers


def forward_by_steps(x, h0, c0, W_hx, W_hh, b_h):
    h, c, gates = [h0], [c0], []
    for x_t in x:
        a = (x_t @ W_hx.T + h[-1] @ W_hh.T + b_h).reshape(len(h0), 4, -1)
        values = 1 / (1 + np.exp(-np.clip(a, -500, 500)))
        values[:, 2] = 2 / (1 + np.exp(-2 * a[:, 2])) - 1
        c.append(values[:, 1] * c[-1] + values[:, 0] * values[:, 2])
        h.append(values[:, 3] * np.tanh(c[-1]))
        gates.append(values.reshape(len(h0), -1))
    return {"h": h, "c": c, "gates": gates}


def jacobian_by_backward(x_t, h, c, W_hx, W_hh, b_h):
    """Row by row with the backward pass over a single step."""
    run = lstm.lstm_forward(x_t[None, None], h[None], c[None], W_hx, W_hh, b_h)
    rows = []
    for e in np.eye(2 * len(h)):
        dh, dc = e[None, None, : len(h)], e[None, len(h) :]
        back = lstm.lstm_backward(x_t[None, None], **run, W_hx=W_hx, W_hh=W_hh, dh=dh, dc_T=dc)
        rows.append(np.concatenate([back["dh0"][0], back["dc0"][0]]))
    return np.array(rows)


def bias_by_logarithms(half_life):
    kept = np.log(2) / half_life  # -log f
    return -kept - np.log(-np.expm1(-kept))


@pytest.mark.parametrize("seed", [1, 2**63 + 5])
@pytest.mark.parametrize(
    ("name", "variation"),
    [
        ("lstm_forward", forward_by_steps),
        ("cell_jacobian", jacobian_by_backward),
        ("forget_bias_for_half_life", bias_by_logarithms),
    ],
)
def test_another_way_gets_full_points(name, variation, seed):
    verdict = getattr(check, name).run(variation, seed, getattr(lstm, name))
    assert verdict.right, str(verdict)


def test_direct_path_alone_is_worth_one_point_of_three():
    def direct(x_t, h, c, W_hx, W_hh, b_h):
        return lstm.cell_jacobian(x_t, h, c, W_hx, 0 * W_hh, W_hh @ h + b_h)

    assert check.cell_jacobian.run(direct).points == 1


# What a wrong answer hears


def words(verdict):
    return " ".join(str(verdict).split())


def test_a_wrong_block_of_the_jacobian_is_named_and_so_are_the_right_ones():
    def deaf(x_t, h, c, W_hx, W_hh, b_h):
        J, H = lstm.cell_jacobian(x_t, h, c, W_hx, W_hh, b_h), len(h)
        J[H:, :H] *= -1
        return J

    said = words(check.cell_jacobian.run(deaf))
    assert "the blocks of ∂h_t/∂h_{t-1}, ∂h_t/∂c_{t-1}, ∂c_t/∂c_{t-1} are right" in said
    assert "∂c_t/∂h_{t-1}: the sign is opposite" in said


def test_blocks_of_the_jacobian_in_each_others_places_are_called_so():
    def cell_first(*args):
        return np.roll(lstm.cell_jacobian(*args), len(args[1]), axis=(0, 1))

    said = words(check.cell_jacobian.run(cell_first))
    assert "∂h_t/∂c_{t-1}: holds what belongs to ∂c_t/∂h_{t-1}" in said


def test_a_loss_of_the_last_cell_state_that_is_ignored_is_named_in_every_part():
    def deaf(*args):
        return lstm.lstm_backward(*args[:-1], 0 * args[-1])

    for finding in check.lstm_backward.run(deaf).findings[1:]:
        assert finding.text.endswith("it is as if dc_T were zero"), finding.text


def test_another_mistake_in_the_backward_pass_is_not_taken_for_that():
    def no_later_steps(*args):
        return {**lstm.lstm_backward(*args), "dW_hh": 0 * args[5], "dc0": 0 * args[-1]}

    assert "as if" not in str(check.lstm_backward.run(no_later_steps))


# The page


def test_page_prints_no_graded_answer():
    code = "\n".join(re.findall(r"^```\{code-cell\}.*?\n(.*?)^```$", PAGE, flags=re.MULTILINE | re.DOTALL))
    for name in ("cec_forward", "lstm_step", "lstm_forward", "lstm_backward", "cell_jacobian"):
        assert f"def {name}" not in code
    assert "expm1" not in code
