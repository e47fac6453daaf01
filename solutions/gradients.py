# %% [markdown]
# # Why gradients vanish and explode: exercises
#
# A gradient that travels back over many steps is multiplied by one Jacobian after the other. In these exercises you
# build the instruments that tell what such a product does, the two ways of clipping and a good initialisation. Then
# you refute three statements from a lecture. They sound right, many people repeat them, and each of them is wrong: for
# each you construct a network that the statement does not survive. The chapter *Why gradients vanish and explode*
# derives everything that you need; equation names below refer to it.
# An equation's name is its address: eq. `gradients-radius` stands at `book/gradients.html#equation-gradients-radius`.
#
# **How to work.** Replace each `raise NotImplementedError()` by your code, run the cell, then run the check below it.
# A check prints one line when all is well. Otherwise it says what differs, in which case and by how much, and often
# what kind of mistake looks like that. You may add cells of your own anywhere; leave the check cells as they are.
#
# **Conventions.** Time comes first. `h` has length `T + 1`, since `h[0]` is the state before the first step. All
# arrays are float64. The norm of a vector is the Euclidean norm, that of a matrix its largest singular value. Functions
# return new arrays and leave their inputs as they were.
#
# The unit is worth 20 points.

# %%
import numpy as np

from autograde.checks import gradients as check

# %% [markdown]
# ## 1. Spectral radius
#
# The largest modulus of an eigenvalue (eq. `gradients-radius`). Eigenvalues of a real matrix may be complex or
# negative.


# %%
def spectral_radius(W):
    """Largest modulus of the eigenvalues of a square matrix (eq. gradients-radius).

    W (H, H)  ->  number
    """
    ### BEGIN SOLUTION
    return float(np.max(np.abs(np.linalg.eigvals(W))))  # eq. gradients-radius
    ### END SOLUTION


# %% tags=["active-ipynb"]
# check.spectral_radius(spectral_radius)  # 1 point

# %% [markdown]
# ## 2. How far does a gradient reach?
#
# You get the states of a tanh network, $h_t = \tanh(W_{hx} x_t + W_{hh} h_{t-1} + b_h)$, and want to know how strongly
# the last state depends on the one `k` steps earlier, for every lag `k` from 0 to `T`: the largest singular value of
# $\partial h_T / \partial h_{T-k}$ (eq. `gradients-norm`), for each sequence of the batch. That matrix is a product of
# one-step Jacobians (eq. `gradients-product`). Mind the order of its factors, and which state each slope belongs to.


# %%
def jacobian_norms(h, W_hh):
    """Norms of the Jacobians from earlier states to the last one (eqs. gradients-product, gradients-norm).

    h (T+1, B, H), W_hh (H, H)  ->  norms (T+1, B), norms[k] = || d h[T] / d h[T-k] ||, norms[0] = 1
    """
    ### BEGIN SOLUTION
    last, B, H = h.shape[0] - 1, *h.shape[1:]
    product = np.broadcast_to(np.eye(H), (B, H, H))
    norms = np.ones((last + 1, B))
    for k in range(1, last + 1):
        slope = 1 - h[last - k + 1] ** 2
        product = product @ (slope[:, :, None] * W_hh)  # eq. gradients-product: earlier factors stand to the right
        norms[k] = np.linalg.norm(product, ord=2, axis=(1, 2))  # eq. gradients-norm
    return norms
    ### END SOLUTION


# %% tags=["active-ipynb"]
# check.jacobian_norms(jacobian_norms)  # 4 points

# %% [markdown]
# ## 3. The linear network, solved
#
# Without the nonlinearity, $h_t = W_{hx} x_t + W_{hh} h_{t-1}$, the last state can be written down at once: it is a sum
# of what is left of the initial state and of each input (eq. `gradients-linear`). Return the terms and their sum:
# `from_start` is what $h_0$ contributes to $h_T$, `from_inputs[t]` is what `x[t]` contributes.
#
# It has to work for every matrix, also for one that has too few eigenvectors.


