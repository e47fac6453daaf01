# %% [markdown]
# # The gated recurrent unit and its relatives: exercises
#
# In these exercises you write the GRU with both places where its reset gate may stand, forward and backward, so that
# its weights load into `torch.nn.GRU`. You turn one convention of its gate into the other, compute where the gate helps
# a gradient and where it harms it, write two relatives of the cell, and run a linear recurrence without a loop over
# time. The chapter *The gated recurrent unit* derives everything that you need; equation names below refer to it.
# An equation's name is its address: eq. `gru-state` stands at `book/gru.html#equation-gru-state`.
#
# **How to work.** Replace each `raise NotImplementedError()` by your code, run the cell, then run the check below it.
# A check prints one line when all is well. Otherwise it says what differs, in which case and by how much, and often
# what kind of mistake looks like that. You may add cells of your own anywhere; leave the check cells as they are.
#
# **Conventions.** Time comes first: `x` is `(T, B, D)` for `T` steps, a batch of `B` sequences and `D` inputs.
# `h` has length `T + 1`, since `h[0]` is the state before the first step, so that `x[t]` turns `h[t]` into `h[t + 1]`.
#
# A GRU has three blocks of weights. They are stacked in torch's order, $r$, $z$, $n$: of the `3 * H` rows of `W_hx`
# (and of `W_hh`, `b_hx`, `b_hh`) the first `H` belong to the reset gate, the next `H` to the update gate, the last `H`
# to the candidate. In the text these blocks are $W_{rx}, W_{zx}, W_{nx}$, then $W_{rh}, W_{zh}, W_{nh}$, and
# $b_{rx}, \dots, b_{nh}$. A gate of $z = 1$ *keeps* the old state.
#
# All arrays are float64. Functions return new arrays and leave their inputs as they were.
#
# The unit is worth 20 points.

# %%
import numpy as np

from autograde.checks import gru as check


# %%
def logistic(a):
    """The logistic function 1 / (1 + exp(-a)), without overflow."""
    return 0.5 * (1 + np.tanh(0.5 * a))


# %% [markdown]
# ## 1. One step
#
# Two gates, a candidate, and a state between old and new (eqs. `gru-gates`, `gru-state`):
#
# $$r_t = \sigma(W_{rx} x_t + b_{rx} + W_{rh} h_{t-1} + b_{rh}), \qquad
#   z_t = \sigma(W_{zx} x_t + b_{zx} + W_{zh} h_{t-1} + b_{zh}),$$
# $$h_t = (1 - z_t) \odot n_t + z_t \odot h_{t-1}.$$
#
# The argument `reset` says where the reset gate is applied. With `"after"` it multiplies the recurrent *product*
# (eq. `gru-after`), as torch does it; with `"before"` it multiplies the *state*, before the product (eq. `gru-before`):
#
# $$\text{after:}\quad n_t = \tanh\bigl(W_{nx} x_t + b_{nx} + r_t \odot (W_{nh} h_{t-1} + b_{nh})\bigr), \qquad
#   \text{before:}\quad n_t = \tanh\bigl(W_{nx} x_t + b_{nx} + W_{nh} (r_t \odot h_{t-1}) + b_{nh}\bigr).$$


# %%
def gru_step(x_t, h, W_hx, W_hh, b_hx, b_hh, reset):
    """The state after one step of a GRU (eqs. gru-gates, gru-after, gru-before, gru-state).

    x_t (B, D), h (B, H) the state before, W_hx (3H, D), W_hh (3H, H), b_hx (3H,), b_hh (3H,) with blocks r, z, n,
    reset "after" or "before" the recurrent product  ->  (B, H)
    """
    ### BEGIN SOLUTION
    H = h.shape[1]
    from_x = x_t @ W_hx.T + b_hx
    gates = logistic(from_x[:, : 2 * H] + h @ W_hh[: 2 * H].T + b_hh[: 2 * H])  # eq. gru-gates
    r, z = gates[:, :H], gates[:, H:]
    W_nh, b_nh = W_hh[2 * H :], b_hh[2 * H :]
    if reset == "after":
        recurrent = r * (h @ W_nh.T + b_nh)  # eq. gru-after
    else:
        recurrent = (r * h) @ W_nh.T + b_nh  # eq. gru-before
    n = np.tanh(from_x[:, 2 * H :] + recurrent)
    return (1 - z) * n + z * h  # eq. gru-state
    ### END SOLUTION


