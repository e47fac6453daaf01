"""Does the unit `attention` agree with torch, do its masks mask, and is what the chapter says about it so?"""

import numpy as np
import pytest
import torch
from torch.nn import functional

from autograde.checks import attention as check
from autograde.oracles import central_differences
from solutions import attention

SEEDS = (0, 1, 2)
TORCH = {"rtol": 0, "atol": 1e-10}


def inputs(rng, T, S, B, D, H):
    return (rng.normal(size=shape) for shape in ((T, B, D), (S, B, D), (S, B, H)))


def weights(rng, D, F):
    block = {
        "W_qkv": (3 * D, D), "b_qkv": (3 * D,), "W_o": (D, D), "b_o": (D,), "W_1": (F, D), "b_1": (F,), "W_2": (D, F),
        "b_2": (D,), "gain_1": (D,), "shift_1": (D,), "gain_2": (D,), "shift_2": (D,),
    }  # fmt: skip
    return {name: rng.normal(size=shape) / np.sqrt(shape[-1]) for name, shape in block.items()}


# Against torch


@pytest.mark.parametrize("seed", SEEDS)
def test_attention_is_torchs(seed):
    rng = np.random.default_rng(seed)
    q, k, v = inputs(rng, 4, 7, 3, 5, 6)
    mask = (rng.uniform(size=(4, 3, 7)) < 0.6).astype(float)
    mask[..., 0] = 1
    batch_first = (torch.as_tensor(z).transpose(0, 1) for z in (q, k, v))
    hidden = torch.as_tensor(mask).transpose(0, 1) > 0
    theirs = functional.scaled_dot_product_attention(*batch_first, attn_mask=hidden).transpose(0, 1).numpy()
    np.testing.assert_allclose(attention.scaled_dot_product_attention(q, k, v, mask)["a"], theirs, **TORCH)


@pytest.mark.parametrize("seed", SEEDS)
def test_gradient_agrees_with_torch_and_with_differences(seed):
    rng = np.random.default_rng(seed)
    q, k, v = inputs(rng, 3, 4, 2, 5, 2)
    mask = (rng.uniform(size=(3, 2, 4)) < 0.7).astype(float)
    da = rng.normal(size=(3, 2, 2))
    ours = attention.scaled_dot_product_attention_backward(q, k, v, mask, da)

    tensors = [torch.as_tensor(z).requires_grad_() for z in (q, k, v)]
    scores = torch.einsum("tbd,jbd->tbj", *tensors[:2]) / 5**0.5
    odds = torch.exp(scores) * torch.as_tensor(mask)
    alpha = odds / odds.sum(2, keepdim=True).clamp_min(1e-300)
    loss = (torch.einsum("tbj,jbh->tbh", alpha, tensors[2]) * torch.as_tensor(da)).sum()
    for name, theirs in zip(("dq", "dk", "dv"), torch.autograd.grad(loss, tensors), strict=True):
        np.testing.assert_allclose(ours[name], theirs.numpy(), **TORCH)

    def by_numbers(**moved):
        return float(np.sum(attention.scaled_dot_product_attention(**moved, mask=mask)["a"] * da))

    for name, slope in central_differences(by_numbers, {"q": q, "k": k, "v": v}, ("q", "k", "v")).items():
        np.testing.assert_allclose(ours[f"d{name}"], slope, rtol=0, atol=1e-8)


@pytest.mark.parametrize("heads", [1, 2, 6])
def test_weights_load_into_torchs_multihead_attention(heads):
    rng = np.random.default_rng(heads)
    T, S, B, D = 4, 6, 3, 12
    x, y, block = rng.normal(size=(T, B, D)), rng.normal(size=(S, B, D)), weights(rng, D, 5)
    lengths = np.array([6, 3, 1])
    real = np.arange(S)[:, None] < lengths
    layer = torch.nn.MultiheadAttention(D, heads, dtype=torch.float64)
    with torch.no_grad():
        for parameter, name in (
            (layer.in_proj_weight, "W_qkv"), (layer.in_proj_bias, "b_qkv"), (layer.out_proj.weight, "W_o"),
            (layer.out_proj.bias, "b_o"),
        ):  # fmt: skip
            parameter.copy_(torch.as_tensor(block[name]))
        out, alpha = layer(
            *(torch.as_tensor(z) for z in (x, y, y)), key_padding_mask=torch.as_tensor(~real.T),
            average_attn_weights=False,
        )  # fmt: skip
    mask = np.broadcast_to(real.T.astype(float), (T, B, S))
    ours = attention.multi_head_attention(
        x, y, mask, *(block[name] for name in ("W_qkv", "b_qkv", "W_o", "b_o")), heads
    )
    np.testing.assert_allclose(ours["out"], out.numpy(), **TORCH)
    np.testing.assert_allclose(ours["alpha"], alpha.permute(2, 0, 1, 3).numpy(), **TORCH)


