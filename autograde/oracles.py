"""Independent ways to the right answer: central differences and torch's automatic differentiation.

A check compares a student's arrays with these, never with a stored value. An oracle must not share code with
the reference solution.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

# The formula below errs by eps**4 from the fifth derivative and by 1e-16/eps from rounding: near 1e-11 at eps = 1e-4.
# Steep networks multiply that; over 400 random cases of the sizes used here the worst was 1e-8 of the scale.
DIFFERENCES_TOLERANCE = 1e-6
# Two float64 computations of the same sum in another order differ by some 1e-14; long products lose a few digits.
EXACT_TOLERANCE = 1e-9


@dataclass(frozen=True)
class Oracle:
    """A source of expected values: `compute(*inputs)` returns {output name: array}."""

    name: str
    compute: Callable[..., dict]
    tolerance: float = EXACT_TOLERANCE


def central_differences(loss, inputs, wanted, eps=1e-4):
    """Gradients {name: array} of `loss(**inputs)`, a number, for the names in `wanted`, by central differences.

    inputs {name: float64 array or number}; every entry of a wanted input is moved by eps and by 2 eps both ways, which
    cancels the cubic term of the error too.
    """
    gradients = {}
    for name in wanted:
        value = np.asarray(inputs[name], dtype=float)
        gradient = np.zeros_like(value)
        for i in np.ndindex(value.shape):
            f = {}
            for step in (-2, -1, 1, 2):
                moved = value.copy()
                moved[i] += step * eps
                f[step] = loss(**{**inputs, name: moved})
            gradient[i] = (8 * (f[1] - f[-1]) - (f[2] - f[-2])) / (12 * eps)
        gradients[name] = gradient
    return gradients


def torch_gradients(loss, inputs, wanted):
    """Gradients {name: array} of `loss(**inputs)`, a 0-d tensor, by torch's automatic differentiation in float64."""
    import torch  # takes a second and a half to import: only where it is used

    tensors = {name: torch.as_tensor(np.asarray(value, dtype=float)) for name, value in inputs.items()}
    for name in wanted:
        tensors[name].requires_grad_()
    gradients = torch.autograd.grad(loss(**tensors), [tensors[name] for name in wanted])
    return {name: g.numpy() for name, g in zip(wanted, gradients, strict=True)}