# %% tags=["active-ipynb"]
# check.gru_step(gru_step)  # 3 points

# %% [markdown]
# ## 2. A whole sequence
#
# All states, the initial one in front. With `reset = "after"` your weights are those of `torch.nn.GRU`: the check loads
# them there and compares.


# %%
def gru_forward(x, h0, W_hx, W_hh, b_hx, b_hh, reset):
    """All states of a GRU (eqs. gru-gates, gru-after, gru-before, gru-state).

    x (T, B, D), h0 (B, H), W_hx (3H, D), W_hh (3H, H), b_hx (3H,), b_hh (3H,), reset "after" or "before"
    ->  h (T+1, B, H), h[0] = h0
    """
    ### BEGIN SOLUTION
    h = np.zeros((len(x) + 1, *h0.shape))
    h[0] = h0
    for t in range(len(x)):
        h[t + 1] = gru_step(x[t], h[t], W_hx, W_hh, b_hx, b_hh, reset)
    return h
    ### END SOLUTION


# %% tags=["active-ipynb"]
# check.gru_forward(gru_forward)  # 2 points

# %% [markdown]
# ## 3. The whole gradient
#
# You get the states of the forward pass, `h`, and `dh`, where `dh[t]` is the derivative of the loss with respect to
# `h[t + 1]` *along the direct path only*. What later steps say is for you to add. The gates of a step are not stored:
# compute them again from `x[t]` and `h[t]`.
#
# Write the sweep for both places of the reset gate (eqs. `gru-dh`, `gru-deltas`, `gru-dr-after`, `gru-dr-before`,
# `gru-dh-after`, `gru-dh-before`, `gru-dparameters`).


# %%
def gru_backward(x, h, W_hx, W_hh, b_hx, b_hh, dh, reset):
    """Backpropagation through time for a GRU (eqs. gru-dh to gru-dparameters).

    x (T, B, D), h (T+1, B, H), W_hx (3H, D), W_hh (3H, H), b_hx (3H,), b_hh (3H,), dh (T, B, H) the direct part of
    dL/dh_t, reset "after" or "before"
    ->  dict: dx (T, B, D), dh0 (B, H), dW_hx (3H, D), dW_hh (3H, H), db_hx (3H,), db_hh (3H,)
    """
    ### BEGIN SOLUTION
    H = h.shape[2]
    W_nh, b_nh = W_hh[2 * H :], b_hh[2 * H :]
    dx, dW_hx, dW_hh = np.zeros_like(x), np.zeros_like(W_hx), np.zeros_like(W_hh)
    db_hx, db_hh = np.zeros_like(b_hx), np.zeros_like(b_hh)
    from_later = np.zeros_like(h[0])
    for t in reversed(range(len(x))):
        from_x = x[t] @ W_hx.T + b_hx
        gates = logistic(from_x[:, : 2 * H] + h[t] @ W_hh[: 2 * H].T + b_hh[: 2 * H])  # eq. gru-gates
        r, z = gates[:, :H], gates[:, H:]
        product = h[t] @ W_nh.T + b_nh
        recurrent = r * product if reset == "after" else (r * h[t]) @ W_nh.T + b_nh
        n = np.tanh(from_x[:, 2 * H :] + recurrent)

        g = dh[t] + from_later  # eq. gru-dh
        delta_n = g * (1 - z) * (1 - n**2)  # eq. gru-deltas
        delta_z = g * (h[t] - n) * z * (1 - z)
        if reset == "after":
            dr = delta_n * product  # eq. gru-dr-after
            delta_product = r * delta_n
            dW_hh[2 * H :] += delta_product.T @ h[t]
            through_candidate = delta_product @ W_nh  # eq. gru-dh-after
        else:
            d_state = delta_n @ W_nh
            dr = d_state * h[t]  # eq. gru-dr-before
            delta_product = delta_n
            dW_hh[2 * H :] += delta_n.T @ (r * h[t])
            through_candidate = r * d_state  # eq. gru-dh-before
        delta_r = dr * r * (1 - r)
        delta_gates = np.concatenate([delta_r, delta_z], axis=1)
        dW_hh[: 2 * H] += delta_gates.T @ h[t]  # eq. gru-dparameters
        db_hh += np.concatenate([delta_gates, delta_product], axis=1).sum(axis=0)
        delta = np.concatenate([delta_gates, delta_n], axis=1)
        dW_hx += delta.T @ x[t]
        db_hx += delta.sum(axis=0)
        dx[t] = delta @ W_hx
        from_later = g * z + delta_gates @ W_hh[: 2 * H] + through_candidate
    return {"dx": dx, "dh0": from_later, "dW_hx": dW_hx, "dW_hh": dW_hh, "db_hx": db_hx, "db_hh": db_hh}
    ### END SOLUTION


