"""Mutants of the unit `gradients`."""

from solutions.mutants import Mutant

MUTANTS = [
    # Spectral radius
    Mutant(
        "spectral_radius", "largest_singular_value", "float(np.max(np.abs(np.linalg.eigvals(W))))",
        "float(np.linalg.norm(W, 2))",
        "It is the largest singular value: eq. gradients-radius asks for eigenvalues. For a matrix that is not normal the"
        " two differ, and that difference is what this chapter is about.",
    ),
    Mutant(
        "spectral_radius", "no_modulus", "np.max(np.abs(np.linalg.eigvals(W)))", "np.max(np.linalg.eigvals(W).real)",
        "It is the largest real part: the spectral radius takes the modulus, so a negative or complex eigenvalue counts"
        " by its distance from 0.",
    ),
    Mutant(
        "spectral_radius", "symmetric_part", "np.linalg.eigvals(W)", "np.linalg.eigvalsh((W + W.T) / 2)",
        "These are eigenvalues of the symmetric part of W: a routine for symmetric matrices does not see the rest.",
    ),
    # Products of Jacobians
    Mutant(
        "jacobian_norms", "no_slope", "slope = 1 - h[last - k + 1] ** 2", "slope = np.ones_like(h[0])",
        "The slopes of tanh are missing: in eq. gradients-product each factor is diag(1 - h²) W_hh.",
    ),
    Mutant(
        "jacobian_norms", "slope_before", "h[last - k + 1]", "h[last - k]",
        "The slope is taken one step too early: the Jacobian from h_{t-1} to h_t has the slope at h_t,"
        " eq. gradients-product.",
    ),
    Mutant(
        "jacobian_norms", "slope_on_columns", "slope[:, :, None] * W_hh", "slope[:, None, :] * W_hh",
        "The slopes multiply the columns of W_hh: in diag(1 - h²) W_hh they multiply its rows.",
    ),
    Mutant(
        "jacobian_norms", "order_reversed", "product @ (slope[:, :, None] * W_hh)",
        "(slope[:, :, None] * W_hh) @ product",
        "The factors stand in the wrong order: in eq. gradients-product the Jacobian of the last step is on the left.",
    ),
    Mutant(
        "jacobian_norms", "frobenius", "np.linalg.norm(product, ord=2, axis=(1, 2))",
        "np.linalg.norm(product, axis=(1, 2))",
        "It is the Frobenius norm, the root of the sum of all squared entries: eq. gradients-norm asks for the largest"
        " singular value.",
    ),
    Mutant(
        "jacobian_norms", "eigenvalue", "np.linalg.norm(product, ord=2, axis=(1, 2))",
        "np.max(np.abs(np.linalg.eigvals(product)), axis=1)",
        "It is the spectral radius of the product: eq. gradients-norm asks for its largest singular value.",
    ),
    Mutant(
        "jacobian_norms", "product_of_norms",
        "product = product @ (slope[:, :, None] * W_hh)  # eq. gradients-product: earlier factors stand to the right\n",
        "norms[k] = norms[k - 1] * np.linalg.norm(slope[:, :, None] * W_hh, ord=2, axis=(1, 2))\n"
        "        continue\n",
        "It is the product of the norms: that bounds the norm of the product from above, eq. gradients-vanish, but is"
        " seldom equal to it.",
    ),
    # The linear network
    Mutant(
        "linear_rnn_state", "one_power_too_many", "after(T - 1 - t, x[t] @ W_hx.T)", "after(T - t, x[t] @ W_hx.T)",
        "The power of each input's term is one too high: the last input has not met W_hh at all, eq. gradients-linear.",
    ),
    Mutant(
        "linear_rnn_state", "start_one_power_short", "from_start = after(T, h0)", "from_start = after(T - 1, h0)",
        "The initial state passes W_hh at every one of the T steps, eq. gradients-linear.",
    ),
    Mutant(
        "linear_rnn_state", "transposed_recurrence", "np.linalg.matrix_power(W_hh, steps).T",
        "np.linalg.matrix_power(W_hh, steps)",
        "The power of W_hh is transposed: for rows, W_hhᵏ h becomes h @ (W_hhᵏ).T.",
    ),
    Mutant(
        "linear_rnn_state", "start_forgotten", "from_start + from_inputs.sum(axis=0)", "from_inputs.sum(axis=0)",
        "The initial state is missing from the sum: h_0 acts as well, through the T-th power, eq. gradients-linear.",
    ),
    Mutant(
        "linear_rnn_state", "transposed_eigenvectors", "states @ np.linalg.matrix_power(W_hh, steps).T",
        "states @ ((Q := np.linalg.eig(W_hh)) and ((Q[1] * Q[0] ** steps) @ Q[1].T).real).T",
        "It is what Q Λᵏ Qᵀ gives: only for symmetric matrices is the transpose of the eigenvectors their inverse.",
    ),
    # Clipping
    Mutant(
        "clip_by_norm", "each_on_its_own",
        "return {name: factor * g for name, g in gradients.items()}",
        "return {name: g * min(1.0, max_norm / max(np.linalg.norm(g), 1e-300)) for name, g in gradients.items()}",
        "Each array is clipped by its own norm: eq. gradients-clip-norm has one norm, of all gradients together,"
        " so that the direction stays.",
    ),
    Mutant(
        "clip_by_norm", "always_scaled", "if norm > max_norm else 1.0", "if norm > 0 else 1.0",
        "Short gradients are stretched to max_norm: eq. gradients-clip-norm leaves them as they are.",
    ),
    Mutant(
        "clip_by_norm", "squared_norm", "np.sqrt(sum(np.sum(g**2) for g in gradients.values()))",
        "sum(np.sum(g**2) for g in gradients.values())",
        "It is the squared norm: a root is missing.",
    ),
    Mutant(
        "clip_by_norm", "sum_of_norms", "np.sqrt(sum(np.sum(g**2) for g in gradients.values()))",
        "sum(np.sqrt(np.sum(g**2)) for g in gradients.values())",
        "It is the sum of the arrays' norms: the norm of one long vector is the root of the sum of all squares.",
    ),
    Mutant(
        "clip_by_norm", "in_place", "return {name: factor * g for name, g in gradients.items()}",
        "for g in gradients.values():\n        g *= factor\n    return gradients",
        "The caller's gradients are scaled in place: return new arrays.",
    ),
    Mutant(
        "clip_by_value", "one_sided", "np.clip(g, -limit, limit)", "np.minimum(g, limit)",
        "Only large positive entries are cut: eq. gradients-clip-value limits both sides.",
    ),
    Mutant(
        "clip_by_value", "sign_lost", "np.clip(g, -limit, limit)", "np.minimum(np.abs(g), limit)",
        "The signs are lost: eq. gradients-clip-value limits the size of an entry and keeps its sign.",
    ),
    Mutant(
        "clip_by_value", "rescaled", "np.clip(g, -limit, limit)", "g * min(1.0, limit / np.max(np.abs(g)))",
        "Each array is scaled as a whole: eq. gradients-clip-value treats every entry on its own.",
    ),
    Mutant(
        "clip_by_value", "large_to_zero", "np.clip(g, -limit, limit)", "np.where(np.abs(g) <= limit, g, 0.0)",
        "Large entries are set to zero: eq. gradients-clip-value sets them to the limit.",
    ),
    # Orthogonal matrices
    Mutant(
        "orthogonal_init", "signs_of_qr", "gain * Q * np.sign(np.diag(R))", "gain * Q",
        "It is the raw Q of a QR decomposition: the algorithm fixes its signs, so some directions never come up. The"
        " signs of the diagonal of R undo that, eq. gradients-orthogonal.",
    ),
    Mutant(
        "orthogonal_init", "gain_forgotten", "gain * Q * np.sign(np.diag(R))", "Q * np.sign(np.diag(R))",
        "The gain is missing: every singular value shall be the gain, eq. gradients-orthogonal.",
    ),
    Mutant(
        "orthogonal_init", "gaussian", "gain * Q * np.sign(np.diag(R))",
        "gain / np.sqrt(H) * rng.normal(size=(H, H))",
        "It is a Gaussian matrix: its columns have about the right length, but they are not orthogonal.",
    ),
    Mutant(
        "orthogonal_init", "identity", "gain * Q * np.sign(np.diag(R))", "gain * np.eye(H)",
        "It is a multiple of the identity: orthogonal, and a start that some recommend, but not a random matrix.",
    ),
    Mutant(
        "orthogonal_init", "other_randomness", "np.linalg.qr(rng.normal(size=(H, H)))",
        "np.linalg.qr(np.random.default_rng(3).normal(size=(H, H)))",
        "The generator rng is not used: the same matrix comes out at every call.",
    ),
    # Claims
    Mutant(
        "break_vanishing", "slopes_one", "slopes[1] = 0.1", "slopes[1] = 1.0",
        "With all slopes at 1 the Jacobian is W itself, and its powers do vanish: it takes slopes that differ, so that"
        " D W has other eigenvalues than W.",
    ),
    Mutant(
        "break_vanishing", "radius_ignored", "[[3.0, 3.0], [-3.0, -3.0]]", "[[3.0, 3.0], [3.0, 3.0]]",
        "The spectral radius of W is itself above 1: the premise asks for a small one.",
    ),
    Mutant(
        "break_vanishing", "negative_slope", "slopes[1] = 0.1", "slopes[1] = -0.5",
        "One slope is negative: tanh never has one, so no network is held there.",
    ),
    Mutant(
        "break_vanishing", "only_a_transient", "[[3.0, 3.0], [-3.0, -3.0]]", "[[radius, 100.0], [0.0, radius]]",
        "The norm grows at first and vanishes afterwards: a transient does not refute a claim about large k.",
    ),
    Mutant(
        "break_exploding", "slopes_too_small", "slopes[1] = gamma", "slopes[1] = gamma / 2",
        "A slope is below γ: the premise asks for γ or more.",
    ),
    Mutant(
        "break_exploding", "slopes_one", 'return {"W": product / slopes[:, None], "slopes": slopes}',
        'return {"W": product / slopes[:, None], "slopes": np.ones(H)}',
        "With all slopes at 1 the Jacobian is W itself, whose powers do explode: it takes slopes that differ.",
    ),
    Mutant(
        "break_exploding", "radius_too_small", "a = 1.1 / (1 - gamma)", "a = 0.5 / (1 - gamma)",
        "The spectral radius of W does not reach 1/γ: the premise asks for more than that.",
    ),
    Mutant(
        "break_exploding", "multiplied_by_slopes", "product / slopes[:, None]", "product * slopes[:, None]",
        "W is the product with the slopes, D N: for D W to be the matrix N whose square is zero, they must be divided"
        " out.",
    ),
    Mutant(
        "break_forward", "eigenvector", "h0[1] = 1.0", "h0[0] = 1.0",
        "The start is an eigenvector of W: along it the state shrinks at once. Growth comes from directions that are"
        " not eigenvectors.",
    ),
    Mutant(
        "break_forward", "first_step_only", "growth / (steps * radius ** (steps - 1))", "growth",
        "It grows enough at the first step only: eq. gradients-jordan says what is left of it after more steps.",
    ),
    Mutant(
        "break_forward", "radius_above_one", "W = radius * np.eye(H)", "W = growth ** (1 / steps) * np.eye(H)",
        "The spectral radius of W is above 1: the premise asks for a contraction in the end.",
    ),
]  # fmt: skip
