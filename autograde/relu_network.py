"""The ReLU network whose weights a student writes by hand, as the checks run it (eq. sequences-relu-network)."""

import numpy as np

MAX_UNITS = 32
LONG = 1000  # the longest strings on which such a network is run
WEIGHTS = {"W_hx": "H D", "W_hh": "H H", "b_h": "H", "W_yh": "K H", "b_y": "K"}


def readouts(weights, x):
    """First readout y_1..y_T of the network, (T, B), for inputs x (T, B), one number a step; h_0 = 0."""
    h = np.zeros((len(weights["b_h"]), x.shape[1]))
    y = np.empty(x.shape)
    for t, x_t in enumerate(x):
        h = np.maximum(0.0, weights["W_hx"] * x_t + weights["W_hh"] @ h + weights["b_h"][:, None])
        y[t] = (weights["W_yh"] @ h + weights["b_y"])[0]
    return y
