"""Calls of a student's function, on the student's side: in the notebook, or in the sandboxed kernel.

Only plain values go in and come out, and no expected value is known here.
"""

import contextlib
import copy
import io
import sys
import sysconfig
import traceback
import tracemalloc

import numpy as np

LIBRARIES = tuple(sysconfig.get_paths()[name] for name in ("stdlib", "platstdlib", "purelib", "platlib"))


def call(function, args):
    """The plain call."""
    return function(*args)


def peak_memory(function, args):
    """The call, with the memory that NumPy and Python had in use at its peak beyond what was there before.

    Returns {"result": ..., "peak_bytes": number}. Let a plain case come first: what a first call imports or caches
    would count as well.
    """
    nested = tracemalloc.is_tracing()
    if not nested:
        tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        tracemalloc.reset_peak()
        result = function(*args)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        if not nested:
            tracemalloc.stop()
    return {"result": result, "peak_bytes": peak - before}


def executed_lines(function, args):
    """The call, with the number of lines of its own Python that ran in it: {"result": ..., "lines": number}.

    A loop over T steps runs at least T lines, also within a comprehension; array operations run none, and what runs
    inside a library does not count.
    """
    count = 0

    def trace(frame, event, argument):
        nonlocal count
        count += event == "line"
        return None if _in_library(frame.f_code.co_filename) else trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        result = function(*args)
    finally:
        sys.settrace(before)
    return {"result": result, "lines": count}


DRIVERS = {"call": call, "peak_memory": peak_memory, "executed_lines": executed_lines}


def attempt(function, inputs, driver="call"):
    """Call the function with copies of the inputs ({name: value}, in order) and say what came of it.

    Returns {"value": plain value, "mutated": [positions of inputs that it changed]} or
    {"error": class name, "message": text, "line": number, "text": the line of code, "where": the function}. What it
    prints is dropped.
    """
    args = [copy.deepcopy(value) if not callable(value) else value for value in inputs.values()]
    try:
        with contextlib.redirect_stdout(io.StringIO()):
            value = plain(DRIVERS[driver](function, args))
    except Exception as error:
        frames = [f for f in traceback.extract_tb(error.__traceback__) if f.filename != __file__]
        own = [f for f in frames if not _in_library(f.filename)]  # the line to look at, not NumPy's that complains
        last = (own or frames)[-1] if frames else None
        return {
            "error": type(error).__name__,
            "message": " ".join(str(error).split())[:300],
            "line": last.lineno if last else 0,
            "text": (last.line or "")[:120] if last else "",
            "where": last.name if last and last.name != "<module>" else "",
        }
    mutated = [i for i, (old, new) in enumerate(zip(inputs.values(), args, strict=True)) if not _unchanged(old, new)]
    return {"value": value, "mutated": mutated}


def _in_library(filename):
    """Whether code stands in Python's library or in an installed package."""
    return filename.startswith(LIBRARIES) or filename.startswith("<frozen")


def _unchanged(old, new):
    if isinstance(old, np.ndarray):
        return isinstance(new, np.ndarray) and old.shape == new.shape and np.array_equal(old, new, equal_nan=True)
    if isinstance(old, (list, tuple)):
        return len(old) == len(new) and all(map(_unchanged, old, new))
    if isinstance(old, dict):
        return old.keys() == new.keys() and all(_unchanged(old[k], new[k]) for k in old)
    if isinstance(old, np.random.Generator) or callable(old):
        return True
    return type(old) is type(new) and old == new


def plain(value):
    """Arrays for whatever stands for arrays (torch tensors included), recursively through tuples, lists and dicts."""
    if hasattr(value, "detach") and hasattr(value, "cpu"):
        return value.detach().cpu().numpy()
    if isinstance(value, dict):
        return {str(k): plain(v) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return type(value)(map(plain, value)) if type(value) in (list, tuple) else [plain(v) for v in value]
    if isinstance(value, np.generic):
        return np.asarray(value)
    return value
