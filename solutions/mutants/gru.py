"""Mutants of the unit `gru`."""

from solutions.mutants import Mutant

MUTANTS = [
    # One step
    Mutant(
        "gru_step", "gate_inverted", "(1 - z) * n + z * h", "z * n + (1 - z) * h",
        "The update gate is inverted: in eq. gru-state z = 1 keeps the old state, as in torch.",
    ),
    Mutant(
        "gru_step", "gates_swapped", "r, z = gates[:, :H], gates[:, H:]", "z, r = gates[:, :H], gates[:, H:]",
        "The reset and the update gate are swapped: the blocks are stacked as r, z, n.",
    ),
    Mutant(
        "gru_step", "places_swapped", 'if reset == "after":', 'if reset != "after":',
        "The two places of the reset gate are swapped: \"after\" multiplies the product, eq. gru-after; \"before\" the state,"
        " eq. gru-before.",
    ),
    Mutant(
        "gru_step", "always_before", 'if reset == "after":', "if False:",
        "The reset gate multiplies the state in both cases: with \"after\" it multiplies the recurrent product, eq. gru-after.",
    ),
    Mutant(
        "gru_step", "bias_outside_the_reset", "r * (h @ W_nh.T + b_nh)", "r * (h @ W_nh.T) + b_nh",
        "The bias b_nh stands outside the reset gate: in eq. gru-after the gate multiplies the product and its bias.",
    ),
    Mutant(
        "gru_step", "logistic_candidate", "np.tanh(from_x[:, 2 * H :] + recurrent)",
        "logistic(from_x[:, 2 * H :] + recurrent)",
        "It is what the logistic function gives for the candidate, as in deck A: eqs. gru-after and gru-before have tanh.",
    ),
    Mutant(
        "gru_step", "no_reset", "gates[:, :H], gates[:, H:]", "np.ones_like(h), gates[:, H:]",
        "The reset gate has no effect: it multiplies the recurrent product, or the state before it.",
    ),
    # A sequence
    Mutant(
        "gru_forward", "initial_state_forgotten", "h[0] = h0\n    for", "h[0] = 0\n    for",
        "The recursion starts from zero: it starts from the h0 that is given.",
    ),
    Mutant(
        "gru_forward", "state_never_passed_on", "gru_step(x[t], h[t],", "gru_step(x[t], h[0],",
        "Every step starts from h0: step t starts from the state that step t - 1 left.",
    ),
    Mutant(
        "gru_forward", "place_ignored", "b_hh, reset)\n    return", "b_hh, \"after\")\n    return",
        "The reset gate stands after the product in every case: hand the argument `reset` on to the step.",
    ),
    Mutant(
        "gru_forward", "from_the_end", "gru_step(x[t], h[t],", "gru_step(x[len(x) - 1 - t], h[t],",
        "The inputs are read from the last to the first: x[t] turns h[t] into h[t + 1].",
    ),
    # The gradient
    Mutant(
        "gru_backward", "no_later_steps", "g = dh[t] + from_later", "g = dh[t]",
        "It is what leaving out the later steps gives: eq. gru-dh adds what arrives through h_t from all of them.",
    ),
    Mutant(
        "gru_backward", "kept_path_lost", "from_later = g * z + delta_gates", "from_later = delta_gates",
        "The path past the candidate is missing: a kept state passes its gradient on directly, z ⊙ g in eqs. gru-dh-after"
        " and gru-dh-before.",
    ),
    Mutant(
        "gru_backward", "gates_without_gradient", "g * z + delta_gates @ W_hh[: 2 * H] + through", "g * z + through",
        "The gates hear the old state too: their errors go back through W_rh and W_zh, eqs. gru-dh-after and gru-dh-before.",
    ),
    Mutant(
        "gru_backward", "update_error_inverted", "g * (h[t] - n) * z * (1 - z)", "g * (n - h[t]) * z * (1 - z)",
        "The error of the update gate has the opposite sign: z multiplies h_{t-1} and 1 - z multiplies n, so that its"
        " derivative is h_{t-1} - n, eq. gru-deltas.",
    ),
    Mutant(
        "gru_backward", "gate_slope_missing", "delta_r = dr * r * (1 - r)", "delta_r = dr",
        "The slope of the reset gate is missing: eq. gru-deltas multiplies by r (1 - r).",
    ),
    Mutant(
        "gru_backward", "tanh_slope_missing", "delta_n = g * (1 - z) * (1 - n**2)", "delta_n = g * (1 - z)",
        "The slope of the candidate is missing: eq. gru-deltas multiplies by 1 - n².",
    ),
    Mutant(
        "gru_backward", "product_error_not_reset", "delta_product = r * delta_n", "delta_product = delta_n",
        "The error of the recurrent product lacks the reset gate: on its way back through r ⊙ (…) it is multiplied by r,"
        " eq. gru-dh-after.",
    ),
    Mutant(
        "gru_backward", "two_biases_alike", "np.concatenate([delta_gates, delta_product], axis=1).sum",
        "np.concatenate([delta_gates, delta_n], axis=1).sum",
        "db_hh is that of b_hx: b_nh stands inside the reset gate, and its error is that of the product, eq. gru-dparameters.",
    ),
    Mutant(
        "gru_backward", "state_not_reset", "delta_n.T @ (r * h[t])", "delta_n.T @ h[t]",
        "With the reset gate before the product, W_nh meets r ⊙ h_{t-1}, not h_{t-1}, eq. gru-dparameters.",
    ),
    Mutant(
        "gru_backward", "state_after", "delta_gates.T @ h[t]", "delta_gates.T @ h[t + 1]",
        "It is what h_t in place of h_{t-1} gives: the gates of a step hear the state before it, eq. gru-dparameters.",
    ),
    Mutant(
        "gru_backward", "last_step_only", "dW_hx += delta.T @ x[t]", "dW_hx = delta.T @ x[t]",
        "Only one step's contribution is left: shared weights sum over all steps, eq. gru-dparameters.",
    ),
    # What 1 means
    Mutant(
        "convert_gate_convention", "nothing_done", "sign[H : 2 * H] = -1", "sign[H : 2 * H] = 1",
        "The weights are returned as they came: where source and target differ, the update gate changes its sign, eq. gru-flip.",
    ),
    Mutant(
        "convert_gate_convention", "always_flipped", "if source != target:", "if True:",
        "The gate is turned round although source and target are equal.",
    ),
    Mutant(
        "convert_gate_convention", "reset_flipped", "sign[H : 2 * H] = -1", "sign[:H] = -1",
        "The reset gate is turned round: the update gate is the second of the three blocks.",
    ),
    Mutant(
        "convert_gate_convention", "both_gates_flipped", "sign[H : 2 * H] = -1", "sign[: 2 * H] = -1",
        "Both gates are turned round: the reset gate means the same in both conventions.",
    ),
    Mutant(
        "convert_gate_convention", "bias_forgotten", '"b_hx": sign * b_hx', '"b_hx": 1 * b_hx',
        "A bias keeps its sign: 1 - σ(a) = σ(-a) asks for the opposite of the whole preactivation, eq. gru-flip.",
    ),
    Mutant(
        "convert_gate_convention", "one_minus_weights", '"W_hx": sign[:, None] * W_hx',
        '"W_hx": np.where(sign[:, None] < 0, 1 - W_hx, W_hx)',
        "It is what 1 - W gives: one minus the gate is σ of the negative preactivation, -W, not 1 - W, eq. gru-flip.",
    ),
    # One unit
    Mutant(
        "scalar_gradient_factor", "gate_inverted", "(keep + u * gamma * r) ** T", "(u + keep * gamma * r) ** T",
        "u and 1 - u are swapped: in eq. gru-factor u is the share that is written, through γ r.",
    ),
    Mutant(
        "scalar_gradient_factor", "one_step", "(keep + u * gamma * r) ** T", "keep + u * gamma * r",
        "It is the factor of one step: over T steps it is taken to the power T, eq. gru-factor.",
    ),
    Mutant(
        "scalar_gradient_factor", "one_step_more", "(keep + u * gamma * r) ** T", "(keep + u * gamma * r) ** (T + 1)",
        "It is the factor of T + 1 steps: from h_0 to h_T there are T of them, eq. gru-factor.",
    ),
    Mutant(
        "scalar_gradient_factor", "written_whole", "(keep + u * gamma * r) ** T", "(keep + gamma * r) ** T",
        "The candidate's way lacks its share u: only that much of the candidate is written, eq. gru-factor.",
    ),
    Mutant(
        "scalar_gradient_factor", "reset_forgotten", "(keep + u * gamma * r) ** T", "(keep + u * gamma) ** T",
        "The reset gate is missing: the candidate hears r h, so its slope is γ r, eq. gru-factor.",
    ),
    Mutant(
        "scalar_gradient_factor", "border_at_half_open", '"loses_from": keep / (1 - u * r)', '"loses_from": 2 / 3 + 0 * u',
        "2/3 is the lower border for half-open gates only: solve f = γ for any u and r, eq. gru-borders.",
    ),
    Mutant(
        "scalar_gradient_factor", "border_of_explosion", "2 / (keep + np.sqrt(keep**2 + 4 * u * r))",
        "1 / np.maximum(r, 1e-9)",
        "It is where the gated gradient begins to grow, f = 1: the gate loses until f γ = 1, eq. gru-borders.",
    ),
    # MUT1
    Mutant(
        "mut1_step", "gate_inverted", "z * n + (1 - z) * h", "(1 - z) * n + z * h",
        "The update gate is inverted: in eq. gru-mut1 z = 1 writes, the opposite of torch's GRU.",
    ),
    Mutant(
        "mut1_step", "plain_input", "np.tanh(x_t @ W_hx.T)", "x_t @ W_hx.T",
        "The input's own tanh is missing: in eq. gru-mut1 it is squashed before it joins the recurrent product.",
    ),
    Mutant(
        "mut1_step", "update_hears_the_state", "x_t @ W_zx.T + b_z", "x_t @ W_zx.T + h @ W_rh.T + b_z",
        "z hears the state: in eq. gru-mut1 it listens to the input only.",
    ),
    Mutant(
        "mut1_step", "reset_after", "(r * h) @ W_hh.T", "r * (h @ W_hh.T)",
        "The reset gate stands after the recurrent product: in eq. gru-mut1 it multiplies the state.",
    ),
    Mutant(
        "mut1_step", "bias_in_the_input", "np.tanh(x_t @ W_hx.T) + b_h", "np.tanh(x_t @ W_hx.T + b_h)",
        "b_h stands inside the input's tanh: in eq. gru-mut1 it is added outside.",
    ),
    # One gate
    Mutant(
        "mgu_step", "gate_inverted", "(1 - f) * h + f * n", "f * h + (1 - f) * n",
        "The gate is inverted: in eq. gru-mgu f = 1 writes.",
    ),
    Mutant(
        "mgu_step", "no_reset", "(f * h) @ W_hh.T", "h @ W_hh.T",
        "The gate does not reset: in eq. gru-mgu the candidate hears f ⊙ h.",
    ),
    Mutant(
        "mgu_step", "reset_after", "(f * h) @ W_hh.T", "f * (h @ W_hh.T)",
        "The gate multiplies the recurrent product: in eq. gru-mgu it multiplies the state.",
    ),
    Mutant(
        "mgu_step", "reset_by_the_opposite", "(f * h) @ W_hh.T", "((1 - f) * h) @ W_hh.T",
        "The candidate hears what is kept, (1 - f) ⊙ h: in eq. gru-mgu it hears f ⊙ h.",
    ),
    # Scan
    Mutant(
        "linear_recurrence_scan", "start_forgotten", "state[0] += a[0] * h0", "state[0] += 0 * h0",
        "The start has no effect on later states: h_0 enters the first step as a_1 ⊙ h_0, eq. gru-linear.",
    ),
    Mutant(
        "linear_recurrence_scan", "products_not_combined", "product[length:] * product[:-length]", "1 * product[length:]",
        "The factors of a stretch are not multiplied: eq. gru-combine combines the products as well as the states.",
    ),
    Mutant(
        "linear_recurrence_scan", "steps_not_doubled", "length *= 2", "length += 1",
        "The stretches grow by one: after a round they are twice as long, eq. gru-doubling.",
    ),
    Mutant(
        "linear_recurrence_scan", "one_round", "length *= 2", "length = T",
        "Only neighbours are combined: go on until a stretch covers all T steps, eq. gru-doubling.",
    ),
    Mutant(
        "linear_recurrence_scan", "loop_over_time",
        "product, state = a.copy(), b.copy()",
        "states = [h0]\n    for a_t, b_t in zip(a, b):\n        states.append(a_t * states[-1] + b_t)\n"
        "    return np.array(states)\n    product, state = a.copy(), b.copy()",
        "The states are right, one step after the other: the exercise asks for about log2(T) rounds of whole-array operations.",
    ),
    Mutant(
        "linear_recurrence_scan", "divides_by_the_product",
        "product, state = a.copy(), b.copy()",
        "whole = np.cumprod(a, axis=0)\n    with np.errstate(all=\"ignore\"):\n"
        "        return np.concatenate([h0[None], whole * (h0 + np.cumsum(b / whole, axis=0))])\n"
        "    product, state = a.copy(), b.copy()",
        "It divides by the product of the factors, which is zero as soon as one of them is, and runs out of digits long before.",
    ),
]  # fmt: skip
