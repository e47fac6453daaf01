"""Mutants of the unit `rnn`."""

from solutions.mutants import Mutant

MUTANTS = [
    # One step
    Mutant(
        "rnn_step", "transposed_recurrence", "h @ W_hh.T", "h @ W_hh",
        "W_hh is transposed: in eq. rnn-state W_hh h is a column; for a batch of rows it reads h @ W_hh.T.",
    ),
    Mutant(
        "rnn_step", "no_recurrence", "h @ W_hh.T", "0 * h",
        "The state before is not heard: eq. rnn-state has W_hh h_{t-1} besides the input.",
    ),
    Mutant(
        "rnn_step", "no_bias", " + b_h", "",
        "The bias b_h is missing: eq. rnn-state adds it before tanh.",
    ),
    Mutant(
        "rnn_step", "bias_outside", "h @ W_hh.T + b_h)", "h @ W_hh.T) + b_h",
        "The bias is added after tanh: in eq. rnn-state it belongs to the preactivation.",
    ),
    Mutant(
        "rnn_step", "logistic", "np.tanh(x_t @ W_hx.T + h @ W_hh.T + b_h)",
        "1 / (1 + np.exp(-(x_t @ W_hx.T + h @ W_hh.T + b_h)))",
        "It is what the logistic function gives: the states of eq. rnn-state lie between -1 and 1.",
    ),
    Mutant(
        "rnn_step", "no_nonlinearity", "np.tanh(x_t @ W_hx.T + h @ W_hh.T + b_h)", "x_t @ W_hx.T + h @ W_hh.T + b_h",
        "It is the preactivation: eq. rnn-state applies tanh to it.",
    ),
    # A sequence
    Mutant(
        "rnn_forward", "initial_state_forgotten", "h[0] = h0\n    for", "h[0] = 0\n    for",
        "The recursion starts from zero: in eq. rnn-unfolded it starts from the h0 that is given.",
    ),
    Mutant(
        "rnn_forward", "always_the_first_state", "rnn_step(x[t], h[t],", "rnn_step(x[t], h[0],",
        "Every step starts from h_0: in eq. rnn-unfolded each step starts from the state that the last one left.",
    ),
    Mutant(
        "rnn_forward", "always_the_first_input", "rnn_step(x[t],", "rnn_step(x[0],",
        "Every step hears x_1: in eq. rnn-unfolded step t hears x_t.",
    ),
    Mutant(
        "rnn_forward", "backward_in_time", "rnn_step(x[t],", "rnn_step(x[len(x) - 1 - t],",
        "The sequence is read from its end: step t of eq. rnn-unfolded hears x_t.",
    ),
    # Layers
    Mutant(
        "deep_rnn_forward", "reads_the_step_before", "below = h[1:]", "below = h[:-1]",
        "A layer reads the step before of the layer below: in eq. rnn-deep both belong to the same step t.",
    ),
    Mutant(
        "deep_rnn_forward", "every_layer_starts_from_the_first", "start, **parameters", "h0[0], **parameters",
        "All layers start from the initial state of the first: in eq. rnn-deep each has its own.",
    ),
    Mutant(
        "deep_rnn_forward", "first_states_returned", "last.append(h[-1])", "last.append(h[1])",
        "h_n holds states after the first step: it is to hold the last state of each layer, eq. rnn-deep.",
    ),
    Mutant(
        "deep_rnn_forward", "top_layer_only", "np.stack(last)", "np.stack([h[-1]] * len(last))",
        "h_n repeats the top layer: it is to hold the last state of every layer, eq. rnn-deep.",
    ),
    Mutant(
        "deep_rnn_forward", "layers_upside_down", "\"h_n\": np.stack(last)", "\"h_n\": np.stack(last[::-1])",
        "h_n lists the layers from the top: the layer that reads x comes first.",
    ),
    # The last state
    Mutant(
        "last_valid_state", "last_of_all", "h[last, np.arange(B)]", "h[-1]",
        "It is the state after the padding: eq. rnn-last asks for the state after the last real step.",
    ),
    Mutant(
        "last_valid_state", "counts_the_steps", "np.max(steps * (mask > 0), axis=0)", "np.sum(mask > 0, axis=0)",
        "It is the state at as many steps as are real: where padding stands in front, eq. rnn-last finds another step.",
    ),
    Mutant(
        "last_valid_state", "one_step_early", "h[last, np.arange(B)]", "h[np.maximum(last - 1, 0), np.arange(B)]",
        "It is the state before the last real step: x[t] turns h[t] into h[t + 1].",
    ),
    Mutant(
        "last_valid_state", "empty_is_the_end", "h[last, np.arange(B)]", "h[np.where(last > 0, last, T), np.arange(B)]",
        "A sequence without real steps gets the state at the end: it has seen nothing, so eq. rnn-last gives h_0.",
    ),
    # The loss
    Mutant(
        "sequence_nll", "mean_over_time", "return np.sum(np.where(real, log_sum - score, 0.0), axis=0)",
        "return np.sum(np.where(real, log_sum - score, 0.0), axis=0) / np.maximum(real.sum(axis=0), 1)",
        "It is the mean over the steps: eq. rnn-nll sums them.",
    ),
    Mutant(
        "sequence_nll", "mask_ignored", "np.where(real, log_sum - score, 0.0)", "log_sum - score",
        "The padded steps are counted: eq. rnn-nll sums over real steps only.",
    ),
    Mutant(
        "sequence_nll", "overflows",
        "    log_sum = largest + np.log(np.sum(np.exp(scores - largest[:, :, None]), axis=2))",
        "    with np.errstate(all=\"ignore\"):\n        log_sum = np.log(np.sum(np.exp(scores), axis=2))",
        "Large scores overflow in exp, small ones vanish: eq. rnn-logsumexp takes the largest score out first.",
    ),
    Mutant(
        "sequence_nll", "scores_cut_off", "np.where(real[:, :, None], y, 0.0)",
        "np.clip(np.where(real[:, :, None], y, 0.0), -700, 700)",
        "Large scores are cut off before exp: that changes the loss; eq. rnn-logsumexp is exact for scores of any size.",
    ),
    Mutant(
        "sequence_nll", "constant_in_the_logarithm", "log_sum - score, 0.0", "-np.log(np.exp(score - log_sum) + 1e-12), 0.0",
        "A small constant inside the logarithm caps the loss of a step near 28: eq. rnn-logsumexp needs no constant.",
    ),
    Mutant(
        "sequence_nll", "softmax_over_time", "np.sum(np.exp(scores - largest[:, :, None]), axis=2)",
        "np.sum(np.exp(scores - largest[:, :, None]).sum(axis=2), axis=0)",
        "The probabilities are normalised over more than one step: the softmax of eq. rnn-softmax runs over the classes"
        " of a single step.",
    ),
    Mutant(
        "sequence_nll", "scores_for_probabilities", "log_sum - score, 0.0", "-score, 0.0",
        "It sums scores: eq. rnn-softmax makes probabilities of them first.",
    ),
    Mutant(
        "sequence_nll", "padding_times_zero", "np.where(real, log_sum - score, 0.0)",
        "(log_sum - score + 0 * np.max(y, axis=2)) * mask",
        "What stands at padded steps gets into the sum: zero times nan is nan, so choose the real steps instead of"
        " multiplying by the mask.",
    ),
    # Brackets
    Mutant(
        "bracket_counter_rnn", "forgives", "[0.0, 1.0, 1.0]", "[0.0, 0.0, 0.0]",
        "A bracket that closes nothing is noticed and forgotten one step later: \"())(\" is never balanced again.",
    ),
    Mutant(
        "bracket_counter_rnn", "forgets_slowly", "[0.0, 1.0, 1.0]", "[0.0, 1.0, 0.5]",
        "What was noticed fades from step to step: after a few dozen steps the string passes for balanced.",
    ),
    Mutant(
        "bracket_counter_rnn", "counts_only_the_end", "[[-1.0, -1.0, -1.0]]", "[[-1.0, 0.0, 0.0]]",
        "Only the depth is read out: a string that has closed too much may end at depth 0 all the same.",
    ),
    Mutant(
        "bracket_counter_rnn", "leaky_depth", "[[1.0, 0.0, 0.0],", "[[0.99, 0.0, 0.0],",
        "The depth leaks: a count must come back to exactly 0 after 500 brackets open and 500 close.",
    ),
    Mutant(
        "bracket_counter_rnn", "always_rejects", "np.array([0.5])", "np.array([-0.5])",
        "No string is accepted: the readout must be above 0 when nothing is open and nothing was closed too often.",
    ),
]  # fmt: skip