@pytest.mark.parametrize("norm", ["after", "before"])
@pytest.mark.parametrize("causal", [False, True])
def test_weights_load_into_torchs_encoder_layer(norm, causal):
    rng = np.random.default_rng(3)
    T, B, D, F, heads = 5, 3, 8, 11, 2
    x, block = rng.normal(size=(T, B, D)), weights(rng, D, F)
    layer = torch.nn.TransformerEncoderLayer(D, heads, F, dropout=0.0, norm_first=norm == "before", dtype=torch.float64)
    layer.load_state_dict({check.IN_TORCH[name]: torch.as_tensor(value) for name, value in block.items()})
    hidden = torch.ones(T, T, dtype=torch.bool).triu(1) if causal else None
    with torch.no_grad():
        theirs = layer(torch.as_tensor(x), src_mask=hidden).numpy()
    mask = attention.attention_mask(np.ones((T, B)), causal)
    np.testing.assert_allclose(attention.transformer_block(x, mask, block, heads, norm), theirs, **TORCH)


# Masks that mask


@pytest.mark.parametrize("norm", ["after", "before"])
def test_what_is_padded_and_what_comes_later_changes_nothing(norm):
    rng = np.random.default_rng(4)
    T, B, D = 7, 3, 6
    x, noise, block = rng.normal(size=(T, B, D)), 1e6 * rng.normal(size=(T, B, D)), weights(rng, D, 9)
    real = (np.arange(T)[:, None] < np.array([7, 4, 1])).astype(float)
    mask = attention.attention_mask(real, False)
    spoilt = np.where(real[:, :, None] > 0, x, noise)
    ours, theirs = (attention.transformer_block(z, mask, block, 3, norm) for z in (x, spoilt))
    np.testing.assert_array_equal(ours[real > 0], theirs[real > 0])

    causal = attention.attention_mask(np.ones((T, B)), True)
    out = attention.transformer_block(x, causal, block, 3, norm)
    for first in range(1, T):
        changed = np.concatenate([x[:first], noise[first:]])
        later = attention.transformer_block(changed, causal, block, 3, norm)
        np.testing.assert_array_equal(later[:first], out[:first])
        assert np.abs(later[first:] - out[first:]).max() > 0.1


def test_hidden_keys_and_values_have_no_gradient_and_a_blind_query_neither():
    rng = np.random.default_rng(5)
    q, k, v = inputs(rng, 4, 5, 2, 3, 6)
    mask = np.ones((4, 2, 5))
    mask[:, :, 3], mask[2, 0] = 0, 0
    grads = attention.scaled_dot_product_attention_backward(q, k, v, mask, rng.normal(size=(4, 2, 6)))
    assert not grads["dk"][3].any()
    assert not grads["dv"][3].any()
    assert not grads["dq"][2, 0].any()
    assert not attention.scaled_dot_product_attention(q, k, v, mask)["a"][2, 0].any()


# Pooling and additive scores


def test_pooling_has_mean_maximum_and_last_step_as_limits():
    rng = np.random.default_rng(6)
    x, mask = rng.normal(size=(6, 2, 3)), np.ones((6, 2))
    pool = attention.attention_pool
    np.testing.assert_allclose(pool(x, np.full((6, 2), 7.0), mask)["a"], x.mean(0))
    scores = rng.normal(size=(6, 2))
    top = scores.argmax(0)
    np.testing.assert_allclose(pool(x, 1e4 * scores, mask)["a"], x[top, np.arange(2)])
    np.testing.assert_allclose(pool(x, 1e3 * np.arange(6.0)[:, None] * np.ones(2), mask)["a"], x[-1])


def test_without_the_bend_additive_scores_do_not_depend_on_who_asks():
    """The chapter's claim, with weights so small that tanh is the identity."""
    rng = np.random.default_rng(7)
    s, h = rng.normal(size=(4, 2, 3)), rng.normal(size=(5, 2, 6))
    W_as, W_ah, u = rng.normal(size=(7, 3)), rng.normal(size=(7, 6)), rng.normal(size=7)
    small = attention.additive_attention(s, h, np.ones((5, 2)), 1e-5 * W_as, 1e-5 * W_ah, 1e5 * u)["alpha"]
    bent = attention.additive_attention(s, h, np.ones((5, 2)), W_as, W_ah, u)["alpha"]
    assert np.ptp(small, axis=0).max() < 1e-6
    assert np.ptp(bent, axis=0).max() > 0.1


