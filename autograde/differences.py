"""What kind of wrongness two arrays show: transposed, scaled, shifted in time, ...

Works from the arrays alone, so that the same words are available in the notebook and in grading.
"""

import numpy as np

# Two arrays that come from different algorithms in float64 agree to about 1e-9 of their scale;
# a wrong formula that agrees so well in every entry of every case would have to be the right formula.
SAME = 1e-6
# float32 carries 24 bits: a relative error of 6e-8 per operation, and some hundred operations a case.
FLOAT32 = (1e-9, 2e-5)
EVERYWHERE = "in every entry"
FIRST_STEP = "right only at the first step"
LAST_STEP = "right only at the last step: what arrives from later is missing or wrong"


def agree(actual, expected, tolerance):
    """Whether two arrays of one shape agree within tolerance times the larger of 1 and the expected scale.

    An infinite entry agrees with the same infinity only.
    """
    if actual.shape != expected.shape:
        return False
    scale = max(1.0, float(np.max(np.abs(expected[np.isfinite(expected)]), initial=0.0)))
    with np.errstate(invalid="ignore"):
        return bool(np.all((np.abs(actual - expected) <= tolerance * scale) | (actual == expected)))


def largest(actual, expected):
    """Size and index of the largest absolute difference (nan counts as the largest)."""
    with np.errstate(invalid="ignore"):
        gap = np.abs(np.asarray(actual, float) - np.asarray(expected, float))
    gap = np.where(np.isfinite(gap), gap, np.inf)
    where = np.unravel_index(int(np.argmax(gap)), gap.shape)
    return float(gap[where]), tuple(int(i) for i in where)


def _same(actual, expected):
    """Agreement relative to the expected array's own scale: an array of tiny numbers is no match for zeros."""
    if actual.shape != expected.shape or not expected.size:
        return False
    scale = float(np.max(np.abs(expected)))
    if scale == 0:
        return bool(np.all(actual == 0))
    return bool(np.all(np.abs(actual - expected) <= SAME * scale))


def _scale(actual, expected, sizes):
    """The constant c with actual = c * expected, in words: one for each size of the case that explains it."""
    norm = float(np.vdot(expected, expected))
    if norm == 0:
        return []
    c = float(np.vdot(expected, actual)) / norm
    if abs(c) < SAME or abs(c - 1) < SAME or not _same(actual, c * expected):
        return []
    if abs(c + 1) < SAME:
        return ["the sign is opposite"]
    sign = "" if c > 0 else "-"
    factor = abs(c)
    named = [
        f"scaled by {sign}{name}: a sum taken too often, or a mean that is missing?"
        for name, size in sizes.items()
        if size > 1 and abs(factor - size) < SAME * size
    ] + [
        f"scaled by {sign}1/{name}: mean instead of sum?"
        for name, size in sizes.items()
        if size > 1 and abs(factor - 1 / size) < SAME / size
    ]
    # Any two numbers differ by some factor: without a name for it, that says nothing. Nor does a factor of nearly one.
    return named + ([f"scaled by {c:.4g} {EVERYWHERE}"] if expected.size > 1 and abs(c - 1) > 1e-3 else [])


def _multiplied(actual, expected, inputs):
    """Which input, one number or one for each entry, is a factor once too often, or is missing as one."""
    readings = []
    for name, value in inputs.items():
        factor = np.asarray(value if isinstance(value, (float, np.ndarray)) else 0.0)
        if factor.dtype.kind != "f" or factor.shape not in ((), expected.shape) or not np.all(factor):
            continue
        with np.errstate(invalid="ignore"):  # an answer may hold infinities
            if _same(actual, expected * factor):
                readings.append(f"the factor {name} once too often")
            if _same(actual * factor, expected):
                readings.append(f"the factor {name} is missing")
    return readings


def _moved(actual, expected):
    """How the entries stand in other places: transposed, reversed in time, shifted by one step."""
    square = actual.ndim == 2 and actual.shape[0] == actual.shape[1]
    if square and _same(actual, expected.T) and not _same(expected, expected.T):
        return ["transposed"]
    if actual.ndim == 0 or len(actual) < 3:
        return []
    if _same(actual, expected[::-1]) and not _same(expected, expected[::-1]):
        return ["the order of time is reversed"]
    if _same(actual[1:], expected[:-1]) and not _same(actual[1:], expected[1:]):
        return ["shifted by one step: entry t holds what belongs to t - 1"]
    if _same(actual[:-1], expected[1:]) and not _same(actual[:-1], expected[:-1]):
        return ["shifted by one step: entry t holds what belongs to t + 1"]
    return []


def _partly(actual, expected, sequence, given):
    """Which part along time is right, or whether one value stands everywhere."""
    if not np.any(actual) and np.any(expected):
        return ["it is zero everywhere"]
    if actual.size > 1 and np.ptp(actual) == 0 and np.ptp(expected) != 0:
        return ["the same value stands in every entry: broadcast?"]
    if not sequence or actual.ndim == 0 or len(actual) < 2:
        return []
    right = [_same(a, e) for a, e in zip(actual, expected, strict=True)]
    if right[0] and not any(right[1:]):
        return ["only entry [0] is right, which is given: the step itself is wrong"] if given else [FIRST_STEP]
    if right[-1] and not any(right[:-1]):
        return ["only the last entry is right, where the way back begins: its step is wrong"] if given else [LAST_STEP]
    if given and len(right) > 2 and right[0] and right[1] and not any(right[2:]):
        return [f"{FIRST_STEP}: does each step start from the one before?"]
    if given and len(right) > 2 and right[-1] and right[-2] and not any(right[:-2]):
        return [LAST_STEP]
    if actual.ndim > 1 and all(_same(a, actual[0]) for a in actual[1:]):
        return ["every step holds the same values: broadcast along time?"]
    return []


def _rounded(actual, expected):
    scale = float(np.max(np.abs(expected), initial=0.0)) or 1.0
    gap = float(np.max(np.abs(actual - expected), initial=0.0)) / scale
    if FLOAT32[0] < gap < FLOAT32[1] and np.array_equal(actual, actual.astype(np.float32)):
        return ["the precision of float32: compute in float64"]
    return []


def explain(actual, expected, sizes=None, sequence=False, given=False, inputs=None):
    """Common shapes of wrongness that turn `expected` into `actual`, each in a few words; an empty list if none.

    Both arrays, of any shape; sizes names the lengths of the case ({"T": 5, ...}) so that a factor can be named;
    sequence says that the first axis is time, given that it holds T + 1 entries, from one of which the recursion
    starts; inputs {name: value} are the case's, any of which may be a factor too many or too few.
    Several entries mean several readings (a factor 2 may be B or D): other cases decide.
    """
    actual, expected = np.asarray(actual), np.asarray(expected)
    if actual.shape != expected.shape:
        if actual.ndim > 1 and actual.shape == expected.shape[::-1]:
            return ["transposed"]
        return ["the entries stand in another shape"] if actual.size == expected.size else []
    if not np.all(np.isfinite(actual)):
        return ["it contains nan" if np.any(np.isnan(actual)) else "it contains infinite values"]
    actual, expected = actual.astype(float), expected.astype(float)
    return (
        _rounded(actual, expected)
        or _partly(actual, expected, sequence, given)
        or _moved(actual, expected)
        or _scale(actual, expected, sizes or {}) + _multiplied(actual, expected, inputs or {})
    )