# %% tags=["active-ipynb"]
# check.gru_backward(gru_backward)  # 5 points

# %% [markdown]
# ## 4. What does 1 mean?
#
# Half of the literature lets the update gate *keep* the old state where it is 1,
# $h_t = (1 - z) \odot n + z \odot h_{t-1}$; the other half lets it *write* the new one,
# $h_t = (1 - u) \odot h_{t-1} + u \odot n$. Turn the weights of a network that was written in the convention `source`
# into weights that give the *same states* in the convention `target` (eq. `gru-flip`). Both are `"keep"` or `"write"`,
# and they may be equal. The blocks stay in the order $r$, $z$ (or $u$), $n$.


# %%
def convert_gate_convention(W_hx, W_hh, b_hx, b_hh, source, target):
    """Weights of the same GRU in another convention of its update gate (eq. gru-flip).

    W_hx (3H, D), W_hh (3H, H), b_hx (3H,), b_hh (3H,), source and target "keep" or "write"
    ->  dict: W_hx, W_hh, b_hx, b_hh of the same shapes, new arrays
    """
    ### BEGIN SOLUTION
    H = W_hh.shape[1]
    sign = np.ones(3 * H)
    if source != target:
        sign[H : 2 * H] = -1  # eq. gru-flip
    return {"W_hx": sign[:, None] * W_hx, "W_hh": sign[:, None] * W_hh, "b_hx": sign * b_hx, "b_hh": sign * b_hh}
    ### END SOLUTION


# %% tags=["active-ipynb"]
# check.convert_gate_convention(convert_gate_convention)  # 2 points

# %% [markdown]
# ## 5. Where the gate helps a gradient, and where it harms it
#
# One unit with frozen gates: $u = 1 - z$ is the share that is written, $r$ the reset gate, $\gamma = \varphi'\, w$ the
# factor by which the plain network multiplies a gradient at each step. The GRU multiplies it by
# $f = (1 - u) + u \gamma r$ (eq. `gru-factor`). Return $f^T$, what is left after $T$ steps.
#
# For $\gamma > 0$ the gate *loses* to the plain network where its factor is further from 1 on a logarithmic scale,
# $|\log f| > |\log \gamma|$. That is so in one interval of $\gamma$ (eq. `gru-borders`). Return its two ends, which
# depend on $u$ and $r$ alone. The cases have $0 < u < 1$ and $0 \le r \le 1$. With $r = 0$ the quotient for the upper
# end must not be 0/0.


# %%
def scalar_gradient_factor(gamma, u, r, T):
    """Gradient of a unit with frozen gates over T steps, and where it loses (eqs. gru-factor, gru-borders).

    gamma (N,), u (N,), r (N,), T integer  ->  dict: factor (N,), loses_from (N,), loses_to (N,)
    """
    ### BEGIN SOLUTION
    keep = 1 - u
    return {
        "factor": (keep + u * gamma * r) ** T,  # eq. gru-factor
        "loses_from": keep / (1 - u * r),  # eq. gru-borders
        "loses_to": 2 / (keep + np.sqrt(keep**2 + 4 * u * r)),
    }
    ### END SOLUTION


# %% tags=["active-ipynb"]
# check.scalar_gradient_factor(scalar_gradient_factor)  # 2 points

# %% [markdown]
# ## 6. The winner of a search: MUT1
#
# The cell that a search over ten thousand architectures found (eq. `gru-mut1`). Its $z$ *writes*; it listens to the
# input only; the input reaches the candidate through a $\tanh$ of its own; and the reset gate stands before the
# product:
#
# $$z_t = \sigma(W_{zx} x_t + b_z), \qquad r_t = \sigma(W_{rx} x_t + W_{rh} h_{t-1} + b_r),$$
# $$n_t = \tanh\bigl(W_{hh} (r_t \odot h_{t-1}) + \tanh(W_{hx} x_t) + b_h\bigr), \qquad
#   h_t = z_t \odot n_t + (1 - z_t) \odot h_{t-1}.$$


