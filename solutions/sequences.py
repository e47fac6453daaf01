# %% [markdown]
# # What order means: exercises
#
# In these exercises you turn sequences into arrays (codes, padding, windows), learn word vectors from context, write
# the weights of two recurrent networks by hand, and compute the probability of a label sequence over all its
# alignments. The chapter *What order means* derives everything that you need; equation names below refer to it.
# An equation's name is its address: eq. `sequences-onehot` stands at `book/sequences.html#equation-sequences-onehot`.
#
# **How to work.** Replace each `raise NotImplementedError()` by your code, run the cell, then run the check below it.
# A check prints one line when all is well. Otherwise it says what differs, in which case and by how much, and often
# what kind of mistake looks like that. You may add cells of your own anywhere; leave the check cells as they are.
#
# **Conventions.** Time comes first: a batch of sequences is `(T, B, D)` for `T` steps, `B` sequences and `D` numbers
# per step; one sequence alone is `(T, D)`. Words and symbols are whole numbers from 0. All other arrays are float64.
# Functions return new arrays and leave their inputs as they were.
#
# The unit is worth 20 points.

# %%
import numpy as np

from autograde import tasks
from autograde.checks import sequences as check

# %% [markdown]
# ## 1. One-hot codes
#
# A word is a number between 0 and $V - 1$. Its one-hot code is a vector of length $V$ with a single 1
# (eq. `sequences-onehot`). `ids` may have any shape; the code goes along a new last axis.


# %%
def one_hot(ids, V):
    """One-hot codes (eq. sequences-onehot).

    ids integers of any shape, 0 <= id < V  ->  array of shape (*ids.shape, V)
    """
    ### BEGIN SOLUTION
    return (ids[..., None] == np.arange(V)).astype(float)
    ### END SOLUTION


# %% tags=["active-ipynb"]
# check.one_hot(one_hot)  # 1 point

# %% [markdown]
# ## 2. One batch from sequences of different lengths
#
# Sequences of different lengths do not fit into one array. Make them fit: let $T$ be the longest length, put zeros
# *behind* the shorter ones, and say in a mask which entries are real (eq. `sequences-mask`). The data may contain
# zeros of their own, and a sequence may be empty.


# %%
def pad_and_mask(sequences):
    """A padded batch and its mask (eq. sequences-mask).

    sequences: list of B arrays, the b-th of shape (T_b, D)
    ->  dict: x (T, B, D) with T the largest T_b, mask (T, B) with 1 at real steps and 0 at padding
    """
    ### BEGIN SOLUTION
    T, B, D = max(map(len, sequences)), len(sequences), sequences[0].shape[1]
    x, mask = np.zeros((T, B, D)), np.zeros((T, B))
    for b, sequence in enumerate(sequences):
        x[: len(sequence), b] = sequence
        mask[: len(sequence), b] = 1  # eq. sequences-mask
    return {"x": x, "mask": mask}
    ### END SOLUTION


# %% tags=["active-ipynb"]
# check.pad_and_mask(pad_and_mask)  # 2 points

# %% [markdown]
# ## 3. Windows
#
# The older way to give a sequence to a network of fixed size: cut out pieces of $k$ neighbouring steps. The $n$-th
# window starts at step $n \cdot$ `stride` (counted from 0, eq. `sequences-windows`); only windows that lie wholly
# inside the sequence count.


# %%
def windows(x, k, stride):
    """All windows of k neighbouring steps (eq. sequences-windows).

    x (T, D), 1 <= k <= T, stride >= 1  ->  (N, k, D) with N = (T - k) // stride + 1
    """
    ### BEGIN SOLUTION
    starts = range(0, len(x) - k + 1, stride)
    return np.stack([x[start : start + k] for start in starts])  # eq. sequences-windows
    ### END SOLUTION


# %% tags=["active-ipynb"]
# check.windows(windows)  # 2 points

# %% [markdown]
# ## 4. Word vectors from context
#
# The continuous bag of words (CBOW) predicts a word from the mean of the vectors of its neighbours, by a softmax over
# the vocabulary (eqs. `sequences-cbow-mean` to `sequences-cbow-loss`). At the edge of a sentence there are fewer
# neighbours, so the context is padded and comes with a mask; each row has at least one real neighbour. A padded entry
# holds the id 0, which is also a word.
#
# Return the loss, *summed* over the examples, and its gradients with respect to both tables
# (eqs. `sequences-cbow-dw`, `sequences-cbow-de`). The same word may occur several times, in one context and in several.
# Scores of some thousands must not overflow.


# %%
def cbow_loss_and_grad(context, mask, target, E, W):
    """Loss of CBOW and its gradients (eqs. sequences-cbow-mean to sequences-cbow-de).

    context (N, C) word ids, mask (N, C) with 1 at real neighbours, target (N,) word ids,
    E (V, D) vectors of context words, W (V, D) vectors of predicted words
    ->  dict: loss a number, dE (V, D), dW (V, D)
    """
    ### BEGIN SOLUTION
    share = mask / mask.sum(axis=1, keepdims=True)
    mean = np.einsum("nc,ncd->nd", share, E[context])  # eq. sequences-cbow-mean
    scores = mean @ W.T
    scores = scores - scores.max(axis=1, keepdims=True)
    log_p = scores - np.log(np.exp(scores).sum(axis=1, keepdims=True))  # eq. sequences-cbow-softmax
    examples = np.arange(len(target))
    loss = -log_p[examples, target].sum()  # eq. sequences-cbow-loss
    dscores = np.exp(log_p)
    dscores[examples, target] -= 1  # eq. sequences-cbow-dscores
    dW = dscores.T @ mean  # eq. sequences-cbow-dw
    dmean = dscores @ W
    dE = np.zeros_like(E)
    np.add.at(dE, context, share[:, :, None] * dmean[:, None, :])  # eq. sequences-cbow-de
    return {"loss": loss, "dE": dE, "dW": dW}
    ### END SOLUTION


