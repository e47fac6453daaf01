"""Plain values as bytes, for the way to a student's kernel and back.

What crosses: nested tuples, lists and dicts of arrays, numbers, strings, booleans and None; a numpy Generator as its
state; a function by name, when it is one of `autograde.tasks`. Nothing is ever unpickled. What arrives from a student
is read with limits on its size, on the size that it declares, and on its depth.
"""

import io
import json
import math
import zipfile

import numpy as np

from autograde import tasks

MAX_BYTES = 64 * 2**20  # of one message, packed or unpacked: some thousand times what a unit's cases need
MAX_DEPTH = 12
MAX_NODES = 20_000


class WireError(ValueError):
    """The value or the bytes cannot cross."""


def pack(value):
    """Bytes for a plain value. Raises WireError for what must not cross."""
    arrays = []
    tree = json.dumps(_to_tree(value, arrays, 0)).encode()
    buffer = io.BytesIO()
    named = {f"a{i}": array for i, array in enumerate(arrays)}
    np.savez(buffer, tree=np.frombuffer(tree, dtype=np.uint8), **named)
    return buffer.getvalue()


def unpack(data, max_bytes=MAX_BYTES):
    """The value in bytes from `pack`. Raises WireError for anything malformed or too large."""
    if len(data) > max_bytes:
        raise WireError(f"{len(data)} bytes arrived; the limit is {max_bytes}")
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            members = archive.infolist()
            if sum(m.file_size for m in members) > max_bytes or len(members) > MAX_NODES:
                raise WireError(f"the arrays unpack to more than {max_bytes} bytes")
            arrays = {}
            for member in members:
                with archive.open(member) as file:
                    arrays[member.filename.removesuffix(".npy")] = _read_array(file, max_bytes)
        tree = json.loads(arrays["tree"].tobytes())
        return _from_tree(tree, arrays, 0)
    except WireError:
        raise
    except Exception as error:  # readers of archives, headers and JSON raise whatever they like on damaged bytes
        raise WireError(f"what arrived is not a packed value: {error}") from None


def _read_array(file, max_bytes):
    version = np.lib.format.read_magic(file)
    if version != (1, 0):
        raise WireError(f"array format {version}")
    shape, fortran, dtype = np.lib.format.read_array_header_1_0(file)
    if dtype.hasobject or dtype.kind not in "biufcU":
        raise WireError(f"an array of dtype {dtype} cannot cross")
    if math.prod(shape) * dtype.itemsize > max_bytes or any(n < 0 for n in shape):
        raise WireError(f"an array declares shape {shape}: too large")
    content = file.read(math.prod(shape) * dtype.itemsize + 1)
    array = np.frombuffer(content, dtype=dtype).copy()
    return array.reshape(shape, order="F" if fortran else "C")


def _to_tree(value, arrays, depth):
    if depth > MAX_DEPTH or len(arrays) > MAX_NODES:
        raise WireError("the value is nested too deeply")
    if value is None or isinstance(value, (bool, int, str)):
        return {"v": value}
    if isinstance(value, (np.ndarray, np.generic)):
        array = np.asarray(value)
        if array.dtype.kind not in "biufcU":
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
    if kind == "a":
        return arrays[f"a{int(content)}"]
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