# %%
def linear_rnn_state(x, h0, W_hx, W_hh):
    """Last state of a linear RNN as a sum over what each step contributes (eq. gradients-linear).

    x (T, B, D), h0 (B, H), W_hx (H, D), W_hh (H, H)
    ->  dict: h_last (B, H), from_start (B, H), from_inputs (T, B, H)
    """
    ### BEGIN SOLUTION
    T = len(x)

    def after(steps, states):
        return states @ np.linalg.matrix_power(W_hh, steps).T

    from_start = after(T, h0)
    from_inputs = np.array([after(T - 1 - t, x[t] @ W_hx.T) for t in range(T)])
    return {
        "h_last": from_start + from_inputs.sum(axis=0),  # eq. gradients-linear
        "from_start": from_start,
        "from_inputs": from_inputs,
    }
    ### END SOLUTION


# %% tags=["active-ipynb"]
# check.linear_rnn_state(linear_rnn_state)  # 3 points

# %% [markdown]
# ## 4. Clip by norm
#
# If the gradient is longer than `max_norm`, shorten it to that length and keep its direction (eq.
# `gradients-clip-norm`). The gradient is all parameters' gradients together: one long vector, one norm. A gradient that
# is short enough stays as it is, and one that is zero stays zero. `gradients` is a dict; return a dict with the same
# keys.


# %%
def clip_by_norm(gradients, max_norm):
    """Gradients scaled by a common factor so that their joint norm is at most max_norm (eq. gradients-clip-norm).

    gradients {name: array}, max_norm > 0  ->  dict with the same names and shapes
    """
    ### BEGIN SOLUTION
    norm = np.sqrt(sum(np.sum(g**2) for g in gradients.values()))
    factor = max_norm / norm if norm > max_norm else 1.0  # eq. gradients-clip-norm
    return {name: factor * g for name, g in gradients.items()}
    ### END SOLUTION


# %% tags=["active-ipynb"]
# check.clip_by_norm(clip_by_norm)  # 2 points

# %% [markdown]
# ## 5. Clip by value
#
# The older recipe: each entry on its own is brought back into $[-c, c]$ with $c$ = `limit` (eq.
# `gradients-clip-value`). Afterwards, think about the direction.


# %%
def clip_by_value(gradients, limit):
    """Gradients with every entry limited to [-limit, limit] (eq. gradients-clip-value).

    gradients {name: array}, limit > 0  ->  dict with the same names and shapes
    """
    ### BEGIN SOLUTION
    return {name: np.clip(g, -limit, limit) for name, g in gradients.items()}  # eq. gradients-clip-value
    ### END SOLUTION


# %% tags=["active-ipynb"]
# check.clip_by_value(clip_by_value)  # 1 point

# %% [markdown]
# ## 6. Start with an orthogonal matrix
#
# Draw a random matrix $W$ with $W^\top W = g^2 I$, where $g$ = `gain` (eq. `gradients-orthogonal`): every singular
# value is $g$. The draw should prefer no direction: a rotated or reflected matrix must be just as likely. If you
# use a QR decomposition, look at the signs of its first entry over several draws before you trust it. All randomness
# comes from the generator `rng`.


# %%
def orthogonal_init(H, gain, rng):
    """A random matrix, uniform among those with W^T W = gain^2 I (eq. gradients-orthogonal).

    H integer, gain > 0, rng a numpy Generator  ->  W (H, H)
    """
    ### BEGIN SOLUTION
    Q, R = np.linalg.qr(rng.normal(size=(H, H)))
    return gain * Q * np.sign(np.diag(R))  # eq. gradients-orthogonal
    ### END SOLUTION


# %% tags=["active-ipynb"]
# check.orthogonal_init(orthogonal_init)  # 3 points

# %% [markdown]
# ## Three claims to break
#
# Each claim has a premise and a conclusion. You return a network for which the premise holds and the conclusion fails.
# Any such network counts: the check computes premise and conclusion from what you return. So that you find a
# principle and not a single matrix, the size $H$ and the numbers in the premise are arguments. Entries of $W$ beyond
# 1000 in size are not accepted, because eigenvalues of such matrices drown in rounding.
#
# The first two are about the Jacobians $D W$ of one step, with $D = \operatorname{diag}(\phi')$ and slopes
# $0 < \phi'_i \le 1$ that stay the same at every step. For every such $D$ there are inputs that hold a tanh network at
# just these slopes (eq. `gradients-hold`), so the gradient over $k$ steps is really governed by $(DW)^k$.
#
# ## 7. "Spectral radius of $W$ below 1: the gradient vanishes"
#
# Premise: the spectral radius of $W$ is at most `radius` (which is below 1), and $0 < \phi'_i \le 1$. Claimed: the norm
# of $(DW)^k$ decays to zero as $k$ grows. Return `W` and the `slopes` for which it does not.