# Order


@pytest.mark.parametrize("norm", ["after", "before"])
def test_a_block_is_equivariant_and_its_mean_invariant_until_a_mask_or_positions_tell(norm):
    rng = np.random.default_rng(8)
    T, B, D = 6, 2, 8
    x, block, order = rng.normal(size=(T, B, D)), weights(rng, D, 5), rng.permutation(T)
    everything = attention.attention_mask(np.ones((T, B)), False)
    causal = attention.attention_mask(np.ones((T, B)), True)
    P = attention.sinusoidal_positions(T, D)[:, None]

    def outputs(z, mask):
        return attention.transformer_block(z, mask, block, 4, norm)

    np.testing.assert_allclose(outputs(x[order], everything), outputs(x, everything)[order], rtol=0, atol=1e-12)
    assert np.abs(outputs(x[order], causal).mean(0) - outputs(x, causal).mean(0)).max() > 1e-2
    assert np.abs(outputs(x[order] + P, everything).mean(0) - outputs(x + P, everything).mean(0)).max() > 1e-2


def test_moving_by_places_is_one_rotation_and_products_depend_on_the_distance():
    P = attention.sinusoidal_positions(30, 12)
    matrix, *_ = np.linalg.lstsq(P[:-3], P[3:], rcond=None)
    np.testing.assert_allclose(P[:-3] @ matrix, P[3:], rtol=0, atol=1e-8)
    products = P @ P.T
    for lag in range(10):
        assert np.ptp(np.diagonal(products, lag)) < 1e-12


# Scores and features


def test_products_have_variance_D_and_the_root_keeps_the_derivative_alive():
    rng = np.random.default_rng(9)
    D = 1024
    q, k = rng.normal(size=(300, D)), rng.normal(size=(300, 32, D))
    scores = np.einsum("nd,njd->nj", q, k)
    assert scores.var() == pytest.approx(D, rel=0.1)
    sizes = []
    for e in (scores, scores / np.sqrt(D)):
        alpha = attention.masked_softmax(e, np.ones_like(e))
        sizes.append(np.median(np.linalg.norm(alpha[:, :, None] * (np.eye(32) - alpha[:, None]), axis=(1, 2))))
    assert sizes[0] < 1e-3 < 0.1 < sizes[1]


def kernel_error(size, M, rng, T=64, B=2, D=64):
    """Error of kernel attention, and of the plain mean, relative to attention."""
    q, k, v = (scale * rng.normal(size=(T, B, D)) for scale in (size, size, 1.0))
    exact = attention.scaled_dot_product_attention(q, k, v, np.ones((T, B, T)))["a"]
    ours = attention.performer_attention(q, k, v, rng.normal(size=(M, D)))
    return np.array([np.linalg.norm(z - exact) for z in (ours, v.mean(0))]) / np.linalg.norm(exact)


def test_random_features_converge_for_small_inputs_and_fail_at_size_one():
    rng = np.random.default_rng(10)
    counts = (64, 256, 1024)
    small = [np.mean([kernel_error(0.25, M, rng)[0] for _ in range(3)]) for M in counts]
    assert -0.62 < np.polyfit(np.log(counts), np.log(small), 1)[0] < -0.38
    ours, mean = kernel_error(1.0, 2048, rng)
    assert ours > mean > 0.5


def test_relative_spread_of_one_estimate_is_what_the_chapter_derives():
    rng = np.random.default_rng(11)
    D, M = 6, 400_000
    q, k = 0.5 * rng.normal(size=D), 0.5 * rng.normal(size=D)
    z = (q + k) / D**0.25
    terms = np.exp(rng.normal(size=(M, D)) @ z - (q @ q + k @ k) / (2 * np.sqrt(D)))
    assert terms.mean() == pytest.approx(np.exp(q @ k / np.sqrt(D)), rel=0.02)
    assert terms.std() / terms.mean() == pytest.approx(np.sqrt(np.exp(z @ z) - 1), rel=0.05)


def test_kernel_attention_is_a_weighted_mean_with_positive_weights():
    rng = np.random.default_rng(12)
    q, k, _ = inputs(rng, 6, 9, 2, 4, 4)
    each = np.repeat(np.eye(9)[:, None], 2, axis=1)
    alpha = attention.performer_attention(q, k, each, rng.normal(size=(5, 4)))
    assert alpha.min() > 0
    np.testing.assert_allclose(alpha.sum(axis=2), 1.0, rtol=0, atol=1e-12)