# %% tags=["active-ipynb"]
# check.cbow_loss_and_grad(cbow_loss_and_grad)  # 5 points

# %% [markdown]
# ## 5. A network that counts zeros
#
# No training now: you *write* the weights. The network hears one bit $x_t \in \{0, 1\}$ per step and is
# (eq. `sequences-relu-network`)
#
# $$h_0 = 0, \qquad h_t = \max(0,\; W_{hx}\, x_t + W_{hh}\, h_{t-1} + b_h), \qquad y_t = W_{yh}\, h_t + b_y .$$
#
# Choose the number of units $H$ (at most 32) and all weights such that $y_t$ is the number of zeros among
# $x_1, \dots, x_t$, for every $t$. The check runs the network on strings of up to 1000 bits and asks that
# $|y_t - \text{count}| < \frac12$ at every step. Any weights that do it are right.


# %%
def count_zeros_rnn():
    """Weights of a ReLU network that counts the zeros (eqs. sequences-relu-network, sequences-count).

    ->  dict: W_hx (H, 1), W_hh (H, H), b_h (H,), W_yh (1, H), b_y (1,)
    """
    ### BEGIN SOLUTION
    return {
        "W_hx": np.array([[-1.0]]),
        "W_hh": np.array([[1.0]]),
        "b_h": np.array([1.0]),  # eq. sequences-count
        "W_yh": np.array([[1.0]]),
        "b_y": np.array([0.0]),
    }
    ### END SOLUTION


# %% tags=["active-ipynb"]
# check.count_zeros_rnn(count_zeros_rnn)  # 2 points

# %% [markdown]
# ## 6. A network that knows parity
#
# The same network, $\max(0, \cdot)$ and all. Now $y_t$ must tell whether the number of *ones* among $x_1, \dots, x_t$
# is odd: the check reads "odd" when $y_t > \frac12$ and "even" otherwise, at every step of every string, up to 1000
# bits: random ones, all ones, all zeros, alternating bits, and others that are hard for a network that forgets or
# drifts. The chapter solves this with hard thresholds; here there are only rectifiers. Again at most 32 units, and any
# weights that do it are right.


# %%
def parity_rnn():
    """Weights of a ReLU network whose readout is above 1/2 when the ones are odd (eqs. sequences-relu-network,
    sequences-parity).

    ->  dict: W_hx (H, 1), W_hh (H, H), b_h (H,), W_yh (1, H), b_y (1,)
    """
    ### BEGIN SOLUTION
    # eq. sequences-parity as |p - x|, whose two halves are rectified; p is their sum
    return {
        "W_hx": np.array([[-1.0], [1.0]]),
        "W_hh": np.array([[1.0, 1.0], [-1.0, -1.0]]),
        "b_h": np.array([0.0, 0.0]),
        "W_yh": np.array([[1.0, 1.0]]),
        "b_y": np.array([0.0]),
    }
    ### END SOLUTION


# %% tags=["active-ipynb"]
# check.parity_rnn(parity_rnn)  # 3 points

# %% [markdown]
# ## 7. All alignments at once: the forward pass of CTC
#
# A network gives a distribution over $V$ symbols at each of $T$ steps, one of them the blank. Connectionist temporal
# classification (CTC) says that a label sequence has the summed probability of *all* paths that collapse to it
# (eq. `sequences-ctc-sum`). Compute the logarithm of that sum by the forward recursion: extended labels
# (eq. `sequences-ctc-extended`), start (eq. `sequences-ctc-start`), recursion with its skip rule
# (eq. `sequences-ctc-recursion`), end (eq. `sequences-ctc-end`). Work with logarithms throughout: over 500 steps the
# probabilities themselves are smaller than any float64.
#
# A label sequence may be empty, and it may be impossible (too long for $T$ steps); then the answer is `-np.inf`.


# %%
def ctc_forward(log_y, labels, blank):
    """Logarithm of the probability of a label sequence, summed over all alignments (eq. sequences-ctc-sum).

    log_y (T, V) logarithms of probabilities, labels (L,) symbols without blanks, L >= 0, blank the blank's number
    ->  number
    """
    ### BEGIN SOLUTION
    S = 2 * len(labels) + 1
    extended = np.full(S, blank)
    extended[1::2] = labels  # eq. sequences-ctc-extended
    may_skip = np.zeros(S, dtype=bool)
    may_skip[2:] = (extended[2:] != blank) & (extended[2:] != extended[:-2])
    alpha = np.full(S, -np.inf)
    alpha[:2] = log_y[0, extended[:2]]  # eq. sequences-ctc-start
    nothing = [-np.inf, -np.inf]
    for t in range(1, len(log_y)):
        before = np.concatenate([nothing, alpha])
        skipped = np.where(may_skip, before[:-2], -np.inf)
        alpha = (
            np.logaddexp(np.logaddexp(alpha, before[1:-1]), skipped) + log_y[t, extended]
        )  # eq. sequences-ctc-recursion
    return np.logaddexp.reduce(alpha[-2:])  # eq. sequences-ctc-end
    ### END SOLUTION


# %% tags=["active-ipynb"]
# check.ctc_forward(ctc_forward)  # 5 points

# %% [markdown]
# ## When you are done
#
# For a summary with points, run in a terminal, in the course folder:
#
#     .venv/bin/python -m autograde check exercises/sequences
#
# (on Windows `.venv\Scripts\python`). Then hand this notebook in.
