# %% [markdown]
# # Attention: exercises
#
# In these exercises you write attention from its smallest part, a softmax that knows what it may not see, to a whole
# Transformer block whose weights load into torch, with the gradient by hand in between. At the end you approximate
# attention by random features, at a cost that grows with the length and not with its square. The chapter *Attention*
# derives everything that you need; equation names below refer to it.
# An equation's name is its address: eq. `attention-scaled` stands at `book/attention.html#equation-attention-scaled`.
#
# **How to work.** Replace each `raise NotImplementedError()` by your code, run the cell, then run the check below it.
# A check prints one line when all is well. Otherwise it says what differs, in which case and by how much, and often
# what kind of mistake looks like that. You may add cells of your own anywhere; leave the check cells as they are.
#
# **Conventions.** Time comes first. There are `T` queries and `S` keys with a value each, in a batch of `B` sequences:
# `q` is `(T, B, D)`, `k` is `(S, B, D)` and `v` is `(S, B, H)`. The weights `alpha` are `(T, B, S)`: `alpha[t, b]` says
# how query `t` of sequence `b` spreads over the keys of that sequence, and sums to 1. A `mask` holds 1 where something
# may be seen and 0 where it may not. All arrays are float64. Functions return new arrays and leave their inputs as they
# were.
#
# The unit is worth 20 points.

# %%
import numpy as np

from autograde.checks import attention as check

# %% [markdown]
# ## 1. A softmax that knows what it may not see
#
# Along the *last* axis, weights in proportion to $e^{\text{score}}$ where the mask is 1, and exactly 0 where it is 0
# (eq. `attention-softmax`). There may be any number of axes in front. Where nothing may be seen at all, all weights are
# 0. Scores may be thousands large. Where the mask is 0 anything may stand in `scores`, even `nan` or `inf`.


# %%
def masked_softmax(scores, mask):
    """Weights that sum to one over what may be seen (eq. attention-softmax).

    scores (..., S), mask (..., S) of ones and zeros  ->  alpha (..., S)
    """
    ### BEGIN SOLUTION
    visible = np.where(mask > 0, scores, -np.inf)
    top = visible.max(axis=-1, keepdims=True)
    top = np.where(np.isfinite(top), top, 0.0)  # nothing to be seen: any finite number will do
    weight = np.exp(visible - top)
    total = weight.sum(axis=-1, keepdims=True)
    return weight / np.where(total > 0, total, 1.0)  # eq. attention-softmax
    ### END SOLUTION


# %% tags=["active-ipynb"]
# check.masked_softmax(masked_softmax)  # 2 points

# %% [markdown]
# ## 2. A sequence becomes a vector
#
# Given one score for each step, pool the sequence: its weighted mean over *time* (eq. `attention-pool`). At padded
# steps (`mask` is 0) anything may stand in `x` and `scores`, even `nan`.


# %%
def attention_pool(x, scores, mask):
    """Weighted mean of a sequence (eqs. attention-softmax, attention-pool).

    x (T, B, D), scores (T, B), mask (T, B) with 1 at real steps  ->  dict: alpha (T, B), a (B, D)
    """
    ### BEGIN SOLUTION
    alpha = masked_softmax(scores.T, mask.T).T
    real = np.where(mask[:, :, None] > 0, x, 0.0)  # zero times nan would be nan
    return {"alpha": alpha, "a": np.einsum("tb,tbd->bd", alpha, real)}  # eq. attention-pool
    ### END SOLUTION


# %% tags=["active-ipynb"]
# check.attention_pool(attention_pool)  # 1 point

# %% [markdown]
# ## 3. Additive scores
#
# The score of state $h_j$ for the decoder's state $s_t$ comes from a small network with one hidden layer
# (eq. `attention-additive`): $e_{tj} = u^\top \tanh(W_{as} s_t + W_{ah} h_j)$. Return the weights of all steps and the
# weighted means of the states (eq. `attention-sum`). `mask` says which steps of the source are real.


# %%
def additive_attention(s, h, mask, W_as, W_ah, u):
    """Attention with additive scores (eqs. attention-additive, attention-softmax, attention-sum).

    s (T, B, H) states that ask, h (S, B, D) states that are looked at, mask (S, B) with 1 at real steps, W_as (A, H),
    W_ah (A, D), u (A,)  ->  dict: alpha (T, B, S), a (T, B, D)
    """
    ### BEGIN SOLUTION
    asked, offered = s @ W_as.T, h @ W_ah.T
    scores = np.tanh(asked[:, :, None] + offered.transpose(1, 0, 2)) @ u  # eq. attention-additive
    alpha = masked_softmax(scores, np.broadcast_to(mask.T, scores.shape))
    return {"alpha": alpha, "a": np.einsum("tbj,jbd->tbd", alpha, h)}  # eq. attention-sum
    ### END SOLUTION


# %% tags=["active-ipynb"]
# check.additive_attention(additive_attention)  # 2 points

# %% [markdown]
# ## 4. Who may look at whom
#
# For a sequence that attends to itself: step $t$ may look at step $j$ if $j$ is real, and, where `causal` is true, not
# later than $t$ (eq. `attention-mask`). A step may look at itself. What a *padded* step may look at does not matter to
# anybody, but the rule is the same for it.


