# %% [markdown]
# # Sequence to sequence: exercises
#
# An encoder reads a sentence into a vector, a decoder writes another sentence from it, word by word. In these exercises
# you build all of it by hand: the table of word vectors and its gradient, the encoder, the decoder under teacher
# forcing, the loss and its gradient, the inputs of scheduled sampling, and two ways to get a sentence out: greedy
# decoding and beam search. At the end you defeat a beam. The chapter *Sequence to sequence* derives everything that you
# need; equation names below refer to it.
# An equation's name is its address: eq. `seq2seq-decoder` stands at `book/seq2seq.html#equation-seq2seq-decoder`.
#
# **How to work.** Replace each `raise NotImplementedError()` by your code, run the cell, then run the check below it.
# A check prints one line when all is well. Otherwise it says what differs, in which case and by how much, and often
# what kind of mistake looks like that. You may add cells of your own anywhere; leave the check cells as they are.
#
# **Conventions.** Time comes first. A batch of sentences is an array of word numbers, `source` of shape `(S, B)` and
# `target` of shape `(T, B)`: a column is a sentence. Word 0 is `PAD`, word 1 `START`, word 2 `END`; a target holds
# `END` behind its last word and `PAD` after that. `h` has length `S + 1`, since `h[0]` is the state before the first
# word. All other arrays are float64. Functions return new arrays and leave their inputs as they were.
#
# The unit is worth 20 points.

# %%
import numpy as np

from autograde.checks import seq2seq as check
from autograde.phrases import END, PAD, START

# %% [markdown]
# ## 1. Words become vectors
#
# Each word number picks a row of a table (eq. `seq2seq-embed`).


# %%
def embed(words, E):
    """The vectors of words (eq. seq2seq-embed).

    words (T, B) integers from 0 to V-1, E (V, D)  ->  x (T, B, D)
    """
    ### BEGIN SOLUTION
    return E[words]  # eq. seq2seq-embed
    ### END SOLUTION


# %% tags=["active-ipynb"]
# check.embed(embed)  # 1 point

# %% [markdown]
# ## 2. What the table learns
#
# Backwards, you are given `dx`, the gradient of the loss with respect to every vector that was handed out, and you want
# that of the table (eq. `seq2seq-embed-grad`). A word may occur many times. At padded steps (`mask` is 0) no vector was
# used; there anything may stand in `dx`, even `nan`, and it must not count.


# %%
def embed_backward(words, mask, dx, V):
    """Gradient of the table of word vectors (eq. seq2seq-embed-grad).

    words (T, B) integers, mask (T, B) with 1 at real words and 0 at padding, dx (T, B, D), V number of words
    ->  dE (V, D)
    """
    ### BEGIN SOLUTION
    real = mask > 0
    dE = np.zeros((V, dx.shape[2]))
    np.add.at(dE, words[real], dx[real])  # eq. seq2seq-embed-grad: a word that occurs twice is added twice
    return dE
    ### END SOLUTION


# %% tags=["active-ipynb"]
# check.embed_backward(embed_backward)  # 2 points

# %% [markdown]
# ## 3. The encoder
#
# A tanh network reads the vectors of the source words, from $h_0 = 0$ on. Sentences of a batch differ in length, so it
# must not move while a sentence is padded: where `mask` is 0, the state stays as it was (eq. `seq2seq-encoder`). Then
# `h[-1]` is right for every sentence, and it is the context.


# %%
def encode(source, mask, E, W_hx, W_hh, b_h):
    """States of the encoder and the context (eqs. seq2seq-embed, seq2seq-encoder).

    source (S, B) integers, mask (S, B) with 1 at real words and 0 at padding, E (V, D), W_hx (H, D), W_hh (H, H),
    b_h (H,)  ->  dict: h (S+1, B, H) with h[0] = 0, context (B, H)
    """
    ### BEGIN SOLUTION
    S, B = source.shape
    x = embed(source, E)
    h = np.zeros((S + 1, B, len(b_h)))
    for j in range(S):
        moved = np.tanh(x[j] @ W_hx.T + h[j] @ W_hh.T + b_h)
        h[j + 1] = np.where(mask[j][:, None] > 0, moved, h[j])  # eq. seq2seq-encoder
    return {"h": h, "context": h[-1]}
    ### END SOLUTION


# %% tags=["active-ipynb"]
# check.encode(encode)  # 2 points

# %% [markdown]
# ## 4. The decoder under teacher forcing
#
# The decoder starts from the context, $s_0 = c$, and hears the context *and* the word before at every step
# (eq. `seq2seq-decoder`). Its readout gives a score to every word of the target language (eq. `seq2seq-readout`).
# Under teacher forcing the word before is the right one: `START` at the first step, then the target, one step late.
# Return the scores of all steps. The parameters come in a dict, so that they can be handed on as one.


