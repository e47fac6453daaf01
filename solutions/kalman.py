# %% [markdown]
# # The gate as a Kalman gain: exercises
#
# In these exercises you build the Kalman filter and its smoother, write the filter's correction as a gate, find the
# gain at which the filter comes to rest, and put that filter into the weights of a gated recurrent unit. The chapter
# *The gate as a Kalman gain* derives everything that you need; equation names below refer to it.
# An equation's name is its address: eq. `kalman-gain` stands at `book/kalman.html#equation-kalman-gain`.
#
# **How to work.** Replace each `raise NotImplementedError()` by your code, run the cell, then run the check below it.
# A check prints one line when all is well. Otherwise it says what differs, in which case and by how much, and often
# what kind of mistake looks like that. You may add cells of your own anywhere; leave the check cells as they are.
#
# **Conventions.** There is one sequence at a time: `x` is `(T, D)`. The hidden state has `H` entries. `h_hat` and `S`
# are the mean and the covariance of the state *after* an observation, `h_bar` and `P` those *before* it. Over a
# sequence `h_hat` and `S` have length `T + 1`, since `h_hat[0]`, `S[0]` describe the state before the first step;
# `h_bar`, `P` and `x` have length `T`, and their entry `[t]` belongs to `h_hat[t + 1]`.
# All arrays are float64. Functions return new arrays and leave their inputs as they were. NumPy is all you need.
#
# The unit is worth 20 points.

# %%
import numpy as np

from autograde.checks import kalman as check

# %% [markdown]
# ## 1. Prediction
#
# The state moves on: $h_t = F h_{t-1} + \varepsilon_t$ with noise of covariance $R$. What is known about $h_{t-1}$
# becomes what is known about $h_t$ before anything is seen (eq. `kalman-predict`).


# %%
def kalman_predict(h_hat, S, F, R):
    """Mean and covariance of the next state before its observation (eq. kalman-predict).

    h_hat (H,), S (H, H) of the state now, F (H, H), R (H, H)  ->  dict: h_bar (H,), P (H, H)
    """
    ### BEGIN SOLUTION
    return {"h_bar": F @ h_hat, "P": F @ S @ F.T + R}  # eq. kalman-predict
    ### END SOLUTION


# %% tags=["active-ipynb"]
# check.kalman_predict(kalman_predict)  # 2 points

# %% [markdown]
# ## 2. Correction
#
# An observation $x_t = A h_t + \eta_t$ arrives, with noise of covariance $V$. Return the corrected mean and covariance,
# the gain (eq. `kalman-gain`), and the logarithm of the density that the prediction gave to this observation
# (eq. `kalman-loglik`), natural logarithm, all constants included.
#
# Use the Joseph form (eq. `kalman-joseph`) for the covariance. The check has cases in which the observation is more
# precise than the prediction by sixteen powers of ten; the short form then returns rounding errors of either sign.


# %%
def kalman_update(h_bar, P, x_t, A, V):
    """Mean and covariance of a state after its observation (eqs. kalman-gain, kalman-mean, kalman-joseph).

    h_bar (H,), P (H, H) before it, x_t (D,), A (D, H), V (D, D)
    ->  dict: h_hat (H,), S (H, H), K (H, D), log_likelihood a number (eq. kalman-loglik)
    """
    ### BEGIN SOLUTION
    e = x_t - A @ h_bar  # eq. kalman-innovation
    C = A @ P @ A.T + V
    K = np.linalg.solve(C, A @ P).T  # eq. kalman-gain, C and P being symmetric
    keep = np.eye(len(h_bar)) - K @ A
    surprise = e @ np.linalg.solve(C, e) + np.linalg.slogdet(C)[1]
    return {
        "h_hat": h_bar + K @ e,  # eq. kalman-mean
        "S": keep @ P @ keep.T + K @ V @ K.T,  # eq. kalman-joseph
        "K": K,
        "log_likelihood": -0.5 * (surprise + len(e) * np.log(2 * np.pi)),  # eq. kalman-loglik
    }
    ### END SOLUTION


# %% tags=["active-ipynb"]
# check.kalman_update(kalman_update)  # 4 points

# %% [markdown]
# ## 3. The filter
#
# Prediction and correction in turn, from the first observation to the last. The noise of the observations may be
# another at every step: `V[t]` belongs to `x[t]`. The log-likelihood of the sequence is the sum over its steps
# (eq. `kalman-chain`).
#
# The check builds the joint Gaussian of all states and all observations and conditions it by dense algebra. Your filter
# must agree with it to ten digits.


