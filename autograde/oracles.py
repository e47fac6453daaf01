"""Independent ways to the right answer: central differences and torch's automatic differentiation.

A check compares a student's arrays with these, never with a stored value. An oracle must not share code with
the reference solution.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

# Central differences with step 1e-5 err by about eps**2 from the cubic term and 1e-16/eps from rounding: both near
# 1e-10 for functions of unit scale, a few hundred times that for the sums over time that the cases use.
DIFFERENCES_TOLERANCE = 1e-6
# Two float64 computations of the same sum in another order differ by some 1e-14; long products lose a few digits.
EXACT_TOLERANCE = 1e-9


@dataclass(frozen=True)
class Oracle:
    """A source of expected values: `compute(*inputs)` returns {output name: array}."""

    name: str
    compute: Callable[..., dict]
    tolerance: float = EXACT_TOLERANCE


def central_differences(loss, inputs, wanted, eps=1e-5):
    """Gradients {name: array} of `loss(**inputs)`, a number, for the names in `wanted`, by central differences.

    inputs {name: float64 array or number}; every entry of a wanted input is moved by eps both ways.
    """
    gradients = {}
    for name in wanted:
        value = np.asarray(inputs[name], dtype=float)
        gradient = np.zeros_like(value)
        for i in np.ndindex(value.shape):
            ends = []
            for step in (eps, -eps):
                moved = value.copy()
                moved[i] += step
                ends.append(loss(**{**inputs, name: moved}))
            gradient[i] = (ends[0] - ends[1]) / (2 * eps)
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