# %%
def attention_mask(real, causal):
    """Which step may look at which (eq. attention-mask).

    real (T, B) with 1 at real steps and 0 at padding, causal True or False  ->  mask (T, B, T) of ones and zeros
    """
    ### BEGIN SOLUTION
    T = len(real)
    order = np.tril(np.ones((T, T))) if causal else np.ones((T, T))
    return order[:, None, :] * real.T  # eq. attention-mask
    ### END SOLUTION


# %% tags=["active-ipynb"]
# check.attention_mask(attention_mask)  # 1 point

# %% [markdown]
# ## 5. Scaled dot products
#
# The score is the product of a query with a key, divided by $\sqrt D$ (eqs. `attention-scaled`, `attention-sum`). A
# query that may look at nothing gets the output 0.


# %%
def scaled_dot_product_attention(q, k, v, mask):
    """Weights and weighted means of the values (eqs. attention-scaled, attention-softmax, attention-sum).

    q (T, B, D), k (S, B, D), v (S, B, H), mask (T, B, S)  ->  dict: alpha (T, B, S), a (T, B, H)
    """
    ### BEGIN SOLUTION
    scores = np.einsum("tbd,jbd->tbj", q, k) / np.sqrt(q.shape[2])  # eq. attention-scaled
    alpha = masked_softmax(scores, mask)
    return {"alpha": alpha, "a": np.einsum("tbj,jbh->tbh", alpha, v)}  # eq. attention-sum
    ### END SOLUTION


# %% tags=["active-ipynb"]
# check.scaled_dot_product_attention(scaled_dot_product_attention)  # 2 points

# %% [markdown]
# ## 6. The gradient
#
# You are given `da`, the derivative of the loss with respect to the output, at every query. Return the derivatives with
# respect to queries, keys and values (eqs. `attention-dv` to `attention-dk`).


# %%
def scaled_dot_product_attention_backward(q, k, v, mask, da):
    """Gradients of queries, keys and values (eqs. attention-dv, attention-dalpha, attention-dscore, attention-dk).

    q (T, B, D), k (S, B, D), v (S, B, H), mask (T, B, S), da (T, B, H)
    ->  dict: dq (T, B, D), dk (S, B, D), dv (S, B, H)
    """
    ### BEGIN SOLUTION
    alpha = scaled_dot_product_attention(q, k, v, mask)["alpha"]
    dv = np.einsum("tbj,tbh->jbh", alpha, da)  # eq. attention-dv
    dalpha = np.einsum("tbh,jbh->tbj", da, v)  # eq. attention-dalpha
    mean = np.sum(alpha * dalpha, axis=2, keepdims=True)
    dscores = alpha * (dalpha - mean) / np.sqrt(q.shape[2])  # eq. attention-dscore
    dq = np.einsum("tbj,jbd->tbd", dscores, k)  # eq. attention-dk
    dk = np.einsum("tbj,tbd->jbd", dscores, q)
    return {"dq": dq, "dk": dk, "dv": dv}
    ### END SOLUTION


# %% tags=["active-ipynb"]
# check.scaled_dot_product_attention_backward(scaled_dot_product_attention_backward)  # 4 points

# %% [markdown]
# ## 7. Several heads
#
# Queries come from `x`, keys and values from `y`, each by a matrix and a bias; in `W_qkv` the first `D` rows make
# queries, the next `D` keys, the last `D` values (eq. `attention-qkv`), as in torch. Each is cut along its last axis
# into `heads` equal parts, the first part being that of the first head. Every head attends on its own, with the
# dimension `D / heads` in its scores; their outputs are put side by side again and multiplied by `W_o`
# (eq. `attention-heads`).
# Your weights are those of `torch.nn.MultiheadAttention`: the check loads them there and compares.


