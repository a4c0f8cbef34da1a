"""Many decisions, counted; entities, parents first."""

from __future__ import annotations

import pytest

from syncd.core.model import Operation, Side
from syncd.core.plan import Plan, Planned, parents_first
from syncd.core.reconcile import Conflict, Decision, Verb, Why, Write
from syncd.entities import ENTITIES

CREATE = Decision(Verb.WRITE, write=Write(Side.RIGHT, Operation.CREATE))
UPDATE = Decision(Verb.WRITE, write=Write(Side.LEFT, Operation.UPDATE))
CONFLICT = (Conflict("name", ("name",), Why.BOTH_CHANGED),)


def plan(*decisions: Decision) -> Plan:
    return Plan("customer", tuple(Planned(n, "", decision) for n, decision in enumerate(decisions)))


def test_counts_by_operation_and_side() -> None:
    both = Decision(Verb.WRITE, write=UPDATE.write, conflicts=CONFLICT)
    only = Decision(Verb.CONFLICT, conflicts=CONFLICT)
    counted = plan(CREATE, CREATE, UPDATE, both, only, Decision(Verb.WAIT), Decision(Verb.NOOP)).counts()
    assert counted == {"create.right": 2, "update.left": 2, "conflict": 2, "wait": 1, "noop": 1}


def test_counts_of_some_operations() -> None:
    planned = plan(CREATE, UPDATE, UPDATE, Decision(Verb.HOLD))
    assert planned.count(Operation.UPDATE) == 2
    assert planned.count(Operation.DELETE) == 0
    assert planned.count(*Operation) == 3


def test_the_shipped_entities_go_parents_first() -> None:
    names = list(reversed(ENTITIES))
    order = parents_first({name: ENTITIES[name].references() for name in names})
    assert sorted(order) == sorted(names)
    for name in names:
        assert all(order.index(parent) < order.index(name) for parent in ENTITIES[name].references())


@pytest.mark.parametrize(
    ("says", "references", "order"),
    [
        ("ties keep their order", {"b": [], "a": []}, ["b", "a"]),
        ("a parent first", {"child": ["parent"], "parent": []}, ["parent", "child"]),
        ("parents that have no flow do not count", {"child": ["parent"]}, ["child"]),
        ("a circle ends", {"a": ["b"], "b": ["a"]}, ["b", "a"]),
    ],
)
def test_order(says: str, references: dict[str, list[str]], order: list[str]) -> None:
    assert parents_first(references) == order