# %%
def kalman_filter(x, h0, S0, F, A, R, V):
    """The Kalman filter over a sequence (eqs. kalman-predict, kalman-mean, kalman-joseph, kalman-chain).

    x (T, D), h0 (H,) and S0 (H, H) mean and covariance before the first step, F (H, H), A (D, H), R (H, H),
    V (T, D, D), one for each step
    ->  dict: h_hat (T+1, H), S (T+1, H, H) after each observation, h_hat[0] = h0, S[0] = S0;
        h_bar (T, H), P (T, H, H) before it; log_likelihood a number
    """
    ### BEGIN SOLUTION
    h_hat, S, h_bar, P, log_likelihood = [h0], [S0], [], [], 0.0
    for x_t, V_t in zip(x, V, strict=True):
        before = kalman_predict(h_hat[-1], S[-1], F, R)
        after = kalman_update(before["h_bar"], before["P"], x_t, A, V_t)
        h_bar.append(before["h_bar"])
        P.append(before["P"])
        h_hat.append(after["h_hat"])
        S.append(after["S"])
        log_likelihood += after["log_likelihood"]  # eq. kalman-chain
    return {
        "h_hat": np.array(h_hat),
        "S": np.array(S),
        "h_bar": np.array(h_bar),
        "P": np.array(P),
        "log_likelihood": log_likelihood,
    }
    ### END SOLUTION


# %% tags=["active-ipynb"]
# check.kalman_filter(kalman_filter)  # 4 points

# %% [markdown]
# ## 4. The smoother
#
# The filter knows what came before. When the whole sequence is there, a sweep back adds what came after
# (eq. `kalman-smoother`). It needs no observations: all that they say is in the filter's results. The last state has
# nothing after it, and the sweep begins there.


# %%
def rts_smoother(h_hat, S, F, R):
    """Mean and covariance of every state given the whole sequence (eqs. kalman-smoother-gain, kalman-smoother).

    h_hat (T+1, H), S (T+1, H, H) of the filter, F (H, H), R (H, H)
    ->  dict: h_smooth (T+1, H), S_smooth (T+1, H, H)
    """
    ### BEGIN SOLUTION
    h_smooth, S_smooth = h_hat.copy(), S.copy()
    for t in reversed(range(len(S) - 1)):
        h_bar, P = F @ h_hat[t], F @ S[t] @ F.T + R
        G = np.linalg.solve(P, F @ S[t]).T  # eq. kalman-smoother-gain
        h_smooth[t] = h_hat[t] + G @ (h_smooth[t + 1] - h_bar)  # eq. kalman-smoother
        S_smooth[t] = S[t] + G @ (S_smooth[t + 1] - P) @ G.T
    return {"h_smooth": h_smooth, "S_smooth": S_smooth}
    ### END SOLUTION


# %% tags=["active-ipynb"]
# check.rts_smoother(rts_smoother)  # 4 points

# %% [markdown]
# ## 5. The gate
#
# With one state and one observation the corrected mean is $(1 - u)\,\bar h + u\,x/a$. Return the gate $u$ and the
# number to which the logistic function must be applied to get it (eq. `kalman-gate`). Check yourself first:
# $a = p = v = 1$ must give $u = \frac12$.
#
# The arrays hold one case in each entry. $a$ may be negative, and $p$ and $v$ may differ by hundreds of powers of ten:
# $u$ must be right to ten digits also where it is $10^{-100}$.


# %%
def kalman_gate(p, a, v):
    """The scalar correction as a gate (eq. kalman-gate).

    p (n,) > 0 predicted variance, a (n,) not 0, v (n,) > 0 variance of the observation  ->  dict: logit (n,), u (n,)
    """
    ### BEGIN SOLUTION
    logit = 2 * np.log(np.abs(a)) + np.log(p) - np.log(v)  # eq. kalman-gate
    return {"logit": logit, "u": np.exp(-np.logaddexp(0, -logit))}  # the logistic function, without overflow
    ### END SOLUTION


# %% tags=["active-ipynb"]
# check.kalman_gate(kalman_gate)  # 2 points