# %%
def multi_head_attention(x, y, mask, W_qkv, b_qkv, W_o, b_o, heads):
    """Attention of x to y with several heads (eqs. attention-qkv, attention-heads).

    x (T, B, D), y (S, B, D), mask (T, B, S), W_qkv (3D, D), b_qkv (3D,), W_o (D, D), b_o (D,), heads N divides D
    ->  dict: alpha (T, B, N, S), out (T, B, D)
    """
    ### BEGIN SOLUTION
    (T, B, D), S = x.shape, len(y)
    q, k, v = (  # eq. attention-qkv
        z @ W.T + b for z, W, b in zip((x, y, y), np.split(W_qkv, 3), np.split(b_qkv, 3), strict=True)
    )
    # each head is a sequence of its own in a batch of B * heads
    q, k, v = (z.reshape(len(z), B * heads, D // heads) for z in (q, k, v))
    found = scaled_dot_product_attention(q, k, v, np.repeat(mask, heads, axis=1))
    out = found["a"].reshape(T, B, D) @ W_o.T + b_o  # eq. attention-heads
    return {"alpha": found["alpha"].reshape(T, B, heads, S), "out": out}
    ### END SOLUTION


# %% tags=["active-ipynb"]
# check.multi_head_attention(multi_head_attention)  # 3 points

# %% [markdown]
# ## 8. Where a step stands
#
# One vector for each place $p = 0, \dots, T - 1$: pairs of a sine and a cosine, the sine at even and the cosine at odd
# positions of the vector (eq. `attention-positions`). `D` is even.


# %%
def sinusoidal_positions(T, D):
    """Vectors of the places 0 to T - 1 (eq. attention-positions).

    T, D numbers, D even  ->  P (T, D)
    """
    ### BEGIN SOLUTION
    frequency = 10_000.0 ** (-np.arange(0, D, 2) / D)
    angle = np.arange(T)[:, None] * frequency
    return np.stack([np.sin(angle), np.cos(angle)], axis=2).reshape(T, D)  # eq. attention-positions
    ### END SOLUTION


# %% tags=["active-ipynb"]
# check.sinusoidal_positions(sinusoidal_positions)  # 1 point

# %% [markdown]
# ## 9. A Transformer block
#
# Attention of a sequence to itself, then the same small network at every step, each with a path around it and a
# normalisation (eqs. `attention-norm`, `attention-feedforward`). With `norm = "after"` the sum is normalised, as in
# the paper (eq. `attention-post`); with `"before"` what goes into each part is (eq. `attention-pre`). `block` is a dict
# with `W_qkv`, `b_qkv`, `W_o`, `b_o` for attention, `W_1 (F, D)`, `b_1 (F,)`, `W_2 (D, F)`, `b_2 (D,)` for the network,
# and `gain_1`, `shift_1`, `gain_2`, `shift_2`, each `(D,)`, for the two normalisations; their $\varepsilon$ is
# $10^{-5}$. Your weights are those of `torch.nn.TransformerEncoderLayer`.


# %%
def transformer_block(x, mask, block, heads, norm):
    """A Transformer block (eqs. attention-norm, attention-feedforward, attention-post, attention-pre).

    x (T, B, D), mask (T, B, T), block dict as above, heads N divides D, norm "after" or "before"  ->  (T, B, D)
    """

    ### BEGIN SOLUTION
    def normal(z, i):
        centred = z - z.mean(axis=-1, keepdims=True)
        variance = np.mean(centred**2, axis=-1, keepdims=True)
        return block[f"gain_{i}"] * centred / np.sqrt(variance + 1e-5) + block[f"shift_{i}"]  # eq. attention-norm

    def attend(z):
        weights = (block[name] for name in ("W_qkv", "b_qkv", "W_o", "b_o"))
        return multi_head_attention(z, z, mask, *weights, heads)["out"]

    def feed(z):
        hidden = np.maximum(0.0, z @ block["W_1"].T + block["b_1"])
        return hidden @ block["W_2"].T + block["b_2"]  # eq. attention-feedforward

    if norm == "after":
        middle = normal(x + attend(x), 1)
        return normal(middle + feed(middle), 2)  # eq. attention-post
    middle = x + attend(normal(x, 1))
    return middle + feed(normal(middle, 2))  # eq. attention-pre
    ### END SOLUTION


# %% tags=["active-ipynb"]
# check.transformer_block(transformer_block)  # 2 points

# %% [markdown]
# ## 10. Attention without its matrix
#
# Replace $e^{q^\top k / \sqrt D}$ by a product of positive random features of the query and of the key
# (eq. `attention-features`), and do the sum over the keys once for all queries (eq. `attention-performer`): never form
# an array of shape `(T, B, S)`. The directions `omega` are given. There is no mask here.
#
# Inputs may be some tens large, so that a plain `exp` of the features gives nothing but zeros. What factors of the
# features of a query, and which common factor of the features of all keys, cancel?


# %%
def performer_attention(q, k, v, omega):
    """Attention by positive random features (eqs. attention-features, attention-performer).

    q (T, B, D), k (S, B, D), v (S, B, H), omega (M, D)  ->  (T, B, H)
    """
    ### BEGIN SOLUTION
    q, k = (z * z.shape[2] ** -0.25 for z in (q, k))
    log_q = q @ omega.T  # exp(-|q|^2 / 2) is the same for all features of a query: it cancels
    log_k = k @ omega.T - 0.5 * np.sum(k**2, axis=2, keepdims=True)
    phi_q = np.exp(log_q - log_q.max(axis=2, keepdims=True))  # eq. attention-features
    phi_k = np.exp(log_k - log_k.max(axis=(0, 2), keepdims=True))
    memory = np.einsum("jbm,jbh->bmh", phi_k, v)
    total = np.einsum("tbm,bm->tb", phi_q, phi_k.sum(axis=0))
    return np.einsum("tbm,bmh->tbh", phi_q, memory) / total[:, :, None]  # eq. attention-performer
    ### END SOLUTION


# %% tags=["active-ipynb"]
# check.performer_attention(performer_attention)  # 2 points

# %% [markdown]
# ## When you are done
#
# For a summary with points, run in a terminal, in the course folder:
#
#     .venv/bin/python -m autograde check exercises/attention
#
# (on Windows `.venv\Scripts\python`). Then hand this notebook in.
