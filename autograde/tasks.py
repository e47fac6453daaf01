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
