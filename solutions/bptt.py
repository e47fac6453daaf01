# %% [markdown]
# # Gradients through time: exercises
#
# In these exercises you write backpropagation through time with your own hands: first for one neuron, where every
# derivative is a number, then for a whole network, and then its three relatives (truncated, checkpointed, and in
# real time). The chapter *Gradients through time* derives everything that you need; equation names below refer to it.
# An equation's name is its address: eq. `bptt-delta` stands at `book/bptt.html#equation-bptt-delta`.
#
# **How to work.** Replace each `raise NotImplementedError()` by your code, run the cell, then run the check below it.
# A check prints one line when all is well. Otherwise it says what differs, in which case and by how much, and often
# what kind of mistake looks like that. You may add cells of your own anywhere; leave the check cells as they are.
#
# **Conventions.** Time comes first: `x` is `(T, B, D)` for `T` steps, a batch of `B` sequences and `D` inputs.
# `h` has length `T + 1`, since `h[0]` is the state before the first step, so that `x[t]` turns `h[t]` into `h[t + 1]`.
# All arrays are float64. Functions return new arrays and leave their inputs as they were.
#
# The unit is worth 20 points.

# %%
import numpy as np

from autograde import tasks
from autograde.checks import bptt as check

# %% [markdown]
# ## 1. One neuron, forward
#
# A single neuron listens to a number $x_t$ and to its own last output (eq. `bptt-neuron`):
#
# $$a_t = u\,x_t + w\,h_{t-1}, \qquad h_t = \sigma(a_t) = \frac{1}{1 + e^{-a_t}}, \qquad h_0 = 0.$$
#
# Return all outputs, with $h_0$ in front. Single precision is accepted here.


# %%
def neuron_forward(x, u, w):
    """Outputs of one recurrent logistic neuron (eq. bptt-neuron).

    x (T,), u, w numbers  ->  h (T+1,), h[0] = 0
    """
    ### BEGIN SOLUTION
    h = np.zeros(len(x) + 1)
    for t in range(len(x)):
        h[t + 1] = 1 / (1 + np.exp(-(u * x[t] + w * h[t])))
    return h
    ### END SOLUTION


# %% tags=["active-ipynb"]
# check.neuron_forward(neuron_forward)  # 1 point

# %% [markdown]
# ## 2. One neuron, backward
#
# The loss is $L = \sum_t \frac12 (h_t - h^*_t)^2$ with a target $h^*_t$ at every step. Write the backward sweep of
# eq. `bptt-neuron-delta`, from the last step to the first, and sum what each step contributes
# (eq. `bptt-neuron-grads`). Think of $\delta_{T+1}$ before you start: what is it, and why?
#
# `x` and `target` have length $T$: `target[t]` belongs to `h[t + 1]`.


# %%
def neuron_bptt(x, target, u, w):
    """Gradients of the squared error of one neuron (eqs. bptt-neuron-delta, bptt-neuron-grads).

    x (T,), target (T,), u, w numbers  ->  dict: delta (T,), du, dw numbers
    """
    ### BEGIN SOLUTION
    h = neuron_forward(x, u, w)
    delta = np.zeros(len(x))
    delta_next = 0.0
    for t in reversed(range(len(x))):
        slope = h[t + 1] * (1 - h[t + 1])
        delta[t] = (h[t + 1] - target[t] + w * delta_next) * slope  # eq. bptt-neuron-delta
        delta_next = delta[t]
    du = np.sum(delta * x)  # eq. bptt-neuron-grads
    dw = np.sum(delta * h[:-1])
    return {"delta": delta, "du": du, "dw": dw}
    ### END SOLUTION


# %% tags=["active-ipynb"]
# check.neuron_bptt(neuron_bptt)  # 3 points

# %% [markdown]
# ## 3. The judge: a numerical gradient
#
# Before you derive a gradient, build the tool that tells you whether it is right. For every entry of `x`, move it by
# `eps` in both directions and take the symmetric difference quotient (eq. `bptt-central`):
#
# $$\frac{\partial f}{\partial x_i} \approx \frac{f(x + \varepsilon e_i) - f(x - \varepsilon e_i)}{2\varepsilon}.$$
#
# `f` maps an array to a number. `x` may have any shape; leave it unchanged. Two functions to try it on are
# `tasks.log_cosh_sum` and `tasks.quartic`.


# %%
def numerical_gradient(f, x, eps=1e-5):
    """Gradient of f at x by central differences (eq. bptt-central).

    f: array -> number, x any shape  ->  array of the shape of x
    """
    ### BEGIN SOLUTION
    gradient = np.zeros_like(x)
    for i in np.ndindex(x.shape):
        step = np.zeros_like(x)
        step[i] = eps
        gradient[i] = (f(x + step) - f(x - step)) / (2 * eps)
    return gradient
    ### END SOLUTION


