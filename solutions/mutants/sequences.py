"""Mutants of the unit `sequences`."""

from solutions.mutants import Mutant

MUTANTS = [
    # Codes
    Mutant(
        "one_hot", "counts_from_one", "np.arange(V)", "np.arange(1, V + 1)",
        "The 1 stands one place too early: ids count from 0, eq. sequences-onehot.",
    ),
    Mutant(
        "one_hot", "thermometer", "==", ">=",
        "All entries up to the id are 1: in eq. sequences-onehot a code has a single 1.",
    ),
    Mutant(
        "one_hot", "one_cold", "==", "!=",
        "Zeros and ones are exchanged: in eq. sequences-onehot a code has a single 1.",
    ),
    # Padding
    Mutant(
        "pad_and_mask", "padding_in_front",
        "x[: len(sequence), b] = sequence\n        mask[: len(sequence), b] = 1",
        "x[T - len(sequence) :, b] = sequence\n        mask[T - len(sequence) :, b] = 1",
        "The padding stands in front: in eq. sequences-mask the real steps come first, so that step t stays step t.",
    ),
    Mutant(
        "pad_and_mask", "mask_from_data", "mask[: len(sequence), b] = 1",
        "mask[: len(sequence), b] = np.any(sequence != 0, axis=1)",
        "A real step that happens to be zero is masked out: the mask of eq. sequences-mask follows from the lengths,"
        " not from the data.",
    ),
    Mutant(
        "pad_and_mask", "mask_of_padding", "np.zeros((T, B, D)), np.zeros((T, B))", "np.zeros((T, B, D)), np.ones((T, B))",
        "The mask is 1 at the padding as well: eq. sequences-mask has 0 there.",
    ),
    Mutant(
        "pad_and_mask", "batch_first", 'return {"x": x, "mask": mask}',
        'return {"x": x.swapaxes(0, 1), "mask": mask.T}',
        "The batch comes first: in this book time is the first axis, (T, B, D).",
    ),
    # Windows
    Mutant(
        "windows", "last_window_lost", "len(x) - k + 1", "max(1, len(x) - k)",
        "The last window is missing: it starts at step T - k, and eq. sequences-windows includes it.",
    ),
    Mutant(
        "windows", "stride_ignored", "len(x) - k + 1, stride)", "len(x) - k + 1)",
        "Every step starts a window: eq. sequences-windows starts one at every stride-th step.",
    ),
    Mutant(
        "windows", "stride_inside", "x[start : start + k] for start in starts",
        "x[np.minimum(start + stride * np.arange(k), len(x) - 1)] for start in starts",
        "The stride also spreads the steps inside a window: in eq. sequences-windows these are neighbours.",
    ),
    Mutant(
        "windows", "backwards", "x[start : start + k] for", "x[start : start + k][::-1] for",
        "Inside a window time runs backwards: entry j of eq. sequences-windows is step n · stride + j.",
    ),
    # Word vectors
    Mutant(
        "cbow_loss_and_grad", "padding_counts", "mask / mask.sum(axis=1, keepdims=True)",
        "np.ones_like(mask) / mask.shape[1]",
        "Padded neighbours count as words: the mean of eq. sequences-cbow-mean is over the real ones.",
    ),
    Mutant(
        "cbow_loss_and_grad", "sum_of_vectors", "share = mask / mask.sum(axis=1, keepdims=True)", "share = mask",
        "It is what the sum of the neighbours' vectors gives: eq. sequences-cbow-mean has their mean.",
    ),
    Mutant(
        "cbow_loss_and_grad", "mean_over_examples", "loss = -log_p[examples, target].sum()",
        "loss = -log_p[examples, target].mean()",
        "The loss is a mean over the examples: eq. sequences-cbow-loss sums them.",
    ),
    Mutant(
        "cbow_loss_and_grad", "repeats_overwrite", "np.add.at(dE, context, share[:, :, None] * dmean[:, None, :])",
        "dE[context] += share[:, :, None] * dmean[:, None, :]",
        "A word that occurs several times gets only one of its contributions: eq. sequences-cbow-de sums them all, and"
        " `dE[ids] += ...` does not.",
    ),
    Mutant(
        "cbow_loss_and_grad", "no_mean_backward", "share[:, :, None] * dmean[:, None, :]",
        "mask[:, :, None] * dmean[:, None, :]",
        "The gradient of a context word lacks its share: in eq. sequences-cbow-de each of n neighbours gets"
        " one n-th of the gradient of the mean.",
    ),
    Mutant(
        "cbow_loss_and_grad", "target_not_subtracted", "dscores[examples, target] -= 1", "pass",
        "The gradient of the scores is the softmax alone: eq. sequences-cbow-dscores subtracts 1 at the word that came.",
    ),
    Mutant(
        "cbow_loss_and_grad", "softmax_over_examples", "np.log(np.exp(scores).sum(axis=1, keepdims=True))",
        "np.logaddexp.reduce(scores, axis=0, keepdims=True)",
        "The softmax is taken over the examples: in eq. sequences-cbow-loss it runs over the vocabulary.",
    ),
    Mutant(
        "cbow_loss_and_grad", "overflow", "log_p = scores - np.log(np.exp(scores).sum(axis=1, keepdims=True))",
        'with np.errstate(all="ignore"):\n'
        "        log_p = np.log(np.exp(mean @ W.T) / np.exp(mean @ W.T).sum(axis=1, keepdims=True))",
        "Large scores overflow: subtract each row's largest score before the exponential, which changes no probability.",
    ),
    # Counting and parity
    Mutant(
        "count_zeros_rnn", "counts_ones", '"W_hx": np.array([[-1.0]])', '"W_hx": np.array([[2.0]])',
        "The count also moves when a one comes: in eq. sequences-count a one adds nothing.",
    ),
    Mutant(
        "count_zeros_rnn", "counts_every_step", '"W_hx": np.array([[-1.0]])', '"W_hx": np.array([[0.0]])',
        "It counts the steps: the input must stop the count when it is one, eq. sequences-count.",
    ),
    Mutant(
        "count_zeros_rnn", "leaks", '"W_hh": np.array([[1.0]])', '"W_hh": np.array([[0.999]])',
        "The count leaks away: a self-weight just below 1 forgets, slowly, and a long string shows it.",
    ),
    Mutant(
        "count_zeros_rnn", "no_memory", '"W_hh": np.array([[1.0]])', '"W_hh": np.array([[0.0]])',
        "The state does not hear itself: W_hh must hand the count on from step to step.",
    ),
    Mutant(
        "parity_rnn", "no_memory", '"W_hh": np.array([[1.0, 1.0], [-1.0, -1.0]])', '"W_hh": np.zeros((2, 2))',
        "The state does not hear itself: the parity so far must come back through W_hh, eq. sequences-parity.",
    ),
    Mutant(
        "parity_rnn", "counts", '"W_hh": np.array([[1.0, 1.0], [-1.0, -1.0]])',
        '"W_hh": np.array([[1.0, 0.0], [0.0, 1.0]])',
        "The state adds up and never turns back: after two ones it must stand where it stood before them,"
        " eq. sequences-parity.",
    ),
    Mutant(
        "parity_rnn", "or_for_xor", '"W_hh": np.array([[1.0, 1.0], [-1.0, -1.0]])',
        '"W_hh": np.array([[1.0, 1.0], [0.0, 0.0]])',
        "A second one does not take the parity back: 1 and 1 must give 0, eq. sequences-parity.",
    ),
    Mutant(
        "parity_rnn", "leaks", '"W_hh": np.array([[1.0, 1.0], [-1.0, -1.0]])',
        '"W_hh": np.array([[0.99, 0.99], [-0.99, -0.99]])',
        "It works for short strings and then fades: each step must give back a full 0 or 1, eq. sequences-parity.",
    ),
    Mutant(
        "parity_rnn", "reads_even", '"W_yh": np.array([[1.0, 1.0]]),\n        "b_y": np.array([0.0])',
        '"W_yh": np.array([[-1.0, -1.0]]),\n        "b_y": np.array([1.0])',
        "The readout says odd when the ones are even.",
    ),
    # CTC
    Mutant(
        "ctc_forward", "never_skips", "may_skip[2:] = (extended[2:] != blank) & (extended[2:] != extended[:-2])",
        "may_skip[2:] = False",
        "The blank between two labels is never skipped: eq. sequences-ctc-recursion has a third term where it may be.",
    ),
    Mutant(
        "ctc_forward", "skips_between_equal_labels",
        "(extended[2:] != blank) & (extended[2:] != extended[:-2])", "extended[2:] != blank",
        "The blank between two equal labels is skipped: without it they would merge into one, eq. sequences-ctc-recursion.",
    ),
    Mutant(
        "ctc_forward", "skips_labels", "(extended[2:] != blank) & (extended[2:] != extended[:-2])",
        "extended[2:] == blank",
        "A label is skipped, from blank to blank: in eq. sequences-ctc-recursion only a blank may be.",
    ),
    Mutant(
        "ctc_forward", "must_start_with_blank", "alpha[:2] = log_y[0, extended[:2]]",
        "alpha[:1] = log_y[0, extended[:1]]",
        "Every path starts with a blank: eq. sequences-ctc-start allows the first label as well.",
    ),
    Mutant(
        "ctc_forward", "must_end_with_blank", "alpha[-2:]", "alpha[-1:]",
        "Every path ends with a blank: eq. sequences-ctc-end adds those that end with the last label.",
    ),
    Mutant(
        "ctc_forward", "best_path", "np.logaddexp(np.logaddexp(alpha, before[1:-1]), skipped)",
        "np.maximum(np.maximum(alpha, before[1:-1]), skipped)",
        "It is what the best path gives: eq. sequences-ctc-sum adds the probabilities of all of them.",
    ),
    Mutant(
        "ctc_forward", "starts_anywhere", "alpha = np.full(S, -np.inf)\n    alpha[:2] = log_y[0, extended[:2]]",
        "alpha = log_y[0, extended]",
        "A path may start in the middle of the labels: eq. sequences-ctc-start allows the first blank and the first"
        " label only.",
    ),
]  # fmt: skip
