"""Small functions and data sets that exercises, checks and pages share."""

import numpy as np


def log_cosh_sum(x):
    """Sum of log cosh over all entries, without overflow; its gradient is tanh(x).

    x any shape  ->  number
    """
    size = np.abs(x)
    return float(np.sum(size + np.log1p(np.exp(-2 * size)) - np.log(2)))


def quartic(x):
    """A polynomial of degree four in which every entry meets every other: (c . x)^2 (x . x), c = 1, 1/2, 1/3, ...

    The entries count in C order. With s = c . x the gradient is 2 s (x . x) c + 2 s^2 x.
    x any shape  ->  number
    """
    entries = np.ravel(x)
    weights = 1 / np.arange(1, entries.size + 1)
    return float((weights @ entries) ** 2 * (entries @ entries))


def echo(T, B, delay, rng):
    """Streams of random signs and, as target, the same sign `delay` steps later.

    The first `delay` targets have nothing to recall and are 0. The best constant prediction of the others is 0,
    with a mean squared error of 1.

    T steps, B streams, 0 <= delay <= T, rng a numpy Generator  ->  x (T, B, 1), target (T, B, 1)
    """
    if not 0 <= delay <= T:
        raise ValueError(f"echo: the delay is {delay}; it must lie between 0 and T = {T}")
    x = rng.choice([-1.0, 1.0], size=(T, B, 1))
    target = np.zeros_like(x)
    target[delay:] = x[: T - delay]
    return x, target


CATEGORIES = {
    "person": ("girl", "boy", "teacher", "farmer", "painter"),
    "animal": ("cat", "dog", "horse", "goat", "mouse"),
    "food": ("bread", "rice", "cheese", "soup", "cake"),
    "drink": ("water", "milk", "tea", "juice"),
    "place": ("garden", "market", "river", "forest"),
    "quality": ("old", "young", "hungry", "quiet"),
    "eating": ("eats", "smells", "finds"),
    "drinking": ("drinks", "pours", "spills"),
    "moving": ("walks", "runs", "hurries"),
}
PATTERNS = (
    "the quality person eating the food",
    "the person drinking the drink",
    "the quality person moving to the place",
    "the animal eating the food in the place",
    "the quality animal moving to the place",
    "in the place the person drinking the drink",
)


def grammar_corpus(sentences, rng):
    """Sentences of a small grammar, as lists of words: a pattern is drawn, then each of its categories a word.

    Patterns and words are drawn uniformly, so that two words of one category differ by chance alone.
    sentences int, rng a numpy Generator  ->  list of lists of str
    """
    corpus = []
    for _ in range(sentences):
        pattern = PATTERNS[rng.integers(len(PATTERNS))].split()
        corpus.append([str(rng.choice(CATEGORIES[part])) if part in CATEGORIES else part for part in pattern])
    return corpus


def parity(T, B, rng):
    """Random bits, and at every step whether the ones so far are odd.

    T steps, B strings, rng a numpy Generator  ->  bits (T, B, 1), odd (T, B, 1), both of zeros and ones
    """
    bits = rng.integers(2, size=(T, B, 1)).astype(float)
    return bits, np.cumsum(bits, axis=0) % 2