# %%
def decode_teacher_forced(target, context, decoder):
    """Scores of the next word at every step, given the right words before (eqs. seq2seq-decoder, seq2seq-readout).

    target (T, B) integers, context (B, H), decoder: dict of E (V, D), W_sx (H, D), W_ss (H, H), W_sc (H, H), b_s (H,),
    W_ys (V, H), b_y (V,)  ->  y (T, B, V)
    """
    ### BEGIN SOLUTION
    before = np.full_like(target, START)
    before[1:] = target[:-1]
    x, s = embed(before, decoder["E"]), context
    y = np.zeros((*target.shape, len(decoder["b_y"])))
    for t in range(len(target)):
        drive = x[t] @ decoder["W_sx"].T + context @ decoder["W_sc"].T
        s = np.tanh(drive + s @ decoder["W_ss"].T + decoder["b_s"])  # eq. seq2seq-decoder
        y[t] = s @ decoder["W_ys"].T + decoder["b_y"]  # eq. seq2seq-readout
    return y
    ### END SOLUTION


# %% tags=["active-ipynb"]
# check.decode_teacher_forced(decode_teacher_forced)  # 3 points

# %% [markdown]
# ## 5. The loss of the words, and where its gradient begins
#
# The loss is a weighted sum of $-\log p$ over all words of all sentences (eq. `seq2seq-nll`). The weights say which
# mean you take: $1/B$ at every real word is deck D's loss, $1/\sum m$ the mean per word; they are 0 at padding.
# Return the loss and its gradient with respect to the scores (eq. `seq2seq-nll-grad`).
#
# Scores may be some thousands large. Where the weight is 0, anything may stand in `y`, even `nan` or `inf`; the loss
# must not notice, and the gradient is 0 there.


# %%
def token_nll_and_grad(y, target, weight):
    """Weighted negative log-likelihood of the words and its gradient (eqs. seq2seq-nll, seq2seq-nll-grad).

    y (T, B, V) scores, target (T, B) integers, weight (T, B), 0 at padding  ->  dict: loss (a number), dy (T, B, V)
    """
    ### BEGIN SOLUTION
    counts = weight != 0
    scores = np.where(counts[:, :, None], y, 0.0)
    scores = scores - scores.max(axis=2, keepdims=True)
    log_p = scores - np.log(np.exp(scores).sum(axis=2, keepdims=True))
    right = np.eye(y.shape[2])[target]
    loss = -np.sum(weight * np.sum(right * log_p, axis=2))  # eq. seq2seq-nll
    return {"loss": loss, "dy": weight[:, :, None] * (np.exp(log_p) - right)}  # eq. seq2seq-nll-grad
    ### END SOLUTION


# %% tags=["active-ipynb"]
# check.token_nll_and_grad(token_nll_and_grad)  # 3 points

# %% [markdown]
# ## 6. Scheduled sampling
#
# In training the decoder sees right words before it, in use its own. To prepare it, toss a coin for *every word of
# every sentence*: with probability `epsilon` the decoder hears the right word before, otherwise the one that it said
# itself (eq. `seq2seq-scheduled`). Return the inputs of all steps, `START` first. `own[t]` is what the decoder said
# at step `t + 1` of the text, `target[t]` what would have been right there. All randomness comes from the generator
# `rng`.


# %%
def scheduled_inputs(target, own, epsilon, rng):
    """The decoder's inputs: the right word before with probability epsilon, else its own (eq. seq2seq-scheduled).

    target (T, B) integers, own (T, B) integers, 0 <= epsilon <= 1, rng a numpy Generator  ->  inputs (T, B)
    """
    ### BEGIN SOLUTION
    teacher = rng.uniform(size=target.shape) < epsilon
    before = np.where(teacher, target, own)  # eq. seq2seq-scheduled
    inputs = np.full_like(target, START)
    inputs[1:] = before[:-1]
    return inputs
    ### END SOLUTION


# %% tags=["active-ipynb"]
# check.scheduled_inputs(scheduled_inputs)  # 2 points

# %% [markdown]
# ## 7. Greedy decoding
#
# Now the decoder runs on its own: it says the word with the largest score and hears that word at the next step
# (eq. `seq2seq-greedy`), until it has said `END` or `longest` words. Return the words, with `PAD` behind `END`, and the
# log-probability that the network gives to each sentence: the sum of $\log p$ of the words that it said, `END`
# included. Every sentence of the batch ends when it likes; what the others do must not change it.


