"""Mutants of the unit `attention`."""

from solutions.mutants import Mutant

MUTANTS = [
    # Softmax
    Mutant(
        "masked_softmax", "mask_ignored", "np.where(mask > 0, scores, -np.inf)",
        "np.where(np.isfinite(scores), scores, 0.0)",
        "The mask has no effect: eq. attention-softmax sums over what may be seen only.",
    ),
    Mutant(
        "masked_softmax", "score_zero", "np.where(mask > 0, scores, -np.inf)", "np.where(mask > 0, scores, 0.0)",
        "The score is set to 0 where nothing may be seen: e^0 is 1, a weight like any other. The weight must be 0.",
    ),
    Mutant(
        "masked_softmax", "zeroed_afterwards", "total = weight.sum(axis=-1, keepdims=True)",
        "total = np.exp(np.clip(np.where(np.isfinite(scores), scores, 0.0) - top, -700, 700)).sum(axis=-1, keepdims=True)",
        "The weights are zeroed after the softmax: what is left does not sum to 1, eq. attention-softmax sums over what may"
        " be seen only.",
    ),
    Mutant(
        "masked_softmax", "overflows", "    weight = np.exp(visible - top)",
        "    weight = np.exp(np.minimum(visible, 700.0))",
        "Large scores are cut off before exp, which changes their ratios: take the largest score out instead.",
    ),
    Mutant(
        "masked_softmax", "first_axis", "weight.sum(axis=-1, keepdims=True)", "weight.sum(axis=0, keepdims=True)",
        "The weights sum to one along the first axis: eq. attention-softmax normalises over the keys, the last axis.",
    ),
    Mutant(
        "masked_softmax", "nan_where_nothing_is_seen", "np.where(total > 0, total, 1.0)",
        "np.where(total > 0, total, np.nan)",
        "Where nothing may be seen the weights are nan, 0/0: there they are all 0.",
    ),
    # Pooling
    Mutant(
        "attention_pool", "over_the_batch", "masked_softmax(scores.T, mask.T).T", "masked_softmax(scores, mask)",
        "The weights sum to one over the batch: in eq. attention-pool they do over the steps of each sequence.",
    ),
    Mutant(
        "attention_pool", "plain_mean", "masked_softmax(scores.T, mask.T).T", "mask / mask.sum(axis=0)",
        "It is the mean over the real steps: the weights of eq. attention-pool follow the scores.",
    ),
    Mutant(
        "attention_pool", "first_step_left_out", "np.einsum(\"tb,tbd->bd\", alpha, real)",
        "np.einsum(\"tb,tbd->bd\", alpha[1:], real[1:])",
        "The sum starts at the second step, as on deck C's slide: the weights of the others do not sum to 1.",
    ),
    Mutant(
        "attention_pool", "mask_ignored", "masked_softmax(scores.T, mask.T).T",
        "masked_softmax(np.nan_to_num(scores).T, np.ones_like(mask).T).T",
        "The padded steps get weight: eq. attention-softmax sums over the real ones only.",
    ),
    Mutant(
        "attention_pool", "divided_by_length", "np.einsum(\"tb,tbd->bd\", alpha, real)}",
        "np.einsum(\"tb,tbd->bd\", alpha, real) / mask.sum(axis=0)[:, None]}",
        "The weighted sum is divided by the number of steps: the weights sum to 1 already, eq. attention-pool.",
    ),
    # Additive
    Mutant(
        "additive_attention", "no_tanh", "np.tanh(asked[:, :, None] + offered.transpose(1, 0, 2)) @ u",
        "(asked[:, :, None] + offered.transpose(1, 0, 2)) @ u",
        "Without tanh the query adds the same number to all scores, and the softmax does not notice it:"
        " eq. attention-additive has a hidden layer.",
    ),
    Mutant(
        "additive_attention", "mask_ignored", "np.broadcast_to(mask.T, scores.shape)", "np.ones_like(scores)",
        "Padded states are looked at: the mask is missing.",
    ),
    Mutant(
        "additive_attention", "over_the_queries", "masked_softmax(scores, np.broadcast_to(mask.T, scores.shape))",
        "masked_softmax(scores.transpose(1, 2, 0), np.broadcast_to(mask.T[:, :, None], (scores.shape[1], "
        "scores.shape[2], scores.shape[0]))).transpose(2, 0, 1)",
        "The weights sum to one over the steps that ask: they do over the states that are looked at.",
    ),
    Mutant(
        "additive_attention", "scaled", "offered.transpose(1, 0, 2)) @ u",
        "offered.transpose(1, 0, 2)) @ u / np.sqrt(len(u))",
        "The scores are divided by a square root: that belongs to dot products, eq. attention-additive has none.",
    ),
    Mutant(
        "additive_attention", "mean_of_what_is_scored", "np.einsum(\"tbj,jbd->tbd\", alpha, h)}",
        "np.einsum(\"tbj,jbd->tbd\", alpha ** 2, h)}",
        "The sum takes the weights twice: eq. attention-sum multiplies each state by its weight once.",
    ),
    Mutant(
        "additive_attention", "previous_query", "asked[:, :, None] +", "np.roll(asked, 1, axis=0)[:, :, None] +",
        "Step t looks with the state of another step: in eq. attention-additive it is s_t.",
    ),
    # Masks
    Mutant(
        "attention_mask", "future_instead_of_past", "np.tril(", "np.triu(",
        "Each step sees itself and the future: eq. attention-mask allows j ≤ t.",
    ),
    Mutant(
        "attention_mask", "not_itself", "np.tril(np.ones((T, T)))", "np.tril(np.ones((T, T)), -1)",
        "A step may not look at itself: eq. attention-mask allows j ≤ t, so that the first step sees something.",
    ),
    Mutant(
        "attention_mask", "padding_ignored", "* real.T", "* np.ones_like(real.T)",
        "Padding may be looked at: eq. attention-mask wants a real step.",
    ),
    Mutant(
        "attention_mask", "padded_queries", "order[:, None, :] * real.T", "order[:, None, :] * real[:, :, None]",
        "It is the padded steps that see nothing, instead of being seen by nobody: the mask of padding belongs to the last"
        " axis.",
    ),
    Mutant(
        "attention_mask", "one_means_hidden", "return order[:, None, :] * real.T", "return 1 - order[:, None, :] * real.T",
        "Ones and zeros are exchanged, as in some of torch's modules: here 1 means visible.",
    ),
    # Scaled dot products
    Mutant(
        "scaled_dot_product_attention", "not_scaled", "/ np.sqrt(q.shape[2])", "",
        "The scores are not divided by √D, eq. attention-scaled.",
    ),
    Mutant(
        "scaled_dot_product_attention", "divided_by_D", "/ np.sqrt(q.shape[2])", "/ q.shape[2]",
        "The scores are divided by D: eq. attention-scaled divides by its square root.",
    ),
    Mutant(
        "scaled_dot_product_attention", "root_of_the_number_of_keys", "np.sqrt(q.shape[2])", "np.sqrt(len(k))",
        "The scores are divided by the root of the number of keys: D in eq. attention-scaled is the length of a key.",
    ),
    Mutant(
        "scaled_dot_product_attention", "mask_ignored", "masked_softmax(scores, mask)",
        "masked_softmax(scores, np.ones_like(mask))",
        "The mask has no effect on the weights.",
    ),
    Mutant(
        "scaled_dot_product_attention", "masked_afterwards", "masked_softmax(scores, mask)",
        "masked_softmax(scores, np.ones_like(mask)) * mask",
        "The mask is applied after the softmax: what is left no longer sums to 1, and the hidden keys still count below the"
        " fraction.",
    ),
    Mutant(
        "scaled_dot_product_attention", "over_the_queries", "masked_softmax(scores, mask)",
        "masked_softmax(scores.transpose(2, 1, 0), mask.transpose(2, 1, 0)).transpose(2, 1, 0)",
        "The weights sum to one over the queries: in eq. attention-softmax they do over the keys.",
    ),
    # Gradient
    Mutant(
        "scaled_dot_product_attention_backward", "no_mean", "(dalpha - mean)", "dalpha",
        "The mean is not subtracted: raising one score lowers all other weights, eq. attention-dscore.",
    ),
    Mutant(
        "scaled_dot_product_attention_backward", "mean_without_weights", "np.sum(alpha * dalpha, axis=2, keepdims=True)",
        "np.sum(dalpha, axis=2, keepdims=True)",
        "The weights are missing in the mean that is subtracted: in eq. attention-dscore it is Σ α dα.",
    ),
    Mutant(
        "scaled_dot_product_attention_backward", "not_scaled", "(dalpha - mean) / np.sqrt(q.shape[2])", "(dalpha - mean)",
        "The division by √D is forgotten on the way back, eq. attention-dscore.",
    ),
    Mutant(
        "scaled_dot_product_attention_backward", "logistic_derivative", "alpha * (dalpha - mean)",
        "alpha * (1 - alpha) * dalpha",
        "It is the derivative of a logistic function: α(1 - α) is only the diagonal of the softmax's derivative,"
        " eq. attention-dscore.",
    ),
    Mutant(
        "scaled_dot_product_attention_backward", "scores_for_weights", "dv = np.einsum(\"tbj,tbh->jbh\", alpha, da)",
        "dv = np.einsum(\"tbj,tbh->jbh\", mask / np.maximum(mask.sum(axis=2, keepdims=True), 1), da)",
        "The values' gradient is spread evenly: in eq. attention-dv each query sends back what it took, by its weights.",
    ),
    Mutant(
        "scaled_dot_product_attention_backward", "mask_ignored",
        "alpha = scaled_dot_product_attention(q, k, v, mask)[\"alpha\"]",
        "alpha = scaled_dot_product_attention(q, k, v, np.ones_like(mask))[\"alpha\"]",
        "The mask is ignored on the way back: what was not seen has no gradient.",
    ),
    Mutant(
        "scaled_dot_product_attention_backward", "keys_and_queries_swapped",
        "dk = np.einsum(\"tbj,tbd->jbd\", dscores, q)",
        "dk = np.einsum(\"tbj,tbd->jbd\", dscores, np.einsum(\"tbj,jbd->tbd\", dscores, k))",
        "The gradient of the keys is built from that of the queries: eq. attention-dk sums the queries themselves.",
    ),
    # Heads
    Mutant(
        "multi_head_attention", "scaled_by_the_whole_width", "scaled_dot_product_attention(q, k, v,",
        "scaled_dot_product_attention(q / np.sqrt(heads), k, v,",
        "The scores are divided by √D: a head has D / heads numbers, and their root is the one to divide by.",
    ),
    Mutant(
        "multi_head_attention", "heads_interleaved", "z.reshape(len(z), B * heads, D // heads) for z in (q, k, v)",
        "z.reshape(len(z), B, D // heads, heads).transpose(0, 1, 3, 2).reshape(len(z), B * heads, D // heads)"
        " for z in (q, k, v)",
        "The heads take every N-th entry: a head's part is a block of neighbours, the first block that of the first head.",
    ),
    Mutant(
        "multi_head_attention", "values_from_x", "zip((x, y, y),", "zip((x, y, x if len(x) == len(y) else 0 * y),",
        "The values do not come from y: keys and values belong together, eq. attention-qkv.",
    ),
    Mutant(
        "multi_head_attention", "keys_and_values_swapped", "q, k, v = (z.reshape", "q, v, k = (z.reshape",
        "Keys and values are exchanged: the rows of W_qkv make queries, keys, values, in this order.",
    ),
    Mutant(
        "multi_head_attention", "mask_tiled", "np.repeat(mask, heads, axis=1)", "np.tile(mask, (1, heads, 1))",
        "The heads get the masks of other sequences of the batch: all heads of a sequence share its mask.",
    ),
    Mutant(
        "multi_head_attention", "not_mixed", "@ W_o.T + b_o", "@ np.eye(D) + b_o",
        "The heads' outputs stand side by side and are not mixed: W_o is missing, eq. attention-heads.",
    ),
    Mutant(
        "multi_head_attention", "transposed_output", "@ W_o.T + b_o", "@ W_o + b_o",
        "W_o is transposed: for rows eq. attention-heads reads a @ W_o.T.",
    ),
    # Positions
    Mutant(
        "sinusoidal_positions", "side_by_side", "np.stack([np.sin(angle), np.cos(angle)], axis=2).reshape(T, D)",
        "np.concatenate([np.sin(angle), np.cos(angle)], axis=1)",
        "All sines come first, then all cosines: in eq. attention-positions they alternate.",
    ),
    Mutant(
        "sinusoidal_positions", "cosine_first", "[np.sin(angle), np.cos(angle)]", "[np.cos(angle), np.sin(angle)]",
        "The cosine comes first: in eq. attention-positions the even entries are sines.",
    ),
    Mutant(
        "sinusoidal_positions", "counts_from_one", "np.arange(T)[:, None]", "np.arange(1, T + 1)[:, None]",
        "The places count from 1: the first one is p = 0.",
    ),
    Mutant(
        "sinusoidal_positions", "frequencies_too_close", "-np.arange(0, D, 2) / D", "-np.arange(D // 2) / D",
        "The frequencies fall half as fast as they should: the exponent of pair i is 2i/D, eq. attention-positions.",
    ),
    Mutant(
        "sinusoidal_positions", "a_frequency_for_each_entry", "np.stack([np.sin(angle), np.cos(angle)], axis=2).reshape(T, D)",
        "np.where(np.arange(D) % 2, np.cos(np.arange(T)[:, None] * 10_000.0 ** (-np.arange(D) / D)), "
        "np.sin(np.arange(T)[:, None] * 10_000.0 ** (-np.arange(D) / D)))",
        "Sine and cosine of a pair have different frequencies: they share one, eq. attention-positions.",
    ),
    # Block
    Mutant(
        "transformer_block", "places_swapped", 'norm == "after"', 'norm != "after"',
        "The two places of the normalisation are swapped: \"after\" normalises the sums, eq. attention-post.",
    ),
    Mutant(
        "transformer_block", "no_path_around", "normal(x + attend(x), 1)", "normal(attend(x), 1)",
        "The path around attention is missing: eq. attention-post adds x.",
    ),
    Mutant(
        "transformer_block", "sample_variance", "np.mean(centred**2, axis=-1, keepdims=True)",
        "np.sum(centred**2, axis=-1, keepdims=True) / (z.shape[-1] - 1)",
        "The variance is divided by D - 1: eq. attention-norm divides by D.",
    ),
    Mutant(
        "transformer_block", "normalised_over_time", "centred = z - z.mean(axis=-1, keepdims=True)",
        "centred = z - z.mean(axis=0, keepdims=True)",
        "The mean is taken over the steps: eq. attention-norm normalises each step's own D numbers.",
    ),
    Mutant(
        "transformer_block", "normalised_sum_is_passed_on", "x + attend(normal(x, 1))", "normal(x, 1) + attend(normal(x, 1))",
        "With \"before\" the path around is normalised too: in eq. attention-pre x itself is added.",
    ),
    Mutant(
        "transformer_block", "no_rectifier", "np.maximum(0.0, z @ block[\"W_1\"].T + block[\"b_1\"])",
        "(z @ block[\"W_1\"].T + block[\"b_1\"])",
        "Between the two layers nothing bends: eq. attention-feedforward has max(0, ·), without which both are one matrix.",
    ),
    Mutant(
        "transformer_block", "mask_ignored", "multi_head_attention(z, z, mask,", "multi_head_attention(z, z, np.ones_like(mask),",
        "The mask has no effect: hand it on to the attention.",
    ),
    # Random features
    Mutant(
        "performer_attention", "not_scaled", "z * z.shape[2] ** -0.25", "z * 1.0",
        "The inputs are not divided by the fourth root of D: the product of two features must give q·k/√D,"
        " eq. attention-features.",
    ),
    Mutant(
        "performer_attention", "scaled_twice", "** -0.25", "** -0.5",
        "Queries and keys are each divided by √D: together that divides the score by D. Each takes the fourth root.",
    ),
    Mutant(
        "performer_attention", "norm_of_the_key_forgotten", " - 0.5 * np.sum(k**2, axis=2, keepdims=True)", "",
        "The factor exp(-|k|²/2) is missing: it differs from key to key, and does not cancel, eq. attention-features.",
    ),
    Mutant(
        "performer_attention", "norm_without_half", "- 0.5 * np.sum(k**2", "- 1.0 * np.sum(k**2",
        "The square of the key's length is not halved, eq. attention-features.",
    ),
    Mutant(
        "performer_attention", "not_normalised", "/ total[:, :, None]", "/ len(k)",
        "The sum is divided by the number of keys: eq. attention-performer divides by the sum of the weights.",
    ),
    Mutant(
        "performer_attention", "underflows", "np.exp(log_k - log_k.max(axis=(0, 2), keepdims=True))",
        "np.maximum(np.exp(log_k), 1e-300)",
        "The features of large keys all round to the same tiny number: take a common factor out before exp.",
    ),
    Mutant(
        "performer_attention", "a_factor_for_each_key", "log_k.max(axis=(0, 2), keepdims=True)",
        "log_k.max(axis=2, keepdims=True)",
        "Each key's features are divided by a factor of its own: that changes the weights. One factor for all keys cancels.",
    ),
]  # fmt: skip
