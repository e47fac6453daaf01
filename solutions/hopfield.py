# %% [markdown]
# # Hopfield networks: exercises
#
# In these exercises you write an associative memory in its two forms. The classic one stores patterns of signs in a
# matrix and lets one unit after the other follow its field; you compute its energy and how many of its units err. The
# modern one keeps the patterns as they are and takes a weighted mean of them; you write its energy and its update, and
# show that a library's attention computes the same. The chapter *Hopfield networks* derives everything that you need;
# equation names below refer to it. An equation's name is its address: eq. `hopfield-hebb` stands at
# `book/hopfield.html#equation-hopfield-hebb`.
#
# **How to work.** Replace each `raise NotImplementedError()` by your code, run the cell, then run the check below it.
# A check prints one line when all is well. Otherwise it says what differs, in which case and by how much, and often
# what kind of mistake looks like that. You may add cells of your own anywhere; leave the check cells as they are.
#
# **Conventions.** A pattern has `D` numbers, and `P` patterns are stored. They are the rows of `X`, which is `(P, D)`:
# row `X[m]` is the pattern $x^\mu$. A state of the network is $\xi$, `xi`, of `D` numbers; several states side by side
# are `(B, D)`. In exercises 1 to 4 patterns and states hold the signs $+1$ and $-1$ (as floating-point numbers), in
# 5 to 7 any numbers.
#
# All arrays are float64. Functions return new arrays and leave their inputs as they were.
#
# The unit is worth 20 points.

# %%
import math

import numpy as np

from autograde.checks import hopfield as check

# %% [markdown]
# ## 1. Weights by Hebb's rule
#
# Units that agree in a pattern are coupled, units that disagree are coupled with the opposite sign; no unit is coupled
# to itself (eq. `hopfield-hebb`):
#
# $$W_{ij} = \frac1D \sum_{\mu=1}^{P} x^\mu_i\, x^\mu_j \quad (i \neq j), \qquad W_{ii} = 0.$$


# %%
def hebbian_weights(X):
    """Weights that store patterns of signs (eq. hopfield-hebb).

    X (P, D)  ->  W (D, D)
    """
    ### BEGIN SOLUTION
    W = X.T @ X / X.shape[1]  # eq. hopfield-hebb
    np.fill_diagonal(W, 0)
    return W
    ### END SOLUTION


# %% tags=["active-ipynb"]
# check.hebbian_weights(hebbian_weights)  # 2 points

# %% [markdown]
# ## 2. Energy
#
# One number for a state (eq. `hopfield-energy`). `b` holds the thresholds of the units: unit $i$ turns to $+1$ when its
# field exceeds $b_i$.
#
# $$E(\xi) = -\tfrac12\, \xi^\top W \xi + b^\top \xi.$$


# %%
def hopfield_energy(xi, W, b):
    """Energy of states of a classic Hopfield network (eq. hopfield-energy).

    xi (B, D), W (D, D) symmetric, b (D,)  ->  E (B,)
    """
    ### BEGIN SOLUTION
    return -0.5 * np.sum((xi @ W) * xi, axis=1) + xi @ b  # eq. hopfield-energy
    ### END SOLUTION


# %% tags=["active-ipynb"]
# check.hopfield_energy(hopfield_energy)  # 2 points

# %% [markdown]
# ## 3. Recall, one unit at a time
#
# `order` lists units by their index, in the order in which they are visited; a unit may come several times. A visited
# unit looks at the state *as it is at that moment* (eq. `hopfield-async`):
#
# $$\xi_i \leftarrow \begin{cases} +1 & \text{if } \sum_j W_{ij} \xi_j > b_i, \\
#   -1 & \text{if } \sum_j W_{ij} \xi_j < b_i, \\ \xi_i & \text{if they are equal.} \end{cases}$$
#
# Return the last state, and the energy before the first visit and after every visit. A unit that does not turn leaves
# the energy as it was; one that turns changes it by eq. `hopfield-descent`. `W` is symmetric and its diagonal is zero.


# %%
def hopfield_recall(xi, W, b, order):
    """Asynchronous recall, with the energy on its way (eqs. hopfield-async, hopfield-descent).

    xi (D,) of signs, W (D, D) symmetric with a zero diagonal, b (D,), order (K,) indices of units
    ->  dict: xi (D,), E (K+1,)
    """
    ### BEGIN SOLUTION
    xi = xi.copy()
    excess = W @ xi - b
    E = np.empty(len(order) + 1)
    E[0] = -0.5 * xi @ (W @ xi) + b @ xi
    for k, i in enumerate(order):
        E[k + 1] = E[k]
        if excess[i] * xi[i] < 0:  # eq. hopfield-async
            change = -2 * xi[i]
            E[k + 1] -= change * excess[i]  # eq. hopfield-descent
            xi[i] += change
            excess += W[:, i] * change
    return {"xi": xi, "E": E}
    ### END SOLUTION


# %% tags=["active-ipynb"]
# check.hopfield_recall(hopfield_recall)  # 4 points

# %% [markdown]
# ## 4. How many units err at once?
#
# Put the network with Hebb's weights and zero thresholds into one of its patterns, and ask each unit whether it would
# turn. Return the share of the $P \cdot D$ units that would, over all patterns (eq. `hopfield-measured`; a field of
# zero turns nobody), and what theory says for many units and random patterns at the load $\alpha = P/D$
# (eq. `hopfield-erfc`):
#
# $$\varepsilon = \tfrac12 \operatorname{erfc}\Bigl(\frac{1}{\sqrt{2\alpha}}\Bigr).$$


