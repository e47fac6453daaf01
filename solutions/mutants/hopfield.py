"""Mutants of the unit `hopfield`."""

from solutions.mutants import Mutant

MUTANTS = [
    # Weights
    Mutant(
        "hebbian_weights", "diagonal_kept", "np.fill_diagonal(W, 0)", "pass",
        "The diagonal is kept: eq. hopfield-hebb has W_ii = 0, or every unit votes for what it is.",
    ),
    Mutant(
        "hebbian_weights", "not_divided", "X.T @ X / X.shape[1]", "X.T @ X",
        "The sum is not divided: eq. hopfield-hebb divides by D, the number of units.",
    ),
    Mutant(
        "hebbian_weights", "mean_over_patterns", "X.T @ X / X.shape[1]", "X.T @ X / X.shape[0]",
        "The sum is divided by the number of patterns: eq. hopfield-hebb divides by D, the number of units.",
    ),
    Mutant(
        "hebbian_weights", "gram_matrix", "X.T @ X / X.shape[1]", "X @ X.T / X.shape[1]",
        "It is the Gram matrix of the patterns, P by P: the weights couple units, and are D by D.",
    ),
    Mutant(
        "hebbian_weights", "patterns_centred", "X.T @ X / X.shape[1]",
        "(X - X.mean(axis=0)).T @ (X - X.mean(axis=0)) / X.shape[1]",
        "The mean of the patterns is taken off first: eq. hopfield-hebb is a plain sum of products.",
    ),
    Mutant(
        "hebbian_weights", "sign_opposite", "X.T @ X / X.shape[1]", "-X.T @ X / X.shape[1]",
        "The sign is opposite: units that agree in a pattern are coupled positively, eq. hopfield-hebb.",
    ),
    # Energy
    Mutant(
        "hopfield_energy", "pairs_twice", "-0.5 * np.sum", "-np.sum",
        "Every pair of units counts twice: the sum over i and j needs the factor ½, eq. hopfield-energy.",
    ),
    Mutant(
        "hopfield_energy", "sign_opposite", "-0.5 * np.sum", "0.5 * np.sum",
        "The couplings have the opposite sign: agreement lowers the energy, eq. hopfield-energy.",
    ),
    Mutant(
        "hopfield_energy", "threshold_as_bias", "+ xi @ b", "- xi @ b",
        "b has the opposite sign: it is a threshold, which makes +1 more expensive, eq. hopfield-energy.",
    ),
    Mutant(
        "hopfield_energy", "threshold_halved", "-0.5 * np.sum((xi @ W) * xi, axis=1) + xi @ b",
        "-0.5 * (np.sum((xi @ W) * xi, axis=1) - xi @ b)",
        "The thresholds are halved too: in eq. hopfield-energy only the pairs have the factor ½.",
    ),
    Mutant(
        "hopfield_energy", "no_thresholds", "+ xi @ b", "",
        "The thresholds are missing: eq. hopfield-energy adds b · ξ.",
    ),
    # Recall
    Mutant(
        "hopfield_recall", "old_state_heard", "excess += W[:, i] * change", "pass",
        "All units hear the state at the start: each visit must see what the visits before it left, eq. hopfield-async.",
    ),
    Mutant(
        "hopfield_recall", "zero_means_plus", "if excess[i] * xi[i] < 0:",
        "if (xi[i] < 0 and excess[i] >= 0) or (xi[i] > 0 and excess[i] < 0):",
        "A field that equals the threshold turns the unit to +1: it leaves the unit as it is, eq. hopfield-async.",
    ),
    Mutant(
        "hopfield_recall", "zero_turns", "if excess[i] * xi[i] < 0:", "if excess[i] * xi[i] <= 0:",
        "A field that equals the threshold turns the unit: it leaves the unit as it is, eq. hopfield-async.",
    ),
    Mutant(
        "hopfield_recall", "threshold_as_bias", "excess = W @ xi - b", "excess = W @ xi + b",
        "b is added to the field: it is a threshold, which the field must exceed, eq. hopfield-async.",
    ),
    Mutant(
        "hopfield_recall", "against_the_field", "if excess[i] * xi[i] < 0:", "if excess[i] * xi[i] > 0:",
        "Units turn against their field, and the energy rises: a unit takes the sign of its field, eq. hopfield-async.",
    ),
    Mutant(
        "hopfield_recall", "order_ignored", "for k, i in enumerate(order):",
        "for k, i in enumerate(np.arange(len(order)) % len(xi)):",
        "Units are visited by number: visit them as `order` says.",
    ),
    Mutant(
        "hopfield_recall", "half_a_turn", "E[k + 1] -= change * excess[i]", "E[k + 1] -= 0.5 * change * excess[i]",
        "Only half of each change of energy is counted: a unit that turns changes by 2, eq. hopfield-descent.",
    ),
    Mutant(
        "hopfield_recall", "one_turn_a_visit_late", "W[:, i] * change", "W[:, i] * change / 2",
        "Fields change by half of what they should: a unit that turns changes by 2, not by 1.",
    ),
    # Errors at once
    Mutant(
        "one_step_error_rate", "diagonal_kept", "X @ (X.T @ X) - P * X", "X @ (X.T @ X)",
        "The weights keep their diagonal, which holds every unit where it is: W_ii = 0, eq. hopfield-hebb.",
    ),
    Mutant(
        "one_step_error_rate", "zero_counted", "np.mean(X * field < 0)", "np.mean(X * field <= 0)",
        "Fields of zero are counted as errors: a field of zero turns nobody.",
    ),
    Mutant(
        "one_step_error_rate", "share_that_stays", "np.mean(X * field < 0)", "np.mean(X * field > 0)",
        "It is the share of units that stay: asked is the share that would turn, eq. hopfield-measured.",
    ),
    Mutant(
        "one_step_error_rate", "whole_patterns", "np.mean(X * field < 0)", "np.mean(np.any(X * field < 0, axis=1))",
        "It is the share of patterns with any error: asked is the share of units, eq. hopfield-measured.",
    ),
    Mutant(
        "one_step_error_rate", "both_tails", "0.5 * math.erfc", "math.erfc",
        "The noise errs on one side only: eq. hopfield-erfc has the factor ½.",
    ),
    Mutant(
        "one_step_error_rate", "load_inverted", "math.sqrt(2 * P / D)", "math.sqrt(2 * D / P)",
        "The load is inverted: α = P/D, patterns per unit, eq. hopfield-erfc.",
    ),
    Mutant(
        "one_step_error_rate", "no_root_of_two", "math.sqrt(2 * P / D)", "math.sqrt(P / D)",
        "The 2 under the root is missing: erfc counts in units of √2 standard deviations, eq. hopfield-erfc.",
    ),
    # Modern energy
    Mutant(
        "modern_hopfield_energy", "no_half", "+ 0.5 * np.sum(xi**2, axis=1)", "+ np.sum(xi**2, axis=1)",
        "The quadratic term lacks its ½: with ξ·ξ the update of eq. hopfield-modern-update no longer descends.",
    ),
    Mutant(
        "modern_hopfield_energy", "no_quadratic_term", "+ 0.5 * np.sum(xi**2, axis=1)", "",
        "The quadratic term is missing: eq. hopfield-modern-energy adds ½ ξ·ξ, without which the energy has no minimum.",
    ),
    Mutant(
        "modern_hopfield_energy", "lse_not_divided", "-log_sum / beta", "-log_sum",
        "The logarithm is not divided by β, eq. hopfield-modern-energy.",
    ),
    Mutant(
        "modern_hopfield_energy", "beta_outside", "score = beta * xi @ X.T", "score = xi @ X.T",
        "The scores lack β: it stands in the exponent as well as in front, eq. hopfield-modern-energy.",
    ),
    Mutant(
        "modern_hopfield_energy", "constants_missing", "constant = np.log(len(X)) / beta + 0.5 * M**2", "constant = 0.0",
        "The two constants are missing: (log P)/β and ½ M², eq. hopfield-modern-energy.",
    ),
    Mutant(
        "modern_hopfield_energy", "overflows",
        "log_sum = largest + np.log(np.sum(np.exp(score - largest[:, None]), axis=1))",
        "with np.errstate(all=\"ignore\"):\n        log_sum = np.log(np.sum(np.exp(score), axis=1))",
        "The exponentials overflow when it is cold: subtract the largest score before, and add it after the logarithm.",
    ),
    Mutant(
        "modern_hopfield_energy", "mean_length", "np.linalg.norm(X, axis=1).max()", "np.linalg.norm(X, axis=1).mean()",
        "M is the mean length of the patterns: it is the largest, eq. hopfield-modern-energy.",
    ),
    # Modern update
    Mutant(
        "modern_hopfield_update", "beta_ignored", "score = beta * xi @ X.T", "score = xi @ X.T",
        "β has no effect: it multiplies the scores, eq. hopfield-modern-update.",
    ),
    Mutant(
        "modern_hopfield_update", "softmax_over_states", "p /= p.sum(axis=1, keepdims=True)",
        "with np.errstate(all=\"ignore\"):\n        p /= p.sum(axis=0)",
        "The weights are normalised over the states: for each state they sum to one over the patterns.",
    ),
    Mutant(
        "modern_hopfield_update", "scaled_by_root_d", "score = beta * xi @ X.T",
        "score = beta * xi @ X.T / np.sqrt(xi.shape[1])",
        "The scores are divided by √D: attention does so, here β alone scales them, eq. hopfield-modern-update.",
    ),
    Mutant(
        "modern_hopfield_update", "overflows",
        "p = np.exp(score - score.max(axis=1, keepdims=True))\n    p /= p.sum(axis=1, keepdims=True)",
        "with np.errstate(all=\"ignore\"):\n        p = np.exp(score)\n        p /= p.sum(axis=1, keepdims=True)",
        "The exponentials overflow when it is cold: subtract the largest score of each state first.",
    ),
    Mutant(
        "modern_hopfield_update", "winner_takes_all", "p = np.exp(score - score.max(axis=1, keepdims=True))",
        "p = (score == score.max(axis=1, keepdims=True)).astype(float)",
        "Only the best pattern counts: that is the limit of a cold network, eq. hopfield-modern-update is a mean.",
    ),
    Mutant(
        "modern_hopfield_update", "old_state_added", "return p @ X", "return xi + p @ X",
        "The old state is added: the new state is the weighted mean alone, eq. hopfield-modern-update.",
    ),
    # Attention
    Mutant(
        "hopfield_as_attention", "scale_forgotten", "scale = beta * np.sqrt(len(W_Q))", "scale = beta",
        "The attention divides by √d and the layer does not: Q or K must make up for it, eq. hopfield-attention.",
    ),
    Mutant(
        "hopfield_as_attention", "beta_forgotten", "scale = beta * np.sqrt(len(W_Q))", "scale = np.sqrt(len(W_Q))",
        "β is lost: Q or K must carry it, eq. hopfield-attention.",
    ),
    Mutant(
        "hopfield_as_attention", "scale_inverted", "scale = beta * np.sqrt(len(W_Q))", "scale = beta / np.sqrt(len(W_Q))",
        "√d is divided by twice: the attention does so already, Q or K must undo it, eq. hopfield-attention.",
    ),
    Mutant(
        "hopfield_as_attention", "scaled_by_patterns", "scale = beta * np.sqrt(len(W_Q))", "scale = beta * np.sqrt(len(Y))",
        "√P in place of √d: d is the length of a query, eq. hopfield-attention.",
    ),
    Mutant(
        "hopfield_as_attention", "beta_one", "modern_hopfield_update(xi, X, beta)", "modern_hopfield_update(xi, X, 1.0)",
        "The layer's own update lacks β, eq. hopfield-layer.",
    ),
    Mutant(
        "hopfield_as_attention", "twice_scaled", "modern_hopfield_update(xi, X, beta) @",
        "modern_hopfield_update(xi, X, beta / np.sqrt(len(W_Q))) @",
        "The layer divides by √d: only the library's attention does, the layer has β alone, eq. hopfield-layer.",
    ),
]  # fmt: skip
