"""Does what crosses arrive as it was, and is everything else refused?"""

import contextlib
import json
import pickle

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from autograde import tasks
from autograde.wire import MAX_NODES, WireError, pack, unpack

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


def _message(arrays, content=b"", value=None):
    tree = json.dumps({"value": value or {"a": 0}, "arrays": arrays}).encode()
    return len(tree).to_bytes(8, "little") + tree + content


def test_a_message_written_by_hand_is_read():
    assert np.array_equal(unpack(_message([["<f8", [2]]], np.array([1.5, -2.0]).tobytes())), [1.5, -2.0])


def test_a_message_that_is_too_long_is_refused():
    data = pack(np.zeros(1000))
    assert unpack(data, max_bytes=len(data)).shape == (1000,)
    with pytest.raises(WireError, match="limit"):
        unpack(data, max_bytes=len(data) - 1)


@pytest.mark.parametrize(
    "shape", [[9999999999999], [-1], [3], [-1, -2], [10**9, 0, 10**30], ["2"], 2, [2.0], [[2]], None]
)
def test_an_array_that_declares_another_size_is_refused(shape):
    with pytest.raises(WireError):
        unpack(_message([["<f8", shape]], np.zeros(2).tobytes()))


def test_bytes_that_nothing_declares_are_refused():
    with pytest.raises(WireError, match="declared"):
        unpack(_message([["<f8", [1]]], np.zeros(2).tobytes()))


@pytest.mark.parametrize("kind", ["O", "|O8", "V8", "M8[s]", "f8,O", "{'a': 'O'}", [["a", "<f8"]], "nonsense", 3])
def test_an_array_of_another_kind_is_refused(kind):
    with pytest.raises(WireError):
        unpack(_message([[kind, [1]]], bytes(8)))


def test_more_arrays_than_allowed_are_refused():
    with pytest.raises(WireError, match="arrays arrived"):
        unpack(_message([["<f8", [0]]] * (MAX_NODES + 1)))


@pytest.mark.parametrize("number", [1, -2, "0", None, 0.5])
def test_an_array_that_is_not_there_is_refused(number):
    with pytest.raises(WireError):
        unpack(_message([["<f8", [1]]], bytes(8), value={"a": number}))


def test_arrays_that_arrive_can_be_changed_and_share_nothing():
    one, two = unpack(pack([np.zeros(2), np.zeros(2)]))
    one += 1
    assert two.sum() == 0


def test_nothing_is_unpickled():
    class Trap:
        def __reduce__(self):
            return (pytest.fail, ("something was unpickled",))

    packed = pickle.dumps(Trap())
    for data in (packed, _message([["O", [1]]], packed), len(packed).to_bytes(8, "little") + packed):
        with pytest.raises(WireError):
            unpack(data)