# %%
def break_vanishing(H, radius):
    """A network with a small spectral radius whose gradient does not vanish (eq. gradients-break-vanishing).

    H >= 2, 0 < radius < 1  ->  dict: W (H, H) of spectral radius at most radius, slopes (H,) in (0, 1],
    such that || (diag(slopes) W)^k || does not go to zero
    """
    ### BEGIN SOLUTION
    W = np.zeros((H, H))
    W[:2, :2] = [[3.0, 3.0], [-3.0, -3.0]]  # trace and determinant 0: eq. gradients-break-vanishing
    slopes = np.ones(H)
    slopes[1] = 0.1  # the second row can no longer cancel the first
    return {"W": W, "slopes": slopes}
    ### END SOLUTION


# %% tags=["active-ipynb"]
# check.break_vanishing(break_vanishing)  # 2 points

# %% [markdown]
# ## 8. "Slopes of at least $\gamma$, spectral radius above $1/\gamma$: the gradient explodes"
#
# Premise: $\gamma \le \phi'_i \le 1$ with $\gamma$ = `gamma`, and the spectral radius of $W$ is above $1/\gamma$ by at
# least 1 %. Claimed: the norm of $(DW)^k$ grows beyond all bounds. Return `W` and the `slopes` for which it stays
# bounded (it may well vanish).


# %%
def break_exploding(H, gamma):
    """A network with large slopes and a large spectral radius whose gradient stays bounded
    (eq. gradients-break-exploding).

    H >= 2, 0 < gamma < 1  ->  dict: W (H, H) of spectral radius at least 1.01 / gamma, slopes (H,) in [gamma, 1],
    such that || (diag(slopes) W)^k || stays bounded
    """
    ### BEGIN SOLUTION
    slopes = np.ones(H)
    slopes[1] = gamma
    a = 1.1 / (1 - gamma)
    product = np.zeros((H, H))
    product[:2, :2] = [[a, a], [-a, -a]]  # its square is zero: eq. gradients-break-exploding
    return {"W": product / slopes[:, None], "slopes": slopes}
    ### END SOLUTION


# %% tags=["active-ipynb"]
# check.break_exploding(break_exploding)  # 2 points

# %% [markdown]
# ## 9. "The forward pass grows only if the spectral radius is above 1"
#
# Now the linear network without inputs, $h_t = W h_{t-1}$. Premise: the spectral radius of $W$ is at most `radius`,
# which is below 1. Claimed: the state does not grow. Return `W` and a start `h0` such that after exactly `steps` steps
# the state is at least `growth` times as long as it was at the start. (In the end it must decay; eq.
# `gradients-jordan` says when.)


# %%
def break_forward(H, radius, steps, growth):
    """A contracting linear network, and a start from which its state first grows (eq. gradients-jordan).

    H >= 2, 0 < radius < 1, steps >= 1, growth > 1
    ->  dict: W (H, H) of spectral radius at most radius, h0 (H,) with |W^steps h0| >= growth |h0|
    """
    ### BEGIN SOLUTION
    W = radius * np.eye(H)
    W[0, 1] = growth / (steps * radius ** (steps - 1))  # eq. gradients-jordan
    h0 = np.zeros(H)
    h0[1] = 1.0
    return {"W": W, "h0": h0}
    ### END SOLUTION


# %% tags=["active-ipynb"]
# check.break_forward(break_forward)  # 2 points

# %% [markdown]
# ## When you are done
#
# For a summary with points, run in a terminal, in the course folder:
#
#     .venv/bin/python -m autograde check exercises/gradients
#
# (on Windows `.venv\Scripts\python`). Then hand this notebook in.
