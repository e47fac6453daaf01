"""Mutants of the unit `kalman`."""

from solutions.mutants import Mutant

MUTANTS = [
    # Prediction
    Mutant(
        "kalman_predict",
        "no_noise",
        "F @ S @ F.T + R",
        "F @ S @ F.T",
        "The noise of the step is missing: in eq. kalman-predict the prediction is less certain by R.",
    ),
    Mutant(
        "kalman_predict",
        "transposed",
        "F @ S @ F.T",
        "F.T @ S @ F",
        "F has changed sides: the covariance of F h is F S Fᵀ, with the transpose on the right (eq. kalman-predict).",
    ),
    Mutant(
        "kalman_predict",
        "mean_stays",
        "F @ h_hat",
        "h_hat + 0.0",
        "The mean has not moved: in eq. kalman-predict it passes F as the state does.",
    ),
    Mutant(
        "kalman_predict",
        "once",
        "F @ S @ F.T + R",
        "F @ S + R",
        "F acts on one side only: a covariance is a product of two deviations, and both pass F (eq. kalman-predict).",
    ),
    # Correction
    Mutant(
        "kalman_update",
        "short_form",
        "keep @ P @ keep.T + K @ V @ K.T",
        "keep @ P",
        "It is what (I - KA) P gives: the same on paper, but no sum of squares. Rounding makes it lose its symmetry, and"
        " with precise observations its sign; eq. kalman-joseph does not.",
    ),
    Mutant(
        "kalman_update",
        "no_noise_in_gain",
        "C = A @ P @ A.T + V",
        "C = A @ P @ A.T + 1e-9 * V",
        "The observation's own noise is missing in the covariance of the innovation, eq. kalman-innovation: such a filter"
        " believes every observation.",
    ),
    Mutant(
        "kalman_update",
        "half_joseph",
        "keep @ P @ keep.T + K @ V @ K.T",
        "keep @ P @ keep.T",
        "The second term of eq. kalman-joseph is missing: the noise of the observation enters through the gain, K V Kᵀ.",
    ),
    Mutant(
        "kalman_update",
        "wrong_sign",
        "h_bar + K @ e",
        "h_bar - K @ e",
        "The correction goes the wrong way: the innovation is observed minus predicted, and it is added (eq. kalman-mean).",
    ),
    Mutant(
        "kalman_update",
        "raw_observation",
        "h_bar + K @ e",
        "h_bar + K @ x_t",
        "The gain meets the observation itself: in eq. kalman-mean it meets the innovation x - A h̄, what was not expected.",
    ),
    Mutant(
        "kalman_update",
        "no_constant",
        " + len(e) * np.log(2 * np.pi)",
        "",
        "The constant is missing: a normal density in D dimensions has (D/2) log 2π in its logarithm (eq. kalman-loglik).",
    ),
    Mutant(
        "kalman_update",
        "no_determinant",
        " + np.linalg.slogdet(C)[1]",
        "",
        "The determinant of the innovation's covariance is missing: without it a filter could claim any certainty for"
        " nothing (eq. kalman-loglik).",
    ),
    Mutant(
        "kalman_update",
        "noise_of_observation_in_density",
        "e @ np.linalg.solve(C, e) + np.linalg.slogdet(C)[1]",
        "e @ np.linalg.solve(V, e) + np.linalg.slogdet(V)[1]",
        "The density has the covariance V in place of C: the prediction is uncertain too (eq. kalman-loglik).",
    ),
    # The filter
    Mutant(
        "kalman_filter",
        "covariance_of_last_step",
        'kalman_update(before["h_bar"], before["P"], x_t, A, V_t)',
        'kalman_update(before["h_bar"], P[-1] if P else S0, x_t, A, V_t)',
        "The correction uses P of the step before: in eq. kalman-gain stands the predicted covariance of this step.",
    ),
    Mutant(
        "kalman_filter",
        "prediction_left_out_of_gain",
        'kalman_update(before["h_bar"], before["P"], x_t, A, V_t)',
        'kalman_update(before["h_bar"], S[-1], x_t, A, V_t)',
        "The correction uses the filtered covariance of the step before: eq. kalman-gain has P, after the prediction.",
    ),
    Mutant(
        "kalman_filter",
        "first_noise_for_all",
        "zip(x, V, strict=True)",
        "zip(x, [V[0]] * len(x), strict=True)",
        "The noise of the first observation stands for all of them: V[t] belongs to x[t].",
    ),
    Mutant(
        "kalman_filter",
        "covariance_not_kept",
        'S.append(after["S"])',
        'S.append(before["P"])',
        "S is the covariance before the observation: after it, it is smaller (eq. kalman-joseph).",
    ),
    Mutant(
        "kalman_filter",
        "starts_with_correction",
        "before = kalman_predict(h_hat[-1], S[-1], F, R)",
        'before = kalman_predict(h_hat[-1], S[-1], F, R) if P else {"h_bar": h0, "P": S0}',
        "The first prediction is missing: h0 and S0 describe the state before the first step, and x[0] belongs to the next.",
    ),
    Mutant(
        "kalman_filter",
        "last_density_only",
        'log_likelihood += after["log_likelihood"]',
        'log_likelihood = after["log_likelihood"]',
        "It is the log-likelihood of the last observation: that of the sequence is the sum over all of them"
        " (eq. kalman-chain).",
    ),
    # The smoother
    Mutant(
        "rts_smoother",
        "covariance_of_now",
        "P = F @ h_hat[t], F @ S[t] @ F.T + R",
        "P = F @ h_hat[t], S[t + 1]",
        "G divides by the filtered covariance of the next state: eq. kalman-smoother-gain has the predicted one, F S Fᵀ + R.",
    ),
    Mutant(
        "rts_smoother",
        "not_predicted",
        "h_smooth[t + 1] - h_bar",
        "h_smooth[t + 1] - h_hat[t + 1]",
        "What comes back is the smoothed mean minus the filtered one: in eq. kalman-smoother it is compared with the"
        " prediction F ĥ_t, which is all that step t knew of the next state.",
    ),
    Mutant(
        "rts_smoother",
        "one_step_back_only",
        "h_smooth[t + 1] - h_bar",
        "h_hat[t + 1] - h_bar",
        "It hears one step of the future: in eq. kalman-smoother the smoothed mean of the next step comes back, which has"
        " heard all of it.",
    ),
    Mutant(
        "rts_smoother",
        "sign_of_covariance",
        "S_smooth[t + 1] - P",
        "P - S_smooth[t + 1]",
        "The covariance has grown: eq. kalman-smoother adds G (S_smooth - P) Gᵀ, which is negative, since later"
        " observations can only help.",
    ),
    Mutant(
        "rts_smoother",
        "no_motion_in_gain",
        "np.linalg.solve(P, F @ S[t]).T",
        "np.linalg.solve(P, S[t]).T",
        "F is missing in G: the covariance of h_t with h_{t+1} is S Fᵀ (eq. kalman-smoother-gain).",
    ),
    Mutant(
        "rts_smoother",
        "noise_forgotten",
        "F @ S[t] @ F.T + R",
        "F @ S[t] @ F.T",
        "R is missing in the predicted covariance: then the next state would determine this one (eq. kalman-smoother-gain).",
    ),
    # The gate
    Mutant(
        "kalman_gate",
        "as_printed_in_deck_d",
        "np.log(p) - np.log(v)",
        "np.log(p) - np.log(a**2 * p + v)",
        "It is σ(log(a²p/(a²p+v))), as deck D prints: since σ(log z) = z/(1+z), z must be a²p/v (eq. kalman-gate). With"
        " a = p = v = 1 the gate must be ½.",
    ),
    Mutant(
        "kalman_gate",
        "gate_inverted",
        "2 * np.log(np.abs(a)) + np.log(p) - np.log(v)",
        "np.log(v) - 2 * np.log(np.abs(a)) - np.log(p)",
        "The gate is inverted: u is the share of the observation, and it grows with p and falls with v (eq. kalman-gate).",
    ),
    Mutant(
        "kalman_gate",
        "not_squared",
        "2 * np.log(np.abs(a))",
        "np.log(np.abs(a))",
        "a enters as a square: x/a has the variance v/a² (eq. kalman-gate).",
    ),
    Mutant(
        "kalman_gate",
        "no_logarithm",
        "2 * np.log(np.abs(a)) + np.log(p) - np.log(v)",
        "np.minimum(a**2 * p / v, 700.0)",
        "The logarithm is missing: the logistic function is applied to the logarithm of the ratio (eq. kalman-gate).",
    ),
    Mutant(
        "kalman_gate",
        "gain_for_gate",
        '"u": np.exp(-np.logaddexp(0, -logit))',
        '"u": np.exp(-np.logaddexp(0, -logit)) / a',
        "It is the gain k = u/a: the gate weighs x/a, the gain weighs the innovation (eq. kalman-scalar).",
    ),
    # At rest
    Mutant(
        "steady_state_gain",
        "filtered_covariance",
        'return {"P": P,',
        'return {"P": keep @ P,',
        "P is the covariance after the correction: eq. kalman-riccati is about the predicted one.",
    ),
    Mutant(
        "steady_state_gain",
        "stops_early",
        "> 1e-15 *",
        "> 1e-5 *",
        "It stops while P still moves: in a slow case each step changes little, and what is left is many times the last"
        " change.",
    ),
    Mutant(
        "steady_state_gain",
        "no_noise",
        "@ F.T + R  #",
        "@ F.T + 0.5 * R  #",
        "R does not enter in full: in eq. kalman-riccati every prediction adds it once.",
    ),
    Mutant(
        "steady_state_gain",
        "transposed",
        "P = F @ (keep @ P @ keep.T + K @ V @ K.T) @ F.T",
        "P = F.T @ (keep @ P @ keep.T + K @ V @ K.T) @ F",
        "F has changed sides: eq. kalman-riccati has F S Fᵀ. (The equation of optimal control is the transposed one;"
        " scipy.linalg.solve_discrete_are solves that.)",
    ),
    # The GRU
    Mutant(
        "gru_weights_from_kalman",
        "gate_inverted",
        "np.log((1 - u) / u)",
        "np.log(u / (1 - u))",
        "The gate is inverted: in torch's GRU z keeps, so that z = 1 - u (eq. kalman-gru).",
    ),
    Mutant(
        "gru_weights_from_kalman",
        "not_divided",
        "scale * K / u",
        "scale * K",
        "The candidate is not divided by u: it passes the gate 1 - z = u, and K must be left behind it (eq. kalman-gru).",
    ),
    Mutant(
        "gru_weights_from_kalman",
        "scale_twice",
        "W_hh[2 * H :] = (",
        "W_hh[2 * H :] = scale * (",
        "The recurrent weights are scaled too: the state carries the scale already (eq. kalman-gru).",
    ),
    Mutant(
        "gru_weights_from_kalman",
        "keeps_no_less",
        " - (1 - u) * np.eye(H)) / u",
        ") / u",
        "What the gate keeps is counted twice: z h_{t-1} stands in the cell already, and the candidate adds the rest"
        " (eq. kalman-gru).",
    ),
    Mutant(
        "gru_weights_from_kalman",
        "reset_half_open",
        "b_hx[:H] = 40.0",
        "b_hx[:H] = 0.0",
        "The reset gate is half open: the recurrent part of the candidate passes r, which must be 1, or be undone.",
    ),
    Mutant(
        "gru_weights_from_kalman",
        "no_motion",
        "(np.eye(H) - K @ A) @ F",
        "(np.eye(H) - K @ A)",
        "F is missing: the filter predicts before it corrects, (I - KA) F (eq. kalman-rest).",
    ),
]
