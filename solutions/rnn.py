# %% [markdown]
# # The simple recurrent network: exercises
#
# In these exercises you build the forward pass of a recurrent network, piece by piece: one step, a whole sequence,
# layers on layers, the state that speaks for a sequence, the loss. At the end you write the weights of a network by
# hand that knows whether brackets match. The chapter *The simple recurrent network* derives everything that you need;
# equation names below refer to it.
# An equation's name is its address: eq. `rnn-state` stands at `book/rnn.html#equation-rnn-state`.
#
# **How to work.** Replace each `raise NotImplementedError()` by your code, run the cell, then run the check below it.
# A check prints one line when all is well. Otherwise it says what differs, in which case and by how much, and often
# what kind of mistake looks like that. You may add cells of your own anywhere; leave the check cells as they are.
#
# **Conventions.** Time comes first: `x` is `(T, B, D)` for `T` steps, a batch of `B` sequences and `D` inputs.
# `h` has length `T + 1`, since `h[0]` is the state before the first step, so that `x[t]` turns `h[t]` into `h[t + 1]`.
# Everything that belongs to a step (`x`, `y`, `mask`, `target`) has length `T`, and its entry `[t]` belongs to
# `h[t + 1]`. All arrays are float64. Functions return new arrays and leave their inputs as they were.
#
# The unit is worth 20 points.

# %%
import numpy as np

from autograde import tasks
from autograde.checks import rnn as check

# %% [markdown]
# ## 1. One step
#
# The state of the network after one more step (eq. `rnn-state`):
#
# $$h_t = \tanh(W_{hx}\, x_t + W_{hh}\, h_{t-1} + b_h).$$
#
# In the equation a state is a column. Here a batch travels together, and each sequence is a *row*.


# %%
def rnn_step(x_t, h, W_hx, W_hh, b_h):
    """The state after one step of a tanh RNN (eq. rnn-state).

    x_t (B, D), h (B, H) the state before, W_hx (H, D), W_hh (H, H), b_h (H,)  ->  (B, H)
    """
    ### BEGIN SOLUTION
    return np.tanh(x_t @ W_hx.T + h @ W_hh.T + b_h)  # eq. rnn-state
    ### END SOLUTION


# %% tags=["active-ipynb"]
# check.rnn_step(rnn_step)  # 2 points

# %% [markdown]
# ## 2. A whole sequence
#
# The same step, with the same parameters, from the first input to the last (eq. `rnn-unfolded`). Return all states,
# the initial one in front. Your weights are those of `torch.nn.RNN`: the check loads them there and compares.


# %%
def rnn_forward(x, h0, W_hx, W_hh, b_h):
    """All states of a tanh RNN (eqs. rnn-state, rnn-unfolded).

    x (T, B, D), h0 (B, H), W_hx (H, D), W_hh (H, H), b_h (H,)  ->  h (T+1, B, H), h[0] = h0
    """
    ### BEGIN SOLUTION
    h = np.zeros((len(x) + 1, *h0.shape))
    h[0] = h0
    for t in range(len(x)):
        h[t + 1] = rnn_step(x[t], h[t], W_hx, W_hh, b_h)  # eq. rnn-unfolded
    return h
    ### END SOLUTION


# %% tags=["active-ipynb"]
# check.rnn_forward(rnn_forward)  # 3 points

# %% [markdown]
# ## 3. Layers on layers
#
# A deep recurrent network: layer 1 reads the inputs, and each further layer reads the states of the layer below
# (eq. `rnn-deep`). Each layer has its own parameters and its own initial state. Only layer 1 has weights for $D$
# inputs; in the others `W_hx` is `(H, H)`.
#
# Return what `torch.nn.RNN` returns: the states $h_1, \dots, h_T$ of the *top* layer, and the last state of *every*
# layer.


# %%
def deep_rnn_forward(x, h0, layers):
    """Output and last states of a deep tanh RNN (eq. rnn-deep).

    x (T, B, D), h0 (N, B, H), layers: list of N dicts with W_hx (H, D) or (H, H), W_hh (H, H), b_h (H,), first the
    layer that reads x
    ->  dict: output (T, B, H) states 1 to T of the top layer, h_n (N, B, H) the last state of each layer
    """
    ### BEGIN SOLUTION
    below, last = x, []
    for start, parameters in zip(h0, layers, strict=True):
        h = rnn_forward(below, start, **parameters)
        below = h[1:]  # eq. rnn-deep: step t of the layer above reads step t of this one
        last.append(h[-1])
    return {"output": below, "h_n": np.stack(last)}
    ### END SOLUTION


# %% tags=["active-ipynb"]
# check.deep_rnn_forward(deep_rnn_forward)  # 4 points