# %% [markdown]
# ## 6. The gain at rest
#
# In a stationary model the covariances do not depend on what is observed, and they settle. Return the predicted
# covariance $P$ that reproduces itself (eq. `kalman-riccati`) and the gain that belongs to it (eq. `kalman-gain`).
#
# Repeat prediction and correction until nothing changes, and make sure that nothing changes any more: the check has a
# case that needs more than a thousand steps, and one in which $F$ has an eigenvalue beyond 1.


# %%
def steady_state_gain(F, A, R, V):
    """Predicted covariance and gain of the filter at rest (eqs. kalman-riccati, kalman-gain).

    F (H, H), A (D, H), R (H, H) positive definite, V (D, D)  ->  dict: P (H, H), K (H, D)
    """
    ### BEGIN SOLUTION
    P, before = R, np.zeros_like(R)
    # Differences shrink by a constant factor, 0.99 in slow cases: what is left is a hundred times the last difference.
    while np.max(np.abs(P - before)) > 1e-15 * np.max(np.abs(P)):
        last, before = before, P
        K = np.linalg.solve(A @ P @ A.T + V, A @ P).T
        keep = np.eye(len(F)) - K @ A
        P = F @ (keep @ P @ keep.T + K @ V @ K.T) @ F.T + R  # eq. kalman-riccati
        if np.array_equal(P, last):
            break  # rounding goes to and fro between two values
    return {"P": P, "K": np.linalg.solve(A @ P @ A.T + V, A @ P).T}
    ### END SOLUTION


# %% tags=["active-ipynb"]
# check.steady_state_gain(steady_state_gain)  # 2 points

# %% [markdown]
# ## 7. The filter as a gated recurrent unit
#
# With a constant gain the filter is $\hat h_t = (I - KA) F \hat h_{t-1} + K x_t$. Write it into the weights of a GRU
# (eq. `kalman-gru`), stacked as in `torch.nn.GRU`: first the $H$ rows of the reset gate $r$, then those of $z$, then
# those of the candidate $n$,
#
# $$h_t = z \odot h_{t-1} + (1 - z) \odot n, \qquad
#   n = \phi\bigl(W_{nx} x_t + b_{nx} + r \odot (W_{nh} h_{t-1} + b_{nh})\bigr).$$
#
# The GRU's state shall be $h_t = s\,\hat h_t$ with a given scale $s$. There are two things to do, and each is a point:
#
# - With the identity for $\phi$ the cell is the filter, exactly.
# - With one unit ($H = 1$) the gate $1 - z$ is the Kalman gate $u = KA$. With more units any gate serves; take ½.
#   The same weights, loaded into `torch.nn.GRU` where $\phi = \tanh$, are nearly the filter when $s$ is small.
#
# The filter has no reset gate: $r$ must be 1. A bias of 40 makes it so to the last digit of float64.


# %%
def gru_weights_from_kalman(F, A, K, scale):
    """Weights of a GRU whose state is scale times the filtered mean at rest (eqs. kalman-rest, kalman-gru).

    F (H, H), A (D, H), K (H, D), scale a number > 0
    ->  dict: W_hx (3H, D), W_hh (3H, H), b_hx (3H,), b_hh (3H,), rows stacked r, z, n
    """
    ### BEGIN SOLUTION
    H, D = K.shape
    u = (K @ A)[0, 0] if H == 1 else 0.5
    W_hx, W_hh, b_hx = np.zeros((3 * H, D)), np.zeros((3 * H, H)), np.zeros(3 * H)
    b_hx[:H] = 40.0  # the reset gate is open: 1 - logistic(40) is below the rounding of float64
    b_hx[H : 2 * H] = np.log((1 - u) / u)  # z = 1 - u
    W_hx[2 * H :] = scale * K / u  # eq. kalman-gru
    W_hh[2 * H :] = ((np.eye(H) - K @ A) @ F - (1 - u) * np.eye(H)) / u
    return {"W_hx": W_hx, "W_hh": W_hh, "b_hx": b_hx, "b_hh": np.zeros(3 * H)}
    ### END SOLUTION


# %% tags=["active-ipynb"]
# check.gru_weights_from_kalman(gru_weights_from_kalman)  # 2 points

# %% [markdown]
# ## When you are done
#
# For a summary with points, run in a terminal, in the course folder:
#
#     .venv/bin/python -m autograde check exercises/kalman
#
# (on Windows `.venv\Scripts\python`). Then hand this notebook in.
