"""Does what crosses arrive as it was, and is everything else refused?"""

import contextlib
import io
import pickle
import zipfile

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from autograde import tasks
from autograde.wire import WireError, pack, unpack

ARRAYS = hnp.arrays(
    st.sampled_from([np.float64, np.float32, np.int64, np.bool_, np.complex128, np.dtype("U4")]),
    hnp.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=4),
)
LEAVES = st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats() | st.text(max_size=5) | ARRAYS
VALUES = st.recursive(
    LEAVES,
    lambda inner: (
        st.lists(inner, max_size=3) | st.tuples(inner, inner) | st.dictionaries(st.text(max_size=3), inner, max_size=3)
    ),
    max_leaves=8,
)


def same(one, other):
    if isinstance(one, np.ndarray):
        equal = np.array_equal(one, other, equal_nan=one.dtype.kind in "fc")
        return isinstance(other, np.ndarray) and one.dtype == other.dtype and one.shape == other.shape and equal
    if isinstance(one, (list, tuple)):
        return type(one) is type(other) and len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(same(one[k], other[k]) for k in one)
    if isinstance(one, float):
        return isinstance(other, float) and (one == other or one != one) and str(one) == str(other)
    return type(one) is type(other) and one == other


@given(VALUES)
@settings(max_examples=150, deadline=None)
def test_a_value_arrives_as_it_was(value):
    assert same(value, unpack(pack(value)))


def test_a_generator_arrives_in_its_state():
    rng = np.random.default_rng(4)
    rng.normal(size=3)
    twin = unpack(pack(rng))
    assert np.array_equal(rng.normal(size=5), twin.normal(size=5))


def test_a_function_of_tasks_arrives_by_name():
    assert unpack(pack(tasks.quartic)) is tasks.quartic


@pytest.mark.parametrize("value", [object(), len, lambda x: x, {1, 2}, np.array([object()]), b"bytes", open])
def test_other_values_do_not_cross(value):
    with pytest.raises(WireError):
        pack(value)


def test_deep_nesting_does_not_cross():
    value = []
    for _ in range(1000):
        value = [value]
    with pytest.raises(WireError, match="deeply"):
        pack(value)


@given(st.binary(max_size=200))
@settings(max_examples=100, deadline=None)
def test_random_bytes_are_refused(data):
    with pytest.raises(WireError):
        unpack(data)


@given(st.integers(0, 2**31), st.integers(0, 255))
@settings(max_examples=200, deadline=None)
def test_a_damaged_message_is_refused_or_read_but_never_crashes(position, byte):
    data = bytearray(pack({"h": np.arange(6.0).reshape(2, 3), "ok": [1, "two", None]}))
    data[position % len(data)] = byte
    with contextlib.suppress(WireError):
        unpack(bytes(data))


def _archive(**members):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(f"{name}.npy", content)
    return buffer.getvalue()


def _npy(array):
    buffer = io.BytesIO()
    np.save(buffer, array)
    return buffer.getvalue()


def test_a_bomb_is_refused_before_it_is_unpacked():
    bomb = _archive(tree=_npy(np.frombuffer(b'{"a": 0}', dtype=np.uint8)), a0=b"\0" * 10**7)
    assert len(bomb) < 10**5
    with pytest.raises(WireError, match="more than"):
        unpack(bomb, max_bytes=10**6)


@pytest.mark.parametrize("shape", ["(9999999999999,)", "(-1,)", "(2,)", "(((((", "(10**9,)"])
def test_an_array_that_declares_another_size_is_refused(shape):
    honest = _npy(np.zeros(1))
    start = honest.index(b"(1,)")
    lying = honest[:start] + shape.encode() + honest[start + 4 : -8 - len(shape) + 3] + b"\n" + honest[-8:]
    assert len(lying) == len(honest)
    with pytest.raises(WireError):
        unpack(_archive(tree=_npy(np.frombuffer(b'{"a": 0}', dtype=np.uint8)), a0=lying))


def test_nothing_is_unpickled():
    class Trap:
        def __reduce__(self):
            return (pytest.fail, ("something was unpickled",))

    buffer = io.BytesIO()
    np.save(buffer, np.array([Trap()], dtype=object), allow_pickle=True)
    for data in (pickle.dumps(Trap()), _archive(tree=buffer.getvalue()), _archive(tree=b"x", a0=buffer.getvalue())):
        with pytest.raises(WireError):
            unpack(data)