# %% [markdown]
# ## 4. The state that speaks for the sequence
#
# A batch holds sequences of different lengths, and a mask says which steps are real. For a classification you want the
# state of each sequence *after its last real step* (eq. `rnn-last`), not after the padding.
#
# The padding may stand behind the real steps or in front of them, and single steps in the middle may be missing. A
# sequence without any real step has seen nothing: its state is $h_0$.


# %%
def last_valid_state(h, mask):
    """The state of each sequence after its last real step (eq. rnn-last).

    h (T+1, B, H) states from h_0 on, mask (T, B) with 1 where x[t] is real and 0 where it is padding  ->  (B, H)
    """
    ### BEGIN SOLUTION
    T, B = mask.shape
    steps = np.arange(1, T + 1)[:, None]
    last = np.max(steps * (mask > 0), axis=0)  # eq. rnn-last; 0 where no step is real
    return h[last, np.arange(B)]
    ### END SOLUTION


# %% tags=["active-ipynb"]
# check.last_valid_state(last_valid_state)  # 3 points

# %% [markdown]
# ## 5. The loss of a sequence
#
# At every step the network gives a score to each of $C$ classes, and the softmax makes probabilities of them
# (eq. `rnn-softmax`). The loss of a sequence is the *sum* of $-\log p$ of the right classes over its real steps
# (eq. `rnn-nll`). Return one number for each sequence of the batch.
#
# Scores of some thousands must not overflow (eq. `rnn-logsumexp`). At padded steps anything may stand in `y`, even
# `nan` or `inf`, and `target` is -1 there.


# %%
def sequence_nll(y, target, mask):
    """Negative log-likelihood of each sequence (eqs. rnn-softmax, rnn-nll, rnn-logsumexp).

    y (T, B, C) scores, target (T, B) class numbers, mask (T, B) with 1 at real steps and 0 at padding  ->  (B,)
    """
    ### BEGIN SOLUTION
    real = mask > 0
    scores = np.where(real[:, :, None], y, 0.0)
    right = np.where(real, target, 0)
    largest = scores.max(axis=2)
    log_sum = largest + np.log(np.sum(np.exp(scores - largest[:, :, None]), axis=2))  # eq. rnn-logsumexp
    score = np.take_along_axis(scores, right[:, :, None], axis=2)[:, :, 0]
    return np.sum(np.where(real, log_sum - score, 0.0), axis=0)  # eq. rnn-nll
    ### END SOLUTION


# %% tags=["active-ipynb"]
# check.sequence_nll(sequence_nll)  # 4 points

# %% [markdown]
# ## 6. A network that knows whether brackets match
#
# No training now: you *write* the weights. The network hears one bracket per step, $x_t = 1$ for `(` and $x_t = -1$
# for `)`, and is (eq. `rnn-relu`)
#
# $$h_0 = 0, \qquad h_t = \max(0,\; W_{hx}\, x_t + W_{hh}\, h_{t-1} + b_h), \qquad y_t = W_{yh}\, h_t + b_y .$$
#
# The check reads "balanced" when $y_t > 0$ and "not balanced" otherwise, *at every step*: $y_t$ judges the string
# $x_1 \dots x_t$. A string is balanced when each `(` is closed by a later `)` and each `)` closes an earlier `(`. So
# `()(())` is balanced; `(()` is not yet; and `())(` is not and never will be, whatever follows.
#
# Choose the number of units $H$ (at most 32) and all weights. The check runs strings of up to 1000 brackets, nested
# up to 500 deep. The chapter's network lives between 0 and 1 and fails beyond a depth of about 50; here there are
# rectifiers, which have no ceiling. Any weights that do it are right.


# %%
def bracket_counter_rnn():
    """Weights of a ReLU network whose readout is positive when the brackets so far are balanced (eq. rnn-relu).

    ->  dict: W_hx (H, 1), W_hh (H, H), b_h (H,), W_yh (1, H), b_y (1,)
    """
    ### BEGIN SOLUTION
    # eq. rnn-relu with three units: the depth; 1 when a bracket closes at depth 0; how often that has happened before
    return {
        "W_hx": np.array([[1.0], [-1.0], [0.0]]),
        "W_hh": np.array([[1.0, 0.0, 0.0], [-1.0, 0.0, 0.0], [0.0, 1.0, 1.0]]),
        "b_h": np.array([0.0, 0.0, 0.0]),
        "W_yh": np.array([[-1.0, -1.0, -1.0]]),
        "b_y": np.array([0.5]),
    }
    ### END SOLUTION


# %% tags=["active-ipynb"]
# check.bracket_counter_rnn(bracket_counter_rnn)  # 4 points

# %% [markdown]
# ## When you are done
#
# For a summary with points, run in a terminal, in the course folder:
#
#     .venv/bin/python -m autograde check exercises/rnn
#
# (on Windows `.venv\Scripts\python`). Then hand this notebook in.