def temporal_order(T, B, rng):
    """Two marked symbols among distractors: which came first? (Hochreiter & Schmidhuber 1997, task 6a, shortened.)

    Each step shows one of six symbols as a one-hot vector. The first two, X and Y, are the marked ones: one of them
    stands in the second tenth of the sequence and one just before its middle, everything else is one of four
    distractors. The class counts XX, XY, YX, YY from 0. Guessing has an error rate of 3/4.

    T >= 10 steps, B sequences, rng a numpy Generator  ->  x (T, B, 6), target (B,) integers
    """
    if T < 10:
        raise ValueError(f"temporal_order: T is {T}; the two positions need at least 10 steps")
    symbols = rng.integers(2, 6, size=(T, B))
    marked = rng.integers(2, size=(2, B))
    rows = np.arange(B)
    symbols[rng.integers(T // 10, 2 * T // 10, size=B), rows] = marked[0]
    symbols[rng.integers(4 * T // 10, 5 * T // 10, size=B), rows] = marked[1]
    return np.eye(6)[symbols], 2 * marked[0] + marked[1]


REVIEW_WORDS = {
    "thing": ("food", "soup", "service", "room", "music", "table", "wine", "view"),
    "praise": ("good", "great", "fresh", "warm", "lovely", "quick"),
    "blame": ("bad", "cold", "stale", "slow", "awful", "dull"),
    "detail": (
        "that we had on monday",
        "which my friend chose",
        "next to the window",
        "at the end of the evening",
        "when we came back in spring",
    ),
    "aside": (
        "we went there with friends .",
        "it was a monday in spring .",
        "my friend chose the table .",
        "we had the soup and the wine .",
    ),
}
REVIEW_FORMS = ("plain", "but", "although first", "although last")
# How often a clause is negated, a side clause says the opposite of the main one, a detail and an aside are added
REVIEW_CHANCES = {"not": 0.4, "contrast": 0.8, "detail": 0.6, "aside": 0.5}


def reviews(N, rng, details=1):
    """Reviews of a restaurant whose verdict is that of the main clause, with negations and reversals.

    A clause says that something was, or was not, good or bad, with details in between. A review has one of
    REVIEW_FORMS: "main .", "side but main .", "although side , main ." or "main although side .", and perhaps an
    aside before and after it.

    N int, rng a numpy Generator, details int: how many details follow each other where there are any
    ->  texts (list of N lists of str), good (N,) 0 or 1, form (N,) indices into REVIEW_FORMS
    """

    def happens(what):
        return rng.uniform() < REVIEW_CHANCES[what]

    def some(kind):
        words = REVIEW_WORDS[kind]
        return words[rng.integers(len(words))].split()

    def detail():
        return [word for _ in range(details) for word in some("detail")] if happens("detail") else []

    def clause(good):
        negated = happens("not")
        adjective = some("praise" if good != negated else "blame")
        return ["the", *some("thing"), *detail(), "was", *(["not"] if negated else []), *adjective, *detail()]

    good, form = rng.integers(2, size=N), rng.integers(len(REVIEW_FORMS), size=N)
    texts = []
    for verdict, f in zip(good > 0, form, strict=True):
        main, side = clause(verdict), clause(verdict != happens("contrast"))
        opinion = {
            "plain": main,
            "but": [*side, "but", *main],
            "although first": ["although", *side, ",", *main],
            "although last": [*main, "although", *side],
        }[REVIEW_FORMS[f]]
        before, after = (some("aside") if happens("aside") else [] for _ in range(2))
        texts.append([*before, *opinion, ".", *after])
    return texts, good, form


def adding(T, B, rng):
    """Two marked numbers in a long sequence: what is their sum? (Hochreiter & Schmidhuber 1997, task 4, fixed T.)

    The first entry of a step is uniform on (0, 1), the second is 1 at the two marked steps, one in each half, and 0
    elsewhere. The best constant answer is 1, with a mean squared error of 1/6.

    T >= 2 steps, B sequences, rng a numpy Generator  ->  x (T, B, 2), target (B, 1)
    """
    if T < 2:
        raise ValueError(f"adding: T is {T}; two marked steps need at least 2")
    numbers, marks, rows = rng.uniform(size=(T, B)), np.zeros((T, B)), np.arange(B)
    marks[rng.integers(T // 2, size=B), rows] = 1
    marks[rng.integers(T // 2, T, size=B), rows] = 1
    return np.stack([numbers, marks], axis=-1), np.sum(numbers * marks, axis=0)[:, None]


def linear_gaussian(h0, S0, F, A, R, V, rng):
    """One run of h_t = F h_{t-1} + noise of covariance R, seen as x_t = A h_t + noise of covariance V[t].

    h0 (H,) and S0 (H, H) mean and covariance of the state before the first step, F (H, H), A (D, H), R (H, H),
    V (T, D, D), rng a numpy Generator  ->  h (T+1, H), x (T, D)
    """
    h, x = [rng.multivariate_normal(h0, S0)], []
    for V_t in V:
        h.append(rng.multivariate_normal(F @ h[-1], R))
        x.append(rng.multivariate_normal(A @ h[-1], V_t))
    return np.array(h), np.array(x)


def switching_noise(T, B, levels, stay, rng):
    """Variances that change between two levels, the first of each sequence drawn at random.

    levels (2,), stay the probability of keeping the level from one step to the next, rng a numpy Generator
    ->  v (T, B)
    """
    start, switches = rng.integers(2, size=B), rng.uniform(size=(T, B)) >= stay
    switches[0] = False
    return np.asarray(levels, dtype=float)[(start + np.cumsum(switches, axis=0)) % 2]


def walk_in_noise(f, v, rng):
    """Walks h_t = f h_{t-1} + noise that keep the variance 1, each seen through noise: x_t = h_t + noise of variance v.

    0 <= f < 1, v (T, B), rng a numpy Generator  ->  h (T, B), x (T, B)
    """
    h, state = np.empty_like(v), rng.standard_normal(v.shape[1])
    for t in range(len(v)):
        state = f * state + np.sqrt(1 - f**2) * rng.standard_normal(v.shape[1])
        h[t] = state
    return h, h + np.sqrt(v) * rng.standard_normal(v.shape)


def sine_or_noise(B, rng, shortest=10, longest=50):
    """Is a sequence a sampled sine or noise? Sequences of different lengths, padded behind with zeros.

    Length and angles at both ends of a sine are drawn uniformly, the angles up to pi times the longest length, so that
    some sines are slow and some change sign at every step. Noise is uniform on (-1, 1). Guessing is right for one half.

    B sequences, rng a numpy Generator  ->  x (longest, B, 1), mask (longest, B), is_sine (B,) 0 or 1
    """
    if not 2 <= shortest <= longest:
        raise ValueError(f"sine_or_noise: lengths from {shortest} to {longest}; they must be at least 2, in this order")
    lengths, is_sine = rng.integers(shortest, longest + 1, size=B), rng.integers(2, size=B)
    first, last = np.sort(rng.uniform(0, np.pi * longest, size=(2, B)), axis=0)
    steps = np.arange(longest)[:, None]
    sine = np.sin(first + (last - first) * steps / (lengths - 1))
    mask = (steps < lengths).astype(float)
    x = mask * np.where(is_sine, sine, rng.uniform(-1, 1, size=(longest, B)))
    return x[:, :, None], mask, is_sine


def signal_bags(T, B, D, strength, rng):
    """Bags of instances, half of which hold a single one with a signal: which bags?

    Every instance is noise of D normal numbers. In a positive bag one instance, anywhere, has `strength` added along
    one direction, the same for all bags: that in which all D numbers are equal. Guessing has an error rate of 1/2.

    T instances, B bags, D numbers, rng a numpy Generator  ->  x (T, B, D), target (B,) 0 or 1
    """
    x = rng.standard_normal((T, B, D))
    target = rng.integers(2, size=B)
    x[rng.integers(T, size=B), np.arange(B)] += target[:, None] * strength / np.sqrt(D)
    return x, target
