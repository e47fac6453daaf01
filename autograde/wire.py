"""Plain values as bytes, for the way to a student's kernel and back.

What crosses: nested tuples, lists and dicts of arrays, numbers, strings, booleans and None; a numpy Generator as its
state; a function by name, when it is one of `autograde.tasks`. Nothing is ever unpickled. What arrives from a student
is read with limits on its size, on the size that it declares, and on its depth.
"""

import json
import math

import numpy as np

from autograde import tasks

MAX_BYTES = 64 * 2**20  # of one message, packed or unpacked: some thousand times what a unit's cases need
MAX_DEPTH = 12
KINDS = "biufcU"  # of arrays: truth values, numbers and text, no objects
MAX_NODES = 20_000


class WireError(ValueError):
    """The value or the bytes cannot cross."""


def pack(value):
    """Bytes for a plain value: the length of a JSON tree, the tree, the arrays' bytes one after the other.

    Raises WireError for what must not cross.
    """
    arrays = []
    tree = _to_tree(value, arrays, 0)
    tree = json.dumps({"value": tree, "arrays": [[a.dtype.str, a.shape] for a in arrays]}).encode()
    return b"".join([len(tree).to_bytes(8, "little"), tree, *(a.tobytes() for a in arrays)])


def unpack(data, max_bytes=MAX_BYTES):
    """The value in bytes from `pack`. Raises WireError for anything malformed or too large."""
    if len(data) > max_bytes:
        raise WireError(f"{len(data)} bytes arrived; the limit is {max_bytes}")
    try:
        size = int.from_bytes(data[:8], "little")
        message = json.loads(data[8 : 8 + size])
        if len(message["arrays"]) > MAX_NODES:
            raise WireError(f"{len(message['arrays'])} arrays arrived; the limit is {MAX_NODES}")
        arrays, at = [], 8 + size
        for kind, shape in message["arrays"]:
            arrays.append(_read_array(data, at, kind, shape))
            at += arrays[-1].nbytes
        if at != len(data):
            raise WireError(f"{len(data)} bytes arrived, {at} of them declared")
        return _from_tree(message["value"], arrays, 0)
    except WireError:
        raise
    except Exception as error:  # readers of JSON, types and shapes raise whatever they like on damaged bytes
        raise WireError(f"what arrived is not a packed value: {error}") from None


def _read_array(data, at, kind, shape):
    """An array of its own from the bytes that start at `at`; it may declare no more than there are."""
    dtype = np.dtype(kind)
    if dtype.hasobject or dtype.kind not in KINDS:
        raise WireError(f"an array of dtype {dtype} cannot cross")
    size = math.prod(shape) * dtype.itemsize
    if any(n < 0 for n in shape) or size > len(data) - at:
        raise WireError(f"an array declares shape {shape}: too large")
    array = np.empty(shape, dtype)
    if size:
        array.reshape(-1).view(np.uint8)[:] = np.frombuffer(data, np.uint8, size, at)
    return array


def _to_tree(value, arrays, depth):
    if depth > MAX_DEPTH or len(arrays) > MAX_NODES:
        raise WireError("the value is nested too deeply")
    if value is None or isinstance(value, (bool, int, str)):
        return {"v": value}
    if isinstance(value, (np.ndarray, np.generic)):
        array = np.asarray(value)
        if array.dtype.kind not in KINDS:
            raise WireError(f"an array of dtype {array.dtype} cannot cross")
        arrays.append(array)
        return {"a": len(arrays) - 1}
    if isinstance(value, float):
        return {"f": value.hex()}
    if isinstance(value, (tuple, list)):
        return {"t" if isinstance(value, tuple) else "l": [_to_tree(v, arrays, depth + 1) for v in value]}
    if isinstance(value, dict):
        return {"d": [[str(k), _to_tree(v, arrays, depth + 1)] for k, v in value.items()]}
    if isinstance(value, np.random.Generator):
        return {"g": json.loads(json.dumps(value.bit_generator.state, default=_plain_state))}
    if callable(value) and getattr(tasks, getattr(value, "__name__", ""), None) is value:
        return {"fn": value.__name__}
    raise WireError(f"a value of type {type(value).__name__} cannot cross: return arrays, numbers, or a dict of them")


def _plain_state(value):
    return value.tolist()


def _from_tree(node, arrays, depth):
    if depth > MAX_DEPTH:
        raise WireError("the value is nested too deeply")
    ((kind, content),) = node.items()
    if kind == "v" and (content is None or isinstance(content, (bool, int, str))):
        return content
    if kind == "f":
        return float.fromhex(content)
    if kind == "a" and isinstance(content, int) and content >= 0:
        return arrays[content]
    if kind in "tl":
        items = [_from_tree(v, arrays, depth + 1) for v in content]
        return tuple(items) if kind == "t" else items
    if kind == "d":
        return {str(k): _from_tree(v, arrays, depth + 1) for k, v in content}
    if kind == "g":
        generator = np.random.default_rng()
        if content["bit_generator"] != type(generator.bit_generator).__name__:
            raise WireError("an unknown random generator")
        generator.bit_generator.state = content
        return generator
    if (
        kind == "fn"
        and callable(getattr(tasks, content, None))
        and getattr(tasks, content).__module__ == tasks.__name__
    ):
        return getattr(tasks, content)
    raise WireError(f"an unknown part {kind!r}")
