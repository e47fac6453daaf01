# %% [markdown]
# # Long short-term memory: exercises
#
# In these exercises you build the LSTM the way that it came about: first a cell that only adds, then the gates that
# decide what it adds and what it shows, then the gate that lets it forget. You derive its backward pass by hand, and
# you measure what one step does to a small change of its state. The chapter *Long short-term memory* derives everything
# that you need; equation names below refer to it.
# An equation's name is its address: eq. `lstm-cell` stands at `book/lstm.html#equation-lstm-cell`.
#
# **How to work.** Replace each `raise NotImplementedError()` by your code, run the cell, then run the check below it.
# A check prints one line when all is well. Otherwise it says what differs, in which case and by how much, and often
# what kind of mistake looks like that. You may add cells of your own anywhere; leave the check cells as they are.
#
# **Conventions.** Time comes first: `x` is `(T, B, D)` for `T` steps, a batch of `B` sequences and `D` inputs.
# `h` and `c` have length `T + 1`, since `h[0]` and `c[0]` are the states before the first step, so that `x[t]` turns
# `h[t]` and `c[t]` into `h[t + 1]` and `c[t + 1]`. All gates stand in one matrix, in PyTorch's order: input gate,
# forget gate, candidate, output gate. So `W_hx` is `(4H, D)`, `W_hh` is `(4H, H)` and `b_h` is `(4H,)`; the first `H`
# rows belong to the input gate, the next `H` to the forget gate, and so on. All arrays are float64. Functions return
# new arrays and leave their inputs as they were.
#
# The unit is worth 20 points.

# %%
import numpy as np

from autograde.checks import lstm as check

# %% [markdown]
# The logistic function is given. Written as half a hyperbolic tangent it cannot overflow.


# %%
def sigmoid(a):
    """The logistic function 1 / (1 + exp(-a)); a any shape."""
    return 0.5 + 0.5 * np.tanh(0.5 * a)


# %% [markdown]
# ## 1. The carousel
#
# A cell that only adds (eq. `lstm-cec`):
#
# $$c_t = c_{t-1} + \tanh(W_{gx}\, x_t + b_g).$$
#
# What it adds depends on the input alone, never on its own past. Return all cell states, the initial one in front.


# %%
def cec_forward(x, c0, W_gx, b_g):
    """Cell states of a constant error carousel (eq. lstm-cec).

    x (T, B, D), c0 (B, H), W_gx (H, D), b_g (H,)  ->  c (T+1, B, H), c[0] = c0
    """
    ### BEGIN SOLUTION
    c = np.zeros((len(x) + 1, *c0.shape))
    c[0] = c0
    for t in range(len(x)):
        c[t + 1] = c[t] + np.tanh(x[t] @ W_gx.T + b_g)  # eq. lstm-cec
    return c
    ### END SOLUTION


# %% tags=["active-ipynb"]
# check.cec_forward(cec_forward)  # 1 point

# %% [markdown]
# ## 2. Two gates: the cell of 1997
#
# An input gate decides what enters the cell, an output gate what the rest of the network sees of it; the cell itself
# still only adds (eq. `lstm-1997`). There are three blocks of parameters, in the order input gate, candidate, output
# gate: `W_hx` is `(3H, D)`, `W_hh` is `(3H, H)`, `b_h` is `(3H,)`.


# %%
def lstm_1997_step(x_t, h, c, W_hx, W_hh, b_h):
    """One step of the LSTM without a forget gate (eq. lstm-1997).

    x_t (B, D), h (B, H) and c (B, H) the states before, W_hx (3H, D), W_hh (3H, H), b_h (3H,) in the order i, g, o
    ->  dict: h (B, H), c (B, H)
    """
    ### BEGIN SOLUTION
    a_i, a_g, a_o = np.split(x_t @ W_hx.T + h @ W_hh.T + b_h, 3, axis=1)
    c_new = c + sigmoid(a_i) * np.tanh(a_g)  # eq. lstm-1997
    return {"h": sigmoid(a_o) * np.tanh(c_new), "c": c_new}
    ### END SOLUTION


# %% tags=["active-ipynb"]
# check.lstm_1997_step(lstm_1997_step)  # 2 points

# %% [markdown]
# ## 3. Three gates: the cell of 2000
#
# With the forget gate it is the cell that is called LSTM today (eqs. `lstm-gates`, `lstm-cell`, `lstm-hidden`). Your
# weights are those of `torch.nn.LSTM`: the check loads them there and compares.


# %%
def lstm_step(x_t, h, c, W_hx, W_hh, b_h):
    """One step of an LSTM (eqs. lstm-gates, lstm-cell, lstm-hidden).

    x_t (B, D), h (B, H) and c (B, H) the states before, W_hx (4H, D), W_hh (4H, H), b_h (4H,) in the order i, f, g, o
    ->  dict: h (B, H), c (B, H)
    """
    ### BEGIN SOLUTION
    a_i, a_f, a_g, a_o = np.split(x_t @ W_hx.T + h @ W_hh.T + b_h, 4, axis=1)  # eq. lstm-gates
    c_new = sigmoid(a_f) * c + sigmoid(a_i) * np.tanh(a_g)  # eq. lstm-cell
    return {"h": sigmoid(a_o) * np.tanh(c_new), "c": c_new}  # eq. lstm-hidden
    ### END SOLUTION