# %% tags=["active-ipynb"]
# check.numerical_gradient(numerical_gradient)  # 2 points

# %% [markdown]
# ## 4. The whole network
#
# Now the tanh network $h_t = \tanh(W_{hx} x_t + W_{hh} h_{t-1} + b_h)$ (eq. `bptt-state`), with a batch. You get the
# states of the forward pass, `h`, and `dh`, where `dh[t]` is the derivative of the loss with respect to `h[t + 1]`
# *along the direct path only*: what step $t$'s own loss says. What later steps say is for you to add
# (eq. `bptt-delta`). Return the gradients with respect to everything that went in.
#
# With row vectors in a batch, $W_{hh}^\top \delta_t$ becomes `delta @ W_hh`.


# %%
def rnn_backward(x, h, W_hx, W_hh, dh):
    """Backpropagation through time for a tanh RNN (eqs. bptt-delta to bptt-dh0).

    x (T, B, D), h (T+1, B, H), W_hx (H, D), W_hh (H, H), dh (T, B, H) the direct part of dL/dh_t
    ->  dict: dx (T, B, D), dh0 (B, H), dW_hx (H, D), dW_hh (H, H), db_h (H,)
    """
    ### BEGIN SOLUTION
    dx = np.zeros_like(x)
    dW_hx = np.zeros_like(W_hx)
    dW_hh = np.zeros_like(W_hh)
    db_h = np.zeros(W_hh.shape[0])
    from_later = np.zeros_like(h[0])
    for t in reversed(range(len(x))):
        delta = (1 - h[t + 1] ** 2) * (dh[t] + from_later)  # eq. bptt-delta
        dW_hh += delta.T @ h[t]  # eq. bptt-dwhh
        dW_hx += delta.T @ x[t]  # eq. bptt-dwhx
        db_h += delta.sum(axis=0)  # eq. bptt-dbh
        dx[t] = delta @ W_hx  # eq. bptt-dx
        from_later = delta @ W_hh
    return {"dx": dx, "dh0": from_later, "dW_hx": dW_hx, "dW_hh": dW_hh, "db_h": db_h}  # eq. bptt-dh0
    ### END SOLUTION


# %% tags=["active-ipynb"]
# check.rnn_backward(rnn_backward)  # 5 points

# %% [markdown]
# ## 5. Truncated backpropagation
#
# A long stream is cut into windows of `window` steps (the last one may be shorter). The state is carried from window to
# window; the gradient is not: inside each window, proceed as if nothing came later (eq. `bptt-truncated`). The
# parameter gradients of all windows are summed. Return them with all the states, so that one can see that the state
# was carried.


# %%
def truncated_bptt(x, h0, W_hx, W_hh, b_h, dh, window):
    """Truncated backpropagation through time with carried state (eq. bptt-truncated).

    x (T, B, D), h0 (B, H), W_hx (H, D), W_hh (H, H), b_h (H,), dh (T, B, H), window a positive integer
    ->  dict: h (T+1, B, H), dW_hx (H, D), dW_hh (H, H), db_h (H,)
    """
    ### BEGIN SOLUTION
    T = len(x)
    h = np.zeros((T + 1, *h0.shape))
    h[0] = h0
    total = {"dW_hx": np.zeros_like(W_hx), "dW_hh": np.zeros_like(W_hh), "db_h": np.zeros_like(b_h)}
    for start in range(0, T, window):
        stop = min(start + window, T)
        for t in range(start, stop):
            h[t + 1] = np.tanh(x[t] @ W_hx.T + h[t] @ W_hh.T + b_h)  # eq. bptt-state
        gradients = rnn_backward(x[start:stop], h[start : stop + 1], W_hx, W_hh, dh[start:stop])
        for name in total:
            total[name] += gradients[name]  # eq. bptt-truncated
    return {"h": h, **total}
    ### END SOLUTION


# %% tags=["active-ipynb"]
# check.truncated_bptt(truncated_bptt)  # 3 points

# %% [markdown]
# ## 6. Forward in time: real-time recurrent learning
#
# The same gradient without a backward sweep: carry along how the state depends on every parameter,
# $P_t = \partial h_t / \partial \theta$, and update it with the state (eq. `bptt-rtrl`). After step $t$ the gradient
# grows by what $L_t$ says about $h_t$, times $P_t$ (eq. `bptt-rtrl-gradient`). No state from the past is kept.
#
# One sequence is enough here, so there is no batch axis: `x` is `(T, D)`.