# %%
def mut1_step(x_t, h, W_zx, b_z, W_rx, W_rh, b_r, W_hx, W_hh, b_h):
    """The state after one step of MUT1 (eq. gru-mut1).

    x_t (B, D), h (B, H), W_zx, W_rx, W_hx (H, D), W_rh, W_hh (H, H), b_z, b_r, b_h (H,)  ->  (B, H)
    """
    ### BEGIN SOLUTION
    z = logistic(x_t @ W_zx.T + b_z)  # eq. gru-mut1
    r = logistic(x_t @ W_rx.T + h @ W_rh.T + b_r)
    n = np.tanh((r * h) @ W_hh.T + np.tanh(x_t @ W_hx.T) + b_h)
    return z * n + (1 - z) * h
    ### END SOLUTION


# %% tags=["active-ipynb"]
# check.mut1_step(mut1_step)  # 2 points

# %% [markdown]
# ## 7. One gate is enough?
#
# The minimal gated unit uses one gate for both purposes (eq. `gru-mgu`). Its gate *writes*:
#
# $$f_t = \sigma(W_{fx} x_t + W_{fh} h_{t-1} + b_f), \qquad
#   n_t = \tanh\bigl(W_{hx} x_t + W_{hh} (f_t \odot h_{t-1}) + b_h\bigr), \qquad
#   h_t = (1 - f_t) \odot h_{t-1} + f_t \odot n_t.$$


# %%
def mgu_step(x_t, h, W_fx, W_fh, b_f, W_hx, W_hh, b_h):
    """The state after one step of the minimal gated unit (eq. gru-mgu).

    x_t (B, D), h (B, H), W_fx, W_hx (H, D), W_fh, W_hh (H, H), b_f, b_h (H,)  ->  (B, H)
    """
    ### BEGIN SOLUTION
    f = logistic(x_t @ W_fx.T + h @ W_fh.T + b_f)  # eq. gru-mgu
    n = np.tanh(x_t @ W_hx.T + (f * h) @ W_hh.T + b_h)
    return (1 - f) * h + f * n
    ### END SOLUTION


# %% tags=["active-ipynb"]
# check.mgu_step(mgu_step)  # 1 point

# %% [markdown]
# ## 8. A recurrence without a loop over time
#
# If neither gate nor candidate hears the state, the state is a *linear* recurrence (eq. `gru-linear`),
#
# $$h_t = a_t \odot h_{t-1} + b_t,$$
#
# and it need not be computed one step after the other. Combine neighbouring stretches of time by eq. `gru-combine`, so
# that the stretches grow as 1, 2, 4, 8, … steps (eq. `gru-doubling`). Every round is a few operations on whole arrays;
# about $\log_2 T$ rounds suffice. The check counts the lines of Python that your function executes, those inside NumPy
# left out; a recursion down to single steps is a loop, too.
#
# The factors may be zero, tiny or negative: do not divide by them.


# %%
def linear_recurrence_scan(a, b, h0):
    """All states of a linear recurrence by a parallel scan (eqs. gru-linear, gru-combine, gru-doubling).

    a (T, B, H), b (T, B, H), h0 (B, H)  ->  h (T+1, B, H), h[0] = h0
    """
    ### BEGIN SOLUTION
    T = len(a)
    product, state = a.copy(), b.copy()
    state[0] += a[0] * h0  # the start enters as a part of the first step
    length = 1
    while length < T:
        # eq. gru-combine: the right-hand sides are complete before anything is overwritten
        state[length:] = product[length:] * state[:-length] + state[length:]
        product[length:] = product[length:] * product[:-length]
        length *= 2  # eq. gru-doubling
    return np.concatenate([h0[None], state])
    ### END SOLUTION


# %% tags=["active-ipynb"]
# check.linear_recurrence_scan(linear_recurrence_scan)  # 3 points

# %% [markdown]
# ## When you are done
#
# For a summary with points, run in a terminal, in the course folder:
#
#     .venv/bin/python -m autograde check exercises/gru
#
# (on Windows `.venv\Scripts\python`). Then hand this notebook in.