# %% tags=["active-ipynb"]
# check.lstm_step(lstm_step)  # 3 points

# %% [markdown]
# ## 4. A whole sequence
#
# Run the step over time, and keep what the backward pass will need: both states of every step, and the values of the
# gates *after* their nonlinearity. `gates[t]` is `(B, 4H)` and holds $i$, $f$, $g$, $o$ of the step that leads from
# `c[t]` to `c[t + 1]`, side by side.


# %%
def lstm_forward(x, h0, c0, W_hx, W_hh, b_h):
    """States and gates of an LSTM over a sequence (eqs. lstm-gates, lstm-cell, lstm-hidden).

    x (T, B, D), h0 (B, H), c0 (B, H), W_hx (4H, D), W_hh (4H, H), b_h (4H,)
    ->  dict: h (T+1, B, H) and c (T+1, B, H) with h[0] = h0, c[0] = c0; gates (T, B, 4H), the values of i, f, g, o
    """
    ### BEGIN SOLUTION
    T, H = len(x), h0.shape[1]
    h, c = np.zeros((2, T + 1, *h0.shape))
    gates = np.zeros((T, len(h0), 4 * H))
    h[0], c[0] = h0, c0
    for t in range(T):
        a = x[t] @ W_hx.T + h[t] @ W_hh.T + b_h
        gates[t] = sigmoid(a)  # eq. lstm-gates
        gates[t, :, 2 * H : 3 * H] = np.tanh(a[:, 2 * H : 3 * H])
        i, f, g, o = np.split(gates[t], 4, axis=1)
        c[t + 1] = f * c[t] + i * g  # eq. lstm-cell
        h[t + 1] = o * np.tanh(c[t + 1])  # eq. lstm-hidden
    return {"h": h, "c": c, "gates": gates}
    ### END SOLUTION


# %% tags=["active-ipynb"]
# check.lstm_forward(lstm_forward)  # 2 points

# %% [markdown]
# ## 5. Backward
#
# Backpropagation through time with two states. You get everything that the forward pass kept, and what the loss says
# *directly*: `dh[t]` about `h[t + 1]` at every step, and `dc_T` about the last cell state `c[T]` (a loss may look
# at it, for instance when the sequence is carried on elsewhere). What later steps say is for you to add.
#
# On the way back $\partial L / \partial c_t$ has two sources: the next cell state (eq. `lstm-dc`), and $h_t$ of the
# same step. $\partial L / \partial h_t$ comes from the loss and, through all four preactivations, from the next step
# (eq. `lstm-dh`). With the four errors $\delta$ stacked like the gates (eq. `lstm-delta`), the parameters are as in the
# simple network (eq. `lstm-grads`).


# %%
def lstm_backward(x, h, c, gates, W_hx, W_hh, dh, dc_T):
    """Backpropagation through time for an LSTM (eqs. lstm-dh, lstm-dc, lstm-delta, lstm-grads).

    x (T, B, D), h (T+1, B, H), c (T+1, B, H), gates (T, B, 4H) values of i, f, g, o, W_hx (4H, D), W_hh (4H, H),
    dh (T, B, H) the direct part of dL/dh_t, dc_T (B, H) the direct part of dL/dc_T
    ->  dict: dx (T, B, D), dh0 (B, H), dc0 (B, H), dW_hx (4H, D), dW_hh (4H, H), db_h (4H,)
    """
    ### BEGIN SOLUTION
    dx, dW_hx, dW_hh, db_h = np.zeros_like(x), np.zeros_like(W_hx), np.zeros_like(W_hh), np.zeros(len(W_hx))
    h_later, c_later = np.zeros_like(h[0]), dc_T
    for t in reversed(range(len(x))):
        i, f, g, o = np.split(gates[t], 4, axis=1)
        tanh_c = np.tanh(c[t + 1])
        dh_t = dh[t] + h_later  # eq. lstm-dh
        dc_t = c_later + dh_t * o * (1 - tanh_c**2)  # eq. lstm-dc
        delta_i = dc_t * g * i * (1 - i)  # eq. lstm-delta
        delta_f = dc_t * c[t] * f * (1 - f)
        delta_g = dc_t * i * (1 - g**2)
        delta_o = dh_t * tanh_c * o * (1 - o)
        delta = np.concatenate([delta_i, delta_f, delta_g, delta_o], axis=1)
        dW_hx += delta.T @ x[t]  # eq. lstm-grads
        dW_hh += delta.T @ h[t]
        db_h += delta.sum(axis=0)
        dx[t] = delta @ W_hx
        h_later = delta @ W_hh
        c_later = f * dc_t
    return {"dx": dx, "dh0": h_later, "dc0": c_later, "dW_hx": dW_hx, "dW_hh": dW_hh, "db_h": db_h}
    ### END SOLUTION


