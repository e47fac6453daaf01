"""Mutants of the unit `bptt`."""

from solutions.mutants import Mutant

MUTANTS = [
    # One neuron
    Mutant(
        "neuron_forward", "tanh_for_logistic", "1 / (1 + np.exp(-(u * x[t] + w * h[t])))",
        "np.tanh(u * x[t] + w * h[t])",
        "It is what tanh in place of the logistic function gives: in eq. bptt-neuron the outputs lie between 0 and 1.",
    ),
    Mutant(
        "neuron_forward", "no_memory", "w * h[t]", "w * h[0]",
        "It is what a neuron gives that never hears its own last output: in eq. bptt-neuron h_{t-1} is the output of the"
        " step before, not h_0.",
    ),
    Mutant(
        "neuron_forward", "weights_exchanged", "u * x[t] + w * h[t]", "w * x[t] + u * h[t]",
        "u and w have changed places: in eq. bptt-neuron u weighs the input and w the neuron's own last output.",
    ),
    Mutant(
        "neuron_forward", "starts_at_half", "h = np.zeros(len(x) + 1)", "h = np.full(len(x) + 1, 0.5)",
        "The state before the first step is 0 (h_0 in eq. bptt-neuron), not the logistic function of 0.",
    ),
    Mutant(
        "neuron_bptt", "no_later_steps", "h[t + 1] - target[t] + w * delta_next", "h[t + 1] - target[t]",
        "It is what leaving out w δ_{t+1} gives: h_t also acts through every later step, eq. bptt-neuron-delta.",
    ),
    Mutant(
        "neuron_bptt", "state_after", "np.sum(delta * h[:-1])", "np.sum(delta * h[1:])",
        "It is what h_t in place of h_{t-1} gives: in eq. bptt-neuron-grads each δ_t meets the state before it.",
    ),
    Mutant(
        "neuron_bptt", "slope_of_tanh", "h[t + 1] * (1 - h[t + 1])", "1 - h[t + 1] ** 2",
        "It is what the slope of tanh gives: the logistic function has the slope h (1 - h).",
    ),
    Mutant(
        "neuron_bptt", "mean_over_time", "dw = np.sum(delta * h[:-1])", "dw = np.mean(delta * h[:-1])",
        "It is what the mean over time gives: shared weights sum what every step contributes, eq. bptt-neuron-grads.",
    ),
    Mutant(
        "neuron_bptt", "slope_outside_later", "(h[t + 1] - target[t] + w * delta_next) * slope",
        "(h[t + 1] - target[t]) * slope + w * delta_next",
        "What comes from later passes the slope of this step as well: in eq. bptt-neuron-delta σ' multiplies both terms.",
    ),
    Mutant(
        "neuron_bptt", "target_minus_output", "h[t + 1] - target[t] + w", "target[t] - h[t + 1] + w",
        "The error has the opposite sign: the derivative of ½ (h - h*)² is h - h*.",
    ),
    # The judge
    Mutant(
        "numerical_gradient", "one_sided", "(f(x + step) - f(x - step)) / (2 * eps)", "(f(x + step) - f(x)) / eps",
        "It is a one-sided difference, with an error of the order of eps: eq. bptt-central moves x both ways.",
    ),
    Mutant(
        "numerical_gradient", "half_width", "/ (2 * eps)", "/ eps",
        "The difference is divided by eps: the two points of eq. bptt-central are 2 eps apart.",
    ),
    Mutant(
        "numerical_gradient", "all_at_once", "step[i] = eps", "step[...] = eps",
        "It moves every entry at once: eq. bptt-central asks for one entry at a time.",
    ),
    Mutant(
        "numerical_gradient", "leaves_a_trace", "step = np.zeros_like(x)\n        step[i] = eps",
        "step = np.zeros_like(x)\n        step[i] = eps\n        x += 0.5 * step",
        "x is moved and not put back: the next entry is then judged at another point.",
    ),
    # The network
    Mutant(
        "rnn_backward", "state_after", "delta.T @ h[t]", "delta.T @ h[t + 1]",
        "It is what h_t in place of h_{t-1} gives: in eq. bptt-dwhh each δ_t meets the state before it.",
    ),
    Mutant(
        "rnn_backward", "no_later_steps", "dh[t] + from_later", "dh[t]",
        "It is what leaving out the later steps gives: in eq. bptt-delta δ_{t+1} comes back through W_hh.",
    ),
    Mutant(
        "rnn_backward", "transposed_recurrence", "from_later = delta @ W_hh", "from_later = delta @ W_hh.T",
        "It is what W_hh in place of its transpose gives: eq. bptt-delta has W_hhᵀ δ, which is delta @ W_hh for rows.",
    ),
    Mutant(
        "rnn_backward", "transposed_gradient", "dW_hh += delta.T @ h[t]", "dW_hh += h[t].T @ delta",
        "The gradient of W_hh is transposed: its rows belong to the δ of a unit, its columns to the state, eq. bptt-dwhh.",
    ),
    Mutant(
        "rnn_backward", "mean_over_batch", "db_h += delta.sum(axis=0)", "db_h += delta.mean(axis=0)",
        "It is what the mean over the batch gives: the loss is a sum over sequences, so its gradient is one, eq. bptt-dbh.",
    ),
    Mutant(
        "rnn_backward", "no_slope", "(1 - h[t + 1] ** 2) * (dh[t] + from_later)", "dh[t] + from_later",
        "The slope of tanh is missing: eq. bptt-delta multiplies by 1 - h².",
    ),
    Mutant(
        "rnn_backward", "slope_before", "(1 - h[t + 1] ** 2)", "(1 - h[t] ** 2)",
        "The slope is taken at the state before: eq. bptt-delta has 1 - h_t² of the same step as δ_t.",
    ),
    Mutant(
        "rnn_backward", "last_step_only", "dW_hx += delta.T @ x[t]", "dW_hx = delta.T @ x[t]",
        "Only one step's contribution is left: shared weights sum over all steps, eq. bptt-dwhx.",
    ),
    Mutant(
        "rnn_backward", "upstream_changed", "delta = (1 - h[t + 1] ** 2) * (dh[t] + from_later)",
        "dh[t] += from_later\n        delta = (1 - h[t + 1] ** 2) * dh[t]",
        "dh is added to in place: the caller's array changes. Write dh[t] + ... into a new array.",
    ),
    # Truncated
    Mutant(
        "truncated_bptt", "state_reset", "        for t in range(start, stop):\n",
        "        h_start = h[start].copy()\n        h[start] = 0\n        for t in range(start, stop):\n",
        "The state is set to zero at the start of a window: truncation cuts the gradient; the state is carried,"
        " eq. bptt-truncated.",
    ),
    Mutant(
        "truncated_bptt", "last_window_lost", "range(0, T, window)", "range(0, T - window + 1, window)",
        "The last window is left out when it is shorter than the others.",
    ),
    Mutant(
        "truncated_bptt", "windows_overwrite", "total[name] += gradients[name]", "total[name] = gradients[name]",
        "Only one window's gradient is left: eq. bptt-truncated sums over the windows.",
    ),
    Mutant(
        "truncated_bptt", "never_cut",
        "gradients = rnn_backward(x[start:stop], h[start : stop + 1], W_hx, W_hh, dh[start:stop])",
        "gradients = rnn_backward(x[:stop], h[: stop + 1], W_hx, W_hh,"
        " np.concatenate([0 * dh[:start], dh[start:stop]]))",
        "The gradient runs past the border of the window: eq. bptt-truncated stops it there.",
    ),
    # In real time
    Mutant(
        "rtrl", "no_recurrence", 'np.einsum("ij,j...->i...", W_hh, P) for P in', "0 * P for P in",
        "The influence of earlier steps is lost: eq. bptt-rtrl has W_hh P_{t-1} besides the direct term.",
    ),
    Mutant(
        "rtrl", "state_after", "P_hh[units, units] += h_last", "P_hh[units, units] += h",
        "It is what h_t in place of h_{t-1} gives: W_hh meets the state before the step, eq. bptt-rtrl.",
    ),
    Mutant(
        "rtrl", "transposed_recurrence", 'np.einsum("ij,j...->i...", W_hh, P)', 'np.einsum("ij,j...->i...", W_hh.T, P)',
        "The recurrence is transposed: eq. bptt-rtrl has W_hh P, the way that the state itself takes.",
    ),
    Mutant(
        "rtrl", "last_loss_only", 'dW_hh += np.einsum("i,i...->...", dh[t], P_hh)',
        'dW_hh = np.einsum("i,i...->...", dh[t], P_hh)',
        "Only the last step's loss is counted: eq. bptt-rtrl-gradient adds up over time.",
    ),
    # Checkpoints
    Mutant(
        "checkpointed_bptt", "every_state_kept", "K = int(np.ceil(np.sqrt(T)))", "K = T",
        "Every state of the sequence is in memory at once: keep every K-th only, with K near the root of T,"
        " eq. bptt-checkpoint.",
    ),
    Mutant(
        "checkpointed_bptt", "cut_at_segments", "segment = [checkpoints.pop()]",
        "segment = [checkpoints.pop()]\n        from_later = np.zeros_like(h0)",
        "The gradient is cut where a segment begins: that is truncation. Checkpoints change the memory, not the gradient.",
    ),
    Mutant(
        "checkpointed_bptt", "state_after", "dW_hh += delta.T @ segment[-1]", "dW_hh += delta.T @ h_t",
        "It is what h_t in place of h_{t-1} gives: in eq. bptt-dwhh each δ_t meets the state before it.",
    ),
    Mutant(
        "checkpointed_bptt", "no_later_steps", "dh[t] + from_later", "dh[t]",
        "It is what leaving out the later steps gives: in eq. bptt-delta δ_{t+1} comes back through W_hh.",
    ),
]  # fmt: skip
