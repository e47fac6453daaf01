"""Mutants of the unit `seq2seq`."""

from solutions.mutants import Mutant

MUTANTS = [
    # Words as vectors
    Mutant(
        "embed", "one_row_late", "E[words]", "E[(words + 1) % len(E)]",
        "Word v gets row v + 1: word numbers count from 0, as the rows of eq. seq2seq-embed do.",
    ),
    Mutant(
        "embed", "batch_first", "E[words]", "E[words].transpose(1, 0, 2).reshape(*words.shape, -1)",
        "The words of one sentence are spread over the batch: time comes first, and x[t, b] is the row of word [t, b].",
    ),
    Mutant(
        "embed", "padding_zeroed", "E[words]", "E[words] * (words > 0)[:, :, None]",
        "Word 0 is given a zero vector: PAD has a row like any other word, and the mask is what makes it silent.",
    ),
    Mutant(
        "embed_backward", "last_one_wins", "np.add.at(dE, words[real], dx[real])", "dE[words[real]] += dx[real]",
        "A word that occurs several times is counted once: indexing with += writes each row once, eq. seq2seq-embed-grad sums.",
    ),
    Mutant(
        "embed_backward", "mask_ignored", "real = mask > 0", "real = mask >= 0",
        "The padded steps are counted: eq. seq2seq-embed-grad sums over real words only.",
    ),
    Mutant(
        "embed_backward", "mean_over_occurrences", "    return dE",
        "    return dE / np.maximum(np.bincount(words[real], minlength=V), 1)[:, None]",
        "It is the mean over the occurrences of a word: eq. seq2seq-embed-grad sums them.",
    ),
    Mutant(
        "embed_backward", "multiplied_by_the_mask", "    np.add.at(dE, words[real], dx[real])",
        "    with np.errstate(invalid=\"ignore\"):\n        np.add.at(dE, words, mask[:, :, None] * dx)",
        "What stands at padded steps gets in: zero times nan is nan, so choose the real words instead of multiplying.",
    ),
    # Encoder
    Mutant(
        "encode", "reads_padding", "np.where(mask[j][:, None] > 0, moved, h[j])", "moved",
        "The state moves on while it reads padding: in eq. seq2seq-encoder it stays as it was there.",
    ),
    Mutant(
        "encode", "padding_resets", "moved, h[j])", "moved, 0.0)",
        "Padding clears the state: in eq. seq2seq-encoder the state stays as it was there.",
    ),
    Mutant(
        "encode", "transposed_recurrence", "h[j] @ W_hh.T", "h[j] @ W_hh",
        "W_hh is transposed: for a batch of rows eq. seq2seq-encoder reads h @ W_hh.T.",
    ),
    Mutant(
        "encode", "first_state_is_the_context", "\"context\": h[-1]", "\"context\": h[1]",
        "The context is the state after the first word: it is the state after the last one.",
    ),
    Mutant(
        "encode", "mean_is_the_context", "\"context\": h[-1]", "\"context\": h[1:].mean(axis=0)",
        "The context is the mean of the states: in this chapter it is the state after the last real word.",
    ),
    # Decoder
    Mutant(
        "decode_teacher_forced", "sees_the_answer", "before[1:] = target[:-1]", "before[:] = target",
        "Step t hears the word that it has to say: eq. seq2seq-decoder feeds the word before, START first.",
    ),
    Mutant(
        "decode_teacher_forced", "no_start", "np.full_like(target, START)", "np.full_like(target, PAD)",
        "The first input is PAD: the decoder begins with START.",
    ),
    Mutant(
        "decode_teacher_forced", "starts_from_zero", "decoder[\"E\"]), context", "decoder[\"E\"]), 0 * context",
        "The decoder starts from zero: eq. seq2seq-decoder has s_0 = c.",
    ),
    Mutant(
        "decode_teacher_forced", "context_only_at_the_start", " + context @ decoder[\"W_sc\"].T", "",
        "The context is heard at the start only: eq. seq2seq-decoder adds W_sc c at every step.",
    ),
    Mutant(
        "decode_teacher_forced", "transposed_recurrence", "s @ decoder[\"W_ss\"].T", "s @ decoder[\"W_ss\"]",
        "W_ss is transposed: for a batch of rows eq. seq2seq-decoder reads s @ W_ss.T.",
    ),
    Mutant(
        "decode_teacher_forced", "no_bias_at_the_readout", " + decoder[\"b_y\"]  #", "  #",
        "The bias b_y is missing: eq. seq2seq-readout adds it.",
    ),
    # Loss
    Mutant(
        "token_nll_and_grad", "mean_over_words", "\"dy\": weight[:, :, None] * (np.exp(log_p) - right)",
        "\"dy\": (np.exp(log_p) - right) * counts[:, :, None] / counts.sum()",
        "The gradient is that of a mean over the words: in eq. seq2seq-nll-grad each word has its own weight.",
    ),
    Mutant(
        "token_nll_and_grad", "sign", "(np.exp(log_p) - right)", "(right - np.exp(log_p))",
        "The gradient has the opposite sign: eq. seq2seq-nll-grad is p minus the one-hot code of the right word.",
    ),
    Mutant(
        "token_nll_and_grad", "no_probabilities", "(np.exp(log_p) - right)", "(np.exp(log_p) * (1 - right) - right)",
        "At the right word the gradient is p - 1, not -1: eq. seq2seq-nll-grad subtracts the code from p in every entry.",
    ),
    Mutant(
        "token_nll_and_grad", "only_the_right_word", "(np.exp(log_p) - right)", "(np.exp(log_p) - right) * right",
        "Only the right word's score has a gradient: by eq. seq2seq-nll-grad every other score is pushed down too.",
    ),
    Mutant(
        "token_nll_and_grad", "padding_counts", "np.where(counts[:, :, None], y, 0.0)",
        "np.where(counts[:, :, None], y, np.nan)",
        "What stands where the weight is 0 gets in: zero times nan is nan, so choose instead of multiplying.",
    ),
    Mutant(
        "token_nll_and_grad", "overflows", "    scores = scores - scores.max(axis=2, keepdims=True)\n",
        "    scores = np.clip(scores, -700, 700)\n",
        "Large scores are cut off before exp, which changes the loss: take the largest score out of the sum instead.",
    ),
    # Scheduled sampling
    Mutant(
        "scheduled_inputs", "coin_the_wrong_way", "< epsilon", ">= epsilon",
        "The coin falls the wrong way: in eq. seq2seq-scheduled epsilon is the probability of the right word.",
    ),
    Mutant(
        "scheduled_inputs", "not_shifted", "inputs[1:] = before[:-1]", "inputs[:] = before",
        "Step t hears the word of step t itself: the inputs are the words before, START first.",
    ),
    Mutant(
        "scheduled_inputs", "one_coin_per_step", "rng.uniform(size=target.shape)", "rng.uniform(size=(len(target), 1))",
        "All sentences of the batch share a coin: eq. seq2seq-scheduled tosses one for every word of every sentence.",
    ),
    Mutant(
        "scheduled_inputs", "one_coin_per_sentence", "rng.uniform(size=target.shape)",
        "rng.uniform(size=(1, target.shape[1]))",
        "A sentence has one coin for all its steps: eq. seq2seq-scheduled tosses one for every word.",
    ),
    Mutant(
        "scheduled_inputs", "fixed_seed", "rng.uniform(size=target.shape)",
        "np.random.default_rng(0).uniform(size=target.shape)",
        "The coins do not come from rng: a generator of its own tosses the same coins in every call.",
    ),
    # Greedy
    Mutant(
        "greedy_decode", "does_not_feed_back", "word = y.argmax(axis=1)  #", "word, said = word, y.argmax(axis=1)  #",
        "The decoder hears START at every step: eq. seq2seq-greedy feeds back the word that was said.",
    ),
    Mutant(
        "greedy_decode", "talks_on", "words[t] = np.where(going, word, PAD)", "words[t] = word",
        "Words are returned behind END: the sentence is over there, and PAD follows.",
    ),
    Mutant(
        "greedy_decode", "counts_on", "log_p -= going * np.log", "log_p -= np.log",
        "What is said behind END is counted in log_p: the sentence is over there.",
    ),
    Mutant(
        "greedy_decode", "forgets_the_end", "log_p -= going * np.log", "log_p -= going * (word != END) * np.log",
        "The probability of END is left out of log_p: ending is a choice like any other word.",
    ),
    Mutant(
        "greedy_decode", "context_only_at_the_start", " + context @ decoder[\"W_sc\"].T", "",
        "The context is heard at the start only: eq. seq2seq-decoder adds W_sc c at every step.",
    ),
    Mutant(
        "greedy_decode", "scores_for_probabilities", "log_p -= going * np.log(np.exp(y - best[:, None]).sum(axis=1))",
        "log_p += going * best",
        "It sums scores: log p is the score minus the logarithm of the sum of all exponentials.",
    ),
    # Beam
    Mutant(
        "beam_search", "greedy", ")[:K]  #", ")[:1]  #",
        "The width has no effect, it is always 1: eq. seq2seq-beam keeps the K best extensions.",
    ),
    Mutant(
        "beam_search", "one_child_each", "for w, step in enumerate(tables[t][prefix])",
        "for w, step in [max(enumerate(tables[t][prefix]), key=lambda pair: pair[1])]",
        "Each prefix is extended by its best word only: in eq. seq2seq-beam one prefix may fill the beam with its children.",
    ),
    Mutant(
        "beam_search", "last_word_decides", "key=lambda pair: -pair[1])",
        "key=lambda pair: -tables[t][pair[0]])",
        "The extensions are compared by their last word: eq. seq2seq-beam compares the log-probability of the whole.",
    ),
    Mutant(
        "beam_search", "end_is_a_word", "pair[0][-1] == end or t == T - 1", "t == T - 1",
        "Sentences go on behind the end: a prefix that ends is finished and leaves the beam.",
    ),
    Mutant(
        "beam_search", "first_end_wins", "best = max(finished, key=score)", "best = finished[0]",
        "The first sentence that ends is returned: all finished ones are compared at the end.",
    ),
    Mutant(
        "beam_search", "ended_ones_do_not_count", "pair for pair in extended if pair[1] > -np.inf]",
        "pair for pair in extended if pair[1] > -np.inf and pair[0][-1] != end]\n"
        "        finished += [pair for pair in extended if pair[0][-1] == end]",
        "Every extension that ends is finished without having to be among the K best: in eq. seq2seq-beam they compete.",
    ),
    Mutant(
        "beam_search", "normalised_by_length_alone", "len(pair[0]) ** alpha", "len(pair[0])",
        "The score is divided by the length whatever alpha is: eq. seq2seq-normalised divides by L to the power alpha.",
    ),
    Mutant(
        "beam_search", "multiplied_by_length", "pair[1] / len(pair[0]) ** alpha", "pair[1] * len(pair[0]) ** alpha",
        "The log-probability is multiplied by the length: eq. seq2seq-normalised divides it, which favours long sentences.",
    ),
    Mutant(
        "beam_search", "length_without_end", "len(pair[0]) ** alpha",
        "max(len(pair[0]) - (pair[0][-1] == end), 1) ** alpha",
        "The word that ends is not counted in L: eq. seq2seq-normalised counts it.",
    ),
    # Trap
    Mutant(
        "beam_trap", "spread_afterwards", "[[0.98, 0.01, 0.01]] * 3", "[[0.36, 0.33, 0.31]] * 3",
        "The best sentence is missed by less than a factor of two: what follows the dropped word must be nearly certain"
        " at both later steps.",
    ),
    Mutant(
        "beam_trap", "kept", "np.array([0.4, 0.35, 0.25])", "np.array([0.4, 0.25, 0.35])",
        "The word with the certain future is kept: it must be third at the first step to be dropped.",
    ),
    Mutant(
        "beam_trap", "not_probabilities", "np.array([0.4, 0.35, 0.25])", "np.array([4.0, 3.5, 2.5])",
        "The tables do not hold probabilities: their last axis must sum to 1.",
    ),
    Mutant(
        "beam_trap", "tied", "np.array([0.4, 0.35, 0.25])", "np.array([0.4, 0.3, 0.3])",
        "Two first words are equally likely: what a beam keeps would hang on the order of the words.",
    ),
]  # fmt: skip