# %% tags=["active-ipynb"]
# check.lstm_backward(lstm_backward)  # 5 points

# %% [markdown]
# ## 6. Peepholes
#
# The gates of the cell above see the cell state only through the output gate. With *peepholes* they see it directly,
# each gate its own cell, through one weight (eq. `lstm-peephole`). Mind the time: input and forget gate look at the
# cell state *before* the step, the output gate at the one *after* it. The candidate has no peephole.


# %%
def peephole_lstm_step(x_t, h, c, W_hx, W_hh, b_h, p):
    """One step of an LSTM with peepholes (eq. lstm-peephole).

    x_t (B, D), h (B, H) and c (B, H) the states before, W_hx (4H, D), W_hh (4H, H), b_h (4H,) in the order i, f, g, o,
    p (3, H) the peephole weights of i, f and o  ->  dict: h (B, H), c (B, H)
    """
    ### BEGIN SOLUTION
    a_i, a_f, a_g, a_o = np.split(x_t @ W_hx.T + h @ W_hh.T + b_h, 4, axis=1)
    p_i, p_f, p_o = p
    c_new = sigmoid(a_f + p_f * c) * c + sigmoid(a_i + p_i * c) * np.tanh(a_g)  # eq. lstm-peephole
    return {"h": sigmoid(a_o + p_o * c_new) * np.tanh(c_new), "c": c_new}
    ### END SOLUTION


# %% tags=["active-ipynb"]
# check.peephole_lstm_step(peephole_lstm_step)  # 2 points

# %% [markdown]
# ## 7. How long is a memory?
#
# If the forget gate stands at $f = \sigma(b_f)$ and nothing enters, the cell keeps the share $f^k$ of its content over
# $k$ steps. Which $b_f$ makes that one half after a given number of steps (eq. `lstm-half-life`)? The half-life may be
# any positive number, not only a whole one, and it may be as large as $10^{12}$; `half_life` is an array of any shape.


# %%
def forget_bias_for_half_life(half_life):
    """The forget bias with which a cell loses half its content in half_life steps (eq. lstm-half-life).

    half_life any shape, positive  ->  b_f of the same shape
    """
    ### BEGIN SOLUTION
    return -np.log(np.expm1(np.log(2) / half_life))  # eq. lstm-half-life
    ### END SOLUTION


# %% tags=["active-ipynb"]
# check.forget_bias_for_half_life(forget_bias_for_half_life)  # 2 points

# %% [markdown]
# ## 8. What one step does to a small change
#
# It is often said that $\partial c_t / \partial c_{t-1} = \operatorname{diag}(f_t)$. That is one path of several. Write
# the whole Jacobian of the step, for the two states together (eq. `lstm-jacobian`):
#
# $$J_t = \begin{pmatrix} \partial h_t / \partial h_{t-1} & \partial h_t / \partial c_{t-1} \\
# \partial c_t / \partial h_{t-1} & \partial c_t / \partial c_{t-1} \end{pmatrix}.$$
#
# One sequence is enough here, so there is no batch axis: `x_t` is `(D,)`.


# %%
def cell_jacobian(x_t, h, c, W_hx, W_hh, b_h):
    """Jacobian of one LSTM step with respect to both states (eqs. lstm-dc-dh, lstm-jacobian).

    x_t (D,), h (H,) and c (H,) the states before, W_hx (4H, D), W_hh (4H, H), b_h (4H,) in the order i, f, g, o
    ->  J (2H, 2H): rows (h_t, c_t), columns (h_{t-1}, c_{t-1})
    """
    ### BEGIN SOLUTION
    W_ih, W_fh, W_gh, W_oh = np.split(W_hh, 4)
    a_i, a_f, a_g, a_o = np.split(W_hx @ x_t + W_hh @ h + b_h, 4)
    i, f, g, o = sigmoid(a_i), sigmoid(a_f), np.tanh(a_g), sigmoid(a_o)
    tanh_c = np.tanh(f * c + i * g)
    # eq. lstm-dc-dh: row k of a matrix belongs to unit k, so a slope multiplies a row
    dc_dh = (c * f * (1 - f))[:, None] * W_fh + (g * i * (1 - i))[:, None] * W_ih + (i * (1 - g**2))[:, None] * W_gh
    dc_dc = np.diag(f)
    shown = (o * (1 - tanh_c**2))[:, None]
    dh_dh = (tanh_c * o * (1 - o))[:, None] * W_oh + shown * dc_dh
    return np.block([[dh_dh, shown * dc_dc], [dc_dh, dc_dc]])  # eq. lstm-jacobian
    ### END SOLUTION


# %% tags=["active-ipynb"]
# check.cell_jacobian(cell_jacobian)  # 3 points

# %% [markdown]
# ## When you are done
#
# For a summary with points, run in a terminal, in the course folder:
#
#     .venv/bin/python -m autograde check exercises/lstm
#
# (on Windows `.venv\Scripts\python`). Then hand this notebook in.