# %%
def one_step_error_rate(X):
    """Share of units that leave a stored pattern, measured and in theory (eqs. hopfield-measured, hopfield-erfc).

    X (P, D) of signs  ->  dict: measured (), predicted ()
    """
    ### BEGIN SOLUTION
    P, D = X.shape
    field = X @ (X.T @ X) - P * X  # D times the field, in whole numbers: what is zero is exactly zero
    measured = np.mean(X * field < 0)  # eq. hopfield-measured
    predicted = 0.5 * math.erfc(1 / math.sqrt(2 * P / D))  # eq. hopfield-erfc
    return {"measured": measured, "predicted": predicted}
    ### END SOLUTION


# %% tags=["active-ipynb"]
# check.one_step_error_rate(one_step_error_rate)  # 3 points

# %% [markdown]
# ## 5. The energy of the modern network
#
# Patterns and states are vectors of any numbers now, and $\beta > 0$ is the inverse temperature
# (eq. `hopfield-modern-energy`):
#
# $$E(\xi) = -\frac1\beta \log \sum_{\mu=1}^{P} e^{\beta\, x^\mu \cdot \xi} + \tfrac12\, \xi \cdot \xi
#   + \frac1\beta \log P + \tfrac12 M^2, \qquad M = \max_\mu \|x^\mu\|.$$
#
# Some of the checks have a $\beta$ so large that $e^{\beta\, x^\mu \cdot \xi}$ is beyond floating point. The energy is
# not.


# %%
def modern_hopfield_energy(xi, X, beta):
    """Energy of states of a modern Hopfield network (eq. hopfield-modern-energy).

    xi (B, D), X (P, D), beta > 0  ->  E (B,)
    """
    ### BEGIN SOLUTION
    score = beta * xi @ X.T
    largest = score.max(axis=1)
    log_sum = largest + np.log(np.sum(np.exp(score - largest[:, None]), axis=1))
    M = np.linalg.norm(X, axis=1).max()
    constant = np.log(len(X)) / beta + 0.5 * M**2
    return -log_sum / beta + 0.5 * np.sum(xi**2, axis=1) + constant  # eq. hopfield-modern-energy
    ### END SOLUTION


# %% tags=["active-ipynb"]
# check.modern_hopfield_energy(modern_hopfield_energy)  # 3 points

# %% [markdown]
# ## 6. Its update
#
# The new state is a mean of the patterns, weighted by how well they fit (eq. `hopfield-modern-update`):
#
# $$\xi^{\text{new}} = \sum_{\mu=1}^{P} p_\mu\, x^\mu, \qquad
#   p_\mu = \frac{e^{\beta\, x^\mu \cdot \xi}}{\sum_\nu e^{\beta\, x^\nu \cdot \xi}}.$$


# %%
def modern_hopfield_update(xi, X, beta):
    """States after one update of a modern Hopfield network (eq. hopfield-modern-update).

    xi (B, D), X (P, D), beta >= 0  ->  (B, D)
    """
    ### BEGIN SOLUTION
    score = beta * xi @ X.T
    p = np.exp(score - score.max(axis=1, keepdims=True))
    p /= p.sum(axis=1, keepdims=True)
    return p @ X  # eq. hopfield-modern-update
    ### END SOLUTION


# %% tags=["active-ipynb"]
# check.modern_hopfield_update(modern_hopfield_update)  # 3 points

# %% [markdown]
# ## 7. The update is attention
#
# A Hopfield layer maps `S` inputs `R` to states, `xi = R @ W_Q.T`, and `P` inputs `Y` to stored patterns,
# `Y @ W_K.T`. It makes one update with its own $\beta$, and maps what it retrieved by `W_V` (eq. `hopfield-layer`):
# the result is `Z`.
#
# A library's attention does not know $\beta$. Given queries, keys and values it computes, row by row,
#
# $$Z = \operatorname{softmax}\Bigl(\frac{Q K^\top}{\sqrt d}\Bigr) V,$$
#
# with `d` the length of a query. Return the layer's `Z`, and arrays `Q`, `K`, `V` for which that formula gives the same
# `Z` (eq. `hopfield-attention`). The check hands them to `torch.nn.functional.scaled_dot_product_attention` and
# compares to twelve digits. Mind that the number of the stored patterns, of inputs and of outputs all differ.


# %%
def hopfield_as_attention(R, Y, W_Q, W_K, W_V, beta):
    """A Hopfield layer, and the attention that equals it (eqs. hopfield-layer, hopfield-attention).

    R (S, A), Y (P, N), W_Q (d, A), W_K (d, N), W_V (C, d), beta > 0
    ->  dict: Q (S, d), K (P, d), V (P, C), Z (S, C)
    """
    ### BEGIN SOLUTION
    xi, X = R @ W_Q.T, Y @ W_K.T
    Z = modern_hopfield_update(xi, X, beta) @ W_V.T  # eq. hopfield-layer
    scale = beta * np.sqrt(len(W_Q))
    return {"Q": scale * xi, "K": X, "V": X @ W_V.T, "Z": Z}  # eq. hopfield-attention
    ### END SOLUTION


# %% tags=["active-ipynb"]
# check.hopfield_as_attention(hopfield_as_attention)  # 3 points
