"""Shapes: what is counted, what is told apart, and that they add up and travel."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor import paths
from monitor.shape import KEYS_KEPT, Shape
from tests.unit.monitor.records import invoices, shape_of

NAMES = st.text(st.sampled_from("abc.[]\\_é"), min_size=1, max_size=4)
JSON: st.SearchStrategy[Any] = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**9), 10**9)
    | st.floats(allow_nan=False)
    | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(NAMES, inner, max_size=4),
    max_leaves=12,
)
RECORDS = st.lists(st.dictionaries(NAMES, JSON, max_size=5), max_size=8)
law = settings(max_examples=25, deadline=None, derandomize=True)


def test_a_repeated_record_counts_once() -> None:
    shape = Shape()
    assert [shape.observe({"id": 1}, "1"), shape.observe({"id": 1}, "1"), shape.observe({"id": 2}, "2")] == [
        True,
        False,
        True,
    ]
    assert shape.records == 2


def test_a_field_of_many_lines_counts_once_a_record() -> None:
    shape = Shape()
    shape.observe({"items": [{"price": 1}, {"price": 2}, {}]})
    shape.observe({"items": [{"price": 3}]})
    price = shape.nodes()["items[].price"]
    assert (price.seen, price.complete) == (2, 1)


def test_what_is_no_json_is_refused() -> None:
    with pytest.raises(TypeError, match="bytes is no JSON value"):
        Shape().observe({"a": b"x"})


def test_a_full_shape_learns_no_more() -> None:
    shape = Shape()
    shape._keys = set(range(KEYS_KEPT))
    assert not shape.observe({"id": 1}, "1")


def test_a_closed_set_is_told_from_free_text() -> None:
    nodes = shape_of(invoices(300, 1)).nodes()
    assert len(nodes["status"].values) == 4
    assert nodes["id"].open


def test_names_that_are_ids_are_folded_into_one_place() -> None:
    shape = Shape()
    for number in range(30):
        shape.observe({"balances": {f"{number * 7}": 1.5}, "rates": {"image_48": 1, "image_72": 2}})
    assert shape.maps() == {"balances"}
    shape.fold_maps(shape.maps())
    assert "balances.*" in shape.nodes()
    assert shape.nodes()["balances.*"].seen == 30


@law
@given(RECORDS, RECORDS)
def test_shapes_learned_apart_add_up(left: list[Any], right: list[Any]) -> None:
    together, first, second = shape_of([*left, *right]), shape_of(left), Shape()
    for at, record in enumerate(right, len(left)):
        second.observe(record, str(at))
    first.merge(second)
    assert {path: (n.seen, n.complete, n.types) for path, n in first.nodes().items()} == {
        path: (n.seen, n.complete, n.types) for path, n in together.nodes().items()
    }


@law
@given(RECORDS)
def test_a_stored_shape_is_the_same_shape(records: list[Any]) -> None:
    shape = shape_of(records)
    again = Shape.from_bytes(shape.to_bytes())
    assert again is not None
    assert again.to_bytes() == shape.to_bytes()
    assert again.observe({"a": 1}, "0") is (not records)


def test_a_shape_stored_in_another_format_is_learned_anew() -> None:
    assert Shape.from_bytes(b"\x80") is None


@law
@given(st.lists(NAMES | st.just("[]"), max_size=5))
def test_a_path_can_be_taken_apart(parts: list[str]) -> None:
    path = paths.join(tuple(parts))
    assert paths.steps(path) == tuple(parts)
    assert paths.join(paths.steps(paths.parent(path))) == paths.parent(path)