# %%
def greedy_decode(context, longest, decoder):
    """The likeliest word at every step, fed back (eqs. seq2seq-greedy, seq2seq-decoder, seq2seq-readout).

    context (B, H), longest: number of steps T, decoder: dict as above
    ->  dict: words (T, B) integers, PAD behind END; log_p (B,)
    """
    ### BEGIN SOLUTION
    B = len(context)
    words, log_p = np.full((longest, B), PAD), np.zeros(B)
    word, s, going = np.full(B, START), context, np.ones(B, dtype=bool)
    for t in range(longest):
        drive = embed(word, decoder["E"]) @ decoder["W_sx"].T + context @ decoder["W_sc"].T
        s = np.tanh(drive + s @ decoder["W_ss"].T + decoder["b_s"])
        y = s @ decoder["W_ys"].T + decoder["b_y"]
        word = y.argmax(axis=1)  # eq. seq2seq-greedy
        best = y.max(axis=1)
        log_p -= going * np.log(np.exp(y - best[:, None]).sum(axis=1))  # log p of the best is -log sum e^(y - best)
        words[t] = np.where(going, word, PAD)
        going = going & (word != END)
    return {"words": words, "log_p": log_p}
    ### END SOLUTION


# %% tags=["active-ipynb"]
# check.greedy_decode(greedy_decode)  # 2 points

# %% [markdown]
# ## 8. Beam search
#
# What a decoder would say is given here as tables, one for each number of words so far: `tables[0]` of shape `(V,)`
# holds the log-probabilities of the first word, and in general `tables[t][w_1, ..., w_t]` is a vector with those of
# the word after $w_1 \dots w_t$. So `tables[len(prefix)][prefix]` works for a prefix that is a tuple.
#
# A beam of width `K` (eq. `seq2seq-beam`) starts from the empty prefix. At each step it extends every prefix that it
# holds by every word, and keeps the `K` extensions with the largest log-probability of the whole. Those that end in the
# word `end` are finished and leave the beam; their places stay empty in the next step's start. The others go on, up
# to `T = len(tables)` words, where every extension that was kept is finished. `end` is -1 where no word ends a
# sentence.
#
# Among the finished ones, return the one with the largest score $\log p / L^{\alpha}$, with $L$ its number of words
# including `end` (eq. `seq2seq-normalised`). The prefixes in the beam are compared by $\log p$ alone. A continuation
# with probability 0 has log-probability $-\infty$: it is never kept.


# %%
def beam_search(tables, K, alpha, end):
    """The best sentence that a beam of width K finds (eqs. seq2seq-beam, seq2seq-normalised).

    tables: list of T arrays of log-probabilities, the t-th of shape (V,) * t; K >= 1, alpha >= 0, end a word or -1
    ->  dict: words (T,) integers, -1 behind the sentence; log_p and score, numbers
    """
    ### BEGIN SOLUTION
    T = len(tables)
    beam, finished = [((), 0.0)], []
    for t in range(T):
        extended = [((*prefix, w), log_p + step) for prefix, log_p in beam for w, step in enumerate(tables[t][prefix])]
        possible = [pair for pair in extended if pair[1] > -np.inf]
        kept = sorted(possible, key=lambda pair: -pair[1])[:K]  # eq. seq2seq-beam
        done = [pair for pair in kept if pair[0][-1] == end or t == T - 1]
        finished += done
        beam = [pair for pair in kept if pair not in done]

    def score(pair):
        return pair[1] / len(pair[0]) ** alpha  # eq. seq2seq-normalised

    best = max(finished, key=score)
    words = np.full(T, -1)
    words[: len(best[0])] = best[0]
    return {"words": words, "log_p": best[1], "score": score(best)}
    ### END SOLUTION


# %% tags=["active-ipynb"]
# check.beam_search(beam_search)  # 4 points

# %% [markdown]
# ## 9. Defeat a beam
#
# "A beam of width 2 finds the likeliest sentence." Return probabilities for sentences of exactly three words, from a
# vocabulary of three, for which it does not: the best sentence of all must be at least *twice* as likely as the one
# that a beam of width 2 finds. No word ends a sentence. Every table holds probabilities, not logarithms: its last axis
# sums to 1. So that nothing hangs on a tie, the kept extensions must be more likely than the dropped ones by at least
# 1 % at every step.


# %%
def beam_trap():
    """Tables on which a beam of width 2 misses the best sentence by a factor of two (eq. seq2seq-beam).

    ->  dict: first (3,), second (3, 3), third (3, 3, 3), probabilities of each next word
    """
    ### BEGIN SOLUTION
    third = np.full((3, 3, 3), 1 / 3) + np.array([0.02, 0.0, -0.02])
    third[2] = [[0.98, 0.01, 0.01]] * 3  # eq. seq2seq-beam: the best begins with the word that is dropped first
    return {
        "first": np.array([0.4, 0.35, 0.25]),
        "second": np.array([[0.4, 0.34, 0.26], [0.36, 0.34, 0.3], [0.98, 0.01, 0.01]]),
        "third": third,
    }
    ### END SOLUTION


# %% tags=["active-ipynb"]
# check.beam_trap(beam_trap)  # 1 point

# %% [markdown]
# ## When you are done
#
# For a summary with points, run in a terminal, in the course folder:
#
#     .venv/bin/python -m autograde check exercises/seq2seq
#
# (on Windows `.venv\Scripts\python`). Then hand this notebook in. The chapter describes the open project:
# a translator of your own on the same grammar, with what to measure and the numbers to beat.
