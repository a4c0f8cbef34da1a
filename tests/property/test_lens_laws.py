"""The lens laws, over every map of every registered platform.

Equality is modulo what a platform can hold: text is cut to its width, and on a wire that has a null or
an empty text for "nothing said", NULL reads back as NULL or as ABSENT.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from syncd.core.model import Record, Value
from syncd.mapping.atoms import Lines, Text
from syncd.mapping.entity_map import EntityMap, FieldMap, apply
from tests.property.lenses import by_platform
from tests.property.wires import wires

LENSES = [
    pytest.param(lens, id=f"{platform}-{name}")
    for platform, maps in by_platform().items()
    for name, lens in maps.items()
]
law = settings(
    max_examples=20,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
"""Derandomised: the same examples on every run, so that a red test is the code's doing."""


@pytest.mark.parametrize("lens", LENSES)
@law
@given(data=st.data())
def test_get_put(lens: EntityMap, data: st.DataObject) -> None:
    """Writing back what was read changes nothing."""
    wire = data.draw(wires(lens))
    assert lens.put(lens.get(wire), wire) == {}


@pytest.mark.parametrize("lens", LENSES)
@law
@given(data=st.data())
def test_put_get(lens: EntityMap, data: st.DataObject) -> None:
    """What was written is what is read."""
    wire, wanted = data.draw(wires(lens)), _wanted(lens, data)
    after = lens.get(apply(wire, lens.put(wanted, wire)))
    assert _said(lens, after, wanted) == _held(lens, wanted)


@pytest.mark.parametrize("lens", LENSES)
@law
@given(data=st.data())
def test_put_get_of_a_create(lens: EntityMap, data: st.DataObject) -> None:
    """A new record reads as it was wanted, fields that only a create can write included."""
    wanted = {n: v for n, v in lens.get(data.draw(wires(lens))).items() if _field(lens, n).writable}
    after = lens.get(apply({}, lens.put(wanted, None)))
    assert _said(lens, after, wanted) == _held(lens, wanted)


@pytest.mark.parametrize("lens", LENSES)
@law
@given(data=st.data())
def test_put_put(lens: EntityMap, data: st.DataObject) -> None:
    """The second write wins wholly: what was written before it leaves no trace in its fields."""
    wire, first, second = data.draw(wires(lens)), _wanted(lens, data), _wanted(lens, data)
    between = apply(wire, lens.put(first, wire))
    twice = lens.get(apply(between, lens.put(second, between)))
    once = lens.get(apply(wire, lens.put(second, wire)))
    assert _said(lens, twice, second) == _said(lens, once, second)


@pytest.mark.parametrize("lens", LENSES)
@law
@given(data=st.data())
def test_frame(lens: EntityMap, data: st.DataObject) -> None:
    """A write touches the paths of its own fields and nothing else."""
    wire, wanted = data.draw(wires(lens)), _wanted(lens, data)
    patch = lens.put(wanted, wire)
    assert _leaves(patch).keys() <= {_field(lens, name).path for name in wanted}
    before, after = _leaves(wire), _leaves(apply(wire, patch))
    untouched = before.keys() - _leaves(patch).keys()
    assert {path: after[path] for path in untouched} == {path: before[path] for path in untouched}


@pytest.mark.parametrize("lens", LENSES)
@law
@given(data=st.data())
def test_stable(lens: EntityMap, data: st.DataObject) -> None:
    """Once written, wanting the same again writes nothing: no phantom update, ever."""
    wire, wanted = data.draw(wires(lens)), _wanted(lens, data)
    after = apply(wire, lens.put(wanted, wire))
    assert lens.put(wanted, after) == {}


@pytest.mark.parametrize("lens", LENSES)
def test_absent_is_not_null(lens: EntityMap) -> None:
    """A missing path says nothing; a null says that there is nothing. Neither is the other."""
    assert lens.get({}) == {}
    for field in lens.fields:
        assert lens.get(_nested(field.path, None)) == {field.name: None} | {
            other.name: None for other in lens.fields if other.path == field.path
        }


@pytest.mark.parametrize("lens", LENSES)
@law
@given(data=st.data())
def test_what_is_absent_is_not_written(lens: EntityMap, data: st.DataObject) -> None:
    """Wanting nothing writes nothing, on a record and on a new one."""
    assert lens.put({}, data.draw(wires(lens))) == {}
    assert lens.put({}, None) == {}


def _wanted(lens: EntityMap, data: st.DataObject) -> Record:
    """Some fields of another record, as an update may want them."""
    record = lens.get(data.draw(wires(lens)))
    able = record.keys() - lens.unwritable(frozenset(record))
    return {name: record[name] for name in record if name in able}


def _field(lens: EntityMap, name: str) -> FieldMap:
    return next(field for field in lens.fields if field.name == name)


def _held(lens: EntityMap, wanted: Record) -> Record:
    held: dict[str, Value] = {}
    for name, value in wanted.items():
        atom = _field(lens, name).atom
        if isinstance(atom, Text):
            held[name] = atom.cut(value)
        elif isinstance(atom, Lines):
            held[name] = _lines(value, {n: a for n, _, a in atom.fields if isinstance(a, Text)})
        else:
            held[name] = value
    return held


def _said(lens: EntityMap, record: Record, names: Record) -> Record:
    return _held(lens, {name: record.get(name) for name in names})


def _lines(value: Value, texts: Mapping[str, Text]) -> Value:
    """Lines without their NULLs, texts cut; no lines at all is the same as none said."""
    if not isinstance(value, tuple):
        return ()
    lines = [{n: texts[n].cut(v) if n in texts else v for n, v in line.items()} for line in value]
    return tuple({n: v for n, v in line.items() if v is not None} for line in lines)


def _leaves(wire: Mapping[str, Any], above: str = "") -> dict[str, Any]:
    leaves: dict[str, Any] = {}
    for name, value in wire.items():
        path = f"{above}{name}"
        leaves |= _leaves(value, f"{path}.") if isinstance(value, dict) else {path: value}
    return leaves


def _nested(path: str, value: Any) -> dict[str, Any]:
    for step in reversed(path.split(".")):
        value = {step: value}
    nested: dict[str, Any] = value
    return nested