# %%
def rtrl(x, h0, W_hx, W_hh, b_h, dh):
    """Gradients of a tanh RNN by real-time recurrent learning (eqs. bptt-rtrl, bptt-rtrl-gradient).

    x (T, D), h0 (H,), W_hx (H, D), W_hh (H, H), b_h (H,), dh (T, H)
    ->  dict: dW_hx (H, D), dW_hh (H, H), db_h (H,)
    """
    ### BEGIN SOLUTION
    H, D = W_hx.shape
    units = np.arange(H)
    h = h0
    P_hx, P_hh, P_h = np.zeros((H, H, D)), np.zeros((H, H, H)), np.zeros((H, H))
    dW_hx, dW_hh, db_h = np.zeros((H, D)), np.zeros((H, H)), np.zeros(H)
    for t in range(len(x)):
        h_last, h = h, np.tanh(W_hx @ x[t] + W_hh @ h + b_h)
        slope = 1 - h**2
        # eq. bptt-rtrl: through the old state, and directly where unit i owns the parameter
        P_hx, P_hh, P_h = (np.einsum("ij,j...->i...", W_hh, P) for P in (P_hx, P_hh, P_h))
        P_hx[units, units] += x[t]
        P_hh[units, units] += h_last
        P_h[units, units] += 1
        P_hx, P_hh, P_h = slope[:, None, None] * P_hx, slope[:, None, None] * P_hh, slope[:, None] * P_h
        dW_hx += np.einsum("i,i...->...", dh[t], P_hx)  # eq. bptt-rtrl-gradient
        dW_hh += np.einsum("i,i...->...", dh[t], P_hh)
        db_h += dh[t] @ P_h
    return {"dW_hx": dW_hx, "dW_hh": dW_hh, "db_h": db_h}
    ### END SOLUTION


# %% tags=["active-ipynb"]
# check.rtrl(rtrl)  # 3 points

# %% [markdown]
# ## 7. Less memory: checkpoints
#
# The backward sweep needs every state, but not all at once. Keep only every $K$-th state on the way forward, with
# $K \approx \sqrt T$; on the way back, recompute one segment of $K$ states from its checkpoint, sweep through it, and
# forget it. At most about $2\sqrt T$ states then exist at any time (eq. `bptt-checkpoint`). The gradient is exactly the
# same. The check measures the memory that your function has in use at its peak and accepts up to $8\sqrt T$ states, so
# keep them in NumPy arrays and let go of an old segment before the next.


# %%
def checkpointed_bptt(x, h0, W_hx, W_hh, b_h, dh):
    """Backpropagation through time that stores about 2 sqrt(T) states (eq. bptt-checkpoint).

    x (T, B, D), h0 (B, H), W_hx (H, D), W_hh (H, H), b_h (H,), dh (T, B, H)
    ->  dict: dx (T, B, D), dh0 (B, H), dW_hx (H, D), dW_hh (H, H), db_h (H,)
    """
    ### BEGIN SOLUTION
    T = len(x)
    K = int(np.ceil(np.sqrt(T)))
    checkpoints = []
    h = h0
    for t in range(T):
        if t % K == 0:
            checkpoints.append(h)
        h = np.tanh(x[t] @ W_hx.T + h @ W_hh.T + b_h)  # eq. bptt-state
    dx = np.zeros_like(x)
    dW_hx, dW_hh, db_h = np.zeros_like(W_hx), np.zeros_like(W_hh), np.zeros_like(b_h)
    from_later = np.zeros_like(h0)
    for start in reversed(range(0, T, K)):
        stop = min(start + K, T)
        segment = [checkpoints.pop()]
        for t in range(start, stop):
            segment.append(np.tanh(x[t] @ W_hx.T + segment[-1] @ W_hh.T + b_h))
        for t in reversed(range(start, stop)):
            h_t = segment.pop()
            delta = (1 - h_t**2) * (dh[t] + from_later)
            dW_hh += delta.T @ segment[-1]
            dW_hx += delta.T @ x[t]
            db_h += delta.sum(axis=0)
            dx[t] = delta @ W_hx
            from_later = delta @ W_hh
    return {"dx": dx, "dh0": from_later, "dW_hx": dW_hx, "dW_hh": dW_hh, "db_h": db_h}
    ### END SOLUTION


# %% tags=["active-ipynb"]
# check.checkpointed_bptt(checkpointed_bptt)  # 3 points

# %% [markdown]
# ## When you are done
#
# For a summary with points, run in a terminal, in the course folder:
#
#     .venv/bin/python -m autograde check exercises/bptt
#
# (on Windows `.venv\Scripts\python`). Then hand this notebook in.
