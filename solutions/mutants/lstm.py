"""Mutants of the unit `lstm`."""

from solutions.mutants import Mutant

MUTANTS = [
    # The carousel
    Mutant(
        "cec_forward", "forgets", "c[t] + np.tanh", "0.5 * c[t] + np.tanh",
        "The cell loses part of its content: eq. lstm-cec keeps all of c_{t-1}.",
    ),
    Mutant(
        "cec_forward", "not_squashed", "np.tanh(x[t] @ W_gx.T + b_g)", "x[t] @ W_gx.T + b_g",
        "The increment is not squashed: eq. lstm-cec adds the tanh of the preactivation.",
    ),
    Mutant(
        "cec_forward", "sum_squashed", "c[t] + np.tanh(x[t] @ W_gx.T + b_g)", "np.tanh(c[t] + x[t] @ W_gx.T + b_g)",
        "The sum is squashed: in eq. lstm-cec tanh belongs to the increment, and c_{t-1} is added as it is.",
    ),
    Mutant(
        "cec_forward", "hears_itself", "x[t] @ W_gx.T + b_g", "x[t] @ W_gx.T + b_g + c[t]",
        "The increment hears the cell's past: then the carousel's derivative is no longer 1 (eq. lstm-cec).",
    ),
    Mutant(
        "cec_forward", "starts_empty", "c[0] = c0\n    for", "c[0] = 0\n    for",
        "The cell starts empty: eq. lstm-cec starts from the c0 that is given.",
    ),
    # The cell of 1997
    Mutant(
        "lstm_1997_step", "gates_exchanged", "a_i, a_g, a_o = np", "a_o, a_g, a_i = np",
        "Input and output gate have changed places: the blocks stand in the order i, g, o.",
    ),
    Mutant(
        "lstm_1997_step", "candidate_last", "a_i, a_g, a_o = np", "a_i, a_o, a_g = np",
        "Candidate and output gate have changed places: the blocks stand in the order i, g, o.",
    ),
    Mutant(
        "lstm_1997_step", "coupled", "c + sigmoid(a_i)", "(1 - sigmoid(a_i)) * c + sigmoid(a_i)",
        "What enters pushes out what was there: the cell of eq. lstm-1997 cannot forget, it only adds.",
    ),
    Mutant(
        "lstm_1997_step", "no_input_gate", "sigmoid(a_i) * np.tanh(a_g)", "np.tanh(a_g)",
        "The input gate is missing: eq. lstm-1997 multiplies the candidate by i before adding it.",
    ),
    Mutant(
        "lstm_1997_step", "shows_old_cell", "np.tanh(c_new)", "np.tanh(c)",
        "The output shows the cell before the step: in eq. lstm-1997 h_t shows c_t.",
    ),
    Mutant(
        "lstm_1997_step", "logistic_candidate", "np.tanh(a_g)", "sigmoid(a_g)",
        "The candidate is logistic: with eq. lstm-1997's tanh the cell can go down as well as up.",
    ),
    # The cell of 2000
    Mutant(
        "lstm_step", "gates_in_another_order", "a_i, a_f, a_g, a_o = np", "a_f, a_i, a_g, a_o = np",
        "Input and forget gate have changed places: the blocks stand in torch's order, i, f, g, o.",
    ),
    Mutant(
        "lstm_step", "candidate_last", "a_i, a_f, a_g, a_o = np", "a_i, a_f, a_o, a_g = np",
        "Candidate and output gate have changed places: the blocks stand in torch's order, i, f, g, o.",
    ),
    Mutant(
        "lstm_step", "forgets_inverted", "sigmoid(a_f) * c", "sigmoid(-a_f) * c",
        "The forget gate is inverted: in eq. lstm-cell f = 1 keeps the cell state.",
    ),
    Mutant(
        "lstm_step", "logistic_candidate", "np.tanh(a_g)", "sigmoid(a_g)",
        "The candidate is logistic: eq. lstm-gates takes tanh, which has both signs, or the cell could only grow.",
    ),
    Mutant(
        "lstm_step", "no_tanh_on_output", "sigmoid(a_o) * np.tanh(c_new)", "sigmoid(a_o) * c_new",
        "The cell state is shown as it is: eq. lstm-hidden has o times tanh(c_t).",
    ),
    Mutant(
        "lstm_step", "shows_old_cell", "np.tanh(c_new)", "np.tanh(c)",
        "The output shows the cell before the step: in eq. lstm-hidden h_t shows c_t.",
    ),
    Mutant(
        "lstm_step", "transposed_recurrence", "h @ W_hh.T",
        "np.concatenate([h @ block for block in np.split(W_hh, 4)], axis=1)",
        "The recurrent weights are transposed, block by block: for a batch of rows W_hh h reads h @ W_hh.T.",
    ),
    Mutant(
        "lstm_step", "coupled", "sigmoid(a_f) * c", "(1 - sigmoid(a_i)) * c",
        "The cell forgets as much as it takes in: that is the coupled cell; in eq. lstm-cell f is a gate of its own.",
    ),
    # A sequence
    Mutant(
        "lstm_forward", "cell_not_carried", "c[t + 1] = f * c[t]", "c[t + 1] = f * c[0]",
        "Every step starts from c_0: in eq. lstm-cell the cell state of the step before is kept.",
    ),
    Mutant(
        "lstm_forward", "states_from_zero", "h[0], c[0] = h0, c0", "h[0], c[0] = 0, 0",
        "The sequence starts from zero states: it starts from the h0 and c0 that are given.",
    ),
    Mutant(
        "lstm_forward", "preactivations_kept", "return {\"h\": h, \"c\": c, \"gates\": gates}",
        "A = x @ W_hx.T + h[:-1] @ W_hh.T + b_h\n    return {\"h\": h, \"c\": c, \"gates\": A}",
        "gates holds the preactivations: it is to hold the values after the nonlinearity, eq. lstm-gates.",
    ),
    Mutant(
        "lstm_forward", "candidate_like_a_gate", "gates[t, :, 2 * H : 3 * H] = np.tanh(a[:, 2 * H : 3 * H])", "pass",
        "The candidate goes through the logistic function with the gates: eq. lstm-gates takes tanh for g.",
    ),
    Mutant(
        "lstm_forward", "hears_the_cell", "h[t] @ W_hh.T", "c[t] @ W_hh.T",
        "The gates hear the cell state: in eq. lstm-gates they hear h_{t-1}, what the output gate shows of it.",
    ),
    Mutant(
        "lstm_forward", "output_gate_late", "o * np.tanh(c[t + 1])", "o * np.tanh(c[t])",
        "The output shows the cell before the step: in eq. lstm-hidden h_t shows c_t.",
    ),
    # Backward
    Mutant(
        "lstm_backward", "direct_path_only", "dh_t = dh[t] + h_later", "dh_t = dh[t]",
        "Only the cell carries the gradient back: in eq. lstm-dh later steps also speak through h_t and the gates.",
    ),
    Mutant(
        "lstm_backward", "cell_path_cut", "c_later = f * dc_t", "c_later = 0 * dc_t",
        "The carousel carries nothing back: eq. lstm-dc has f times the next step's dc.",
    ),
    Mutant(
        "lstm_backward", "undamped_carousel", "c_later = f * dc_t", "c_later = dc_t",
        "The gradient passes the forget gate undamped: eq. lstm-dc multiplies by f.",
    ),
    Mutant(
        "lstm_backward", "last_cell_forgotten", "np.zeros_like(h[0]), dc_T", "np.zeros_like(h[0]), 0 * dc_T",
        "What the loss says about the last cell state is lost: eq. lstm-dc starts from dc_T.",
    ),
    Mutant(
        "lstm_backward", "wrong_cell_for_forget_gate", "dc_t * c[t] * f", "dc_t * c[t + 1] * f",
        "The forget gate meets c_t: in eq. lstm-delta it meets c_{t-1}, which it multiplied.",
    ),
    Mutant(
        "lstm_backward", "slope_of_the_old_cell", "tanh_c = np.tanh(c[t + 1])", "tanh_c = np.tanh(c[t])",
        "tanh is taken at the cell state before the step: h_t shows c_t, eq. lstm-dc.",
    ),
    Mutant(
        "lstm_backward", "candidate_slope", "i * (1 - g**2)", "i * g * (1 - g)",
        "The candidate gets the slope of the logistic function: eq. lstm-delta has 1 - g² for it.",
    ),
    Mutant(
        "lstm_backward", "state_after", "delta.T @ h[t]", "delta.T @ h[t + 1]",
        "It is what h_t in place of h_{t-1} gives: in eq. lstm-grads each δ_t meets the state before it.",
    ),
    Mutant(
        "lstm_backward", "mean_over_batch", "db_h += delta.sum(axis=0)", "db_h += delta.mean(axis=0)",
        "It is the mean over the batch: the loss is a sum over sequences, so its gradient is one, eq. lstm-grads.",
    ),
    Mutant(
        "lstm_backward", "blocks_exchanged", "[delta_i, delta_f, delta_g, delta_o]",
        "[delta_f, delta_i, delta_g, delta_o]",
        "Input and forget gate have changed places in the gradient: the blocks stand in the order i, f, g, o.",
    ),
    Mutant(
        "lstm_backward", "upstream_changed", "dh_t = dh[t] + h_later", "dh[t] += h_later\n        dh_t = dh[t]",
        "dh is added to in place: the caller's array changes. Write dh[t] + ... into a new array.",
    ),
    # Peepholes
    Mutant(
        "peephole_lstm_step", "no_peepholes", "p_i, p_f, p_o = p", "p_i, p_f, p_o = 0 * p",
        "The peepholes are not used: eq. lstm-peephole adds p times the cell state to each gate's preactivation.",
    ),
    Mutant(
        "peephole_lstm_step", "output_sees_old_cell", "p_o * c_new", "p_o * c",
        "The output gate sees the cell before the step: in eq. lstm-peephole it sees c_t, the cell after it.",
    ),
    Mutant(
        "peephole_lstm_step", "order_of_peepholes", "p_i, p_f, p_o = p", "p_f, p_i, p_o = p",
        "The peepholes of input and forget gate have changed places: p holds i, f, o.",
    ),
    Mutant(
        "peephole_lstm_step", "candidate_sees_cell", "np.tanh(a_g)", "np.tanh(a_g + p_i * c)",
        "The candidate has a peephole: in eq. lstm-peephole only the three gates have one.",
    ),
    Mutant(
        "peephole_lstm_step", "through_tanh", "p_o * c_new)", "p_o * np.tanh(c_new))",
        "The output gate sees tanh of the cell state: in eq. lstm-peephole a peephole sees the cell state itself.",
    ),
    # Half-lives
    Mutant(
        "forget_bias_for_half_life", "gate_for_bias", "-np.log(np.expm1(np.log(2) / half_life))",
        "np.exp(-np.log(2) / half_life)",
        "It is the gate f: eq. lstm-half-life asks for the bias, so that f = σ(b_f).",
    ),
    Mutant(
        "forget_bias_for_half_life", "cancels", "-np.log(np.expm1(np.log(2) / half_life))",
        "np.log(0.5 ** (1 / half_life) / (1 - 0.5 ** (1 / half_life)))",
        "1 - f cancels for long half-lives: f is then so close to 1 that nearly all digits are lost; expm1 keeps them.",
    ),
    Mutant(
        "forget_bias_for_half_life", "small_angle", "np.expm1(np.log(2) / half_life)", "np.log(2) / half_life",
        "It holds for long half-lives only: eq. lstm-half-life has exp(log 2 / k) - 1, not its first term.",
    ),
    Mutant(
        "forget_bias_for_half_life", "time_constant", "np.log(2) / half_life", "1 / half_life",
        "It is the bias for a share of 1/e: the half-life of eq. lstm-half-life is the time to one half.",
    ),
    Mutant(
        "forget_bias_for_half_life", "opposite_sign", "-np.log(np.expm1", "np.log(np.expm1",
        "The sign is wrong: a longer memory needs a larger bias, eq. lstm-half-life.",
    ),
    # Jacobian
    Mutant(
        "cell_jacobian", "direct_path_only", "[dc_dh, dc_dc]", "[0 * dc_dh, dc_dc]",
        "The block below left is empty: c_t depends on h_{t-1} through three preactivations, eq. lstm-dc-dh.",
    ),
    Mutant(
        "cell_jacobian", "forget_gate_deaf", "(c * f * (1 - f))[:, None] * W_fh + ", "",
        "The forget gate's path is missing: h_{t-1} opens and shuts it, eq. lstm-dc-dh.",
    ),
    Mutant(
        "cell_jacobian", "slopes_on_columns", "(g * i * (1 - i))[:, None] * W_ih", "(g * i * (1 - i)) * W_ih",
        "A slope multiplies columns: it belongs to the unit that hears, a row of the matrix, eq. lstm-dc-dh.",
    ),
    Mutant(
        "cell_jacobian", "hidden_without_cell", "W_oh + shown * dc_dh", "W_oh",
        "h_t depends on h_{t-1} through the output gate alone: eq. lstm-jacobian has the way through c_t as well.",
    ),
    Mutant(
        "cell_jacobian", "cell_comes_first", "[[dh_dh, shown * dc_dc], [dc_dh, dc_dc]]",
        "[[dc_dc, dc_dh], [shown * dc_dc, dh_dh]]",
        "The cell state stands first: rows and columns of eq. lstm-jacobian are h, then c.",
    ),
    Mutant(
        "cell_jacobian", "transposed", "return np.block([[dh_dh, shown * dc_dc], [dc_dh, dc_dc]])",
        "return np.block([[dh_dh, shown * dc_dc], [dc_dh, dc_dc]]).T",
        "The Jacobian is transposed: its rows belong to the states after the step, its columns to those before.",
    ),
    Mutant(
        "cell_jacobian", "output_slope_missing", "(o * (1 - tanh_c**2))", "o",
        "The slope of tanh is missing where h_t shows c_t: eq. lstm-jacobian has o (1 - tanh² c_t).",
    ),
]  # fmt: skip
